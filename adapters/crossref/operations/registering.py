"""Making a source known to the cross-reference."""

from __future__ import annotations

from dataclasses import asdict

from adapters.crossref.errors import InputError, RefusalCode
from adapters.crossref.events import Act, EventType
from adapters.crossref.keys.sources import SourceSystem
from adapters.crossref.ledger import Ledger

__all__ = ["register"]


async def register(ledger: Ledger, source: SourceSystem, act: Act) -> None:
    """Write the source, or the new `max_live` and `priority` of one that is there; nothing when nothing changes."""
    ledger.keyring.check(source)
    standing = ledger.sources.get(source.name)
    if standing == source:
        return
    if standing and (standing.key_format, standing.key_mode) != (source.key_format, source.key_mode):
        raise InputError(
            RefusalCode.SOURCE_FIXED,
            f"got {source.name} with {source.key_format} {source.key_mode} keys; its links are kept as "
            f"{standing.key_format} {standing.key_mode}: register it so, or under a new name",
        )
    await ledger.append(EventType.SOURCE_REGISTERED, None, act, asdict(source))
    await ledger.connection.execute(
        "INSERT INTO source_system (tenant_id, source_id, key_format, key_mode, max_live, priority) "
        "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (tenant_id, source_id) "
        "DO UPDATE SET max_live = excluded.max_live, priority = excluded.priority",
        *(ledger.tenant, source.name, source.key_format, source.key_mode, source.max_live, source.priority),
    )

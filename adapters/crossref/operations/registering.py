"""Making a source known to the cross-reference, and counting whom a limit comes too late for."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from adapters.crossref.database import Connection
from adapters.crossref.errors import InputError, RefusalCode
from adapters.crossref.events import Act, EventType
from adapters.crossref.keys.sources import SourceSystem
from adapters.crossref.ledger import Ledger

__all__ = ["Registered", "count_over", "register"]

# Customer by customer in the order of the index, which holds all that is asked for.
_OVER = (
    "SELECT count(*) FROM (SELECT 1 FROM link AS counted INDEXED BY link_current_customer "
    "WHERE tenant_id = ? AND source_id = ? AND key_status = 'live' AND valid_to IS NULL "
    "GROUP BY customer_id HAVING count(*) > ?) AS over_it"
)


@dataclass(frozen=True, slots=True)
class Registered:
    """What came of registering a source. `over_limit` is how many customers have more live keys of it than a limit that
    was lowered allows: they keep them. It is 0 where none was lowered, and None where the database could not count."""

    over_limit: int | None = 0


async def count_over(connection: Connection, tenant: str, source: SourceSystem) -> int:
    """Return how many customers have more live keys of the source than it allows.

    Reads every current link of the tenant: some seconds where there are ten million.
    """
    row = await connection.fetch_one(_OVER, tenant, source.name, source.max_live)
    assert row is not None
    return int(row[0])


async def register(ledger: Ledger, source: SourceSystem, act: Act) -> bool:
    """Write the source, or the new `max_live` and `priority` of one that is there; nothing when nothing changes.

    Returns whether that has lowered the limit of a source that was there.
    """
    ledger.keyring.check(source)
    standing = ledger.sources.get(source.name)
    if standing == source:
        return False
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
    return standing is not None and _is_lower(source.max_live, standing.max_live)


def _is_lower(limit: int | None, before: int | None) -> bool:
    return limit is not None and (before is None or limit < before)

"""What happened to a customer, as the events tell it: who did what, when and why, and never a key."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from adapters.crossref.asking import check_page, fetch_each
from adapters.crossref.database import Connection, Row
from adapters.crossref.errors import InputError, RefusalCode
from adapters.crossref.ids import is_id
from adapters.crossref.keys.sealing import Keyring
from adapters.crossref.keys.sources import KeyMode
from adapters.crossref.ledger import read_sources
from adapters.crossref.port import Lookup
from adapters.crossref.secrets_in_use import check_written

__all__ = ["HistoryEntry", "entries_of", "ids_of", "meant_by", "read_history"]

# seq + 0: by the index of customers and then in order, never through all events in their order
_NAMED = (
    "SELECT seq FROM xref_event INDEXED BY xref_event_customer "
    "WHERE tenant_id = ? AND customer_id IN (?*) AND seq > ? ORDER BY seq + 0 LIMIT ?"
)
_CONCERNED = (
    "SELECT seq FROM event_customer WHERE tenant_id = ? AND customer_id IN (?*) AND seq > ? ORDER BY seq + 0 LIMIT ?"
)

_ENTRIES = (
    "SELECT seq, at, type, customer_id, actor, reason_code, reason_ref, body FROM xref_event "
    "WHERE tenant_id = ? AND seq IN (?*)"
)

_LAST_OWNER = (
    "SELECT customer_id, opened_seq, closed_seq FROM link "
    "WHERE tenant_id = ? AND source_id = ? AND key_lookup = ? ORDER BY opened_seq DESC LIMIT 1"
)

# Who was merged into a customer that is erased was erased with it, by the same event.
_MERGED = (
    "SELECT customer_id FROM customer INDEXED BY customer_survivor WHERE tenant_id = ? AND survivor_id = ? "
    "UNION SELECT m.customer_id FROM customer AS c "
    "JOIN event_customer AS p ON p.tenant_id = c.tenant_id AND p.leads_to = c.customer_id "
    "JOIN customer AS m ON m.tenant_id = p.tenant_id AND m.customer_id = p.customer_id "
    "WHERE c.tenant_id = ? AND c.customer_id = ? AND c.status = 'erased' "
    "AND m.status = 'erased' AND m.changed_seq = c.changed_seq AND m.customer_id <> c.customer_id"
)


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One event: its number, when, what, which customer it names, who did it and why, and what exactly.

    `body` is as the log has it: ids of links, customers and candidates, and commitments in place of keys.
    """

    seq: int
    at: datetime
    type: str
    customer: str | None
    actor: str
    reason_code: str | None
    reason_ref: str | None
    body: Mapping[str, object] = field(repr=False)


async def read_history(
    connection: Connection, tenant: str, keyring: Keyring, lookup: Lookup, after: int, limit: int
) -> tuple[HistoryEntry, ...]:
    """Return what happened to a customer and to those merged into it, in order, after the event of this number.

    A key means whoever has it or, when nobody has, had it last. Nothing is told of who is unknown; of one erased, all
    but the keys. Raises InputError when `after` or `limit` cannot be.
    """
    check_page(after, limit)
    customer = await meant_by(connection, tenant, keyring, lookup)
    if customer is None:
        return ()
    return await entries_of(connection, tenant, [customer, *await ids_of(connection, tenant, customer)], after, limit)


async def meant_by(
    connection: Connection, tenant: str, keyring: Keyring, lookup: Lookup, *, only_now: bool = False
) -> str | None:
    """Return the customer that is meant, also one that is erased; None when there is none.

    A key means whoever has it or, unless `only_now`, had it last.
    """
    if lookup.identifier is not None:
        raise InputError(
            RefusalCode.VALUE_INVALID, "got an identifier; wanted a key or a canonical id: resolve it first"
        )
    name: str | None = lookup.key
    if lookup.source is not None:
        name = await _owner(connection, tenant, keyring, lookup, only_now)
    if name is None or not is_id(name):
        return None
    row = await connection.fetch_one(
        "SELECT coalesce(survivor_id, customer_id) FROM customer WHERE tenant_id = ? AND customer_id = ?", tenant, name
    )
    return str(row[0]) if row else None


async def ids_of(connection: Connection, tenant: str, customer: str) -> list[str]:
    """Return the ids that were merged into the customer, in order."""
    rows = await connection.fetch(_MERGED, tenant, customer, tenant, customer)
    return sorted(row[0] for row in rows)


async def entries_of(
    connection: Connection, tenant: str, customers: Iterable[str], after: int, limit: int
) -> tuple[HistoryEntry, ...]:
    """Return the events that concern one of these ids, in order, after the event of this number."""
    several = list(customers)
    found = [
        row[0]
        for statement in (_NAMED, _CONCERNED)
        for row in await fetch_each(connection, statement, (tenant,), several, after, limit)
    ]
    rows = await fetch_each(connection, _ENTRIES, (tenant,), sorted(set(found))[:limit])
    entries = [_entry(row) for row in rows]
    return tuple(sorted(entries, key=_by_seq))


def _entry(row: Row) -> HistoryEntry:
    seq, at, kind, customer, actor, code, reference, body = row
    return HistoryEntry(seq, datetime.fromisoformat(at), kind, customer, actor, code, reference, json.loads(body))


async def _owner(connection: Connection, tenant: str, keyring: Keyring, lookup: Lookup, only_now: bool) -> str | None:
    forms = await _forms(connection, tenant, keyring, lookup)
    rows = [row for form in forms for row in await connection.fetch(_LAST_OWNER, tenant, lookup.source, form)]
    if len({row[0] for row in rows if row[2] is None}) > 1:
        return None  # two customers' under two versions of the secret, and so nobody's
    owners = [row[0] for row in sorted(rows, key=_by_event) if row[2] is None or not only_now]
    return owners[-1] if owners else None


async def _forms(connection: Connection, tenant: str, keyring: Keyring, lookup: Lookup) -> tuple[str, ...]:
    """Return the forms in which the key may be kept; none for what can be no key."""
    source = (await read_sources(connection, tenant)).get(lookup.source or "")
    key = source.key_format.normal(lookup.key) if source else None
    if source is None or key is None:
        return ()
    if source.key_mode is KeyMode.SEALED:
        await check_written(connection, tenant, keyring)
    return keyring.lookup_forms(source, key)


def _by_seq(entry: HistoryEntry) -> int:
    return entry.seq


def _by_event(row: Row) -> int:
    return int(row[1])

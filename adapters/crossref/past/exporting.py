"""What is kept of one person, for their right of access (GDPR art. 15): links with their keys, and all beside them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from adapters.crossref.asking import MAX_PAGE, fetch_each
from adapters.crossref.database import Connection, Row
from adapters.crossref.keys.sealing import KeptKey, Keyring
from adapters.crossref.keys.sources import SourceSystem
from adapters.crossref.ledger import read_sources
from adapters.crossref.past.history import HistoryEntry, entries_of, ids_of, meant_by
from adapters.crossref.port import Lookup

__all__ = [
    "Export",
    "ExportedIdentifier",
    "ExportedLink",
    "ExportedReplacement",
    "ExportedRestriction",
    "export",
    "identifiers_of",
    "restrictions_of",
]

_LINKS = (
    "SELECT link_id, source_id, key_lookup, key_sealed, key_status, valid_from, valid_to, asserted_by, method, "
    "confidence, opened_seq FROM link"
)
_CURRENT = f"{_LINKS} INDEXED BY link_current_customer WHERE tenant_id = ? AND customer_id IN (?*) AND valid_to IS NULL"
_ENDED = (
    f"{_LINKS} INDEXED BY link_closed_customer WHERE tenant_id = ? AND customer_id IN (?*) AND valid_to IS NOT NULL"
)

_IDENTIFIERS = (
    "SELECT id_type, source_id, seen_at FROM identifier_hash INDEXED BY identifier_by_customer "
    "WHERE tenant_id = ? AND customer_id IN (?*)"
)

_RESTRICTIONS = (
    "SELECT ground, coordinates, valid_from, valid_to FROM restriction WHERE tenant_id = ? AND customer_id IN (?*)"
)

_REPLACEMENTS = (
    "SELECT candidate_id, source_id, link_id, key_lookup, key_sealed, status, opened_seq "
    "FROM match_candidate INDEXED BY match_candidate_first "
    "WHERE tenant_id = ? AND customer_a IN (?*)"
)

_TIMES = "SELECT seq, at FROM xref_event WHERE tenant_id = ? AND seq IN (?*)"

_OWNER = (
    "SELECT customer_id FROM link WHERE tenant_id = ? AND source_id = ? AND key_lookup IN (?*) AND valid_to IS NULL"
)

_MOST_ENTRIES = 10 * MAX_PAGE

_OVER = "ended"


@dataclass(frozen=True, slots=True)
class ExportedLink:
    """A key that a source uses, or has used, for the customer; `until` is None for one that stands.

    `key` is None for a link that has ended: the key may have been another person's all the time. `status` is live,
    superseded where another key of the source has taken its place, or ended.
    """

    source: str
    key: str | None = field(repr=False)
    link_id: str
    status: str
    since: datetime
    until: datetime | None
    asserted_by: str
    method: str
    confidence: float


@dataclass(frozen=True, slots=True)
class ExportedIdentifier:
    """A kind of identifier of which a digest is kept, and when the source last gave it. Never the digest."""

    type: str
    source: str
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class ExportedReplacement:
    """A key of which a source has said that it takes the place of one of the customer's, and the candidate that asks a
    steward about it. `link_id` is the link of the one whose place it takes.

    `key` is None unless the candidate is open and no other customer has the key: it may be another person's.
    """

    source: str
    key: str | None = field(repr=False)
    candidate_id: str
    status: str
    link_id: str
    since: datetime


@dataclass(frozen=True, slots=True)
class ExportedRestriction:
    """What was not to be processed, on which ground, and from when; `until` is None for one that holds."""

    ground: str
    coordinates: tuple[str, ...]
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Export:
    """All that is kept of one customer, at one moment. `merged` are the ids that were merged into `customer`.

    Links are in the order of their sources, those that stand before those that have ended, the oldest first. So are
    `replacements`, keys that may come to be linked. The history names who did it, and other customers whom an event
    concerned, by their ids: leave these out of what the person is given. `is_whole` is False when there is more of it
    than the first 10,000 events, which `history` tells.
    """

    customer: str
    merged: tuple[str, ...]
    links: tuple[ExportedLink, ...]
    replacements: tuple[ExportedReplacement, ...]
    identifiers: tuple[ExportedIdentifier, ...]
    restrictions: tuple[ExportedRestriction, ...]
    history: tuple[HistoryEntry, ...]
    is_whole: bool


async def export(connection: Connection, tenant: str, keyring: Keyring, lookup: Lookup) -> Export | None:
    """Return what is kept of the customer; None for unknown, erased and retired alike. A key means whoever has it now.

    Raises SecretError when a key does not open.
    """
    customer = await meant_by(connection, tenant, keyring, lookup, only_now=True)
    row = await connection.fetch_one(
        "SELECT status FROM customer WHERE tenant_id = ? AND customer_id = ?", tenant, customer or ""
    )
    if customer is None or row is None or row[0] != "active":
        return None
    merged = await ids_of(connection, tenant, customer)
    ids = [customer, *merged]
    sources = await read_sources(connection, tenant)
    entries = await entries_of(connection, tenant, ids, 0, _MOST_ENTRIES + 1)
    return Export(
        customer,
        tuple(merged),
        tuple(await _links(connection, tenant, keyring, sources, ids)),
        tuple(await _replacements(connection, tenant, keyring, sources, ids)),
        tuple(await identifiers_of(connection, tenant, ids)),
        tuple(await restrictions_of(connection, tenant, ids)),
        entries[:_MOST_ENTRIES],
        len(entries) <= _MOST_ENTRIES,
    )


async def _links(
    connection: Connection, tenant: str, keyring: Keyring, sources: Mapping[str, SourceSystem], ids: Sequence[str]
) -> list[ExportedLink]:
    current = await fetch_each(connection, _CURRENT, (tenant,), ids[:1])  # ids that were merged have none
    ended = await fetch_each(connection, _ENDED, (tenant,), ids)
    rows = sorted([*current, *ended], key=_by_source)
    return [
        _link(row, keyring.read(sources[row[1]], KeptKey(row[2], row[3])) if row[6] is None else None) for row in rows
    ]


def _link(row: Row, key: str | None) -> ExportedLink:
    link_id, source, _, _, status, since, until, asserted_by, method, confidence, _ = row
    begin, end = datetime.fromisoformat(since), None if until is None else datetime.fromisoformat(until)
    told = status if end is None else _OVER
    return ExportedLink(source, key, link_id, told, begin, end, asserted_by, method, confidence)


async def _replacements(
    connection: Connection, tenant: str, keyring: Keyring, sources: Mapping[str, SourceSystem], ids: Sequence[str]
) -> list[ExportedReplacement]:
    candidates = await fetch_each(connection, _REPLACEMENTS, (tenant,), ids)
    rows = sorted((row for row in candidates if row[3] is not None), key=_by_opening)
    times = {row[0]: row[1] for row in await fetch_each(connection, _TIMES, (tenant,), [row[6] for row in rows])}
    told: list[ExportedReplacement] = []
    for candidate, name, link_id, lookup, sealed, status, seq in rows:
        key = None
        if status == "open":
            key = keyring.read(sources[name], KeptKey(lookup, sealed))
            forms = keyring.lookup_forms(sources[name], key)
            owners = await fetch_each(connection, _OWNER, (tenant, name), forms)
            key = None if any(owner not in ids for (owner,) in owners) else key
        told.append(ExportedReplacement(name, key, candidate, status, link_id, datetime.fromisoformat(times[seq])))
    return told


def _by_opening(row: Row) -> tuple[str, int]:
    return row[1], row[6]


def _by_source(row: Row) -> tuple[str, bool, int, str]:
    return row[1], row[6] is not None, row[10], row[0]


async def identifiers_of(connection: Connection, tenant: str, ids: Iterable[str]) -> list[ExportedIdentifier]:
    """Return the types of identifiers of which digests are kept for these ids, each with its source, in order."""
    rows = await fetch_each(connection, _IDENTIFIERS, (tenant,), ids)
    newest = {(row[0], row[1]): row[2] for row in sorted(rows, key=_by_time)}
    return [ExportedIdentifier(*named, datetime.fromisoformat(at)) for named, at in sorted(newest.items())]


def _by_time(row: Row) -> str:
    return str(row[2])


async def restrictions_of(connection: Connection, tenant: str, ids: Iterable[str]) -> list[ExportedRestriction]:
    """Return the restrictions that were made for these ids, those that were lifted too, by their grounds."""
    rows = await fetch_each(connection, _RESTRICTIONS, (tenant,), ids)
    restrictions = [
        ExportedRestriction(
            ground,
            tuple(json.loads(coordinates)),
            datetime.fromisoformat(since),
            None if until is None else datetime.fromisoformat(until),
        )
        for ground, coordinates, since, until in rows
    ]
    return sorted(restrictions, key=_by_ground)


def _by_ground(restriction: ExportedRestriction) -> tuple[str, datetime, tuple[str, ...]]:
    return restriction.ground, restriction.since, restriction.coordinates

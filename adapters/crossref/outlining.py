"""What is known of a customer now, without any key: which sources know it, since when and who said so."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter

from adapters.crossref.asking import MAX_PAGE
from adapters.crossref.database import Connection, Row
from adapters.crossref.keys.sealing import Keyring
from adapters.crossref.past.exporting import (
    ExportedIdentifier,
    ExportedRestriction,
    identifiers_of,
    restrictions_of,
)
from adapters.crossref.past.history import ids_of, meant_by
from adapters.crossref.port import Lookup

__all__ = ["Outline", "OutlinedLink", "outline"]

_CUSTOMER = "SELECT status, version, created_at FROM customer WHERE tenant_id = ? AND customer_id = ?"

_LINKS = (
    "SELECT source_id, link_id, key_status, valid_from, asserted_by, method, confidence "
    "FROM link INDEXED BY link_current_customer "
    "WHERE tenant_id = ? AND customer_id = ? AND valid_to IS NULL ORDER BY opened_seq, link_id LIMIT ?"
)


@dataclass(frozen=True, slots=True)
class OutlinedLink:
    """That a source has a key of the customer, since when, who said so and how. The key is told by `resolve` alone."""

    source: str
    link_id: str
    status: str
    since: datetime
    asserted_by: str
    method: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Outline:
    """What is known of one customer at one moment, but for its keys. `merged` are the ids that lead to it.

    `version` is the one that writes may expect. Links are in the order of their sources, the oldest first, and are at
    most 1,000: otherwise `is_whole` is False. Restrictions are those in force. Of identifiers the types are told.
    """

    customer: str
    version: int
    created_at: datetime
    merged: tuple[str, ...]
    links: tuple[OutlinedLink, ...] = field(repr=False)
    identifiers: tuple[ExportedIdentifier, ...] = field(repr=False)
    restrictions: tuple[ExportedRestriction, ...] = field(repr=False)
    is_whole: bool


async def outline(connection: Connection, tenant: str, keyring: Keyring, lookup: Lookup) -> Outline | None:
    """Return what is known of the customer; None for unknown, erased and retired alike.

    A key means whoever has it now, an id that was merged the survivor. No key is read.
    """
    customer = await meant_by(connection, tenant, keyring, lookup, only_now=True)
    row = await connection.fetch_one(_CUSTOMER, tenant, customer or "")
    if customer is None or row is None or row[0] != "active":
        return None
    merged = await ids_of(connection, tenant, customer)
    links = await connection.fetch(_LINKS, tenant, customer, MAX_PAGE + 1)
    restrictions = await restrictions_of(connection, tenant, [customer, *merged])
    return Outline(
        customer,
        row[1],
        datetime.fromisoformat(row[2]),
        tuple(merged),
        tuple(sorted(map(_link, links[:MAX_PAGE]), key=attrgetter("source"))),
        tuple(await identifiers_of(connection, tenant, [customer, *merged])),
        tuple(one for one in restrictions if one.until is None),
        len(links) <= MAX_PAGE,
    )


def _link(row: Row) -> OutlinedLink:
    source, link_id, status, since, asserted_by, method, confidence = row
    return OutlinedLink(source, link_id, status, datetime.fromisoformat(since), asserted_by, method, confidence)

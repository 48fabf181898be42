"""Which keys had been superseded at a time of the past: the link tells the present alone, the events tell the rest."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from adapters.crossref.asking import fetch_each
from adapters.crossref.database import Connection, Row

__all__ = ["DatedLink", "superseded_at"]

_REPLACED = (
    "SELECT seq, at, body FROM xref_event INDEXED BY xref_event_customer "
    "WHERE tenant_id = ? AND customer_id IN (?*) AND type = 'key.replaced'"
)

_LINKS_OF_KEY = (
    "SELECT link_id, customer_id, opened_seq, closed_seq FROM link INDEXED BY link_history "
    "WHERE tenant_id = ? AND source_id = ? AND key_lookup = ? ORDER BY opened_seq DESC"
)


@dataclass(frozen=True, slots=True)
class DatedLink:
    """A link that was valid at the time, with its key as it is kept, and whether that is superseded now."""

    link_id: str
    customer: str
    source: str
    lookup: str = field(repr=False)
    is_superseded: bool


async def superseded_at(connection: Connection, tenant: str, links: Sequence[DatedLink], at: str) -> set[str]:
    """Return the ids of those links whose keys had been superseded at the time, in the form that `moment` makes."""
    rows = await fetch_each(connection, _REPLACED, (tenant,), (link.customer for link in links))
    named = {link_id for row in rows for link_id, _ in _told(row)}
    doubtful = [link for link in links if link.is_superseded or link.link_id in named]
    return {link.link_id for link in doubtful if await _was_superseded(connection, tenant, link, at)}


async def _was_superseded(connection: Connection, tenant: str, link: DatedLink, at: str) -> bool:
    chain = dict(_moved(await connection.fetch(_LINKS_OF_KEY, tenant, link.source, link.lookup), link))
    rows = await fetch_each(connection, _REPLACED, (tenant,), chain.values())
    return _last_told([row for row in rows if row[1] <= at], chain)


def _moved(rows: Iterable[Row], link: DatedLink) -> Iterator[tuple[str, str]]:
    """Return the link and those that it comes from by moves, each with its customer: one begins where another ended."""
    began: int | None = None
    for link_id, customer, opened_seq, closed_seq in rows:
        if link_id == link.link_id or (began is not None and closed_seq == began):
            began = opened_seq
            yield link_id, customer


def _last_told(rows: Iterable[Row], chain: Collection[str]) -> bool:
    # a link is live when it is added
    told = sorted((row[0], is_superseded) for row in rows for link_id, is_superseded in _told(row) if link_id in chain)
    return told[-1][1] if told else False


def _told(row: Row) -> Iterator[tuple[str, bool]]:
    """Return the links of which the event tells that they are superseded, or live again."""
    body = json.loads(row[2])
    yield body["superseded"], True
    yield from ((link_id, False) for link_id in body["restored"])

"""The hot look-ups on SQLite: two or three statements for a whole batch, whatever is found."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import chain
from threading import Lock

from adapters.crossref.connecting import reading, translated
from adapters.crossref.database import Asked, Found, LinkRow, Row
from adapters.crossref.ledger import read_sources
from adapters.crossref.sources import SourceSystem
from adapters.crossref.sqlite_database import SqliteConnection

__all__ = ["SqliteFinder"]

_SIZES = (1, 8, 64, 256)
"""Rows of a statement. Few sizes, so that SQLite keeps them prepared; 256 rows stay under every limit of it."""

# CROSS JOIN keeps the order of the tables as written, whatever the statistics say or lack after a bulk load.
_LINKS = """
SELECT asked.pos, c.customer_id, k.source_id, k.key_lookup, k.key_sealed, k.link_id, k.method, k.opened_seq
FROM asked
{found}
CROSS JOIN customer AS c ON c.tenant_id = ?1 AND c.customer_id = {customer} AND c.status = 'active'
LEFT JOIN link AS k INDEXED BY link_current_customer
  ON k.tenant_id = ?1 AND k.customer_id = c.customer_id AND k.valid_to IS NULL AND k.key_status = 'live'
"""

_BY_KEY = _LINKS.format(
    found="CROSS JOIN link AS l INDEXED BY link_current_key ON l.tenant_id = ?1 "
    "AND l.source_id = asked.a AND l.key_lookup = asked.b AND l.valid_to IS NULL",
    customer="l.customer_id",
)

_BY_ID = _LINKS.format(
    found="CROSS JOIN customer AS r ON r.tenant_id = ?1 AND r.customer_id = asked.b",
    customer="coalesce(r.survivor_id, r.customer_id)",
)

# A restriction made for an id holds for whoever that id was merged into. The ids stand in a list and not in a table of
# their own: joined to one, SQLite would build a Bloom filter over all customers for every look-up (1.2 ms, not 10 us).
_RESTRICTIONS = """
SELECT r.customer_id, r.ground, r.coordinates FROM restriction AS r INDEXED BY restriction_customer
WHERE r.tenant_id = ?1 AND r.customer_id IN ({ids})
  AND r.valid_from <= ?2 AND (r.valid_to IS NULL OR r.valid_to > ?2)
UNION ALL
SELECT m.survivor_id, r.ground, r.coordinates FROM customer AS m INDEXED BY customer_survivor
CROSS JOIN restriction AS r INDEXED BY restriction_customer ON r.tenant_id = ?1 AND r.customer_id = m.customer_id
WHERE m.tenant_id = ?1 AND m.survivor_id IN ({ids})
  AND r.valid_from <= ?2 AND (r.valid_to IS NULL OR r.valid_to > ?2)
"""

_Values = tuple[int | str | None, ...]
"""What one row of a statement is asked by."""


@cache
def _asking(body: str, size: int) -> str:
    rows = ",".join(f"(?{3 * row + 2},?{3 * row + 3},?{3 * row + 4})" for row in range(size))
    return f"WITH asked (pos, a, b) AS (VALUES {rows}) {body}"


@cache
def _listing(body: str, size: int) -> str:
    return body.format(ids=",".join(f"?{row + 3}" for row in range(size)))


def _parts(asked: Sequence[_Values], width: int) -> Iterator[tuple[int, list[int | str | None]]]:
    """Return the values of each statement, filled up with nothing to one of the sizes, and that size."""
    for start in range(0, len(asked), _SIZES[-1]):
        part = asked[start : start + _SIZES[-1]]
        size = next(size for size in _SIZES if size >= len(part))
        yield size, [*chain.from_iterable(part), *[None] * width * (size - len(part))]


class SqliteFinder:
    """Finds a tenant's customers on one read-only connection, which it owns, where it is called.

    Handing a look-up to a thread would cost more than the look-up.
    """

    def __init__(self, connection: sqlite3.Connection, tenant: str) -> None:
        self.connection, self._tenant = connection, tenant
        self._turn = Lock()

    def close(self) -> None:
        """Give the connection back."""
        with self._turn:
            self.connection.close()

    async def sources(self) -> Mapping[str, SourceSystem]:
        """Return the tenant's sources by name."""
        with self._turn, translated():
            return await read_sources(SqliteConnection(self.connection), self._tenant)

    async def find(self, asked: Sequence[Asked], at: str) -> Found:
        """Return who is found, and what is restricted at this time."""
        with self._turn, reading(self.connection):
            links = list(self._links(asked))
            owners = {row[0]: row[1] for row in links}
            # one for each position, found or not: the reads are the same
            ids = [(owners.get(pos),) for pos in dict.fromkeys(pos for pos, _, _ in asked)]
            return Found(links, list(self._restrictions(ids, at)))

    def _links(self, asked: Sequence[Asked]) -> Iterator[LinkRow]:
        by_key = [one for one in asked if one[1] is not None]
        by_id = [one for one in asked if one[1] is None]
        for body, several in ((_BY_KEY, by_key), (_BY_ID, by_id)):
            for size, values in _parts(several, 3):
                yield from self.connection.execute(_asking(body, size), (self._tenant, *values))

    def _restrictions(self, ids: Sequence[_Values], at: str) -> Iterator[Row]:
        for size, values in _parts(ids, 1):
            yield from self.connection.execute(_listing(_RESTRICTIONS, size), (self._tenant, at, *values))

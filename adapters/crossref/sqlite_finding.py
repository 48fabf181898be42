"""The hot look-ups on SQLite: two statements for one customer or for fifty, whatever is found."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import Any

from adapters.crossref.connecting import FAILURES, store_error, translated
from adapters.crossref.database import Asked, Found, Row
from adapters.crossref.ledger import read_sources
from adapters.crossref.sources import SourceSystem
from adapters.crossref.sqlite_database import SqliteConnection

__all__ = ["SqliteFinder"]

# One value is bound as it is, several are bound as a JSON list: one statement for any number of them, and quicker than
# rows of VALUES (550 and 660 us for fifty customers, in one run).
_ONE = "(SELECT 0 AS key, {value} AS value)"
_SEVERAL = "json_each({value})"

# CROSS JOIN keeps the order of the tables as written, whatever the statistics say or lack after a bulk load.
_LINKS = """
SELECT asked.key, c.customer_id, k.source_id, k.key_lookup, k.key_sealed, k.link_id, k.method = 'merge', k.opened_seq
FROM {asked} AS asked
CROSS JOIN {owner}
CROSS JOIN customer AS c ON c.tenant_id = ?1 AND c.customer_id = {customer} AND c.status = 'active'
LEFT JOIN link AS k INDEXED BY link_current_customer
  ON k.tenant_id = ?1 AND k.customer_id = c.customer_id AND k.valid_to IS NULL AND k.key_status = 'live'
"""

_BY_KEY = {
    "owner": "link AS l INDEXED BY link_current_key "
    "ON l.tenant_id = ?1 AND l.source_id = ?2 AND l.key_lookup = asked.value AND l.valid_to IS NULL",
    "customer": "l.customer_id",
}

_BY_ID = {
    "owner": "customer AS r ON r.tenant_id = ?1 AND r.customer_id = asked.value",
    "customer": "coalesce(r.survivor_id, r.customer_id)",
}

# A restriction made for an id holds for whoever that id was merged into.
_RESTRICTIONS = """
SELECT asked.value, r.ground, r.coordinates, r.valid_from, r.valid_to
FROM {asked} AS asked
CROSS JOIN restriction AS r INDEXED BY restriction_customer ON r.tenant_id = ?1 AND r.customer_id = asked.value
UNION ALL
SELECT asked.value, r.ground, r.coordinates, r.valid_from, r.valid_to
FROM {asked} AS asked
CROSS JOIN customer AS m INDEXED BY customer_survivor ON m.tenant_id = ?1 AND m.survivor_id = asked.value
CROSS JOIN restriction AS r INDEXED BY restriction_customer ON r.tenant_id = ?1 AND r.customer_id = m.customer_id
"""

_ONE_BY_KEY, _ONE_BY_ID = (_LINKS.format(asked=_ONE.format(value="?3"), **how) for how in (_BY_KEY, _BY_ID))
_SEVERAL_BY_KEY, _SEVERAL_BY_ID = (_LINKS.format(asked=_SEVERAL.format(value="?3"), **how) for how in (_BY_KEY, _BY_ID))
_OF_ONE, _OF_SEVERAL = (_RESTRICTIONS.format(asked=how.format(value="?2")) for how in (_ONE, _SEVERAL))


class SqliteFinder:
    """Finds a tenant's customers on one read-only connection, which it owns, where it is called.

    Handing a look-up to a thread would cost more than the look-up.
    """

    def __init__(self, connection: sqlite3.Connection, tenant: str) -> None:
        self.connection, self._tenant = connection, tenant
        self._cursor = connection.cursor()  # one for all: each is read to its end before the next statement
        self._turn = Lock()

    def close(self) -> None:
        """Give the connection back."""
        with self._turn:
            self.connection.close()

    async def sources(self) -> Mapping[str, SourceSystem]:
        """Return the tenant's sources by name."""
        with self._turn, translated():
            return await read_sources(SqliteConnection(self.connection), self._tenant)

    async def find(self, asked: Sequence[Asked], now: Callable[[], str]) -> Found:
        """Return who is found, and what is restricted at this time."""
        with self._turn:
            # as `reading` and `translated` do, which would cost a tenth of the look-up
            try:
                self._cursor.execute("BEGIN")
                try:
                    links = self._one(*asked[0]) if len(asked) == 1 else self._several(asked)
                    restrictions = self._restrictions(links, asked)
                finally:
                    self._cursor.execute("COMMIT")
            except FAILURES as error:
                raise store_error(error) from None
        return Found(links, _in_force(restrictions, now) if restrictions else ())

    def _one(self, position: int, source: str | None, key: str | None) -> Mapping[int, Sequence[Row]]:
        rows = self._fetch(_ONE_BY_ID if source is None else _ONE_BY_KEY, source, key)
        return {position: rows} if rows else {}

    def _several(self, asked: Sequence[Asked]) -> Mapping[int, Sequence[Row]]:
        positions: dict[str | None, list[int]] = {}
        keys: dict[str | None, list[str | None]] = {}
        for position, source, key in asked:
            positions.setdefault(source, []).append(position)
            keys.setdefault(source, []).append(key)
        links: dict[int, list[Row]] = {}
        for source, wanted in keys.items():
            places = positions[source]
            statement = _SEVERAL_BY_ID if source is None else _SEVERAL_BY_KEY
            for row in self._fetch(statement, source, json.dumps(wanted)):
                links.setdefault(places[row[0]], []).append(row)
        return links

    def _restrictions(self, links: Mapping[int, Sequence[Row]], asked: Sequence[Asked]) -> Sequence[Row]:
        # one for each position, found or not: the reads are the same
        ids = {position: links[position][0][1] if position in links else None for position, _, _ in asked}
        if len(ids) == 1:
            return self._fetch(_OF_ONE, *ids.values())
        return self._fetch(_OF_SEVERAL, json.dumps(list(ids.values())))

    def _fetch(self, statement: str, *values: str | None) -> list[Any]:
        return self._cursor.execute(statement, (self._tenant, *values)).fetchall()


def _in_force(rows: Sequence[Row], now: Callable[[], str]) -> Sequence[Row]:
    """Return customer, ground and coordinates of those that hold now: nearly nobody has any, so nearly nobody asks."""
    at = now()
    return [row[:3] for row in rows if row[3] <= at and (row[4] is None or row[4] > at)]

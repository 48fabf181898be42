"""The hot look-ups on SQLite: one statement for one customer or for fifty, whatever is found."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from threading import Lock
from typing import Any

from adapters.crossref.connecting import FAILURES, store_error, translated
from adapters.crossref.database import Asked, Found, LinkRow, Row
from adapters.crossref.keys.sealing import Keyring
from adapters.crossref.keys.sources import SourceSystem
from adapters.crossref.ledger import read_sources
from adapters.crossref.secrets_in_use import check_written
from adapters.crossref.sqlite.database import SqliteConnection

__all__ = ["SqliteFinder"]

# Several values are bound as a JSON list: one statement for any number of them, and quicker than rows of VALUES (550
# and 660 us for fifty customers, in one run) or a statement for each (570 and 650). Sorting them first gains nothing.
_ONE = "(SELECT 0 AS key, ?3 AS value)"
_SEVERAL = "json_each(?3)"

# CROSS JOIN keeps the order of the tables as written, whatever the statistics say or lack after a bulk load. LIMIT -1
# (none) keeps who is found apart from the links, so that restrictions are looked for once a customer, not once a link.
_FIND = """
SELECT f.key, f.customer_id, k.source_id, k.key_lookup, k.key_sealed, k.link_id, k.method = 'merge', k.opened_seq,
  f.restrictions
FROM (SELECT asked.key, {customer} AS customer_id, ({restrictions}) AS restrictions
      FROM {asked} AS asked {owner} LIMIT -1) AS f
LEFT JOIN link AS k INDEXED BY link_current_customer
  ON k.tenant_id = ?1 AND k.customer_id = iif(?4 OR instr(coalesce(f.restrictions, ''), '*') = 0, f.customer_id, NULL)
  AND k.valid_to IS NULL AND k.key_status = 'live'
"""

# A restriction made for an id holds for whoever that id was merged into, until it is lifted. NULL where there is none,
# as nearly always. No ground and no coordinate has a * in it: where one stands, everything is restricted.
_RESTRICTIONS = """
SELECT nullif(json_group_array(json_array(x.ground, x.coordinates)), '[]')
FROM (SELECT {customer} AS name
      UNION ALL
      SELECT m.customer_id FROM customer AS m INDEXED BY customer_survivor
      WHERE m.tenant_id = ?1 AND m.survivor_id = {customer}) AS named
CROSS JOIN restriction AS x INDEXED BY restriction_customer
  ON x.tenant_id = ?1 AND x.customer_id = named.name AND x.valid_to IS NULL
"""

# A link's customer is there, and nearly always active: looking among the few who are not reads one page less, which is
# a fifth of the time where a page is not in SQLite's own memory.
_BY_KEY = (
    "l.customer_id",
    """
CROSS JOIN link AS l INDEXED BY link_history
  ON l.tenant_id = ?1 AND l.source_id = ?2 AND l.key_lookup = asked.value AND l.valid_to IS NULL
WHERE NOT EXISTS (
  SELECT 1 FROM customer AS c INDEXED BY customer_closed
  WHERE c.tenant_id = ?1 AND c.customer_id = l.customer_id AND c.status <> 'active'
)
""",
)

# Few ids were merged: the survivor is looked for where there is one, which saves all others a second search.
_BY_ID = (
    "coalesce(s.customer_id, r.customer_id)",
    """
CROSS JOIN customer AS r INDEXED BY customer_status ON r.tenant_id = ?1 AND r.customer_id = asked.value
LEFT JOIN customer AS s INDEXED BY customer_status ON s.tenant_id = ?1 AND s.customer_id = r.survivor_id
WHERE coalesce(s.status, r.status) = 'active'
""",
)


def _statement(asked: str, customer: str, owner: str) -> str:
    restrictions = _RESTRICTIONS.format(customer=customer)
    return _FIND.format(asked=asked, customer=customer, owner=owner, restrictions=restrictions)


_CACHE_KB = 16_384
"""The pages that are kept. With them the upper levels of the indexes of a million customers are: 25 us a look-up of
those taken at random from 900,000, and 29 to 34 with the 2 MB of SQLite's own accord (two cores, November 2026)."""

_ONE_BY_KEY, _ONE_BY_ID = _statement(_ONE, *_BY_KEY), _statement(_ONE, *_BY_ID)
_SEVERAL_BY_KEY, _SEVERAL_BY_ID = _statement(_SEVERAL, *_BY_KEY), _statement(_SEVERAL, *_BY_ID)


class SqliteFinder:
    """Finds a tenant's customers on one read-only connection, which it owns, where it is called.

    Handing a look-up to a thread would cost more than the look-up.
    """

    def __init__(self, connection: sqlite3.Connection, tenant: str, *, tells_state: bool = False) -> None:
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KB}")
        self.connection, self._tenant, self._tells_state = connection, tenant, tells_state
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

    async def check(self, keyring: Keyring) -> None:
        """Raise SecretError when another process has written with a secret that is not at hand and that is needed."""
        with self._turn, translated():
            await check_written(SqliteConnection(self.connection), self._tenant, keyring)

    def state(self) -> int:
        """Return the state that the file is in: another number after each write of whomever, but of this connection."""
        with self._turn:
            try:
                return self._state()
            except FAILURES as error:
                raise store_error(error) from None

    async def find(self, asked: Sequence[Asked], *, restricted_keys: bool = False) -> Found:
        """Return who is found, and what is restricted.

        The state, where it was wanted, is that of after the reading: it was read in that one, or in one before.
        """
        with self._turn:
            # as `translated` does, which would cost a twentieth of the look-up
            try:
                if len(asked) == 1:
                    links = self._one(*asked[0], restricted_keys)
                else:
                    links = self._several(asked, restricted_keys)
                state = self._state() if self._tells_state else None
            except FAILURES as error:
                raise store_error(error) from None
        restricted = [rows[0] for rows in links.values() if rows[0][8]]
        return Found(links, [*_restrictions(restricted)] if restricted else (), state)

    def _state(self) -> int:
        state: int = self._cursor.execute("PRAGMA data_version").fetchone()[0]
        return state

    def _one(
        self, position: int, source: str | None, key: str | None, restricted_keys: bool
    ) -> Mapping[int, Sequence[Row]]:
        rows = self._fetch(_ONE_BY_ID if source is None else _ONE_BY_KEY, source, key, restricted_keys)
        return {position: rows} if rows else {}

    def _several(self, asked: Sequence[Asked], restricted_keys: bool) -> Mapping[int, Sequence[Row]]:
        wanted: dict[str | None, tuple[list[int], list[str | None]]] = {}
        for position, source, key in asked:
            if source not in wanted:
                wanted[source] = [], []
            positions, keys = wanted[source]
            positions.append(position)
            keys.append(key)
        if len(wanted) == 1:
            return self._grouped(wanted, restricted_keys)
        # one statement is one moment; several are when a transaction holds them
        self._cursor.execute("BEGIN")
        try:
            return self._grouped(wanted, restricted_keys)
        finally:
            self._cursor.execute("COMMIT")

    def _grouped(
        self, wanted: Mapping[str | None, tuple[list[int], list[str | None]]], restricted_keys: bool
    ) -> Mapping[int, Sequence[Row]]:
        links: dict[int, list[Row]] = {}
        for source, (positions, keys) in wanted.items():
            statement, place = _SEVERAL_BY_ID if source is None else _SEVERAL_BY_KEY, None
            for row in self._fetch(statement, source, json.dumps(keys), restricted_keys):
                if row[0] != place:  # the rows of one that was asked for follow each other
                    place = row[0]
                    group = links.setdefault(positions[place], [])
                group.append(row)
        return links

    def _fetch(self, statement: str, source: str | None, value: str | None, restricted_keys: bool) -> list[Any]:
        return self._cursor.execute(statement, (self._tenant, source, value, restricted_keys)).fetchall()


def _restrictions(rows: Sequence[LinkRow]) -> Iterator[Row]:
    """Return each restriction of these customers, of rows of different positions."""
    for row in rows:
        for restriction in json.loads(row[8]):
            yield row[1], *restriction

"""Rows to be inserted, kept until something is read: a bulk load then takes few round trips for many rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from adapters.crossref.database import Connection, Row, Work

__all__ = ["Deferring", "deferred"]

T = TypeVar("T")

_TABLES = ("xref_event", "event_customer", "event_secret", "customer", "link", "restriction")
"""Tables whose rows are kept. A row refers to rows of tables that stand before its own."""

_ORDER = {f"INSERT INTO {table}": place for place, table in enumerate(_TABLES)}


class Deferring:
    """A connection over another. Everything but an insert sends first what was kept; `flush` has to be the last."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._kept: dict[str, list[Sequence[object]]] = {}

    async def fetch(self, statement: str, *values: object) -> Sequence[Row]:
        """Return the rows."""
        await self.flush()
        return await self._connection.fetch(statement, *values)

    async def fetch_one(self, statement: str, *values: object) -> Row | None:
        """Return the first row, None when there is none."""
        await self.flush()
        return await self._connection.fetch_one(statement, *values)

    async def execute(self, statement: str, *values: object) -> None:
        """Run a statement that returns nothing, now or later."""
        await self.execute_many(statement, [values])

    async def execute_many(self, statement: str, rows: Sequence[Sequence[object]]) -> None:
        """Run it once with the values of each row, now or later."""
        kept = self._kept.get(statement)
        if kept is not None:
            kept.extend(rows)
        elif _table(statement) in _ORDER:
            self._kept[statement] = list(rows)
        else:
            await self.flush()
            await self._connection.execute_many(statement, rows)

    async def flush(self) -> None:
        """Send what was kept."""
        kept, self._kept = self._kept, {}
        for statement in sorted(kept, key=lambda one: _ORDER[_table(one)]):
            await self._connection.execute_many(statement, kept[statement])


async def deferred(connection: Connection, work: Work[T]) -> T:
    """Return what the work returns, whose inserts have been sent by then."""
    deferring = Deferring(connection)
    done = await work(deferring)
    await deferring.flush()
    return done


def _table(statement: str) -> str:
    return statement.partition(" (")[0]

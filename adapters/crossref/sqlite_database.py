"""SQLite as the cross-reference's database: one connection that writes in threads, one that finds on the event loop."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from threading import Lock
from typing import TypeVar

from adapters.crossref.connecting import connect_reader, reading, translated, writing
from adapters.crossref.database import Row, Work, finished
from adapters.crossref.errors import StoreError

__all__ = ["SqliteConnection", "SqliteDatabase"]

T = TypeVar("T")


class SqliteConnection:
    """A connection that answers at once, so that nothing of what is written over it ever waits."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def fetch(self, statement: str, *values: object) -> Sequence[Row]:
        """Return the rows."""
        return self._connection.execute(statement, values).fetchall()

    async def fetch_one(self, statement: str, *values: object) -> Row | None:
        """Return the first row, None when there is none."""
        row: Row | None = self._connection.execute(statement, values).fetchone()
        return row

    async def execute(self, statement: str, *values: object) -> None:
        """Run a statement that returns nothing."""
        self._connection.execute(statement, values)

    async def execute_many(self, statement: str, rows: Sequence[Sequence[object]]) -> None:
        """Run it once with the values of each row."""
        self._connection.executemany(statement, rows)


class SqliteDatabase:
    """A file, by the connection that writes to it, which it owns.

    Work runs in a thread, from its beginning to its end: a thread cannot be cancelled, so what has begun is finished.
    """

    def __init__(self, path: Path, writer: sqlite3.Connection) -> None:
        self.path, self.writer = path, writer
        self._turn, self._is_closed = Lock(), False

    async def read(self, work: Work[T]) -> T:
        """Return what the work returns, on a connection of its own."""
        return await asyncio.to_thread(self._read, work)

    async def write(self, work: Work[T]) -> T:
        """Do the work wholly or not at all, one at a time; other processes wait."""
        return await asyncio.to_thread(self.write_now, work)

    def write_now(self, work: Work[T]) -> T:
        """Do the work in this thread."""
        return self._alone(lambda: self._transact(work))

    async def analyse(self) -> None:
        """Gather statistics."""
        await asyncio.to_thread(self._alone, self._analyse)

    async def aclose(self) -> None:
        """Give the file back."""
        await asyncio.to_thread(self.close)

    def close(self) -> None:
        """Give the file back, after the write that is under way."""
        with self._turn:
            self._is_closed = True
            self.writer.close()

    def _alone(self, act: Callable[[], T]) -> T:
        with self._turn:
            return act()

    def _transact(self, work: Work[T]) -> T:
        with writing(self.writer):
            return finished(work(SqliteConnection(self.writer)))

    def _analyse(self) -> None:
        with translated():
            self.writer.execute("ANALYZE")

    def _read(self, work: Work[T]) -> T:
        if self._is_closed:
            raise StoreError("the cross-reference is closed; open it again")
        with closing(connect_reader(self.path)) as connection, reading(connection):
            return finished(work(SqliteConnection(connection)))

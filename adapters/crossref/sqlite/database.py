"""SQLite as the cross-reference's database: one connection that writes in threads, one that finds on the event loop."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TypeVar

from adapters.crossref.connecting import BUSY_MS, connect_reader, reading, translated, writing
from adapters.crossref.database import Row, Work, finished
from adapters.crossref.deferring import deferred
from adapters.crossref.errors import StoreError
from adapters.crossref.sqlite.damage import find_damage

__all__ = ["SqliteConnection", "SqliteDatabase"]

T = TypeVar("T")

_SCRUB_BUSY_MS = 200
"""How long the log waits for readers to be emptied, in milliseconds: nobody can write meanwhile."""

_USUAL = (2000, 1000)
"""KiB of pages that the writer holds, and pages in the log from which on they are copied into the file: SQLite's own
settings."""

_FILLING = (65_536, 16_384)
"""The same for a bulk load, 64 MiB each. Each key goes to a page of its own: with fewer, pages are read and written
again and again within one transaction."""

_SAMPLE = 100_000
"""Entries of each index from which statistics are gathered: all of four million would keep other writers out for five
seconds, and tell no more."""


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

    async def damage(self, most: int, still: Callable[[], None] | None) -> Sequence[str]:
        """Return what is wrong with the file itself: see `find_damage`."""
        return await asyncio.to_thread(self._find_damage, most, still)

    @asynccontextmanager
    async def filling(self) -> AsyncIterator[None]:
        """Hold more pages, and copy the log into the file less often, for as long as the context lasts."""
        await asyncio.to_thread(self._alone, partial(self._hold, *_FILLING))
        try:
            yield
        finally:
            await asyncio.to_thread(self._alone, partial(self._hold, *_USUAL))

    async def analyse(self) -> None:
        """Gather statistics."""
        await asyncio.to_thread(self._alone, self._analyse)

    async def scrub(self) -> None:
        """Empty the log, which holds pages as they were; in the file what is deleted is overwritten at once.

        Only what was moved from one page to another before may be left in the first one, until the file is vacuumed,
        which takes too long to be done here. While another process reads, the log is emptied later: at the latest when
        the last one closes the file.
        """
        await asyncio.to_thread(self._alone, self._scrub)

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
            return finished(deferred(SqliteConnection(self.writer), work))

    def _hold(self, kibibytes: int, pages: int) -> None:
        if self._is_closed:
            return  # what was held is given back
        with translated():
            self.writer.execute(f"PRAGMA cache_size = {-kibibytes}")
            self.writer.execute(f"PRAGMA wal_autocheckpoint = {pages}").fetchall()
            self.writer.execute("PRAGMA shrink_memory")

    def _analyse(self) -> None:
        with translated():
            self.writer.execute(f"PRAGMA analysis_limit = {_SAMPLE}").fetchall()
            self.writer.execute("ANALYZE")

    def _scrub(self) -> None:
        with translated():
            self.writer.execute(f"PRAGMA busy_timeout = {_SCRUB_BUSY_MS}")
            try:
                self.writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            finally:
                self.writer.execute(f"PRAGMA busy_timeout = {BUSY_MS}")

    def _find_damage(self, most: int, still: Callable[[], None] | None) -> Sequence[str]:
        self._check_open()
        return find_damage(self.path, most, still)

    def _read(self, work: Work[T]) -> T:
        self._check_open()
        with closing(connect_reader(self.path)) as connection, reading(connection):
            return finished(work(SqliteConnection(connection)))

    def _check_open(self) -> None:
        if self._is_closed:
            raise StoreError("the cross-reference is closed; open it again")

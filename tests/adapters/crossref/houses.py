"""Where the stores of a state machine live: on SQLite in memory, or on a real PostgreSQL."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from adapters.crossref import PostgresCrossReference, Secrets, SqliteCrossReference
from adapters.crossref.connecting import connect_reader, reading
from adapters.crossref.database import Work, finished
from adapters.crossref.sqlite.database import SqliteConnection, SqliteDatabase
from tests.adapters.crossref.contract import SteppedClock, Store
from tests.adapters.crossref.postgres_tables import PostgresTables

T = TypeVar("T")

_IN_MEMORY = Path("/dev/shm")  # a write waits for no disk there


class House(Protocol):
    """Empty but for the sources when it is made, gone when it is closed.

    `run` returns what work comes to that waits for the database alone, `run_waiting` of any work.
    """

    def look(self, statement: str, *values: object) -> list[tuple[Any, ...]]: ...

    def run(self, work: Coroutine[Any, Any, T]) -> T: ...

    def run_waiting(self, work: Coroutine[Any, Any, T]) -> T: ...

    async def open(self, tenant: str, clock: SteppedClock, secrets: Secrets) -> Store: ...

    def close(self) -> None: ...


class _InPlace(SqliteDatabase):
    """Works where it is asked to, on connections that stay: threads and connecting take longer than most of the work.

    Nothing is analysed, for the tables are never long, and each connection would have to read their schema anew.
    """

    reader: sqlite3.Connection

    async def read(self, work: Work[T]) -> T:
        with reading(self.reader):
            return finished(work(SqliteConnection(self.reader)))

    async def write(self, work: Work[T]) -> T:
        return self.write_now(work)

    async def damage(self, most: int, still: Callable[[], None] | None) -> Sequence[str]:
        return self._find_damage(most, still)

    async def analyse(self) -> None: ...

    async def scrub(self) -> None:
        self._scrub()

    async def aclose(self) -> None:
        self.reader.close()
        self.close()


class SqliteHouse:
    def __init__(self, template: bytes) -> None:
        self.folder = tempfile.TemporaryDirectory(dir=_IN_MEMORY if _IN_MEMORY.is_dir() else None)
        self.path = Path(self.folder.name) / "xref.db"
        self.path.write_bytes(template)
        self.connection = sqlite3.connect(self.path, isolation_level=None)
        self.loop = asyncio.new_event_loop()
        self.run_waiting = self.loop.run_until_complete

    def look(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        return self.connection.execute(statement, values).fetchall()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return finished(work)

    async def open(self, tenant: str, clock: SteppedClock, secrets: Secrets) -> Store:
        store = SqliteCrossReference.open(self.path, tenant=tenant, clock=clock, secrets=secrets)
        database = store._file
        database.__class__ = _InPlace
        assert isinstance(database, _InPlace)
        database.reader = connect_reader(self.path)
        return store

    def close(self) -> None:
        self.loop.close()
        self.connection.close()
        self.folder.cleanup()


class PostgresHouse:
    def __init__(self, tables: PostgresTables) -> None:
        tables.restore()
        self.tables = tables
        self.loop = asyncio.new_event_loop()
        self.run = self.run_waiting = self.loop.run_until_complete

    def look(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        return self.tables.look(statement, *values)

    async def open(self, tenant: str, clock: SteppedClock, secrets: Secrets) -> Store:
        return await PostgresCrossReference.open(self.tables.url, tenant=tenant, clock=clock, secrets=secrets)

    def close(self) -> None:
        self.loop.close()

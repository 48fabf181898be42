"""A table of entries of many owners, on SQLite and on PostgreSQL, with the adapter that reads it in pages."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from pathlib import Path
from typing import Any, Protocol, TypeVar

from adapters.adapter import Batch, Call, Slice
from adapters.answers import Answer, Key, Page
from adapters.records import Record
from adapters.sandbox.postgres import PostgresServer
from adapters.sql import AtLeast, Below, By, IsOneOf, Sorted, SqlAdapter, SqlOffer
from adapters.sql.postgres import connected
from schema.deadline import Deadline

T = TypeVar("T")

_TABLE = """
CREATE TABLE {name} (owner text NOT NULL, day {day}, title text, no bigint NOT NULL, kind text NOT NULL);
CREATE INDEX {name}_in_order ON {name} (owner, day, title, no);
"""


class Kind(Enum):
    OPEN = "OPEN"
    CLOSED = "CLOSED"
    LOST = "LOST"


class Direction(Enum):
    UP = "UP"
    DOWN = "DOWN"


KINDS = {Kind.OPEN: "o", Kind.CLOSED: "c", Kind.LOST: None}


class Entry(Record):
    day: date | None
    title: str | None
    no: int | None
    kind: str | None


@dataclass(frozen=True)
class Row:
    """One entry, as a test makes it."""

    owner: str
    day: date | None
    title: str | None
    no: int
    kind: str = "o"

    @property
    def facts(self) -> Mapping[str, object]:
        return {"day": self.day, "kind": self.kind, "no": self.no, "title": self.title}


def offer_of(**changes: Any) -> SqlOffer:
    declared: dict[str, Any] = {
        "name": "entries",
        "serves": "Owner.entries",
        "record": Entry,
        "table": "entry",
        "key": "owner",
        "order_by": (By("day", "date"), "title", By("no", "bigint")),
        "filters": {
            "kinds": IsOneOf("kind", words=KINDS),
            "titles": IsOneOf("title"),
            "numbers": IsOneOf("no", "bigint"),
            "since": AtLeast("day", "date"),
            "until": Below("day", "date"),
            "title_from": AtLeast("title"),
        },
        "sort": Sorted("sort", descending=(Direction.DOWN,)),
        "max_page": 4,
        "limits_per_key": True,
        "absent": Page,
    }
    return SqlOffer(**declared | changes)


@dataclass
class Store:
    """A database with the adapter that reads it, and a loop to run both in; `heard` are the statements sent."""

    adapter: SqlAdapter
    database: Database
    runner: asyncio.Runner
    heard: list[str] = field(default_factory=list)

    @property
    def is_postgres(self) -> bool:
        return isinstance(self.database, _Postgres)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    async def put(self, rows: Sequence[Row]) -> None:
        """Hold these rows and no others."""
        await self.database.put(rows)

    async def count(self) -> int:
        """Return how many rows the table has."""
        return await self.database.count()

    async def ask(
        self,
        offer: SqlOffer,
        keys: Sequence[Key],
        *,
        first: int | None = None,
        after: str | None = None,
        fields: tuple[str, ...] = ("day", "kind", "no", "title"),
        arguments: Mapping[str, object] | None = None,
    ) -> Mapping[Key, Answer]:
        given = tuple(sorted((arguments or {}).items()))
        part = None if first is None else Slice(first, after)
        batch = Batch(offer, fields, tuple(keys), given, part)
        return await self.adapter.fetch(batch, Call(Deadline.after(30), "dpv:ServiceProvision"))


class Database(Protocol):
    async def put(self, rows: Sequence[Row]) -> None: ...

    async def count(self) -> int: ...


@dataclass
class _Sqlite:
    path: Path

    async def put(self, rows: Sequence[Row]) -> None:
        plain = [(row.owner, row.day and row.day.isoformat(), row.title, row.no, row.kind) for row in rows]
        with closing(sqlite3.connect(self.path)) as database, database:
            database.execute("PRAGMA synchronous = OFF")
            database.execute("DELETE FROM entry")
            database.executemany("INSERT INTO entry VALUES (?, ?, ?, ?, ?)", plain)

    async def count(self) -> int:
        with closing(sqlite3.connect(self.path)) as database:
            return int(database.execute("SELECT count(*) FROM entry").fetchone()[0])


@dataclass
class _Postgres:
    url: str

    async def put(self, rows: Sequence[Row]) -> None:
        records = [(row.owner, row.day, row.title, row.no, row.kind) for row in rows]
        async with connected(self.url) as database:
            await database.execute("TRUNCATE entry")
            await database.copy_records_to_table("entry", records=records)

    async def count(self) -> int:
        async with connected(self.url) as database:
            return int(await database.fetchval("SELECT count(*) FROM entry"))


@contextmanager
def on_sqlite(path: Path) -> Iterator[Store]:
    with closing(sqlite3.connect(path)) as database:
        database.executescript(_TABLE.format(name="entry", day="text"))
    with _running(f"sqlite:///{path}", _Sqlite(path)) as store:
        yield store


@contextmanager
def on_postgres(server: PostgresServer) -> Iterator[Store]:
    url = server.url("postgres")

    async def execute(statement: str) -> None:
        async with connected(url) as admin:
            await admin.execute(statement)

    asyncio.run(execute(_TABLE.format(name="entry", day="date")))
    with _running(url, _Postgres(url)) as store:
        yield store
    asyncio.run(execute("DROP TABLE entry"))


@contextmanager
def _running(url: str, database: Database) -> Iterator[Store]:
    heard: list[str] = []
    with asyncio.Runner() as runner:
        adapter = SqlAdapter("entries", [offer_of()], url=url, traced=heard.append)
        yield Store(adapter, database, runner, heard)
        runner.run(adapter.aclose())

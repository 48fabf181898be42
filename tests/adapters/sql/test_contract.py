"""The adapter contract, kept by the SQL adapter on SQLite and on PostgreSQL, for facts, for lists and for pages."""

from __future__ import annotations

import re
import sqlite3
from abc import abstractmethod
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from adapters.answers import Facts, Key, Page
from adapters.records import Record
from adapters.sandbox import misbehaviour as sandbox
from adapters.sandbox.postgres import PostgresServer
from adapters.sandbox.relay import Relay
from adapters.sql import By, SqlAdapter, SqlOffer
from adapters.sql.postgres import connected
from adapters.testing import AdapterContract, Misbehaviour, SeenCall, SourceUnderTest

TABLE = """
    CREATE TABLE thing (
        key_no text NOT NULL, line integer NOT NULL, name text, amount {money}, since {day}, PRIMARY KEY (key_no, line)
    )
"""
COLUMNS = "line, name, amount, since"
VIEWS = {
    None: f"SELECT key_no, {COLUMNS}, key_no AS asked_no FROM thing",
    Misbehaviour.SHUFFLED: f"SELECT key_no, {COLUMNS}, key_no AS asked_no FROM thing ORDER BY key_no DESC, line DESC",
    Misbehaviour.FOREIGN: f"""
        SELECT CASE WHEN key_no = 'K-0001' THEN 'K-9999' ELSE key_no END AS key_no, {COLUMNS}, key_no AS asked_no
        FROM thing""",
    Misbehaviour.DUPLICATED: f"""
        SELECT key_no, {COLUMNS}, key_no AS asked_no FROM thing
        UNION ALL SELECT key_no, {COLUMNS}, key_no AS asked_no FROM thing WHERE key_no = 'K-0001'""",
}


class Thing(Record):
    name: str | None
    amount: Decimal | None
    since: date | None


def offer_of(kind: str) -> SqlOffer:
    if kind == "facts":
        return SqlOffer(
            name="thing",
            serves="Thing",
            record=Thing,
            table="thing_v",
            key="key_no",
            key_column="asked_no",
            max_batch=5,
        )
    return SqlOffer(
        name="things",
        serves="Owner.things",
        record=Thing,
        query="SELECT * FROM thing_v",
        key="key_no",
        key_column="asked_no",
        order_by=(By("since", "date"), By("line", "bigint")),
        max_batch=5,
        max_page=None if kind == "list" else 5,
        limits_per_key=kind == "pages",
        absent=Page,
    )


class Things(SourceUnderTest):
    """A table of things, one row a key, or two where the offer is a list, behind a view that can be exchanged."""

    offer: SqlOffer

    def __init__(self) -> None:
        self.lists: dict[Key, int] = {}

    def row(self, key: Key, line: int) -> Facts:
        return {
            "name": f"thing {key} line {line}",
            "amount": Decimal(f"{len(key)}.{line}0"),
            "since": date(2020, 1, 1 + line // 2),
        }

    def facts(self, key: Key) -> Facts | Sequence[Facts]:
        rows = [self.row(key, line) for line in range(1, self.lists.get(key, 2) + 1)]
        return rows if self.offer.is_list else rows[0]

    async def put(self, keys: Sequence[Key]) -> None:
        await self.hold(dict.fromkeys(keys, 2 if self.offer.is_list else 1))

    async def put_list(self, key: Key, rows: int) -> None:
        await self.hold({**self.lists, key: rows})

    async def hold(self, lists: dict[Key, int]) -> None:
        self.lists = lists
        await self.execute("DELETE FROM thing")
        await self.insert(
            [(key, line, *self.row(key, line).values()) for key, rows in lists.items() for line in range(1, rows + 1)]
        )

    async def misbehave(self, how: Misbehaviour | None) -> None:
        await self.execute("DROP VIEW thing_v")
        await self.execute(f"CREATE VIEW thing_v AS {self.view(how)}")

    @abstractmethod
    def view(self, how: Misbehaviour | None) -> str: ...

    @abstractmethod
    async def execute(self, statement: str) -> None: ...

    @abstractmethod
    async def insert(self, rows: Sequence[tuple[object, ...]]) -> None: ...


class SqliteThings(Things):
    can = frozenset(Misbehaviour) - {Misbehaviour.REFUSED}

    def __init__(self, path: Path, offer: SqlOffer) -> None:
        super().__init__()
        self.path, self.offer = path, offer
        self.statements: list[str] = []
        self.adapter = SqlAdapter("things", [offer], url=f"sqlite:///{path}", traced=self.statements.append)

    def view(self, how: Misbehaviour | None) -> str:
        if how is Misbehaviour.SPOILED:
            return """
                SELECT key_no, line, name, since, key_no AS asked_no,
                    CASE WHEN key_no = 'K-0001' AND line = 1 THEN 1.5 ELSE amount END AS amount FROM thing"""
        if how is Misbehaviour.SLOW:
            return f"""
                SELECT key_no, {COLUMNS}, key_no AS asked_no FROM thing WHERE 0 < (
                    WITH RECURSIVE step(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM step WHERE n < 1000000000)
                    SELECT count(*) FROM step)"""
        return VIEWS[how]

    async def misbehave(self, how: Misbehaviour | None) -> None:
        if how is Misbehaviour.DOWN:
            self.path.unlink()
        elif how is Misbehaviour.GARBAGE:
            self.path.write_bytes(b"no database at all" * 1000)
        else:
            await super().misbehave(how)

    async def execute(self, statement: str) -> None:
        if self.path.exists():
            with closing(sqlite3.connect(self.path)) as things, things:
                things.execute(statement)

    async def insert(self, rows: Sequence[tuple[object, ...]]) -> None:
        plain = [(*row[:3], str(row[3]), str(row[4])) for row in rows]
        with closing(sqlite3.connect(self.path)) as things, things:
            things.executemany("INSERT INTO thing VALUES (?, ?, ?, ?, ?)", plain)

    async def seen(self) -> Sequence[SeenCall]:
        return [SeenCall(_keys(text), _columns(text)) for text in self.statements]


class PostgresThings(Things):
    """The server writes every statement to its log before it runs it: that is what the source has seen."""

    can = frozenset(Misbehaviour) - {Misbehaviour.REFUSED}

    def __init__(self, server: PostgresServer, relay: Relay, offer: SqlOffer) -> None:
        super().__init__()
        self.server, self.relay, self.offer = server, relay, offer
        self.adapter = SqlAdapter(
            "things", [offer], url=f"postgresql://things:of%20things@{relay.host}:{relay.port}/postgres"
        )
        self.start = server.log.stat().st_size

    def view(self, how: Misbehaviour | None) -> str:
        if how is Misbehaviour.SPOILED:
            return f"SELECT key_no, {COLUMNS.replace('amount', SPOILT_AMOUNT)}, key_no AS asked_no FROM thing"
        if how is Misbehaviour.SLOW:
            return f"SELECT key_no, {COLUMNS}, key_no AS asked_no FROM thing, (SELECT pg_sleep(5) OFFSET 0) AS nap"
        return VIEWS.get(how, VIEWS[None])

    async def misbehave(self, how: Misbehaviour | None) -> None:
        await super().misbehave(how)
        await self.execute("GRANT SELECT ON thing_v TO things")
        bytewise = {Misbehaviour.DOWN: sandbox.Misbehaviour.DOWN, Misbehaviour.GARBAGE: sandbox.Misbehaviour.GARBAGE}
        await self.relay.behave(bytewise.get(how or Misbehaviour.SLOW, sandbox.Misbehaviour.NONE))

    async def execute(self, statement: str) -> None:
        async with connected(self.server.url("postgres")) as things:
            await things.execute(statement)

    async def insert(self, rows: Sequence[tuple[object, ...]]) -> None:
        async with connected(self.server.url("postgres")) as things:
            await things.copy_records_to_table("thing", records=rows)

    async def seen(self) -> Sequence[SeenCall]:
        with self.server.log.open(encoding="utf-8") as log:
            log.seek(self.start)
            found = re.findall(
                r"execute [^:]+: (SELECT (?:.|\n)*?) LIMIT.*\n.*DETAIL:  Parameters: \$1 = '{(.*)}'", log.read()
            )
        return [SeenCall(keys.count(",") + 1, _columns(text)) for text, keys in found]


SPOILT_AMOUNT = """
    CASE WHEN key_no = 'K-0001' AND line = 1 THEN CAST('NaN' AS numeric(14, 2)) ELSE amount END AS amount"""


def _columns(statement: str) -> frozenset[str]:
    """The columns asked; those that only tell where a page ends are named by numbers."""
    return frozenset(re.findall(r't\."([a-z]\w*)"', statement.partition(" FROM ")[0]))


def _keys(statement: str) -> int:
    """How many keys an SQLite statement asks: a list's, or those of the pages that it joins."""
    return len(set(re.findall(r'"asked_no" = (\?[0-9]+)', statement))) or statement.count("?")


class OnSqlite(AdapterContract):
    kind: str

    @pytest.fixture(autouse=True)
    def _place(self, tmp_path: Path) -> None:
        self.path = tmp_path / "things and others?.db"

    @asynccontextmanager
    async def under_test(self) -> AsyncIterator[SourceUnderTest]:
        things = SqliteThings(self.path, offer_of(self.kind))
        with closing(sqlite3.connect(self.path)) as database:
            database.execute(TABLE.format(money="text", day="text"))
        await things.execute(f"CREATE VIEW thing_v AS {things.view(None)}")
        yield things


class OnPostgres(AdapterContract):
    kind: str

    @pytest.fixture(autouse=True)
    def _server(self, postgres: PostgresServer) -> None:
        self.server = postgres

    @asynccontextmanager
    async def under_test(self) -> AsyncIterator[SourceUnderTest]:
        async with connected(self.server.url("postgres")) as admin:
            await admin.execute(TABLE.format(money="numeric(14, 2)", day="date"))
            await admin.execute(f"CREATE VIEW thing_v AS {VIEWS[None]}; CREATE ROLE things LOGIN PASSWORD 'of things'")
            await admin.execute("GRANT SELECT ON thing_v TO things; ALTER ROLE things SET log_statement = 'all'")
            try:
                async with Relay(self.server.socket) as relay:
                    yield PostgresThings(self.server, relay, offer_of(self.kind))
            finally:
                await admin.execute("DROP VIEW thing_v; DROP TABLE thing; DROP ROLE things")


class TestFactsOnSqlite(OnSqlite):
    kind = "facts"


class TestListOnSqlite(OnSqlite):
    kind = "list"


class TestPagesOnSqlite(OnSqlite):
    kind = "pages"


class TestPagesOfOneKeyOnSqlite(OnSqlite):
    kind = "pages of one key"


@pytest.mark.postgres
class TestFactsOnPostgres(OnPostgres):
    kind = "facts"


@pytest.mark.postgres
class TestListOnPostgres(OnPostgres):
    kind = "list"


@pytest.mark.postgres
class TestPagesOnPostgres(OnPostgres):
    kind = "pages"


@pytest.mark.postgres
class TestPagesOfOneKeyOnPostgres(OnPostgres):
    kind = "pages of one key"

"""The permit of a statement is asked when it can run at once: a busy thread, an exhausted pool, a locked table."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest

from adapters.adapter import Batch, Call
from adapters.answers import Answer, Found, Missing
from adapters.records import Record
from adapters.sandbox.postgres import PostgresServer
from adapters.sandbox.relay import Relay
from adapters.sql import SqlAdapter, SqlOffer
from adapters.sql.postgres import PostgresDatabase, connected
from adapters.sql.sqlite import SqliteDatabase
from schema.deadline import Deadline
from schema.observer import Event, Sent
from tests.adapters.consenting import WITHDRAWN, Consent

KEY = "C-4711"


class Person(Record):
    email: str | None


OFFER = SqlOffer(name="person", serves="Customer", record=Person, table="person", key="id", absent=Missing)


class Heard:
    def __init__(self) -> None:
        self.calls: list[Sent] = []

    def note(self, event: Event) -> None:
        if isinstance(event, Sent):
            self.calls.append(event)


async def ask(adapter: SqlAdapter, consent: Consent | None, heard: Heard | None = None) -> Mapping[str, Answer]:
    call = Call(Deadline.after(10), "dpv:X", permit=consent, observer=heard or Heard())
    return await adapter.fetch(Batch(OFFER, ("email",), (KEY,)), call)


async def turns(most: int = 20) -> None:
    """Let the loop turn, so that whatever can go on has gone on."""
    for _ in range(most):
        await asyncio.sleep(0)


# SQLite


@asynccontextmanager
async def busy(path: Path, traced: Callable[[str], None]) -> AsyncIterator[tuple[SqlAdapter, sqlite3.Connection]]:
    """Yield an adapter whose only thread waits for a writer in a statement that nobody waits for, and the writer."""
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("CREATE TABLE person (id TEXT PRIMARY KEY, email TEXT)")
        writer.execute("INSERT INTO person VALUES (?, 'a@b.example')", (KEY,))
        writer.execute("BEGIN EXCLUSIVE")
        adapter = SqlAdapter("crm", [OFFER], url=f"sqlite:///{path}", connections=1, traced=traced)
        abandoned = asyncio.create_task(ask(adapter, None))
        await turns()
        abandoned.cancel()
        await asyncio.wait([abandoned])
        try:
            yield adapter, writer
        finally:
            await adapter.aclose()


async def test_a_statement_waits_for_a_free_thread_before_its_permit_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was withdrawn meanwhile is not run; what became too old is found out anew, and runs once."""
    monkeypatch.setattr("adapters.sql.sqlite._BUSY_SECONDS", 10.0)
    for is_withdrawn in (True, False):
        consent, heard, texts = Consent(), Heard(), list[str]()
        async with asyncio.timeout(10), busy(tmp_path / f"{is_withdrawn}.db", texts.append) as (adapter, writer):
            assert len(texts) == 1
            asked = asyncio.create_task(ask(adapter, consent, heard))
            await turns()
            consent.now, consent.withdrawn_at = 3.0, 0.5 if is_withdrawn else None
            assert consent.renewals == 0
            writer.execute("ROLLBACK")
            answer = (await asked)[KEY]
        assert consent.renewals == 1
        if is_withdrawn:
            assert (answer, len(texts), heard.calls) == (WITHDRAWN, 1, [])
        else:
            assert isinstance(answer, Found)
            assert (len(texts), len(heard.calls)) == (2, 1)


async def test_a_thread_is_free_again_whatever_becomes_of_a_statement(tmp_path: Path) -> None:
    """Denied, failed, or answered: with one thread, the next call has it."""
    path, consent = tmp_path / "people.db", Consent()
    consent.withdrawn_at = 0.0
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE person (id TEXT PRIMARY KEY, email TEXT)")
    adapter = SqlAdapter("crm", [OFFER], url=f"sqlite:///{path}", connections=1)
    try:
        async with asyncio.timeout(10):
            for _ in range(3):
                assert await ask(adapter, consent) == {KEY: WITHDRAWN}
                assert await ask(adapter, None) == {KEY: Missing()}
    finally:
        await adapter.aclose()


def test_a_thread_is_free_again_when_the_loop_of_its_statement_has_ended(tmp_path: Path) -> None:
    """A command that was interrupted, and asks once more in a loop of its own."""
    path = tmp_path / "people.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("CREATE TABLE person (id TEXT PRIMARY KEY, email TEXT)")
        writer.execute("BEGIN EXCLUSIVE")
        adapter = SqlAdapter("crm", [OFFER], url=f"sqlite:///{path}", connections=1)

        async def interrupted() -> None:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await ask(adapter, None)

        asyncio.run(interrupted())
        writer.execute("ROLLBACK")

    async def again() -> Mapping[str, Answer]:
        async with asyncio.timeout(10):
            try:
                return await ask(adapter, None)
            finally:
                await adapter.aclose()

    database = adapter._database
    assert isinstance(database, SqliteDatabase)
    database._threads.submit(int).result()  # behind the statement
    assert asyncio.run(again()) == {KEY: Missing()}


# PostgreSQL


class Recorder(Relay):
    """A relay that keeps what it was sent, with the age of the consent at which it came."""

    def __init__(self, target: Path, consent: Consent) -> None:
        super().__init__(target)
        self.consent, self.keys = consent, list[float]()

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(64 * 1024):
            if KEY.encode() in chunk:
                self.keys.append(self.consent.age)
            writer.write(chunk)
            await writer.drain()


@asynccontextmanager
async def people(postgres: PostgresServer, consent: Consent) -> AsyncIterator[tuple[SqlAdapter, Recorder, Any]]:
    """Yield an adapter with one connection to a table of people, what it sends, and a connection of another."""
    async with AsyncExitStack() as stack:
        admin = await stack.enter_async_context(connected(postgres.url("postgres")))
        await admin.execute("CREATE TABLE person (id text PRIMARY KEY, email text)")
        stack.push_async_callback(admin.execute, "DROP TABLE person")
        await admin.execute("INSERT INTO person VALUES ($1, 'a@b.example')", KEY)
        relay = await stack.enter_async_context(Recorder(postgres.socket, consent))
        login = postgres.url("postgres").partition("@")[0]
        adapter = SqlAdapter("crm", [OFFER], url=f"{login}@{relay.host}:{relay.port}/postgres", connections=1)
        stack.push_async_callback(adapter.aclose)
        yield adapter, relay, admin


@asynccontextmanager
async def exhausted(adapter: SqlAdapter, _admin: Any) -> AsyncIterator[None]:
    """The pool's only connection is somebody else's, or has not been given back."""
    database = adapter._database
    assert isinstance(database, PostgresDatabase)
    pool = await database._opened()
    async with pool.acquire():
        yield


@asynccontextmanager
async def locked(adapter: SqlAdapter, admin: Any) -> AsyncIterator[None]:
    """The table is being altered: the server keeps a new statement back until that is done."""
    async with admin.transaction():
        await admin.execute("LOCK TABLE person IN ACCESS EXCLUSIVE MODE")
        yield
        async with asyncio.timeout(5):
            while not await admin.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):  # noqa: ASYNC110  it tells nobody
                await asyncio.sleep(0.005)


@pytest.mark.postgres
@pytest.mark.parametrize("is_withdrawn", [True, False])
@pytest.mark.parametrize("hindered", [exhausted, locked])
async def test_a_statements_keys_are_sent_when_nothing_hinders_it_any_more(
    postgres: PostgresServer, hindered: Any, is_withdrawn: bool
) -> None:
    """No key of what was withdrawn meanwhile; else once, within a second of the reading."""
    consent, heard = Consent(), Heard()
    async with asyncio.timeout(20), people(postgres, consent) as (adapter, relay, admin):
        async with hindered(adapter, admin):
            asked = asyncio.create_task(ask(adapter, consent, heard))
            await turns(50)
        consent.now, consent.withdrawn_at = 3.0, 0.5 if is_withdrawn else None
        answer = (await asked)[KEY]
        assert consent.renewals == 1
        if is_withdrawn:
            assert (answer, relay.keys, heard.calls) == (WITHDRAWN, [], [])
            assert isinstance((await ask(adapter, None))[KEY], Found)
        else:
            assert isinstance(answer, Found)
            assert (relay.keys, len(heard.calls)) == ([0.0], 1)


@pytest.mark.postgres
async def test_the_only_connection_is_free_while_the_consent_is_read_anew(postgres: PostgresServer) -> None:
    """The consent may stand in the same database."""
    consent = Consent()
    async with asyncio.timeout(20), people(postgres, consent) as (adapter, relay, admin):
        consent.renewing = lambda: ask(adapter, None)
        async with exhausted(adapter, admin):
            asked = asyncio.create_task(ask(adapter, consent))
            await turns(50)
            consent.now = 3.0
        assert isinstance((await asked)[KEY], Found)
        assert (len(relay.keys), relay.relayed.connections) == (2, 1)

"""The SQL adapter on SQLite: what it sends, what it bounds, and what it says when the database fails."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field

from adapters.adapter import Batch, Call
from adapters.answers import Fault, Found, Missing, SourceError
from adapters.records import Record
from adapters.sending import Cause, SendError
from adapters.sql import KeyType, SqlAdapter, SqlOffer
from adapters.sql.offers import statement_for
from adapters.sql.sqlite import SqliteDatabase
from schema.deadline import Deadline
from schema.reasons import Reason


class Account(Record):
    number: int = Field(validation_alias="no")
    balance: Decimal | None
    note: str | None


FIELDS = ("balance", "note", "number")


def offer_of(**changes: Any) -> SqlOffer:
    declared: dict[str, Any] = {
        "name": "account",
        "serves": "Account",
        "record": Account,
        "table": "account",
        "key": "no",
    }
    declared |= {"key_type": KeyType.INTEGER, "absent": Missing}
    return SqlOffer(**declared | changes)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    place = tmp_path / "billing.db"
    with closing(sqlite3.connect(place)) as database, database:
        database.execute("CREATE TABLE account (no INTEGER PRIMARY KEY, balance, note TEXT)")
        rows: list[tuple[object, ...]] = [(1, "10.50", "a"), (2, 5.25, "b"), (3, "1", None)]
        database.executemany("INSERT INTO account VALUES (?, ?, ?)", rows)
        database.execute("INSERT INTO account VALUES (4, '2', CAST(x'FF41' AS TEXT))")
    return place


@asynccontextmanager
async def billing(path: Path, offer: SqlOffer, **options: Any) -> AsyncIterator[SqlAdapter]:
    adapter = SqlAdapter("billing", [offer], url=f"sqlite:///{path}", **options)
    try:
        yield adapter
    finally:
        await adapter.aclose()


async def ask(adapter: SqlAdapter, offer: SqlOffer, *keys: str, **more: Any) -> dict[str, Any]:
    call = Call(Deadline.after(more.pop("seconds", 5)), "dpv:ServiceProvision")
    return dict(await adapter.fetch(Batch(offer, FIELDS, keys, **more), call))


async def test_values_are_exact_and_a_bad_one_costs_itself_only(path: Path) -> None:
    """Amounts as text are exact; a REAL is no valid Decimal; a text that is not UTF-8 is no valid text."""
    offer = offer_of()
    async with billing(path, offer) as adapter:
        answers = await ask(adapter, offer, "1", "2", "4")
    invalid = Fault(Reason.VALUE_INVALID)
    assert [answers[key].record for key in ("1", "2", "4")] == [
        {"balance": Decimal("10.50"), "note": "a", "number": 1},
        {"balance": invalid, "note": "b", "number": 2},
        {"balance": Decimal(2), "note": invalid, "number": 4},
    ]


async def test_a_key_that_the_column_cannot_hold_is_missing_without_a_call(path: Path) -> None:
    """It is left out of the statement; if it is alone, nothing is sent."""
    offer, heard = offer_of(), list[str]()
    async with billing(path, offer, traced=heard.append) as adapter:
        assert await ask(adapter, offer, "x'; DROP TABLE account") == {"x'; DROP TABLE account": Missing()}
        assert heard == []
        answers = await ask(adapter, offer, "01", "1", "99")
    assert (answers["01"], answers["99"]) == (Missing(), Missing())
    assert isinstance(answers["1"], Found)
    assert [text.count("?") for text in heard] == [2]


async def test_more_rows_than_declared_are_an_error(path: Path) -> None:
    """The database stops after one row too many, and no part of the answer is believed."""
    offer = offer_of(max_batch=2, max_rows=2, query="SELECT 1 AS no, balance, note FROM account", table="")
    async with billing(path, offer) as adapter:
        answers = await ask(adapter, offer, "1", "2")
    assert {answer.reason for answer in answers.values()} == {Reason.SOURCE_ERROR}
    assert "max_rows" in answers["1"].detail


async def test_arguments_are_refused(path: Path) -> None:
    """An answer that ignored them would be wrong."""
    offer, heard = offer_of(), list[str]()
    async with billing(path, offer, traced=heard.append) as adapter:
        answers = await ask(adapter, offer, "1", arguments=(("first", 10),))
    assert answers["1"] == SourceError(Reason.SOURCE_ERROR, "the offer does not take an argument that was given")
    assert heard == []


async def test_a_column_that_the_table_lacks_is_an_error_and_no_text(path: Path) -> None:
    """SQLite takes a plain "name" that is no column for the text 'name'; a qualified one it does not."""

    class Renamed(Record):
        balance: str | None
        note: str | None
        number: str | None = Field(validation_alias="nummer")

    offer = offer_of(record=Renamed)
    async with billing(path, offer) as adapter:
        answers = await ask(adapter, offer, "1")
    assert answers["1"] == SourceError(Reason.SOURCE_ERROR, "the database could not run the statement")


async def test_the_database_cannot_be_written(path: Path) -> None:
    """Not even by a declaration: the file is opened read-only."""
    offer = offer_of()
    async with billing(path, offer) as adapter:
        await ask(adapter, offer, "1")
        database = adapter._database
        assert isinstance(database, SqliteDatabase)
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            database._opened[0].execute("DELETE FROM account")


async def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """Opened when first asked, and never made."""
    offer = offer_of()
    async with billing(tmp_path / "none.db", offer) as adapter:
        answers = await ask(adapter, offer, "1")
    assert answers["1"].detail == "the database file could not be opened"
    assert not (tmp_path / "none.db").exists()


async def test_a_locked_database_is_a_timeout(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader waits a bounded time for a writer."""
    monkeypatch.setattr("adapters.sql.sqlite._BUSY_SECONDS", 0.01)
    offer = offer_of()
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        async with billing(path, offer) as adapter:
            answers = await ask(adapter, offer, "1")
        writer.execute("ROLLBACK")
    assert answers["1"] == SourceError(Reason.SOURCE_TIMEOUT, "the database is locked by a writer")


async def test_a_value_that_is_too_long_in_the_database_is_the_sources_matter(path: Path) -> None:
    """As an answer that is too long is of every other source: it is left alone."""
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE account SET note = printf('%.*c', 17000000, 'x')")
    offer = offer_of()
    async with billing(path, offer) as adapter:
        answers = [(await ask(adapter, offer, "1"))["1"] for _ in range(6)]
    assert answers == [
        *[SourceError(Reason.SOURCE_ERROR, "the answer is longer than allowed")] * 5,
        SourceError(Reason.CIRCUIT_OPEN, "the source has failed too often, and is left alone for a moment"),
    ]


async def test_a_value_that_is_given_too_long_is_no_fault_of_the_source(path: Path) -> None:
    """Who gives it closes the source to nobody."""
    database = SqliteDatabase(str(path), connections=1, traced=lambda text: None)
    try:
        with pytest.raises(SendError) as raised:
            await database.rows(statement_for(offer_of(), FIELDS), ["é" * 9_000_000], ())
    finally:
        await database.aclose()
    assert (raised.value.cause, raised.value.detail) == (Cause.OURS, "the database could not run the statement")


async def test_a_statement_that_nobody_waits_for_is_stopped(path: Path) -> None:
    """The deadline is kept to, and the thread is free again for the next statement."""
    endless = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT max(n) FROM c"
    slow = offer_of(query=f"SELECT no, balance, ({endless}) AS note FROM account", table="")
    async with billing(path, slow, connections=1) as adapter:
        answers = await ask(adapter, slow, "1", seconds=0.05)
        assert answers["1"].reason is Reason.DEADLINE_EXCEEDED
        start = time.monotonic()
        assert isinstance((await ask(adapter, offer_of(), "1"))["1"], Found)
    assert time.monotonic() - start < 2


async def test_statements_run_in_threads_of_a_bounded_number(path: Path) -> None:
    """As many statements run together as there are connections, and none in the event loop's thread."""
    offer = offer_of(max_batch=1, at_once=10)
    async with billing(path, offer, connections=2) as adapter:
        await ask(adapter, offer, *map(str, range(20)))
        database = adapter._database
        assert isinstance(database, SqliteDatabase)
        assert 1 <= len(database._opened) <= 2
        assert all(thread is not threading.current_thread() for thread in database._threads._threads)


async def test_errors_of_the_module_itself_are_translated_too(path: Path) -> None:
    """One without an SQLite code: more parameters than the library takes."""
    offer = offer_of(max_rows=1_000_000)
    database = SqliteDatabase(str(path), connections=1, traced=lambda text: None)
    try:
        with pytest.raises(SendError) as caught:
            await database.rows(statement_for(offer, FIELDS), range(400_000), ())
        assert caught.value.reason is Reason.SOURCE_ERROR
    finally:
        await database.aclose()


async def test_a_closed_adapter_may_never_have_been_asked(path: Path) -> None:
    """Connections are made when first needed."""
    async with billing(path, offer_of()):
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("url", "scheme"),
    [
        ("mysql://root:hunter2@db/billing", "'mysql'"),
        ("sqlite://billing.db", "'sqlite'"),
        ("sqlite:///", "'sqlite'"),
        ("postgresql:gateway:hunter2@db", "''"),
        ("u:hunter2://x", "''"),
        ("Hunter2 hunter2://x", "''"),
    ],
)
def test_another_url_is_refused_without_being_printed(url: str, scheme: str) -> None:
    """It may hold a password; only its scheme is told."""
    with pytest.raises(ValueError) as caught:
        SqlAdapter("billing", [offer_of()], url=url)
    assert f"source billing: got a URL of the scheme {scheme}; wanted sqlite:///path or" in str(caught.value)
    assert "hunter2" not in str(caught.value)

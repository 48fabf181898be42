"""The SQL adapter on a real PostgreSQL: exact values, cancellation, and what it says when the server fails."""

from __future__ import annotations

import asyncio
import gc
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from adapters.adapter import Batch, Call
from adapters.answers import Fault, Found, Page, SourceError
from adapters.records import Record
from adapters.sandbox.misbehaviour import Misbehaviour
from adapters.sandbox.postgres import PostgresServer
from adapters.sandbox.relay import Relay
from adapters.sending import SendError
from adapters.sql import By, KeyType, SqlAdapter, SqlOffer
from adapters.sql.offers import statement_for
from adapters.sql.postgres import CheckedConnection, connected
from schema.deadline import Deadline
from schema.reasons import Reason
from tests.adapters.once import ONCE
from tests.adapters.sql.entries import offer_of as entries_offer

pytestmark = pytest.mark.postgres


class Row(Record):
    value: Decimal | None


def offer_of(value: str = "1.10::numeric", **changes: Any) -> SqlOffer:
    """An offer that answers any key from 1 to 3 with the value of this expression."""
    query = f"SELECT no, {value} AS value FROM generate_series(1, 3) AS no"
    declared: dict[str, Any] = {"name": "row", "serves": "Row", "record": Row, "query": query, "key": "no"}
    return SqlOffer(**declared | {"key_type": KeyType.INTEGER} | changes)


@asynccontextmanager
async def adapter_of(offer: SqlOffer, url: str, **options: Any) -> AsyncIterator[SqlAdapter]:
    adapter = SqlAdapter("rows", [offer], url=url, **options)
    try:
        yield adapter
    finally:
        await adapter.aclose()


async def ask(adapter: SqlAdapter, *keys: str, seconds: float = 5) -> dict[str, Any]:
    offer = adapter.offers[0]
    call = Call(Deadline.after(seconds), "dpv:ServiceProvision")
    return dict(await adapter.fetch(Batch(offer, tuple(sorted(offer.record.model_fields)), keys), call))


async def until(postgres: PostgresServer, *, running: int) -> None:
    """Return when so many statements of adapters run on the server."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 AND state = 'active'"
    async with asyncio.timeout(5), connected(postgres.url("postgres")) as admin:
        while await admin.fetchval(query, "customer-view-gateway") != running:  # noqa: ASYNC110  the server tells nobody
            await asyncio.sleep(0.005)


async def test_values_come_in_exact_types(postgres: PostgresServer) -> None:
    """numeric is exact to its last zero, a date is a date, a moment has its zone, NaN is no amount."""

    class Typed(Record):
        amount: Decimal | None
        day: date | None
        moment: datetime | None
        naive: datetime | None
        nothing: Decimal | None

    columns = (
        "12345678901234567.80::numeric(20,2) AS amount, date '2020-02-29' AS day, 'NaN'::numeric AS nothing,"
        " timestamptz '2020-02-29 12:00+02' AS moment, timestamp '2020-02-29 12:00' AS naive"
    )
    offer = offer_of(record=Typed, query=f"SELECT 1 AS no, {columns}")
    async with adapter_of(offer, postgres.url("postgres")) as adapter:
        record = (await ask(adapter, "1"))["1"].record
    assert str(record["amount"]) == "12345678901234567.80"
    assert record["day"] == date(2020, 2, 29)
    assert record["moment"] == datetime(2020, 2, 29, 10, tzinfo=UTC)
    assert record["naive"] == record["nothing"] == Fault(Reason.VALUE_INVALID)


async def test_a_list_has_its_rows_in_the_declared_order(postgres: PostgresServer) -> None:
    """Rows of one key are in the order of `order_by`, and a key without rows has an empty list."""
    query = "SELECT no % 2 AS no, no * 1.5 AS value FROM generate_series(5, 1, -1) AS no"
    offer = offer_of(serves="Owner.rows", query=query, order_by=("value",), absent=Page)
    async with adapter_of(offer, postgres.url("postgres")) as adapter:
        answers = await ask(adapter, "0", "1", "2")
    assert [row["value"] for row in answers["1"].record.items] == [Decimal("1.5"), Decimal("4.5"), Decimal("7.5")]
    assert len(answers["0"].record.items) == 2
    assert answers["2"].record == Page(())


@pytest.mark.parametrize("how", ["cancelled", "late"])
async def test_who_stops_waiting_leaves_no_statement_behind(postgres: PostgresServer, how: str) -> None:
    """The server ends the statement, and the one connection answers the next."""
    slow = offer_of("(SELECT 1.0 FROM pg_sleep(30))")
    async with adapter_of(slow, postgres.url("postgres"), connections=1) as adapter:
        if how == "late":
            assert (await ask(adapter, "1", seconds=0.2))["1"].reason is Reason.DEADLINE_EXCEEDED
        else:
            task = asyncio.create_task(ask(adapter, "1"))
            await until(postgres, running=1)
            task.cancel()
            await asyncio.wait([task], timeout=1)
            assert task.cancelled()
        await until(postgres, running=0)
        adapter.offers = (offer_of(),)
        assert isinstance((await ask(adapter, "1"))["1"], Found)


async def test_the_server_itself_ends_a_statement_after_the_sources_time_limit(postgres: PostgresServer) -> None:
    """The last defence, for a cancellation that was lost; the adapter's own clock is put aside here."""
    slow = offer_of("(SELECT 1.0 FROM pg_sleep(30))")
    async with adapter_of(slow, postgres.url("postgres"), timeout=0.05) as adapter:
        ask_, call = adapter._asks(Batch(slow, ("value",), ("1",)), ("1",)), Call(Deadline.after(5), "dpv:Purpose")
        with pytest.raises(Exception, match="SOURCE_TIMEOUT: the database did not answer in time"):
            await adapter._make(ask_, call)
        assert (await ask(adapter, "1"))["1"].reason is Reason.SOURCE_TIMEOUT


async def test_the_server_is_told_about_how_much_is_left_of_each_call(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So a statement whose cancellation is lost ends soon after its deadline. Calls that are alike cost one telling."""
    told: list[str] = []
    execute = CheckedConnection.execute

    async def noted(connection: Any, query: str, *more: Any, **named: Any) -> str:
        told.append(query)
        return await execute(connection, query, *more, **named)

    monkeypatch.setattr(CheckedConnection, "execute", noted)
    setting = offer_of("(SELECT extract(epoch FROM current_setting('statement_timeout')::interval)::numeric)")
    async with adapter_of(setting, postgres.url("postgres"), connections=1, timeout=30.0) as adapter:
        found = [
            float((await ask(adapter, "1", seconds=left))["1"].record["value"]) for left in (20, 2, 1.5, 0.9, 9, 60)
        ]
    assert found[0] == 30, "the source's own limit is near enough"
    assert found[1:] == pytest.approx([4, 4, 1.8, 18, 30], abs=0.3)
    assert len(told) == 4


async def test_a_statement_that_nobody_cancels_ends_by_itself_soon_after_its_deadline(
    postgres: PostgresServer,
) -> None:
    """The adapter's own clock is put aside here."""
    slow = offer_of("(SELECT 1.0 FROM pg_sleep(30))")
    async with adapter_of(slow, postgres.url("postgres")) as adapter:
        ask_, call = adapter._asks(Batch(slow, ("value",), ("1",)), ("1",)), Call(Deadline.after(0.1), "dpv:Purpose")
        with pytest.raises(SendError, match="SOURCE_TIMEOUT: the database did not answer in time"):
            async with asyncio.timeout(5):
                await adapter._make(ask_, call)


async def test_transactions_are_read_only(postgres: PostgresServer) -> None:
    """Even a query that writes, declared by mistake, changes nothing."""
    async with connected(postgres.url("postgres")) as admin:
        await admin.execute("CREATE SEQUENCE written")
        async with adapter_of(offer_of("nextval('written')::numeric"), postgres.url("postgres")) as adapter:
            answers = await ask(adapter, "1")
        assert answers["1"] == SourceError(Reason.SOURCE_ERROR, "the database could not run the statement")
        assert await admin.fetchval("SELECT is_called FROM written") is False
        await admin.execute("DROP SEQUENCE written")


async def test_a_refused_login_or_table_is_an_auth_error(postgres: PostgresServer) -> None:
    """The gateway's credential is refused, and is printed nowhere."""
    async with connected(postgres.url("postgres")) as admin:
        await admin.execute("CREATE ROLE poor LOGIN PASSWORD 'hunter2'")
        url = postgres.url("postgres", user="poor", password="hunter3")
        async with adapter_of(offer_of(), url) as adapter:
            refused = await ask(adapter, "1")
            assert "hunter" not in f"{adapter!r} {adapter._database!r} {refused!r}"
        secret = offer_of(query="SELECT 1 AS no, 1.0 AS value FROM pg_authid")
        async with adapter_of(secret, postgres.url("postgres", user="poor", password="hunter2")) as adapter:
            forbidden = await ask(adapter, "1")
        await admin.execute("DROP ROLE poor")
    assert refused["1"] == SourceError(Reason.SOURCE_AUTH, "the database refused the login")
    assert forbidden["1"] == SourceError(Reason.SOURCE_AUTH, "the database refused access to the table")


async def test_too_many_connections_are_a_rate_limit(postgres: PostgresServer) -> None:
    """The server takes no more for now."""
    async with connected(postgres.url("postgres")) as admin:
        await admin.execute("CREATE ROLE narrow LOGIN PASSWORD 'x' CONNECTION LIMIT 0")
        async with adapter_of(offer_of(), postgres.url("postgres", user="narrow", password="x")) as adapter:
            answers = await ask(adapter, "1")
        await admin.execute("DROP ROLE narrow")
    assert answers["1"] == SourceError(Reason.SOURCE_RATE_LIMITED, "the database has no connection left")


@pytest.mark.parametrize("how", [Misbehaviour.DOWN, Misbehaviour.CUT, Misbehaviour.GARBAGE])
async def test_a_connection_that_fails_costs_its_answer_and_no_more(
    postgres: PostgresServer, how: Misbehaviour
) -> None:
    """Connections that stand and new ones fail alike; when the server is in order again, so is the adapter."""
    async with Relay(postgres.socket) as relay:
        login = postgres.url("postgres").partition("@")[0]
        async with adapter_of(offer_of(), f"{login}@{relay.host}:{relay.port}/postgres", limits=ONCE) as adapter:
            assert isinstance((await ask(adapter, "1"))["1"], Found)
            await relay.behave(how)
            failed = [(await ask(adapter, "1"))["1"].reason for _ in range(2)]
            await relay.behave(Misbehaviour.NONE)
            assert isinstance((await ask(adapter, "1"))["1"], Found)
    assert failed == [Reason.SOURCE_ERROR, Reason.SOURCE_ERROR]


async def test_a_server_that_answers_no_cancellation_is_left(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that is not given back in time is dropped: when the adapter closes, nothing hangs."""
    monkeypatch.setattr("adapters.sql.postgres._GRACE", 0.05)
    async with Relay(postgres.socket, delay=30) as relay:
        login = postgres.url("postgres").partition("@")[0]
        async with adapter_of(offer_of(), f"{login}@{relay.host}:{relay.port}/postgres") as adapter:
            await ask(adapter, "1")
            await relay.behave(Misbehaviour.SLOW)
            assert (await ask(adapter, "1", seconds=0.05))["1"].reason is Reason.DEADLINE_EXCEEDED
            started = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - started < 2
    gc.collect()


async def test_who_is_cancelled_waits_for_no_server(postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that a server keeps waiting is dropped at once, and not closed in order."""
    monkeypatch.setattr("adapters.sql.postgres._GRACE", 3_600)
    async with Relay(postgres.socket, delay=3_600) as relay, asyncio.timeout(20) as whole:
        login = postgres.url("postgres").partition("@")[0]

        async def never_answered() -> None:
            async with asyncio.timeout(0.2), connected(f"{login}@{relay.host}:{relay.port}/postgres") as connection:
                await relay.behave(Misbehaviour.SLOW)
                await connection.execute("SELECT 1")

        with pytest.raises(TimeoutError):
            await never_answered()
    assert not whole.expired()
    gc.collect()


async def test_a_pool_that_does_not_close_is_ended(postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Closing takes a bounded time even while a statement runs."""
    monkeypatch.setattr("adapters.sql.postgres._GRACE", 0.05)
    adapter = SqlAdapter("rows", [offer_of("(SELECT 1.0 FROM pg_sleep(30))")], url=postgres.url("postgres"))
    task = asyncio.create_task(ask(adapter, "1"))
    await until(postgres, running=1)
    await adapter.aclose()
    assert (await task)["1"].reason is Reason.SOURCE_ERROR
    await adapter.aclose()


async def test_a_url_that_asyncpg_cannot_read_is_an_error_of_the_source() -> None:
    """It is found when first asked; what it holds is not told."""
    async with adapter_of(offer_of(), "postgresql://a:hunter2@/x?host=/none&port=many") as adapter:
        answer = (await ask(adapter, "1"))["1"]
    assert answer == SourceError(Reason.SOURCE_ERROR, "the database's answer was not in its protocol")


async def test_pages_go_on_behind_values_of_any_type(postgres: PostgresServer) -> None:
    """To the last microsecond, and however the role has days and moments printed."""
    query = (
        "SELECT 'a' AS owner, no % 2 = 0 AS kind,"
        " timestamptz '1998-10-25 00:30:00.000001+00' + no / 3 * interval '1 us' AS moment,"
        " no * 1.10 AS value, md5(no::text)::uuid AS id FROM generate_series(1, 20) AS no"
    )
    order = (By("moment", "timestamptz"), By("kind", "boolean"), By("value", "numeric(14,2)"), By("id", "uuid"))
    whole = offer_of(query=query, serves="Owner.rows", key="owner", key_type=KeyType.TEXT, order_by=order, absent=Page)
    pages = replace(whole, max_page=3, limits_per_key=True)
    async with connected(postgres.url("postgres")) as admin:
        await admin.execute("CREATE ROLE german LOGIN PASSWORD 'x'; ALTER ROLE german SET DateStyle = 'German, DMY'")
        await admin.execute("ALTER ROLE german SET TimeZone = 'Europe/Berlin'")
        async with adapter_of(pages, postgres.url("postgres", user="german", password="x")) as adapter:
            joined = (await ask(adapter, "a"))["a"].record.items
            adapter.offers = (whole,)
            assert joined == (await ask(adapter, "a"))["a"].record.items
        await admin.execute("DROP ROLE german")
    assert len(joined) == 20


async def test_a_page_is_read_off_the_index(postgres: PostgresServer) -> None:
    """Of 2,000 rows of each key as many are read as a page holds and one more, in the plan for any values too."""
    entries = entries_offer()
    async with connected(postgres.url("postgres")) as admin:
        await admin.execute(
            "CREATE TEMP TABLE entry (owner text NOT NULL, day date, title text, no bigint NOT NULL, kind text);"
            "INSERT INTO entry SELECT 'K' || no % 10, date '2000-01-01' + (no * 7919 % 5000)::int, 't', no, 'o'"
            " FROM generate_series(1, 20000) AS no;"
            "CREATE INDEX ON entry (owner, day, title, no); ANALYZE entry"
        )
        keys = [f"K{owner}" for owner in range(10)]
        for mode in ("force_custom_plan", "force_generic_plan"):
            await admin.execute(f"SET plan_cache_mode = {mode}")
            for is_further, place in ((False, ()), (True, ("2007-01-01", "t", "1"))):
                text = statement_for(entries, ("title",), descending=True, is_further=is_further).on_postgres()
                plan = await admin.fetch(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {text}", keys, *place, "5")
                lines = [row[0] for row in plan]
                assert not [line for line in lines if "Seq Scan" in line or "Rows Removed" in line], lines
                assert [line for line in lines if re.search("Index (Only )?Scan .*rows=5.00 loops=10", line)], lines

"""Writes that stand although their connection is lost before the server says so: they are answered, and made once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any, TypeVar

import asyncpg
import pytest

from adapters.crossref import Lookup, PostgresCrossReference
from adapters.crossref.postgres.database import connected
from adapters.sandbox.postgres import PostgresServer
from tests.adapters.crossref.contract import SECRETS, Store, register_all
from tests.adapters.crossref.test_postgres_outage import be_durable

pytestmark = pytest.mark.postgres

T = TypeVar("T")

_COMMITTED = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
"""Who has committed, and waits for another server to say that it has, too."""

_LOCKED = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


@pytest.fixture
async def server() -> AsyncIterator[PostgresServer]:
    """One of its own, whose settings are changed."""
    with PostgresServer.start() as started:
        await be_durable(started)
        yield started


@pytest.fixture
async def store(server: PostgresServer) -> AsyncIterator[Store]:
    made = await PostgresCrossReference.open(server.url("postgres"), secrets=SECRETS)
    await register_all(made)
    yield made
    await made.aclose()


async def told(admin: asyncpg.Connection[asyncpg.Record], question: str) -> object:
    """Return the answer as soon as there is one."""
    async with asyncio.timeout(20):
        while (answer := await admin.fetchval(question)) is None:  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0.005)
    return answer


async def lose(server: PostgresServer, write: Coroutine[Any, Any, T]) -> T:
    """Make a write and cut its connection after it stands, before that is said; return what it answers then."""
    async with connected(server.url("postgres")) as admin:
        await admin.execute("SET synchronous_commit TO local")
        await admin.execute("ALTER SYSTEM SET synchronous_standby_names TO 'nobody'")
        await admin.execute("SELECT pg_reload_conf()")
        await told(admin, "SELECT nullif(current_setting('synchronous_standby_names'), '')")
        task = asyncio.create_task(write)
        await admin.execute("SELECT pg_terminate_backend($1)", await told(admin, _COMMITTED))
        await admin.execute("ALTER SYSTEM RESET synchronous_standby_names")
        await admin.execute("SELECT pg_reload_conf()")
        return await task


async def link(store: Store, key: str, customer: str | None = None) -> str:
    return (await store.link("crm", key, customer, asserted_by="feed")).customer


async def test_a_merge_that_was_undone_is_not_refused_as_undone_already(server: PostgresServer, store: Store) -> None:
    """Its own second attempt would find that somebody has undone it: itself."""
    survivor, loser = await link(store, "C1"), await link(store, "C2")
    merged = await store.merge(loser, survivor, actor="anna")
    undone = await lose(server, store.undo_merge(merged.seq, actor="anna"))
    assert (undone.customer, undone.seq) == (loser, merged.seq + 1)
    assert (await store.verify()).holds


async def test_a_split_is_not_refused_for_keys_that_are_gone(server: PostgresServer, store: Store) -> None:
    """They are where they shall be, and with one new customer."""
    customer = await link(store, "C1")
    await link(store, "C2", customer)
    split = await lose(server, store.split(customer, [("crm", "C2")], actor="anna"))
    found = await store.resolve(Lookup("crm", "C2"))
    assert found is not None
    assert found.customer_id == split.customer != customer
    assert (await store.verify()).holds


async def test_a_write_for_a_version_is_not_refused_for_its_own(server: PostgresServer, store: Store) -> None:
    """The version that it expects is the one that it has counted up."""
    customer = await link(store, "C1")
    await link(store, "C2", customer)
    done = await lose(server, store.unlink("crm", "C2", actor="anna", expected_version=2))
    assert (done.version, done.seq) == (3, (await store.verify()).events)


async def test_a_write_that_was_lost_with_its_connection_is_made_again(server: PostgresServer, store: Store) -> None:
    """Nobody wrote instead of it: it is made once, and the chain has no gap."""
    first = await link(store, "C1")
    async with connected(server.url("postgres")) as admin, admin.transaction():
        await admin.execute("SELECT 1 FROM tenant FOR UPDATE")
        task = asyncio.create_task(link(store, "C2"))
        await admin.execute("SELECT pg_terminate_backend($1)", await told(admin, _LOCKED))
    assert await task != first
    assert (await store.verify()).holds

"""A server that goes and comes back, under a cross-reference that stays open."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator

import pytest

from adapters.crossref import Lookup, PostgresCrossReference, SourceSystem, StoreError
from adapters.crossref.postgres.database import connected
from adapters.sandbox.postgres import PostgresServer

pytestmark = pytest.mark.postgres


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """One of its own, for it is brought down; it keeps what it said to be written, as servers do."""
    with PostgresServer.start() as started:
        asyncio.run(be_durable(started))
        yield started


async def be_durable(server: PostgresServer) -> None:
    async with connected(server.url("postgres")) as admin:
        await admin.execute("ALTER SYSTEM SET synchronous_commit TO 'on'")
        await admin.execute("SELECT pg_reload_conf()")


async def crash(server: PostgresServer) -> None:
    """Kill one of the server's processes: it ends all connections, without a word to anybody, and starts anew."""
    async with connected(server.url("postgres")) as victim:
        os.kill(victim.get_server_pid(), signal.SIGKILL)
        while not victim.is_closed():  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0.005)


async def patiently(store: PostgresCrossReference, key: str) -> str:
    """Ask until there is an answer; until then the error must say what to do."""
    async with asyncio.timeout(20):
        while True:
            try:
                found = await store.resolve(Lookup("crm", key))
            except StoreError as error:
                assert "cannot be reached; see that it runs, and try again" in str(error)  # noqa: PT017
                await asyncio.sleep(0.02)
            else:
                assert found is not None
                return found.customer_id


async def test_a_server_that_crashed_is_used_again(server: PostgresServer) -> None:
    """Nothing has to be opened again; what was written stands, and writing goes on without a gap."""
    store = await PostgresCrossReference.open(server.url("postgres"))
    await store.register_source(SourceSystem("crm"), actor="admin")
    made = await store.link("crm", "C1", asserted_by="tester")
    await asyncio.gather(*(store.resolve(Lookup("crm", "C1")) for _ in range(8)))
    await crash(server)
    assert await patiently(store, "C1") == made.customer
    assert (await store.link("crm", "C2", asserted_by="tester")).seq == made.seq + 1
    assert (await store.verify_chain()).holds
    await store.aclose()


async def test_writes_during_a_crash_are_done_or_not_done(server: PostgresServer) -> None:
    """Whoever got an answer finds the link; the chain has no gap, and no key two owners."""
    store = await PostgresCrossReference.open(server.url("postgres"))
    await store.register_source(SourceSystem("crm"), actor="admin")
    writes = [asyncio.create_task(store.link("crm", f"C{n}", asserted_by="tester")) for n in range(60)]
    while not writes[5].done():  # noqa: ASYNC110  the middle is where it is
        await asyncio.sleep(0)
    await crash(server)
    outcomes = await asyncio.gather(*writes, return_exceptions=True)
    assert all(isinstance(one, StoreError) for one in outcomes if isinstance(one, BaseException))
    await patiently(store, "C0")
    found = await store.resolve_many([Lookup("crm", f"C{n}") for n in range(60)])
    for subject, outcome in zip(found, outcomes, strict=True):
        if not isinstance(outcome, BaseException):
            assert subject is not None
            assert subject.customer_id == outcome.customer
    report = await store.verify_chain()
    assert report.holds
    assert report.events == 1 + sum(subject is not None for subject in found)
    await store.aclose()


async def test_a_server_that_is_gone_is_told(server: PostgresServer) -> None:
    """Reads and writes say so at once, and closing does not wait."""
    store = await PostgresCrossReference.open(server.url("postgres"))
    await asyncio.to_thread(server.stop)
    for call in (store.resolve(Lookup("crm", "C1")), store.register_source(SourceSystem("crm"), actor="admin")):
        with pytest.raises(StoreError, match="cannot be reached"):
            await call
    await store.aclose()

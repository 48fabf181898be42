"""A server of which all processes are killed while others write: what it has confirmed stands, and all goes on."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator
from functools import partial

import pytest

from adapters.crossref import Lookup, StoreError, open_crossref
from tests.adapters.crossref.contract import SECRETS, SOURCES, Store, register_all
from tests.adapters.crossref.killed_program import BusyProgram, busy_program
from tests.adapters.crossref.killed_server import KillableServer, killable_server
from tests.adapters.crossref.story import check_telling, performed

pytestmark = [pytest.mark.postgres, pytest.mark.processes]

BACK = 5.0
"""Seconds after the server is back in which reads and writes have to be."""

HANGS = 15.0
"""Seconds in which whoever asks is told at the latest that there is no server; what a load did before counts too."""


@pytest.fixture
def server() -> Iterator[KillableServer]:
    with killable_server() as started:
        yield started


async def refused(store: Store) -> None:
    """A read and a write are refused at once, and the words say what to do."""
    began = time.monotonic()
    for call in (store.resolve(Lookup("crm", "C-1")), store.link("crm", "C-1", asserted_by="anna")):
        with pytest.raises(StoreError, match="cannot be reached; see that it runs, and try again"):
            await call
    assert time.monotonic() - began < BACK


async def read_again(store: Store) -> float:
    """Return when a look-up is answered again."""
    while True:
        try:
            await store.resolve(Lookup("crm", "C-1"))
        except StoreError:
            await asyncio.sleep(0.01)
        else:
            return time.monotonic()


async def bring_down(server: KillableServer, program: BusyProgram, store: Store, chance: random.Random) -> None:
    """Kill the server in the middle of writes and start it again: reads and writes are back soon after it is."""
    await asyncio.to_thread(program.wait_for, chance.randrange(5, 60))
    await asyncio.sleep(chance.uniform(0, 0.03))
    server.kill()
    await refused(store)
    await asyncio.sleep(chance.uniform(0, 0.5))
    await asyncio.to_thread(server.start)
    back = await server.wait()
    read_at, written_at = await asyncio.gather(read_again(store), asyncio.to_thread(program.answered_after, back))
    assert read_at - back < BACK
    assert written_at - back < BACK
    await asyncio.to_thread(program.wait_for, 10)


async def kill_often(server: KillableServer, rounds: int) -> None:
    """Kill the server under one process after the other, each a tenant's, and under one that looks up meanwhile."""
    chance = random.Random(rounds)
    for tenant in (f"r{number}" for number in range(rounds)):
        async with open_crossref(server.url, tenant=tenant, secrets=SECRETS, kept_bytes=None) as store:
            await register_all(store)
            with busy_program(server.url, tenant) as program:
                await bring_down(server, program, store, chance)
            assert program.refusals
            assert all("; try again (" in words or "and try again (" in words for _, words in program.refusals)
            assert max(seconds for seconds, _ in program.refusals) < HANGS
            await check_telling(store, program.telling, partial(performed, store), len(SOURCES))


async def test_a_server_is_killed_while_others_write(server: KillableServer) -> None:
    """They are refused in words, and go on within five seconds; nothing that was confirmed is lost or doubled."""
    await kill_often(server, 3)


@pytest.mark.long
async def test_a_server_is_killed_often_while_others_write(server: KillableServer) -> None:
    """In the middle of whatever is written."""
    await kill_often(server, 20)

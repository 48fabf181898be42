"""Processes that are killed in the middle of their writes: what they were answered stands, the rest wholly or not."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import pytest

from adapters.crossref import open_crossref
from adapters.crossref.postgres.database import connected
from adapters.sandbox.postgres import PostgresServer
from tests.adapters.crossref.contract import SECRETS, SOURCES, register_all
from tests.adapters.crossref.killed_program import busy_program
from tests.adapters.crossref.postgres_tables import make_database
from tests.adapters.crossref.story import KINDS, check_telling, performed

pytestmark = pytest.mark.processes


@pytest.fixture
async def database(postgres: PostgresServer) -> AsyncIterator[str]:
    """The URL of one of its own, for it is filled with more than others would care to delete."""
    await make_database(postgres, "killed")
    yield postgres.url("killed")
    async with connected(postgres.url("postgres")) as admin:
        await admin.execute("DROP DATABASE killed WITH (FORCE)")


async def kill_often(place: str, rounds: int) -> set[str]:
    """Kill one process after the other, each a tenant's; return the kinds of writes that were under way."""
    chance, kinds = random.Random(rounds), set[str]()
    for number in range(rounds):
        kinds |= await kill_one(place, f"r{number}", chance, is_alone=number % 2 == 0)
    return kinds


async def kill_one(place: str, tenant: str, chance: random.Random, *, is_alone: bool) -> set[str]:
    """Kill a process that is alone with the database, or one of two: the other has it open all the time."""
    opened = partial(open_crossref, place, tenant=tenant, secrets=SECRETS)
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(opened())
        await register_all(store)
        if is_alone:
            await stack.aclose()
        with busy_program(place, tenant) as program:
            program.wait_for(chance.randrange(5, 80))
            await asyncio.sleep(chance.uniform(0, 0.03))
        assert program.said == []
        kinds = {ask.kind for ask in program.telling.open}
        if is_alone:
            store = await stack.enter_async_context(opened())
        await check_telling(store, program.telling, partial(performed, store), len(SOURCES))
    return kinds


async def test_processes_that_write_to_a_file_are_killed(path: Path) -> None:
    """Whoever opens the file next finishes its log."""
    await kill_often(f"sqlite:///{path}", 3)


@pytest.mark.postgres
async def test_processes_that_write_to_a_server_are_killed(database: str) -> None:
    """The server takes back what was under way."""
    await kill_often(database, 3)


@pytest.mark.long
async def test_processes_that_write_to_a_file_are_killed_often(path: Path) -> None:
    """In the middle of every kind of write."""
    assert await kill_often(f"sqlite:///{path}", 20) == KINDS


@pytest.mark.long
@pytest.mark.postgres
async def test_processes_that_write_to_a_server_are_killed_often(database: str) -> None:
    """In the middle of every kind of write."""
    assert await kill_often(database, 20) == KINDS

"""Three thousand calls that link two hundred keys, over sixteen connections: a key has one customer, whoever asked."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest

from adapters.crossref import open_crossref
from tests.adapters.crossref.contract import SECRETS, SOURCES, Open, Store
from tests.adapters.crossref.linkers import Answers, Linking, link_in_processes, link_over
from tests.adapters.crossref.postgres_tables import PostgresTables

FOUR_PROCESSES = 4


async def check(linking: Linking, answers: Answers) -> None:
    """Every call was answered, a key always with the same customer; one event made each, and none is missing."""
    assert len(answers) == linking.calls
    customers = dict(answers)
    assert set(answers) == set(customers.items())
    assert len(customers) == len(set(customers.values())) == linking.keys
    async with open_crossref(linking.place, secrets=SECRETS) as store:
        report = await store.verify()
    assert report.holds, report.problems
    assert report.events == len(SOURCES) + linking.keys


@pytest.mark.processes
async def test_processes_with_one_file_make_one_customer_a_key(file: str) -> None:
    """Four processes with four handles each."""
    linking = Linking(file)
    await check(linking, link_in_processes(linking, FOUR_PROCESSES))


async def test_handles_of_one_file_make_one_customer_a_key(file: str) -> None:
    """Sixteen in one process, each with a thread that writes."""
    linking = Linking(file)
    await check(linking, await link_over(linking))


async def test_who_writes_once_gets_a_turn_beside_who_loads(store: Store, path: Path) -> None:
    """In the first pause or one of the next, of which each is short: seldom asking would find none of them."""
    stop = Event()
    loading = asyncio.create_task(asyncio.to_thread(write_on_and_on, path, stop))
    await asyncio.sleep(0.05)
    began = time.monotonic()
    await store.link("crm", "C1", asserted_by="anna")
    waited = time.monotonic() - began
    stop.set()
    await loading
    assert waited < 2


def write_on_and_on(path: Path, stop: Event) -> None:
    """Keep everybody else from writing but for a hundredth of a second at a time."""
    with closing(sqlite3.connect(path, isolation_level=None, timeout=5)) as connection:
        while not stop.wait(0.01):
            connection.execute("BEGIN IMMEDIATE")
            stop.wait(0.19)
            connection.execute("COMMIT")


async def test_who_erases_keeps_nobody_waiting_for_a_reader(store: Store, open_for: Open, path: Path) -> None:
    """Such as one that verifies: the log is emptied at another time."""
    customer, other = (await store.link("crm", "C1", asserted_by="anna")).customer, await open_for()
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT 1 FROM link").fetchone()
        began = time.monotonic()
        await asyncio.gather(store.erase(customer, actor="anna"), other.link("crm", "C2", asserted_by="anna"))
        assert time.monotonic() - began < 2


@pytest.mark.postgres
@pytest.mark.processes
async def test_processes_with_one_server_make_one_customer_a_key(tables: PostgresTables) -> None:
    """Four processes with four connections each."""
    linking = Linking(tables.url)
    await check(linking, link_in_processes(linking, FOUR_PROCESSES))


@pytest.mark.postgres
async def test_connections_to_one_server_make_one_customer_a_key(tables: PostgresTables) -> None:
    """Sixteen in one process."""
    linking = Linking(tables.url)
    await check(linking, await link_over(linking))

"""Several processes that do everything to the same few keys at once: nothing hangs, and the events tell the tables."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter

import pytest

from adapters.crossref import open_crossref
from tests.adapters.crossref.contract import SECRETS
from tests.adapters.crossref.postgres_tables import PostgresTables
from tests.adapters.crossref.rivals import OPERATIONS

pytestmark = pytest.mark.processes

PROCESSES = 4


def fight(place: str, seconds: float) -> Counter[str]:
    """Return how often each operation was made, and what was refused."""
    program = [sys.executable, "-W", "error", "-m", "tests.adapters.crossref.rivals", place]
    running = [
        subprocess.Popen([*program, str(seed), str(seconds)], stdout=subprocess.PIPE, text=True)
        for seed in range(PROCESSES)
    ]
    told = Counter[str]()
    for process in running:
        out, _ = process.communicate(timeout=seconds + 120)
        assert process.returncode == 0
        told += Counter(json.loads(out))
    return told


async def check(place: str, told: Counter[str]) -> None:
    """Nobody waited in vain for another, and nothing is written by half."""
    assert [refusal for refusal in told if refusal.startswith("StoreError")] == []
    async with open_crossref(place, secrets=SECRETS) as store:
        report = await store.verify()
    assert report.holds, report.problems


async def test_processes_fight_over_a_file(file: str) -> None:
    """For some seconds."""
    await check(file, fight(file, 3))


@pytest.mark.postgres
async def test_processes_fight_over_a_server(tables: PostgresTables) -> None:
    """For some seconds."""
    await check(tables.url, fight(tables.url, 3))


@pytest.mark.long
async def test_processes_fight_long_over_a_file(file: str) -> None:
    """Long enough for every operation to have been made."""
    told = fight(file, 20)
    await check(file, told)
    assert told.keys() >= OPERATIONS.keys()


@pytest.mark.long
@pytest.mark.postgres
async def test_processes_fight_long_over_a_server(tables: PostgresTables) -> None:
    """Long enough for every operation to have been made."""
    told = fight(tables.url, 20)
    await check(tables.url, told)
    assert told.keys() >= OPERATIONS.keys()

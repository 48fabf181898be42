"""Several processes on one PostgreSQL, each keeping what it has looked up: what one writes the others see."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.adapters.crossref.postgres_tables import PostgresTables

pytestmark = [pytest.mark.postgres, pytest.mark.processes]

_OPENING = """
import asyncio, sys, time
from adapters.crossref import HkdfSecrets, Lookup, PostgresCrossReference

SECRETS = HkdfSecrets({1: b"one secret of thirty-two bytes.."})

def tell(*words):
    print(*words, time.monotonic(), flush=True)

async def main():
    store = await PostgresCrossReference.open(sys.argv[1], secrets=SECRETS, kept_bytes=1_000_000)
    tell("ready")
    await work(store)
    await store.aclose()
"""

LOOKING_UP = (
    _OPENING
    + """
async def work(store):
    read, reads, looks, told = store._reader._reader.read, 0, 0, []

    async def counted(lookups):
        nonlocal reads
        reads += 1
        return await read(lookups)

    store._reader._reader.read = counted
    while told.count("nobody") < 2:
        found = await store.resolve(Lookup("crm", "C2"))
        looks += 1
        seen = found.customer_id if found else "nobody"
        if told[-1:] != [seen]:
            told.append(seen)
            tell(seen)
        await asyncio.sleep(0.0005)
    tell(looks // reads)

asyncio.run(main())
"""
)

WRITING = (
    _OPENING
    + """
async def work(store):
    a, b = "cus_" + "a" * 32, "cus_" + "b" * 32
    await store.load([(a, {"crm": ["C1"]}), (b, {"crm": ["C2"]})], actor="t")
    tell("loaded")
    acts = {
        "merge": lambda: store.merge(b, a, actor="t"),
        "unlink": lambda: store.unlink("crm", "C2", actor="t"),
        "link": lambda: store.link("crm", "C2", a, asserted_by="t"),
        "erase": lambda: store.erase(a, actor="t"),
    }
    for line in sys.stdin:
        await acts[line.strip()]()
        tell(line.strip())

asyncio.run(main())
"""
)

_A, _B = "cus_" + "a" * 32, "cus_" + "b" * 32


class Program:
    """A process that tells what it does, and when by the clock that all processes share."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def told(self, wanted: str) -> float:
        """Return when it told this, which comes next."""
        assert self._process.stdout is not None
        words, _, at = self._process.stdout.readline().rstrip().rpartition(" ")
        assert words == wanted
        return float(at)

    def number(self) -> int:
        assert self._process.stdout is not None
        return int(self._process.stdout.readline().split()[0])


@contextmanager
def running(program: str, url: str) -> Iterator[Program]:
    arguments = [sys.executable, "-W", "error", "-c", program, url]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Program(process)
            assert process.stdin is not None
            process.stdin.close()
            assert process.wait(20) == 0
        finally:
            process.kill()


def test_what_one_process_writes_the_others_see_within_a_second(tables: PostgresTables) -> None:
    """A merge, an unlink, a link and an erasure; and most of their look-ups have not read the table meanwhile."""
    with running(WRITING, tables.url) as writer:
        writer.told("ready")
        writer.told("loaded")
        with running(LOOKING_UP, tables.url) as one, running(LOOKING_UP, tables.url) as other:
            for reader in (one, other):
                reader.told("ready")
                reader.told(_B)
            for line, sight in (("merge", _A), ("unlink", "nobody"), ("link", _A), ("erase", "nobody")):
                writer.tell(line)
                written = writer.told(line)
                for reader in (one, other):
                    assert reader.told(sight) - written < 1.0
            assert min(one.number(), other.number()) > 1

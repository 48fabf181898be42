"""Many who link the same keys at once, each over a connection of its own; as a program, one process of them."""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import asdict, dataclass, replace

from adapters.crossref import open_crossref
from tests.adapters.crossref.contract import SECRETS, Store

__all__ = ["Linking", "link_in_processes", "link_over"]


@dataclass(frozen=True, slots=True)
class Linking:
    """So many calls, which ask for so many keys in an order of their own, spread over so many connections.

    A process has `opened` of these connections, from the one of the number `first`.
    """

    place: str
    keys: int = 200
    calls: int = 3000
    connections: int = 16
    first: int = 0
    opened: int = 16

    def asked(self, connection: int) -> Sequence[str]:
        """Return the keys that this connection asks for, one after the other."""
        keys = [f"C{number % self.keys}" for number in range(self.calls)]
        random.Random(self.calls).shuffle(keys)
        return keys[connection :: self.connections]


Answers = list[tuple[str, str]]
"""Each key that was asked for, with the customer who was answered."""


async def link_over(linking: Linking, *, is_program: bool = False) -> Answers:
    """Ask over the connections of this process, all at once; a program begins when it is told to."""
    mine = range(linking.first, linking.first + linking.opened)
    async with AsyncExitStack() as stack:
        stores = [await stack.enter_async_context(open_crossref(linking.place, secrets=SECRETS)) for _ in mine]
        if is_program:
            await asyncio.to_thread(_wait)
        asking = [_ask(store, linking.asked(one)) for store, one in zip(stores, mine, strict=True)]
        several = await asyncio.gather(*asking)
    return [answer for answers in several for answer in answers]


def link_in_processes(linking: Linking, processes: int) -> Answers:
    """Ask over all connections, spread over so many processes, which begin together."""
    opened = linking.connections // processes
    with ExitStack() as stack:
        running = [
            stack.enter_context(_process(replace(linking, first=opened * number, opened=opened)))
            for number in range(processes)
        ]
        for process in running:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in running:
            assert process.stdin is not None
            process.stdin.write("begin\n")
            process.stdin.flush()
        told = [process.communicate(timeout=300)[0] for process in running]
        assert [process.returncode for process in running] == [0] * processes
    return [(key, customer) for answers in told for key, customer in json.loads(answers)]


def _process(linking: Linking) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-m", __name__, json.dumps(asdict(linking))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


async def _ask(store: Store, keys: Sequence[str]) -> Answers:
    return [(key, (await store.link("crm", key, asserted_by="feed")).customer) for key in keys]


def _wait() -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()


if __name__ == "__main__":
    json.dump(asyncio.run(link_over(Linking(**json.loads(sys.argv[1])), is_program=True)), sys.stdout)

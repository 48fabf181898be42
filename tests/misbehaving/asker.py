"""A process that runs a gateway and asks it when it is told to: `python -m tests.misbehaving.asker FOLDER BASE`.

Every line of its input is an order, as JSON, and is answered with one line of JSON:

    {"open": URL}     a new gateway, whose sick source is there; the one before is closed
    {"ask": true}     one request: whether the other source is `whole`, the `codes` of the sick one's values, the
                      `seconds`, whether the breakers are `closed`, the calls that were `sent` to it by now,
                      and for how many of the seconds the process was `starved` of a processor
    {"begin": true}   the highest memory begins anew
    {"grown": true}   the MiB by which it rose since
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from tests.misbehaving.bases import BASES
from tests.misbehaving.child import memory_from_now, most_held
from tests.misbehaving.house import House, house

__all__: list[str] = []


def main(folder: str, base: str) -> None:
    """Do what is ordered until the input ends."""
    logging.disable()  # what sources do wrong here is told by the table
    asyncio.run(_obey(Path(folder), base))


async def _obey(folder: Path, base: str) -> None:
    async with AsyncExitStack() as stack:
        asking = _Asking(folder, base, stack)
        while line := await asyncio.to_thread(sys.stdin.readline):
            sys.stdout.write(json.dumps(await asking.obey(json.loads(line))) + "\n")
            sys.stdout.flush()


class _Asking:
    def __init__(self, folder: Path, base: str, stack: AsyncExitStack) -> None:
        self._folder, self._base, self._stack = folder, BASES[base], stack
        self._opened: House | None = None
        self._held = 0.0

    async def obey(self, order: Mapping[str, Any]) -> Any:
        if "open" in order:
            await self._stack.aclose()
            self._opened = await self._stack.enter_async_context(house(self._folder, self._base, order["open"]))
            return None
        if "begin" in order:
            self._held = memory_from_now()
            return None
        return most_held() - self._held if "grown" in order else await self._ask()

    async def _ask(self) -> Mapping[str, Any]:
        assert self._opened is not None
        began, starved = time.monotonic(), _starved()
        seen = await self._opened.ask()
        return {
            "whole": seen.is_well_whole,
            "codes": sorted(seen.codes),
            "seconds": time.monotonic() - began,
            "closed": self._opened.is_closed,
            "sent": self._opened.calls.count,
            "starved": _starved() - starved,
        }


def _starved() -> float:
    """Return the seconds that this thread has waited for a processor, as Linux tells them (sched-stats)."""
    return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9


if __name__ == "__main__":
    main(*sys.argv[1:])

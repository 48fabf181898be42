"""How the process does: how late its event loop is, and what of the machine it takes."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from gateway.telemetry.metrics import catalog
from gateway.telemetry.metrics.instruments import Reading, Timings
from schema.deadline import Clock

__all__ = ["Process"]

_EVERY = 0.25
"""Seconds between two looks at how late the event loop is."""

_PAGES = Path("/proc/self/statm")


class Process:
    """Measures this process, from when it is begun."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock, self._began, self._lag = clock, clock(), Timings(catalog.LOOP_LAG)
        self._timer: asyncio.TimerHandle | None = None

    @contextmanager
    def running(self) -> Iterator[None]:
        """Look at the event loop for as long as the context lasts."""
        self._began = self._clock()
        self._look_again()
        try:
            yield
        finally:
            if self._timer is not None:
                self._timer.cancel()

    def _look_again(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + _EVERY
        self._timer = loop.call_at(due, self._look, due)

    def _look(self, due: float) -> None:
        self._lag.record((), max(0.0, asyncio.get_running_loop().time() - due))
        self._look_again()

    def read(self) -> Sequence[Reading]:
        """Return how it does."""
        spent = os.times()
        cpu = [(("user",), spent.user), (("system",), spent.system)]
        uptime = [((), self._clock() - self._began)]
        memory = _resident()
        return (
            self._lag.read(),
            Reading(catalog.CPU, cpu),
            Reading(catalog.MEMORY, [] if memory is None else [((), memory)]),
            Reading(catalog.UPTIME, uptime),
        )


def _resident() -> int | None:
    """Return the bytes of the process that are in memory, None where the system does not tell."""
    try:
        return int(_PAGES.read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None

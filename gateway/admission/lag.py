"""How late the event loop is: the time from when something was due until it has had its turn, and the work in it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from schema.deadline import Clock

__all__ = ["LoopLag"]

_EVERY = 0.02
"""Seconds from one look to the next."""


class LoopLag:
    """Looks how late the loop is, time and again, for as long as `told` returns true.

    That is given the seconds by which it was late, and how many seconds of the processor this thread has had beyond
    those of one look: none where it was late for other processes had the processor. `worked` tells all it ever had.
    """

    def __init__(self, told: Callable[[float, float], bool], clock: Clock, worked: Clock = time.thread_time) -> None:
        self._told, self._clock, self._worked = told, clock, worked
        self._next: asyncio.Handle | None = None
        self._due, self._before = 0.0, 0.0

    def start(self) -> None:
        """Look from now on."""
        self.stop()
        self._wait()

    @property
    def is_running(self) -> bool:
        """Return whether it looks."""
        return self._next is not None

    def stop(self) -> None:
        """Look no more."""
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _wait(self) -> None:
        self._due, self._before = self._clock() + _EVERY, self._worked()
        self._next = asyncio.get_running_loop().call_later(_EVERY, self._ring)

    def _ring(self) -> None:
        # a timer goes ahead of what is ready to run: what has to wait for all of that is the measure
        self._next = asyncio.get_running_loop().call_soon(self._look)

    def _look(self) -> None:
        self._next = None
        late, work = self._clock() - self._due, self._worked() - self._before - _EVERY
        if self._told(max(0.0, late), max(0.0, work)):
            self._wait()

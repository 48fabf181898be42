"""Turns at reading records, in threads of their own: whoever gives up waiting ends the thread soon, and the turn.

BusyError    so many wait for their turn already that nobody else does
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event
from typing import TypeVar

from gateway.audit.reading import Entries

__all__ = ["BusyError", "Turns"]

_T = TypeVar("_T")


class BusyError(Exception):
    """The records are being read for so many that nobody else waits. Ask again later."""


class Turns:
    """Gives turns at reading records: `at_once` of them at a time, and so many wait for theirs as `most_waiting`.

    None is taken from the event loop's own threads, which look up names and read the cross-reference.
    """

    def __init__(self, at_once: int = 1, most_waiting: int = 32) -> None:
        self._turns = asyncio.Semaphore(at_once)
        self._most_waiting, self._waiting = most_waiting, 0
        self._reading: set[asyncio.Task[object]] = set()

    async def read(self, entries: Entries, work: Callable[[Entries], _T]) -> _T:
        """Return what `work` makes of the entries in a thread. Raises BusyError, OSError, or what else `work` raises.

        Where the waiting is given up, the entries are not wanted any more, and the thread comes to its end soon.
        """
        await self._turn()
        stopped = Event()
        wanted = replace(entries, is_wanted=lambda: not stopped.is_set())
        reading = asyncio.create_task(_in_thread(wanted, work))
        self._reading.add(reading)
        reading.add_done_callback(self._ended)
        try:
            return await asyncio.shield(reading)
        finally:
            stopped.set()

    async def _turn(self) -> None:
        if self._turns.locked() and self._waiting >= self._most_waiting:
            raise BusyError("the records are being read for others")
        self._waiting += 1
        try:
            await self._turns.acquire()
        finally:
            self._waiting -= 1

    def _ended(self, reading: asyncio.Task[object]) -> None:
        self._reading.discard(reading)
        self._turns.release()
        if not reading.cancelled():
            reading.exception()  # whoever waited may have gone


async def _in_thread(entries: Entries, work: Callable[[Entries], _T]) -> _T:
    """Return what `work` makes of the entries in a thread, which ends then: so nobody has to close anything."""
    thread = ThreadPoolExecutor(1, "audit-reading")
    try:
        return await asyncio.get_running_loop().run_in_executor(thread, work, entries)
    finally:
        thread.shutdown(wait=False)

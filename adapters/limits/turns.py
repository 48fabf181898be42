"""Whose turn it is: so many calls run together, the others wait in a bounded line, the urgent ones ahead."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

__all__ = ["FullError", "Turns"]


class FullError(Exception):
    """As many wait as may."""


class Turns:
    """Turns of one source's calls. `most` returns how many may run together now, `queue` is how many may wait.

    A turn that is given back goes to who has waited longest, the urgent first. One that was granted to somebody who has
    left meanwhile goes on to the next.
    """

    def __init__(self, most: Callable[[], int], queue: int) -> None:
        self._most, self.queue = most, queue
        self._waiting: tuple[deque[asyncio.Future[None]], ...] = (deque(), deque())
        self.under_way = 0

    @property
    def waiting(self) -> int:
        """Return how many wait."""
        return sum(map(len, self._waiting))

    def take(self) -> bool:
        """Take a turn if one is free and nobody waits for it; return whether that is so."""
        if self.under_way >= self._most() or any(self._waiting):
            return False
        self.under_way += 1
        return True

    async def wait(self, seconds: float, *, is_urgent: bool = True) -> None:
        """Wait for a turn and take it. Raises FullError where too many wait, and TimeoutError when it is too late."""
        if self.waiting >= self.queue:
            raise FullError
        granted = asyncio.get_running_loop().create_future()
        line = self._waiting[0 if is_urgent else 1]
        line.append(granted)
        try:
            async with asyncio.timeout(seconds):
                await granted
        except BaseException:
            if granted.done() and not granted.cancelled():
                self.give_back()
            elif granted in line:  # else it was passed over a moment ago
                line.remove(granted)
            raise

    def give_back(self) -> None:
        """Give a turn back."""
        self.under_way -= 1
        self.grant()

    def grant(self) -> None:
        """Grant the turns that are free: also after their number has become greater."""
        while self.under_way < self._most():
            waiter = next((line.popleft() for line in self._waiting if line), None)
            if waiter is None:
                return
            if not waiter.done():
                self.under_way += 1
                waiter.set_result(None)

"""Whose turn it is: so many calls run together, the others wait in a bounded line, the urgent ones ahead."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable

__all__ = ["FullError", "Turns"]

_ONE_OF = 10
"""Of so many turns that are granted one is had by who is not urgent and waits: what holds a turn of its offer and waits
for one of its source would else hold up the urgent calls of this offer for ever."""

_Line = OrderedDict["asyncio.Future[None]", None]
"""Who waits, in order: one that leaves is found at once, however many there are."""


class FullError(Exception):
    """As many wait as may."""


class Turns:
    """Turns of one source's calls. `most` returns how many may run together now, `queue` is how many may wait.

    A turn that is given back goes to who has waited longest, the urgent first. One that was granted to somebody who has
    left meanwhile goes on to the next. Where as many wait as may, who is urgent has the place of the last who is not.
    """

    def __init__(self, most: Callable[[], float], queue: int) -> None:
        self._most, self.queue = most, queue
        self._urgent, self._others = _Line(), _Line()
        self.under_way, self._in_a_row = 0, 0

    @property
    def waiting(self) -> int:
        """Return how many wait."""
        return len(self._urgent) + len(self._others)

    def ahead(self, *, is_urgent: bool) -> int:
        """Return how many would go before one who waits from now on."""
        return len(self._urgent) if is_urgent else self.waiting

    def take(self) -> bool:
        """Take a turn if one is free and nobody waits for it; return whether that is so."""
        if self.under_way >= self._most() or self._urgent or self._others:
            return False
        self.under_way += 1
        return True

    async def wait(self, seconds: float, *, is_urgent: bool = True) -> None:
        """Wait for a turn and take it. Raises FullError where too many wait, and TimeoutError when it is too late."""
        if self.waiting >= self.queue:
            self._make_room(is_urgent=is_urgent)
        granted = asyncio.get_running_loop().create_future()
        line = self._urgent if is_urgent else self._others
        line[granted] = None
        try:
            async with asyncio.timeout(seconds):
                await granted
        except BaseException:
            if granted.done() and not granted.cancelled() and granted.exception() is None:
                self.give_back()
            line.pop(granted, None)
            raise

    def give_back(self) -> None:
        """Give a turn back."""
        self.under_way -= 1
        self.grant()

    def grant(self) -> None:
        """Grant the turns that are free: also after their number has become greater."""
        while (self._urgent or self._others) and self.under_way < self._most():
            waiter, _ = self._next().popitem(last=False)
            if not waiter.done():
                self.under_way += 1
                waiter.set_result(None)

    def _next(self) -> _Line:
        if not (self._urgent and self._others):
            return self._urgent or self._others
        self._in_a_row = (self._in_a_row + 1) % _ONE_OF
        return self._urgent if self._in_a_row else self._others

    def _make_room(self, *, is_urgent: bool) -> None:
        """Send the last who is not urgent away, or raise FullError where there is none or who comes is none either."""
        if not (is_urgent and self._others):
            raise FullError
        waiter, _ = self._others.popitem()
        if not waiter.done():
            waiter.set_exception(FullError())

"""When calls may start: by the rates of a source or of an offer, and by how long it has asked to be left alone."""

from __future__ import annotations

import math
from collections.abc import Sequence

from adapters.limits.rates import Books, Rate

__all__ = ["Pace"]


class Pace:
    """Keeps each rate twice: what is planned, by which calls wait in their order, and what has started.

    A call that has had its rate may have to wait for its turn after that. So it starts later than was planned, and
    beside calls that were planned for then: what has started is looked at last, right before it does.
    """

    __slots__ = ("_planned", "_started", "held_until", "rates")

    def __init__(self, rates: Sequence[Rate], share: float) -> None:
        self.rates, self.held_until = tuple(rates), -math.inf
        self._planned: list[Books] = [rate.opened(share) for rate in rates]
        self._started: list[Books] = [rate.opened(share) for rate in rates]

    def change(self, rates: Sequence[Rate], share: float) -> None:
        """Go on by other rates; books of the same model are gone on with."""
        self.rates = tuple(rates)
        self._planned, self._started = (_gone_on(old, rates, share) for old in (self._planned, self._started))

    def hold(self, until: float) -> None:
        """Have no call start before this moment."""
        self.held_until = max(self.held_until, until)

    def wait(self, now: float, cost: float) -> float:
        """Return the seconds until one more call may start, behind all that are planned."""
        return max([self.held_until - now, *[one.wait(now, cost) for one in self._planned], 0.0])

    def plan(self, at: float, cost: float) -> None:
        """Plan a call for this moment."""
        for one in self._planned:
            one.book(at, cost)

    def drop(self, at: float, cost: float) -> None:
        """Drop what was planned: it is not sent."""
        for one in self._planned:
            one.unbook(at, cost)

    def late(self, now: float, cost: float) -> float:
        """Return the seconds that a call which was planned has yet to wait, for what has started."""
        return max([self.held_until - now, *[one.wait(now, cost) for one in self._started], 0.0])

    def start(self, at: float, cost: float) -> None:
        """Note that a call starts."""
        for one in self._started:
            one.book(at, cost)

    def take_back(self, at: float, cost: float) -> None:
        """Take back that it has started: nothing was sent."""
        for one in self._started:
            one.unbook(at, cost)

    def spent(self, now: float, seconds: float) -> None:
        """Note how long a call has taken."""
        for books in (self._planned, self._started):
            for one in books:
                one.spent(now, seconds)

    def left(self, now: float, count: float) -> None:
        """Take the source's word for how much is left of the first rate."""
        for books in (self._planned, self._started):
            if books:
                books[0].left(now, count)


def _gone_on(old: Sequence[Books], rates: Sequence[Rate], share: float) -> list[Books]:
    """Return books of these rates: of the old ones each is gone on with once, where one is of the same model."""
    free, books = list(old), list[Books]()
    for rate in rates:
        known = next((one for one in free if one.become(rate, share)), None)
        if known is not None:
            free.remove(known)
        books.append(known or rate.opened(share))
    return books

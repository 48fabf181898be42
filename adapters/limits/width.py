"""How many calls a source bears together: fewer when it becomes slower under them, more when they are all in use.

The rule is of the kind of TCP Vegas and of Netflix's concurrency-limits: the number follows the ratio of the time that
calls take now to the least that they have taken. The mean of long ago, which the latter compares with, follows a source
that stays overloaded; here the least is forgotten by half in ten minutes, and so a source that has become slower for
good has its calls again.
"""

from __future__ import annotations

from dataclasses import dataclass

from adapters.limits.declared import Width

__all__ = ["Adapting"]

_TOLERANCE = 2.0
"""How many times the least a call may take before the number is made smaller."""
_SMOOTHING = 0.2
"""How much of the way to the number that would be right is gone with each call."""
_NOW = 0.1
"""The weight of one more call in what calls take now."""
_ROOM = 4
"""How many calls more are tried than have been found right: else the number would never grow."""
_BACK_OFF = 0.8
"""What is left of the number when a call is not answered in time, or the source says that there are too many."""
_OF = 20
"""Calls of which the mean is taken, the least of which counts: a single quick one says little."""
_FORGOTTEN = 600.0
"""Seconds in which the least becomes twice as much."""


@dataclass(slots=True)
class _Times:
    """The seconds that calls of one kind took: the least mean, as of a moment, and those that make the next one."""

    least: float = 0.0
    at: float = 0.0
    sum: float = 0.0
    count: int = 0
    mean: float = 0.0

    def add(self, seconds: float, now: float) -> None:
        self.mean = _moved(self.mean, seconds)
        self.sum += seconds
        self.count += 1
        if self.count == _OF:
            grown = self.least * 2 ** ((now - self.at) / _FORGOTTEN)
            of_these = self.sum / _OF
            self.least, self.at = (min(grown, of_these) if self.least else of_these), now
            self.sum, self.count = 0.0, 0


class Adapting:
    """The number of calls to one source that may run together.

    `limit` is the number. Times are kept for each offer, and apart for few and for many keys: some calls take longer by
    nature. `mean` are the
    seconds that a call to the source takes now, 0.0 while none was answered.
    """

    def __init__(self, width: Width) -> None:
        self.width = width
        self._limit, self.limit = float(width.most), width.most
        self._least = min(width.least, width.most)
        self._times: dict[tuple[str, int], _Times] = {}
        self._means: dict[str, float] = {}
        self._ratio, self._is_slow_since, self.mean = 1.0, 0.0, 0.0

    def change(self, width: Width) -> None:
        """Go on within other bounds; a number that nothing has made smaller is the most again."""
        is_most, self.width, self._least = self._limit >= self.width.most, width, min(width.least, width.most)
        self._set(width.most if is_most or not width.adapts else self._limit)

    def answered(self, offer: str, keys: int, seconds: float, under_way: int, now: float) -> None:
        """Take note of what an answered call of so many keys took, while so many were under way with it."""
        kind = (offer, keys.bit_length())
        times = self._times.get(kind)
        if times is None:
            times = self._times[kind] = _Times()
        times.add(seconds, now)
        self.mean = _moved(self.mean, seconds)
        self._means[offer] = _moved(self._means.get(offer, 0.0), seconds)
        if times.least:
            self._ratio += (seconds / times.least - self._ratio) * _NOW
        if self.width.adapts and 2 * under_way >= self._limit:  # else it is not what holds calls up
            right = self._limit * max(0.5, min(1.0, _TOLERANCE / self._ratio)) + _ROOM
            self._set(self._limit + (right - self._limit) * _SMOOTHING)

    def failed(self, began: float, now: float) -> None:
        """Take note that a call which began then was not answered in time, or refused for there were too many.

        Calls that were under way together make the number smaller once.
        """
        if self.width.adapts and began >= self._is_slow_since:
            self._is_slow_since = now
            self._set(self._limit * _BACK_OFF)

    def usual(self, offer: str, keys: int) -> float | None:
        """Return the seconds that such a call takes now, None where none was answered yet."""
        times = self._times.get((offer, keys.bit_length()))
        return None if times is None else times.mean

    def usual_of(self, offer: str) -> float | None:
        """Return the seconds that calls to an offer take now, however many keys they ask; None as above."""
        return self._means.get(offer)

    def _set(self, limit: float) -> None:
        self._limit = max(self._least, min(self.width.most, limit))
        self.limit = int(self._limit)


def _moved(mean: float, seconds: float) -> float:
    return seconds if not mean else mean + (seconds - mean) * _NOW

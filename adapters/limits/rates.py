"""How often a source may be called, in the source's own model: a window, a bucket, points, or time of execution.

A model keeps books of what was booked, and tells how long the next call has to wait; it never sleeps. The seconds are
those of the clock that its caller reads.
"""

from __future__ import annotations

from bisect import insort
from collections import deque
from dataclasses import dataclass
from heapq import merge
from itertools import repeat
from typing import Protocol

__all__ = ["Bucket", "Execution", "Points", "Rate", "Window"]

_MOST = 100_000
"""The most calls of a window: each is remembered."""
_MOST_SECONDS = 1_000_000
_PARTS = 100
"""Parts of the time for which time of execution is added up."""


class Rate(Protocol):
    """A model that is declared; `opened` begins its books."""

    def opened(self, share: float) -> Books:
        """Return empty books for this share of the rate, from 0 to 1: of several processes each takes its own."""


class Books(Protocol):
    """What was booked of one rate."""

    def wait(self, now: float, cost: float) -> float:
        """Return the seconds until a call of this cost may start, 0.0 when it may at once."""

    def book(self, at: float, cost: float) -> None:
        """Book a call that starts at this moment, which `wait` has allowed."""

    def unbook(self, at: float, cost: float) -> None:
        """Take back what was booked for this moment: the call was never sent."""

    def left(self, now: float, count: float) -> None:
        """Take the source's word for how much is left; more than our own books have left is not believed."""

    def spent(self, now: float, seconds: float) -> None:
        """Note how long a call has taken."""

    def become(self, rate: Rate, share: float) -> bool:
        """Go on as the books of this share of another rate, with what was booked; return whether they can."""


@dataclass(frozen=True, slots=True, repr=False)
class Window:
    """At most `calls` in any `seconds`: whatever window the source counts in, it sees no more.

    HubSpot: 100 in 10 s. Companies House: 600 in 300 s. Dynamics 365: 6,000 in 300 s.
    """

    calls: int
    seconds: float

    def __post_init__(self) -> None:
        if not 1 <= self.calls <= _MOST or not 0 < self.seconds <= 86_400:
            raise ValueError(
                f"got {self.calls} calls in {self.seconds} s; wanted 1 to {_MOST} calls, and seconds above 0 and up "
                "to 86400"
            )

    def __repr__(self) -> str:
        return f"Window({self.calls}, {self.seconds:g})"

    def opened(self, share: float) -> Books:
        """Return empty books."""
        return _Window(self, share)


class _Window:
    """When calls started, or will, in their order."""

    def __init__(self, rate: Window, share: float) -> None:
        self._starts: deque[float] = deque()
        self.become(rate, share)

    def become(self, rate: Rate, share: float) -> bool:
        if not isinstance(rate, Window):
            return False
        self._calls, self._seconds = max(1, int(rate.calls * share)), rate.seconds
        return True

    def wait(self, now: float, cost: float) -> float:
        starts = self._starts
        while starts and starts[0] <= now - self._seconds:
            starts.popleft()
        if len(starts) < self._calls:
            return 0.0
        return starts[len(starts) - self._calls] + self._seconds - now

    def book(self, at: float, cost: float) -> None:
        if not self._starts or at >= self._starts[-1]:
            self._starts.append(at)
        else:
            insort(self._starts, at)

    def unbook(self, at: float, cost: float) -> None:
        if at in self._starts:
            self._starts.remove(at)

    def left(self, now: float, count: float) -> None:
        gone = self._calls - len(self._starts) - max(0, int(count))
        if gone > 0:  # at once: there may be a hundred thousand, and some are planned for later
            self._starts = deque(merge(self._starts, repeat(now, gone)))

    def spent(self, now: float, seconds: float) -> None:
        """Nothing of it counts here."""


@dataclass(frozen=True, slots=True, repr=False)
class Bucket:
    """`size` calls at once, refilled by `per_second`: the leaky bucket of many gateways (GCRA, ITU-T I.371)."""

    size: float
    per_second: float

    def __post_init__(self) -> None:
        if not 1 <= self.size <= _MOST or not 0 < self.per_second <= _MOST:
            raise ValueError(
                f"got a size of {self.size} and {self.per_second} a second; wanted a size from 1, and a rate above 0, "
                f"both up to {_MOST}"
            )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.size:g}, {self.per_second:g})"

    def opened(self, share: float) -> Books:
        """Return full books."""
        return _Bucket(self, share)


@dataclass(frozen=True, slots=True, repr=False)
class Points(Bucket):
    """A bucket of points, of which a call costs as many as its adapter says: Shopify has 2,000, and 100 a second."""


class _Bucket:
    """What is in it at `_at`: what is booked for later makes it less than nothing."""

    def __init__(self, rate: Bucket, share: float) -> None:
        self._kind, self._level, self._at = type(rate), float("inf"), float("-inf")
        self.become(rate, share)

    def become(self, rate: Rate, share: float) -> bool:
        if not isinstance(rate, Bucket) or type(rate) is not self._kind:
            return False
        self._size, self._per_second = max(1.0, rate.size * share), rate.per_second * share
        self._level = min(self._level, self._size)
        return True

    def wait(self, now: float, cost: float) -> float:
        self._fill(now)
        lacking = self._price(cost) - self._level
        return max(0.0, lacking / self._per_second)

    def book(self, at: float, cost: float) -> None:
        self._level -= self._price(cost)

    def unbook(self, at: float, cost: float) -> None:
        self._level = min(self._size, self._level + self._price(cost))

    def left(self, now: float, count: float) -> None:
        self._fill(now)
        self._level = min(self._level, max(0.0, count))

    def spent(self, now: float, seconds: float) -> None:
        """Nothing of it counts here."""

    def _price(self, cost: float) -> float:
        # what costs more than there can ever be goes when the bucket is full: the source has the last word
        return min(cost, self._size) if self._kind is Points else 1.0

    def _fill(self, now: float) -> None:
        if now > self._at:
            grown = 0.0 if self._at == float("-inf") else (now - self._at) * self._per_second
            self._level, self._at = min(self._size, self._level + grown), now


@dataclass(frozen=True, slots=True, repr=False)
class Execution:
    """At most so many `seconds` of the source's own time in any `within` seconds: Dynamics 365 has 1,200 in 300.

    A call is let go while there is time left; what it took is booked when it has ended.
    """

    seconds: float
    within: float

    def __post_init__(self) -> None:
        if not 0 < self.seconds <= _MOST_SECONDS or not 0 < self.within <= 86_400:
            raise ValueError(
                f"got {self.seconds} s in {self.within} s; wanted both above 0, the first up to {_MOST_SECONDS}, and "
                "the second up to 86400"
            )

    def __repr__(self) -> str:
        return f"Execution({self.seconds:g}, {self.within:g})"

    def opened(self, share: float) -> Books:
        """Return empty books."""
        return _Execution(self, share)


class _Execution:
    """What calls took is added up for each part of the time: `_took` holds when a part began, and its seconds."""

    def __init__(self, rate: Execution, share: float) -> None:
        self._took: deque[tuple[float, float]] = deque()
        self._sum = 0.0
        self.become(rate, share)

    def become(self, rate: Rate, share: float) -> bool:
        if not isinstance(rate, Execution):
            return False
        self._most, self._within = rate.seconds * share, rate.within
        return True

    def wait(self, now: float, cost: float) -> float:
        self._forget(now)
        over, wait = self._sum - self._most, 0.0
        for at, seconds in self._took:
            if over < 0:
                break
            over, wait = over - seconds, at + self._within * (1 + 1 / _PARTS) - now
        return wait

    def book(self, at: float, cost: float) -> None:
        """What it takes is known at its end."""

    def unbook(self, at: float, cost: float) -> None:
        """Nothing was booked."""

    def left(self, now: float, count: float) -> None:
        """No source tells it."""

    def spent(self, now: float, seconds: float) -> None:
        self._forget(now)
        if self._took and now - self._took[-1][0] < self._within / _PARTS:
            at, before = self._took.pop()
            self._took.append((at, before + seconds))
        else:
            self._took.append((now, seconds))
        self._sum += seconds

    def _forget(self, now: float) -> None:
        # a part is forgotten when its last call may be
        while self._took and self._took[0][0] + self._within * (1 + 1 / _PARTS) <= now:
            self._sum -= self._took.popleft()[1]

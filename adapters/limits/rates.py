"""How often a source may be called, in the source's own model: a window, a bucket, points, or time of execution.

A model keeps books of what was booked, and tells how long the next call has to wait; it never sleeps. The seconds are
those of the clock that its caller reads.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol

__all__ = ["Bucket", "Execution", "Points", "Rate", "Window"]

_MOST = 100_000
"""The most calls of a window: each is remembered."""
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


class Window:
    """At most `calls` in any `seconds`: whatever window the source counts in, it sees no more.

    HubSpot: 100 in 10 s. Companies House: 600 in 300 s. Dynamics 365: 6,000 in 300 s.
    """

    def __init__(self, calls: int, seconds: float) -> None:
        if not 1 <= calls <= _MOST or not 0 < seconds <= 86_400:
            raise ValueError(
                f"got {calls} calls in {seconds} s; wanted 1 to {_MOST} calls, and seconds above 0 and up to 86400"
            )
        self.calls, self.seconds = calls, seconds

    def __repr__(self) -> str:
        return f"Window({self.calls}, {self.seconds:g})"

    def opened(self, share: float) -> Books:
        """Return empty books."""
        return _Window(max(1, int(self.calls * share)), self.seconds)


class _Window:
    def __init__(self, calls: int, seconds: float) -> None:
        self._calls, self._seconds = calls, seconds
        self._starts: deque[float] = deque()

    def wait(self, now: float, cost: float) -> float:
        starts = self._starts
        while starts and starts[0] <= now - self._seconds:
            starts.popleft()
        if len(starts) < self._calls:
            return 0.0
        return starts[len(starts) - self._calls] + self._seconds - now

    def book(self, at: float, cost: float) -> None:
        self._starts.append(at)

    def unbook(self, at: float, cost: float) -> None:
        if at in self._starts:
            self._starts.remove(at)

    def left(self, now: float, count: float) -> None:
        for _ in range(self._calls - len(self._starts) - max(0, int(count))):
            self._starts.append(now)

    def spent(self, now: float, seconds: float) -> None:
        """Nothing of it counts here."""


class Bucket:
    """`size` calls at once, refilled by `per_second`: the leaky bucket of many gateways (GCRA, ITU-T I.371)."""

    def __init__(self, size: float, per_second: float) -> None:
        if not 1 <= size <= _MOST or not 0 < per_second <= _MOST:
            raise ValueError(
                f"got a size of {size} and {per_second} a second; wanted a size from 1, and a rate above 0, both up to "
                f"{_MOST}"
            )
        self.size, self.per_second = size, per_second

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.size:g}, {self.per_second:g})"

    def opened(self, share: float) -> Books:
        """Return full books."""
        return _Bucket(max(1.0, self.size * share), self.per_second * share, costs=False)


class Points(Bucket):
    """A bucket of points, of which a call costs as many as its adapter says: Shopify has 2,000, and 100 a second."""

    def opened(self, share: float) -> Books:
        """Return full books."""
        return _Bucket(max(1.0, self.size * share), self.per_second * share, costs=True)


class _Bucket:
    """What is in it at `_at`: what is booked for later makes it less than nothing."""

    def __init__(self, size: float, per_second: float, *, costs: bool) -> None:
        self._size, self._per_second, self._costs = size, per_second, costs
        self._level, self._at = size, float("-inf")

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
        self._level = min(self._level, count)

    def spent(self, now: float, seconds: float) -> None:
        """Nothing of it counts here."""

    def _price(self, cost: float) -> float:
        # what costs more than there can ever be goes when the bucket is full: the source has the last word
        return min(cost, self._size) if self._costs else 1.0

    def _fill(self, now: float) -> None:
        if now > self._at:
            grown = 0.0 if self._at == float("-inf") else (now - self._at) * self._per_second
            self._level, self._at = min(self._size, self._level + grown), now


class Execution:
    """At most so many `seconds` of the source's own time in any `within` seconds: Dynamics 365 has 1,200 in 300.

    A call is let go while there is time left; what it took is booked when it has ended.
    """

    def __init__(self, seconds: float, within: float) -> None:
        if seconds <= 0 or not 0 < within <= 86_400:
            raise ValueError(f"got {seconds} s in {within} s; wanted both above 0, and the second up to 86400")
        self.seconds, self.within = seconds, within

    def __repr__(self) -> str:
        return f"Execution({self.seconds:g}, {self.within:g})"

    def opened(self, share: float) -> Books:
        """Return empty books."""
        return _Execution(self.seconds * share, self.within)


class _Execution:
    """What calls took is added up for each part of the time: `_took` holds when a part began, and its seconds."""

    def __init__(self, seconds: float, within: float) -> None:
        self._most, self._within = seconds, within
        self._took: deque[tuple[float, float]] = deque()
        self._sum = 0.0

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

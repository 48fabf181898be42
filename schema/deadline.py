"""The moment by which an answer has to leave, and how much of the time until then is for asking sources."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = ["Clock", "Deadline", "for_sources"]

Clock = Callable[[], float]
"""A monotonic clock, in seconds. Injected, so that tests own the time."""


_MOST_RESERVED, _LEAST_RESERVED = 0.1, 0.01


def for_sources(seconds: float) -> float:
    """Return for how much of a request's time sources are waited for.

    A tenth of it is kept for putting together what has come by then, at most 0.1 s, and at least 0.01 s or half of it.
    """
    return seconds - min(max(seconds / 10, min(seconds / 2, _LEAST_RESERVED)), _MOST_RESERVED)


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on a monotonic clock. `is_wish`: who asks has made it sooner than it would have been, so that being late
    by it is nobody's fault.

    Example:
        >>> now = [100.0]
        >>> deadline = Deadline.after(1.5, clock=lambda: now[0])
        >>> now[0] = 101.0
        >>> deadline.remaining()
        0.5
    """

    at: float
    clock: Clock = field(default=time.monotonic, repr=False, compare=False)
    is_wish: bool = field(default=False, kw_only=True, repr=False, compare=False)

    @classmethod
    def after(cls, seconds: float, *, clock: Clock = time.monotonic) -> Deadline:
        """Return the deadline that many seconds from now."""
        return cls(clock() + seconds, clock)

    def remaining(self) -> float:
        """Return the seconds left, 0.0 when the moment has passed."""
        return max(0.0, self.at - self.clock())

    def is_over(self) -> bool:
        """Return whether the moment has passed."""
        return self.clock() >= self.at

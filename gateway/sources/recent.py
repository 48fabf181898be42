"""What the calls to one source came to in the last minute, and how it last failed: bounded, and without a value."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from schema.reasons import Reason

__all__ = ["MINUTE", "MOST_CALLS", "Failure", "Minute", "Recent"]

MINUTE = 60.0
MOST_CALLS = 1_000
"""The most calls that are remembered of a source: of one that is called more often, the last ones of the minute."""


@dataclass(frozen=True, slots=True)
class Failure:
    """How a source failed: of which offer, by which code and constant text, and when by the clock."""

    offer: str
    code: Reason
    detail: str
    at: float


@dataclass(frozen=True, slots=True)
class Minute:
    """A source's last minute: calls that have ended, how many of these failed, and how many were sent again, or not
    sent at all. `p50` and `p95` are seconds that answered calls took, None where none was answered."""

    calls: int
    failed: int
    repeated: int
    unsent: int
    p50: float | None
    p95: float | None

    @property
    def error_rate(self) -> float | None:
        """Return the share of the calls that failed, None where there were none."""
        return self.failed / self.calls if self.calls else None


class Recent:
    """The last minute of one source, as far as it is told, and its last `failure`."""

    __slots__ = ("_calls", "_repeated", "_unsent", "failure")

    def __init__(self) -> None:
        self._calls: deque[tuple[float, float | None]] = deque(maxlen=MOST_CALLS)
        self._repeated: deque[float] = deque(maxlen=MOST_CALLS)
        self._unsent: deque[float] = deque(maxlen=MOST_CALLS)
        self.failure: Failure | None = None

    def answered(self, at: float, seconds: float) -> None:
        """Note a call that was answered in so many seconds."""
        self._calls.append((at, seconds))

    def failed(self, at: float) -> None:
        """Note a call that was not answered."""
        self._calls.append((at, None))

    def repeated(self, at: float) -> None:
        """Note a call that is sent again."""
        self._repeated.append(at)

    def unsent(self, at: float) -> None:
        """Note a call that a limit of ours refused."""
        self._unsent.append(at)

    def minute(self, now: float) -> Minute:
        """Return what the minute before this moment came to."""
        since = now - MINUTE
        calls = [seconds for at, seconds in self._calls if at > since]
        took = sorted(seconds for seconds in calls if seconds is not None)
        return Minute(
            len(calls),
            len(calls) - len(took),
            sum(at > since for at in self._repeated),
            sum(at > since for at in self._unsent),
            _part(took, 0.50),
            _part(took, 0.95),
        )


def _part(ordered: Sequence[float], share: float) -> float | None:
    """Return the least value that so large a share of them does not exceed (the nearest rank)."""
    return ordered[math.ceil(share * len(ordered)) - 1] if ordered else None

"""How many calls may be sent again: a share of all calls, and a few beside, so that a sick source is not asked more."""

from __future__ import annotations

from collections import deque

from adapters.limits.declared import Repeating
from schema.deadline import Clock

__all__ = ["Budget"]

_WITHIN = 10.0
"""Seconds over which calls are counted."""
_SLOTS = 10
"""Parts of them in which they are counted together."""


class Budget:
    """What is left for repeating calls to one source (the retry budget of Finagle and linkerd).

    In any ten seconds calls are repeated at most as often as `share` of the calls of these seconds, and `floor` times
    for each second.
    """

    def __init__(self, rule: Repeating, clock: Clock) -> None:
        self.rule, self._clock = rule, clock
        self._slots: deque[list[float]] = deque()
        self._calls = self._repeated = 0

    def count(self) -> None:
        """Count a call that was not made before."""
        self._slot()[1] += 1
        self._calls += 1

    def take(self) -> bool:
        """Return whether one more call may be repeated, and count it if so."""
        slot = self._slot()
        if self._repeated + 1 > self._calls * self.rule.share + self.rule.floor * _WITHIN:
            return False
        slot[2] += 1
        self._repeated += 1
        return True

    def left(self) -> int:
        """Return how many calls may be repeated now. Nothing is changed by it: another thread may ask."""
        counted = [slot for slot in tuple(self._slots) if self._clock() - slot[0] < _WITHIN]
        calls, repeated = (sum(slot[at] for slot in counted) for at in (1, 2))
        return max(0, int(calls * self.rule.share + self.rule.floor * _WITHIN - repeated))

    def _slot(self) -> list[float]:
        """Return the counts of this part of the time: when it began, calls, repeated ones."""
        now, slots = self._clock(), self._slots
        if slots and now - slots[-1][0] < _WITHIN / _SLOTS:
            return slots[-1]
        while slots and now - slots[0][0] >= _WITHIN:
            _, calls, repeated = slots.popleft()
            self._calls -= int(calls)
            self._repeated -= int(repeated)
        slots.append([now, 0, 0])
        return slots[-1]

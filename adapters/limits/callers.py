"""Callers whose own credential a source is asked with, and which it wants fewer calls of: it bears those of others."""

from __future__ import annotations

from collections import OrderedDict

from schema.deadline import Clock

__all__ = ["Callers"]

_MOST = 1_000
"""Credentials of which it is known; the one that was held first is forgotten first."""


class Callers:
    """Until when each of them leaves the source alone. No credential is kept, but what tells it from others."""

    __slots__ = ("_clock", "_until")

    def __init__(self, clock: Clock) -> None:
        self._clock, self._until = clock, OrderedDict[int, float]()

    def __len__(self) -> int:
        return len(self._until)

    def hold(self, credential: str, seconds: float) -> None:
        """Have this caller leave the source alone for so many seconds."""
        known = hash(credential)
        self._until[known] = max(self._until.pop(known, 0.0), self._clock() + seconds)
        if len(self._until) > _MOST:
            self._until.popitem(last=False)

    def is_held(self, credential: str) -> bool:
        """Return whether this caller is to leave the source alone now."""
        return bool(self._until) and self._clock() < self._until.get(hash(credential), 0.0)

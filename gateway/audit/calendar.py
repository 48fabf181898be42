"""Whether the machine's clock can be relied on to say what is old: of one that jumps ahead everything would be."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

__all__ = ["Calendar"]

_FAR = timedelta(days=2)
"""How far a clock can come to be ahead of what was known without it being doubted."""
_LONG_ENOUGH = 86_400.0
"""Seconds for which a doubted clock has to go on before it is relied on."""


class Calendar:
    """Watches one clock from look to look. `clock` is another one, which nobody sets: in seconds since any time."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seen: tuple[float, float] | None = None
        self._doubted_at: float | None = None

    def is_doubted(self, now: float, newest: date | None) -> bool:
        """Return whether it may be another day than the clock says, `now` in seconds since 1970.

        It is doubted for a day when it has gone ahead by more than time has; and when the `newest` records of before
        today are older than that, at the first look: a process knows nothing of the time before it.
        """
        at = self._clock()
        if self._seen is None:
            ahead = timedelta() if newest is None else datetime.fromtimestamp(now, UTC).date() - newest
        else:
            ahead = timedelta(seconds=(now - self._seen[0]) - (at - self._seen[1]))
        self._seen = now, at
        if ahead > _FAR:
            self._doubted_at = at
        if self._doubted_at is not None and at - self._doubted_at >= _LONG_ENOUGH:
            self._doubted_at = None
        return self._doubted_at is not None

"""The time of day that never goes back, nor leaps ahead for a moment: what is over stays over, and nothing else is."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from threading import Lock

from schema.deadline import Clock

__all__ = ["Now", "WallClock"]

Now = Callable[[], float]
"""Tells the time in seconds since 1970."""

_MOST_BACK = 1.0
"""Seconds by which the system's clock is followed back, by standing still: so far it is corrected in passing."""

_MOST_AHEAD = 5.0
"""Seconds by which the system's clock is followed ahead at once."""
_BELIEVED_AFTER = 60.0
"""Seconds for which the system's clock has to stand by a leap ahead until that is taken."""

_WENT_BACK = "the system's clock went back by %.1f s; until it has come there again, time goes on evenly here"
_WENT_AHEAD = "the system's clock went ahead by %.1f s; until it has said so for a minute, time goes on evenly here"

_log = logging.getLogger(__name__)


class WallClock:
    """Tells the time of `now`, but never less than it has told; `clock` runs evenly.

    Where `now` goes back by more than a second, time goes on evenly from where it was, until `now` has come there: a
    grant or a verification that is over would hold again else. Where it leaps ahead by more than five seconds, time
    goes on evenly until `now` has stood by that for a minute, with no other time in between: what was taken is never
    given back, so all that holds for a while would be over until a restart. Each is logged once. Safe for threads.
    """

    def __init__(self, now: Now = time.time, clock: Clock = time.monotonic) -> None:
        self._now, self._clock, self._lock = now, clock, Lock()
        self._latest = now()
        self._ahead = self._latest - clock()
        self._leap: tuple[float, float] | None = None  # how far ahead, and since when
        self._told = ""

    def __call__(self) -> float:
        """Return the seconds since 1970."""
        with self._lock:
            told, steady = self._now(), self._clock()
            if self._is_followed(told - steady, steady):
                self._ahead, self._leap, self._told = told - steady, None, ""
            else:
                told = steady + self._ahead
            self._latest = max(self._latest, told)
            return self._latest

    def _is_followed(self, ahead: float, steady: float) -> bool:
        """Return whether the system's clock, which is so far ahead of the even one, is followed."""
        by = ahead - self._ahead
        if by < -_MOST_BACK:
            self._leap = None
            self._tell(_WENT_BACK, -by)
            return False
        if by <= _MOST_AHEAD:
            return True
        if self._leap is None or abs(ahead - self._leap[0]) > _MOST_AHEAD:
            self._leap = ahead, steady
        self._tell(_WENT_AHEAD, by)
        return steady - self._leap[1] >= _BELIEVED_AFTER

    def _tell(self, text: str, seconds: float) -> None:
        if text != self._told:
            _log.error(text, seconds)
            self._told = text

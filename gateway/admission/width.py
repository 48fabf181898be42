"""How many requests are worked on together: fewer when the event loop lags behind under them, more when it does not.

It follows how long work waits for the processor, and not how long requests take, as limits on one service's clients do
(TCP Vegas, Netflix's concurrency-limits): most of a request's time is that of sources, and a slow source is no reason
to refuse the requests for others. WeChat's DAGOR (Zhou and others, "Overload Control for Scaling WeChat Microservices",
2018) measures the time in the queue for this reason too.
"""

from __future__ import annotations

from collections import deque

__all__ = ["Width"]

_LEAST = 16
"""Requests that are always worked on together: with fewer the sources' time is all that is waited for."""
_MOST_LAG = 0.015
"""Seconds for which a step of work may wait for its turn in the event loop. A request has ten to twenty such steps:
that makes a quarter of a second. At 50 ms requests of two seconds spent most of them here (measured)."""
_WORK = 0.005
"""Seconds of work that stand before it where the loop is busy. With less it waits for other processes alone: to work on
fewer requests would not help, and would leave the processor idle while sources answer."""
_SAMPLES = 3
"""Lags whose median counts: a collection of garbage holds up one."""
_SEVERE = 0.2
"""Three lags of so many seconds would last too long: one counts, and a number that was made smaller in vain is soon
what it was."""
_BACK_OFF, _SEVERE_BACK_OFF = 0.7, 0.25
_FIRST = 64
_DOUBLES, _GROWTH = 2.0, 1.1
"""It is doubled till there is a first lag, as the window of TCP is (RFC 5681, "slow start"): a thousand requests that
come at once are not all begun at once, and where they only wait for sources they are after a tenth of a second."""


class Width:
    """The number of requests that are worked on together, up to `most`. It grows while half of it is in use."""

    def __init__(self, most: int) -> None:
        self.most, self.least = most, min(_LEAST, most)
        self._lags: deque[tuple[float, float]] = deque(maxlen=_SAMPLES)
        self.forget()

    def lagged(self, seconds: float, work: float, under_way: int) -> None:
        """Take note of how late the event loop was, for so many seconds of work, with so many requests under way."""
        self._lags.append((seconds, work))
        is_severe = seconds > _SEVERE and work > _WORK
        self.lag, work = (seconds, work) if is_severe else sorted(self._lags)[len(self._lags) // 2]
        if self.lag > _MOST_LAG and work > _WORK:
            if is_severe or len(self._lags) == _SAMPLES:
                least = _SEVERE_BACK_OFF if is_severe else _BACK_OFF
                self._set(min(self._limit, under_way) * max(least, _MOST_LAG / self.lag))
                self._lags.clear()  # what was measured under more requests says nothing of fewer
                self._growth = _GROWTH
        elif (self.lag < _MOST_LAG / 2 or work <= _WORK) and 2 * under_way >= self._limit:
            self._set(self._limit * self._growth + 1)

    def forget(self) -> None:
        """Begin anew: nothing is under way."""
        self._growth, self.lag = _DOUBLES, 0.0
        self._lags.clear()
        self._set(_FIRST)

    def _set(self, limit: float) -> None:
        self._limit = max(self.least, min(self.most, limit))
        self.limit = int(self._limit)

"""What operators read when a source fails: one line for each kind of failure, and not one for each request."""

from __future__ import annotations

import logging
import time

from schema.deadline import Clock
from schema.observer import Event, Failed

__all__ = ["FailureLog"]

_QUIET = 10.0
"""Seconds in which the same failure is told once; how often it happened is told with the next line."""

_log = logging.getLogger(__name__)


class FailureLog:
    """An observer that logs failures: source, offer, reason and a constant text, never a key or a value."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._told: dict[tuple[str, str, str, str], tuple[float, int]] = {}

    def note(self, event: Event) -> None:
        """Log a failure, unless it was told a moment ago. There are as many kinds as sources have offers."""
        if not isinstance(event, Failed):
            return  # a call that failed is told by its keys
        kind, now = (event.source, event.offer, str(event.reason), event.detail), self._clock()
        told_at, untold = self._told.get(kind, (-_QUIET, 0))
        untold += event.keys
        if now - told_at < _QUIET:
            self._told[kind] = (told_at, untold)
            return
        self._told[kind] = (now, 0)
        why = f" ({event.detail})" if event.detail else ""
        keys = "key" if untold == 1 else "keys"
        _log.warning("%s.%s: %s for %d %s%s", event.source, event.offer, event.reason, untold, keys, why)

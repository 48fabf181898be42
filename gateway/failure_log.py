"""What operators read when a source or the cross-reference fails: a line for each kind of failure, and not one for each
request."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Hashable

from schema.deadline import Clock
from schema.observer import Event, Failed, Invalid
from schema.reasons import Reason

__all__ = ["FailureLog", "OutageFilter", "Repeats"]

_QUIET = 10.0
"""Seconds in which the same failure is told once; how often it happened is told with the next line."""
_MOST_KINDS = 1_000
"""How many kinds are known at once; of further ones the oldest is forgotten."""

_ABSENT = "the source's record does not have it"
_OF_ANOTHER_TYPE = "what the source's record has is not of the type that the model declares"

_log = logging.getLogger(__name__)


class Repeats:
    """Which failures were told a moment ago, by their kind: of these it is counted how often they happened."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._told: dict[Hashable, tuple[float, int]] = {}

    def untold(self, kind: Hashable, times: int = 1) -> int | None:
        """Return how often it has happened since it was told, these times included, when it is to be told again.

        None when it is not.
        """
        now = self._clock()
        told_at, untold = self._told.get(kind, (-math.inf, 0))
        untold += times
        is_due = now - told_at >= _QUIET
        self._told[kind] = (now, 0) if is_due else (told_at, untold)
        if len(self._told) > _MOST_KINDS:
            del self._told[next(iter(self._told))]
        return untold if is_due else None


class OutageFilter(logging.Filter):
    """Lets through a failure that every request can meet once in ten seconds, and with it how many it has met.

    These are the records with an `outage`, its kind: that of the cross-reference, or a place where the gateway itself
    has failed. Others all pass.
    """

    def __init__(self, clock: Clock = time.monotonic) -> None:
        super().__init__()
        self._repeats = Repeats(clock)

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record is to be told."""
        kind = getattr(record, "outage", None)
        if kind is None:
            return True
        times = self._repeats.untold(kind)
        if times is not None and times > 1:
            record.msg = f"{record.msg}; {times} requests since it was told"
        return times is not None


class FailureLog:
    """An observer that logs failures: source, offer, reason and a constant text, never a key or a value; of values that
    are invalid their coordinate too."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._repeats = Repeats(clock)

    def note(self, event: Event) -> None:
        """Log a failure, unless it was told a moment ago. There are as many kinds as sources have offers and fields."""
        if isinstance(event, Failed):
            self._failed(event)
        elif isinstance(event, Invalid):
            self._invalid(event)
        # a call that failed is told by its keys

    def _failed(self, event: Failed) -> None:
        kind = (event.source, event.offer, str(event.reason), event.detail)
        untold = self._repeats.untold(kind, event.keys)
        if untold is None:
            return
        why = f" ({event.detail})" if event.detail else ""
        keys = "key" if untold == 1 else "keys"
        _log.warning("%s.%s: %s for %d %s%s", event.source, event.offer, event.reason, untold, keys, why)

    def _invalid(self, event: Invalid) -> None:
        kind = (event.source, event.offer, event.coordinate, event.is_absent)
        untold = self._repeats.untold(kind, event.values)
        if untold is None:
            return
        why = _ABSENT if event.is_absent else _OF_ANOTHER_TYPE
        values = "value" if untold == 1 else "values"
        told = (event.source, event.offer, Reason.VALUE_INVALID, untold, values, event.coordinate, why)
        _log.warning("%s.%s: %s for %d %s of %s (%s)", *told)

"""The limits of a source as its adapter declares them, ready to be kept."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from adapters.limits.breaker import State
from adapters.limits.declared import Limits, Width
from adapters.limits.source import SourceLimits
from schema.deadline import Clock
from schema.reasons import Reason

__all__ = ["BreakerLog", "open_limits"]

_log = logging.getLogger("adapters.limits")

_STILL = "the circuit breaker of %s is open still, after %.0f s: tried %d times in vain, the last with %s"
_BETWEEN = 60.0
"""Seconds after which a breaker that is open still is logged again: it is tried in vain every second."""


def open_limits(
    source: str,
    limits: Limits | SourceLimits | None,
    timeout: float | None,
    at_once: int | None,
    *,
    bound: int | None = None,
) -> SourceLimits:
    """Return the limits of a source, narrowed to this timeout and so many calls together.

    Where none are declared, these two are what is. Limits that are open already are taken as they are. A breaker that
    opens or closes is logged (`BreakerLog`). `bound` is that of SourceLimits.
    """
    if isinstance(limits, SourceLimits):
        return limits
    if limits is None:
        limits = Limits(timeout=timeout, width=Width() if at_once is None else Width(most=at_once))
    return SourceLimits(limits.narrowed(timeout, at_once), bound=bound, told=BreakerLog(source).note)


class BreakerLog:
    """Logs when a breaker of a source opens and closes; while it stays open once a minute, by calls that find out."""

    def __init__(self, source: str, clock: Clock = time.monotonic) -> None:
        self._source, self._clock = source, clock
        self._spells: dict[str | None, _Spell] = {}

    def note(self, offer: str | None, state: State, failed: Reason | None) -> None:
        """Log a change of state, where it is one for who reads it."""
        of, spell, now = self._source, self._spells.get(offer), self._clock()
        if offer is not None:
            of = f"{of}, offer {offer},"
        if state is State.CLOSED and spell is not None:
            del self._spells[offer]
            _log.warning("the circuit breaker of %s is closed again, after %.0f s", of, now - spell.began)
        elif state is State.OPEN and spell is None:
            self._spells[offer] = _Spell(now, now)
            _log.warning("the circuit breaker of %s is open: the last call failed with %s", of, failed)
        elif state is State.OPEN and spell is not None:
            spell.tries += 1
            if now - spell.logged >= _BETWEEN:
                _log.warning(_STILL, of, now - spell.began, spell.tries, failed)
                spell.logged = now


@dataclass(slots=True)
class _Spell:
    """A time in which a breaker is not closed: when it began and was last logged, and how often it was tried."""

    began: float
    logged: float
    tries: int = 0

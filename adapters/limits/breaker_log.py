"""What is logged of breakers: when one opens and closes, and that it is open still."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from adapters.limits.breaker import State
from schema.deadline import Clock
from schema.reasons import Reason

__all__ = ["BreakerLog"]

_log = logging.getLogger("adapters.limits")

_STILL = "the circuit breaker of %s is open still, after %.0f s: tried %d times in vain, the last with %s"
_BETWEEN = 60.0
"""Seconds after which a breaker that is open still is logged again: it is tried in vain every second."""


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

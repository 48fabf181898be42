"""Whether requests can be answered now: the gateway is open, and its cross-reference answers."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from adapters.crossref import CrossReferenceError, Lookup, StoredCrossReference
from gateway.service import NotOpenError, Service
from schema.deadline import Clock

__all__ = ["Readiness"]

_EVERY = 1.0
"""Seconds for which an answer holds: anybody may ask, and as often as they like."""
_PATIENCE = 1.0
"""Seconds that the cross-reference has."""

_NOBODY = Lookup(None, "nobody")

_log = logging.getLogger(__name__)


class Readiness:
    """Looks nobody up in the cross-reference, at most once a second: what every request needs. No source is asked."""

    def __init__(self, service: Callable[[], Service], clock: Clock = time.monotonic) -> None:
        self._service, self._clock = service, clock
        self._due, self._is_ready = clock(), True

    async def is_ready(self) -> bool:
        """Return whether requests can be answered. Who asks while somebody else is asking is told what was so before.

        When that changes it is logged.
        """
        try:
            crossref = self._service().crossref
        except NotOpenError:
            self._due, self._is_ready = self._clock(), True  # opened anew, it is asked anew
            return False
        if crossref is not None and self._clock() >= self._due:
            self._due = self._clock() + _EVERY
            self._settle(await _fault(crossref))
        return self._is_ready

    def _settle(self, fault: str | None) -> None:
        was_ready, self._is_ready = self._is_ready, fault is None
        if was_ready and fault is not None:
            _log.error("not ready: the cross-reference cannot be read: %s", fault)
        elif not was_ready and fault is None:
            _log.warning("ready again: the cross-reference can be read")


async def _fault(crossref: StoredCrossReference) -> str | None:
    try:
        async with asyncio.timeout(_PATIENCE):
            await crossref.resolve(_NOBODY)
    except CrossReferenceError as error:
        return str(error)
    except TimeoutError:
        return f"no answer within {_PATIENCE:g} s"
    return None

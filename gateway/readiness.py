"""Whether requests can be answered now: the gateway is open, its cross-reference answers, the audit can write, and no
source is left alone without which the operator wants no requests."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from adapters.crossref import CrossReferenceError, Lookup, StoredCrossReference
from gateway.audit import AuditLog
from gateway.service import NotOpenError, Service
from gateway.sources import TOO_LONG, SourceStates
from schema.deadline import Clock

__all__ = ["Readiness"]

_EVERY = 1.0
"""Seconds for which an answer holds: anybody may ask, and as often as they like."""
_PATIENCE = 1.0
"""Seconds that the cross-reference has."""

_NOBODY = Lookup(None, "nobody")

_log = logging.getLogger(__name__)


class Readiness:
    """Looks nobody up in the cross-reference, and tries to record where that has failed, at most once a second: what
    every request needs. No source is asked: whether one is left alone is known by what requests have met."""

    def __init__(self, service: Callable[[], Service], clock: Clock = time.monotonic) -> None:
        self._service, self._clock = service, clock
        self._due, self._is_ready = clock(), True

    async def is_ready(self) -> bool:
        """Return whether requests can be answered. Who asks while somebody else is asking is told what was so before.

        When that changes it is logged.
        """
        try:
            service = self._service()
        except NotOpenError:
            self._due, self._is_ready = self._clock(), True  # opened anew, it is asked anew
            return False
        if self._clock() >= self._due:
            self._due = self._clock() + _EVERY
            fault = None if service.crossref is None else await _fault(service.crossref)
            self._settle(fault or await _unwritten(service.audit) or _left_alone(service.sources))
        return self._is_ready

    def _settle(self, fault: str | None) -> None:
        was_ready, self._is_ready = self._is_ready, fault is None
        if was_ready and fault is not None:
            _log.error("not ready: %s", fault)
        elif not was_ready and fault is None:
            _log.warning("ready again")


async def _unwritten(audit: AuditLog | None) -> str | None:
    """Return why nothing can be recorded, None where it can, or need not be."""
    if audit is None:
        return None
    await audit.try_again()
    return None if audit.fault is None else f"requests cannot be recorded: {audit.fault}"


def _left_alone(sources: SourceStates | None) -> str | None:
    """Return which sources are left alone for too long, of those without which no request is to come here."""
    alone = () if sources is None else sources.left_alone()
    return f"left alone for more than {TOO_LONG:g} s: {', '.join(alone)}" if alone else None


async def _fault(crossref: StoredCrossReference) -> str | None:
    try:
        async with asyncio.timeout(_PATIENCE):
            await crossref.resolve(_NOBODY)
    except CrossReferenceError as error:
        return f"the cross-reference cannot be read: {error}"
    except TimeoutError:
        return f"the cross-reference cannot be read: no answer within {_PATIENCE:g} s"
    return None

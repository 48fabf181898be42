"""Gather: asks of concurrent requests that differ in their keys alone go out as one fetch."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Hashable, Iterator
from contextvars import Context
from dataclasses import replace

from adapters.adapter import Adapter, Batch, Call
from adapters.answers import SourceError
from adapters.offers import Offer
from adapters.waiters import Gathered, Waiter, leave
from adapters.waiting_line import WaitingLine
from schema.deadline import Clock
from schema.reasons import Reason

__all__ = ["Gather", "Gathered", "leave"]

_GRACE = 0.02
"""Seconds after its deadline at which an ask is answered without its source. An adapter ends its calls at the deadline
and hands over what it has, and that is not to be thrown away; who cannot wait for it leaves."""

_GRAIN = 0.001
"""The least seconds between two looks at who is late."""

_TO_END = 1.0
"""The most seconds that closing waits for fetches that were cut."""

_LATE = SourceError(Reason.DEADLINE_EXCEEDED, "the adapter had not answered when the request's time was over")
_CLOSED = SourceError(Reason.SOURCE_ERROR, "the gateway is closing")


class Gather:
    """Stands before an adapter, for the requests of one event loop.

    *Who shares.* Asks made in one turn of the loop go out as one fetch when they are equal in all that the source can
    see but the keys: offer, fields, arguments, part of a list, purpose and case. An ask with a caller's credential
    never shares, whatever is equal, where the adapter forwards it; one that says that it does not is not given it. Nor
    does an ask with a permit, which holds for its own request's customers, and it does not wait for others. Each
    ask is a future of its own, which holds the answers of its own keys in a new mapping: always a value, never an
    exception. Keys go in order of arrival, at most as many in a fetch as the offer takes in one call, and an ask
    depends on no fetch but that of its own keys. An ask of more keys than that, and every ask of an offer that takes
    one key a call, shares only with one of the same keys: such fetches split into calls, of which the offer bounds how
    many run together.

    *How many.* Of the fetches that asks of other keys could share, at most `offer.in_flight` are under way together.
    What is asked meanwhile waits, and more asks join it. All else does not wait here, for no call would be saved by it:
    what nobody could share, an ask of more keys than a call takes, and whatever is asked of an offer that takes one key
    a call. How many of those calls run together is bounded by the adapter (`at_once` of the source).

    *Whose.* A shared fetch runs in an empty context, and stands in the traces of all who wait for it. It lives until
    the last deadline of those who wait for it, and is cut when nobody does. An ask whose own deadline passes is
    answered with DEADLINE_EXCEEDED.

    *One bad key.* Where a shared fetch brings SOURCE_ERROR, SOURCE_MISMATCH or SOURCE_INCOMPLETE for keys of an ask,
    these may be another's fault: they are asked again, once, apart from the others' (equal keys together). When the
    fetch has brought nothing, and all that was then asked apart has failed as well, the source is taken to be down:
    nothing more of the offer is asked apart for a second, or until a fetch brings something. So a source that is down
    is asked at most twice for what was under way, and once for nearly all that follows.
    """

    def __init__(self, adapter: Adapter, *, clock: Clock = time.monotonic) -> None:
        self._adapter, self._clock = adapter, clock
        self._forwards = bool(getattr(adapter, "forwards_credential", True))
        self._lines: dict[Offer, tuple[WaitingLine, WaitingLine]] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._wakes_at, self._is_closed = math.inf, False

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._adapter!r})"

    def ask(self, batch: Batch, call: Call) -> asyncio.Future[Gathered]:
        """Return the future of the answers for exactly the keys of the batch. To cancel it is to leave.

        `call.deadline` is read on this gather's clock. Nothing is sent for an ask that has left, or whose deadline has
        passed, before its turn has come.
        """
        if call.credential is not None and not self._forwards:
            call = replace(call, credential=None)
        waiter = Waiter(batch, call)
        if self._is_closed or not batch.keys:
            waiter.end(_CLOSED)
            return waiter
        shared, single = self._lines.get(batch.offer) or self._opened(batch.offer)
        if call.credential is not None or call.permit is not None:
            single.join(waiter, waiter)
        elif 1 < shared.size >= len(batch.keys):
            shared.join(_told(batch, call), waiter)
        else:
            single.join((batch.keys, _told(batch, call)), waiter)
        if waiter.until < self._wakes_at:
            self._wake(waiter.until)
        return waiter

    async def aclose(self) -> None:
        """Answer all who wait with SOURCE_ERROR and cut the fetches. What is asked later is answered so at once."""
        self._is_closed = True
        if self._timer is not None:
            self._timer.cancel()
        for waiter in list(self._waiters()):
            waiter.end(_CLOSED)
        if self._ending:
            await asyncio.wait(self._ending, timeout=_TO_END)

    def _opened(self, offer: Offer) -> tuple[WaitingLine, WaitingLine]:
        """Return the offer's lines: for asks that share fetches, and for those that cannot."""
        size = offer.keys_a_call
        shared, single = (
            WaitingLine(self._adapter, size, most, clock=self._clock, ending=self._ending)
            for most in (offer.in_flight, math.inf)
        )
        self._lines[offer] = (shared, single)
        return shared, single

    def _waiters(self) -> Iterator[Waiter]:
        for lines in self._lines.values():
            for line in lines:
                yield from line.waiters()

    def _wake(self, at: float) -> None:
        """Have those looked at that are late at this moment. One timer serves all: most asks end long before it."""
        if self._timer is not None:
            self._timer.cancel()
        self._wakes_at = at
        after = max(_GRAIN, at + _GRACE - self._clock())
        self._timer = asyncio.get_running_loop().call_later(after, self._end_late, context=Context())

    def _end_late(self) -> None:
        self._timer, self._wakes_at, late = None, math.inf, self._clock() - _GRACE
        waiting = [waiter for waiter in self._waiters() if not waiter.done()]
        for waiter in waiting:
            if waiter.until <= late:
                waiter.end(_LATE)
        ahead = [waiter.until for waiter in waiting if waiter.until > late]
        if ahead and min(ahead) < math.inf:
            self._wake(min(ahead))


def _told(batch: Batch, call: Call) -> Hashable:
    """Return what the source is told beside the keys.

    Values that are equal and not the same (1 and True, the same moment in two zones) are not told alike.
    """
    arguments = batch.arguments and (batch.arguments, repr(batch.arguments))
    return (batch.fields, arguments, batch.slice, call.purpose, call.case)

"""Every call on the wire is told to those who observe, and has its place in the trace of the request."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from typing import Generic

from adapters.adapter import Call
from adapters.sending import AskT, ReplyT, Send, SendError, UnsentError
from schema.deadline import Clock
from schema.observer import Sent, UnderWay, tell
from schema.reasons import Reason
from schema.tracing import SendSpan

__all__ = ["Observed"]


@dataclass(frozen=True, slots=True)
class Observed(Generic[AskT, ReplyT]):
    """Reports every call that has ended to the call's observer."""

    inner: Send[AskT, ReplyT]
    source: str
    clock: Clock = time.monotonic

    async def send(self, ask: AskT, call: Call) -> ReplyT:
        """Make the call and tell how it ended; one that was not sent is not told.

        One that is cancelled has asked the source all the same, and is told as DEADLINE_EXCEEDED; before the deadline,
        as left.
        """
        batch, span = ask.batch, None
        if call.trace is not None:
            span = call.trace.sending(self.source, batch.offer.name, len(ask.keys))
            call = replace(call, traceparent=span.traceparent)
        fields, keys, clock = batch.fields, len(ask.keys), self.clock
        this = UnderWay(self.source, batch.offer.name, fields, keys, call.attempt, clock(), clock)
        others = call.under_way
        if others is not None:
            others.add(this)
        try:
            reply = await self.inner.send(ask, call)
        except BaseException as error:
            if isinstance(error, SendError) and not isinstance(error, UnsentError):
                _tell(this.ended(error.reason), call, span)
            elif isinstance(error, asyncio.CancelledError):
                is_left = not call.deadline.is_over()
                _tell(this.ended(Reason.DEADLINE_EXCEEDED, is_left=is_left), call, span, is_cut=True)
            elif span is not None:
                span.end(None)
            raise
        finally:
            if others is not None:
                others.discard(this)
        _tell(this.ended(None), call, span)
        return reply


def _tell(event: Sent, call: Call, span: SendSpan | None, *, is_cut: bool = False) -> None:
    if span is not None:
        span.end(None if is_cut else event)
    tell(call.observer, event)

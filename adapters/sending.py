"""One call on the wire: the seam that deadlines, limits and counting wrap.

    SendError          one call failed; carries the reason of every key it asked
    NotPermittedError  nothing was sent: some of the keys may not be asked any more
    StalePermitError   nothing was sent: which keys may be asked has to be found out anew

`fetch` asks a batch, `send` makes one call. What a source sees, and what a retry repeats, is a `send`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, Protocol, TypeVar

from adapters.adapter import Batch, Call, Permit
from adapters.answers import Denied, Key
from schema.deadline import Clock
from schema.observer import Sent, tell
from schema.reasons import Reason

__all__ = ["Ask", "AtOnce", "InTime", "NotPermittedError", "Observed", "Ready", "Send", "SendError"]
__all__ += ["StalePermitError", "last_look"]

AskT_contra = TypeVar("AskT_contra", bound="Ask", contravariant=True)
ReplyT_co = TypeVar("ReplyT_co", covariant=True)
AskT = TypeVar("AskT", bound="Ask")

Ready = Callable[[], None]
"""What is called when a call's connection is had, right before its first byte; it raises where nothing may be sent."""
ReplyT = TypeVar("ReplyT")


@dataclass(frozen=True, slots=True)
class Ask:
    """What one call asks: some keys of a batch. Protocol bases add what goes on the wire."""

    batch: Batch
    keys: Sequence[Key] = field(repr=False)


class SendError(Exception):
    """One call failed. `detail` is a constant text of ours: no host, key or text of the source."""

    def __init__(self, reason: Reason, detail: str) -> None:
        self.reason, self.detail = reason, detail
        super().__init__(f"{reason}: {detail}")


class NotPermittedError(Exception):
    """Nothing was sent: `denied` are those of the call's keys that may not be asked, with their answers."""

    def __init__(self, denied: Mapping[Key, Denied]) -> None:
        self.denied = denied
        super().__init__(f"{len(denied)} keys may not be asked")


class StalePermitError(Exception):
    """Nothing was sent: which of the call's keys may be asked was found out too long ago by then."""


def last_look(ask: Ask, call: Call) -> Ready | None:
    """Return what a protocol calls right before the first byte; None where nothing has to let the call.

    Where some of the keys may not be asked at that moment it raises NotPermittedError; where that has to be found out
    anew, StalePermitError. Either passes through `send`, with the connection given back unused.
    """
    return None if call.permit is None else partial(_look, ask.keys, call.permit)


def _look(keys: Sequence[Key], permit: Permit) -> None:
    denied = permit.denied(keys)
    if denied is None:
        raise StalePermitError("what lets the call was read too long ago")
    if denied:
        raise NotPermittedError(denied)


class Send(Protocol[AskT_contra, ReplyT_co]):
    """Makes one call; a wrapper implements what it wraps."""

    def send(self, ask: AskT_contra, call: Call) -> Awaitable[ReplyT_co]:
        """Return the source's reply, or raise SendError."""


@dataclass(frozen=True, slots=True)
class Wire(Generic[AskT, ReplyT]):
    """The innermost send: a plain function."""

    make: Callable[[AskT, Call], Awaitable[ReplyT]]

    def send(self, ask: AskT, call: Call) -> Awaitable[ReplyT]:
        """Make the call."""
        return self.make(ask, call)


@dataclass(frozen=True, slots=True)
class InTime(Generic[AskT, ReplyT]):
    """Ends a call at its deadline or after the source's own time limit (seconds), a dripping body included."""

    inner: Send[AskT, ReplyT]
    limit: float | None = None

    async def send(self, ask: AskT, call: Call) -> ReplyT:
        """Make the call, or raise SendError(SOURCE_TIMEOUT or DEADLINE_EXCEEDED)."""
        remaining = call.deadline.remaining()
        own = self.limit is not None and self.limit < remaining
        if remaining <= 0:
            raise SendError(Reason.DEADLINE_EXCEEDED, "no time was left to send the call")
        try:
            async with asyncio.timeout(self.limit if own else remaining) as scope:
                return await self.inner.send(ask, call)
        except TimeoutError:
            if scope.expired() and not own:
                raise SendError(Reason.DEADLINE_EXCEEDED, "the request's deadline passed during the call") from None
            raise SendError(Reason.SOURCE_TIMEOUT, "the source's own time limit passed") from None


class AtOnce(Generic[AskT, ReplyT]):
    """Lets at most `limit` calls to the source run together; the others wait their turn, until their deadline.

    A call that needs a permit is held against it when its turn has come, which spares connecting in vain; the inner
    send does so again once it has a connection (`last_look`). To find the permit out anew the turn is given back, and
    the connection: the call by which it is found out may be one to this very source.
    """

    def __init__(self, inner: Send[AskT, ReplyT], limit: int) -> None:
        self.inner = inner
        self._turns = asyncio.Semaphore(limit)

    async def send(self, ask: AskT, call: Call) -> ReplyT:
        """Make the call when its turn has come.

        Raises, without having sent anything, SendError(DEADLINE_EXCEEDED), or NotPermittedError if some of the keys may
        not be asked at that moment.
        """
        if call.permit is not None:
            return await self._send_permitted(ask, call, call.permit)
        await self._take_turn(call)
        try:
            return await self._send_now(ask, call)
        finally:
            self._turns.release()

    async def _send_permitted(self, ask: AskT, call: Call, permit: Permit) -> ReplyT:
        while True:
            await self._take_turn(call)
            try:
                denied = permit.denied(ask.keys)
                if denied:
                    raise NotPermittedError(denied)
                if denied is not None or call.deadline.is_over():
                    return await self._send_now(ask, call)
            except StalePermitError:  # by the time that a connection was had
                pass
            finally:
                self._turns.release()
            await permit.renew()

    async def _send_now(self, ask: AskT, call: Call) -> ReplyT:
        if call.deadline.is_over():
            raise SendError(Reason.DEADLINE_EXCEEDED, "no time was left to send the call")
        return await self.inner.send(ask, call)

    async def _take_turn(self, call: Call) -> None:
        if not self._turns.locked():
            await self._turns.acquire()  # is had at once
            return
        try:
            async with asyncio.timeout(call.deadline.remaining()):
                await self._turns.acquire()
        except TimeoutError:
            raise SendError(
                Reason.DEADLINE_EXCEEDED, "the deadline passed while the call waited for its turn"
            ) from None


@dataclass(frozen=True, slots=True)
class Observed(Generic[AskT, ReplyT]):
    """Reports every call that has ended to the call's observer."""

    inner: Send[AskT, ReplyT]
    source: str
    clock: Clock = time.monotonic

    async def send(self, ask: AskT, call: Call) -> ReplyT:
        """Make the call and tell how it ended; a cancelled call is not told."""
        start = self.clock()
        try:
            reply = await self.inner.send(ask, call)
        except SendError as error:
            self._tell(ask, call, start, error.reason)
            raise
        self._tell(ask, call, start, None)
        return reply

    def _tell(self, ask: Ask, call: Call, start: float, outcome: Reason | None) -> None:
        batch = ask.batch
        event = Sent(self.source, batch.offer.name, batch.fields, len(ask.keys), self.clock() - start, outcome)
        tell(call.observer, event)

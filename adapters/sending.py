"""One call on the wire: the seam that deadlines, limits and counting wrap.

    SendError          one call failed; carries the reason of every key it asked
    └── UnsentError    nothing was sent: a limit of ours refused the call, or it cannot be said
    NotPermittedError  nothing was sent: some of the keys may not be asked any more
    StalePermitError   nothing was sent: which keys may be asked has to be found out anew

`fetch` asks a batch, `send` makes one call. What a source sees, and what a retry repeats, is a `send`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import Generic, Protocol, TypeVar

from adapters.adapter import Batch, Call, Permit
from adapters.answers import Denied, Key
from schema.reasons import Reason

__all__ = [
    "Ask",
    "Cause",
    "InTime",
    "NotPermittedError",
    "Ready",
    "Send",
    "SendError",
    "StalePermitError",
    "UnsentError",
    "Wire",
    "last_look",
]

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

    @property
    def cost(self) -> float:
        """Return what the call costs at a source that counts points; a protocol base may know better."""
        return 1.0


class Cause(Enum):
    """Whose matter it is that a call failed, and so what is done about it."""

    OURS = "ours"
    """What was asked, or when: no fault of the source. It is not sent again."""
    THROTTLED = "throttled"
    """The source wants fewer calls. It is left alone for as long as it says; it is in good health."""
    FLEETING = "fleeting"
    """The source failed in a way that a second call may not meet: it may be sent again."""
    SICK = "sick"
    """The source failed, and would again: what it answered cannot be used, or it answered too late."""

    @property
    def is_fault(self) -> bool:
        """Return whether it counts against the source's health."""
        return self is Cause.FLEETING or self is Cause.SICK


_CAUSES = {
    Reason.DEADLINE_EXCEEDED: Cause.OURS,
    Reason.SOURCE_AUTH: Cause.OURS,
    Reason.SOURCE_RATE_LIMITED: Cause.THROTTLED,
    Reason.SOURCE_TIMEOUT: Cause.FLEETING,
}
"""What a reason means where nothing else is said; every other one is the source's fault."""


class SendError(Exception):
    """One call failed. `detail` is a constant text of ours: no host, key or text of the source.

    `wait` are the seconds for which the source asks to be left alone.
    """

    def __init__(self, reason: Reason, detail: str, cause: Cause | None = None, *, wait: float | None = None) -> None:
        self.reason, self.detail, self.wait = reason, detail, wait
        self.cause = cause or _CAUSES.get(reason, Cause.SICK)
        super().__init__(f"{reason}: {detail}")


class UnsentError(SendError):
    """Nothing was sent: a limit of ours refused the call, or what is to be said cannot be."""

    def __init__(self, reason: Reason, detail: str, *, wait: float | None = None) -> None:
        super().__init__(reason, detail, Cause.OURS, wait=wait)


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
    """Ends a call at its deadline or after the source's own time limit, a dripping body included.

    `limit` returns that in seconds, as it is now; None: there is none.
    """

    inner: Send[AskT, ReplyT]
    limit: Callable[[AskT], float | None]

    async def send(self, ask: AskT, call: Call) -> ReplyT:
        """Make the call, or raise SendError(SOURCE_TIMEOUT or DEADLINE_EXCEEDED)."""
        remaining, limit = call.deadline.remaining(), self.limit(ask)
        own = limit is not None and limit < remaining
        if remaining <= 0:
            raise UnsentError(Reason.DEADLINE_EXCEEDED, "no time was left to send the call")
        try:
            async with asyncio.timeout(limit if own else remaining) as scope:
                return await self.inner.send(ask, call)
        except TimeoutError:
            if scope.expired() and not own:
                raise SendError(Reason.DEADLINE_EXCEEDED, "the request's deadline passed during the call") from None
            raise SendError(Reason.SOURCE_TIMEOUT, "the source's own time limit passed") from None

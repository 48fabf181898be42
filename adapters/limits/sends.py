"""The wrappers of `send` that keep a source's limits, each of one concern; `limited` puts them in their order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, replace
from typing import Generic

from adapters.adapter import Call, Permit
from adapters.limits.lane import Lane, Tickets
from adapters.limits.pace import Pace
from adapters.limits.source import SourceLimits
from adapters.limits.turns import FullError, Turns
from adapters.sending import Ask, AskT, Cause, NotPermittedError, ReplyT, Send, SendError, StalePermitError, UnsentError
from schema.observer import Repeated, Unsent, Waited, tell
from schema.reasons import Reason

__all__ = ["Admitted", "Counted", "Paced", "Queued", "Retried", "limited"]


def limited(inner: Send[AskT, ReplyT], source: str, limits: SourceLimits) -> Send[AskT, ReplyT]:
    """Return the send with the limits around it, outermost first.

    A call that is repeated passes all of them again; a source that is left alone keeps nobody waiting; what has waited
    for its rate waits for its turn, and the permit is the last thing before the call is counted and sent.
    """
    queued = Queued(Counted(inner, source, limits), source, limits)
    return Retried(Admitted(Paced(queued, source, limits), source, limits), source, limits)


@dataclass(frozen=True, slots=True)
class Retried(Generic[AskT, ReplyT]):
    """Sends a call again that failed for a moment, while the source's budget and the deadline let it.

    All calls read, so all may be repeated. No library is used for it: those that are kept well sleep before they can
    tell whether the wait fits the deadline, know no budget, and cost 11 us where nothing fails (stamina, measured).
    """

    inner: Send[AskT, ReplyT]
    source: str
    limits: SourceLimits

    async def send(self, ask: AskT, call: Call) -> ReplyT:
        """Return the reply, or raise the error of the last attempt."""
        attempt = 0
        while True:
            try:
                reply = await self.inner.send(ask, call)
            except UnsentError:
                raise
            except SendError as error:
                wait = self._noted(error, attempt, ask, call)
            else:
                if not attempt:
                    self.limits.budget.count()
                return reply
            attempt += 1
            trace = None if call.trace is None else call.trace.repeated(attempt)
            call = replace(call, trace=trace, attempt=attempt)
            await asyncio.sleep(wait)

    def _noted(self, error: SendError, attempt: int, ask: AskT, call: Call) -> float:
        """Return the seconds until the next attempt, or raise the error."""
        if not attempt:
            self.limits.budget.count()
        wait = self._wait(error, attempt, ask, call)
        if wait is None:
            raise error
        tell(call.observer, Repeated(self.source, ask.batch.offer.name, error.reason, wait))
        return wait

    def _wait(self, error: SendError, attempt: int, ask: AskT, call: Call) -> float | None:
        """Return the seconds until the next attempt, None where there is none."""
        limits, rule = self.limits, self.limits.limits.repeating
        if error.cause not in _REPEATED or attempt >= rule.most:
            return None
        most = min(rule.most_seconds, rule.first_seconds * 2**attempt)
        wait = float(max(error.wait or 0.0, limits.chance() * most))
        if wait >= call.deadline.remaining() or not limits.lanes[ask.batch.offer.name].lets_pass():
            return None
        return wait if limits.budget.take() else None


@dataclass(frozen=True, slots=True)
class Admitted(Generic[AskT, ReplyT]):
    """Refuses a call to a source that is left alone, before it waits for anything."""

    inner: Send[AskT, ReplyT]
    source: str
    limits: SourceLimits

    def send(self, ask: AskT, call: Call) -> Awaitable[ReplyT]:
        """Return the reply. Raises UnsentError(CIRCUIT_OPEN)."""
        if not self.limits.lanes[ask.batch.offer.name].lets_pass():
            raise _unsent(self.source, ask, call, _OPEN)
        return self.inner.send(ask, call)


@dataclass(frozen=True, slots=True)
class Paced(Generic[AskT, ReplyT]):
    """Has a call wait for the rate of its offer and then of its source, or refuses it where that would be too late.

    No library is used for it: those that are kept well (aiolimiter, pyrate-limiter) sleep before they can tell how
    long, and cannot take back what was not sent, nor take a source's word.
    """

    inner: Send[AskT, ReplyT]
    source: str
    limits: SourceLimits

    def send(self, ask: AskT, call: Call) -> Awaitable[ReplyT]:
        """Return the reply. Raises UnsentError(SOURCE_RATE_LIMITED)."""
        if call.credential is not None and self.limits.callers.is_held(call.credential):
            raise _unsent(self.source, ask, call, _CALLER_HELD)
        lane = self.limits.lanes[ask.batch.offer.name]
        if lane.is_free(self.limits.clock):
            return self.inner.send(ask, call)
        return self._send_paced(lane.paces, ask, call)

    async def _send_paced(self, paces: Sequence[Pace], ask: AskT, call: Call) -> ReplyT:
        planned: list[tuple[Pace, float]] = []
        try:
            for pace in paces:
                planned.append((pace, self._plan(pace, ask, call)))
                await self._until(pace, planned[-1][1], ask, call)
            return await self.inner.send(ask, call)
        except BaseException as error:
            if not isinstance(error, SendError) or isinstance(error, UnsentError):
                for pace, at in planned:
                    pace.drop(at, ask.cost)
            raise

    def _plan(self, pace: Pace, ask: AskT, call: Call) -> float:
        """Return the moment for which the call is planned."""
        now = self.limits.clock()
        wait = pace.wait(now, ask.cost)
        if wait > 0 and self.limits.is_late(wait, ask, call):
            raise _unsent(self.source, ask, call, _HELD if pace.held_until >= now + wait else _NO_RATE)
        pace.plan(now + wait, ask.cost)
        return now + wait

    async def _until(self, pace: Pace, at: float, ask: AskT, call: Call) -> None:
        """Return at the moment, or when a time is over for which the source has meanwhile asked to be left alone."""
        limits, start = self.limits, self.limits.clock()
        while (left := max(at, pace.held_until) - limits.clock()) > 0:
            if limits.is_late(left, ask, call):
                raise _unsent(self.source, ask, call, _HELD)
            await _pause(limits, left)
        if (waited := limits.clock() - start) > 0 and at > start:
            tell(call.observer, Waited(self.source, ask.batch.offer.name, waited))


async def _pause(limits: SourceLimits, seconds: float) -> None:
    limits.pacing += 1
    try:
        await asyncio.sleep(max(seconds, _GRAIN))
    finally:
        limits.pacing -= 1


@dataclass(frozen=True, slots=True)
class Queued(Generic[AskT, ReplyT]):
    """Has a call wait for its turn: the offer's, where it has its own, and then the source's.

    A call that needs a permit is held against it when its turn has come, which spares connecting in vain; the wire does
    so again once it has a connection (`last_look`). To find the permit out anew the turns are given back, and the
    connection: the call by which it is found out may be one to this very source. They are given back, too, where the
    rate has no room by the time that a turn is had.
    """

    inner: Send[AskT, ReplyT]
    source: str
    limits: SourceLimits

    async def send(self, ask: AskT, call: Call) -> ReplyT:
        """Return the reply.

        Raises, without having sent anything, UnsentError(DEADLINE_EXCEEDED or SOURCE_RATE_LIMITED), or
        NotPermittedError if some of the keys may not be asked at that moment.
        """
        lane = self.limits.lanes[ask.batch.offer.name]
        while True:
            turns = lane.turns
            if len(turns) > 1 or not turns[0].take():
                await self._take(turns, ask, call)
            wait = 0.0
            try:
                if not lane.is_free(self.limits.clock):
                    wait = self._late(lane, ask)
                if not wait and (call.permit is None or self._may_send(ask, call, call.permit)):
                    if call.deadline.is_over():
                        raise _unsent(self.source, ask, call, _NO_TIME)
                    return await (self._start(lane, ask, call) if lane.has_rates else self.inner.send(ask, call))
            except StalePermitError:  # by the time that a connection was had
                pass
            finally:
                for one in turns:
                    one.give_back()
            await self._again(wait, ask, call)

    def _late(self, lane: Lane, ask: AskT) -> float:
        """Return the seconds that the call has to wait yet, because of what has happened while it waited."""
        now = self.limits.clock()
        return max([pace.late(now, ask.cost) for pace in lane.paces])

    def _may_send(self, ask: AskT, call: Call, permit: Permit) -> bool:
        """Return whether the call may be sent; False: that has to be found out anew."""
        denied = permit.denied(ask.keys)
        if denied:
            raise NotPermittedError(denied)
        return denied is not None or call.deadline.is_over()

    async def _again(self, wait: float, ask: AskT, call: Call) -> None:
        """Return when the call may take its turns anew."""
        if not wait:
            assert call.permit is not None
            await call.permit.renew()
            return
        if self.limits.is_late(wait, ask, call):
            raise _unsent(self.source, ask, call, _NO_RATE)
        await _pause(self.limits, wait)

    async def _start(self, lane: Lane, ask: AskT, call: Call) -> ReplyT:
        """Make the call, and note that it has started, unless nothing was sent."""
        paces, now = lane.paces, self.limits.clock()
        for pace in paces:
            pace.start(now, ask.cost)
        try:
            return await self.inner.send(ask, call)
        except (UnsentError, NotPermittedError, StalePermitError):
            for pace in paces:
                pace.take_back(now, ask.cost)
            raise

    async def _take(self, turns: Sequence[Turns], ask: AskT, call: Call) -> None:
        """Take all of the turns, or none."""
        taken: list[Turns] = []
        try:
            for one in turns:
                if not one.take():
                    await self._wait(one, ask, call)
                taken.append(one)
        except BaseException:
            for one in taken:
                one.give_back()
            raise

    async def _wait(self, turns: Turns, ask: AskT, call: Call) -> None:
        start, seconds = self.limits.clock(), call.deadline.remaining()
        if turns is self.limits.turns and self._expected(call) > seconds:
            raise _unsent(self.source, ask, call, _FULL)
        try:
            await turns.wait(seconds, is_urgent=call.is_urgent)
        except FullError:
            raise _unsent(self.source, ask, call, _FULL) from None
        except TimeoutError:
            raise _unsent(self.source, ask, call, _NO_TURN) from None
        tell(call.observer, Waited(self.source, ask.batch.offer.name, self.limits.clock() - start))

    def _expected(self, call: Call) -> float:
        """Return the seconds until the call would have its turn, as calls go now: who would come too late is told at
        once, and others go ahead who will not."""
        adapting = self.limits.adapting
        return adapting.mean * (self.limits.turns.ahead(is_urgent=call.is_urgent) + 1) / adapting.limit


@dataclass(frozen=True, slots=True)
class Counted(Generic[AskT, ReplyT]):
    """Lets a call pass that the breakers let pass, and has all limits learn from how it ends."""

    inner: Send[AskT, ReplyT]
    source: str
    limits: SourceLimits

    async def send(self, ask: AskT, call: Call) -> ReplyT:
        """Return the reply. Raises UnsentError(CIRCUIT_OPEN)."""
        limits, lane = self.limits, self.limits.lanes[ask.batch.offer.name]
        tickets = lane.enter()
        if tickets is None:
            raise _unsent(self.source, ask, call, _OPEN)
        start = limits.clock()
        try:
            reply = await self.inner.send(ask, call)
        except BaseException as error:
            self._learn(error, lane, tickets, ask, call, start)
            raise
        lane.leave(tickets, failed=False)
        now = limits.clock()
        if lane.has_rates:
            _spend(lane, now, now - start)
        limits.adapting.answered(lane.offer, len(ask.keys), now - start, limits.turns.under_way, now)
        limits.turns.grant()
        return reply

    def _learn(self, error: BaseException, lane: Lane, tickets: Tickets, ask: AskT, call: Call, start: float) -> None:
        limits, now = self.limits, self.limits.clock()
        failed = self._failed(error, ask, call, now - start)
        if failed and isinstance(error, SendError):
            limits.failed(error.reason)  # before a breaker opens by it, and tells of it
        lane.leave(tickets, failed=failed)
        _spend(lane, now, now - start)
        if not isinstance(error, SendError):
            return
        is_throttled = error.cause is Cause.THROTTLED
        if is_throttled and call.credential is not None:
            limits.callers.hold(call.credential, _A_MOMENT if error.wait is None else error.wait)
            return
        if is_throttled:
            limits.hold(_A_MOMENT if error.wait is None else error.wait)
        elif failed and error.wait is not None:  # a 503: of what was asked, and not of all that its source answers
            limits.hold(error.wait, lane.offer)
        if is_throttled or (failed and error.reason in _LATE):
            limits.adapting.failed(start, now)

    def _failed(self, error: BaseException, ask: Ask, call: Call, seconds: float) -> bool | None:
        """Return what the breakers are to count: nothing of a call that was not sent, or that was ended by us before
        the source had had the time that it usually takes. How soon a caller leaves, or wants its answer, says nothing
        of the source: it would close it to all others."""
        if not isinstance(error, SendError) or isinstance(error, UnsentError):
            return None
        if error.reason is not Reason.DEADLINE_EXCEEDED:
            return True if error.cause.is_fault else None if error.cause is Cause.THROTTLED else False
        adapting, offer = self.limits.adapting, ask.batch.offer.name
        usual = adapting.usual(offer, len(ask.keys)) or adapting.usual_of(offer) or 0.0
        return True if not call.deadline.is_wish and seconds >= max(_PATIENCE, 2 * usual) else None


def _spend(lane: Lane, now: float, seconds: float) -> None:
    for pace in lane.paces:
        pace.spent(now, seconds)


_REPEATED = frozenset({Cause.FLEETING, Cause.THROTTLED})
_LATE = frozenset({Reason.SOURCE_TIMEOUT, Reason.DEADLINE_EXCEEDED})

_PATIENCE = 0.1
"""Seconds that a call must have had before it is the source's fault that the request's time was over."""
_GRAIN = 1e-6
"""The least seconds of a wait: what is left of one by rounding is less than a clock can tell, and never over."""
_A_MOMENT = 0.2
"""Seconds for which a source is left alone that wants fewer calls, and does not say for how long."""

_OPEN = (Reason.CIRCUIT_OPEN, "the source has failed too often, and is left alone for a moment")
_NO_RATE = (Reason.SOURCE_RATE_LIMITED, "the source's rate has no room for this call in the request's time")
_HELD = (Reason.SOURCE_RATE_LIMITED, "the source has asked to be left alone for longer than the request's time")
_CALLER_HELD = (Reason.SOURCE_RATE_LIMITED, "the source has asked this caller to leave it alone for a moment")
_FULL = (Reason.SOURCE_RATE_LIMITED, "too many calls wait for this source")
_NO_TURN = (Reason.DEADLINE_EXCEEDED, "the deadline passed while the call waited for its turn")
_NO_TIME = (Reason.DEADLINE_EXCEEDED, "no time was left to send the call")


def _unsent(source: str, ask: Ask, call: Call, why: tuple[Reason, str]) -> UnsentError:
    """Return the error of a call that is not sent, and tell of it."""
    tell(call.observer, Unsent(source, ask.batch.offer.name, why[0], why[1], len(ask.keys)))
    return UnsentError(*why)

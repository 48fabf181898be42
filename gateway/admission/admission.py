"""Admission: a request is worked on, waits for its turn for a short time, or is refused at once.

    OverloadedError    the request is refused, for it would be answered too late: 503

Whoever waits is served in the order of arrival, interactive ones before bulk. Facebook serves the youngest first when
there are too many (Maurer, "Fail at Scale", 2015), for in its lines one cannot tell who will be late. Here the wait
is known beforehand, from how many wait and how many are answered a second: who would wait too long is refused on
arrival, so that the line never holds anybody in vain, and nobody is refused late.

How long may be waited is the rule of that paper, which is CoDel's (Nichols and Jacobson, "Controlling Queue Delay",
2012): a burst may fill the line, but a line that has not been empty for a while is no burst, and is kept short.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.admission.counts import Counts
from gateway.admission.lag import LoopLag
from gateway.admission.width import Width
from gateway.refusals import NotTakenError, RequestCode
from schema.caller import ConsumerClass
from schema.deadline import Clock

__all__ = ["Admission", "OverloadedError"]

_OF_BURST, _MOST_OF_BURST = 1 / 4, 5.0
"""How much of a request's time may be spent waiting for its turn, and how many seconds at most: the rest is of use."""
_OF_STANDING, _MOST_STANDING = 1 / 8, 2.5
"""The same in a line that has not been empty for `_STANDS` seconds."""
_STANDS = 1.0
_PRESSES = 0.1
"""Seconds for which interactive requests have to have waited, one after the other, until no bulk one is taken."""
_SHARE = 1 / 2
"""What bulk requests may have of the turns while there are interactive ones."""
_WEIGHT = 0.5
"""The weight of the newest in how many requests are answered a second."""
_ENOUGH, _LEAST_TIME, _MOST_TIME = 10, 0.1, 1.0
"""So many answers, and at least so many seconds, are counted for it; or so many seconds whatever has come."""
_BLINDLY = 8
"""So many times as many as are worked on may wait while it is not known how long that takes."""
_QUIET = 1.0
"""Seconds without anything to watch, after which all that was learnt is forgotten."""
_RETRY = {ConsumerClass.INTERACTIVE: (1, 3), ConsumerClass.BULK: (2, 8)}
"""The least of Retry-After, and how many seconds it is spread over: else all come back together."""


class OverloadedError(NotTakenError):
    """The request is refused, for it would be answered too late."""

    def __init__(self, retry_after: int) -> None:
        self.retry_after = retry_after
        message = "The gateway has more requests than it can answer in time. This one was not begun."
        remedy = f"Ask again after {retry_after} s, as Retry-After says."
        headers = {"Retry-After": str(retry_after)}
        super().__init__(503, RequestCode.OVERLOADED, message, headers, about={"remedy": remedy})


@dataclass(frozen=True, slots=True, eq=False)
class _Waiter:
    turn: asyncio.Future[None]
    until: float


@dataclass(slots=True)
class _Line:
    """The requests of one class: how many are worked on, who waits, and since when there is always somebody."""

    of: ConsumerClass
    under_way: int = 0
    waiting: deque[_Waiter] = field(default_factory=deque)
    waits_since: float = 0.0


class Admission:
    """The turns of one process: at most `most` requests are worked on together, fewer when the event loop lags.

    Where few are worked on and nobody waits nothing is measured and no timer runs. `worked` tells how many seconds of
    the processor this thread has had; `chance` returns a number from 0 to 1, by which Retry-After is spread.
    """

    def __init__(
        self,
        most: int,
        clock: Clock,
        *,
        worked: Clock = time.thread_time,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.width, self.counts = Width(most), Counts()
        self._clock, self._chance = clock, chance
        self._interactive, self._bulk = _Line(ConsumerClass.INTERACTIVE), _Line(ConsumerClass.BULK)
        self._lag = LoopLag(self._look, clock, worked)
        self._rate: float | None = None
        self._coming = 0
        self._ended, self._looked_at, self._busy_at, self._crowded_since = 0, 0.0, 0.0, 0.0
        self.is_crowded = False
        """Whether somebody waits. Nobody is refused where nobody does."""

    @property
    def under_way(self) -> int:
        """Return how many requests are worked on."""
        return self._interactive.under_way + self._bulk.under_way

    @property
    def waiting(self) -> int:
        """Return how many requests wait for their turn."""
        return len(self._interactive.waiting) + len(self._bulk.waiting)

    def enter(self, *, is_urgent: bool) -> bool:
        """Take a turn, if there is one and nobody waits for it; return whether that is so."""
        interactive, bulk = self._interactive, self._bulk
        under_way = interactive.under_way + bulk.under_way
        if self.is_crowded or under_way >= self.width.limit:
            return False
        if is_urgent:
            interactive.under_way += 1
        elif self._has_room_for_bulk():
            bulk.under_way += 1
        else:
            return False
        if under_way >= self.width.least:
            self._watch()
        return True

    def leave(self, *, is_urgent: bool) -> None:
        """Give the turn back: the next one has it."""
        (self._interactive if is_urgent else self._bulk).under_way -= 1
        self._ended += 1
        if self.is_crowded:
            self._grant()

    async def wait(self, *, is_urgent: bool, seconds: float) -> None:
        """Wait for a turn and take it, for a request that has so many seconds in all.

        Raises:
            OverloadedError: It would be answered too late.
        """
        retry_after = self.refused(is_urgent=is_urgent, seconds=seconds)
        if retry_after is not None:
            raise OverloadedError(retry_after)
        line = self._line(is_urgent)
        waiter = self._join(line, seconds)
        try:
            await waiter.turn
        except BaseException:
            self._withdraw(line, waiter)
            raise

    def has_room(self) -> bool:
        """Return whether a request that comes now would have its turn at once.

        Those that come in one turn of the event loop have theirs in the next: they count here till then.
        """
        if self.is_crowded or self.under_way + self._coming >= self.width.limit:
            return False
        if self._lag.is_running:
            self.comes()
        return True

    def comes(self) -> None:
        """Count a request that is taken, and will enter or wait in the event loop's next turn."""
        if not self._coming:
            asyncio.get_running_loop().call_soon(self._came)
        self._coming += 1

    def _came(self) -> None:
        self._coming = 0

    def refused(self, *, is_urgent: bool, seconds: float) -> int | None:
        """Return after how many seconds to ask again, of a request that is refused for it would be answered too late,
        and count it; None where it may wait for its turn. Where there is room nobody need be asked about."""
        line, now = self._line(is_urgent), self._clock()
        is_pressed = (
            not is_urgent and bool(self._interactive.waiting) and now - self._interactive.waits_since > _PRESSES
        )
        if is_pressed or self._expected(is_urgent) > self._patience(seconds, now):
            return self._shed(line)
        return None

    def close(self) -> None:
        """Stop watching, and forget what was learnt. Whoever waits is refused."""
        for line in (self._interactive, self._bulk):
            while line.waiting:
                self._refuse(line, line.waiting.popleft())
        self.is_crowded = False
        self._forget()
        self._lag.stop()

    def _line(self, is_urgent: bool) -> _Line:
        return self._interactive if is_urgent else self._bulk

    def _has_room_for_bulk(self) -> bool:
        is_alone = not self._interactive.under_way and not self._interactive.waiting
        return is_alone or self._bulk.under_way < self.width.limit * _SHARE

    def _expected(self, is_urgent: bool) -> float:
        """Return for how many seconds one more has to wait; 0 where that cannot be told yet."""
        ahead = len(self._interactive.waiting) if is_urgent else self.waiting
        if self._coming:
            ahead += max(0, self._coming - max(0, self.width.limit - self.under_way))
        if self._rate is None:
            return 0.0 if ahead < self.width.limit * _BLINDLY else math.inf
        return (ahead + 1) / self._rate if self._rate else math.inf

    def _patience(self, seconds: float, now: float) -> float:
        if self.is_crowded and now - self._crowded_since > _STANDS:
            return min(seconds * _OF_STANDING, _MOST_STANDING)
        return min(seconds * _OF_BURST, _MOST_OF_BURST)

    def _join(self, line: _Line, seconds: float) -> _Waiter:
        now = self._clock()
        if not self.is_crowded:
            self.is_crowded, self._crowded_since = True, now
        if not line.waiting:
            line.waits_since = now
        waiter = _Waiter(asyncio.get_running_loop().create_future(), now + min(seconds * _OF_BURST, _MOST_OF_BURST))
        line.waiting.append(waiter)
        self.counts.waited[line.of] += 1
        self._watch()
        return waiter

    def _withdraw(self, line: _Line, waiter: _Waiter) -> None:
        """Have the waiter leave: the turn that was granted to it meanwhile goes on to the next."""
        if waiter in line.waiting:
            line.waiting.remove(waiter)
            self.is_crowded = self.waiting > 0
        elif waiter.turn.done() and not waiter.turn.cancelled() and waiter.turn.exception() is None:
            self.leave(is_urgent=line is self._interactive)

    def _grant(self) -> None:
        """Grant the turns that are free."""
        now = self._clock()
        while self.under_way < self.width.limit and (line := self._next()) is not None:
            waiter = line.waiting.popleft()
            if waiter.until <= now:
                self._refuse(line, waiter)
            elif not waiter.turn.done():  # else whoever waited has left
                line.under_way += 1
                waiter.turn.set_result(None)
        self.is_crowded = self.waiting > 0

    def _next(self) -> _Line | None:
        if self._interactive.waiting:
            return self._interactive
        return self._bulk if self._bulk.waiting and self._has_room_for_bulk() else None

    def _shed(self, line: _Line) -> int:
        self.counts.shed[line.of] += 1
        least, spread = _RETRY[line.of]
        return least + int(self._chance() * spread)

    def _refuse(self, line: _Line, waiter: _Waiter) -> None:
        if not waiter.turn.done():
            waiter.turn.set_exception(OverloadedError(self._shed(line)))

    def _watch(self) -> None:
        self._busy_at = self._clock()
        if not self._lag.is_running:
            self._looked_at, self._ended = self._busy_at, 0
            self._lag.start()

    def _look(self, lag: float, work: float) -> bool:
        """Take note of how late the loop is and of how much was done; return whether to look again."""
        now = self._clock()
        self.width.lagged(lag, work, self.under_way)
        self._measure(now)
        if self.is_crowded:
            self._send_late_away(now)
            self._grant()
        if self.is_crowded or self.under_way > self.width.least:
            self._busy_at = now
        if now - self._busy_at < _QUIET:
            return True
        self._forget()
        return False

    def _measure(self, now: float) -> None:
        """Take note of how many are answered a second: fewer only while somebody waits, for else fewer have come."""
        passed, done = now - self._looked_at, self._ended
        if passed < _MOST_TIME and (done < _ENOUGH or passed < _LEAST_TIME):
            return
        self._looked_at, self._ended = now, 0
        rate = done / passed
        if self._rate is None:
            self._rate = rate or None
        elif self.is_crowded or rate > self._rate:
            self._rate += (rate - self._rate) * _WEIGHT

    def _send_late_away(self, now: float) -> None:
        for line in (self._interactive, self._bulk):
            while line.waiting and line.waiting[0].until <= now:
                self._refuse(line, line.waiting.popleft())
        self.is_crowded = self.waiting > 0

    def _forget(self) -> None:
        self.width.forget()
        self._rate = None

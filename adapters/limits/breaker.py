"""The circuit breaker of one source: it is left alone when it fails, and one call at a time finds out if it is back."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from enum import StrEnum

from adapters.limits.declared import Breaking
from schema.deadline import Clock

__all__ = ["Breaker", "State", "Ticket"]


class State(StrEnum):
    """Closed: calls pass. Open: none does. Half-open: one at a time does, to find out."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Ticket:
    """A call that the breaker has let pass. What it tells counts in the state in which it was let pass alone; while the
    breaker is closed all have the same."""

    __slots__ = ("is_probe", "turn")

    def __init__(self, turn: int, *, is_probe: bool) -> None:
        self.turn, self.is_probe = turn, is_probe


class Breaker:
    """Counts how calls end. `told` hears of every change of state; `chance` returns a number from 0 to 1.

    No call is made for it alone: a source is probed by what somebody asks. `since` is when its state began,
    `alone_since` when it was closed last, None while it is, and `opened` how often it has opened. `rule` may be
    exchanged at any time.
    """

    def __init__(
        self,
        rule: Breaking,
        *,
        clock: Clock,
        told: Callable[[State], None] = lambda state: None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.rule, self._clock, self._told, self._chance = rule, clock, told, chance
        self.state, self.since, self.opened = State.CLOSED, clock(), 0
        self.alone_since: float | None = None
        self._turn, self._in_a_row, self._probes = 0, 0, 0
        self._ticket = Ticket(0, is_probe=False)
        self._ends: deque[tuple[float, bool]] = deque()
        self._failed = 0
        self._until, self._is_probed = 0.0, False

    def __repr__(self) -> str:
        return f"Breaker({self.state})"

    def is_well(self) -> bool:
        """Return whether it is closed, and the last call that counted went well, a moment ago."""
        if not self._ends:
            return False
        at, failed = self._ends[-1]
        return not failed and at >= self._clock() - self.rule.seconds

    def lets_pass(self) -> bool:
        """Return whether a call could pass now. What waits for its turn meanwhile is asked again by `enter`."""
        if self.state is State.CLOSED:
            return True
        return not self._is_probed and self._clock() >= self._until

    def tried_in(self) -> float | None:
        """Return the seconds until a call may try whether it is back; None where one does just now, or none has to."""
        if self.state is State.CLOSED or self._is_probed:
            return None
        return max(0.0, self._until - self._clock())

    def enter(self) -> Ticket | None:
        """Return the ticket of a call that may start, None where it may not."""
        if self.state is State.CLOSED:
            return self._ticket
        if not self.lets_pass():
            return None
        if self.state is State.OPEN:
            self._become(State.HALF_OPEN)
        self._is_probed = True
        return Ticket(self._turn, is_probe=True)

    def leave(self, ticket: Ticket, *, failed: bool | None) -> None:
        """Take note of how a call ended; None: it was ended by us, and tells nothing of the source."""
        if ticket.turn != self._turn:
            return
        if ticket.is_probe:
            self._is_probed = False
            if failed is not None:
                self._probed(failed=failed)
        elif failed is not None:
            self._count(failed=failed)

    def tried_in_vain(self, ticket: Ticket) -> None:
        """Take note of a probe that failed by what says nothing of all that passes here: any other call may try next.

        It is open as before, unless another call was answered meanwhile.
        """
        if ticket.turn != self._turn:
            return
        self._is_probed = False
        if not self._probes:
            self._until = self._clock()
            self._become(State.OPEN)

    def _probed(self, *, failed: bool) -> None:
        if failed:
            self._open()
            return
        self._probes += 1
        if self._probes >= self.rule.probes:
            self._become(State.CLOSED)

    def _count(self, *, failed: bool) -> None:
        now, ends = self._clock(), self._ends
        ends.append((now, failed))
        self._failed += failed
        while len(ends) > self.rule.of or ends[0][0] < now - self.rule.seconds:
            self._failed -= ends.popleft()[1]
        self._in_a_row = self._in_a_row + 1 if failed else 0
        is_much = len(ends) == self.rule.of and self._failed >= self.rule.share * len(ends)
        if failed and (self._in_a_row >= self.rule.failures or is_much):
            self._open()

    def _open(self) -> None:
        # not all processes at the same moment
        self._until = self._clock() + self.rule.open_seconds * (0.8 + 0.4 * self._chance())
        self._become(State.OPEN)

    def _become(self, state: State) -> None:
        self._turn, self._in_a_row, self._probes, self._failed = self._turn + 1, 0, 0, 0
        self._ends.clear()
        self._ticket = Ticket(self._turn, is_probe=False)
        self._is_probed, self.state, self.since = False, state, self._clock()
        self.opened += state is State.OPEN
        if state is State.CLOSED or self.alone_since is None:
            self.alone_since = None if state is State.CLOSED else self.since
        self._told(state)

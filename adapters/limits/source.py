"""The limits of one source while it is asked: its breakers, its turns, its rates and what is left for repeating."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from adapters.adapter import Adapter, Call
from adapters.limits.breaker import Breaker, State
from adapters.limits.budget import Budget
from adapters.limits.callers import Callers
from adapters.limits.declared import Breaking, Limits
from adapters.limits.lane import Lane
from adapters.limits.pace import Pace
from adapters.limits.state import LimitsState, OfferState
from adapters.limits.turns import Turns
from adapters.limits.width import Adapting
from adapters.sending import Ask
from schema.deadline import Clock
from schema.reasons import Reason

__all__ = ["BreakerTold", "SourceLimits", "limits_kept_by"]

BreakerTold = Callable[[str | None, State, Reason | None], None]
"""Hears that a breaker has changed its state: that of an offer, by its name, or that of the source (None); and by which
reason the last call has failed, None where none has."""

_MOST_HELD = 60.0
"""The most seconds that a source can have itself left alone for at a time: it may ask for that again."""


def _unheard(offer: str | None, state: State, failed: Reason | None) -> None:
    """Tell nobody."""


class _Lanes(dict[str, Lane]):
    """The lanes by offer, each made when it is first asked for: every call looks its own up several times."""

    def __init__(self, made: Callable[[str], Lane]) -> None:
        super().__init__()
        self._made = made

    def __missing__(self, offer: str) -> Lane:
        lane = self[offer] = self._made(offer)
        return lane


class SourceLimits:
    """The limits of one source, for all who ask it in one event loop. `state` may be asked from anywhere. `lanes` are
    what calls pass, by the offer that they ask.

    `bound` is the most calls together that its adapter can make, whatever the limits say. `share` is the part of its
    rates that this process has; `told` hears of its breakers, and `chance` returns a number from 0 to 1.
    """

    def __init__(
        self,
        limits: Limits,
        *,
        bound: int | None = None,
        clock: Clock = time.monotonic,
        share: float = 1.0,
        told: BreakerTold = _unheard,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._bound, self._told, self._share = bound, told, _checked(share)
        self.limits, self.clock, self.chance = limits.narrowed(None, bound), clock, chance
        limits = self.limits
        self.adapting = Adapting(limits.width)
        self.breaker = self._breaker(None, _in_a_row(limits.breaking))
        self.budget, self.callers = Budget(limits.repeating, clock), Callers(clock)
        self.turns = Turns(lambda: self.adapting.limit, limits.width.queue)
        self._pace = Pace(limits.rates, share)
        self.lanes = _Lanes(self._lane)
        self._failed: tuple[Reason, float] | None = None
        self.pacing = 0

    def __repr__(self) -> str:
        return f"SourceLimits({self.breaker.state}, {self.turns.under_way} of {self.adapting.limit} under way)"

    def _lane(self, offer: str) -> Lane:
        breaker = self._breaker(offer, self.limits.breaking)
        lane = Lane(offer, self.breaker, breaker, self._pace, self.turns, self.lanes)
        lane.change(self.limits, self._share)
        return lane

    def timeout(self, ask: Ask) -> float | None:
        """Return the seconds after which this call is given up."""
        return self.lanes[ask.batch.offer.name].timeout

    def is_late(self, wait: float, ask: Ask, call: Call) -> bool:
        """Return whether a call that has so long to wait would be late then, by what such calls take now."""
        return wait + (self.adapting.usual_of(ask.batch.offer.name) or 0.0) >= call.deadline.remaining()

    def hold(self, seconds: float, offer: str | None = None) -> None:
        """Leave the source, or one offer of it, alone for so many seconds, a minute at most: it has asked for that."""
        held = self._pace if offer is None else self.lanes[offer]
        held.hold(self.clock() + min(seconds, _MOST_HELD))

    def wait(self, offer: str, reason: Reason) -> float | None:
        """Return the seconds after which an ask of this offer, which has failed by this reason, may go well; None where
        that is not known."""
        lane = self.lanes.get(offer)
        if lane is None:
            return None
        if reason is Reason.CIRCUIT_OPEN:
            return lane.tried_in()
        return lane.held_for(self.clock()) if reason is Reason.SOURCE_RATE_LIMITED else None

    def left(self, count: float) -> None:
        """Take the source's word for how many calls or points are left of the first of its rates."""
        self._pace.left(self.clock(), count)

    def failed(self, reason: Reason) -> None:
        """Take note that a call has failed by the source's fault."""
        self._failed = (reason, self.clock())

    def change(self, limits: Limits) -> None:
        """Go on by other limits. Calls that are under way or wait go on; what was learnt and booked is kept."""
        limits = self.limits = limits.narrowed(None, self._bound)
        self.breaker.rule = _in_a_row(limits.breaking)
        self.budget.rule = limits.repeating
        self.adapting.change(limits.width)
        self.turns.queue = limits.width.queue
        self._have_rates()
        self.turns.grant()

    def share(self, part: float) -> None:
        """Go on with this part of the source's rates, above 0 and up to 1: other processes have the rest."""
        self._share = _checked(part)
        self._have_rates()

    def _have_rates(self) -> None:
        self._pace.change(self.limits.rates, self._share)
        for lane in self.lanes.values():
            lane.change(self.limits, self._share)

    def state(self) -> LimitsState:
        """Return how everything stands now."""
        now, failed, lanes = self.clock(), self._failed, list(self.lanes.values())
        own = sum(lane.own_turns.waiting for lane in lanes if lane.own_turns is not None)
        return LimitsState(
            breaker=self.breaker.state,
            breaker_seconds=now - self.breaker.since,
            opened=self.breaker.opened,
            width=self.adapting.limit,
            most=self.limits.width.most,
            under_way=self.turns.under_way,
            waiting=self.turns.waiting + own + self.pacing,
            queue=self.turns.queue,
            held_seconds=max(0.0, self._pace.held_until - now),
            retries_left=self.budget.left(),
            usual_seconds=self.adapting.mean or None,
            failed=None if failed is None else failed[0],
            failed_seconds=None if failed is None else now - failed[1],
            offers={lane.offer: self._offer_state(lane, now) for lane in lanes},
        )

    def _offer_state(self, lane: Lane, now: float) -> OfferState:
        breaker, turns = lane.breaker, None if lane.most is None else lane.own_turns
        return OfferState(
            breaker=breaker.state,
            breaker_seconds=now - breaker.since,
            opened=breaker.opened,
            most=lane.most,
            under_way=0 if turns is None else turns.under_way,
            waiting=0 if turns is None else turns.waiting,
            held_seconds=max(0.0, lane.held_until - now),
            usual_seconds=self.adapting.usual_of(lane.offer),
        )

    def _breaker(self, offer: str | None, rule: Breaking) -> Breaker:
        return Breaker(rule, clock=self.clock, told=partial(self._tell, offer), chance=self.chance)

    def _tell(self, offer: str | None, state: State) -> None:
        self._told(offer, state, None if self._failed is None else self._failed[0])


def limits_kept_by(adapter: Adapter) -> SourceLimits | None:
    """Return the limits that an adapter keeps, None where it keeps none of ours: one that overrides `fetch` whole."""
    limits = getattr(adapter, "limits", None)
    return limits if isinstance(limits, SourceLimits) else None


def _in_a_row(rule: Breaking) -> Breaking:
    """Return the rule of a source's breaker: so many failures in a row, whatever share of all calls failed."""
    return replace(rule, of=rule.failures, share=1.0)


def _checked(share: float) -> float:
    if not 0 < share <= 1:
        raise ValueError(f"got a share of {share}; wanted one above 0 and up to 1")
    return share

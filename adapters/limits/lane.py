"""What calls to one offer pass: what holds of its source, and what holds of it alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from adapters.limits.breaker import Breaker, State, Ticket
from adapters.limits.declared import Limits, OfferLimits
from adapters.limits.pace import Pace
from adapters.limits.rates import Rate
from adapters.limits.turns import Turns
from schema.deadline import Clock

__all__ = ["Lane", "Tickets"]

Tickets = tuple[Ticket, Ticket]
"""Of the source's breaker and of the offer's."""

_NO_LIMITS = OfferLimits()


class Lane:
    """Two breakers, and the paces and the turns: those of the offer, where it has its own, before those of its source.

    The offer's own breaker opens by its calls alone. What fails while another offer is answered is the offer, and says
    nothing of its source: the source's breaker opens when so many calls in a row have failed beside that. So an offer
    that fails costs itself, and a source that is down is left alone soon after the first of its offers is.
    """

    __slots__ = (
        "_lanes",
        "_most",
        "_outer_pace",
        "_outer_turns",
        "_share",
        "breaker",
        "has_rates",
        "offer",
        "outer",
        "own_turns",
        "paces",
        "timeout",
        "turns",
    )

    def __init__(
        self, offer: str, outer: Breaker, breaker: Breaker, pace: Pace, turns: Turns, lanes: Mapping[str, Lane]
    ) -> None:
        self.offer, self.outer, self.breaker, self._lanes = offer, outer, breaker, lanes
        self._outer_pace, self._outer_turns, self._most = pace, turns, math.inf
        self.paces: Sequence[Pace] = (pace,)
        self.turns: Sequence[Turns] = (turns,)
        self.own_turns: Turns | None = None
        self.timeout: float | None = None
        self.has_rates, self._share = False, 1.0

    def change(self, limits: Limits, share: float) -> None:
        """Go on by these limits. What is under way gives back what it has taken, also where it holds no more."""
        own = limits.offers.get(self.offer, _NO_LIMITS)
        self.breaker.rule = limits.breaking
        self.timeout = min((one for one in (limits.timeout, own.timeout) if one is not None), default=None)
        self._share = share
        self._have_turns(own.at_once, limits.width.queue)
        self._have_rates(own.rates)
        self.has_rates = bool(limits.rates or own.rates)

    def _have_turns(self, most: int | None, queue: int) -> None:
        self._most = math.inf if most is None else most
        if most is not None and self.own_turns is None:
            self.own_turns = Turns(lambda: self._most, queue)
        if self.own_turns is not None:
            self.own_turns.queue = queue
            self.own_turns.grant()
        own = () if most is None or self.own_turns is None else (self.own_turns,)
        self.turns = (*own, self._outer_turns)

    def _have_rates(self, own: Sequence[Rate]) -> None:
        if len(self.paces) > 1:
            self.paces[0].change(own, self._share)
        elif own:
            self._own_pace(own)

    def _own_pace(self, rates: Sequence[Rate] = ()) -> Pace:
        """Return what says when calls of this offer may start, beside those of its source: made of these rates where
        there is none."""
        if len(self.paces) == 1:
            self.paces = (Pace(rates, self._share), self._outer_pace)
        return self.paces[0]

    def hold(self, until: float) -> None:
        """Leave the offer alone until this moment, and its source's others not."""
        self._own_pace().hold(until)

    def held_for(self, now: float) -> float | None:
        """Return for how many seconds yet the source wants no calls to the offer; None where it does not say."""
        left = max([pace.held_until for pace in self.paces]) - now
        return left if left > 0 else None

    @property
    def held_until(self) -> float:
        """Return until when the offer alone is left alone."""
        return self.paces[0].held_until if len(self.paces) > 1 else -math.inf

    @property
    def most(self) -> int | None:
        """Return how many calls of the offer may run together, None where nothing but its source bounds them."""
        return None if self._most == math.inf else int(self._most)

    def is_free(self, clock: Clock) -> bool:
        """Return whether nothing bounds how often calls are made now."""
        held_until = self._outer_pace.held_until
        if len(self.paces) > 1:
            held_until = max(held_until, self.paces[0].held_until)
        return not self.has_rates and (held_until == -math.inf or held_until <= clock())

    def lets_pass(self) -> bool:
        """Return whether a call could pass both breakers now."""
        if self.outer.state is State.CLOSED and self.breaker.state is State.CLOSED:
            return True
        return self.outer.lets_pass() and self.breaker.lets_pass()

    def tried_in(self) -> float | None:
        """Return the seconds until a call may try whether the offer and its source are back; None where that is not
        known, or both are well."""
        waits = [one.tried_in() for one in (self.outer, self.breaker) if one.state is not State.CLOSED]
        known = [wait for wait in waits if wait is not None]
        return max(known) if known and len(known) == len(waits) else None

    def enter(self) -> Tickets | None:
        """Return the tickets of a call that may start, None where it may not."""
        if not self.breaker.lets_pass():  # else the source's would be tried by a call that is not made
            return None
        outer = self.outer.enter()
        inner = None if outer is None else self.breaker.enter()
        return None if outer is None or inner is None else (outer, inner)

    def leave(self, tickets: Tickets, *, failed: bool | None) -> None:
        """Take note of how a call ended; None: it tells nothing of the source."""
        outer, inner = tickets
        self.breaker.leave(inner, failed=failed)
        is_itself = failed and self._is_itself(outer, inner)
        if is_itself and outer.is_probe:
            self.outer.tried_in_vain(outer)
        else:
            self.outer.leave(outer, failed=None if is_itself else failed)

    def _is_itself(self, outer: Ticket, inner: Ticket) -> bool:
        """Return whether it is the offer that has failed, and not its source.

        One that was probed in vain is known to be sick. Whether the source is back is found out by each of its offers:
        the one that is asked most would else keep it closed to those that it would answer.
        """
        others = [lane.breaker for lane in self._lanes.values() if lane is not self]
        if outer.is_probe:
            return inner.is_probe and bool(others)
        return inner.is_probe or any(one.is_well() for one in others)

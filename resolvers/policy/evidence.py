"""What a request brings along, of which the subject moment decides: assertions, an opened break-glass, the time."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from adapters.crossref import Lookup
from resolvers.policy.profiles import Glass, Verified
from resolvers.policy.rules import Required, Rules
from schema.caller import Caller
from schema.grants import Grant
from schema.reasons import Reason
from schema.situation import NO_SITUATION, Situation
from schema.verification import METHODS, MOST_CLOCK_SKEW, Assertion, Factor, Level
from schema.views import View
from schema.withheld import Withheld

__all__ = ["NO_EVIDENCE", "Evidence", "is_granted", "refuse_unbound"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of the customers of one request beside what the cross-reference has of them.

    `now` is in seconds since 1970. `assertions` holds what was asserted of each customer, by the canonical id. `grant`
    is an opened break-glass, `is_granted` whether it holds in this view for this consumer.
    """

    now: float = 0.0
    situation: Situation = NO_SITUATION
    assertions: Mapping[str, Sequence[Assertion]] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    grant: Grant | None = None
    is_granted: bool = False

    def level(self, customer_id: str, max_age: float) -> Level:
        """Return how well a customer is verified, by what is neither over nor older than so many seconds."""
        made = self.assertions.get(customer_id)
        if made is None:
            return Level.V0
        return max((one.level for one in made if _is_fresh(one, self.now, max_age)), default=Level.V0)

    def acting_for(self, customer_id: str) -> tuple[str, ...]:
        """Return for whom somebody else acts, by what was asserted of a customer, each once."""
        made = self.assertions.get(customer_id, ())
        return tuple(dict.fromkeys(one.acting_for for one in made if one.acting_for is not None))

    def used(self, customer_id: str, max_age: float, methods: Container[str]) -> frozenset[Factor]:
        """Return by which factors a customer is verified whom one more kind would raise to V3: as the best assertion
        says that is neither over nor older than so many seconds, by these methods; none of a claim."""
        made = [one for one in self.assertions.get(customer_id, ()) if _is_fresh(one, self.now, max_age)]
        best = max(made, key=lambda one: one.level, default=None)
        if best is None or best.level is not Level.V2:
            return frozenset()
        factors = (METHODS.get(method) for method in best.methods if method in methods)
        return frozenset(factor for factor in factors if factor is not None)

    def verified(self, customer_id: str, required: Required) -> Verified:
        """Return whether a customer is verified as required."""
        enough = [one for one in self.assertions.get(customer_id, ()) if one.level >= required.level]
        if any(_is_fresh(one, self.now, required.max_age) for one in enough):
            return Verified.WELL
        return Verified.TOO_LONG_AGO if enough else Verified.NOT

    def glass(self, customer_id: str) -> Glass:
        """Return whether the glass was broken for a customer."""
        if self.grant is None:
            return Glass.SHUT
        is_open = self.is_granted and self.grant.customer == customer_id and self.now < self.grant.until
        return Glass.OPEN if is_open else Glass.NOT_ALLOWED


NO_EVIDENCE = Evidence()

_PROVEN = Level.V2
"""The level from which an assertion says who is there: one below is what somebody claims."""

_WRONG_SUBJECT = Withheld(Reason.VERIFICATION_WRONG_SUBJECT)


def is_granted(view: View, caller: Caller, situation: Situation) -> bool:
    """Return whether the caller's grant holds in this view: opened by this consumer, for a reason of the view, and by a
    role that the consumer still has. Where it is told who acts it is the one who opened it."""
    grant, rule = caller.grant, view.break_glass
    if grant is None or rule is None:
        return False
    is_own = grant.view == view.id and grant.consumer == caller.consumer
    return (
        is_own
        and grant.reason in rule.reasons
        and not caller.roles.isdisjoint(rule.roles)
        and situation.actor in (None, grant.actor)
    )


def refuse_unbound(
    rules: Rules, lookups: Iterable[Lookup], assertions: Iterable[Assertion], now: float
) -> Mapping[Lookup, Withheld]:
    """Return which look-ups a bound view shows nobody for, and why; nothing is read for them, whoever exists.

    They are all but that by the very id that an assertion names; and that one too, when the assertion is a mere claim,
    over, or older than the view takes: then nobody is proven to be there.
    """
    if not rules.view.subject.bound:
        return MappingProxyType({})
    own: dict[Lookup, Verified] = {}
    for one in map(rules.counted, assertions):
        if one.source is None:
            named = Lookup(None, one.key)
            own.setdefault(named, Verified.NOT)
            if one.level >= _PROVEN and own[named] is not Verified.WELL:
                is_fresh = _is_fresh(one, now, rules.verification.max_age)
                own[named] = Verified.WELL if is_fresh else Verified.TOO_LONG_AGO
    return {one: _unproven(rules, own.get(one)) for one in lookups if own.get(one) is not Verified.WELL}


def _unproven(rules: Rules, verified: Verified | None) -> Withheld:
    if verified is None:
        return _WRONG_SUBJECT
    required = replace(rules.lowest, level=max(rules.lowest.level, _PROVEN))
    reason = Reason.VERIFICATION_REQUIRED if verified is Verified.NOT else Reason.VERIFICATION_EXPIRED
    return Withheld(reason, step_up=rules.step_up(required, Level.V0))


def _is_fresh(one: Assertion, now: float, max_age: float) -> bool:
    return now < one.expires_at and -MOST_CLOCK_SKEW <= now - one.verified_at <= max_age  # one of later is no proof

"""The verdicts of a plan for customers of whom something is assumed, by the rules by which requests are answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from adapters.crossref import Lookup
from resolvers.assuming import NOTHING_ASSUMED, Assumed
from resolvers.gates import Gate
from resolvers.plan import Plan
from resolvers.policy import PlanRules, Profile, refuse_unbound
from resolvers.policy.gates import Outcome, unknown
from schema.reasons import Reason
from schema.situation import NO_SITUATION, Situation
from schema.verification import Assertion, Level
from schema.withheld import Withheld

__all__ = ["Supposing"]

_WHO = Lookup(None, "who asks")


@dataclass(frozen=True)
class Supposing:
    """What is decided of customers who are all alike. Nothing of it is of one customer."""

    plan: Plan
    rules: PlanRules
    assumed: Assumed = NOTHING_ASSUMED
    situation: Situation | None = NO_SITUATION

    @cached_property
    def waiting(self) -> Profile:
        """Return what is decided before any gate has answered."""
        return self.rules.assumed(self.assumed.level, self.situation)

    @cached_property
    def decided(self) -> Profile:
        """Return what is decided when gates have answered as is assumed."""
        return self._settled(self.waiting, self.assumed.level)

    @cached_property
    def asking(self) -> Profile:
        """Return what is decided by what withholds alone: what waits for a gate may come to be asked."""
        if self.shows_nobody:
            return self.decided
        shut = {gate: outcome for gate, outcome in self._outcomes.items() if outcome is not None}
        return self._profile(self.waiting, {**dict.fromkeys(self.of_subject), **shut})

    @cached_property
    def levels(self) -> Mapping[Level, Profile]:
        """Return what is decided at each level."""
        found = self.rules.levels(self.situation)
        return {level: self._settled(profile, level) for level, profile in found.items()}

    @property
    def of_subject(self) -> frozenset[Gate]:
        """Return the gates without which nothing is shown of a customer."""
        return self.rules.rules.of_subject

    @property
    def asked_gates(self) -> frozenset[Gate]:
        """Return the gates that are asked: where nobody is shown, those alone that decide so."""
        if self._unbound(self.assumed.level) is not None:
            return frozenset()
        return self.of_subject if self.shows_nobody else self.of_subject.union(self.waiting.waiting)

    @property
    def shows_nobody(self) -> bool:
        """Return whether a customer is not shown at all."""
        return self._refused(self.assumed.level) is not None

    def _settled(self, profile: Profile, level: Level | None) -> Profile:
        refused = self._refused(level)
        return self._profile(profile, self._outcomes) if refused is None else _nobody(profile, refused)

    def _profile(self, profile: Profile, outcomes: Mapping[Gate, Outcome]) -> Profile:
        return self.rules.profile(profile.standing._replace(settled=frozenset(outcomes.items())))

    @cached_property
    def _outcomes(self) -> Mapping[Gate, Outcome]:
        """Return what the gates have answered of which it is assumed; one that no source answers lets nobody."""
        gates = frozenset[Gate]().union(*(step.gates for step in self.plan.gates))
        outcomes = {gate: self.assumed.outcome(gate) for gate in gates if self.assumed.is_said(gate)}
        return outcomes | {gate: unknown(gate) for gate in self.plan.shut}

    def _refused(self, level: Level | None) -> Withheld | None:
        """Return why customers of a level are not shown at all; None: they are. Why a gate refuses somebody, the client
        is not told."""
        unbound = self._unbound(level)
        found = (self._outcomes.get(gate) for gate in sorted(self.of_subject, key=str))
        refused = next((one for one in found if one is not None), None)
        if unbound is not None or refused is None:
            return unbound
        return Withheld(Reason.SUBJECT_UNKNOWN, (refused.reason, *refused.also))

    def _unbound(self, level: Level | None) -> Withheld | None:
        """Return why a bound view shows customers of a level to nobody, before anything is read."""
        if level is None:
            return None
        rules = self.rules.rules
        made = Assertion(None, _WHO.key, level, rules.verification.methods, 0.0, 1.0, "", "")
        return refuse_unbound(rules, [_WHO], [made] if level else [], 0.0).get(_WHO)


def _nobody(profile: Profile, refused: Withheld) -> Profile:
    """Return a profile in which the customer is not shown at all."""
    withheld = MappingProxyType(dict.fromkeys(profile.coordinates, refused))
    return Profile(profile.standing, profile.coordinates, withheld, MappingProxyType({}), MappingProxyType({}))

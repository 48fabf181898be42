"""What a plan has come to, said by the test: no engine, no source."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from adapters.answers import Answer, Facts, Found, Key
from resolvers.fetched import Fetched
from resolvers.plan import FieldPlan, Plan
from resolvers.policy import PlanRules, Profile, Rules, Standing, Transforms, Verdicts
from schema.reasons import Reason
from schema.views import View
from schema.withheld import Withheld
from tests.resolvers.harbour import FETCHED_AT
from tests.resolvers.vessels import view

__all__ = ["answered", "field", "found", "rules_of", "verdicts_of"]


def answered(
    plan: Plan,
    answers: Mapping[Key, Answer],
    *,
    withheld: Mapping[str, Mapping[str, Reason]] | None = None,
    transforms: Transforms | None = None,
) -> Fetched:
    """Facts of a plan whose every step was asked with all its fields, and has the same answers by key."""
    fetched = Fetched(plan, verdicts_of(plan, withheld or {}, transforms or {}))
    for step in plan.distinct:
        fetched.answers[step.number] = {(step.fields, None): dict(answers)}
    return fetched


def rules_of(plan: Plan, through: View | None = None) -> PlanRules:
    """The rules of a view of everything that stand on a plan."""
    return PlanRules(Rules(through or view(), "Vessel.id"), plan.coordinates)


def verdicts_of(
    plan: Plan,
    withheld: Mapping[str, Mapping[str, Reason]] = MappingProxyType({}),
    transforms: Transforms = MappingProxyType({}),
) -> Verdicts:
    """Verdicts as the test says: what is withheld of some customers, and what of all is shown in another form."""

    def profile(reasons: Mapping[str, Reason]) -> Profile:
        verdicts = {name: Withheld(reason) for name, reason in reasons.items()}
        return Profile(Standing(restricted=frozenset(reasons)), plan.coordinates, verdicts, transforms, {})

    others = {name: profile(reasons) for name, reasons in withheld.items()}
    return Verdicts(rules_of(plan), profile({}), others)


def found(facts: Facts) -> Found:
    """An answer that is there."""
    return Found(facts, FETCHED_AT)


def field(plan: Plan, name: str) -> FieldPlan:
    """One field of the customer of a plan's one root field."""
    return plan.roots[0].position.fields[name]

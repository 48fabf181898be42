"""What a plan has come to, said by the test: no engine, no source."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.answers import Answer, Facts, Found, Key
from resolvers.fetched import Fetched
from resolvers.plan import FieldPlan, Plan
from resolvers.policy import Transforms, Verdicts
from schema.reasons import Reason
from tests.resolvers.harbour import FETCHED_AT

__all__ = ["answered", "field", "found"]


def answered(
    plan: Plan,
    answers: Mapping[Key, Answer],
    *,
    withheld: Mapping[str, Mapping[str, Reason]] | None = None,
    transforms: Transforms | None = None,
) -> Fetched:
    """Facts of a plan whose every step was asked with all its fields, and has the same answers by key."""
    fetched = Fetched(plan, Verdicts(None, withheld or {}, transforms or {}))
    for step in plan.distinct:
        fetched.answers[step.number] = {(step.fields, None): dict(answers)}
    return fetched


def found(facts: Facts) -> Found:
    """An answer that is there."""
    return Found(facts, FETCHED_AT)


def field(plan: Plan, name: str) -> FieldPlan:
    """One field of the customer of a plan's one root field."""
    return plan.roots[0].position.fields[name]

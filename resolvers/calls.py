"""How many calls a plan can send, known before any is sent."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.crossref import Subject
from resolvers.plan import FromLookUp, Plan, Step
from resolvers.policy import Verdicts

__all__ = ["MOST_FOLLOWED", "calls_of_steps", "most_calls", "most_keys"]

MOST_FOLLOWED = 100
"""The most items of one list whose keys are followed; the keys of further items are answered with SOURCE_ERROR."""


def most_calls(plan: Plan, subjects: Sequence[Subject], verdicts: Verdicts) -> int:
    """Return the most upstream calls that the plan can send for these customers."""
    return sum(calls_of_steps(plan, subjects, verdicts))


def calls_of_steps(plan: Plan, subjects: Sequence[Subject], verdicts: Verdicts) -> list[int]:
    """Return the most upstream calls of each distinct step: keys by batch size, customers with other fields apart."""
    return [_calls(plan, step, subjects, verdicts) for step in plan.distinct]


def _calls(plan: Plan, step: Step, subjects: Sequence[Subject], verdicts: Verdicts) -> int:
    counts: dict[tuple[str, ...], int] = {}
    for subject in subjects:
        fields = verdicts.fields(step, subject)
        if fields is not None:
            counts[fields] = counts.get(fields, 0) + most_keys(plan, step, subject)
    return sum(-(-count // step.offer.max_batch) for count in counts.values())


def most_keys(plan: Plan, step: Step, subject: Subject) -> int:
    """Return the most keys by which a step is asked for one customer."""
    count = 0
    for origin in step.keys_from:
        if isinstance(origin, FromLookUp):
            count += len(subject.keys.get(origin.keyspace, ()))
        else:
            before = plan.steps[origin.step]
            is_many = before.offer.is_list or origin.is_many
            count += most_keys(plan, before, subject) * (MOST_FOLLOWED if is_many else 1)
    return count

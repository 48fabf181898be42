"""How many calls a plan can send, known before any is sent."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from adapters.crossref import Subject
from resolvers.arguments import Given
from resolvers.plan import FromLookUp, GateStep, Plan, Step
from resolvers.policy import Verdicts

__all__ = ["MOST_FOLLOWED", "Arguments", "calls_of_gates", "calls_of_steps", "most_calls", "most_keys"]

Arguments = Mapping[int, Given]
"""What is given to a step that answers a list, by the step's number."""

MOST_FOLLOWED = 100
"""The most items of one list whose keys are followed; the keys of further items are answered with SOURCE_ERROR."""


def most_calls(plan: Plan, subjects: Sequence[Subject], verdicts: Verdicts, arguments: Arguments) -> int:
    """Return the most upstream calls that the plan can send for these customers, each gate asked once."""
    of_gates = calls_of_gates(plan, verdicts) if plan.gates else ()
    return sum(of_gates) + sum(calls_of_steps(plan, subjects, verdicts, arguments))


def calls_of_gates(plan: Plan, verdicts: Verdicts) -> list[int]:
    """Return the most upstream calls of each step that asks gates, once for all customers that wait for them.

    A gate is asked again only before a call that starts more than a second after it was read.
    """
    return [step.offer.most_calls(_most_gate_keys(step, verdicts)) for step in plan.gates]


def _most_gate_keys(step: GateStep, verdicts: Verdicts) -> int:
    waiting = {one.customer_id: one for gate in step.gates for one in verdicts.waiting_for(gate)}
    return sum(len(subject.keys.get(step.source, ())) for subject in waiting.values())


def calls_of_steps(plan: Plan, subjects: Sequence[Subject], verdicts: Verdicts, arguments: Arguments) -> list[int]:
    """Return the most upstream calls of each distinct step.

    Keys by batch size, customers with other fields apart, the pages of each key, and what goes on behind a cursor apart
    from what begins anew.
    """
    return [_calls(plan, step, subjects, verdicts, arguments) for step in plan.distinct]


def _calls(plan: Plan, step: Step, subjects: Sequence[Subject], verdicts: Verdicts, arguments: Arguments) -> int:
    counts = _counts(plan, step, subjects, verdicts, arguments)
    given = arguments.get(step.number)
    if given is None or given.cursor is None:
        return sum(step.offer.most_calls(count, given.first if given else None) for count in counts)
    first = (given.first or 0) + max(stand.skip for _, stand in given.cursor.stands)
    return sum(count * step.offer.pages(first) for count in counts)


def _counts(
    plan: Plan, step: Step, subjects: Sequence[Subject], verdicts: Verdicts, arguments: Arguments
) -> Collection[int]:
    """Return how many keys a step has at most, those apart that are asked for other fields."""
    if verdicts.is_plain or verdicts.is_uniform:
        is_asked = bool(subjects) and verdicts.usual.left(step) is not None
        return [_most_keys(plan, step, lambda keyspace: _known(subjects, keyspace), arguments)] if is_asked else ()
    counts: dict[tuple[str, ...], int] = {}
    for subject in subjects:
        asked = {verdicts.possible(step, subject)}
        if step.is_mixed:  # what gates may open of it is asked for after the rest
            asked.add(verdicts.fields(step, subject))
        for fields in asked:
            if fields is not None:
                counts[fields] = counts.get(fields, 0) + most_keys(plan, step, subject, arguments)
    return counts.values()


def most_keys(plan: Plan, step: Step, subject: Subject, arguments: Arguments) -> int:
    """Return the most keys by which a step is asked for one customer."""
    return _most_keys(plan, step, lambda keyspace: len(subject.keys.get(keyspace, ())), arguments)


def _most_keys(plan: Plan, step: Step, known: Callable[[str], int], arguments: Arguments) -> int:
    """Return the most keys of a step; `known` says how many of a keyspace the cross-reference has."""
    count = 0
    for origin in step.keys_from:
        if isinstance(origin, FromLookUp):
            count += known(origin.keyspace)
        else:
            before = plan.steps[origin.step]
            given = arguments.get(before.number)
            entries = given.first if given is not None and given.first is not None else MOST_FOLLOWED
            times = entries if before.offer.is_list else MOST_FOLLOWED if origin.is_many else 1
            count += _most_keys(plan, before, known, arguments) * times
    return count


def _known(subjects: Sequence[Subject], keyspace: str) -> int:
    return sum([len(subject.keys.get(keyspace, ())) for subject in subjects])

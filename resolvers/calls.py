"""How many calls a plan can send, known before any is sent."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial

from adapters.crossref import Lookup, Subject
from resolvers.arguments import Given
from resolvers.gates import Gate
from resolvers.plan import Plan
from resolvers.policy import Profile, Verdicts
from resolvers.steps import FromLookUp, GateStep, KeysFrom, Step

__all__ = [
    "MOST_FOLLOWED",
    "Arguments",
    "calls_of_document",
    "calls_of_gates",
    "calls_of_steps",
    "is_followed",
    "most_calls",
    "most_keys",
]

Arguments = Mapping[int, Given]
"""What is given to a step that answers a list, by the step's number."""

MOST_FOLLOWED = 100
"""The most items of one list whose keys are followed; the keys of further items are answered with SOURCE_ERROR."""


def most_calls(
    plan: Plan, subjects: Sequence[Subject], verdicts: Verdicts, arguments: Arguments, unknown: int = 0
) -> int:
    """Return the most upstream calls that the plan can send for these customers, each gate asked once.

    `unknown` is for how many look-ups nobody is shown: of all of them it counts as asked whether somebody may be.
    """
    of_gates = calls_of_gates(plan, verdicts, unknown) if plan.gates else ()
    return sum(of_gates) + sum(calls_of_steps(plan, subjects, verdicts, arguments))


def calls_of_gates(plan: Plan, verdicts: Verdicts, unknown: int = 0) -> list[int]:
    """Return the most upstream calls of each step that asks gates, once for all customers that wait for them; those of
    the subject for all that are looked up.

    A gate is asked again only before a call that starts more than a second after it was read.
    """
    return [step.offer.most_calls(_most_gate_keys(step, verdicts, unknown)) for step in plan.gates]


def calls_of_document(
    plan: Plan,
    profile: Profile,
    lookups: Mapping[str, Sequence[Lookup]],
    arguments: Arguments,
    of_subject: frozenset[Gate] = frozenset(),
) -> int:
    """Return the most upstream calls for these look-ups by root field, before anybody is looked up: as if each found
    somebody of this profile, whom every source knows by one key. The gates `of_subject` are asked whoever it is."""
    calls = 0
    for gate_step in plan.gates:
        roots = plan.asked_by if gate_step.gates & of_subject else _roots_waiting(plan, gate_step, profile)
        calls += gate_step.offer.most_calls(len(_by_roots(lookups, roots)))
    for step in plan.distinct:
        possible, left = profile.possible(step), profile.left(step)
        if possible is not None:
            count = len(_by_roots(lookups, possible.roots))
            most = _most_keys(plan, step, lambda _keyspace, count=count: count, arguments, profile)  # type: ignore[misc]
            is_apart = step.is_mixed and left is not None and left.fields != possible.fields
            calls += _calls(step, [most, most] if is_apart else [most], arguments)
    return calls


def _by_roots(lookups: Mapping[str, Sequence[Lookup]], roots: Collection[str]) -> Collection[Lookup]:
    return {lookup for root in roots for lookup in lookups.get(root, ())}


def _roots_waiting(plan: Plan, step: GateStep, profile: Profile) -> Collection[str]:
    """Return the root fields of which something waits for the gates of a step."""
    waiting = frozenset[str]().union(*(profile.waiting[gate] for gate in step.gates if gate in profile.waiting))
    return [root for root, asked in plan.asked_by.items() if not asked.isdisjoint(waiting)]


def _most_gate_keys(step: GateStep, verdicts: Verdicts, unknown: int) -> int:
    if step.gates & verdicts.rules.rules.of_subject:  # who is refused counts alike, whether there is somebody or not
        return unknown + _known(verdicts.subjects, step.source)
    waiting = {one.customer_id: one for gate in step.gates for one in verdicts.waiting_for(gate)}
    return _known(list(waiting.values()), step.source)


def calls_of_steps(plan: Plan, subjects: Sequence[Subject], verdicts: Verdicts, arguments: Arguments) -> list[int]:
    """Return the most upstream calls of each distinct step.

    Keys by batch size, customers with other fields apart, the pages of each key, and what goes on behind a cursor apart
    from what begins anew.
    """
    return [_calls(step, _counts(plan, step, subjects, verdicts, arguments), arguments) for step in plan.distinct]


def _calls(step: Step, counts: Collection[int], arguments: Arguments) -> int:
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
        profile = None if verdicts.is_plain else verdicts.usual
        known = partial(_known, subjects)
        return [_most_keys(plan, step, known, arguments, profile)] if is_asked else ()
    counts: dict[tuple[str, ...], int] = {}
    for subject in subjects:
        asked = {verdicts.possible(step, subject)}
        if step.is_mixed:  # what gates may open of it is asked for after the rest
            asked.add(verdicts.fields(step, subject))
        for fields in asked:
            if fields is not None:
                most = _most_keys(plan, step, partial(_known, [subject]), arguments, verdicts.profile(subject))
                counts[fields] = counts.get(fields, 0) + most
    return counts.values()


def is_followed(plan: Plan, origin: KeysFrom, profile: Profile) -> bool:
    """Return whether keys may come from there for customers of a profile: from a field of another step only where it
    leads to something that they are shown."""
    if isinstance(origin, FromLookUp):
        return True
    left = profile.possible(plan.steps[origin.step])
    return left is not None and any(wanted.is_key and wanted.path == origin.path for wanted in left.wanted)


def most_keys(plan: Plan, step: Step, subject: Subject, arguments: Arguments) -> int:
    """Return the most keys by which a step is asked for one customer, whatever is withheld."""
    return _most_keys(plan, step, partial(_known, [subject]), arguments)


def _most_keys(
    plan: Plan, step: Step, known: Callable[[str], int], arguments: Arguments, profile: Profile | None = None
) -> int:
    """Return the most keys of a step; `known` says how many of a keyspace the cross-reference has, `profile` what is
    withheld (None: nothing)."""
    count = 0
    for origin in step.keys_from:
        if profile is not None and not is_followed(plan, origin, profile):
            continue
        if isinstance(origin, FromLookUp):
            count += known(origin.keyspace)
        else:
            before = plan.steps[origin.step]
            given = arguments.get(before.number)
            entries = given.first if given is not None and given.first is not None else MOST_FOLLOWED
            times = entries if before.offer.is_list else MOST_FOLLOWED if origin.is_many else 1
            count += _most_keys(plan, before, known, arguments, profile) * times
    return count


def _known(subjects: Sequence[Subject], keyspace: str) -> int:
    return sum([len(subject.keys.get(keyspace, ())) for subject in subjects])

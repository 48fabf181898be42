"""A plan is run: each step is asked as soon as the steps that it names have answered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from adapters.adapter import Adapter, Batch, Call
from adapters.answers import Answer, Facts, Found, Key, Page, SourceError
from adapters.crossref import Subject
from resolvers.plan import FromField, FromLookUp, Plan, Step
from resolvers.policy import Verdicts
from schema.reasons import Reason

__all__ = ["Arguments", "Fetched", "calls_of_steps", "most_calls", "run"]

Arguments = Mapping[int, tuple[tuple[str, object], ...]]
"""The values of a step's arguments, by the step's number."""

MOST_ITEMS = 100
"""The most items of one list whose keys are followed; the keys of further items are answered with SOURCE_ERROR."""

_LATE = SourceError(Reason.DEADLINE_EXCEEDED, "the step had not answered when the request's time was over")
_LEFT_OUT = SourceError(Reason.SOURCE_INCOMPLETE, "the adapter's answer left the key out")
_TOO_MANY = SourceError(Reason.SOURCE_ERROR, "a list held more items than are followed")
_RAISED = SourceError(Reason.SOURCE_ERROR, "the adapter raised an exception")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What the sources answered, by step, allowed fields and key.

    Customers of whom different fields are allowed never share an answer, even for one key.
    """

    plan: Plan
    verdicts: Verdicts
    answers: dict[tuple[int, tuple[str, ...], Key], Answer] = field(default_factory=dict, repr=False)

    def answer(self, step: Step, subject: Subject, key: Key) -> Answer:
        """Return the answer for one key, on behalf of one customer."""
        fields = self.verdicts.fields(step, subject)
        return _LATE if fields is None else self.answers.get((step.number, fields, key), _LATE)

    def keys(self, step: Step, subject: Subject) -> tuple[Key, ...]:
        """Return the distinct keys by which the step is asked for one customer, in order."""
        if self.verdicts.fields(step, subject) is None:
            return ()
        return tuple(dict.fromkeys(self._keys(step, subject)))

    def _keys(self, step: Step, subject: Subject) -> Iterator[Key]:
        for origin in step.keys_from:
            if isinstance(origin, FromLookUp):
                yield from (linked.key for linked in subject.keys.get(origin.keyspace, ()))
            else:
                yield from self._referenced(origin, subject)

    def _referenced(self, origin: FromField, subject: Subject) -> Iterator[Key]:
        step = self.plan.steps[origin.step]
        for record in self._records(step, subject):
            for value in _values(record, origin.path.split(".")):
                if isinstance(value, str):
                    yield value

    def _records(self, step: Step, subject: Subject) -> Iterator[Facts]:
        for key in self.keys(step, subject):
            answer = self.answer(step, subject, key)
            if isinstance(answer, Found):
                yield from answer.record.items if isinstance(answer.record, Page) else (answer.record,)


async def run(
    plan: Plan,
    subjects: Sequence[Subject],
    verdicts: Verdicts,
    adapters: Mapping[str, Adapter],
    call: Call,
    arguments: Arguments,
) -> Fetched:
    """Ask the sources and return what they answered, by the call's deadline at the latest.

    A step that has not answered by then is cancelled; its answers are DEADLINE_EXCEEDED.
    """
    fetched = Fetched(plan, verdicts)
    tasks: list[asyncio.Task[None]] = []
    for step in plan.steps:
        before = [tasks[number] for number in sorted(step.after)]
        made = _step(step, before, fetched, subjects, adapters[step.source], call, arguments.get(step.number, ()))
        tasks.append(asyncio.create_task(made))
    try:
        if tasks:
            await asyncio.wait(tasks, timeout=call.deadline.remaining())
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return fetched


async def _step(
    step: Step,
    before: Sequence[asyncio.Task[None]],
    fetched: Fetched,
    subjects: Sequence[Subject],
    adapter: Adapter,
    call: Call,
    arguments: tuple[tuple[str, object], ...],
) -> None:
    if before:
        await asyncio.wait(before)
    batches = _batches(step, fetched, subjects, arguments)
    await asyncio.gather(*(_ask(step, batch, fetched, adapter, call) for batch in batches))


def _batches(
    step: Step, fetched: Fetched, subjects: Sequence[Subject], arguments: tuple[tuple[str, object], ...]
) -> list[Batch]:
    """Return one batch for each set of fields that is allowed for some of the customers."""
    keys_by_fields: dict[tuple[str, ...], dict[Key, None]] = {}
    for subject in subjects:
        fields = fetched.verdicts.fields(step, subject)
        if fields is not None:
            keys, most = fetched.keys(step, subject), _most_keys(fetched.plan, step, subject)
            keys_by_fields.setdefault(fields, {}).update(dict.fromkeys(keys[:most]))
            fetched.answers.update({(step.number, fields, key): _TOO_MANY for key in keys[most:]})
    return [Batch(step.offer, fields, tuple(keys), arguments) for fields, keys in keys_by_fields.items() if keys]


async def _ask(step: Step, batch: Batch, fetched: Fetched, adapter: Adapter, call: Call) -> None:
    try:
        answers = await adapter.fetch(batch, call)
    except Exception as error:  # noqa: BLE001  an adapter's fault costs its own fields, whatever it raised
        # The exception's text may hold what a source sent: its type and place are told, and nothing else.
        _log.error("the adapter of %s raised %s in fetch", adapter.source, type(error).__name__)
        answers = dict.fromkeys(batch.keys, _RAISED)
    for key in batch.keys:
        fetched.answers[step.number, batch.fields, key] = answers.get(key, _LEFT_OUT)


def _values(facts: object, path: Sequence[str]) -> Iterator[object]:
    """Yield what stands at the path, in every element of the lists on the way."""
    if isinstance(facts, list):
        for item in facts:
            yield from _values(item, path)
    elif not path:
        yield facts
    elif isinstance(facts, Mapping):
        yield from _values(facts.get(path[0]), path[1:])


def most_calls(plan: Plan, subjects: Sequence[Subject], verdicts: Verdicts) -> int:
    """Return the most upstream calls that the plan can send for these customers."""
    return sum(calls_of_steps(plan, subjects, verdicts))


def calls_of_steps(plan: Plan, subjects: Sequence[Subject], verdicts: Verdicts) -> list[int]:
    """Return the most upstream calls of each step: keys by batch size, customers with other fields apart."""
    return [_calls(plan, step, subjects, verdicts) for step in plan.steps]


def _calls(plan: Plan, step: Step, subjects: Sequence[Subject], verdicts: Verdicts) -> int:
    counts: dict[tuple[str, ...], int] = {}
    for subject in subjects:
        fields = verdicts.fields(step, subject)
        if fields is not None:
            counts[fields] = counts.get(fields, 0) + _most_keys(plan, step, subject)
    return sum(-(-count // step.offer.max_batch) for count in counts.values())


def _most_keys(plan: Plan, step: Step, subject: Subject) -> int:
    """Return the most keys by which a step is asked for one customer."""
    count = 0
    for origin in step.keys_from:
        if isinstance(origin, FromLookUp):
            count += len(subject.keys.get(origin.keyspace, ()))
        else:
            before = plan.steps[origin.step]
            count += _most_keys(plan, before, subject) * (MOST_ITEMS if before.offer.is_list else 1)
    return count

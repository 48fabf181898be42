"""A plan is run: each step is asked as soon as the steps that it names have answered."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeGuard

from adapters.adapter import Adapter, Batch, Call, Slice
from adapters.answers import TYPE_NAME, Answer, Facts, Fault, Found, Key, Page, SourceError
from adapters.crossref import Subject
from adapters.records import TYPE_MARK
from resolvers.arguments import Given
from resolvers.calls import Arguments, most_keys
from resolvers.cursors import Stand
from resolvers.joining import Joined, join, slice_of, stand_of
from resolvers.plan import FromField, FromLookUp, Plan, Step
from resolvers.policy import Verdicts
from schema.observer import Event, Failed, Observer, Sent
from schema.reasons import Reason

__all__ = ["Fetched", "run"]

_NOTHING_GIVEN = Given()

_GRACE = 0.005
"""Seconds after the deadline in which adapters hand over what they have; the gateway leaves room for it."""

_LATE = SourceError(Reason.DEADLINE_EXCEEDED, "the step had not answered when the request's time was over")
_LEFT_OUT = SourceError(Reason.SOURCE_INCOMPLETE, "the adapter's answer left the key out")
_TOO_MANY = SourceError(Reason.SOURCE_ERROR, "a list held more items than are followed")
_RAISED = SourceError(Reason.SOURCE_ERROR, "the adapter raised an exception")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What the sources answered, by step, allowed fields, part of a list and key, and the calls that each step sent.

    Customers of whom different fields are allowed never share an answer, even for one key.
    """

    plan: Plan
    verdicts: Verdicts
    arguments: Arguments = field(default_factory=dict)
    answers: dict[tuple[int, tuple[str, ...], Slice | None, Key], Answer] = field(default_factory=dict, repr=False)
    sent: dict[int, list[Sent]] = field(default_factory=dict)

    def given(self, step: Step) -> Given:
        """Return the arguments of a step."""
        return self.arguments.get(step.number, _NOTHING_GIVEN)

    def answer(self, step: Step, subject: Subject, key: Key) -> Answer:
        """Return the answer for one key, on behalf of one customer."""
        fields, stand = self.verdicts.fields(step, subject), self.stand(step, subject, key)
        if fields is None or stand is None:
            return _LATE
        return self.answers.get((step.number, fields, slice_of(self.given(step), stand), key), _LATE)

    def stand(self, step: Step, subject: Subject, key: Key) -> Stand | None:
        """Return where a key's list begins; None when the cursor that was given belongs to another list."""
        return stand_of(self.given(step), subject.customer_id, key, is_own=not step.after)

    def asked(self, step: Step, subject: Subject) -> tuple[Key, ...]:
        """Return the keys that are really asked: not those whose list has been read to its end."""
        stands = {key: self.stand(step, subject, key) for key in self.keys(step, subject)}
        return tuple(key for key, stand in stands.items() if stand is not None and not stand.is_over)

    def list_of(self, step: Step, subject: Subject, keys: Sequence[Key]) -> Joined | Fault:
        """Return the joined list of keys, of which the parts that were asked are shown, or why there is none."""
        places = [(key, self.stand(step, subject, key)) for key in keys]
        return join(self.given(step), places, lambda key: self.answer(step, subject, key))

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
        if not self.verdicts.is_followed(step, origin.path, subject):
            return
        for record in self._records(step, subject):
            for value in _values(record, origin.path.split(".")):
                if isinstance(value, str):
                    yield value

    def _records(self, step: Step, subject: Subject) -> Iterator[Facts]:
        """Yield the records that are shown: of a page none but its entries."""
        keys = self.keys(step, subject)
        for together in [keys] if step.is_page and not step.after else [(key,) for key in keys]:
            if step.offer.is_list:
                joined = self.list_of(step, subject, together)
                yield from joined.items if isinstance(joined, Joined) else ()
            else:
                answer = self.answer(step, subject, together[0])
                if isinstance(answer, Found) and not isinstance(answer.record, Page):
                    yield answer.record


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
    fetched = Fetched(plan, verdicts, arguments)
    if call.deadline.is_over():
        return fetched
    tasks: dict[int, asyncio.Task[None]] = {}
    for step in sorted(plan.distinct, key=lambda step: step.depth):
        before = [tasks[number] for number in sorted(step.after)]
        made = _step(step, before, fetched, subjects, adapters[step.source], call)
        tasks[step.number] = asyncio.create_task(made)
    try:
        if tasks:
            _, late = await asyncio.wait(tasks.values(), timeout=call.deadline.remaining())
            # a call ends itself at the deadline: what other calls of its batch have brought is not thrown away
            if late:
                await asyncio.wait(late, timeout=_GRACE)
    finally:
        outcomes = await _stopped(tasks.values())
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome
    return fetched


async def _stopped(tasks: Iterable[asyncio.Task[None]]) -> Sequence[BaseException | None]:
    """Cancel what still runs and return how each task ended, once all have."""
    for task in tasks:
        task.cancel()
    return await asyncio.gather(*tasks, return_exceptions=True)


async def _step(
    step: Step,
    before: Sequence[asyncio.Task[None]],
    fetched: Fetched,
    subjects: Sequence[Subject],
    adapter: Adapter,
    call: Call,
) -> None:
    if before:
        await asyncio.wait(before)
    if call.deadline.is_over():
        return
    batches = _batches(step, fetched, subjects)
    observed = replace(call, observer=_Keeping(fetched.sent.setdefault(step.number, []), call.observer))
    await asyncio.gather(*(_ask(step, batch, fetched, adapter, observed) for batch in batches))


@dataclass(frozen=True, slots=True)
class _Keeping:
    """An observer that keeps what it is told, and tells another one."""

    kept: list[Sent]
    inner: Observer

    def note(self, event: Event) -> None:
        if isinstance(event, Sent):
            self.kept.append(event)
        self.inner.note(event)


def _batches(step: Step, fetched: Fetched, subjects: Sequence[Subject]) -> list[Batch]:
    """Return one batch for each set of fields that is allowed for some of the customers, and each part of a list."""
    given = fetched.given(step)
    keys_by_ask: dict[tuple[tuple[str, ...], Slice | None], dict[Key, None]] = {}
    for subject in subjects:
        fields, most = fetched.verdicts.fields(step, subject), most_keys(fetched.plan, step, subject, fetched.arguments)
        for place, key in enumerate(fetched.asked(step, subject) if fields is not None else ()):
            stand = fetched.stand(step, subject, key)
            assert fields is not None
            assert stand is not None
            part = slice_of(given, stand)
            if place < most:
                keys_by_ask.setdefault((fields, part), {})[key] = None
            else:
                fetched.answers[step.number, fields, part, key] = _TOO_MANY
    return [Batch(step.offer, fields, tuple(keys), given.values, part) for (fields, part), keys in keys_by_ask.items()]


async def _ask(step: Step, batch: Batch, fetched: Fetched, adapter: Adapter, call: Call) -> None:
    answers = await _answers(batch, adapter, call)
    failures: Counter[SourceError] = Counter()
    for key in batch.keys:
        given = answers.get(key)
        answer = given if _is_answer(given) else _LEFT_OUT
        fetched.answers[step.number, batch.fields, batch.slice, key] = answer
        if isinstance(answer, SourceError):
            failures[answer] += 1
    for error, keys in failures.items():
        call.observer.note(Failed(step.source, step.offer.name, error.reason, error.detail, keys))


def _is_answer(answer: object) -> TypeGuard[Answer]:
    return isinstance(answer, Answer) and not (
        isinstance(answer, Found) and not isinstance(answer.fetched_at, datetime)
    )


async def _answers(batch: Batch, adapter: Adapter, call: Call) -> Mapping[Key, Answer]:
    """Return what the adapter answers; its fault costs its own fields, whatever it raises."""
    try:
        return dict(await adapter.fetch(batch, call))
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raised: BaseException = error  # nobody cancelled the step: it came from within the adapter
    except Exception as error:  # noqa: BLE001
        raised = error
    # The exception's text may hold what a source sent: its type is told, and nothing else.
    _log.error("the adapter of %s raised %s in fetch", adapter.source, type(raised).__name__)
    return dict.fromkeys(batch.keys, _RAISED)


def _values(facts: object, path: Sequence[str]) -> Iterator[object]:
    """Yield what stands at the path, in every element of the lists on the way."""
    if isinstance(facts, list):
        for item in facts:
            yield from _values(item, path)
    elif not path:
        yield facts
    elif isinstance(facts, Mapping):
        type_name, _, name = path[0].rpartition(TYPE_MARK)
        if not type_name or facts.get(TYPE_NAME) == type_name:
            yield from _values(facts.get(name), path[1:])

"""What the sources answered, and by which keys they were asked for whom: what a plan has come to in one request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from adapters.adapter import Batch, Slice
from adapters.answers import TYPE_NAME, Answer, Facts, Fault, Found, Key, Page, SourceError
from adapters.crossref import Subject
from adapters.records import TYPE_MARK
from resolvers.arguments import Given
from resolvers.calls import Arguments
from resolvers.cursors import BEGINNING, Stand
from resolvers.joining import Joined, join, slice_of, stand_of
from resolvers.plan import Plan
from resolvers.policy import Verdicts
from resolvers.steps import FromField, FromLookUp, GateStep, Step
from schema.observer import Sent
from schema.reasons import Reason

__all__ = ["Extent", "Fetched"]

Extent = tuple[tuple[str, ...], Slice | None]
"""What is asked alike of several keys: the fields that are allowed, and which part of a list."""

_NOTHING_GIVEN = Given()
_NO_ANSWERS: Mapping[Key, Answer] = MappingProxyType({})

_LATE = SourceError(Reason.DEADLINE_EXCEEDED, "the step had not answered when the request's time was over")


@dataclass(frozen=True, slots=True)
class Fetched:
    """What the sources answered, by step, allowed fields and part of a list, and key; the batches that each step asked,
    and the calls that were sent for it. `left` are the steps for which the answer has not waited any longer, since it
    can do without them.

    Customers of whom different fields are allowed never share an answer, even for one key.
    """

    plan: Plan
    verdicts: Verdicts
    arguments: Arguments = field(default_factory=dict)
    answers: dict[int, dict[Extent, dict[Key, Answer]]] = field(default_factory=dict, repr=False)
    batches: dict[int, Sequence[Batch]] = field(default_factory=dict, repr=False)
    sent: dict[int, list[Sent]] = field(default_factory=dict)
    gate_calls: dict[GateStep, list[Sent]] = field(default_factory=dict)
    left: set[int] = field(default_factory=set)
    _keys: dict[tuple[int, str], tuple[Key, ...]] = field(default_factory=dict, repr=False)
    _fields: dict[tuple[int, str], tuple[str, ...] | None] = field(default_factory=dict, repr=False)

    def given(self, step: Step) -> Given:
        """Return the arguments of a step."""
        return self.arguments.get(step.number, _NOTHING_GIVEN)

    def fields(self, step: Step, subject: Subject) -> tuple[str, ...] | None:
        """Return the fields for which a step is asked for a customer; None when it is not.

        It is asked once: what a gate answers later, or takes back, changes nothing of what was asked.
        """
        if not self.verdicts.is_changing:
            return self.verdicts.fields(step, subject)
        place = (step.number, subject.customer_id)
        if place not in self._fields:
            self._fields[place] = self.verdicts.fields(step, subject)
        return self._fields[place]

    def narrow(self, step: Step, subject: Subject) -> tuple[str, ...] | None:
        """Return the fields for which a step is asked again for a customer, now that a gate has been shut."""
        fields = self._fields[step.number, subject.customer_id] = self.verdicts.fields(step, subject)
        return fields

    def widen(self, step: Step, subject: Subject) -> bool:
        """Return whether a gate has opened more of a step that was asked for a customer, and keep that it is asked.

        So it is with a key that leads to what waits for a gate, and besides only to what is withheld of the customer.
        """
        if not self.verdicts.is_changing:  # then all of it was asked at the first
            return False
        place, fields = (step.number, subject.customer_id), self.verdicts.fields(step, subject)
        keys = tuple(dict.fromkeys(self._found_keys(step, subject))) if fields is not None else ()
        if fields is None or not keys:
            return False
        had = self._fields.get(place)
        if had is not None and set(fields) <= set(had) and set(keys) <= set(self.keys(step, subject)):
            return False
        self._fields[place], self._keys[place] = fields, keys
        return True

    def in_full(self, number: int) -> Mapping[Key, Answer] | None:
        """Return the answers of a step by key for those of the usual profile, None where a cursor was given.

        Where that is everybody's these are all of its answers. A key that is not in it was not answered.
        """
        step = self.plan.steps[number]
        given = self.given(step)
        if given.cursor is not None:
            return None
        extents = self.answers.get(step.number)
        if not extents:
            return _NO_ANSWERS
        if self.verdicts.is_alike:
            return next(iter(extents.values()))
        left = self.verdicts.usual.left(step)
        return _NO_ANSWERS if left is None else extents.get((left.fields, slice_of(given, BEGINNING)), _NO_ANSWERS)

    def answer(self, step: Step, subject: Subject, key: Key) -> Answer:
        """Return the answer for one key, on behalf of one customer."""
        fields, stand = self.fields(step, subject), self.stand(step, subject, key)
        if fields is None or stand is None:
            return _LATE
        extent = (fields, slice_of(self.given(step), stand))
        return self.answers.get(step.number, {}).get(extent, _NO_ANSWERS).get(key, _LATE)

    def stand(self, step: Step, subject: Subject, key: Key) -> Stand | None:
        """Return where a key's list begins; None when the cursor that was given belongs to another list."""
        return stand_of(self.given(step), subject.customer_id, key, is_own=not step.after)

    def asked(self, step: Step, subject: Subject) -> Iterator[tuple[Key, Stand]]:
        """Yield the keys that are really asked, and where their lists begin: not those that were read to their end."""
        for key in self.keys(step, subject):
            stand = self.stand(step, subject, key)
            if stand is not None and not stand.is_over:
                yield key, stand

    def list_of(self, step: Step, subject: Subject, keys: Sequence[Key]) -> Joined | Fault:
        """Return the joined list of keys, of which the parts that were asked are shown, or why there is none."""
        places = [(key, self.stand(step, subject, key)) for key in keys]
        return join(self.given(step), places, lambda key: self.answer(step, subject, key))

    def keys(self, step: Step, subject: Subject) -> tuple[Key, ...]:
        """Return the distinct keys by which the step is asked for one customer, in order.

        Those that stand in the records of other steps are known once these have answered, and not to be asked for
        before.
        """
        place = (step.number, subject.customer_id)
        kept = self._keys.get(place)
        if kept is None:
            is_asked = self.fields(step, subject) is not None
            kept = self._keys[place] = tuple(dict.fromkeys(self._found_keys(step, subject))) if is_asked else ()
        return kept

    def _found_keys(self, step: Step, subject: Subject) -> Iterator[Key]:
        for origin in step.keys_from:
            if isinstance(origin, FromLookUp):
                yield from (linked.key for linked in subject.keys.get(origin.keyspace, ()))
            else:
                yield from self._referenced(origin, subject)

    def _referenced(self, origin: FromField, subject: Subject) -> Iterator[Key]:
        step = self.plan.steps[origin.step]
        if not self.verdicts.is_followed(step, origin.path, subject):
            return
        path = origin.path.split(".")
        for record in self._records(step, subject):
            for value in _values(record, path):
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

"""How good the values of the sources are: how many places of answers were empty or wrong, by source and coordinate.

What is counted is what answers show, so a null that a rule has made, or that a source is the cause of that could not be
asked, counts for nothing; and it is counted by columns: of a list of customers at once. No customer is in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple
from weakref import ReferenceType, ref

from graphql import GraphQLOutputType, is_list_type, is_non_null_type

from resolvers.assembled import Assembled
from resolvers.plan import FieldPlan, FromList, FromStep, Plan, Position
from schema.reasons import Reason

__all__ = ["Place", "Quality"]

Place = tuple[str, str]
"""A source, and a coordinate of the model that it serves."""

_MOST_KEPT = 256
"""Outlines that are kept: of the plans that are used. One takes some kilobytes."""

_ANY = "*"
_WRONG = frozenset({Reason.VALUE_INVALID})
"""The codes of a value that the source has, and that is none of the model's."""


class _Outlined(NamedTuple):
    """One field of an answer: the place of its values (None: no source serves them), how many lists they are in, and
    the types that its objects may be of; none for a leaf."""

    name: str
    place: Place | None
    lists: int
    types: tuple[_Outline, ...]


class _Outline(NamedTuple):
    """The objects of one type: the names of all their fields, and those of them that are counted, or lead there."""

    names: frozenset[str]
    fields: Mapping[str, _Outlined]


_Records = Sequence[dict[str, Any]]


class _Numbers(dict[Place, int]):
    def __missing__(self, place: Place) -> int:
        return 0


class Quality:
    """Counts `values`: the places for which a source had a record, whatever stood there; `nulls`: those that it left
    empty; and `invalid`: those where there was no value of the model. They only grow."""

    def __init__(self) -> None:
        self.values, self.nulls, self.invalid = _Numbers(), _Numbers(), _Numbers()
        self._outlines: dict[int, tuple[ReferenceType[Plan], _Outline]] = {}

    def count(self, plan: Plan, answer: Assembled) -> None:
        """Count an answer to what was planned so."""
        if answer.data is None:
            return
        outline = self._outline(plan)
        self._count(outline, [answer.data])
        if answer.errors or answer.withheld or answer.absent:
            self._leave_out(_Unknown(outline, answer))

    def _leave_out(self, unknown: _Unknown) -> None:
        for place, count in unknown.nulls.items():
            self.nulls[place] -= count
            self.values[place] -= count
        for place, count in unknown.wrong.items():
            self.values[place] += count
            self.invalid[place] += count

    def _outline(self, plan: Plan) -> _Outline:
        kept = self._outlines.get(id(plan))
        if kept is not None and kept[0]() is plan:
            return kept[1]
        if len(self._outlines) >= _MOST_KEPT:
            self._outlines.clear()
        outline = _outline_of(plan)
        self._outlines[id(plan)] = ref(plan), outline
        return outline

    def _count(self, outline: _Outline, records: _Records) -> None:
        """Count the fields of objects that are of one type."""
        values, nulls = self.values, self.nulls
        for name, place, lists, types in outline.fields.values():
            if not types and len(records) == 1:  # as most are, and it takes no call
                if place is not None:
                    values[place] += 1
                    nulls[place] += records[0][name] is None
                continue
            held = [record[name] for record in records]
            if place is not None:
                values[place] += len(held)
                nulls[place] += held.count(None)
            if types:
                self._count_objects(types, _flat(held, lists))

    def _count_objects(self, types: tuple[_Outline, ...], records: _Records) -> None:
        if len(types) == 1:
            if records:
                self._count(types[0], records)
            return
        for record in records:
            outline = _outline_for(types, record)
            if outline is not None:
                self._count(outline, [record])


class _Unknown:
    """The nulls of an answer of which it says why they are there: of most of them nobody knows what the source has.

    `nulls` counts them by place; `wrong` the values that are none, whether a null stands there for each or for more.
    """

    def __init__(self, outline: _Outline, answer: Assembled) -> None:
        self._data, self._outline = answer.data, outline
        self._seen: set[tuple[int, str]] = set()
        self.nulls, self.wrong = _Numbers(), _Numbers()
        for entry in chain(answer.withheld, answer.absent):
            for path in entry["paths"]:
                self._walk(path)
        for error in answer.errors:
            place = self._walk(error["path"] or ())
            if place is not None and error["extensions"]["code"] in _WRONG:
                self.wrong[place] += 1

    def _walk(self, path: Sequence[str | int]) -> Place | None:
        """Take the nulls at a path, or above it where one has taken it along; return the place that the path is of."""
        held: list[Any] = [self._data]
        types: tuple[_Outline, ...] = (self._outline,)
        place = None
        for step in path:
            if step == _ANY:
                held = [item for one in held if one is not None for item in one]
            elif isinstance(step, int):
                held = [one[step] for one in held if one is not None and step < len(one)]
            else:
                fields = [one.fields[step] for one in self._types(types, held) if step in one.fields]
                if not fields:
                    return None
                held = [value for record in held for value in self._stepped(types, record, step)]
                # of objects of several types that are gone, with the path, it is not known which one it was
                place = fields[0].place if len({one.place for one in fields}) == 1 else None
                types = tuple(chain.from_iterable(one.types for one in fields))
        return place

    def _types(self, types: tuple[_Outline, ...], held: Sequence[Any]) -> tuple[_Outline, ...]:
        """Return the types of these records, where there are some."""
        found = {id(one): one for record in held if record and (one := _outline_for(types, record)) is not None}
        return tuple(found.values()) if any(record is not None for record in held) else types

    def _stepped(self, types: tuple[_Outline, ...], record: Any, name: str) -> Iterator[Any]:
        """Yield what stands in a field of a record; a null is counted once."""
        outline = None if record is None else _outline_for(types, record)
        if outline is None or name not in outline.fields:
            return
        place = outline.fields[name].place
        if record[name] is not None:
            yield record[name]
        elif place is not None and (id(record), name) not in self._seen:
            self._seen.add((id(record), name))
            self.nulls[place] += 1


def _outline_for(types: tuple[_Outline, ...], record: dict[str, Any]) -> _Outline | None:
    """Return the outline of this record, None where it is of a type of which nothing is counted."""
    return types[0] if len(types) == 1 else next((one for one in types if one.names == record.keys()), None)


def _flat(held: list[Any], lists: int) -> list[dict[str, Any]]:
    """Return the objects that stand in values, which are in so many lists."""
    for _ in range(lists):
        held = [item for one in held if one is not None for item in one]
    return [one for one in held if one is not None]


def _outline_of(plan: Plan) -> _Outline:
    asked = plan.coordinates
    outlining = _Outlining(plan, asked.union(*(wanted.guards for step in plan.steps for wanted in step.wanted)))
    roots = {
        root.response_name: _Outlined(root.response_name, None, int(root.is_list), (outlining.of(root.position, None),))
        for root in plan.roots
    }
    return _Outline(frozenset(roots), roots)


@dataclass(frozen=True, slots=True)
class _Outlining:
    """Makes the outline of a plan. `served` are the coordinates that sources serve."""

    plan: Plan
    served: frozenset[str]

    def of(self, position: Position, source: str | None) -> _Outline:
        """Return the outline of an object that stands in a record of this source."""
        fields = {name: self._field(one, source) for name, one in position.fields.items()}
        counted = {name: one for name, one in fields.items() if one.place is not None or one.types}
        return _Outline(frozenset(fields), counted)

    def _field(self, field: FieldPlan, within: str | None) -> _Outlined:
        source = self._source(field, within)
        is_served = source is not None and field.coordinate in self.served
        types = _told_apart([self.of(position, source) for position in field.positions.values()])
        place = (source, field.coordinate) if source is not None and is_served else None
        return _Outlined(field.response_name, place, _lists(field.output), types)

    def _source(self, field: FieldPlan, within: str | None) -> str | None:
        if field.list_by_key is not None:
            return self.plan.steps[field.list_by_key].source
        match field.reads:
            case FromStep(step) | FromList(step):
                return self.plan.steps[step].source
            case None:
                return None
        return within


def _told_apart(types: Sequence[_Outline]) -> tuple[_Outline, ...]:
    """Return the types without those that look alike in an answer, and are not: what they hold is not counted, for
    nobody could say whose it is."""
    alike: dict[frozenset[str], _Outline | None] = {}
    for one in types:
        alike[one.names] = one if alike.setdefault(one.names, one) == one else None
    return tuple(_Outline(names, {}) if one is None else one for names, one in alike.items())


def _lists(output: GraphQLOutputType) -> int:
    """Return in how many lists the values of a type stand."""
    lists = 0
    of: Any = output
    while is_non_null_type(of) or is_list_type(of):
        lists += is_list_type(of)
        of = of.of_type
    return lists

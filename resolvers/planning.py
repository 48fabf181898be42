"""From what is selected to the graph of steps that fetches it.

NotServedError     no adapter serves a selected field; `check` finds these before anything is served
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from graphql import FieldNode, print_ast

from adapters.records import Record, Reference
from resolvers.catalog import Catalog, Served
from resolvers.plan import (
    EXISTENCE,
    Canonical,
    Coordinates,
    FieldPlan,
    FromField,
    FromList,
    FromLookUp,
    FromRecord,
    FromStep,
    KeysFrom,
    Plan,
    Position,
    Reads,
    Root,
    Step,
    Wanted,
)
from resolvers.selection import Selected, Selection

__all__ = ["NotServedError", "Planner"]

_ID = "id"


class NotServedError(Exception):
    """No adapter serves a coordinate on the path on which it was reached."""

    def __init__(self, coordinate: str, path: tuple[str, ...]) -> None:
        self.coordinate, self.path = coordinate, path
        super().__init__(f"no adapter serves {coordinate}, reached by {'.'.join(path)}")


@dataclass(slots=True)
class _Draft:
    """A step that is still being collected."""

    number: int
    served: Served
    depth: int
    node: FieldNode | None
    keys_from: dict[KeysFrom, None] = field(default_factory=dict)
    wanted: dict[Wanted, None] = field(default_factory=dict)

    def want(
        self, path: str, at: Selected, place: _Place, needs: Iterable[Coordinates], *, is_key: bool = False
    ) -> None:
        wanted = (Wanted(path, at.coordinate, need, place.path[0], is_key) for need in needs)
        self.wanted.update(dict.fromkeys(wanted))


@dataclass(frozen=True, slots=True)
class _Embedded:
    """The object stands in a record that a step fetches, below `prefix`; `is_many`: one of several there."""

    draft: _Draft
    record: type[Record]
    prefix: str = ""
    is_many: bool = False

    def path(self, name: str) -> str:
        return f"{self.prefix}{name}"

    def inside(self, name: str, nested: type[Record]) -> _Embedded:
        return _Embedded(self.draft, nested, f"{self.path(name)}.", self.is_many or self.record.holds_list(name))

    def key(self, name: str) -> FromField:
        return FromField(self.draft.number, self.path(name), self.is_many or self.record.holds_list(name))


@dataclass(frozen=True, slots=True)
class _Entity:
    """The object is known by its keys: the customer by the cross-reference, another one by a reference."""

    depth: int
    origin: FromField | None = None
    keyspace: str | None = None

    @property
    def keyspaces(self) -> frozenset[str] | None:
        return None if self.keyspace is None else frozenset({self.keyspace})

    def keys_from(self, served: Served) -> KeysFrom:
        return self.origin or FromLookUp(served.keyspace)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the answer a field is planned: the object's source, and the coordinates on the way there."""

    found_in: _Embedded | _Entity
    above: Coordinates
    path: tuple[str, ...]

    def below(self, selected: Selected, found_in: _Embedded | _Entity) -> _Place:
        return _Place(found_in, self.above | {selected.coordinate}, (*self.path, selected.response_name))


class Planner:
    """Makes plans for one model and its adapters.

    `python_name` gives the Python name of a field, from its type and GraphQL name: records are declared in Python.
    """

    def __init__(self, catalog: Catalog, python_name: Callable[[str, str], str]) -> None:
        self._catalog, self._python_name = catalog, python_name

    def plan(self, selection: Selection, *, is_list: Callable[[Selected], bool]) -> Plan:
        """Return the plan of a selection; `is_list` tells a root field that looks up several customers.

        Raises:
            NotServedError: A field has no adapter.
        """
        work = _Work(self._catalog, self._python_name)
        roots = tuple(
            Root(root.response_name, root.coordinate, is_list(root), root.node, work.root(root))
            for root in selection.roots
            if not root.is_meta
        )
        return Plan(roots, work.steps(), selection.work)


class _Work:
    """The making of one plan."""

    def __init__(self, catalog: Catalog, python_name: Callable[[str, str], str]) -> None:
        self._catalog, self._python_name = catalog, python_name
        self._drafts: dict[tuple[str, str, str, int], _Draft] = {}

    def root(self, selected: Selected) -> Position:
        return self._position(selected, _Place(_Entity(depth=1), frozenset(), (selected.response_name,)))

    def steps(self) -> tuple[Step, ...]:
        return tuple(
            Step(
                draft.number,
                draft.served.source,
                draft.served.offer,
                tuple(draft.keys_from),
                tuple(draft.wanted),
                draft.depth,
                draft.node,
            )
            for draft in self._drafts.values()
        )

    def _position(self, selected: Selected, place: _Place) -> Position:
        fields = {below.response_name: self._field(below, place) for below in selected.fields}
        return Position(selected.type_name or "", fields)

    def _field(self, selected: Selected, place: _Place) -> FieldPlan:
        if selected.is_meta:
            return FieldPlan(selected.response_name, selected.coordinate, None)
        if isinstance(place.found_in, _Embedded):
            return self._in_record(selected, place, place.found_in)
        return self._of_entity(selected, place, place.found_in)

    def _of_entity(self, selected: Selected, place: _Place, entity: _Entity) -> FieldPlan:
        name = self._python_name(selected.parent_type, selected.field_name)
        if entity.origin is None and selected.field_name == _ID:
            needs = (place.above | {selected.coordinate},)
            return FieldPlan(selected.response_name, selected.coordinate, Canonical(), needs)
        served = self._catalog.facts(selected.parent_type, name, entity.keyspaces)
        if served is not None:
            draft = self._draft(served, entity, None)
            return self._in_record(selected, place, _Embedded(draft, served.offer.record), FromStep(draft.number, name))
        served = self._catalog.lists(selected.coordinate, entity.keyspaces)
        if served is not None:
            return self._list(selected, place, served, self._draft(served, entity, selected.node))
        raise NotServedError(selected.coordinate, (*place.path, selected.response_name))

    def _in_record(self, selected: Selected, place: _Place, record: _Embedded, reads: Reads | None = None) -> FieldPlan:
        name = self._python_name(selected.parent_type, selected.field_name)
        if name not in record.record.model_fields:
            raise NotServedError(selected.coordinate, (*place.path, selected.response_name))
        reads = reads or FromRecord(name)
        reference = record.record.reference(name)
        if reference is not None:
            return self._by_reference(selected, place, record, reference, reads)
        nested = record.record.nested(name)
        if nested is None:
            needs: tuple[Coordinates, ...] = (place.above | {selected.coordinate},)
            record.draft.want(record.path(name), selected, place, needs)
            return FieldPlan(selected.response_name, selected.coordinate, reads, needs)
        position, needs = self._below(selected, place.below(selected, record.inside(name, nested)))
        if _shows_itself(position):
            record.draft.want(record.path(name), selected, place, (place.above | {selected.coordinate},))
        return FieldPlan(selected.response_name, selected.coordinate, reads, needs, position)

    def _list(self, selected: Selected, place: _Place, served: Served, draft: _Draft) -> FieldPlan:
        position, needs = self._below(selected, place.below(selected, _Embedded(draft, served.offer.record)))
        if _shows_itself(position):
            draft.want(EXISTENCE, selected, place, (place.above | {selected.coordinate},))
        return FieldPlan(selected.response_name, selected.coordinate, FromList(draft.number), needs, position)

    def _by_reference(
        self, selected: Selected, place: _Place, record: _Embedded, reference: Reference, reads: Reads
    ) -> FieldPlan:
        origin = record.key(self._python_name(selected.parent_type, selected.field_name))
        entity = _Entity(record.draft.depth + 1, origin, reference.keyspace)
        served = self._catalog.lists(selected.coordinate, entity.keyspaces)
        if served is not None:
            draft = self._draft(served, entity, selected.node)
            made = self._list(selected, place, served, draft)
            record.draft.want(origin.path, selected, place, made.needs, is_key=True)
            return FieldPlan(
                selected.response_name, selected.coordinate, reads, made.needs, made.position, None, draft.number
            )
        position, needs = self._below(selected, place.below(selected, entity))
        record.draft.want(origin.path, selected, place, needs, is_key=True)
        return FieldPlan(selected.response_name, selected.coordinate, reads, needs, position, reference.keyspace)

    def _below(self, selected: Selected, place: _Place) -> tuple[Position, tuple[Coordinates, ...]]:
        """Return the plan of the object below a field, and the path of each value in it."""
        position = self._position(selected, place)
        needs = [need for below in position.fields.values() for need in below.needs]
        if _shows_itself(position):
            needs.append(place.above)
        return position, tuple(dict.fromkeys(needs))

    def _draft(self, served: Served, entity: _Entity, node: FieldNode | None) -> _Draft:
        """Return the step that asks this offer with these arguments at this depth, new or already begun."""
        identity = (served.source, served.offer.name, _arguments(node), entity.depth)
        draft = self._drafts.get(identity)
        if draft is None:
            draft = _Draft(len(self._drafts), served, entity.depth, node)
            self._drafts[identity] = draft
        draft.keys_from[entity.keys_from(served)] = None
        return draft


def _shows_itself(position: Position) -> bool:
    """Return whether the answer tells that the object is there: by `__typename`, or because all of it is skipped."""
    return not position.fields or any(below.reads is None for below in position.fields.values())


def _arguments(node: FieldNode | None) -> str:
    """Return the arguments as printed, sorted by name: f(a, b) and f(b, a) are one field."""
    return "" if node is None else ", ".join(sorted(print_ast(argument) for argument in node.arguments or ()))

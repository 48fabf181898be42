"""From what is selected to the graph of steps that fetches it.

NotServedError     no adapter serves a selected field; `check` finds these before anything is served
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from graphql import FieldNode, print_ast

from adapters.records import TYPE_MARK, Record, Reference
from resolvers.catalog import Catalog, Served
from resolvers.gates import Gate
from resolvers.gating import GatesOf, Gating, gate_steps, no_gates
from resolvers.plan import Canonical, FieldPlan, FromList, FromRecord, FromStep, Meta, Plan, Position, Reads, Root
from resolvers.selection import Selected, Selection
from resolvers.steps import EXISTENCE, Coordinates, FromField, FromLookUp, KeysFrom, Step, Wanted
from schema.directives import CANONICAL
from schema.model import Model

__all__ = ["NotServedError", "Planner"]


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
    gating: Gating
    gates: frozenset[Gate] = frozenset()
    keys_from: dict[KeysFrom, None] = field(default_factory=dict)
    wanted: dict[Wanted, None] = field(default_factory=dict)
    is_page: bool = False

    def want(
        self, path: str, at: Selected, place: _Place, needs: Iterable[Coordinates], *, is_key: bool = False
    ) -> None:
        for need in needs:
            wanted = Wanted(path, at.coordinate, need, place.path[0], is_key, self.gating.gates(need))
            self.wanted[wanted] = None


@dataclass(frozen=True, slots=True)
class _Embedded:
    """The object stands in a record that a step fetches, below `prefix`; `is_many`: one of several there."""

    draft: _Draft
    record: type[Record]
    prefix: str = ""
    is_many: bool = False

    def as_type(self, type_name: str) -> _Embedded:
        """Return the object as one of its concrete type; raises KeyError where the record has no such variant."""
        if self.record.record_told_by is None:
            return self
        variant = self.record.record_variant(type_name)
        if variant is None:
            raise KeyError(type_name)
        return replace(self, record=variant, prefix=f"{self.prefix}{type_name}{TYPE_MARK}")

    def path(self, name: str) -> str:
        return f"{self.prefix}{name}"

    def inside(self, name: str, nested: type[Record]) -> _Embedded:
        return _Embedded(self.draft, nested, f"{self.path(name)}.", self.is_many or self.record.record_holds_list(name))

    def key(self, name: str) -> FromField:
        return FromField(self.draft.number, self.path(name), self.is_many or self.record.record_holds_list(name))


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


class Planner:
    """Makes plans for one model and its adapters."""

    def __init__(self, catalog: Catalog, model: Model) -> None:
        self._catalog, self._model = catalog, model

    def plan(
        self,
        selection: Selection,
        *,
        is_list: Callable[[Selected], bool],
        gates_of: GatesOf = no_gates,
        of_subject: frozenset[Gate] = frozenset(),
    ) -> Plan:
        """Return the plan of a selection; `is_list` tells a root field that looks up several customers.

        `gates_of` says what the coordinates of the view wait for, and `of_subject` what every customer does. What waits
        for other gates is asked apart, so that nothing waits for a gate of something else; but all of an object that
        stands in one record, or in one list, waits for all of its gates.

        Raises:
            NotServedError: A field has no adapter.
        """
        work = _Work(self._catalog, self._model, Gating(self._model, gates_of))
        shown = tuple(
            Meta(root.response_name, root.field_name) if root.is_meta else work.root(root, is_list=is_list(root))
            for root in selection.roots
        )
        plan = Plan(shown, work.steps(), selection.work)
        gates, shut = gate_steps(self._catalog, of_subject.union(*map(gates_of, plan.coordinates)))
        return replace(plan, gates=gates, shut=shut) if gates or shut else plan


class _Work:
    """The making of one plan."""

    def __init__(self, catalog: Catalog, model: Model, gating: Gating) -> None:
        self._catalog, self._model, self._gating = catalog, model, gating
        self._drafts: dict[tuple[object, ...], _Draft] = {}

    def root(self, selected: Selected, *, is_list: bool) -> Root:
        place = _Place(_Entity(depth=1), frozenset(), (selected.response_name,))
        (position,) = self._positions(selected, place).values()
        return Root(selected.response_name, selected.coordinate, is_list, selected.node, position)

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
                draft.is_page,
                draft.gates,
            )
            for draft in self._drafts.values()
        )

    def _positions(self, selected: Selected, place: _Place) -> dict[str, Position]:
        return {name: self._position(name, fields, place) for name, fields in selected.branches.items()}

    def _position(self, type_name: str, fields: Sequence[Selected], place: _Place) -> Position:
        if isinstance(place.found_in, _Embedded):
            try:
                place = replace(place, found_in=place.found_in.as_type(type_name))
            except KeyError:
                lost = next((one for one in fields if not one.is_meta), None)
                raise NotServedError(lost.coordinate if lost else type_name, place.path) from None
        return Position(type_name, {one.response_name: self._field(one, place) for one in fields})

    def _field(self, selected: Selected, place: _Place) -> FieldPlan:
        if selected.is_meta:
            return _field_plan(selected, None)
        made = self._found(selected, place)
        declared = self._model.standing(selected.parent_type, selected.field_name) - {selected.coordinate}
        return replace(made, declared=declared) if declared else made

    def _found(self, selected: Selected, place: _Place) -> FieldPlan:
        if isinstance(place.found_in, _Embedded):
            return self._in_record(selected, place, place.found_in)
        return self._of_entity(selected, place, place.found_in)

    def _of_entity(self, selected: Selected, place: _Place, entity: _Entity) -> FieldPlan:
        name = self._name(selected)
        if entity.origin is None and selected.field_name == CANONICAL:
            return _field_plan(selected, Canonical(), (self._above(selected, place),))
        served = self._catalog.facts(selected.parent_type, name, entity.keyspaces)
        if served is not None:
            draft = self._draft(served, entity, None, self._gating.of_field(selected, place.above, served.offer.record))
            return self._in_record(selected, place, _Embedded(draft, served.offer.record), FromStep(draft.number, name))
        served = self._catalog.lists(selected.coordinate, entity.keyspaces)
        if served is not None:
            return self._list(selected, place, served, self._listing(selected, place, served, entity))
        raise NotServedError(selected.coordinate, (*place.path, selected.response_name))

    def _in_record(self, selected: Selected, place: _Place, record: _Embedded, reads: Reads | None = None) -> FieldPlan:
        name = self._name(selected)
        if name not in record.record.model_fields:
            raise NotServedError(selected.coordinate, (*place.path, selected.response_name))
        reads = reads or FromRecord(name)
        reference = record.record.record_reference(name)
        if reference is not None:
            return self._by_reference(selected, place, record, reference, reads)
        above, nested = self._above(selected, place), record.record.record_nested(name)
        if nested is None:
            record.draft.want(record.path(name), selected, place, (above,))
            return _field_plan(selected, reads, (above,))
        inside = self._place_below(selected, place, record.inside(name, nested))
        positions, needs = self._below(selected, inside)
        if _shows_itself(positions):
            record.draft.want(record.path(name), selected, place, (above,))
        return _field_plan(selected, reads, needs, positions)

    def _list(self, selected: Selected, place: _Place, served: Served, draft: _Draft) -> FieldPlan:
        inside = self._place_below(selected, place, _Embedded(draft, served.offer.record))
        reads = FromList(draft.number)
        if draft.is_page:
            positions, needs = self._page(selected, selected, inside)
            return _field_plan(selected, reads, needs, positions, is_page=True)
        positions, needs = self._below(selected, inside)
        if _shows_itself(positions):
            draft.want(EXISTENCE, selected, place, (self._above(selected, place),))
        return _field_plan(selected, reads, needs, positions)

    def _page(
        self, listed: Selected, selected: Selected, place: _Place
    ) -> tuple[dict[str, Position], tuple[Coordinates, ...]]:
        """Return the plan of a page's own object (the connection, an edge, pageInfo), and the path of each value."""
        ((name, fields),) = selected.branches.items()
        positions = {name: Position(name, {one.response_name: self._of_page(listed, one, place) for one in fields})}
        if not fields:
            self._want_page(listed, place)
            return positions, (place.above,)
        return positions, _needs(positions)

    def _of_page(self, listed: Selected, selected: Selected, place: _Place) -> FieldPlan:
        if any(map(self._model.is_plumbing, selected.branches)):
            positions, needs = self._page(listed, selected, place)
        elif selected.branches:
            positions, needs = self._below(selected, place)
        else:
            positions, needs = {}, (place.above,)
        if place.above in needs:  # what tells of the page itself, and not of what an entry holds
            self._want_page(listed, place)
        reads = None if selected.is_meta else FromRecord(self._name(selected))
        return _field_plan(selected, reads, needs, positions)

    def _want_page(self, listed: Selected, place: _Place) -> None:
        assert isinstance(place.found_in, _Embedded)
        place.found_in.draft.want(EXISTENCE, listed, place, (place.above,))

    def _by_reference(
        self, selected: Selected, place: _Place, record: _Embedded, reference: Reference, reads: Reads
    ) -> FieldPlan:
        origin = record.key(self._name(selected))
        entity = _Entity(record.draft.depth + 1, origin, reference.keyspace)
        served = self._catalog.lists(selected.coordinate, entity.keyspaces)
        if served is not None:
            made = self._list(selected, place, served, self._listing(selected, place, served, entity))
            record.draft.want(origin.path, selected, place, made.needs, is_key=True)
            assert isinstance(made.reads, FromList)
            return replace(made, reads=reads, list_by_key=made.reads.step)
        positions, needs = self._below(selected, self._place_below(selected, place, entity))
        record.draft.want(origin.path, selected, place, needs, is_key=True)
        return _field_plan(selected, reads, needs, positions, keyspace=reference.keyspace)

    def _below(self, selected: Selected, place: _Place) -> tuple[dict[str, Position], tuple[Coordinates, ...]]:
        """Return the plans of the object below a field, and the path of each value in it."""
        positions = self._positions(selected, place)
        needs = _needs(positions)
        if _shows_itself(positions):
            needs = tuple(dict.fromkeys((*needs, place.above)))
        return positions, needs

    def _name(self, selected: Selected) -> str:
        return self._model.python_name(selected.parent_type, selected.field_name)

    def _above(self, selected: Selected, place: _Place) -> Coordinates:
        return self._gating.above(selected, place.above)

    def _place_below(self, selected: Selected, place: _Place, found_in: _Embedded | _Entity) -> _Place:
        return _Place(found_in, self._above(selected, place), (*place.path, selected.response_name))

    def _listing(self, selected: Selected, place: _Place, served: Served, entity: _Entity) -> _Draft:
        """Return the step whose offer answers a field as a list."""
        gates = self._gating.of_list(selected, place.above, served.offer.record)
        return self._draft(served, entity, selected, gates)

    def _draft(self, served: Served, entity: _Entity, listed: Selected | None, gates: frozenset[Gate]) -> _Draft:
        """Return the step that asks this offer with these arguments at this depth and behind these gates, new or
        already begun.

        `listed` is the field that the offer answers as a list, None where it answers facts.
        """
        node = listed.node if listed else None
        identity = (served.source, served.offer.name, _arguments(node), entity.depth, gates)
        draft = self._drafts.get(identity)
        if draft is None:
            is_page = listed is not None and any(map(self._model.is_plumbing, listed.branches))
            draft = _Draft(len(self._drafts), served, entity.depth, node, self._gating, gates, is_page=is_page)
            self._drafts[identity] = draft
        draft.keys_from[entity.keys_from(served)] = None
        return draft


def _field_plan(
    selected: Selected,
    reads: Reads | None,
    needs: tuple[Coordinates, ...] = (),
    positions: Mapping[str, Position] = MappingProxyType({}),
    **more: Any,
) -> FieldPlan:
    name, at = selected.response_name, selected.coordinate
    return FieldPlan(name, at, selected.nodes, selected.output, reads, needs, positions, **more)


def _needs(positions: Mapping[str, Position]) -> tuple[Coordinates, ...]:
    fields = [field for position in positions.values() for field in position.fields.values()]
    return tuple(dict.fromkeys(need for one in fields for need in one.needs))


def _shows_itself(positions: Mapping[str, Position]) -> bool:
    """Return whether the answer tells that the object is there: by `__typename`, or because all of it is skipped."""
    return any(
        not position.fields or any(below.reads is None for below in position.fields.values())
        for position in positions.values()
    )


def _arguments(node: FieldNode | None) -> str:
    """Return the arguments as printed, sorted by name: f(a, b) and f(b, a) are one field."""
    return "" if node is None else ", ".join(sorted(print_ast(argument) for argument in node.arguments or ()))

"""What a query needs, as a graph of steps, and where the answer's fields come from.

    Plan
     |- gates      what is asked first, and decides what else is: GateStep(offer, gates)
     |- steps      what is asked of the sources: Step(offer, wanted, arguments, keys_from, gates)
     '- roots      what the answer looks like: Position -> FieldPlan -> Position ...

A plan knows no customer and no variable value: it is made once for a view and a document, and kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import cached_property

from graphql import FieldNode, GraphQLOutputType

from resolvers.gates import Gate
from resolvers.steps import (
    Coordinates,
    GateStep,
    Step,
)

__all__ = [
    "Canonical",
    "FieldPlan",
    "FromList",
    "FromRecord",
    "FromStep",
    "Meta",
    "Plan",
    "Position",
    "Reads",
    "Root",
]


@dataclass(frozen=True, slots=True)
class Canonical:
    """The value is the customer's canonical id."""


@dataclass(frozen=True, slots=True)
class FromStep:
    """The value is a field of the record that the step answered for the object's own keys."""

    step: int
    name: str


@dataclass(frozen=True, slots=True)
class FromList:
    """The value is the list that the step answered for the object's own keys."""

    step: int


@dataclass(frozen=True, slots=True)
class FromRecord:
    """The value is a field of the record in which the object itself was found."""

    name: str


Reads = Canonical | FromStep | FromList | FromRecord


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """Where the value of one field of the answer comes from.

    `nodes` are the field nodes that were merged into it, and `output` is its type in the view's schema. `reads` is None
    for GraphQL's own fields. `positions` are the plans of the object that the field holds, by its concrete type: one,
    but for an interface or union; none for a leaf. `keyspace` says that what is read is not the object but its key.
    `list_by_key` is the step that answers the field's list by the key that is read. `is_page` says that the list is
    shown as a page, with `nodes`, `edges` and `pageInfo`. `needs` holds the path of coordinates of each value below the
    field: when every one of them is withheld the field is null. `declared` are the coordinates of the same field in the
    interfaces of its type.
    """

    response_name: str
    coordinate: str
    nodes: tuple[FieldNode, ...]
    output: GraphQLOutputType
    reads: Reads | None
    needs: tuple[Coordinates, ...] = ()
    positions: Mapping[str, Position] = field(default_factory=dict)
    keyspace: str | None = None
    list_by_key: int | None = None
    is_page: bool = False
    declared: Coordinates = frozenset()

    @property
    def position(self) -> Position | None:
        """Return the plan of the object that the field holds where its type is certain; None for a leaf."""
        return next(iter(self.positions.values())) if len(self.positions) == 1 else None

    @property
    def size(self) -> int:
        """Return how many values one object or leaf of the field comes to, lists below it counted as one entry."""
        return max((position.size for position in self.positions.values()), default=1)

    def is_withheld(self, withheld: AbstractSet[str]) -> bool:
        """Return whether nothing below the field may be shown."""
        return bool(self.needs) and all(need & withheld for need in self.needs)

    def causes(self, withheld: Mapping[str, object]) -> Iterable[str]:
        """Return the coordinates for which the field is null, where nothing below it may be shown: its own, where that
        is withheld, else one for each value below it."""
        if self.coordinate in withheld:
            return (self.coordinate,)
        return dict.fromkeys(min(need & withheld.keys()) for need in self.needs)


@dataclass(frozen=True)
class Position:
    """One object of the answer: its type, and its fields by response name."""

    type_name: str
    fields: Mapping[str, FieldPlan]

    @cached_property
    def selected(self) -> Coordinates:
        """Return the coordinates of the fields that the answer has in the object and below it."""
        every = self.fields.values()
        own = frozenset(one.coordinate for one in every)
        below = (position.selected for one in every for position in one.positions.values())
        return own.union(*(one.declared for one in every), *below)

    @cached_property
    def size(self) -> int:
        """Return how many values the object comes to, itself included; lists in it are counted as one entry."""
        return 1 + sum(field.size for field in self.fields.values())


@dataclass(frozen=True, slots=True)
class Root:
    """One root field: a look-up of one customer or of several."""

    response_name: str
    coordinate: str
    is_list: bool
    node: FieldNode
    position: Position

    def where(self, place: int) -> tuple[str | int, ...]:
        """Return the path of one of its customers."""
        return (self.response_name, place) if self.is_list else (self.response_name,)


@dataclass(frozen=True, slots=True)
class Meta:
    """One root field of GraphQL itself: `__typename`, `__schema` or `__type`."""

    response_name: str
    field_name: str


@dataclass(frozen=True)
class Plan:
    """A compiled query: root fields, and the steps that they need, by their numbers.

    `shown` holds the root fields in the order of the answer, with those of GraphQL itself. `gates` are asked before
    what waits for them; `shut` are those that no source answers, so they never open.
    """

    shown: tuple[Root | Meta, ...]
    steps: tuple[Step, ...]
    work: int = 0
    gates: tuple[GateStep, ...] = ()
    shut: frozenset[Gate] = frozenset()

    @cached_property
    def roots(self) -> tuple[Root, ...]:
        """Return the root fields that look customers up."""
        return tuple(one for one in self.shown if isinstance(one, Root))

    @cached_property
    def has_twins(self) -> bool:
        """Return whether two steps that wait for the same gates ask one offer at one depth, with arguments that are
        written differently."""
        asked = {(step.source, step.offer.name, step.depth, step.gates) for step in self.steps}
        return len(asked) < len(self.steps)

    @property
    def has_gates(self) -> bool:
        """Return whether something of the plan waits for a gate."""
        return bool(self.gates or self.shut)

    @cached_property
    def distinct(self) -> tuple[Step, ...]:
        """Return the steps, each once: one may stand in several places of `steps`."""
        return tuple({step.number: step for step in self.steps}.values())

    @cached_property
    def first(self) -> tuple[Step, ...]:
        """Return the steps that wait for no other, each once."""
        return tuple(step for step in self.distinct if not step.after)

    @cached_property
    def later(self) -> tuple[Step, ...]:
        """Return the steps that wait for others, each once."""
        return tuple(step for step in self.distinct if step.after)

    @cached_property
    def mixed(self) -> tuple[Step, ...]:
        """Return the steps that may be asked for more when a gate has opened, each after those that it names."""
        return tuple(sorted((step for step in self.distinct if step.is_mixed), key=lambda step: step.depth))

    @cached_property
    def before(self) -> Mapping[int, frozenset[int]]:
        """Return the numbers of the steps on which each step depends, directly or by others."""
        found: dict[int, frozenset[int]] = {}
        for step in sorted(self.distinct, key=lambda step: step.depth):
            found[step.number] = step.after.union(*map(found.__getitem__, step.after))
        return found

    @cached_property
    def listing(self) -> tuple[Step, ...]:
        """Return the steps that answer a list, as it is written in the document."""
        return tuple(step for step in self.steps if step.node is not None)

    @cached_property
    def coordinates(self) -> Coordinates:
        """Return every coordinate below the root fields that the query asks for."""
        return frozenset().union(*self.asked_by.values())

    @cached_property
    def asked_by(self) -> Mapping[str, Coordinates]:
        """Return the coordinates that each root field asks for, by its response name."""
        return {
            root.response_name: frozenset().union(
                *(need for below in root.position.fields.values() for need in below.needs)
            )
            for root in self.roots
        }

    @cached_property
    def told(self) -> Coordinates:
        """Return the coordinates that no field of the answer shows: of their values an order or a filter tells."""
        return self.told_to(self.asked_by)

    def told_to(self, roots: Iterable[str]) -> Coordinates:
        """Return the same of some root fields, by their response names."""
        names = frozenset(roots)
        asked = frozenset[str]().union(*(self.asked_by[name] for name in names))
        return asked.difference(*(root.position.selected for root in self.roots if root.response_name in names))

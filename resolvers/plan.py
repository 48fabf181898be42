"""What a query needs, as a graph of steps, and where the answer's fields come from.

    Plan
     |- gates      what is asked first, and decides what else is: GateStep(offer, gates)
     |- steps      what is asked of the sources: Step(offer, wanted, arguments, keys_from, gates)
     '- roots      what the answer looks like: Position -> FieldPlan -> Position ...

A plan knows no customer and no variable value: it is made once for a view and a document, and kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import cached_property

from graphql import FieldNode, GraphQLOutputType

from adapters.gates import asked_of
from adapters.offers import Offer
from resolvers.gates import Gate

__all__ = [
    "EXISTENCE",
    "Canonical",
    "Coordinates",
    "FieldPlan",
    "FromField",
    "FromList",
    "FromLookUp",
    "FromRecord",
    "FromStep",
    "GateStep",
    "KeysFrom",
    "Meta",
    "Plan",
    "Position",
    "Reads",
    "Root",
    "Step",
    "Wanted",
]

EXISTENCE = ""
"""The path of a wanted field that is not a value, but that the record is there."""

Coordinates = frozenset[str]
_NO_COORDINATES: Coordinates = frozenset()
"""The coordinates on one path from a root field down to a value. Any of them withheld withholds the value."""


@dataclass(frozen=True, slots=True)
class FromLookUp:
    """Keys that the cross-reference holds for the customer: a source's own."""

    keyspace: str


@dataclass(frozen=True, slots=True)
class FromField:
    """Keys that another step's records hold, at a dotted path in the words of its record.

    `is_many` says that one record can hold several keys there: a list stands on the path.
    """

    step: int
    path: str
    is_many: bool = False


KeysFrom = FromLookUp | FromField


@dataclass(frozen=True, slots=True)
class Wanted:
    """One field of a step's record, for one place of the answer.

    `coordinate` is the field's own. `guards` are the coordinates on the path on which the place is reached, from the
    root field with the response name `root`: where one of them is withheld of a customer, the value is not asked for
    the customer's keys. `is_key` says that the value is not shown: it is the key by which another step is asked
    for what is shown. `gates` are what its guards wait for.
    """

    path: str
    coordinate: str
    guards: Coordinates
    root: str
    is_key: bool = False
    gates: frozenset[Gate] = frozenset()

    @property
    def use(self) -> str:
        """Return what the value is for, as receipts say it: shown as a `value`, or only a `key` to something else."""
        return "key" if self.is_key else "value"


@dataclass(frozen=True)
class Step:
    """One offer asked with one set of arguments at one depth.

    `number` is its place in `Plan.steps`. `depth` counts from 1; the steps that `keys_from` names are less deep, and
    may stand behind it. `node` holds the arguments as written in the document; their values are taken when the plan
    runs. `is_page` says that `first` and `after` are among them. It starts when its `gates` have answered, for what
    they have opened.
    """

    number: int
    source: str
    offer: Offer
    keys_from: tuple[KeysFrom, ...]
    wanted: tuple[Wanted, ...]
    depth: int
    node: FieldNode | None = None
    is_page: bool = False
    gates: frozenset[Gate] = frozenset()

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """Return the record's fields to ask for when nothing is withheld: dotted paths, sorted."""
        return _paths(self.wanted)

    def fields_without(self, withheld: Coordinates, roots: frozenset[str]) -> tuple[str, ...] | None:
        """Return the fields to ask for when these coordinates are withheld.

        None when nothing is left of what these root fields want: then there is nothing to ask, for their sake.
        """
        left = self.wanted_without(withheld)
        return self.fields_of(left) if any(wanted.root in roots for wanted in left) else None

    @staticmethod
    def fields_of(wanted: Iterable[Wanted]) -> tuple[str, ...]:
        """Return the record's fields to ask for what is wanted."""
        return _paths(wanted)

    def wanted_without(self, withheld: Coordinates) -> tuple[Wanted, ...]:
        """Return what is wanted of the step when these coordinates are withheld."""
        return tuple(wanted for wanted in self.wanted if not wanted.guards & withheld)

    @cached_property
    def told(self) -> Mapping[str, str | int]:
        """Return what a receipt tells of the step whatever it answers."""
        return {"source": self.source, "offer": self.offer.name, "depth": self.depth}

    def told_of_fields(self, wanted: Iterable[Wanted]) -> Sequence[Mapping[str, str]]:
        """Return what a receipt tells of each coordinate that is wanted, whatever the answer."""
        uses = {one.coordinate: one.use for one in wanted}
        return [self.told_of(coordinate, use) for coordinate, use in uses.items()]

    def told_of(self, coordinate: str, use: str) -> Mapping[str, str]:
        """Return what a receipt tells of a coordinate and what it was asked for, whatever the answer."""
        return {"coordinate": coordinate, "source": self.source, "offer": self.offer.name, "use": use}

    @property
    def keyspace(self) -> str:
        """Return whose keys the step is asked by."""
        return self.offer.keyspace or self.source

    @cached_property
    def roots(self) -> frozenset[str]:
        """Return the response names of the root fields whose customers the step is asked for."""
        return frozenset(wanted.root for wanted in self.wanted)

    @cached_property
    def after(self) -> frozenset[int]:
        """Return the numbers of the steps that have to answer before this one can start."""
        return frozenset(origin.step for origin in self.keys_from if isinstance(origin, FromField))

    @cached_property
    def is_mixed(self) -> bool:
        """Return whether something is wanted that waits for gates which the step does not wait for: a key that leads to
        it, and to what does not wait."""
        return any(not wanted.gates <= self.gates for wanted in self.wanted)

    @cached_property
    def keyspaces(self) -> tuple[str, ...]:
        """Return the sources whose keys of the customer are asked, for a step that starts from the look-up."""
        return tuple(origin.keyspace for origin in self.keys_from if isinstance(origin, FromLookUp))


@dataclass(frozen=True)
class GateStep:
    """One offer that answers gates, asked of the source's own keys before what waits for them."""

    source: str
    offer: Offer
    gates: frozenset[Gate]

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """Return the most of the record's fields that are asked for: those by which such gates are decided."""
        return tuple(sorted(asked_of(self.offer.serves, self.offer.record)))

    @cached_property
    def told(self) -> Mapping[str, str | int | list[str]]:
        """Return what a receipt tells of the step whatever it answers."""
        gates = sorted(map(str, self.gates))
        return {"source": self.source, "offer": self.offer.name, "depth": 0, "gates": gates}


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


def _paths(wanted: Iterable[Wanted]) -> tuple[str, ...]:
    return tuple(sorted({one.path for one in wanted} - {EXISTENCE}))

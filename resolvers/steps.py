"""The steps of a plan: what is asked of which source, by which keys, and for which places of the answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from graphql import FieldNode

from adapters.gates import asked_of
from adapters.offers import Offer
from resolvers.gates import Gate

__all__ = [
    "EXISTENCE",
    "Coordinates",
    "FromField",
    "FromLookUp",
    "GateStep",
    "KeysFrom",
    "Step",
    "Wanted",
    "opened_by",
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


def opened_by(wanted: Iterable[Wanted]) -> set[Gate]:
    """Return the gates that have let what is wanted be asked; of a key that leads to what waits for none, none."""
    ways: dict[str, list[frozenset[Gate]]] = {}
    for one in wanted:
        ways.setdefault(one.path, []).append(one.gates)
    return {gate for of_path in ways.values() if all(of_path) for way in of_path for gate in way}


def _paths(wanted: Iterable[Wanted]) -> tuple[str, ...]:
    return tuple(sorted({one.path for one in wanted} - {EXISTENCE}))

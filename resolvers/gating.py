"""Which gates have to open before a field of the answer is asked of its source."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from adapters.records import Record
from resolvers.catalog import Catalog, Served
from resolvers.gates import Gate
from resolvers.selection import Selected
from resolvers.steps import Coordinates, GateStep
from schema.model import Model

__all__ = ["GatesOf", "Gating", "gate_steps", "no_gates"]

GatesOf = Callable[[str], frozenset[Gate]]
"""Returns the gates that a coordinate waits for."""

_NONE: frozenset[Gate] = frozenset()


def no_gates(_coordinate: str) -> frozenset[Gate]:
    """Return that a coordinate waits for nothing."""
    return _NONE


def gate_steps(catalog: Catalog, wanted: Iterable[Gate]) -> tuple[tuple[GateStep, ...], frozenset[Gate]]:
    """Return the steps that ask these gates, one for each offer that answers some, and the gates that none answers."""
    by_offer: dict[Served, set[Gate]] = {}
    shut: set[Gate] = set()
    for gate in sorted(wanted, key=str):
        served = catalog.lists(gate.served_by, None)
        (shut if served is None else by_offer.setdefault(served, set())).add(gate)
    steps = (GateStep(served.source, served.offer, frozenset(gates)) for served, gates in by_offer.items())
    return tuple(steps), frozenset(shut)


class Gating:
    """What the fields of a document wait for, in a view whose coordinates wait for `gates_of`."""

    def __init__(self, model: Model, gates_of: GatesOf) -> None:
        self._model, self._gates_of = model, gates_of
        self._is_idle = gates_of is no_gates

    def gates(self, coordinates: Iterable[str]) -> frozenset[Gate]:
        """Return what a value waits for that has these coordinates on its way: for the gates of each."""
        return _NONE if self._is_idle else _NONE.union(*map(self._gates_of, coordinates))

    def above(self, selected: Selected, before: Coordinates) -> Coordinates:
        """Return the coordinates on the path down to a field: its own, those that its arguments tell of, and those of
        whose values the order tells in which it always comes."""
        model, at = self._model, selected.coordinate
        standing = model.standing(selected.parent_type, selected.field_name)
        written = [argument.name.value for argument in selected.node.arguments or ()]
        unasked = model.told_unasked.get(at, frozenset())
        return before.union(standing, unasked, *(model.told_by(at, name) for name in written))

    def of_field(self, selected: Selected, before: Coordinates, record: type[Record]) -> frozenset[Gate]:
        """Return what a field of a record waits for; `before` are the coordinates on the way to the record.

        An object that stands in the record waits for all that is asked of it. A key is fetched for any of the values
        that it leads to: where one of them waits for nothing, neither does the key.
        """
        if self._is_idle:
            return _NONE
        name, above = self._model.python_name(selected.parent_type, selected.field_name), self.above(selected, before)
        if not selected.branches:
            return self.gates(above)
        if record.record_reference(name) is not None:
            ways = list(self._ways(selected, above))
            return _NONE if _NONE in ways else _NONE.union(*ways)
        return self._of_objects(selected, above, record.record_nested(name) or record)

    def of_list(self, selected: Selected, before: Coordinates, record: type[Record]) -> frozenset[Gate]:
        """Return what a list waits for that an offer answers: for all that is asked of its entries."""
        return _NONE if self._is_idle else self._of_objects(selected, self.above(selected, before), record)

    def _of_objects(self, selected: Selected, above: Coordinates, record: type[Record]) -> frozenset[Gate]:
        found = [self.gates(above)]
        for type_name, fields in selected.branches.items():
            if self._model.is_plumbing(type_name):  # of a page, whose entries stand in the records
                found += [self._of_objects(one, above, record) for one in fields]
            else:
                variant = record.record_variant(type_name) or record
                found += [self.of_field(one, above, variant) for one in fields if not one.is_meta]
        return _NONE.union(*found)

    def _ways(self, selected: Selected, above: Coordinates) -> Iterator[frozenset[Gate]]:
        """Yield what each value below a field waits for."""
        for type_name, fields in selected.branches.items():
            for one in fields:
                is_plain = one.is_meta or self._model.is_plumbing(type_name)
                at = above if is_plain else self.above(one, above)
                yield from self._ways(one, at) if one.branches else (self.gates(at),)
            if not fields:
                yield self.gates(above)

"""Adapters held against the model: whether what their offers declare exists there and has the declared shape."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from graphql import get_named_type, is_object_type

from adapters.adapter import Adapter
from adapters.offers import Offer
from adapters.records import Record
from schema.model import Coordinate, Model
from schema.problems import Level, Problem
from schema.suggest import did_you_mean

__all__ = ["served_coordinates", "verify_adapters"]

_PYTHON_TYPES: Mapping[str, tuple[type, ...]] = {
    "Int": (int,),
    "Float": (float, int, Decimal),
    "Boolean": (bool,),
    "Decimal": (Decimal,),
    "Date": (date,),
    "DateTime": (datetime,),
    "String": (str,),
    "ID": (str,),
}
"""The Python types that a record may declare for a scalar; a scalar that is not listed takes any."""


def verify_adapters(adapters: Iterable[Adapter], model: Model) -> list[Problem]:
    """Return every error in the adapters' declarations, and notes on what weakens a check."""
    fields = _by_python_name(model)
    problems: list[Problem] = []
    seen: set[str] = set()
    for adapter in adapters:
        if adapter.source in seen:
            got = f"a second adapter for the source {adapter.source}"
            problems.append(_problem(type(adapter), got, "one adapter a source", "give it another source name"))
        seen.add(adapter.source)
        for offer in adapter.offers:
            problems.extend(_Checking(adapter.source, offer, model, fields).problems())
    return problems


def served_coordinates(adapters: Iterable[Adapter], model: Model) -> frozenset[str]:
    """Return the coordinates that some offer serves, on whatever path they are reached."""
    fields = _by_python_name(model)
    served = {f"{model.subject}.id"}
    for offer in (offer for adapter in adapters for offer in adapter.offers):
        owner = offer.serves
        if offer.is_list:
            served.add(offer.serves)
            owner = model.coordinates[offer.serves].of if offer.serves in model.coordinates else ""
        served.update(_served(owner, offer.record, fields))
    return frozenset(served)


_Fields = Mapping[tuple[str, str], Coordinate]


def _by_python_name(model: Model) -> _Fields:
    return {(one.type_name, one.python_name): one for one in model.coordinates.values()}


def _served(owner: str, record: type[Record], fields: _Fields) -> Iterator[str]:
    for name in record.model_fields:
        coordinate = fields.get((owner, name))
        if coordinate is not None:
            yield str(coordinate)
            nested = record.nested(name)
            if nested is not None:
                yield from _served(coordinate.of, nested, fields)


@dataclass(frozen=True, slots=True)
class _Checking:
    """One offer, held against the model."""

    source: str
    offer: Offer
    model: Model
    fields: _Fields

    def problems(self) -> Iterator[Problem]:
        owner = self._owner()
        if owner is None:
            yield self._nothing_served()
            return
        yield from self._record(owner, self.offer.record)
        if self.offer.key is None:
            yield _problem(
                self.offer.record,
                f"the offer {self._name}, whose records do not echo their key",
                "records that say whose they are",
                "name the place in key=, if the source can tell; till then it is asked one key a call",
                Level.NOTE,
            )

    @property
    def _name(self) -> str:
        return f"{self.source}.{self.offer.name}"

    def _owner(self) -> str | None:
        """Return the type whose facts the records hold; None when the model has nothing of the kind."""
        serves = self.offer.serves
        if not self.offer.is_list:
            return serves if is_object_type(self.model.schema.type_map.get(serves)) else None
        coordinate = self.model.coordinates.get(serves)
        return coordinate.of if coordinate and (coordinate.is_list or coordinate.is_connection) else None

    def _nothing_served(self) -> Problem:
        serves, wanted = self.offer.serves, "a type of the model"
        known: Iterable[str] = {one.type_name for one in self.model.coordinates.values()}
        if self.offer.is_list:
            wanted = "a list of the model"
            known = [name for name, one in self.model.coordinates.items() if one.is_list or one.is_connection]
        got = f"the offer {self._name}, which serves {serves}"
        return _problem(self.offer.record, got, wanted, did_you_mean(serves, known, "correct serves="))

    def _record(self, owner: str, record: type[Record]) -> Iterator[Problem]:
        for name in record.model_fields:
            coordinate = self.fields.get((owner, name))
            if coordinate is None:
                known = [python_name for type_name, python_name in self.fields if type_name == owner]
                mend = did_you_mean(name, known, "remove it")
                yield _problem(record, f"the field {name}", f"a field of {owner}", mend)
            else:
                yield from self._field(record, name, coordinate)

    def _field(self, record: type[Record], name: str, coordinate: Coordinate) -> Iterator[Problem]:
        nested, reference = record.nested(name), record.reference(name)
        is_object = is_object_type(get_named_type(coordinate.type))
        if reference is not None and not is_object:
            wanted = f"a value: {coordinate} holds no object that could be reached by a key"
            yield _problem(record, f"the reference {name}", wanted, "remove Reference(...)")
        elif reference is None and is_object != (nested is not None):
            wanted = f"a Record class, for {coordinate} holds an object" if is_object else f"a value, for {coordinate}"
            yield _problem(record, f"the field {name} of another kind", wanted, "correct its annotation")
        elif reference is None and record.holds_list(name) != coordinate.is_list:
            wanted = f"{'a list' if coordinate.is_list else 'no list'}, as {coordinate} is declared"
            yield _problem(record, f"the field {name} of another shape", wanted, "correct its annotation")
        elif nested is not None:
            yield from self._record(coordinate.of, nested)
        elif reference is None:
            yield from self._leaf(record, name, coordinate)

    def _leaf(self, record: type[Record], name: str, coordinate: Coordinate) -> Iterator[Problem]:
        allowed, declared = _PYTHON_TYPES.get(coordinate.of), record.leaf_type(name)
        if allowed is not None and declared is not None and declared not in allowed:
            wanted = f"{allowed[0].__name__}, for {coordinate} is {coordinate.of}"
            got = f"the field {name} of type {declared.__name__}"
            yield _problem(record, got, wanted, "correct its annotation; convert with BeforeValidator")


def _problem(where: type, got: str, wanted: str, mend: str, level: Level = Level.ERROR) -> Problem:
    return Problem(f"{where.__module__}.{where.__qualname__}", _line_of(where), got, wanted, mend, level)


def _line_of(where: Any) -> int | None:
    try:
        return inspect.getsourcelines(where)[1]
    except (OSError, TypeError):
        return None

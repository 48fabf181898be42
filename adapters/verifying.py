"""Adapters held against the model: whether what their offers declare exists there and has the declared shape."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLNamedType,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)

from adapters.adapter import Adapter
from adapters.crossref import InputError, SourceSystem
from adapters.gates import GATE_RECORDS, asked_of
from adapters.offers import Offer
from adapters.records import Record, Reference
from schema.directives import CANONICAL
from schema.model import Coordinate, Model
from schema.problems import Level, Problem
from schema.suggest import did_you_mean

__all__ = ["served_coordinates", "sound_adapters", "verify_adapters"]

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

_MOST_SHOWN = 64


def verify_adapters(adapters: Iterable[Adapter], model: Model) -> list[Problem]:
    """Return every error in the adapters' declarations, and notes on what weakens a check.

    What is no adapter at all is among the errors.
    """
    given = list(adapters)
    problems = [_no_adapter(adapter) for adapter in given if not _is_sound(adapter)]
    sound = sound_adapters(given)
    fields, offered = _by_python_name(model), _offered(sound)
    sources: set[str] = set()
    owners: dict[str, str] = {}
    for adapter in sound:
        problems.extend(_source(adapter, sources))
        names: set[str] = set()
        for offer in adapter.offers:
            if offer.name in names:
                got = f"a second offer {offer.name} of {adapter.source}"
                problems.append(_problem(type(adapter), got, "every name once in a source", "give it another name"))
            names.add(offer.name)
            if offer.serves in GATE_RECORDS:
                problems.extend(_gate(adapter.source, offer, owners))
            else:
                problems.extend(_Checking(adapter.source, offer, model, fields, offered).problems())
    return problems


def sound_adapters(adapters: Iterable[Adapter]) -> list[Adapter]:
    """Return those that have what every adapter has: a source, offers with records, `fetch` and `aclose`."""
    return [adapter for adapter in adapters if _is_sound(adapter)]


def served_coordinates(adapters: Iterable[Adapter], model: Model) -> frozenset[str]:
    """Return the coordinates that some offer serves, on whatever path they are reached."""
    fields = _by_python_name(model)
    served = {f"{model.subject}.{CANONICAL}"}
    for offer in (offer for adapter in adapters for offer in adapter.offers):
        owner = offer.serves
        if offer.is_list:
            coordinate = model.coordinates.get(offer.serves)
            served.update([offer.serves] if coordinate else ())
            owner = coordinate.of if coordinate else ""
        served.update(_served(owner, offer.record, fields, frozenset()))
    return frozenset(served)


def _gate(source: str, offer: Offer, owners: dict[str, str]) -> Iterator[Problem]:
    """Yield what is wrong with an offer that answers a gate, of which `owners` are known."""
    name, declared = f"{source}.{offer.name}", GATE_RECORDS[offer.serves]
    owner = owners.setdefault(offer.serves, name)
    if owner != name:
        got, wanted = f"the offer {name}, which serves {offer.serves} as {owner} does", "one source that decides"
        yield _problem(offer.record, got, wanted, "remove one of them: the other would never be asked")
    if not issubclass(offer.record, declared):
        got, wanted = f"the offer {name}, which serves {offer.serves}", f"records derived from {declared.__name__}"
        yield _problem(offer.record, got, wanted, f"class {offer.record.__name__}({declared.__name__})")
    elif unknown := sorted(offer.record.model_fields.keys() - declared.model_fields.keys()):
        got, wanted = f"the field {unknown[0]}", f"a field of {declared.__name__}"
        yield _problem(offer.record, got, wanted, did_you_mean(unknown[0], declared.model_fields, "remove it"))
    elif lacking := sorted((_DECIDING & declared.model_fields.keys()) - asked_of(offer.serves, offer.record)):
        got, wanted = f"the field {lacking[0]}, which is always null", "what decides: without it the gate never opens"
        yield _problem(offer.record, got, wanted, "say where the source keeps it")
    if offer.keyspace:
        got, wanted = f"the offer {name} with keyspace={offer.keyspace!r}", "the source's own keys of the customer"
        yield _problem(offer.record, got, wanted, "leave keyspace= out")


_DECIDING = frozenset({"purpose", "status", "is_open", "is_active"})
"""What no gate opens without."""

_Offered = Mapping[str, frozenset[str]]
"""What is served, types and lists, by the keyspace of the keys that are asked by."""

_Fields = Mapping[tuple[str, str], Coordinate]


def _by_python_name(model: Model) -> _Fields:
    return {(one.type_name, one.python_name): one for one in model.coordinates.values()}


def _is_sound(adapter: Adapter) -> bool:
    try:
        return (
            isinstance(adapter.source, str)
            and callable(adapter.fetch)
            and callable(adapter.aclose)
            and isinstance(adapter.offers, Sequence)
            and all(isinstance(offer, Offer) and _is_record(offer.record) for offer in adapter.offers)
        )
    except Exception:  # noqa: BLE001  a property of an adapter of others can raise anything
        return False


def _is_record(record: object) -> bool:
    return isinstance(record, type) and issubclass(record, Record)


def _no_adapter(given: object) -> Problem:
    wanted = "an adapter: source, offers (each an Offer with a Record class), fetch and aclose"
    mend = "derive it from HttpAdapter, GraphQLAdapter or SqlAdapter, or write the four members"
    return _problem(type(given), f"an object of {type(given).__name__}, which is no adapter", wanted, mend)


def _source(adapter: Adapter, seen: set[str]) -> Iterator[Problem]:
    name = adapter.source
    if name in seen:
        got = f"a second adapter for the source {name}"
        yield _problem(type(adapter), got, "one adapter a source", "give it another source name")
    seen.add(name)
    if name == CANONICAL or not _is_source_name(name):
        got = f"the source name {name[:_MOST_SHOWN]!r}"
        wanted = f"a letter, then up to 63 letters, digits, _ or -, and not {CANONICAL}, the canonical id"
        yield _problem(type(adapter), got, wanted, "rename it, here and in the cross-reference")


def _is_source_name(name: str) -> bool:
    try:
        SourceSystem(name)
    except InputError:
        return False
    return True


def _offered(adapters: Iterable[Adapter]) -> _Offered:
    offered: dict[str, frozenset[str]] = {}
    for adapter in adapters:
        for offer in adapter.offers:
            keyspace = offer.keyspace or adapter.source
            offered[keyspace] = offered.get(keyspace, frozenset()) | {offer.serves}
    return offered


_Passed = frozenset[tuple[str, type[Record]]]
"""Types and records that were looked at on the way down: a record can hold records of its own kind."""


def _served(owner: str, record: type[Record], fields: _Fields, passed: _Passed) -> Iterator[str]:
    if (owner, record) in passed:
        return
    for name in record.model_fields:
        coordinate = fields.get((owner, name))
        if coordinate is not None:
            yield str(coordinate)
            nested = record.record_nested(name)
            for held, variant in _variants(coordinate.of, nested) if nested is not None else ():
                yield from _served(held, variant, fields, passed | {(owner, record)})


def _variants(owner: str, record: type[Record]) -> Sequence[tuple[str, type[Record]]]:
    """Return a record's declaration for each concrete type: itself, but for an interface or union."""
    if record.record_told_by is None:
        return [(owner, record)]
    return [(one.record_type_name, one) for one in record.record_variants.values()]


@dataclass(frozen=True, slots=True)
class _Checking:
    """One offer, held against the model."""

    source: str
    offer: Offer
    model: Model
    fields: _Fields
    offered: _Offered

    def problems(self) -> Iterator[Problem]:
        owner = self._owner()
        if owner is None:
            yield self._nothing_served()
            return
        yield from self._record(owner, self.offer.record, frozenset())
        yield from self._nullable(owner)
        yield from self._pages()
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

    def _nullable(self, owner: str) -> Iterator[Problem]:
        """Yield what the offer answers and may not be null: a source that is down would take the whole object along."""
        serves = self.offer.serves
        answered = [self.fields.get((owner, name)) for name in self.offer.record.model_fields]
        for coordinate in [self.model.coordinates.get(serves)] if self.offer.is_list else answered:
            if coordinate is not None and is_non_null_type(coordinate.type):
                got, wanted = (
                    f"{coordinate}: {coordinate.type}, which the offer {self._name} answers",
                    "a nullable type",
                )
                yield _problem(
                    self.offer.record, got, wanted, "let the model's field be `| None`: a source can be down"
                )

    def _pages(self) -> Iterator[Problem]:
        """Yield what keeps a list that is shown in pages from being read in pages, and unknown arguments."""
        coordinate = self.model.coordinates.get(self.offer.serves)
        if coordinate is None:
            return
        if coordinate.is_connection and not self.offer.is_paged:
            got = f"the offer {self._name}, which gives {coordinate} whole"
            wanted = f"pages: {coordinate} is a connection"
            yield _problem(self.offer.record, got, wanted, "say in the offer how the source gives pages, and max_page=")
        known = {argument.python_name for argument in coordinate.arguments.values()}
        for name in sorted(self.offer.takes - known):
            got, wanted = f"the offer {self._name}, which takes {name}", f"an argument of {coordinate}"
            yield _problem(self.offer.record, got, wanted, did_you_mean(name, known, "remove it"))

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

    def _record(self, owner: str, record: type[Record], passed: _Passed) -> Iterator[Problem]:
        if (owner, record) in passed:
            return
        passed |= {(owner, record)}
        concrete = self.model.concrete(owner)
        if concrete != (owner,) or record.record_told_by is not None:
            yield from self._abstract(owner, concrete, record, passed)
            return
        for name in record.model_fields:
            coordinate = self.fields.get((owner, name))
            if coordinate is None:
                known = [python_name for type_name, python_name in self.fields if type_name == owner]
                mend = did_you_mean(name, known, "remove it")
                yield _problem(record, f"the field {name}", f"a field of {owner}", mend)
            elif (reference := record.record_reference(name)) is not None:
                yield from self._reference(record, name, coordinate, reference)
            else:
                yield from self._field(record, name, coordinate, passed)

    def _abstract(
        self, owner: str, concrete: Collection[str], record: type[Record], passed: _Passed
    ) -> Iterator[Problem]:
        """Yield what is wrong with the records of an interface or union, each of a concrete type."""
        if record.record_told_by is None:
            got, wanted = f"one record for every type of {owner}", "records that say which type they are"
            each = ", ".join(concrete)
            mend = f"declare it with told_by=, and one of it for each of {each} with told_as= and type_name="
            yield _problem(record, got, wanted, mend)
        for variant in record.record_variants.values():
            if variant.record_type_name in concrete:
                yield from self._record(variant.record_type_name, variant, passed)
            else:
                got, wanted = (
                    f"a record of {variant.record_type_name}",
                    f"one of {', '.join(concrete)}, the types of {owner}",
                )
                yield _problem(
                    variant, got, wanted, did_you_mean(variant.record_type_name, concrete, "correct type_name=")
                )

    def _field(self, record: type[Record], name: str, coordinate: Coordinate, passed: _Passed) -> Iterator[Problem]:
        nested, is_object = record.record_nested(name), _is_object(coordinate)
        if coordinate.arguments:
            wanted = f"an offer with serves={str(coordinate)!r}: the arguments of {coordinate} go to a list's own offer"
            yield _problem(record, f"the field {name}, which has arguments", wanted, "remove it here")
        elif is_object != (nested is not None):
            wanted = f"a Record class, for {coordinate} holds an object" if is_object else f"a value, for {coordinate}"
            yield _problem(record, f"the field {name} of another kind", wanted, "correct its annotation")
        elif record.record_lists(name) != _lists(coordinate.type):
            wanted = f"{('no list', 'a list', 'a list of lists')[min(_lists(coordinate.type), 2)]}, as {coordinate} is"
            yield _problem(record, f"the field {name} of another shape", wanted, "correct its annotation")
        elif nested is not None:
            yield from self._record(coordinate.of, nested, passed)
        else:
            yield from self._leaf(record, name, coordinate)

    def _reference(
        self, record: type[Record], name: str, coordinate: Coordinate, reference: Reference
    ) -> Iterator[Problem]:
        if not _is_object(coordinate):
            wanted = f"a value: {coordinate} holds no object that could be reached by a key"
            yield _problem(record, f"the reference {name}", wanted, "remove Reference(...)")
        elif not issubclass(record.record_leaf_type(name) or str, str):
            wanted = "str or list[str]: keys are text"
            yield _problem(record, f"the reference {name} of another type", wanted, "correct its annotation")
        elif record.record_holds_list(name) and not coordinate.is_list:
            wanted = f"one key, for {coordinate} holds no list"
            yield _problem(record, f"the reference {name} of another shape", wanted, "correct its annotation")
        elif not self.offered.get(reference.keyspace, frozenset()) & {coordinate.of, str(coordinate)}:
            mend = did_you_mean(reference.keyspace, self.offered, "add such an offer, if a view lists what lies behind")
            got = f"the reference {name} by keys of {reference.keyspace}, by which no offer is asked for {coordinate}"
            wanted = f"an offer of {coordinate.of} with keyspace={reference.keyspace!r}"
            yield _problem(record, got, wanted, mend, Level.NOTE)

    def _leaf(self, record: type[Record], name: str, coordinate: Coordinate) -> Iterator[Problem]:
        declared, named = record.record_leaf_type(name), get_named_type(coordinate.type)
        if declared is not None and not _fits(declared, named):
            wanted = f"{_wanted(named)}, for {coordinate} is {coordinate.of}"
            got = f"the field {name} of type {declared.__name__}"
            yield _problem(record, got, wanted, "correct its annotation; convert with BeforeValidator")


def _fits(declared: type, leaf: GraphQLNamedType) -> bool:
    """Return whether values of a Python type can be values of a leaf of the model."""
    if not isinstance(leaf, GraphQLEnumType):
        return declared in _PYTHON_TYPES.get(leaf.name, (declared,))
    codes = [one.value for one in leaf.values.values()]
    is_code = any(isinstance(code, declared) or issubclass(declared, type(code)) for code in codes)
    return is_code or issubclass(declared, _python_enum(leaf))


def _wanted(leaf: GraphQLNamedType) -> str:
    if not isinstance(leaf, GraphQLEnumType):
        return _PYTHON_TYPES[leaf.name][0].__name__
    codes = {type(one.value).__name__ for one in leaf.values.values()}
    return " or ".join([_python_enum(leaf).__name__, *sorted(codes)])


def _python_enum(leaf: GraphQLEnumType) -> type:
    """Return the Python enum that Strawberry has made the model's from."""
    enum: type = leaf.extensions["strawberry-definition"].wrapped_cls
    return enum


def _lists(output: Any) -> int:
    """Return within how many lists a field's values stand."""
    inner = get_nullable_type(output)
    return 1 + _lists(inner.of_type) if is_list_type(inner) else 0


def _is_object(coordinate: Coordinate) -> bool:
    return is_composite_type(get_named_type(coordinate.type))


def _problem(where: type, got: str, wanted: str, mend: str, level: Level = Level.ERROR) -> Problem:
    return Problem(f"{where.__module__}.{where.__qualname__}", _line_of(where), got, wanted, mend, level)


def _line_of(where: Any) -> int | None:
    try:
        return inspect.getsourcelines(where)[1]
    except (OSError, TypeError):
        return None

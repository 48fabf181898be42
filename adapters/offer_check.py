"""An offer held against the model: whether what it serves exists there, and its records have the declared shape."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import get_named_type, get_nullable_type, is_composite_type, is_list_type, is_non_null_type, is_object_type

from adapters.leaf_check import verify_leaf
from adapters.offers import Offer
from adapters.records import Record, Reference
from schema.model import Coordinate, Model
from schema.problems import Level, Problem, problem_at
from schema.suggest import did_you_mean

__all__ = ["Fields", "Offered", "Passed", "verify_offer"]

Fields = Mapping[tuple[str, str], Coordinate]
"""The model's coordinates by type and name in Python."""

Offered = Mapping[str, frozenset[str]]
"""What is served, types and lists, by the keyspace of the keys that are asked by."""

Passed = frozenset[tuple[str, type[Record]]]
"""Types and records that were looked at on the way down: a record can hold records of its own kind."""


def verify_offer(source: str, offer: Offer, model: Model, fields: Fields, offered: Offered) -> Iterator[Problem]:
    """Yield what is wrong with an offer of a source, and notes on what weakens a check.

    `fields` are the model's, and `offered` is what all sources serve together.
    """
    return _Checking(source, offer, model, fields, offered).problems()


@dataclass(frozen=True, slots=True)
class _Checking:
    """One offer, held against the model."""

    source: str
    offer: Offer
    model: Model
    fields: Fields
    offered: Offered

    def problems(self) -> Iterator[Problem]:
        owner = self._owner()
        if owner is None:
            yield self._nothing_served()
            return
        yield from self._record(owner, self.offer.record, frozenset())
        yield from self._nullable(owner)
        yield from self._pages()
        if self.offer.key is None:
            yield problem_at(
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
                yield problem_at(
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
            yield problem_at(
                self.offer.record, got, wanted, "say in the offer how the source gives pages, and max_page="
            )
        known = {argument.python_name for argument in coordinate.arguments.values()}
        for name in sorted(self.offer.takes - known):
            got, wanted = f"the offer {self._name}, which takes {name}", f"an argument of {coordinate}"
            yield problem_at(self.offer.record, got, wanted, did_you_mean(name, known, "remove it"))

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
        return problem_at(self.offer.record, got, wanted, did_you_mean(serves, known, "correct serves="))

    def _record(self, owner: str, record: type[Record], passed: Passed) -> Iterator[Problem]:
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
                yield problem_at(record, f"the field {name}", f"a field of {owner}", mend)
            elif (reference := record.record_reference(name)) is not None:
                yield from self._reference(record, name, coordinate, reference)
            else:
                yield from self._field(record, name, coordinate, passed)

    def _abstract(
        self, owner: str, concrete: Collection[str], record: type[Record], passed: Passed
    ) -> Iterator[Problem]:
        """Yield what is wrong with the records of an interface or union, each of a concrete type."""
        if record.record_told_by is None:
            got, wanted = f"one record for every type of {owner}", "records that say which type they are"
            each = ", ".join(concrete)
            mend = f"declare it with told_by=, and one of it for each of {each} with told_as= and type_name="
            yield problem_at(record, got, wanted, mend)
        for variant in record.record_variants.values():
            if variant.record_type_name in concrete:
                yield from self._record(variant.record_type_name, variant, passed)
            else:
                got, wanted = (
                    f"a record of {variant.record_type_name}",
                    f"one of {', '.join(concrete)}, the types of {owner}",
                )
                yield problem_at(
                    variant, got, wanted, did_you_mean(variant.record_type_name, concrete, "correct type_name=")
                )

    def _field(self, record: type[Record], name: str, coordinate: Coordinate, passed: Passed) -> Iterator[Problem]:
        nested, is_object = record.record_nested(name), _is_object(coordinate)
        if coordinate.arguments:
            wanted = f"an offer with serves={str(coordinate)!r}: the arguments of {coordinate} go to a list's own offer"
            yield problem_at(record, f"the field {name}, which has arguments", wanted, "remove it here")
        elif is_object != (nested is not None):
            wanted = f"a Record class, for {coordinate} holds an object" if is_object else f"a value, for {coordinate}"
            yield problem_at(record, f"the field {name} of another kind", wanted, "correct its annotation")
        elif record.record_lists(name) != _lists(coordinate.type):
            wanted = f"{('no list', 'a list', 'a list of lists')[min(_lists(coordinate.type), 2)]}, as {coordinate} is"
            yield problem_at(record, f"the field {name} of another shape", wanted, "correct its annotation")
        elif nested is not None:
            yield from self._record(coordinate.of, nested, passed)
        else:
            yield from verify_leaf(record, name, coordinate)

    def _reference(
        self, record: type[Record], name: str, coordinate: Coordinate, reference: Reference
    ) -> Iterator[Problem]:
        if not _is_object(coordinate):
            wanted = f"a value: {coordinate} holds no object that could be reached by a key"
            yield problem_at(record, f"the reference {name}", wanted, "remove Reference(...)")
        elif not issubclass(record.record_leaf_type(name) or str, str):
            wanted = "str or list[str]: keys are text"
            yield problem_at(record, f"the reference {name} of another type", wanted, "correct its annotation")
        elif record.record_holds_list(name) and not coordinate.is_list:
            wanted = f"one key, for {coordinate} holds no list"
            yield problem_at(record, f"the reference {name} of another shape", wanted, "correct its annotation")
        elif not self.offered.get(reference.keyspace, frozenset()) & {coordinate.of, str(coordinate)}:
            mend = did_you_mean(reference.keyspace, self.offered, "add such an offer, if a view lists what lies behind")
            got = f"the reference {name} by keys of {reference.keyspace}, by which no offer is asked for {coordinate}"
            wanted = f"an offer of {coordinate.of} with keyspace={reference.keyspace!r}"
            yield problem_at(record, got, wanted, mend, Level.NOTE)


def _lists(output: Any) -> int:
    """Return within how many lists a field's values stand."""
    inner = get_nullable_type(output)
    return 1 + _lists(inner.of_type) if is_list_type(inner) else 0


def _is_object(coordinate: Coordinate) -> bool:
    return is_composite_type(get_named_type(coordinate.type))

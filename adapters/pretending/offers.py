"""The offers of a source that has everything a view lists, made from the model."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import reduce
from typing import Annotated, Any, Final

from graphql import get_named_type, get_nullable_type, is_abstract_type, is_leaf_type, is_list_type
from pydantic import create_model

from adapters.gates import GATE_RECORDS
from adapters.offers import Offer
from adapters.pretending.gates import gate_answers
from adapters.records import Record, Reference
from schema.directives import CANONICAL
from schema.model import Coordinate, Model
from schema.views import View

__all__ = ["TOLD_BY", "make_offers"]

TOLD_BY: Final = "type"
"""Where made-up records of an interface or union would say their type; the facts say it themselves."""

_PLAIN: Final[Mapping[str, type]] = {
    "Boolean": bool,
    "Date": date,
    "DateTime": datetime,
    "Decimal": Decimal,
    "Float": float,
    "ID": str,
    "Int": int,
    "String": str,
}
_PAGING: Final = frozenset({"first", "after"})
_ECHO: Final = "key"
_MOST: Final = 10_000
"""The most keys of a call: a made-up source takes all at once."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _ListOffer(Offer):
    """A list whose source takes these arguments."""

    filters: frozenset[str]

    @property
    def takes(self) -> frozenset[str]:
        """Return the Python names of the arguments by which entries are filtered and ordered."""
        return self.filters


def make_offers(view: View, model: Model) -> Sequence[Offer]:
    """Return offers that serve every coordinate of the view, but for the canonical id.

    Facts of the subject are one offer, by the key of the customer; objects within are embedded. A list that is read in
    pages or takes arguments is an offer of its own, and so is a type that leads back to itself: records refer to them
    by keys. An interface or union becomes a record with a variant for each of its types. The gates that the view asks
    are offers too, by the key of the customer.
    """
    return (*_Making(view, model).offers(), *map(_gate, gate_answers(view)))


def _gate(serves: str) -> Offer:
    return Offer(name=serves, serves=serves, record=GATE_RECORDS[serves], key=_ECHO, max_batch=_MOST, at_once=1)


class _Making:
    def __init__(self, view: View, model: Model) -> None:
        self._model, self._listed = model, frozenset(view.fields)
        self._records: dict[str, type[Record]] = {}
        self._referred: dict[str, Coordinate | None] = {}

    def offers(self) -> Iterator[Offer]:
        yield self._facts(self._model.subject, keyspace="")
        made: set[str] = set()
        while waiting := [keyspace for keyspace in self._referred if keyspace not in made]:
            for keyspace in waiting:
                made.add(keyspace)
                listed = self._referred[keyspace]
                yield self._facts(keyspace, keyspace) if listed is None else self._list(listed)

    def _facts(self, type_name: str, keyspace: str) -> Offer:
        record = self._record(type_name)
        return Offer(
            name=type_name, serves=type_name, record=record, key=_ECHO, keyspace=keyspace, max_batch=_MOST, at_once=1
        )

    def _list(self, listed: Coordinate) -> Offer:
        name = str(listed)
        return _ListOffer(
            name=name,
            serves=name,
            record=self._record(listed.of),
            key=_ECHO,
            keyspace=name,
            max_batch=_MOST,
            at_once=1,
            max_page=1_000 if listed.is_connection else None,
            limits_per_key=listed.is_connection,
            filters=frozenset(one.python_name for one in listed.arguments.values()) - _PAGING,
        )

    def _record(self, type_name: str) -> type[Record]:
        if type_name not in self._records:
            named = self._model.schema.type_map[type_name]
            self._records[type_name] = (
                self._variants(type_name) if is_abstract_type(named) else self._declare(type_name, Record)
            )
        return self._records[type_name]

    def _variants(self, type_name: str) -> type[Record]:
        base: Any = create_model(type_name, __base__=Record, __cls_kwargs__={"told_by": TOLD_BY})
        for name in self._concrete(type_name):
            self._declare(name, base, {"told_as": name, "type_name": name})
        return base  # type: ignore[no-any-return]

    def _declare(self, type_name: str, base: type[Record], keywords: dict[str, Any] | None = None) -> type[Record]:
        fields: Any = {one.python_name: (self._annotation(one), ...) for one in self._fields(type_name)}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a model's field may be called as a member of Record is
            made: type[Record] = create_model(type_name, __base__=base, __cls_kwargs__=keywords, **fields)
        return made

    def _fields(self, type_name: str) -> Iterator[Coordinate]:
        owner: Any = self._model.schema.type_map[type_name]
        for name in owner.fields:
            coordinate = self._model.coordinates[f"{type_name}.{name}"]
            is_canonical = type_name == self._model.subject and name == CANONICAL
            if not is_canonical and str(coordinate) in self._listed:
                yield coordinate

    def _annotation(self, coordinate: Coordinate) -> Any:
        if is_leaf_type(get_named_type(coordinate.type)):
            return _in_lists(coordinate, _PLAIN.get(coordinate.of, object))
        if _has_offer(coordinate):
            return self._refer(str(coordinate), coordinate)
        if self._leads_back(coordinate.of):
            key = self._refer(coordinate.of, None)
            return Annotated[list[str] | None, Reference(coordinate.of)] if coordinate.is_list else key
        return _in_lists(coordinate, self._record(coordinate.of)) | None

    def _refer(self, keyspace: str, listed: Coordinate | None) -> Any:
        self._referred.setdefault(keyspace, listed)
        return Annotated[str | None, Reference(keyspace)]

    def _leads_back(self, type_name: str) -> bool:
        """Return whether records of the type would hold, at some depth, records of the type again."""
        seen: set[str] = set()
        waiting = list(self._embedded(type_name))
        while waiting:
            if (one := waiting.pop()) not in seen:
                seen.add(one)
                waiting.extend(self._embedded(one))
        return type_name in seen

    def _embedded(self, type_name: str) -> Iterator[str]:
        for concrete in self._concrete(type_name):
            for one in self._fields(concrete):
                if not is_leaf_type(get_named_type(one.type)) and not _has_offer(one):
                    yield one.of

    def _concrete(self, type_name: str) -> Sequence[str]:
        """Return the type itself, or those of an interface or union of which the view lists a field."""
        named = self._model.schema.type_map[type_name]
        if not is_abstract_type(named):
            return (type_name,)
        members = self._model.schema.get_possible_types(named)
        return [one.name for one in members if any(self._fields(one.name))]


def _has_offer(coordinate: Coordinate) -> bool:
    """Return whether a list has arguments: they are taken by a list's own offer only."""
    return coordinate.is_connection or (coordinate.is_list and bool(coordinate.arguments))


def _in_lists(coordinate: Coordinate, inner: Any) -> Any:
    depth, held = 0, get_nullable_type(coordinate.type)
    while is_list_type(held):
        depth, held = depth + 1, get_nullable_type(held.of_type)
    return reduce(lambda made, _: list[made], range(depth), inner)  # type: ignore[valid-type]

"""Facts that are made up: for a type, from a seed, the same every time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from graphql import (
    GraphQLEnumType,
    GraphQLLeafType,
    GraphQLOutputType,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)

from adapters.answers import TYPE_NAME, Facts, Fault
from adapters.pretending.chance import SEPARATOR, Chance
from adapters.pretending.text import text_for
from adapters.pretending.values import leaf_value
from adapters.pretending.wishes import Wishes, Wishing, Word
from adapters.records import Record, by_head, by_type
from schema.model import Coordinate, Model
from schema.reasons import Reason

__all__ = ["Imagination"]

_MOST_ENTRIES: Final = 3
_SHARES: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Imagination:
    """Makes up facts of a model. `nulls` is the share of the fields that may be null which are null, from 0 to 1.

    A seed is the customer's key and the steps down from it. What is made up depends on the seed and the field alone:
    not on what else is asked.
    """

    model: Model
    wishing: Wishing = field(repr=False)
    nulls: float = 0.0

    def facts(self, record: type[Record], type_name: str, seed: str, paths: Iterable[str], wishes: Wishes) -> Facts:
        """Return the facts at these paths of a record of the type."""
        if not is_abstract_type(self.model.schema.type_map[type_name]):
            return self._facts(record, type_name, seed, paths, wishes)
        concrete = Chance(seed).pick(TYPE_NAME, [one.record_type_name for one in record.record_variants.values()])
        variant = record.record_variant(concrete)
        assert variant is not None
        return {
            TYPE_NAME: concrete,
            **self._facts(variant, concrete, seed, by_type(paths).get(concrete, ()), wishes),
        }

    def value_of(self, coordinate: Coordinate, seed: str) -> Any:
        """Return the value of a leaf as it is made up for this seed, whatever is wished for or null by chance."""
        of = cast("GraphQLLeafType", get_named_type(coordinate.type))
        return leaf_value(coordinate, of, Chance(seed))

    def _facts(self, record: type[Record], type_name: str, seed: str, paths: Iterable[str], wishes: Wishes) -> Facts:
        names = {one.python_name: one for one in self._fields(type_name)}
        return {
            name: self._field(record, names[name], seed, rests, wishes)
            for name, rests in by_head(path for path in paths if path).items()
        }

    def _fields(self, type_name: str) -> Iterable[Coordinate]:
        owner: Any = self.model.schema.type_map[type_name]
        return (self.model.coordinates[f"{type_name}.{name}"] for name in owner.fields)

    def _field(
        self, record: type[Record], coordinate: Coordinate, seed: str, rests: Sequence[str], wishes: Wishes
    ) -> object:
        match self._wished(coordinate, wishes):
            case Reason() as reason:
                return Fault(reason)
            case Word.NULL:
                return None
            case Word.EMPTY if coordinate.is_list:
                return []
        below = f"{seed}{SEPARATOR}{coordinate.python_name}"
        if self._is_null(coordinate.type, below):
            return None
        if record.record_reference(coordinate.python_name) is not None:
            return self._keys(coordinate, below)
        if is_leaf_type(get_named_type(coordinate.type)) and not coordinate.is_list:
            return self._leaf(coordinate, Chance(seed))
        made = record.record_nested(coordinate.python_name)
        return self._value(made, coordinate, coordinate.type, below, rests, wishes)

    def _wished(self, coordinate: Coordinate, wishes: Wishes) -> Reason | Word | None:
        if not wishes.at:
            return None
        standing = self.model.standing(coordinate.type_name, coordinate.field_name)
        return next((wishes.at[name] for name in sorted(standing) if name in wishes.at), None)

    def _is_null(self, of: GraphQLOutputType, seed: str) -> bool:
        return not is_non_null_type(of) and Chance(seed).number("null", _SHARES) < self.nulls * _SHARES

    def _keys(self, coordinate: Coordinate, seed: str) -> object:
        """Return the key, or keys, by which what a field holds is asked: their seeds."""
        if not coordinate.is_list or coordinate.arguments:
            return seed
        return [f"{seed}{SEPARATOR}{place}" for place in range(_entries(seed))]

    def _value(
        self,
        record: type[Record] | None,
        coordinate: Coordinate,
        of: GraphQLOutputType,
        seed: str,
        rests: Sequence[str],
        wishes: Wishes,
    ) -> object:
        if is_non_null_type(of):
            return self._value(record, coordinate, of.of_type, seed, rests, wishes)
        if is_list_type(of):
            entry, seeds = of.of_type, [f"{seed}{SEPARATOR}{place}" for place in range(_entries(seed))]
            return [
                None if self._is_null(entry, one) else self._value(record, coordinate, entry, one, rests, wishes)
                for one in seeds
            ]
        if record is None:
            return self._leaf(coordinate, Chance(seed))
        return self.facts(record, coordinate.of, seed, rests, wishes)

    def _leaf(self, coordinate: Coordinate, chance: Chance) -> object:
        kind = self._kind(coordinate)
        if kind is not None:  # a contact's value is an address or a number, as its kind says
            word = chance.pick(kind.python_name, list(cast("GraphQLEnumType", get_named_type(kind.type)).values))
            return text_for(word.lower(), coordinate.type_name, chance)
        return leaf_value(coordinate, cast("GraphQLLeafType", get_named_type(coordinate.type)), chance)

    def _kind(self, coordinate: Coordinate) -> Coordinate | None:
        kind = self.model.coordinates.get(f"{coordinate.type_name}.kind")
        if coordinate.python_name != "value" or coordinate.of != "String" or kind is None:
            return None
        return kind if isinstance(get_named_type(kind.type), GraphQLEnumType) else None


def _entries(seed: str) -> int:
    return 1 + Chance(seed).number("entries", _MOST_ENTRIES)

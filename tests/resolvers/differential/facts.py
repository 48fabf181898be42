"""Random facts for any record declaration: of the right types, or with anything at all in some places."""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from random import Random
from typing import Any

from graphql import Undefined, get_nullable_type, is_list_type, is_non_null_type

from adapters.answers import TYPE_NAME, Facts, Fault
from adapters.records import Record, by_head, by_type, shape_of
from schema.masks import Mask
from schema.model import Coordinate, Model
from schema.reasons import Reason

__all__ = ["FactMaker"]

_NULLS = 0.12
"""The share of nulls where there may be one."""

_TEXTS = (
    "",
    "Anne Neumann",
    "anne@example.com",
    "NL91ABNA0417164300",
    "a",
    "••••",
    'quote " and \\ and {braces} %s',
    "line\nfeed \u2028 and \x00",
    "\u00e9\U0001f600\u202e",
    "__typename",
)
_ZONES = (UTC, timezone(timedelta(hours=2)), timezone(-timedelta(hours=5, minutes=30)))
_RIGHT: Mapping[str, Callable[[Random], object]] = {
    "String": lambda chance: chance.choice(_TEXTS),
    "ID": lambda chance: chance.choice(_TEXTS),
    "Int": lambda chance: chance.choice((0, 1, -1, 7, 2**31 - 1, -(2**31), chance.randrange(1000))),
    "Float": lambda chance: chance.choice((0.0, -0.0, 0.5, 1.0, 1e22, 1e-7, 5e-324, 1.7976931348623157e308)),
    "Boolean": lambda chance: chance.random() < 0.5,
    "Decimal": lambda chance: Decimal(chance.choice(("0", "-0", "-0.00", "12.50", "1E+5", "1E-38", "9" * 38))),
    "Date": lambda chance: date.fromordinal(chance.randint(1, date.max.toordinal())),
    "DateTime": lambda chance: datetime(
        chance.randint(2, 9998), 2, 3, 4, 5, 6, chance.choice((0, 1, 500_000)), chance.choice(_ZONES)
    ),
    "CurrencyCode": lambda chance: chance.choice(("EUR", "USD", "XXX")),
    "CountryCode": lambda chance: chance.choice(("NL", "NO", "ZZ")),
    "LanguageTag": lambda chance: chance.choice(("en", "en-GB", "zh-Hant-TW")),
}


class _Text(str):
    """A text that is not exactly a str."""

    __slots__ = ()


class _Number(IntEnum):
    """A number that is not exactly an int."""

    ONE = 1


class _Real(float):
    """A number that is not exactly a float."""

    __slots__ = ()


class _Day(date):
    """A day that is not exactly a date."""


class _Amount(Decimal):
    """An amount that is not exactly a Decimal."""


class _Word(Enum):
    """A word of nobody's."""

    OPEN = "OPEN"


_STRANGE: Sequence[object] = (
    True,
    False,
    0,
    1,
    -1,
    1.0,
    1.5,
    -0.0,
    1e300,
    math.nan,
    math.inf,
    -math.inf,
    2**31,
    -(2**31) - 1,
    2**63,
    2**64,
    2**70,
    "",
    "3",
    "1.5",
    "true",
    "text",
    "OPEN",
    "open",
    "CALM",
    "calm",
    "2026-01-01",
    "2026-01-01T00:00:00Z",
    "eur",
    "\ud800",
    "x\udfff",
    b"bytes",
    [],
    [[]],
    [None],
    [1],
    ["x"],
    [True, "y"],
    ["a", Fault(Reason.VALUE_INVALID), "b"],
    (),
    ("t",),
    {},
    {"a": 1},
    {TYPE_NAME: "Flag"},
    {TYPE_NAME: None, "name": "n"},
    {TYPE_NAME: 7},
    {TYPE_NAME: Fault(Reason.VALUE_INVALID)},
    {TYPE_NAME: []},
    {"name": 7},
    frozenset({"s"}),
    range(3),
    Decimal(1),
    Decimal("1.0"),
    Decimal("NaN"),
    Decimal("-Infinity"),
    Decimal("1E+4000"),
    Decimal("1E-39"),
    _Amount("1"),
    date(2026, 1, 1),
    _Day(2026, 1, 1),
    datetime(2026, 1, 1),  # noqa: DTZ001  a time without a zone is what it is for
    datetime.max.replace(tzinfo=_ZONES[2]),
    datetime(1, 1, 1, tzinfo=_ZONES[1]),
    _Text("sub"),
    _Number.ONE,
    _Real(1.5),
    _Word.OPEN,
    Mask.ALL,
    Reason.VALUE_INVALID,
    Undefined,
    NotImplemented,
    int,
    Fault(Reason.VALUE_INVALID),
    Fault(Reason.VALUE_INVALID, is_absent=True),
    Fault(Reason.SOURCE_TIMEOUT),
    Fault(Reason.SOURCE_ERROR),
    Fault(Reason.SOURCE_RECORD_MISSING),
    Fault(Reason.SOURCE_NOT_LINKED),
    Fault(Reason.VALUE_NOT_IN_VIEW),
    Fault(Reason.SUBJECT_RESTRICTED),
)


@dataclass(frozen=True)
class FactMaker:
    """Makes facts of one model; of `strange` places out of one something else stands there.

    `has_gaps`: nulls stand wherever the record allows them, though the model does not. `types` are the concrete types
    that occur, all of them where it is None.
    """

    model: Model
    chance: Random
    strange: float = 0.0
    has_gaps: bool = False
    types: Container[str] | None = None

    def facts(self, type_name: str, record: type[Record], fields: Sequence[str]) -> Facts:
        """Facts of one record with these fields (dotted paths), of a type of the model."""
        if record.record_told_by is None:
            return self._fields(type_name, record, fields)
        variant = self._variant(type_name, record)
        if variant is None:
            told: Sequence[object] = (Fault(Reason.VALUE_INVALID), "Flag", "", "Nobody", 7, None, [])
            return {TYPE_NAME: self.chance.choice(told), "name": "text", "label": "text"}
        wanted = by_type(fields).get(variant.record_type_name, ())
        return {TYPE_NAME: variant.record_type_name, **self._fields(variant.record_type_name, variant, wanted)}

    def _variant(self, type_name: str, record: type[Record]) -> type[Record] | None:
        """A concrete type that the model has here; None for what nobody knows."""
        if self._is_strange():
            return None
        known = [one for one in self.model.concrete(type_name) if self.types is None or one in self.types]
        return self.chance.choice([one for one in record.record_variants.values() if one.record_type_name in known])

    def _fields(self, type_name: str, record: type[Record], fields: Sequence[str]) -> dict[str, Any]:
        return {
            name: self._field(self._coordinate(type_name, name), record, name, rests)
            for name, rests in by_head(fields).items()
            if not (self._is_strange() and self._is_strange())
        }

    def _coordinate(self, type_name: str, python_name: str) -> Coordinate:
        (found,) = (
            one
            for one in self.model.coordinates.values()
            if one.type_name == type_name and one.python_name == python_name
        )
        return found

    def _field(self, coordinate: Coordinate, record: type[Record], name: str, rests: Sequence[str]) -> Any:
        reference, nested = record.record_reference(name), record.record_nested(name)
        shape = shape_of(record.model_fields[name].annotation)
        if reference is not None:
            keyspace, lists = reference.keyspace, record.record_lists(name)
            return self._keys(keyspace, lists, is_optional=shape.is_optional)

        def one() -> Any:
            if nested is not None:
                return self.facts(coordinate.of, nested, rests)
            return self._leaf(coordinate.of, record.record_leaf_type(name))

        return self._value(coordinate.type, one, is_optional=shape.is_optional, has_nulls=shape.has_nulls)

    def _value(self, of: Any, one: Callable[[], Any], *, is_optional: bool, has_nulls: bool) -> Any:
        """A value of the declared type: null where both the schema and the record allow one."""
        if self._is_strange():
            return self._stranger()
        if is_optional and (self.has_gaps or not is_non_null_type(of)) and self.chance.random() < _NULLS:
            return None
        held: Any = get_nullable_type(of)
        if not is_list_type(held):
            return one()
        many = range(self.chance.choice((0, 1, 2, 3)))
        return [self._value(held.of_type, one, is_optional=has_nulls, has_nulls=has_nulls) for _ in many]

    def _leaf(self, of: str, leaf: type | None) -> object:
        if leaf is not None and issubclass(leaf, Enum):
            member = self.chance.choice(list(leaf))
            return self.chance.choice((member.value, member.name)) if self._is_strange() else member
        return _RIGHT[of](self.chance)

    def _keys(self, keyspace: str, lists: int, *, is_optional: bool) -> object:
        """A key of a few, or a list of them: several records lead to the same."""
        if self._is_strange():
            return self._stranger()
        if is_optional and self.chance.random() < _NULLS:
            return None
        keys = [f"{keyspace}-{self.chance.randrange(5)}" for _ in range(self.chance.randrange(4))]
        return keys if lists else f"{keyspace}-{self.chance.randrange(5)}"

    def _is_strange(self) -> bool:
        return self.strange > 0 and self.chance.random() < self.strange

    def _stranger(self) -> object:
        return None if self.chance.random() < 0.25 else self.chance.choice(_STRANGE)

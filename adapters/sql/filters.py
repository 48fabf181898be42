"""How the arguments of a list become conditions: each names a column, and its value is bound.

filters={
    "status": IsOneOf("status", words={InvoiceStatus.OPEN: "open", InvoiceStatus.PAID: "paid"}),
    "issued_from": AtLeast("issued_on", "date"),
    "issued_before": Below("issued_on", "date"),
},
sort=Sorted("sort", descending=(Sort.NEWEST_FIRST,)),
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from adapters.sending import SendError
from adapters.sql.columns import Spelling, Value, column, plain_value
from schema.reasons import Reason

__all__ = ["AtLeast", "Below", "Filter", "IsOneOf", "Sorted"]

_MOST_VALUES = 1_000


class Filter(Protocol):
    """What an argument asks of a row. `type` is the column's type as PostgreSQL spells it."""

    @property
    def column(self) -> str:
        """The column that is compared."""

    @property
    def type(self) -> str:
        """Its type."""

    def condition(self, spelling: Spelling, place: int) -> str:
        """Return the condition's text; the argument's value is bound at this place."""

    def bound(self, value: object) -> Value | Sequence[Value]:
        """Return the value to bind for an argument's value. Raises SendError where none can be."""


@dataclass(frozen=True, slots=True)
class IsOneOf:
    """The column has one of the argument's values; none of them, where the argument is an empty list.

    `words` are the source's own words for the values of an enum: one for every member, or None for one that is in no
    row. Without `words` the values are compared as they are.
    """

    column: str
    type: str = "text"
    words: Mapping[Any, Value | None] | None = None

    def __post_init__(self) -> None:
        words = self.words or {}
        kinds = {type(member) for member in words if isinstance(member, Enum)}
        if left := sorted(member.name for kind in kinds for member in kind if member not in words):
            raise ValueError(
                f"filter on {self.column}: got no word for {', '.join(left)}; wanted one for every member, or None for "
                "one that is in no row"
            )

    def condition(self, spelling: Spelling, place: int) -> str:
        """Return the condition's text."""
        return f"{column(self.column)} {spelling.among(place, self.type)}"

    def bound(self, value: object) -> Sequence[Value]:
        """Return the source's words; what no column can hold is left out, for no row has it."""
        values = dict.fromkeys(value if isinstance(value, (list, tuple)) else (value,))
        if len(values) > _MOST_VALUES:
            raise SendError(Reason.SOURCE_ERROR, "an argument has more values than a statement takes")
        words = [plain_value(one if self.words is None else self.words.get(one)) for one in values]
        return [word for word in words if word is not None]


@dataclass(frozen=True, slots=True)
class AtLeast:
    """The column is the argument's value or above."""

    column: str
    type: str = "text"

    def condition(self, spelling: Spelling, place: int) -> str:
        """Return the condition's text."""
        return f"{column(self.column)} >= {spelling.one(place, self.type)}"

    def bound(self, value: object) -> Value:
        """Return the value."""
        return _compared(value)


@dataclass(frozen=True, slots=True)
class Below:
    """The column is below the argument's value."""

    column: str
    type: str = "text"

    def condition(self, spelling: Spelling, place: int) -> str:
        """Return the condition's text."""
        return f"{column(self.column)} < {spelling.one(place, self.type)}"

    def bound(self, value: object) -> Value:
        """Return the value."""
        return _compared(value)


@dataclass(frozen=True, slots=True)
class Sorted:
    """The argument that says in which direction a list is read, and those of its values that turn its order round."""

    argument: str
    descending: tuple[object, ...]


def _compared(value: object) -> Value:
    plain = plain_value(value)
    if plain is None:
        raise SendError(Reason.SOURCE_ERROR, "an argument's value is none that a column can be compared with")
    return plain

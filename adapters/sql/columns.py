"""Columns as declarations name them, the values they are compared with, and how each database spells a bound one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from math import isfinite
from typing import Protocol

__all__ = [
    "By",
    "Postgres",
    "Spelling",
    "Sqlite",
    "Value",
    "Values",
    "check_identifier",
    "check_type",
    "column",
    "is_text",
    "plain_value",
    "quoted",
]

Value = str | int | float
"""What a column is compared with: bound as it is in SQLite, as a text that is cast in PostgreSQL."""

Values = Sequence[Value | Sequence[Value]]
"""The values of a statement in their order; several stand together where any of them will do."""

_IDENTIFIER = re.compile(r"[^\W\d][\w$ -]{0,62}")
_LONGEST = 63
"""Bytes of an identifier that PostgreSQL keeps; it cuts off the rest in silence."""

_TYPE = re.compile(r"[a-z][a-z0-9_]*( [a-z]+)*(\([0-9]+(,[0-9]+)?\))?")
_INTEGERS = range(-(2**63), 2**63)
_MOST_EXPONENT = 128


def check_identifier(name: str, where: str) -> None:
    """Raise ValueError unless the name of a table or column is one that can be declared; `where` says whose it is."""
    if not _IDENTIFIER.fullmatch(name) or len(name.encode()) > _LONGEST:
        raise ValueError(
            f"{where}: got the name {name!r}; wanted a letter or underscore, then letters, digits, _, $, - or spaces, "
            f"{_LONGEST} bytes at most, spelt as the database spells it. Give an odd one a plain name in a view or in "
            "query="
        )


def check_type(name: str, where: str) -> None:
    """Raise ValueError unless it can be the name of a PostgreSQL type: `date`, `numeric(14,2)`."""
    if not _TYPE.fullmatch(name):
        raise ValueError(f"{where}: got the type {name!r}; wanted one as PostgreSQL spells it, such as text or date")


def quoted(*names: str) -> str:
    """Return the names as one quoted identifier: `"billing"."account"`."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def column(name: str) -> str:
    """Return a column of the row that a statement looks at."""
    return f"t.{quoted(name)}"


@dataclass(frozen=True, slots=True)
class By:
    """A column that puts a list in its order, and its type as PostgreSQL spells it (`date`, `bigint`)."""

    column: str
    type: str = "text"


def is_text(value: str) -> bool:
    """Return whether a text column can hold it: encoded as UTF-8, and without the character 0."""
    try:
        return b"\0" not in value.encode()
    except UnicodeEncodeError:
        return False


def plain_value(value: object) -> Value | None:
    """Return a value of the model as one that a column is compared with, None where no column holds its like.

    A day is a text in ISO 8601, and so is a moment, in UTC; an amount is a text of plain digits.
    """
    match value:
        case str():
            return value if is_text(value) else None
        case int():
            return value if value in _INTEGERS else None
        case float():
            return value if isfinite(value) else None
        case Decimal():
            return f"{value:f}" if value.is_finite() and abs(value.adjusted()) <= _MOST_EXPONENT else None
        case datetime():
            return value.astimezone(UTC).isoformat() if value.tzinfo else None
        case date():
            return value.isoformat()
    return None


class Spelling(Protocol):
    """How a database spells the values of a statement, which are counted from 1."""

    def one(self, place: int, type_: str) -> str:
        """Return the value at this place, of this type."""

    def among(self, place: int, type_: str) -> str:
        """Return what a column is followed by that has any of the values at this place."""


@dataclass(frozen=True, slots=True)
class Postgres:
    """Values are texts that are cast, so that the driver needs no Python value for a type; `$1` are the keys."""

    def one(self, place: int, type_: str) -> str:
        """Return the value at this place, of this type."""
        return f"${place + 1}::text::{type_}"

    def among(self, place: int, type_: str) -> str:
        """Return what a column is followed by that has any of the values at this place."""
        return f"= ANY(${place + 1}::text[]::{type_}[])"


@dataclass(frozen=True, slots=True)
class Sqlite:
    """Values stand behind that many keys; several are one text of JSON, so that their number is no part of the text."""

    keys: int

    def one(self, place: int, type_: str) -> str:
        """Return the value at this place."""
        return f"?{self.keys + place}"

    def among(self, place: int, type_: str) -> str:
        """Return what a column is followed by that has any of the values at this place."""
        return f"IN (SELECT value FROM json_each(?{self.keys + place}))"  # noqa: S608  a number of ours

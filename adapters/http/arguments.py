"""How the arguments of a list are said to a REST source, which then filters and orders by them itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any

from adapters.http.parts import MOST_CHARACTERS, InQuery, is_text, pair
from adapters.sending import SendError
from schema.reasons import Reason

__all__ = ["AsBody", "AsQuery"]

_MOST_VALUES = 100
_MOST_EXPONENT = 128


@dataclass(frozen=True, slots=True)
class _Argument:
    """What the two places have in common: the name, and how a value becomes a text."""

    name: str
    _: KW_ONLY
    words: Mapping[Any, str] | None = None
    form: Callable[[Any], str] | None = None

    def __post_init__(self) -> None:
        words = self.words or {}
        if self.words is not None and self.form is not None:
            raise ValueError(f"argument {self.name}: got both words and form; wanted one of them")
        kinds = {type(member) for member in words if isinstance(member, Enum)}
        if left := sorted(member.name for kind in kinds for member in kind if member not in words):
            raise ValueError(f"argument {self.name}: got no word for {', '.join(left)}; wanted one for every member")
        if not all(word and is_text(word) for word in words.values()):
            raise ValueError(f"argument {self.name}: got a word that is empty or no text; wanted the source's own")

    def text(self, value: object) -> str:
        """Return the value in the source's words, or raise SendError when it has none."""
        if self.words is None:
            text = _plain(value) if self.form is None else _formed(value, self.form)
        else:
            text = self.words.get(value)
        if text is None or len(text) > MOST_CHARACTERS or not is_text(text):
            raise _refused("a value of an argument has no word or form that the source knows")
        return text


@dataclass(frozen=True, slots=True)
class AsQuery(_Argument):
    """The argument's value stands in the query string under this name.

    `words` are the source's words for the values of an enum: for every member one. `form` writes any other value;
    without it a day, a moment and a time are written as ISO 8601 has it (a moment with its zone), a decimal in plain
    digits, a boolean as true or false. A list is joined by the separator; None repeats the name for each of its values.
    """

    separator: str | None = field(default=",", kw_only=True)

    def __post_init__(self) -> None:
        _Argument.__post_init__(self)  # super() does not know the class that slots=True makes
        if any(map(InQuery(self.name, self.separator).splits, (self.words or {}).values())):
            raise ValueError(
                f"argument {self.name}: got a word that holds the separator {self.separator!r}; the source would read "
                "it as two: wanted another separator, or None to repeat the name"
            )

    def parameters(self, value: object) -> Sequence[str]:
        """Return the value as it stands in a query string, or raise SendError."""
        if not isinstance(value, tuple):
            return [pair(self.name, self.text(value))]
        place = InQuery(self.name, self.separator)
        texts = list(dict.fromkeys(map(self.text, _few(value))))
        if any(map(place.splits, texts)):
            raise _refused("a value of an argument holds the separator by which the source splits its list")
        return place.parameters(texts)

    def matches_nothing(self, value: object) -> bool:
        """Return whether no entry can match: none is among no values, and a query string cannot say an empty list."""
        return value == ()


@dataclass(frozen=True, slots=True)
class AsBody(_Argument):
    """The argument's value stands in the POSTed JSON object under this name.

    `words` and `form` as in a query; without them whole numbers, floats and booleans are JSON's own. A list is a list.
    """

    def member(self, value: object) -> object:
        """Return what stands under the name, or raise SendError."""
        if isinstance(value, tuple):
            return list(dict.fromkeys(map(self._one, _few(value))))
        return self._one(value)

    def _one(self, value: object) -> object:
        text = self.text(value)
        is_plain = self.words is None and self.form is None and type(value) in (bool, int, float)
        return value if is_plain else text

    def matches_nothing(self, value: object) -> bool:
        """Return False: JSON can say an empty list, and the source answers it."""
        return False


def _few(values: tuple[object, ...]) -> tuple[object, ...]:
    distinct = tuple(dict.fromkeys(values))
    if len(distinct) > _MOST_VALUES:
        raise _refused("an argument has more values than a call says")
    return distinct


def _formed(value: object, form: Callable[[Any], str]) -> str | None:
    try:
        text = form(value)
    except (ArithmeticError, ValueError, TypeError, LookupError, AttributeError):
        return None  # a form of the adapter's may raise any of these on a caller's odd value
    return text if isinstance(text, str) else None


def _plain(value: object) -> str | None:
    """Return the value as most sources read it; None when it has no such form."""
    if isinstance(value, Enum):
        return value.value if isinstance(value.value, str) else value.name
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int)):
        return str(value)
    if isinstance(value, (Decimal, float)):
        return _number(value)
    return _moment(value) if isinstance(value, (date, time)) else None


def _number(value: Decimal | float) -> str | None:
    if not math.isfinite(value):
        return None
    if isinstance(value, float):
        return repr(value)
    return format(value, "f") if abs(value.adjusted()) <= _MOST_EXPONENT else None


def _moment(value: date | time) -> str | None:
    if not isinstance(value, datetime):
        return value.isoformat()
    if value.tzinfo is None:
        return None  # a time without a zone is no moment
    text = value.isoformat()
    return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text


def _refused(why: str) -> SendError:
    return SendError(Reason.SOURCE_ERROR, why)

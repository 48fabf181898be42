"""Made-up values of scalars and enums, plausible by type and by the field's name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from graphql import GraphQLEnumType, GraphQLError, GraphQLLeafType, GraphQLScalarType

from adapters.pretending.chance import Chance
from adapters.pretending.text import text_for
from schema.model import Coordinate

__all__ = ["leaf_value"]

_TODAY: Final = date(2026, 1, 1)
"""The day on which everything made up happens: the true one would make another answer every day."""

_SPANS: Final = (
    (re.compile("birth"), -29_000, 22_000),
    (re.compile("due|expect|expire|until|review"), 0, 60),
    (re.compile("since|opened_on|registered|founded|joined"), -7_000, 6_000),
)
"""Words of a date's name, the first day that it can be, counted from today, and how many days after that."""

_USUAL_SPAN: Final = (-400, 310)
_LATER: Final = (
    (re.compile("deliver|clos|resolv|settl|ended|complet|receiv|return"), 60),
    (re.compile("paid|ship|sent|dispatch|answer"), 40),
    (re.compile("open|plac|issu|creat|order|start|begin|from"), 0),
)
"""Words of what happens to one thing, and how many days after its first day that is at the earliest."""

_USUALLY_LATER, _APART = 20, 20
"""The same of other words, and within how many days of it that is: what is to come later is after that."""

_COUNTS: Final = (
    (re.compile("year"), 1_950, 75),
    (re.compile("quantity|count"), 1, 9),
    (re.compile("percent|days"), 0, 91),
)
"""Words of a whole number's name, the least that it is, and below which number more it can be."""

_TRIED: Final = ("1", 1, 1.5, True, "2026-01-01", "2026-01-01T00:00:00Z", "10:30:00", "en-GB", "{}")
"""What is tried on a scalar that is not known, besides a text."""


def leaf_value(coordinate: Coordinate, of: GraphQLLeafType, chance: Chance) -> object:
    """Return a value of the Python type that the scalar or enum takes. `chance` is that of the object."""
    if isinstance(of, GraphQLEnumType):
        return of.coerce_input_value(chance.pick(coordinate.python_name, list(of.values)))
    make = _SCALARS.get(of.name)
    return _tried(coordinate, of, chance) if make is None else make(coordinate, chance)


def _text(coordinate: Coordinate, chance: Chance) -> str:
    return text_for(coordinate.python_name, coordinate.type_name, chance)


def _int(coordinate: Coordinate, chance: Chance) -> int:
    name = coordinate.python_name
    least, span = next((found for words, *found in _COUNTS if words.search(name)), (0, 1_000))
    return least + chance.number(name, span)


def _float(coordinate: Coordinate, chance: Chance) -> float:
    return chance.number(coordinate.python_name, 100_000) / 100


def _decimal(coordinate: Coordinate, chance: Chance) -> Decimal:
    if re.search("quantity|count", coordinate.python_name):
        return Decimal(_int(coordinate, chance))
    return Decimal(chance.number(coordinate.python_name, 250_000) + 100).scaleb(-2)


def _boolean(coordinate: Coordinate, chance: Chance) -> bool:
    return chance.number(coordinate.python_name, 2) == 1


def _date(coordinate: Coordinate, chance: Chance) -> date:
    name = coordinate.python_name
    found = next((found for words, *found in _SPANS if words.search(name)), None)
    if found is None:
        return _TODAY + timedelta(days=_happened(name, chance))
    first, span = found
    return _TODAY + timedelta(days=first + chance.number(name, span))


def _happened(name: str, chance: Chance) -> int:
    """Return the day of what happens, counted from today, after what happens before it to the same order, say: what is
    within an entry of a list goes by the entry's first day, and begins after it."""
    first, span = _USUAL_SPAN
    later = next((later for words, later in _LATER if words.search(name)), _USUALLY_LATER)
    if chance.depth > 1:
        later = max(later, _USUALLY_LATER)
    return first + chance.outermost.number("first day", span) + later + chance.number(name, _APART)


def _moment(coordinate: Coordinate, chance: Chance) -> datetime:
    day, second = _date(coordinate, chance), chance.number("second of the day", 86_400)
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=second)


_SCALARS: Final[Mapping[str, Callable[[Coordinate, Chance], object]]] = {
    "Boolean": _boolean,
    "CountryCode": lambda _coordinate, chance: text_for("country", "", chance),
    "CurrencyCode": lambda _coordinate, chance: text_for("currency", "", chance),
    "Date": _date,
    "DateTime": _moment,
    "Decimal": _decimal,
    "Float": _float,
    "ID": _text,
    "Int": _int,
    "LanguageTag": lambda _coordinate, chance: text_for("language", "", chance),
    "String": _text,
}


def _tried(coordinate: Coordinate, of: GraphQLScalarType, chance: Chance) -> Any:
    """Return the first value that a scalar of somebody else's takes and gives; None where it takes none."""
    for given in (_text(coordinate, chance), *_TRIED):
        try:
            value = of.coerce_input_value(given)
            of.coerce_output_value(value)
        except (GraphQLError, ArithmeticError, ValueError, TypeError, LookupError, AttributeError):
            continue
        return value
    return None

"""How the leaves of an answer are guarded and printed by compiled code, by their types.

What passes the guard is printed exactly as graphql-core prints it; whatever else stands there is not decided here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, cast

from graphql import (
    GRAPHQL_MAX_INT,
    GRAPHQL_MIN_INT,
    GraphQLEnumType,
    GraphQLLeafType,
    GraphQLScalarType,
    specified_scalar_types,
)

__all__ = ["LeafType", "leaf_type_of"]

_PLAIN: dict[str, tuple[type, str]] = {
    "String": (str, ""),
    "ID": (str, ""),
    "Boolean": (bool, ""),
    "Int": (int, f"{GRAPHQL_MIN_INT} <= {{}} <= {GRAPHQL_MAX_INT}"),
    "Float": (float, "-1e999 < {} < 1e999"),  # written so, it is infinite; NaN is neither less nor more
}
"""GraphQL's own scalars: the exact class of their values, and what holds of these besides, as an expression."""

_EXACT: dict[str, type] = {"Decimal": Decimal, "DateTime": datetime, "Date": date}
"""The model's own scalars whose values are no text."""


@dataclass(frozen=True, slots=True)
class LeafType:
    """What compiled code knows of one leaf type.

    `exact` is the class of its values, and no subclass. `within` is what has to hold of them besides, as an expression
    with `{}` in the place of the value; empty where all are right. `prints` makes of a value what is shown; it raises,
    or returns None, where there is no such thing. Without it a value is shown as it is. `names` holds instead what is
    shown for each member of an enum, `codes` the same by the members' values, as which rows hold them.
    """

    exact: type
    within: str = ""
    prints: Callable[[Any], Any] | None = None
    names: dict[Any, str] | None = None
    codes: dict[Any, str] | None = None

    @property
    def is_plain(self) -> bool:
        """Return whether a value is shown as it is."""
        return self.prints is None and self.names is None

    @property
    def is_text(self) -> bool:
        """Return whether a value may be any text."""
        return self.is_plain and self.exact is str


def leaf_type_of(named: GraphQLLeafType) -> LeafType:
    """Return what is known of a leaf type of the model."""
    if isinstance(named, GraphQLEnumType):
        return _enum(named)
    return _scalar(named)


def _scalar(named: GraphQLScalarType) -> LeafType:
    if specified_scalar_types.get(named.name) is named:
        return LeafType(*_PLAIN[named.name])
    return LeafType(_EXACT.get(named.name, str), prints=named.coerce_output_value)


def _enum(named: GraphQLEnumType) -> LeafType:
    """Return what is known of an enum: Strawberry makes each from a Python one."""
    members: type[Enum] = cast("Any", named).wrapped_cls
    names = {member: named.coerce_output_value(member) for member in members}
    codes = {member.value: name for member, name in names.items() if isinstance(member.value, str)}
    return LeafType(members, names=names, codes=codes)

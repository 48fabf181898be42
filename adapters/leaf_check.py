"""The type of a record's value, held against the leaf of the model that it is a value of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal

from graphql import GraphQLEnumType, GraphQLNamedType, get_named_type

from adapters.records import Record
from schema.model import Coordinate
from schema.problems import Problem, problem_at

__all__ = ["verify_leaf"]

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


def verify_leaf(record: type[Record], name: str, coordinate: Coordinate) -> Iterator[Problem]:
    """Yield what is wrong with the type that a record declares for a value; one that it leaves open takes any."""
    declared, named = record.record_leaf_type(name), get_named_type(coordinate.type)
    if declared is not None and not _fits(declared, named):
        wanted = f"{_wanted(named)}, for {coordinate} is {coordinate.of}"
        got = f"the field {name} of type {declared.__name__}"
        yield problem_at(record, got, wanted, "correct its annotation; convert with BeforeValidator")


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

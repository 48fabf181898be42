"""Variables of a request, coerced to the types that an operation declares: compiled once for the ordinary values.

graphql-core walks types and values of every request anew. What is compiled here takes only what is right beyond doubt
and gives exactly what graphql-core would; all else is graphql-core's, which also says what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLFloat,
    GraphQLID,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInt,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLString,
    OperationDefinitionNode,
    VariableDefinitionNode,
    is_enum_type,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
    is_required_input_field,
    is_scalar_type,
)
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource

from resolvers.handed_on import DoubtError

__all__ = ["Coercer", "compile_coercer"]

_MOST = 2**31 - 1

_Coerce = Callable[[Any], Any]
"""Returns the coerced value, or raises DoubtError."""


@dataclass(frozen=True, slots=True)
class _Variable:
    """One variable of an operation: it has no default, and may be left out where it may be null."""

    name: str
    signature: GraphQLVariableSignature
    coerce: _Coerce
    is_required: bool


@dataclass(frozen=True, slots=True)
class Coercer:
    """Coerces the variables of one operation."""

    variables: tuple[_Variable, ...]

    def values(self, given: Mapping[str, Any]) -> VariableValues | None:
        """Return the values as graphql-core would; None where it has to decide."""
        sources: dict[str, VariableValueSource] = {}
        coerced: dict[str, Any] = {}
        try:
            for one in self.variables:
                name = one.name
                if name in given:
                    value = given[name]
                    sources[name] = VariableValueSource(one.signature, value)
                    coerced[name] = one.coerce(value)
                elif one.is_required:
                    return None
                else:
                    sources[name] = VariableValueSource(one.signature)
        except DoubtError:
            return None
        return VariableValues(sources, coerced)


def compile_coercer(schema: GraphQLSchema, operation: OperationDefinitionNode) -> Coercer | None:
    """Return what coerces an operation's variables; None where graphql-core has to: defaults, scalars of the model."""
    variables = [_variable(schema, one) for one in operation.variable_definitions or ()]
    known = tuple(one for one in variables if one is not None)
    return Coercer(known) if len(known) == len(variables) else None


def _variable(schema: GraphQLSchema, definition: VariableDefinitionNode) -> _Variable | None:
    signature = get_variable_signature(schema, definition)
    if not isinstance(signature, GraphQLVariableSignature) or definition.default_value is not None:
        return None
    coerce = _compiled(signature.type, ())
    return coerce and _Variable(signature.name, signature, coerce, is_non_null_type(signature.type))


def _compiled(of: GraphQLInputType, passed: tuple[GraphQLInputType, ...]) -> _Coerce | None:
    """Return what coerces values of a type; `passed` are the input objects on the way: one can hold its own kind."""
    if is_non_null_type(of):
        return _compiled_value(of.of_type, passed)
    coerce = _compiled_value(of, passed)

    def nullable(value: Any) -> Any:
        return None if value is None else coerce(value)  # type: ignore[misc]  # not reached without one

    return coerce and nullable


def _compiled_value(of: GraphQLInputType, passed: tuple[GraphQLInputType, ...]) -> _Coerce | None:
    if is_list_type(of):
        return _compiled_list(_compiled(of.of_type, passed))
    if is_scalar_type(of):
        return _SCALARS.get(of)
    if is_enum_type(of):
        return _compiled_enum(of)
    return _compiled_object(of, passed) if is_input_object_type(of) and of not in passed else None


def _compiled_list(item: _Coerce | None) -> _Coerce | None:
    def coerce(value: Any) -> Any:
        if type(value) is not list:
            raise DoubtError
        return [item(one) for one in value]  # type: ignore[misc]  # not reached without one

    return item and coerce


def _compiled_enum(of: GraphQLEnumType) -> _Coerce:
    values = {name: one.value for name, one in of.values.items()}

    def coerce(value: Any) -> Any:
        if type(value) is not str or value not in values:
            raise DoubtError
        return values[value]

    return coerce


def _compiled_object(of: GraphQLInputObjectType, passed: tuple[GraphQLInputType, ...]) -> _Coerce | None:
    """Return what coerces an input object of which one member is given, @oneOf, or every one. No other is compiled."""
    if of.out_type is not GraphQLInputObjectType.out_type:
        return None
    members = {name: (one.out_name or name, _compiled(one.type, (*passed, of))) for name, one in of.fields.items()}
    known = {name: (out, coerce) for name, (out, coerce) in members.items() if coerce is not None}
    if len(known) < len(members):
        return None
    if not of.is_one_of:
        return _compiled_whole(known) if all(is_required_input_field(one) for one in of.fields.values()) else None

    def coerce(value: Any) -> Any:
        if type(value) is not dict or len(value) != 1:
            raise DoubtError
        ((name, member),) = value.items()
        if member is None or name not in known:
            raise DoubtError
        out_name, coerce_member = known[name]
        return {out_name: coerce_member(member)}

    return coerce


def _compiled_whole(members: Mapping[str, tuple[str, _Coerce]]) -> _Coerce:
    def coerce(value: Any) -> Any:
        if type(value) is not dict or value.keys() != members.keys():
            raise DoubtError
        return {out: coerce_member(value[name]) for name, (out, coerce_member) in members.items()}

    return coerce


def _id(value: Any) -> str:
    if type(value) is str:
        return value
    if type(value) is int:
        return str(value)
    raise DoubtError


def _string(value: Any) -> str:
    if type(value) is not str:
        raise DoubtError
    return value


def _boolean(value: Any) -> bool:
    if type(value) is not bool:
        raise DoubtError
    return value


def _int(value: Any) -> int:
    if type(value) is not int or not -_MOST <= value <= _MOST:
        raise DoubtError
    return value


def _float(value: Any) -> float:
    if type(value) is not float or not isfinite(value):
        raise DoubtError
    return value


_SCALARS: Mapping[GraphQLScalarType, _Coerce] = {
    GraphQLID: _id,
    GraphQLString: _string,
    GraphQLBoolean: _boolean,
    GraphQLInt: _int,
    GraphQLFloat: _float,
}
"""GraphQL's own scalars. A text is taken as it is, and so is a whole number as a key: both are exact."""

"""Keys in variables are exact, or refused: a number that JSON could not hold exactly is another customer's key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from graphql import (
    GraphQLID,
    GraphQLInputType,
    GraphQLSchema,
    OperationDefinitionNode,
    get_nullable_type,
    is_input_object_type,
    is_input_type,
    is_list_type,
    type_from_ast,
)

__all__ = ["inexact_ids"]


def inexact_ids(schema: GraphQLSchema, operation: OperationDefinitionNode, given: Mapping[str, object]) -> list[str]:
    """Return the names of the variables that hold a float where an ID is wanted.

    A reader of JSON takes a whole number of more than 64 bits for a float, and GraphQL's ID takes a whole float for
    the text of its digits: `89490200001234567890` would be looked up as `89490200001234567168`.
    """
    return [name for name, of in _types(schema, operation) if name in given and _is_inexact(of, given[name])]


def _types(schema: GraphQLSchema, operation: OperationDefinitionNode) -> Iterator[tuple[str, GraphQLInputType]]:
    for one in operation.variable_definitions or ():
        of = type_from_ast(schema, one.type)
        if is_input_type(of):
            yield one.variable.name.value, of


def _is_inexact(of: GraphQLInputType, value: object) -> bool:
    if value is None or isinstance(value, str):
        return False
    inner = get_nullable_type(of)
    if is_list_type(inner):
        return any(_is_inexact(inner.of_type, one) for one in (value if isinstance(value, list) else [value]))
    if is_input_object_type(inner):
        members = value.items() if isinstance(value, Mapping) else ()
        return any(name in inner.fields and _is_inexact(inner.fields[name].type, one) for name, one in members)
    return inner is GraphQLID and isinstance(value, float)

"""Whom a root field looks up: its argument `by`, read from the variables of a request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from graphql import FieldNode, ObjectValueNode, ValueNode, VariableNode
from graphql.execution.values import VariableValues

from adapters.crossref import Lookup
from resolvers.arguments import argument_values
from resolvers.plan import Root
from schema.directives import CANONICAL
from schema.identifiers import IdentifierType
from schema.view_schema import IDENTIFIER, ViewSchema

__all__ = ["LookUps", "compile_look_ups"]

LookUps = Callable[[VariableValues], list[Lookup]]
"""Returns the look-ups in their order; raises RefusedError where a variable is null that may not be."""

_BY = "by"


def compile_look_ups(schema: ViewSchema, root: Root) -> LookUps:
    """Return what reads the look-ups of a root field.

    The two ways in which they are nearly always written, `by: $by` and `by: {id: $id}`, are read here; graphql-core
    reads all others, and whatever is null.
    """
    written = _written(root.node)

    def exactly(variables: VariableValues) -> list[Lookup]:
        return _read(schema, root, variables)

    if isinstance(written, VariableNode):
        return _by_variable(written.name.value, exactly, is_list=root.is_list)
    if isinstance(written, ObjectValueNode) and not root.is_list and len(written.fields) == 1:
        (member,) = written.fields
        if isinstance(member.value, VariableNode):
            return _by_member(member.name.value, member.value.name.value, exactly)
    return exactly


def _written(node: FieldNode) -> ValueNode | None:
    return next((one.value for one in node.arguments or () if one.name.value == _BY), None)


def _by_variable(name: str, exactly: LookUps, *, is_list: bool) -> LookUps:
    def read(variables: VariableValues) -> list[Lookup]:
        by = variables.coerced.get(name)
        if type(by) is list and is_list:
            return [_look_up(one) for one in by]
        return [_look_up(by)] if type(by) is dict and not is_list else exactly(variables)

    return read


def _by_member(kind: str, name: str, exactly: LookUps) -> LookUps:
    source = None if kind == CANONICAL else kind

    def read(variables: VariableValues) -> list[Lookup]:
        key = variables.coerced.get(name)
        return [Lookup(source, key)] if type(key) is str else exactly(variables)

    return read


def _read(schema: ViewSchema, root: Root, variables: VariableValues) -> list[Lookup]:
    query = schema.schema.query_type
    assert query is not None
    by = argument_values(query.fields[schema.many if root.is_list else schema.one], root.node, variables)[_BY]
    return [_look_up(one) for one in (by if root.is_list else [by])]


def _look_up(by: Mapping[str, Any]) -> Lookup:
    ((kind, key),) = by.items()
    if kind == IDENTIFIER and type(key) is dict:  # a source of this name has texts
        return Lookup(None, key["value"], IdentifierType(key["type"]))
    return Lookup(None if kind == CANONICAL else kind, key)

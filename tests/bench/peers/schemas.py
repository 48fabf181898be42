"""The schema of the other gateways, which stands once; those that want it in another spelling get it from there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from graphql import (
    ListTypeNode,
    NamedTypeNode,
    NonNullTypeNode,
    ObjectTypeDefinitionNode,
    TypeNode,
    parse,
    print_ast,
)

__all__ = ["SCHEMA", "json_schemas", "record_types"]

SCHEMA = Path(__file__).parent / "programs" / "schema.graphql"

_RESOLVED = ("Query", "Customer")
"""What gateways resolve themselves; the other types are what sources answer."""

_SCALARS = {"Boolean": "boolean", "Float": "number", "Int": "integer", "String": "string"}


def record_types() -> str:
    """Return the types of what sources answer, as SDL: Tailcall's configuration has them below its own directives."""
    return "\n\n".join(map(print_ast, _records())) + "\n"


def json_schemas() -> dict[str, Any]:
    """Return the same types as JSON Schema, and a list of each (`Profiles`): Hive composes its supergraph of them."""
    types = {one.name.value: _object(one) for one in _records()}
    lists = {f"{name}s": {"type": "array", "items": _named(name)} for name in types}
    return {"definitions": {**types, **lists}}


def _records() -> Iterator[ObjectTypeDefinitionNode]:
    for one in parse(SCHEMA.read_text()).definitions:
        if isinstance(one, ObjectTypeDefinitionNode) and one.name.value not in _RESOLVED:
            yield one


def _object(one: ObjectTypeDefinitionNode) -> dict[str, Any]:
    properties = {each.name.value: _typed(each.type) for each in one.fields or ()}
    return {"type": "object", "title": one.name.value, "properties": properties}


def _typed(type_: TypeNode) -> dict[str, Any]:
    if isinstance(type_, NonNullTypeNode):
        return _typed(type_.type)
    if isinstance(type_, ListTypeNode):
        return {"type": "array", "items": _typed(type_.type)}
    assert isinstance(type_, NamedTypeNode)
    return _named(type_.name.value)


def _named(name: str) -> dict[str, Any]:
    return {"type": _SCALARS[name]} if name in _SCALARS else {"$ref": f"#/definitions/{name}"}

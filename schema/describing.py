"""Descriptions of a schema's types, fields, enum values, arguments and directives, taken from docstrings.

Strawberry leaves docstrings alone, so they are read here: a class's own docstring describes its type, the string below
an attribute describes its field, value or argument. A description that was given in code stays.
"""

from __future__ import annotations

import ast
import inspect
import linecache
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from graphql import GraphQLDirective, GraphQLNamedType, GraphQLSchema
from strawberry.types.scalar import ScalarDefinition

__all__ = ["DEFINITION", "attribute_docs", "class_doc", "describe_schema", "origin_of"]

DEFINITION = "strawberry-definition"
"""Where graphql-core's objects keep the Strawberry definition that they were made from, in `extensions`."""

_STANDARD = frozenset({"builtins", "enum", "typing"})
"""Modules of base classes that declare nothing of a model."""


def class_doc(cls: type) -> str | None:
    """Return the docstring written for the class; None where there is none or `dataclass` made it."""
    doc = vars(cls).get("__doc__")
    if not isinstance(doc, str) or doc.startswith(f"{cls.__name__}("):
        return None
    return inspect.cleandoc(doc) or None


def attribute_docs(cls: type) -> dict[str, str]:
    """Return the string below each attribute of the class and its bases, by attribute name.

    A class whose source cannot be read (made at run time) has none.
    """
    docs: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        if base.__module__ not in _STANDARD:
            docs.update(_own_attribute_docs(base))
    return docs


def describe_schema(schema: GraphQLSchema, directives: Iterable[GraphQLDirective]) -> None:
    """Set the descriptions of everything in the schema, and of these directives, that has none yet."""
    for named_type in schema.type_map.values():
        definition = named_type.extensions.get(DEFINITION)
        if definition is not None:
            _describe_type(named_type, definition)
    for directive in directives:
        definition = directive.extensions.get(DEFINITION)
        if definition is not None:
            _describe_one(directive, class_doc(definition.origin))
            _describe_members(directive.args, attribute_docs(definition.origin))


def _describe_type(named_type: GraphQLNamedType, definition: Any) -> None:
    origin = origin_of(definition)
    if origin is None:
        return
    _describe_one(named_type, class_doc(origin))
    members = getattr(named_type, "fields", None) or getattr(named_type, "values", None) or {}
    _describe_members(members, attribute_docs(origin))


def origin_of(definition: Any) -> type | None:
    """Return the class that a Strawberry definition was made from; None for scalars and unions.

    `Connection[Order]` gives `Connection`: the specialised class is made at run time and has no source.
    """
    generic = getattr(definition, "concrete_of", None) or definition
    origin = getattr(generic, "wrapped_cls", None) or getattr(generic, "origin", None)
    return origin if inspect.isclass(origin) and not isinstance(generic, ScalarDefinition) else None


def _describe_members(members: Mapping[str, Any], docs: Mapping[str, str]) -> None:
    for name, member in members.items():
        definition = member.extensions.get(DEFINITION)
        python_name = getattr(definition, "python_name", None) or getattr(definition, "name", None) or name
        _describe_one(member, docs.get(python_name))


def _describe_one(described: Any, doc: str | None) -> None:
    if not described.description:
        described.description = doc


def _own_attribute_docs(cls: type) -> Mapping[str, str]:
    try:
        file = inspect.getsourcefile(cls)
    except (OSError, TypeError):
        return {}
    return _docs_of_file(file).get(cls.__qualname__, {}) if file else {}


# inspect.getsource parses the whole file again for every class: 0.8 s for the reference model instead of 0.02 s
@lru_cache(maxsize=256)
def _docs_of_file(file: str) -> Mapping[str, Mapping[str, str]]:
    """Return the attributes' docstrings of every class in the file, by the class's qualified name."""
    source = "".join(linecache.getlines(file))
    return dict(_docs_within(ast.parse(source).body, ""))


def _docs_within(body: Iterable[ast.stmt], prefix: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield prefix + node.name, _docs_of_class(node)
            yield from _docs_within(node.body, f"{prefix}{node.name}.")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _docs_within(node.body, f"{prefix}{node.name}.<locals>.")


def _docs_of_class(node: ast.ClassDef) -> Mapping[str, str]:
    pairs = zip(map(_attribute_name, node.body), map(_text, node.body[1:]), strict=False)
    return {name: doc for name, doc in pairs if name and doc}


def _attribute_name(node: ast.stmt) -> str | None:
    target: ast.expr | None = None
    if isinstance(node, ast.AnnAssign):
        target = node.target
    elif isinstance(node, ast.Assign):
        target = node.targets[0]
    return target.id if isinstance(target, ast.Name) else None


def _text(node: ast.stmt) -> str | None:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return inspect.cleandoc(node.value.value)
    return None

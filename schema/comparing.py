"""What changed between two forms of a schema, and whether it breaks those who use it.

Schemas are compared as SDL, so that a file that was kept will do. graphql-core finds what changed; facts about fields,
such as `@personal`, are told too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from graphql import (
    REMOVE,
    DirectiveDefinitionNode,
    DirectiveNode,
    DocumentNode,
    GraphQLInputObjectType,
    GraphQLSchema,
    NamedTypeNode,
    Node,
    SchemaChange,
    Visitor,
    VisitorAction,
    build_ast_schema,
    find_schema_changes,
    is_input_object_type,
    parse,
    print_ast,
    specified_scalar_types,
    visit,
)

__all__ = ["Change", "Effect", "compare_sdl"]

_PLACE = re.compile(
    r"(?:Description of |A required |An optional )?"
    r"(?:(?:[Ee]num value|[Ii]nput-field|[Ff]ield|[Aa]rgument|Standard scalar) )?"
    r"(?P<place>\w+(\.\w+)?(\(\w+:?\))?)"
)
_OWNER = re.compile(r"\w+ (?:was )?(?:added to|removed from) (?:union type|interfaces implemented by) (?P<place>\w+)")
_DIRECTIVE = re.compile(r"[\w ]*(?P<place>@\w+)")
_DESCRIBED = "DESCRIPTION_CHANGED"
_KEY_ADDED = "OPTIONAL_INPUT_FIELD_ADDED"
_IN_DOCUMENTS = frozenset(
    [
        "QUERY",
        "MUTATION",
        "SUBSCRIPTION",
        "FIELD",
        "FRAGMENT_DEFINITION",
        "FRAGMENT_SPREAD",
        "INLINE_FRAGMENT",
        "VARIABLE_DEFINITION",
    ]
)
"""Where clients can write a directive: in their documents."""


class Effect(StrEnum):
    """What a change does to those who use the schema, the worst first."""

    BREAKING = "breaking"
    """Requests that worked fail, or answers have another form."""
    DANGEROUS = "dangerous"
    """Requests work; a program may meet what it does not expect, or a limit."""
    NOTE = "note"
    """No program notices; people have to know, for duties change."""
    SAFE = "safe"
    """Nothing that worked works otherwise."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change. `code` names its kind, `place` is a coordinate, a type or a key of a view's file."""

    effect: Effect
    code: str
    place: str
    text: str


@dataclass(frozen=True, slots=True)
class _Read:
    """A schema as clients use it, and the facts that stand beside its types and fields: place -> name -> as printed."""

    schema: GraphQLSchema
    facts: Mapping[str, Mapping[str, str]]


def compare_sdl(before: str, after: str) -> tuple[Change, ...]:
    """Return what changed, the worst first. Raises GraphQLError or TypeError where one of the texts is no schema."""
    old, new = _read(before), _read(after)
    changes = [*_shapes(old, new), *_one_of(old.schema, new.schema), *_deprecated(old.schema, new.schema)]
    changes += _facts(old, new)
    return tuple(sorted(changes, key=lambda change: list(Effect).index(change.effect)))


def _read(sdl: str) -> _Read:
    document = parse(sdl)
    aside = {name: node for node in document.definitions if (name := _fact_name(node))}
    applied = {place: facts for place, node in _described(document) if (facts := _facts_of(node, aside.keys()))}
    return _Read(build_ast_schema(_without(document, aside)), applied)


def _fact_name(node: Node) -> str | None:
    """Return the name of a directive that stands in schemas only: clients cannot use it, so it breaks nothing."""
    if not isinstance(node, DirectiveDefinitionNode) or {one.value for one in node.locations} & _IN_DOCUMENTS:
        return None
    return node.name.value


def _described(document: DocumentNode) -> Iterator[tuple[str, Any]]:
    for node in document.definitions:
        if not isinstance(node, DirectiveDefinitionNode) and hasattr(node, "name"):
            yield node.name.value, node
            for field in getattr(node, "fields", None) or ():
                yield f"{node.name.value}.{field.name.value}", field


def _facts_of(node: Any, names: Iterable[str]) -> dict[str, str]:
    return {one.name.value: print_ast(one) for one in node.directives or () if one.name.value in names}


def _without(document: DocumentNode, aside: Mapping[str, Node]) -> DocumentNode:
    """Return the document without these directives, and without the types that only they use."""
    bare: DocumentNode = visit(document, _Stripping(aside.keys()))
    only_theirs = {name for node in aside.values() for name in _types_named(node)} - _types_named(bare)
    kept = tuple(node for node in bare.definitions if _name_of(node) not in only_theirs)
    return DocumentNode(definitions=kept)


class _Stripping(Visitor):
    def __init__(self, names: Iterable[str]) -> None:
        super().__init__()
        self._names = frozenset(names)

    def enter_directive(self, node: DirectiveNode, *_: Any) -> VisitorAction:
        return REMOVE if node.name.value in self._names else None

    enter_directive_definition = enter_directive


class _Naming(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_named_type(self, node: NamedTypeNode, *_: Any) -> None:
        self.names.add(node.name.value)


def _types_named(node: Node) -> set[str]:
    naming = _Naming()
    visit(node, naming)
    return naming.names


def _name_of(node: Any) -> str | None:
    return node.name.value if getattr(node, "name", None) else None


def _shapes(old: _Read, new: _Read) -> Iterator[Change]:
    for change in find_schema_changes(old.schema, new.schema):
        place = _place(change.description)
        if place not in specified_scalar_types:  # they come and go with the fields that use them
            yield Change(_effect(change, new.schema), change.type.name, place, _text(change))


def _place(description: str) -> str:
    found = _OWNER.match(description) or _DIRECTIVE.match(description) or _PLACE.match(description)
    assert found is not None
    return found["place"]


def _effect(change: SchemaChange, new: GraphQLSchema) -> Effect:
    kind = type(change).__name__.removesuffix("Change").lower()
    owner = new.type_map.get(_place(change.description).partition(".")[0])
    if change.type.name == _KEY_ADDED and isinstance(owner, GraphQLInputObjectType) and owner.is_one_of:
        return Effect.SAFE  # exactly one is given: another choice changes nothing for those who give one
    return Effect(kind)


def _text(change: SchemaChange) -> str:
    if change.type.name == _DESCRIBED:
        return f"{change.description.partition(' has changed')[0]} has changed."
    return change.description


def _one_of(old: GraphQLSchema, new: GraphQLSchema) -> Iterator[Change]:
    for name, before, after in _in_both(old, new):
        if is_input_object_type(before) and is_input_object_type(after) and before.is_one_of != after.is_one_of:
            if after.is_one_of:
                yield Change(Effect.BREAKING, "ONE_OF_ADDED", name, f"{name} takes exactly one of its fields now.")
            else:
                yield Change(Effect.SAFE, "ONE_OF_REMOVED", name, f"{name} takes several of its fields now.")


def _deprecated(old: GraphQLSchema, new: GraphQLSchema) -> Iterator[Change]:
    for name, before, after in _in_both(old, new):
        for member, was, now in _members(before, after):
            if (was.deprecation_reason is None) != (now.deprecation_reason is None):
                word = "no longer deprecated" if now.deprecation_reason is None else "deprecated"
                yield Change(Effect.SAFE, "DEPRECATION_CHANGED", f"{name}.{member}", f"{name}.{member} is {word}.")


def _in_both(old: GraphQLSchema, new: GraphQLSchema) -> Iterator[tuple[str, Any, Any]]:
    for name, before in old.type_map.items():
        if name in new.type_map and not name.startswith("__"):
            yield name, before, new.type_map[name]


def _members(before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    for kind in ("fields", "values"):
        now: Mapping[str, Any] = getattr(after, kind, {})
        for name, member in getattr(before, kind, {}).items():
            if name in now:
                yield name, member, now[name]


def _facts(old: _Read, new: _Read) -> Iterator[Change]:
    """Yield the facts that changed where the place itself stayed."""
    for place in sorted({*old.facts, *new.facts}):
        if _is_there(old.schema, place) and _is_there(new.schema, place):
            was, now = old.facts.get(place, {}), new.facts.get(place, {})
            for name in sorted({*was, *now}):
                if was.get(name) != now.get(name):
                    yield Change(Effect.NOTE, *_fact(place, was.get(name), now.get(name)))


def _fact(place: str, was: str | None, now: str | None) -> tuple[str, str, str]:
    if was is None:
        return "FACT_ADDED", place, f"{place} is {now} now."
    if now is None:
        return "FACT_REMOVED", place, f"{place} is no longer {was}."
    return "FACT_CHANGED", place, f"{place} was {was} and is {now} now."


def _is_there(schema: GraphQLSchema, place: str) -> bool:
    name, _, member = place.partition(".")
    owner: Any = schema.type_map.get(name)
    members: Sequence[str] = [*getattr(owner, "fields", {}), *getattr(owner, "values", {})]
    return owner is not None and (not member or member in members)

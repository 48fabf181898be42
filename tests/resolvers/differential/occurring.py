"""What occurs in an operation: counted in the document that was asked, and not in what made it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    ArgumentNode,
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    EnumValueNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    StringValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_interface_type,
    is_list_type,
    is_union_type,
    print_ast,
)

__all__ = ["EVERYWHERE", "OF_MODELS", "occurring"]

EVERYWHERE = (
    "named fragment",
    "fragment in a fragment",
    "fragment spread twice",
    "inline fragment",
    "inline fragment without a type",
    "@skip by a literal",
    "@skip by a variable",
    "@include by a literal",
    "@include by a variable",
    "variable as an argument",
    "variable inside a list or an input object",
    "default of a variable",
    "__typename",
    "__typename of the root",
    "alias",
    "one field under two names",
    "one field with different arguments",
    "fields that merge",
    "several root fields",
    "several operations",
    "list of look-ups",
    "connection",
    "page behind a cursor",
    "argument that is a list",
)
"""What must occur in every world."""

OF_MODELS = {
    "ships": ("interface", "union", "list of lists", "fragment on an interface or union", "argument of an enum"),
    "customers": ("argument of an enum",),
    "gallery": ("interface", "union", "list of lists", "fragment on an interface or union"),
}
"""What must occur in one world besides."""

_Flat = tuple[GraphQLNamedType, FieldNode]


def occurring(schema: GraphQLSchema, document: DocumentNode, name: str | None) -> frozenset[str]:
    """What occurs in one operation of a valid document, by the words of EVERYWHERE and a few of the model's own."""
    operations = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    (operation,) = (one for one in operations if name is None or (one.name and one.name.value == name))
    walk = _Walk(schema, {one.name.value: one for one in _fragments(document)})
    if len(operations) > 1:
        walk.found.add("several operations")
    if any(one.default_value is not None for one in operation.variable_definitions or ()):
        walk.found.add("default of a variable")
    assert schema.query_type is not None
    walk.level(schema.query_type, [operation.selection_set])
    walk.ends()
    return frozenset(walk.found)


def _fragments(document: DocumentNode) -> Iterator[FragmentDefinitionNode]:
    return (one for one in document.definitions if isinstance(one, FragmentDefinitionNode))


@dataclass
class _Walk:
    schema: GraphQLSchema
    fragments: dict[str, FragmentDefinitionNode]
    found: set[str] = field(default_factory=set)
    spread: list[tuple[str, str]] = field(default_factory=list)
    inside: tuple[str, ...] = ()

    def ends(self) -> None:
        """Tell what is only known of the whole."""
        if len(set(self.spread)) < len(self.spread):
            self.found.add("fragment spread twice")

    def level(self, parent: GraphQLNamedType, sets: Iterable[SelectionSetNode]) -> None:
        flat = [one for each in sets for one in self.flat(parent, each)]
        is_root = parent is self.schema.query_type
        if is_root and len({_response_name(node) for _, node in flat}) > 1:
            self.found.add("several root fields")
        self.names(node for _, node in flat)
        by_name: dict[str, list[_Flat]] = defaultdict(list)
        for owner, node in flat:
            by_name[_response_name(node)].append((owner, node))
        for same in by_name.values():
            if len(same) > 1:
                self.found.add("fields that merge")
            self.field(same, is_root=is_root)

    def names(self, nodes: Iterable[FieldNode]) -> None:
        names: dict[str, set[str]] = defaultdict(set)
        arguments: dict[str, set[str]] = defaultdict(set)
        for node in nodes:
            names[node.name.value].add(_response_name(node))
            arguments[node.name.value].add(" ".join(sorted(map(print_ast, node.arguments or ()))))
        if any(len(one) > 1 for one in names.values()):
            self.found.add("one field under two names")
        if any(len(one) > 1 for one in arguments.values()):
            self.found.add("one field with different arguments")

    def flat(self, parent: GraphQLNamedType, selections: SelectionSetNode) -> Iterator[_Flat]:
        for one in selections.selections:
            self.directives(one.directives or ())
            if isinstance(one, FieldNode):
                yield parent, one
            elif isinstance(one, InlineFragmentNode):
                on = one.type_condition
                self.found.add("inline fragment" if on else "inline fragment without a type")
                yield from self.flat(self.schema.type_map[on.name.value] if on else parent, one.selection_set)
            else:
                assert isinstance(one, FragmentSpreadNode)
                yield from self.named(one.name.value)

    def named(self, name: str) -> Iterator[_Flat]:
        fragment, outside = self.fragments[name], self.inside
        on = self.schema.type_map[fragment.type_condition.name.value]
        self.found.update(["named fragment", *(["fragment in a fragment"] if outside else [])])
        self.found.update(["fragment on an interface or union"] if not isinstance(on, GraphQLObjectType) else [])
        self.spread.append((outside[-1] if outside else "", name))
        self.inside = (*outside, name)
        yield from self.flat(on, fragment.selection_set)
        self.inside = outside

    def directives(self, directives: Iterable[DirectiveNode]) -> None:
        for one in directives:
            (argument,) = one.arguments or ()
            how = "literal" if isinstance(argument.value, BooleanValueNode) else "variable"
            self.found.add(f"@{one.name.value} by a {how}")

    def field(self, same: list[_Flat], *, is_root: bool) -> None:
        owner, node = same[0]
        if any(one.alias for _, one in same):
            self.found.add("alias")
        if node.name.value == "__typename":
            self.found.add("__typename of the root" if is_root else "__typename")
            return
        assert isinstance(owner, GraphQLObjectType | GraphQLInterfaceType)
        definition = owner.fields[node.name.value]
        for argument in node.arguments or ():
            self.argument(argument)
        self.holds(definition)
        held = get_named_type(definition.type)
        if is_root and is_list_type(get_nullable_type(definition.type)):
            self.found.add("list of look-ups")
        sets = [one.selection_set for _, one in same if one.selection_set is not None]
        if sets:
            self.level(held, sets)

    def holds(self, definition: GraphQLField) -> None:
        of: Any = get_nullable_type(definition.type)
        inner = get_nullable_type(of.of_type) if is_list_type(of) else None
        held = get_named_type(of)
        told = {
            "list of lists": is_list_type(inner),
            "interface": is_interface_type(held),
            "union": is_union_type(held),
            "connection": held.name.endswith("Connection"),
        }
        self.found.update(word for word, holds in told.items() if holds)

    def argument(self, argument: ArgumentNode) -> None:
        if argument.name.value == "after":
            self.found.add("page behind a cursor")
        self.value(argument.value, is_inside=False)

    def value(self, value: Any, *, is_inside: bool) -> None:
        match value:
            case VariableNode():
                word = "variable inside a list or an input object" if is_inside else "variable as an argument"
                self.found.add(word)
            case ListValueNode(values=values):
                self.found.add("argument that is a list")
                for one in values:
                    self.value(one, is_inside=True)
            case ObjectValueNode(fields=fields):
                self.found.add("argument that is an input object")
                for member in fields:
                    self.value(member.value, is_inside=True)
            case EnumValueNode():
                self.found.add("argument of an enum")
            case IntValueNode() | StringValueNode():
                self.found.add("literal as an argument")


def _response_name(node: FieldNode) -> str:
    return node.alias.value if node.alias else node.name.value

"""A generated document written anew, with everything that hypothesis-graphql leaves out.

Fragments, directives, aliases, duplicates and `__typename` are put in, literals become variables, root fields and
operations are added. An alias that is put in is used for nothing else, so that fields do not conflict; what is not
valid all the same is left to validation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLArgument,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLType,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ObjectFieldNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    StringValueNode,
    Undefined,
    ValueNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
    is_non_null_type,
    print_ast,
    value_from_ast_untyped,
)

from tests.resolvers.differential.documents import KEYS, look_up

__all__ = ["Operation", "mutated"]

_LONGEST = 800
"""Characters of a document from which on nothing is put in any more."""

_KEPT = 0.8
"""The share of documents without texts: they are read once, however often they are asked."""


@dataclass(frozen=True)
class Operation:
    """A document, which of its operations is asked, and its variables; `after` names those that are for cursors."""

    text: str
    name: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    after: tuple[str, ...] = ()


def mutated(
    schema: GraphQLSchema, document: DocumentNode, chance: Random, *, plain: bool = False, mark: str = ""
) -> Operation:
    """The document as an operation with more in it; `plain`: as it is. Names that are made up begin with `mark`."""
    if plain:
        return Operation(print_ast(document))
    (query,) = document.definitions
    assert isinstance(query, OperationDefinitionNode)
    return _Writer(schema, chance, is_kept=chance.random() < _KEPT, mark=mark).operation(query)


@dataclass
class _Writer:
    """Writes one document. `declared` holds the variables, `fragments` the bodies of the named fragments.

    `is_kept`: no text and no number of an input object is written into it, so that the engine keeps what it has read.
    """

    schema: GraphQLSchema
    chance: Random
    is_kept: bool = False
    mark: str = ""
    declared: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    after: list[str] = field(default_factory=list)
    fragments: dict[str, str] = field(default_factory=dict)
    written: int = 0
    names: int = 0

    def operation(self, query: OperationDefinitionNode) -> Operation:
        root = self.schema.query_type
        assert root is not None
        body = self.block(root, query.selection_set)
        head = f"({', '.join(f'${name}: {of}' for name, of in self.declared.items())})" if self.declared else ""
        fragments = " ".join(self.fragments.values())
        if self.is_so(0.2):
            other = self.chance.choice(["query Other { __typename }", f"query Other{head} {body}"])
            parts = [f"query Meant{head} {body}", other, fragments]
            self.chance.shuffle(parts)
            return self.made(" ".join(parts), "Meant")
        name = self.chance.choice(["", "", "Alone"])
        return self.made(f"query {name}{head} {body} {fragments}", name or None)

    def made(self, text: str, name: str | None) -> Operation:
        return Operation(text, name, self.values, tuple(self.after))

    def is_so(self, share: float) -> bool:
        """Whether something is put in: in so many places out of one, while the document is not too long."""
        return self.written < _LONGEST and self.chance.random() < share

    def new(self, letter: str) -> str:
        self.names += 1
        return f"{self.mark}{letter}{self.names}"

    def block(self, of: GraphQLNamedType, selections: SelectionSetNode) -> str:
        return f"{{ {' '.join(self.selections(of, selections))} }}"

    def selections(self, of: GraphQLNamedType, selections: SelectionSetNode) -> list[str]:
        texts: list[str] = []
        for one in selections.selections:
            if isinstance(one, FieldNode):
                texts += self.fields(of, one)
            else:
                assert isinstance(one, InlineFragmentNode)
                assert one.type_condition is not None
                on = self.schema.type_map[one.type_condition.name.value]
                texts.append(self.fragment(on, self.selections(on, one.selection_set)))
        if self.is_so(0.15):
            name = self.chance.choice(["__typename", f"{self.new('t')}: __typename"])
            texts.insert(self.chance.randrange(len(texts) + 1), f"{name}{self.directive()}")
        texts = self.grouped(of, texts)
        self.written += sum(map(len, texts)) // 2  # it is counted again in what it stands in
        return texts

    def grouped(self, of: GraphQLNamedType, texts: list[str]) -> list[str]:
        """The selections, some of which stand in a fragment."""
        if not self.is_so(0.2):
            return texts
        start = self.chance.randrange(len(texts))
        end = self.chance.randint(start + 1, len(texts))
        return [*texts[:start], self.fragment(of, texts[start:end]), *texts[end:]]

    def fragment(self, on: GraphQLNamedType, texts: Sequence[str]) -> str:
        """A fragment of one kind or another, with these selections."""
        body = f"{{ {' '.join(texts)} }}"
        match self.chance.choice(["typed", "typed", "untyped", "named", "named", "nested"]):
            case "typed":
                return f"... on {on}{self.directive()} {body}"
            case "untyped":  # within one with a type, since it need not be the type of what it stands in
                return f"... on {on} {{ ...{self.directive()} {body} }}"
            case "named":
                return self.spread(self.named(on, body))
        inner = self.spread(self.named(on, body))
        return self.spread(self.named(on, f"{{ {inner} {self.chance.choice(['', inner, '__typename'])} }}"))

    def named(self, on: GraphQLNamedType, body: str) -> str:
        name = self.new("F")
        self.fragments[name] = f"fragment {name} on {on} {body}"
        return name

    def spread(self, name: str) -> str:
        spread = f"...{name}{self.directive()}"
        return f"{spread} ...{name}{self.directive()}" if self.is_so(0.2) else spread

    def fields(self, of: GraphQLNamedType, node: FieldNode) -> list[str]:
        """One field, perhaps once more under its own name or another one."""
        if node.name.value == "__typename":
            return [print_ast(node)]
        assert isinstance(of, GraphQLObjectType | GraphQLInterfaceType)
        definition, is_root = of.fields[node.name.value], of is self.schema.query_type
        held, name = get_named_type(definition.type), node.name.value
        below = self.selections(held, node.selection_set) if node.selection_set else []
        if held.name.endswith("Connection") and self.is_so(0.3):
            below.append("pageInfo { hasNextPage endCursor }")
        alias = self.new("a") if self.is_so(0.15) else node.alias.value if node.alias else ""
        head = f"{alias and f'{alias}: '}{name}{self.arguments(definition, node)}"
        texts = [self.field(head, below)]
        if self.is_so(0.3 if is_root else 0.08):
            texts.append(self.field(head, self.part(below)))
        if self.is_so(0.3 if is_root else 0.12):
            other = f"{self.new('o')}: {name}{self.arguments(definition, node, is_other=True)}"
            texts.append(self.field(other, self.part(below)))
        return [self.on_interface(of, name, one) for one in texts]

    def field(self, head: str, below: Sequence[str]) -> str:
        return f"{head}{self.directive()}" + (f" {{ {' '.join(below)} }}" if below else "")

    def part(self, below: Sequence[str]) -> Sequence[str]:
        """Some of the selections, in another order."""
        return self.chance.sample(below, self.chance.randint(1, len(below))) if below else below

    def on_interface(self, of: GraphQLNamedType, name: str, text: str) -> str:
        """The field of an object as one of an interface that has it."""
        interfaces = of.interfaces if isinstance(of, GraphQLObjectType) else ()
        having = [one for one in interfaces if name in one.fields]
        return self.fragment(having[0], [text]) if having and self.is_so(0.3) else text

    def directive(self) -> str:
        if not self.is_so(0.1):
            return ""
        kind, value = self.chance.choice(["skip", "include"]), self.chance.random() < 0.5
        if self.chance.random() < 0.5:
            return f" @{kind}(if: {str(value).lower()})"
        return f" @{kind}(if: ${self.boolean(value)})"

    def boolean(self, value: bool) -> str:
        """A variable of at most five, so that plans of their values are kept, with a value or a default."""
        name = f"{self.mark}b{self.chance.randrange(5)}"
        if name not in self.declared:
            if self.chance.random() < 0.3:
                self.declared[name] = f"Boolean = {str(value).lower()}"
            else:
                self.declared[name], self.values[name] = "Boolean!", value
        return name

    def arguments(self, definition: GraphQLField, node: FieldNode, *, is_other: bool = False) -> str:
        """The arguments; `is_other`: with other values, or some of them left out."""
        given = {one.name.value: one.value for one in node.arguments or ()}
        written: list[str] = []
        for name, argument in definition.args.items():
            if name in given and not (is_other and argument.default_value is not Undefined and self.is_so(0.3)):
                value = self.other(given[name]) if is_other else given[name]
                value = self.looked_up(argument) if name == "by" and isinstance(value, ListValueNode) else value
                written.append(f"{name}: {self.argument(argument, value)}")
            elif name == "after" and self.is_so(0.3):
                written.append(f"after: ${self.cursor()}")
        self.chance.shuffle(written)
        return f"({', '.join(written)})" if written else ""

    def other(self, value: ValueNode) -> ValueNode:
        if isinstance(value, IntValueNode) and value.value in {"1", "2", "3", "4"}:
            return IntValueNode(value=str(self.chance.randint(1, 4)))
        if isinstance(value, ListValueNode) and value.values:
            return ListValueNode(values=tuple(self.chance.choices(value.values, k=self.chance.randint(1, 3))))
        return value

    def looked_up(self, argument: GraphQLArgument) -> ValueNode:
        """A few look-ups: hypothesis likes its lists empty."""
        of = get_named_type(argument.type)
        assert isinstance(of, GraphQLInputObjectType)
        several = self.chance.choices(KEYS, k=self.chance.choice((0, 1, 2, 3, 4, 5)))
        return ListValueNode(values=tuple(look_up(self.chance.choice(list(of.fields)), key) for key in several))

    def cursor(self) -> str:
        name = self.new("after")
        self.declared[name] = "String"
        self.after.append(name)
        return name

    def argument(self, argument: GraphQLArgument, value: ValueNode) -> str:
        """The value; where the argument has a default, a variable that may be left out can stand for it."""
        if argument.default_value is not Undefined and self.is_so(0.15):
            name = self.new("v")
            self.declared[name] = str(get_nullable_type(argument.type))
            if self.chance.random() < 0.5:
                self.values[name] = value_from_ast_untyped(value)
            return f"${name}"
        return self.value(argument.type, value)

    def value(self, of: Any, value: ValueNode) -> str:
        """A value as a literal, as a variable, or as a literal with variables inside."""
        if self.is_so(0.3) or (self.is_kept and isinstance(value, StringValueNode)):
            return f"${self.lifted(of, value)}"
        held: Any = get_nullable_type(of)
        if isinstance(value, ListValueNode) and is_list_type(held):
            return f"[{', '.join(self.value(held.of_type, one) for one in value.values)}]"
        if isinstance(value, ObjectValueNode) and isinstance(held, GraphQLInputObjectType):
            return f"{{{', '.join(self.member(held, one) for one in value.fields)}}}"
        return print_ast(value)

    def member(self, of: GraphQLInputObjectType, member: ObjectFieldNode) -> str:
        name, value = member.name.value, member.value
        held = _member(of, name)
        is_key = self.is_kept and isinstance(value, IntValueNode)
        return f"{name}: {f'${self.lifted(held, value)}' if is_key else self.value(held, value)}"

    def lifted(self, of: Any, value: ValueNode) -> str:
        """A variable for a literal: given, given beside a default, or left to the default."""
        name, plain = self.new("v"), value_from_ast_untyped(value)
        default = "" if isinstance(value, NullValueNode) and is_non_null_type(of) else f" = {print_ast(value)}"
        has_key = isinstance(value, ObjectValueNode) or '"' in default or "{" in default
        way = "given" if self.is_kept and has_key else self.chance.choice(["given", "given", "beside", "default"])
        self.declared[name] = f"{of}{default if way != 'given' else ''}"
        if way != "default":
            self.values[name] = plain
        return name


def _member(of: GraphQLInputObjectType, name: str) -> GraphQLType:
    """The type of an input object's member; of a look-up's it may not be null."""
    held = of.fields[name].type
    return GraphQLNonNull(held) if of.is_one_of and not is_non_null_type(held) else held

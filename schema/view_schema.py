"""The GraphQL schema of one view, cut from the one model: what is outside the view does not exist in it.

A hidden field, type, argument or enum is absent from validation, suggestions, introspection and SDL alike, because the
view's types are built anew from the allowed coordinates; scalars and enums that are reached are shared. Connections,
their edges and PageInfo are of the view wherever it lists the list. Of an interface or union there are those concrete
types of which the view lists a field.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLID,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedOutputType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLString,
    GraphQLUnionType,
    get_named_type,
    is_composite_type,
    is_interface_type,
    is_list_type,
    is_non_null_type,
    is_union_type,
    specified_directives,
)

from schema.describing import DEFINITION
from schema.directives import CANONICAL
from schema.identifiers import IdentifierType
from schema.model import Model

__all__ = ["IDENTIFIER", "ViewSchema", "cut_schema"]

_Composite = GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType

_LOOKUP = {CANONICAL: "The canonical id."}

IDENTIFIER = "identifier"
"""The member of the look-up input by which a customer is looked up by an identifier."""


@dataclass(frozen=True, slots=True)
class ViewSchema:
    """The schema of a view. `one` and `many` are its root fields, `by` the name of their look-up input."""

    schema: GraphQLSchema
    one: str
    many: str
    by: str
    model: Model

    def sdl(self) -> str:
        """Return the view's SDL with the facts about its fields as directives."""
        return self.model.sdl(self.schema)


def cut_schema(
    model: Model, coordinates: Iterable[str], lookups: Iterable[str], identifiers: Iterable[IdentifierType] = ()
) -> ViewSchema:
    """Return the schema of the view that lists these coordinates and offers these look-ups.

    `lookups` holds `id` for the canonical id, and names of sources; `identifiers` are the types that a customer can be
    looked up by besides. A coordinate `Type.field(argument:)` lists one
    argument of a field; arguments that are not listed do not exist in the view.

    The coordinates are those of a verified view: a type that is reached without a listed field makes a schema that
    answers nothing.
    """
    types = _Types(model, frozenset(coordinates))
    by = f"{model.subject}By"
    look_up = _look_up(model.subject, lookups, [*identifiers])
    subject = types.object(model.subject)
    query = GraphQLObjectType(
        "Query",
        {
            model.singular: GraphQLField(
                subject,
                args={"by": GraphQLArgument(GraphQLNonNull(look_up))},
                description=f"One {model.singular}, looked up by one key; null when none can be shown.",
            ),
            model.plural: GraphQLField(
                GraphQLNonNull(GraphQLList(subject)),
                args={"by": GraphQLArgument(GraphQLNonNull(GraphQLList(GraphQLNonNull(look_up))))},
                description=f"Several {model.plural}, in the order of the look-ups; null where none can be shown.",
            ),
        },
        description="What can be asked in this view.",
    )
    schema = GraphQLSchema(query, types=types.behind_interfaces(), directives=specified_directives)
    return ViewSchema(schema, model.singular, model.plural, by, model)


def _look_up(subject: str, lookups: Iterable[str], identifiers: Sequence[IdentifierType]) -> GraphQLInputObjectType:
    """Return the look-up input: exactly one of the keys, or an identifier, as the view offers them."""
    fields = {
        lookup: GraphQLInputField(GraphQLID, description=_LOOKUP.get(lookup, f"The key that {lookup} uses."))
        for lookup in lookups
    }
    if identifiers:
        fields[IDENTIFIER] = GraphQLInputField(
            _by_identifier(subject, identifiers), description="An identifier that nobody else has."
        )
    return GraphQLInputObjectType(
        f"{subject}By",
        fields,
        description="The key to look up by: exactly one.",
        is_one_of=True,
        out_type=None,
        extensions={DEFINITION: _Input(is_one_of=True)},
    )


def _by_identifier(subject: str, identifiers: Sequence[IdentifierType]) -> GraphQLInputObjectType:
    """Return the input of an identifier: its type, of those that the view lists, and its value."""
    values = {one.name: GraphQLEnumValue(one.value, description=one.description) for one in identifiers}
    listed = GraphQLEnumType(
        f"{subject}IdentifierType", values, description="The types of identifiers that can be looked up by."
    )
    return GraphQLInputObjectType(
        f"{subject}ByIdentifier",
        {
            "type": GraphQLInputField(GraphQLNonNull(listed), description="What it is."),
            "value": GraphQLInputField(
                GraphQLNonNull(GraphQLString), description="How it is written, in any spelling."
            ),
        },
        description="An identifier to look up by.",
        out_type=None,
        extensions={DEFINITION: _Input()},
    )


@dataclass(frozen=True, slots=True)
class _Input:
    """What Strawberry asks of an input's definition: its introspection looks there for `isOneOf`, not at the type."""

    is_input: bool = True
    is_one_of: bool = False
    directives: tuple[()] = ()


class _Types:
    """The view's types, made when they are first reached."""

    def __init__(self, model: Model, allowed: frozenset[str]) -> None:
        self._model, self._allowed = model, allowed
        self._listed = {coordinate.partition(".")[0] for coordinate in allowed}
        self._made: dict[str, _Composite] = {}

    def object(self, name: str) -> GraphQLObjectType:
        """Return the view's form of one of the model's object types."""
        return cast("GraphQLObjectType", self._composite(name))

    def behind_interfaces(self) -> Sequence[GraphQLObjectType]:
        """Return the object types that the view's interfaces stand for: nothing else need lead to them."""
        interfaces = [name for name in self._listed if is_interface_type(self._model.schema.type_map.get(name))]
        return [member for name in interfaces for member in self._members(name)]

    def _composite(self, name: str) -> _Composite:
        if name not in self._made:
            self._made[name] = self._make(self._model.schema.type_map[name])
        return self._made[name]

    def _make(self, whole: Any) -> _Composite:
        told = {"description": whole.description, "extensions": whole.extensions}
        if is_union_type(whole):
            return GraphQLUnionType(whole.name, lambda: self._members(whole.name), **told)
        made = GraphQLInterfaceType if is_interface_type(whole) else GraphQLObjectType
        return made(whole.name, lambda: self._fields(whole), interfaces=lambda: self._interfaces(whole), **told)

    def _members(self, name: str) -> list[GraphQLObjectType]:
        """Return the concrete types of an interface or union of which the view lists a field."""
        schema = self._model.schema
        whole = cast("GraphQLInterfaceType | GraphQLUnionType", schema.type_map[name])
        return [self.object(one.name) for one in schema.get_possible_types(whole) if one.name in self._listed]

    def _interfaces(self, whole: GraphQLObjectType | GraphQLInterfaceType) -> list[GraphQLInterfaceType]:
        names = [one.name for one in whole.interfaces if one.name in self._listed]
        return [cast("GraphQLInterfaceType", self._composite(name)) for name in names]

    def _fields(self, whole: GraphQLObjectType | GraphQLInterfaceType) -> Mapping[str, GraphQLField]:
        is_whole = self._model.is_plumbing(whole.name)
        return {
            name: self._field(whole.name, name, field)
            for name, field in whole.fields.items()
            if is_whole or f"{whole.name}.{name}" in self._allowed
        }

    def _field(self, type_name: str, name: str, field: GraphQLField) -> GraphQLField:
        args = {arg: a for arg, a in field.args.items() if f"{type_name}.{name}({arg}:)" in self._allowed}
        return GraphQLField(
            self._output(field.type),
            args=args,
            description=field.description,
            deprecation_reason=field.deprecation_reason,
            extensions=field.extensions,
        )

    def _output(self, of: GraphQLOutputType) -> GraphQLOutputType:
        if is_non_null_type(of):
            return GraphQLNonNull(cast("Any", self._output(of.of_type)))
        if is_list_type(of):
            return GraphQLList(self._output(of.of_type))
        named = cast("GraphQLNamedOutputType", get_named_type(of))
        return self._composite(named.name) if is_composite_type(named) else named

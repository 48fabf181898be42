"""The conceptual model: built once from its subject type, verified, and asked about its types and fields.

Example:
    >>> from schema.customer import Customer
    >>> Model(Customer).coordinates["Customer.orders"].arguments["placedFrom"].python_name
    'placed_from'
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType, SimpleNamespace
from typing import Any

import strawberry
from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    Undefined,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
)
from strawberry.exceptions import StrawberryException
from strawberry.printer import print_schema
from strawberry.schema.config import StrawberryConfig
from strawberry.types.scalar import ScalarDefinition

from schema.describing import DEFINITION, describe_schema, origin_of
from schema.directives import FreshFor, Personal, PersonalCategory, Sensitive, Subject
from schema.problems import ConfigurationError
from schema.relay import READS, Connection, Edge, PageInfo
from schema.scalars import SCALARS
from schema.verifying import entries_of, subject_problems, unbuildable, verify_model

__all__ = ["Argument", "Coordinate", "Model"]


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of a field. `reads` is the coordinate of the field that it filters or orders by, if it does; where it
    is left out it `is_given` all the same when it has a default."""

    name: str
    python_name: str
    type: GraphQLInputType
    reads: str | None
    is_given: bool = False


@dataclass(frozen=True, slots=True)
class Coordinate:
    """A field of a type, and the facts about it. Printed, it reads `Type.field`.

    `of` names the type of what the field holds: of the entries for a list or a connection. `fresh_for` is in seconds,
    None when a value is never used again. `category` is None where the field is not personal or does not say.
    """

    type_name: str
    field_name: str
    python_name: str
    type: GraphQLOutputType
    of: str
    is_list: bool
    is_connection: bool
    is_personal: bool
    category: PersonalCategory | None
    is_sensitive: bool
    fresh_for: int | None
    arguments: Mapping[str, Argument]

    def __str__(self) -> str:
        return f"{self.type_name}.{self.field_name}"


class Model:
    """A conceptual model, reached from the type that carries `@subject`.

    `types` are those that only an interface reaches; `scalars` says which scalars stand for further Python types.
    Raises ConfigurationError, holding every problem found, if the model cannot be used.

    `schema` is graphql-core's schema of the whole model: no type has a resolver, and types, fields, arguments and enum
    values keep their Strawberry definition in `extensions`. Its query type only reaches the subject; a view has root
    fields of its own. `strawberry` is the Strawberry schema that it was made from. `subject`, `singular` and `plural`
    are the subject type's name and the words for one and several. `coordinates` holds every field of every object and
    interface type by its coordinate, the query type left out.
    """

    def __init__(
        self,
        subject: type,
        *,
        types: Iterable[type] = (),
        scalars: Mapping[object, ScalarDefinition] = MappingProxyType({}),
    ) -> None:
        _stop_on(subject_problems(subject))
        definition = subject.__strawberry_definition__  # type: ignore[attr-defined]
        self.subject: str = definition.name
        self.singular = self.subject[0].lower() + self.subject[1:]
        self.plural: str = _fact(definition, Subject).plural
        self.strawberry = _build(subject, self.singular, tuple(types), {**SCALARS, **scalars})
        self.schema: GraphQLSchema = self.strawberry._schema  # noqa: SLF001  Strawberry offers no other way to it
        describe_schema(self.schema, _applied(self.strawberry).values())
        _stop_on(verify_model(self.schema, subject))
        for owner in _owners(self.schema.type_map.values()):
            _drop_resolvers(owner)
        self.coordinates: Mapping[str, Coordinate] = MappingProxyType(dict(self._read_coordinates()))

    def __repr__(self) -> str:
        return f"Model({self.subject})"

    def python_name(self, type_name: str, field_name: str) -> str:
        """Return the Python attribute behind a GraphQL field of an object, interface or input type.

        Raises KeyError if the model has no such type or field.
        """
        owner: Any = self.schema.type_map[type_name]
        return _python_name(owner.fields[field_name], field_name)

    def standing(self, type_name: str, field_name: str) -> frozenset[str]:
        """Return the coordinates on which rules for a field stand: its own, and those of interfaces that have it."""
        interfaces = getattr(self.schema.type_map[type_name], "interfaces", ())
        declaring = [one.name for one in interfaces if field_name in one.fields]
        return frozenset(f"{name}.{field_name}" for name in (type_name, *declaring))

    def told_by(self, coordinate: str, argument: str) -> frozenset[str]:
        """Return the coordinates of which an argument of a field tells: those that it filters or orders by."""
        reads = self.coordinates[coordinate].arguments[argument].reads
        if reads is None:
            return frozenset()
        type_name, _, field_name = reads.partition(".")
        return frozenset().union({reads}, *(self.standing(one, field_name) for one in self.concrete(type_name)))

    @cached_property
    def told_unasked(self) -> Mapping[str, frozenset[str]]:
        """Return the coordinates of which lists tell by the order in which they always come, by the list's own."""
        given = {
            name: [one.name for one in about.arguments.values() if one.is_given and one.reads]
            for name, about in self.coordinates.items()
        }
        return {
            name: frozenset().union(*(self.told_by(name, argument) for argument in arguments))
            for name, arguments in given.items()
            if arguments
        }

    def title(self, coordinate: str) -> str:
        """Return the first line of what is said of a coordinate; empty where that is nothing, or there is none."""
        type_name, _, field_name = coordinate.partition(".")
        found = getattr(self.schema.type_map.get(type_name), "fields", {}).get(field_name)
        return "" if found is None else (found.description or "").partition("\n")[0]

    def concrete(self, type_name: str) -> tuple[str, ...]:
        """Return the object types that a type stands for: an interface's or union's, else itself."""
        one = self.schema.type_map[type_name]
        return (
            tuple(each.name for each in self.schema.get_possible_types(one)) if is_abstract_type(one) else (type_name,)
        )

    def is_plumbing(self, type_name: str) -> bool:
        """Return whether the type is a connection, an edge or PageInfo: pages of a list, not the business's words."""
        origin = origin_of(self.schema.type_map[type_name].extensions.get(DEFINITION))
        return origin in (Connection, Edge, PageInfo)

    def sdl(self, cut: GraphQLSchema | None = None) -> str:
        """Return the SDL of the whole model, or of a schema cut from it, with the directives that are applied.

        A cut keeps the `extensions` of what it copies, and in its `directives` only those that it applies.
        """
        schema = cut or self.schema
        printable: Any = SimpleNamespace(
            _schema=schema,
            _schema_graphql_directives=_applied(self.strawberry),
            schema_converter=self.strawberry.schema_converter,
            config=self.strawberry.config,
            schema_directives=[],
            query=self.strawberry.query,
            mutation=None,
            subscription=None,
        )
        return _mark_one_of(print_schema(printable), schema)

    def _read_coordinates(self) -> Iterator[tuple[str, Coordinate]]:
        for owner in _owners(self.schema.type_map.values()):
            if owner is not self.schema.query_type and not owner.name.startswith("__"):
                for name, field in owner.fields.items():
                    yield f"{owner.name}.{name}", _coordinate(owner.name, name, field)


def _build(
    subject: type, singular: str, types: tuple[type, ...], scalars: Mapping[object, ScalarDefinition]
) -> strawberry.Schema:
    field = strawberry.field(description=f"A {singular}, as the whole model describes it.")
    query: Any = type("Query", (), {"__annotations__": {singular: subject | None}, singular: field})
    root = strawberry.type(query, description="The way in to the model; a view has root fields of its own.")
    try:
        return strawberry.Schema(root, types=types, config=StrawberryConfig(scalar_map=scalars))
    except (StrawberryException, TypeError, ValueError, NameError) as error:
        raise ConfigurationError([unbuildable(subject, error)]) from error


def _applied(built: strawberry.Schema) -> Mapping[type, Any]:
    """Return graphql-core's directives by the Strawberry class that they were made from."""
    return built._schema_graphql_directives  # noqa: SLF001  the printer reads it there too


def _stop_on(problems: Iterable[Any]) -> None:
    found = tuple(problems)
    if found:
        raise ConfigurationError(found)


def _owners(types: Iterable[GraphQLNamedType]) -> Iterator[GraphQLObjectType | GraphQLInterfaceType]:
    return (one for one in types if isinstance(one, GraphQLObjectType | GraphQLInterfaceType))


def _drop_resolvers(owner: GraphQLObjectType | GraphQLInterfaceType) -> None:
    if owner.name.startswith("__"):
        return  # introspection's own types are shared by every schema of the process
    for field in owner.fields.values():
        field.resolve = None
    if isinstance(owner, GraphQLObjectType):
        owner.is_type_of = None
    else:
        owner.resolve_type = None


def _coordinate(type_name: str, name: str, field: GraphQLField) -> Coordinate:
    definition = field.extensions[DEFINITION]
    held = entries_of(field.type)
    named = get_named_type(field.type)
    personal, fresh = _fact(definition, Personal), _fact(definition, FreshFor)
    return Coordinate(
        type_name=type_name,
        field_name=name,
        python_name=_python_name(field, name),
        type=field.type,
        of=held.name,
        is_list=isinstance(get_nullable_type(field.type), GraphQLList),
        is_connection=held is not named,
        is_personal=personal is not None,
        category=(personal and personal.category) or None,
        is_sensitive=_fact(definition, Sensitive) is not None,
        fresh_for=fresh and fresh.seconds,
        arguments=MappingProxyType({arg: _argument(arg, spec, held) for arg, spec in field.args.items()}),
    )


def _argument(name: str, argument: GraphQLArgument, held: GraphQLNamedType) -> Argument:
    definition = argument.extensions[DEFINITION]
    reads = definition.metadata.get(READS)
    read = _coordinate_of(held, reads) if reads else None
    return Argument(name, definition.python_name, argument.type, read, argument.default_value is not Undefined)


def _coordinate_of(owner: Any, python_name: str) -> str:
    names = (name for name, field in owner.fields.items() if _python_name(field, name) == python_name)
    return f"{owner.name}.{next(names)}"


def _python_name(described: Any, name: str) -> str:
    definition = described.extensions.get(DEFINITION)
    return definition.python_name if definition is not None else name


def _fact(definition: Any, directive: type) -> Any:
    return next((fact for fact in definition.directives if isinstance(fact, directive)), None)


def _mark_one_of(sdl: str, schema: GraphQLSchema) -> str:
    """Add `@oneOf`, which Strawberry's printer leaves out where graphql-core's own type has it."""
    for one in schema.type_map.values():
        if isinstance(one, GraphQLInputObjectType) and one.is_one_of:
            sdl = re.sub(rf"^input {one.name} \{{", f"input {one.name} @oneOf {{", sdl, flags=re.MULTILINE)
    return sdl

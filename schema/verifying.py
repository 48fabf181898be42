"""What makes a model unfit to be served, found when it is built."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLID,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLOutputType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
    is_specified_directive,
    is_specified_scalar_type,
)

from schema.describing import DEFINITION, origin_of
from schema.directives import CANONICAL, Subject
from schema.problems import Problem, problem_at
from schema.relay import READS, Connection

__all__ = ["entries_of", "subject_problems", "unbuildable", "verify_model"]

_WORD = re.compile(r"[a-z][A-Za-z0-9]*")


def subject_problems(subject: Any) -> Iterator[Problem]:
    """Yield what keeps the class from being a model's subject, looked at before anything is built."""
    definition = getattr(subject, "__strawberry_definition__", None)
    if definition is None or definition.is_input or definition.is_interface:
        yield _problem(
            subject,
            "",
            "a class that is no object type",
            "the model's subject type",
            "decorate it with @strawberry.type(directives=[Subject(plural=...)])",
        )
        return
    marks = _subject_marks(definition)
    if len(marks) != 1:
        yield _problem(
            subject,
            "",
            f"{len(marks)} marks @subject",
            "one",
            "decorate the class with @strawberry.type(directives=[Subject(plural=...)])",
        )
        return
    singular = definition.name[0].lower() + definition.name[1:]
    if not _WORD.fullmatch(marks[0].plural) or marks[0].plural == singular:
        yield _problem(
            subject,
            "",
            f"the plural {marks[0].plural!r}",
            f"a field name such as customers, other than {singular}",
            "give the word for several in Subject(plural=...)",
        )


def unbuildable(subject: type, error: Exception) -> Problem:
    """Return the problem of a model of which no GraphQL schema can be built."""
    return _problem(
        subject,
        "",
        f"a model that is no GraphQL schema: {error}",
        "types that GraphQL can express",
        "mend the type or annotation that it names; a Python type without a scalar is given in Model(scalars=...)",
    )


def verify_model(schema: GraphQLSchema, subject: type) -> Iterator[Problem]:
    """Yield every problem of the built and described schema."""
    name = subject.__strawberry_definition__.name  # type: ignore[attr-defined]
    yield from _id_problems(schema.type_map[name], subject)
    yield from _name_problems(schema, name)
    for named_type in schema.type_map.values():
        if _is_ours(named_type) and named_type is not schema.query_type:
            yield from _type_problems(named_type, name)
    for directive in schema.directives:
        if not is_specified_directive(directive):
            yield from _directive_problems(directive)


def _is_ours(named_type: GraphQLNamedType) -> bool:
    return not named_type.name.startswith("__") and not is_specified_scalar_type(named_type)


def _id_problems(named_type: Any, subject: type) -> Iterator[Problem]:
    field = named_type.fields.get(CANONICAL)
    is_id = field is not None and isinstance(field.type, GraphQLNonNull) and field.type.of_type is GraphQLID
    if not is_id or field.args:
        yield _problem(
            subject,
            CANONICAL,
            "no field id: ID! without arguments" if field is None else f"id: {field.type}",
            "id: ID!, the canonical id",
            "declare `id: strawberry.ID` in the subject type",
        )


def _name_problems(schema: GraphQLSchema, subject: str) -> Iterator[Problem]:
    for name in (f"{subject}By", f"{subject}ByIdentifier", f"{subject}IdentifierType"):
        lookup = schema.type_map.get(name)
        if lookup is not None:
            got = f"a type named {name}"
            yield _problem(_origin(lookup), "", got, "another name", "that of the look-up input is derived")


def _type_problems(named_type: GraphQLNamedType, subject: str) -> Iterator[Problem]:
    definition = named_type.extensions.get(DEFINITION)
    origin = _origin(named_type)
    if not named_type.description:
        yield _undescribed(origin, "", f"the type {named_type.name}")
    if named_type.name != subject and _subject_marks(definition):
        yield _problem(
            origin, "", f"@subject on {named_type.name}", f"it on {subject} alone", "take the mark off one of them"
        )
    if isinstance(named_type, GraphQLEnumType):
        for value, spec in named_type.values.items():
            if not spec.description:
                yield _undescribed(origin, value, f"the value {named_type.name}.{value}")
    for name, field in getattr(named_type, "fields", {}).items():
        yield from _field_problems(named_type, name, field)
    yield from _clashes(named_type, definition)


def _field_problems(owner: GraphQLNamedType, name: str, field: Any) -> Iterator[Problem]:
    origin, definition = _origin(owner), field.extensions.get(DEFINITION)
    attribute, coordinate = definition.python_name, f"{owner.name}.{name}"
    if not field.description:
        yield _undescribed(origin, attribute, f"the field {coordinate}")
    if definition.base_resolver or definition.extensions:
        yield _problem(
            origin,
            attribute,
            f"{coordinate} with a resolver",
            "a declaration",
            "annotate the attribute; what a source holds is read by an adapter",
        )
    for argument, spec in getattr(field, "args", {}).items():
        if not spec.description:
            yield _undescribed(origin, attribute, f"the argument {coordinate}({argument}:)")
        yield from _reading_problems(origin, attribute, f"{coordinate}({argument}:)", spec, field)


def _reading_problems(
    origin: object, attribute: str, coordinate: str, argument: Any, field: GraphQLField
) -> Iterator[Problem]:
    metadata = getattr(argument.extensions.get(DEFINITION), "metadata", {})
    if READS not in metadata:
        return
    entries = entries_of(field.type)
    read = {_python_name(spec): spec for spec in getattr(entries, "fields", {}).values()}.get(metadata[READS])
    got = f"{coordinate} on {metadata[READS]!r}"
    if read is None:
        mend = "name the attribute that it filters or orders by in On(...)"
        yield _problem(origin, attribute, got, f"an attribute of {entries.name}", mend)
    elif not is_leaf_type(get_named_type(read.type)):
        # rules stand on the fields of an object, and not on it: the argument would tell of what they withhold
        got = f"{got}, which holds {get_named_type(read.type)}"
        wanted = f"an attribute of {entries.name} that is a value, and no object"
        yield _problem(
            origin, attribute, got, wanted, f"give {entries.name} an attribute for what it reads, and name it"
        )


def entries_of(output: GraphQLOutputType) -> GraphQLNamedType:
    """Return the named type of what a field holds: of the entries where it is a list or a connection."""
    named: Any = get_named_type(output)
    is_connection = origin_of(named.extensions.get(DEFINITION)) is Connection
    held: GraphQLNamedType = get_named_type(named.fields["nodes"].type) if is_connection else named
    return held


def _clashes(named_type: GraphQLNamedType, definition: Any) -> Iterator[Problem]:
    declared = len(getattr(definition, "fields", ()))
    shown = len(getattr(named_type, "fields", ()))
    if declared > shown:
        yield _problem(
            _origin(named_type),
            "",
            f"{declared} attributes that make {shown} fields of {named_type.name}",
            "one field for each",
            "rename attributes that read alike in camel case",
        )


def _directive_problems(directive: Any) -> Iterator[Problem]:
    definition = directive.extensions.get(DEFINITION)
    origin = getattr(definition, "origin", None)
    if not directive.description:
        yield _undescribed(origin, "", f"the directive @{directive.name}")
    for name, argument in directive.args.items():
        if not argument.description:
            yield _undescribed(origin, name, f"the argument @{directive.name}({name}:)")


def _undescribed(origin: object, attribute: str, what: str) -> Problem:
    return _problem(
        origin,
        attribute,
        f"{what} without a description",
        "what it means, in the business's words",
        "write a docstring",
    )


def _subject_marks(definition: Any) -> list[Subject]:
    return [mark for mark in getattr(definition, "directives", ()) if isinstance(mark, Subject)]


def _python_name(field: Any) -> str:
    return str(field.extensions[DEFINITION].python_name)


def _origin(named_type: GraphQLNamedType) -> object:
    return origin_of(named_type.extensions.get(DEFINITION)) or named_type.name


def _problem(origin: object, attribute: str, got: str, wanted: str, mend: str) -> Problem:
    if inspect.isclass(origin):
        return problem_at(origin, got, wanted, mend, attribute=attribute)
    return Problem(f"{origin}.{attribute}" if attribute else str(origin), None, got, wanted, mend)

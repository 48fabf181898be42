"""What a document says in a field's arguments, as values: for look-ups, and for the steps that ask lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from graphql import FieldNode, GraphQLError, GraphQLField, GraphQLObjectType
from graphql.execution.values import VariableValues, get_argument_values

from resolvers.cursors import Cursor, Cursors
from resolvers.refusals import RefusalCode, RefusedError
from resolvers.steps import Step
from schema.model import Model
from schema.relay import MOST_FIRST, PAGE_SIZE
from schema.view_schema import ViewSchema
from schema.views import View

__all__ = ["MOST_LISTED", "Given", "argument_values", "definition_of", "given_to"]

MOST_LISTED = 100
"""The most values of a list that an argument takes: it goes to the source, and is read again for every step."""

_FIRST, _AFTER = "first", "after"


@dataclass(frozen=True, slots=True)
class Given:
    """The arguments of one step: `values` by Python name, sorted, and which page is asked.

    `first` is None where the list is not read in pages; `cursor` is the place behind which the page begins. Cursors of
    the list are bound to `bound_to`: a digest of the view, the offer and the values.
    """

    values: tuple[tuple[str, object], ...] = field(default=(), repr=False)
    first: int | None = None
    cursor: Cursor | None = None
    bound_to: bytes = field(default=b"", repr=False)


def argument_values(definition: GraphQLField, node: FieldNode, variables: VariableValues) -> dict[str, Any]:
    """Return the values of a field's arguments by GraphQL name, those that were left out missing.

    Raises:
        RefusedError: A variable is null where validation could not see that it may not be.
    """
    try:
        return get_argument_values(definition, node, variables)
    except GraphQLError as error:
        raise RefusedError(RefusalCode.BAD_USER_INPUT, error.message, errors=[error]) from None


def definition_of(step: Step, schema: ViewSchema) -> GraphQLField:
    """Return the field of a view's schema whose list a step answers."""
    type_name, _, field_name = step.offer.serves.partition(".")
    parent = schema.schema.type_map[type_name]
    assert isinstance(parent, GraphQLObjectType)
    definition: GraphQLField = parent.fields[field_name]
    return definition


def given_to(
    step: Step, view: View, schema: ViewSchema, model: Model, variables: VariableValues, cursors: Cursors
) -> Given:
    """Return what is given to a step that answers a list.

    Raises:
        RefusedError: `first` is out of bounds, `after` is no cursor of this list, or a variable does not fit.
    """
    assert step.node is not None
    values = argument_values(definition_of(step, schema), step.node, variables)
    first, after = (values.pop(_FIRST, PAGE_SIZE), values.pop(_AFTER, None)) if step.is_page else (None, None)
    declared = model.coordinates[step.offer.serves].arguments
    frozen = tuple(sorted((declared[name].python_name, _frozen(step, name, value)) for name, value in values.items()))
    bound_to = sha256(repr((view.id, step.offer.serves, step.source, step.offer.name, frozen)).encode()).digest()
    return Given(frozen, _checked(step, first), _opened(step, after, bound_to, cursors), bound_to)


def _frozen(step: Step, name: str, value: object) -> object:
    """Return a value that can be hashed: a list as a tuple, an input object as a tuple of pairs."""
    if isinstance(value, list):
        if len(value) > MOST_LISTED:
            raise _too_many(step, name, len(value))
        return tuple(_frozen(step, name, one) for one in value)
    if isinstance(value, Mapping):
        return tuple(sorted((member, _frozen(step, name, one)) for member, one in value.items()))
    return value


def _too_many(step: Step, name: str, got: int) -> RefusedError:
    message = f"The argument {name} of {step.offer.serves} lists {got} values; at most {MOST_LISTED} are taken."
    return RefusedError(RefusalCode.BAD_USER_INPUT, message, "List fewer, each once.")


def _checked(step: Step, first: int | None) -> int | None:
    if first is None or 1 <= first <= MOST_FIRST:
        return first
    message = f"The argument first of {step.offer.serves} is {first}; wanted is a number from 1 to {MOST_FIRST}."
    remedy = "Ask for one entry at least." if first < 1 else "Ask for fewer entries, and for the rest with after."
    raise RefusedError(RefusalCode.BAD_USER_INPUT, message, remedy)


def _opened(step: Step, after: str | None, bound_to: bytes, cursors: Cursors) -> Cursor | None:
    if after is None:
        return None
    cursor = cursors.opened(after, bound_to)
    if cursor is None:
        message = f"The argument after of {step.offer.serves} is no cursor of this list with these arguments."
        remedy = "Pass an endCursor of the same list, view and arguments; leave after out to begin anew."
        raise RefusedError(RefusalCode.BAD_USER_INPUT, message, remedy)
    return cursor

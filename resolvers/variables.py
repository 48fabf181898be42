"""Variables of a request, as an operation takes them; what does not fit is told without the value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from graphql import GraphQLError, GraphQLSchema, OperationDefinitionNode
from graphql.execution.values import VariableValues, get_variable_values

from resolvers.coercing import Coercer
from resolvers.exact_ids import inexact_ids
from resolvers.refusals import RefusalCode, RefusedError
from resolvers.validation import MOST_ERRORS

__all__ = ["read_variables"]

_KNOWN_FAULTS = {
    "exactly one field must be specified": "exactly one member has to be given, and it may not be null",
    "to be provided": "a value has to be given",
    "not to be None": "it may not be null",
    "unknown field": "it has a member that the type does not have",
}
"""What graphql-core says of a variable, and how it is told without the value."""

_SCALAR_WANTS = re.compile(r"[A-Z][A-Za-z0-9]* wants ")
"""How the model's own scalars say what they want; they never say what they got."""


def read_variables(
    schema: GraphQLSchema, operation: OperationDefinitionNode, coercer: Coercer | None, given: Mapping[str, Any]
) -> VariableValues:
    """Return the variables, coerced to the types that the operation declares: by its coercer, else by graphql-core.

    Raises:
        RefusedError: A value does not fit.
    """
    values = None if coercer is None else coercer.values(given)
    return _exactly(schema, operation, given) if values is None else values


def _exactly(schema: GraphQLSchema, operation: OperationDefinitionNode, given: Mapping[str, Any]) -> VariableValues:
    inexact = inexact_ids(schema, operation, given)
    if inexact:
        message = f"Variable '${inexact[0]}' holds a key as a number with a fraction, or of more than 64 bits."
        raise RefusedError(RefusalCode.BAD_USER_INPUT, message, "Write keys as texts: they are exact then.")
    values = get_variable_values(schema, operation.variable_definitions or (), dict(given), max_errors=MOST_ERRORS)
    if isinstance(values, list):
        errors = [_without_value(error) for error in values]
        raise RefusedError(RefusalCode.BAD_USER_INPUT, errors[0].message, errors=errors)
    return values


def _without_value(error: GraphQLError) -> GraphQLError:
    """Return the error without the value that graphql-core repeats: it may be a customer's key, and answers are logged.

    What stands before the first colon names the variable and the place in it, by indexes and the type's own fields.
    """
    place, _, why = error.message.partition(": ")
    if _SCALAR_WANTS.match(why):
        return GraphQLError(f"{place}: {why}", error.nodes)
    known = next((told for phrase, told in _KNOWN_FAULTS.items() if phrase in why), "it does not fit the declared type")
    return GraphQLError(f"{place}: {known}.", error.nodes)

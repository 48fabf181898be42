"""Whether a document fits its view's schema: the rules of the GraphQL specification, in bounded time."""

from __future__ import annotations

import re

from graphql import DocumentNode, GraphQLError, GraphQLSchema, specified_rules, validate
from graphql.validation import OverlappingFieldsCanBeMergedRule, ValidationContext

from resolvers.refusals import Excess, RefusalCode, RefusedError

__all__ = ["MOST_COMPARISONS", "MOST_ERRORS", "check_valid"]

MOST_ERRORS = 20

MOST_COMPARISONS = 25_000
"""How often fields of one response name are compared; ten times as often is what graphql-core allows, and a second."""


_ENCOUNTERED = re.compile(r", but encountered error '(?![A-Z][A-Za-z0-9]* wants ).*", re.DOTALL)

_WRITTEN = re.compile(
    r"(cannot represent [a-z0-9 -]*value): .*?( Did you mean the enum value [_0-9A-Za-z', ]+\?)?\Z", re.DOTALL
)
"""A value that the document has where another is wanted, and what was perhaps meant."""


class _BoundedMerging(OverlappingFieldsCanBeMergedRule):
    """The rule that fields of one response name have to mean the same: the only one that is not linear."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self.rule_context.remaining_complexity_budget = 2 * MOST_COMPARISONS


_RULES = tuple(_BoundedMerging if rule is OverlappingFieldsCanBeMergedRule else rule for rule in specified_rules)


def check_valid(schema: GraphQLSchema, document: DocumentNode, *, suggests: bool = True) -> None:
    """Refuse a document that does not fit the schema; `suggests`: errors may name fields that were perhaps meant.

    Raises:
        RefusedError: GRAPHQL_VALIDATION_FAILED with every error, twenty at most; QUERY_BUDGET when it would take too
            long to find them.
    """
    found = validate(schema, document, _RULES, MOST_ERRORS, hide_suggestions=not suggests)
    errors = [_in_our_words(error) for error in found]
    if errors and errors[0].message.endswith("Validation aborted."):
        raise _too_long()
    if errors:
        raise RefusedError(RefusalCode.GRAPHQL_VALIDATION_FAILED, errors[0].message, errors=errors)


def _in_our_words(error: GraphQLError) -> GraphQLError:
    """Return the error without what a library said of a value, or the value: only the model's own scalars may."""
    message = _ENCOUNTERED.sub("; another value was found.", error.message)
    message = _WRITTEN.sub(r"\1.\2", message)
    return error if message == error.message else GraphQLError(message, error.nodes)


def _too_long() -> RefusedError:
    message = (
        f"The query selects the same fields so often that more than {MOST_COMPARISONS} pairs of them would have to be "
        "compared; every view allows so many."
    )
    excess = Excess("comparisons", MOST_COMPARISONS)
    remedy = "Select each field once, and spread fragments with the same fields less often."
    return RefusedError(RefusalCode.QUERY_BUDGET, message, remedy, excess=excess)

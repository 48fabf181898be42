"""Customers of whom something is withheld, missing or wrong, shaped field by field with the reason of every null.

What stands where is found as for the executor, by the same code; only what a schema allows is shaped here. Every other
case is a doubt, which the executor decides.
"""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any, cast

from graphql import (
    GraphQLLeafType,
    GraphQLOutputType,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)

from adapters.crossref import Subject
from resolvers.assembled import NullError, error_entry
from resolvers.plan import FieldPlan, Root
from resolvers.reasons_of_null import ResponsePath
from resolvers.source import locations_of
from resolvers.values import Node, Values

__all__ = ["Careful", "DoubtError"]

_PRINTED = frozenset({str, int, float, bool, dict, Decimal, date, datetime, time})
"""Classes of which a leaf may be, beside those of enums; of anything else nobody knows what it would do here."""


class DoubtError(Exception):
    """The executor has to decide. Without a text: it would hold what a source sent."""


class Careful:
    """Shapes customers one at a time, and adds to the errors."""

    def __init__(self, values: Values, errors: list[dict[str, Any]]) -> None:
        self._values, self._errors = values, errors

    def customer(self, root: Root, subject: Subject, place: int, left: int) -> tuple[dict[str, Any], int]:
        """Return a customer of a root field; and of the `left` values that lists may come to, what is left then.

        Raises:
            DoubtError: The executor has to decide.
        """
        self._values.left = left
        made = self._object(Node(root.position, subject), root.where(place))
        return made, self._values.left

    def _object(self, node: Node, where: ResponsePath) -> dict[str, Any]:
        return {name: self._field(node, plan, (*where, name)) for name, plan in node.position.fields.items()}

    def _field(self, node: Node, plan: FieldPlan, where: ResponsePath) -> Any:
        if plan.reads is None:
            return node.position.type_name
        return self._completed(plan, plan.output, self._values.at(node, plan, where), where)

    def _completed(self, plan: FieldPlan, output: GraphQLOutputType, value: Any, where: ResponsePath) -> Any:
        """Return a value as its type in the schema says."""
        if is_non_null_type(output):
            completed = self._completed(plan, output.of_type, value, where)
            if completed is None:
                raise DoubtError
            return completed
        if value is None:
            return None
        if isinstance(value, NullError):
            told = locations_of(plan.nodes)
            self._errors.append(error_entry(value.reason, told, list(where)))
            return None
        if is_list_type(output):
            return self._list(plan, output.of_type, value, where)
        if is_leaf_type(output):
            return _printed(output, value)
        if type(value) is not Node:
            raise DoubtError
        return self._object(value, where)

    def _list(self, plan: FieldPlan, of_items: GraphQLOutputType, value: Any, where: ResponsePath) -> list[Any]:
        if type(value) is not list:
            raise DoubtError
        return [self._completed(plan, of_items, item, (*where, place)) for place, item in enumerate(value)]


def _printed(named: GraphQLLeafType, value: Any) -> Any:
    """Return a leaf as the executor prints it, or leave it to it where it would be an error."""
    if type(value) not in _PRINTED and not isinstance(value, Enum):
        raise DoubtError
    printed = cast("Any", named).coerce_output_value(value)
    if printed is None:
        raise DoubtError
    return printed

"""Which coordinates an operation asks for, and where its answer shows them.

The one file that imports graphql-core's field collection, which its authors mark as internal: aliases, fragments,
@skip and @include are merged exactly as the executor will merge them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    get_named_type,
    is_object_type,
)
from graphql.execution.collect_fields import (
    FieldDetails,
    FragmentDetails,
    collect_fields,
    collect_subfields,
)
from graphql.execution.values import VariableValues

from resolvers.refusals import RefusalCode, RefusedError

__all__ = ["Selected", "Selection", "select"]

_WORK_PER_TOKEN = 20


@dataclass(frozen=True, slots=True)
class Selected:
    """One field of the answer: its response name, its coordinate, and what is selected below it.

    `node` is the first of the field nodes that were merged into it. `type_name` is the concrete type of what the field
    returns (or lists), None for a leaf; `fields` are that object's fields in the order of the answer.
    """

    response_name: str
    parent_type: str
    field_name: str
    node: FieldNode
    type_name: str | None = None
    fields: tuple[Selected, ...] = ()

    @property
    def coordinate(self) -> str:
        """Return `Type.field`."""
        return f"{self.parent_type}.{self.field_name}"

    @property
    def is_meta(self) -> bool:
        """Return whether the field is of GraphQL itself: `__typename`, `__schema`, `__type`."""
        return self.field_name.startswith("__")


@dataclass(frozen=True, slots=True)
class Selection:
    """What one operation asks for: its root fields, and how many selections were visited to find out."""

    roots: tuple[Selected, ...]
    work: int


def select(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: VariableValues,
    *,
    tokens: int,
) -> Selection:
    """Return the selection of a validated operation.

    Of the variables only the booleans in @skip and @include are read. The work is bounded by 20 selections a token:
    fragments that multiply each other are refused instead of being walked.

    Raises:
        RefusedError: The bound is passed.
    """
    fragments = {
        node.name.value: FragmentDetails(node)
        for node in document.definitions
        if isinstance(node, FragmentDefinitionNode)
    }
    walk = _Walk(schema, fragments, operation, variables, tokens * _WORK_PER_TOKEN)
    return Selection(walk.roots(), walk.work)


class _Walk:
    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: Mapping[str, FragmentDetails],
        operation: OperationDefinitionNode,
        variables: VariableValues,
        bound: int,
    ) -> None:
        self._schema, self._fragments = schema, dict(fragments)
        self._operation, self._variables = operation, variables
        self._bound, self.work = bound, 0

    def roots(self) -> tuple[Selected, ...]:
        query = self._schema.query_type
        assert query is not None
        collected = collect_fields(self._schema, self._fragments, self._variables, query, self._operation)
        return self._fields(query, collected.grouped_field_set)

    def _fields(self, parent: GraphQLObjectType, grouped: Mapping[str, Sequence[FieldDetails]]) -> tuple[Selected, ...]:
        return tuple(self._field(parent, name, details) for name, details in grouped.items())

    def _field(self, parent: GraphQLObjectType, response_name: str, details: Sequence[FieldDetails]) -> Selected:
        self._count(len(details))
        node = details[0].node
        field_name = node.name.value
        definition = parent.fields.get(field_name)
        returned = get_named_type(definition.type) if definition is not None else None
        if returned is None or not is_object_type(returned) or returned.name.startswith("__"):
            return Selected(response_name, parent.name, field_name, node)
        collected = collect_subfields(
            self._schema, self._fragments, self._variables, self._operation, returned, list(details)
        )
        below = self._fields(returned, collected.grouped_field_set)
        return Selected(response_name, parent.name, field_name, node, returned.name, below)

    def _count(self, selections: int) -> None:
        self.work += selections
        if self.work > self._bound:
            message = f"The query expands to more than {self._bound} selections."
            raise RefusedError(RefusalCode.QUERY_BUDGET, message, "Use fewer fragments, or spread them less often.")

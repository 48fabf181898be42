"""Which coordinates an operation asks for, and where its answer shows them.

The one file that imports graphql-core's field collection, which its authors mark as internal: aliases, fragments,
@skip and @include are merged exactly as the executor will merge them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    is_abstract_type,
    is_object_type,
)
from graphql.execution.collect_fields import (
    FieldDetails,
    FragmentDetails,
    collect_fields,
    collect_subfields,
)
from graphql.execution.values import VariableValues

from resolvers.refusals import Excess, RefusalCode, RefusedError

__all__ = ["Selected", "Selection", "select"]

_WORK_PER_TOKEN = 20


@dataclass(frozen=True, slots=True)
class Selected:
    """One field of the answer: its response name, its coordinate, and what is selected below it.

    `nodes` are the field nodes that were merged into it; they ask alike. `output` is its type. `branches` holds, for
    each concrete type that the field returns (or lists), that object's fields in the order of the answer: one type, but
    for an interface or union; none for a leaf.
    """

    response_name: str
    parent_type: str
    field_name: str
    nodes: tuple[FieldNode, ...]
    output: GraphQLOutputType
    branches: Mapping[str, tuple[Selected, ...]] = field(default_factory=dict)

    @property
    def node(self) -> FieldNode:
        """Return the first of the nodes, whose arguments count."""
        return self.nodes[0]

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
    fragments that multiply each other are refused instead of being walked. What is skipped counts as visited, and so
    does what introspection asks. How deep the fields lie is the affair of a view's limit, checked before.

    Raises:
        RefusedError: QUERY_BUDGET, the bound is passed.
        GraphQLError: The variable of a @skip or @include is null.
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
        self._count([self._operation.selection_set])
        collected = collect_fields(self._schema, self._fragments, self._variables, query, self._operation)
        return self._fields(query, collected.grouped_field_set)

    def _fields(self, parent: GraphQLObjectType, grouped: Mapping[str, Sequence[FieldDetails]]) -> tuple[Selected, ...]:
        return tuple(self._field(parent, name, details) for name, details in grouped.items())

    def _field(self, parent: GraphQLObjectType, response_name: str, details: Sequence[FieldDetails]) -> Selected:
        nodes = tuple(detail.node for detail in details)
        field_name = nodes[0].name.value
        definition = self._schema.get_field(parent, field_name)
        assert definition is not None  # the document is valid
        returned = self._concrete(get_named_type(definition.type))
        branches = {one.name: self._below(one, details) for one in returned}
        return Selected(response_name, parent.name, field_name, nodes, definition.type, branches)

    def _concrete(self, returned: GraphQLNamedType) -> Sequence[GraphQLObjectType]:
        """Return the object types that a field's value can have; none for a leaf."""
        if is_object_type(returned):
            return (returned,)
        return self._schema.get_possible_types(returned) if is_abstract_type(returned) else ()

    def _below(self, parent: GraphQLObjectType, details: Sequence[FieldDetails]) -> tuple[Selected, ...]:
        self._count(detail.node.selection_set for detail in details)
        collected = collect_subfields(
            self._schema, self._fragments, self._variables, self._operation, parent, list(details)
        )
        return self._fields(parent, collected.grouped_field_set)

    def _count(self, sets: Iterable[SelectionSetNode | None]) -> None:
        """Count the selections that collecting these sets visits, each fragment once, before they are collected."""
        spread: set[str] = set()
        waiting = [one for one in sets if one is not None]
        while waiting:
            for selection in waiting.pop().selections:
                self.work += 1
                if isinstance(selection, InlineFragmentNode):
                    waiting.append(selection.selection_set)
                elif isinstance(selection, FragmentSpreadNode) and selection.name.value not in spread:
                    spread.add(selection.name.value)
                    waiting.append(self._fragments[selection.name.value].definition.selection_set)
        if self.work > self._bound:
            message = f"The query expands to more than {self._bound} selections; every view allows so many."
            remedy = "Use fewer fragments, or spread them less often."
            raise RefusedError(RefusalCode.QUERY_BUDGET, message, remedy, excess=Excess("selections", self._bound))

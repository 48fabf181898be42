"""A document that is valid in a view: its operations, how much they ask for, and what decides on their plans."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DirectiveNode,
    DocumentNode,
    GraphQLID,
    GraphQLSchema,
    IntValueNode,
    ObjectFieldNode,
    OperationDefinitionNode,
    OperationType,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    print_ast,
    visit,
)

from resolvers.coercing import Coercer, compile_coercer
from resolvers.measures import Measure, Measured
from resolvers.refusals import RefusalCode, RefusedError

__all__ = ["Document", "name_of", "read_document"]

_BYTES_A_TOKEN = 500
"""What a token takes in memory, roughly: 380 bytes were measured, with all that is kept of a document."""
_BYTES_A_SUM = 400
"""What a sum of a weight takes, roughly: two to three tuples for each list that a variable sizes."""


@dataclass(frozen=True, eq=False, slots=True)
class Document:
    """A valid document of one view.

    `measured` says how much it asks for. `deciding` names the variables of each operation that @skip and @include read,
    sorted. `coercers` stand for the operations whose variables they coerce. `has_keys` says that texts or keys are
    written into it, `size` what it takes in memory, roughly, in bytes.
    """

    node: DocumentNode
    operations: Mapping[str, OperationDefinitionNode]
    measured: Measured = field(repr=False)
    deciding: Mapping[str, tuple[str, ...]]
    coercers: Mapping[str, Coercer | None] = field(repr=False)
    has_keys: bool
    size: int

    def operation(self, name: str | None) -> OperationDefinitionNode:
        """Return the operation to execute.

        Raises:
            RefusedError: It is not there, or it is not said which of several is meant.
        """
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        found = self.operations.get(name or "")
        if found is None:
            names = ", ".join(sorted(filter(None, self.operations))) or "none with a name"
            got = "has no operation of this operationName" if name else "does not say which operation is meant"
            message = f"The request {got}; the document has: {names}."
            raise RefusedError(RefusalCode.OPERATION_RESOLUTION_FAILURE, message, "Set operationName to one of these.")
        return found

    def measure(self, operation: OperationDefinitionNode) -> Measure:
        """Return how much one of the operations asks for, whatever the variables are."""
        return self.measured.operations[name_of(operation)]

    def weight(self, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> int:
        """Return the weight of one of the operations, for variables as the request holds them."""
        return self.measured.weight(name_of(operation), variables)

    def longest(self, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> int:
        """Return how many look-ups the longest list holds that one of the operations takes from the variables."""
        return self.measured.longest(name_of(operation), variables)


def read_document(schema: GraphQLSchema, node: DocumentNode, measured: Measured, *, length: int) -> Document:
    """Return the document that was parsed and found valid; `length` is that of its text, in characters."""
    operations = {
        name_of(definition): definition
        for definition in node.definitions
        if isinstance(definition, OperationDefinitionNode) and definition.operation is OperationType.QUERY
    }
    read = _Reading()
    visit(node, read)
    return Document(
        node,
        operations,
        measured,
        {name: _declared(operation, read.deciding) for name, operation in operations.items()},
        {name: compile_coercer(schema, operation) for name, operation in operations.items()},
        read.has_keys,
        4 * length + node.token_count * _BYTES_A_TOKEN + len(measured.sums) * _BYTES_A_SUM,
    )


def name_of(operation: OperationDefinitionNode) -> str:
    """Return the name of an operation, `""` where it has none."""
    return operation.name.value if operation.name else ""


def _declared(operation: OperationDefinitionNode, names: set[str]) -> tuple[str, ...]:
    """Return those of the names that are variables of the operation, sorted: fragments may read those of others."""
    declared = {one.variable.name.value for one in operation.variable_definitions or ()}
    return tuple(sorted(declared & names))


class _Reading(Visitor):
    """Collects the variables that stand in @skip and @include, and whether there are texts or keys."""

    def __init__(self) -> None:
        super().__init__()
        self.deciding: set[str] = set()
        self.has_keys = False

    def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
        """Note which variables decide what is selected: @skip and @include are the only directives of a view."""
        self.deciding.update(
            one.value.name.value for one in node.arguments or () if isinstance(one.value, VariableNode)
        )

    def enter_string_value(self, *_: Any) -> None:
        """Note that there is a text."""
        self.has_keys = True

    def enter_variable_definition(self, node: VariableDefinitionNode, *_: Any) -> None:
        """Note a default of a key: it may be written as a number."""
        named = print_ast(node.type).strip("[]!")
        self.has_keys = self.has_keys or (node.default_value is not None and named == GraphQLID.name)

    def enter_object_field(self, node: ObjectFieldNode, *_: Any) -> None:
        """Note a number in an input object: a key may be written as one."""
        self.has_keys = self.has_keys or isinstance(node.value, IntValueNode)

"""Documents, parsed and validated once for a view, and the plans made from them, in bounded caches."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Self

from cachetools import LRUCache
from graphql import (
    DirectiveNode,
    DocumentNode,
    GraphQLError,
    GraphQLSyntaxError,
    IntValueNode,
    ObjectFieldNode,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
    Visitor,
    parse,
    visit,
)
from graphql.execution.values import VariableValues, get_variable_values

from resolvers.arguments import definition_of
from resolvers.coercing import Coercer, compile_coercer
from resolvers.exact_ids import inexact_ids
from resolvers.limits import check_document
from resolvers.looking_up import LookUps, compile_look_ups
from resolvers.measures import Measure, Measured
from resolvers.measuring import measure
from resolvers.plan import Plan, Step
from resolvers.planning import Planner
from resolvers.policy import Transforms
from resolvers.refusals import Excess, RefusalCode, RefusedError
from resolvers.selection import Selected, select
from resolvers.shaping import Shape, compile_shape
from resolvers.source import DocumentSource
from resolvers.validation import MOST_ERRORS, check_valid
from schema.view_schema import ViewSchema
from schema.views import Limits

__all__ = ["Document", "Documents", "Kept", "Planned"]

_NO_TRANSFORMS: Transforms = MappingProxyType({})

_MOST_BOOLEANS = 6
"""A plan is kept for every combination of the booleans that decide what is selected, up to this many of them."""
_BYTES_A_TOKEN = 500
"""What a token takes in memory, roughly: 346 bytes were measured for the parsed document alone."""
_BYTES_A_SUM = 400
"""What a sum of a weight takes, roughly: two to three tuples for each list that a variable sizes."""
_BYTES_A_SELECTION = 1_000
"""What a selection takes in a plan, roughly: 520 bytes were measured."""

_KNOWN_FAULTS = {
    "exactly one field must be specified": "exactly one member has to be given, and it may not be null",
    "to be provided": "a value has to be given",
    "not to be None": "it may not be null",
    "unknown field": "it has a member that the type does not have",
}
"""What graphql-core says of a variable, and how it is told without the value."""

_SCALAR_WANTS = re.compile(r"[A-Z][A-Za-z0-9]* wants ")
"""How the model's own scalars say what they want; they never say what they got."""


@dataclass(frozen=True, eq=False)
class Document:
    """A valid document of one view.

    `measured` says how much it asks for. `deciding` names the variables that @skip and @include read, sorted.
    `coercers` stand for the operations whose variables they coerce. `has_keys` says that texts or keys are written into
    it, `size` what it takes in memory, roughly, in bytes.
    """

    text: str = field(repr=False)
    node: DocumentNode
    operations: Mapping[str, OperationDefinitionNode]
    measured: Measured = field(repr=False)
    deciding: tuple[str, ...]
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
        return self.measured.operations[_name(operation)]

    def weight(self, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> int:
        """Return the weight of one of the operations, for variables as the request holds them."""
        return self.measured.weight(_name(operation), variables)

    def longest(self, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> int:
        """Return how many look-ups the longest list holds that one of the operations takes from the variables."""
        return self.measured.longest(_name(operation), variables)


class Planned:
    """A plan, and what is compiled from it: who is looked up by its root fields, which of its steps take arguments, and
    the shape of its answer.

    The shape is compiled when the plan is used for the second time: most documents that come once never come again.
    It is None where the exact way has to make the answer.
    """

    __slots__ = ("_compile", "_is_used", "look_ups", "plan", "shape", "taking")

    def __init__(
        self,
        plan: Plan,
        look_ups: Mapping[str, LookUps],
        taking: Sequence[Step],
        compile_it: Callable[[Plan], Shape | None],
    ) -> None:
        self.plan, self.look_ups, self.taking = plan, look_ups, taking
        self.shape: Shape | None = None
        self._compile: Callable[[Plan], Shape | None] | None = compile_it
        self._is_used = False

    def use(self) -> Self:
        """Return the plan, with its shape if it was used before."""
        if self._compile is not None:
            if self._is_used:
                self.compile()
            self._is_used = True
        return self

    def compile(self) -> None:
        """Compile the shape, if that was not done yet."""
        compile_it, self._compile = self._compile, None
        if compile_it is not None:
            self.shape = compile_it(self.plan)

    @property
    def size(self) -> int:
        """Return what it takes in memory, roughly, in bytes."""
        return (1 + self.plan.work) * _BYTES_A_SELECTION


class Kept:
    """Documents and plans that were made before, of all views, in memory of a bounded size."""

    def __init__(self, *, most_bytes: int = 32 * 1024 * 1024) -> None:
        self.most_bytes = most_bytes
        self.documents: LRUCache[Any, Document] = LRUCache(most_bytes, getsizeof=lambda document: document.size)
        self.plans: LRUCache[Any, Planned] = LRUCache(most_bytes, getsizeof=lambda planned: planned.size)


class Documents:
    """The documents that were seen in one view, and their plans.

    A document with texts or keys in it is read anew each time and not kept: keys belong in variables. One that is
    prepared is kept for as long as the view is, whatever else comes.
    """

    def __init__(
        self, schema: ViewSchema, planner: Planner, kept: Kept, limits: Limits, transforms: Transforms = _NO_TRANSFORMS
    ) -> None:
        self._schema, self._planner, self._kept, self._limits = schema, planner, kept, limits
        self._transforms = transforms
        self._prepared: dict[str, Document] = {}
        self._prepared_plans: dict[tuple[object, ...], Planned] = {}

    def prepare(self, text: str) -> None:
        """Read a document and compile the plans of its operations, those without booleans that decide on them.

        Raises:
            RefusedError: As of `document`, or texts or keys are written into it.
        """
        document = self._read(text, suggests=True)
        if document.has_keys:
            message = "The document has texts or keys written into it, so it cannot be kept for every request."
            raise RefusedError(RefusalCode.BAD_USER_INPUT, message, "Pass keys and texts as variables.")
        self._prepared[text] = document
        for operation in document.operations.values() if not document.deciding else ():
            planned = self._planned(document, operation, VariableValues({}, {}))
            planned.compile()
            self._prepared_plans[document, _name(operation)] = planned

    def document(self, text: str, *, suggests: bool = True) -> Document:
        """Return the document: parsed, measured against the view's limits, then validated.

        `suggests`: errors may name fields of the view that were perhaps meant.

        Raises:
            RefusedError: It does not parse, asks for more than is allowed, or does not fit the view's schema.
        """
        document = self.known(text)
        if document is None:
            document = self._read(text, suggests)
            if not document.has_keys and document.size <= self._kept.most_bytes:
                self._kept.documents[self, text] = document
        return document

    def known(self, text: str) -> Document | None:
        """Return a document that was read before and kept, else None."""
        return self._prepared.get(text) or self._kept.documents.get((self, text))

    def _read(self, text: str, suggests: bool) -> Document:
        source = DocumentSource(text)
        node = self._parsed(source)
        measured = measure(self._schema, node)
        check_document(self._limits, measured)
        check_valid(self._schema.schema, node, suggests=suggests)
        source.forget_text()
        operations = {
            _name(definition): definition
            for definition in node.definitions
            if isinstance(definition, OperationDefinitionNode) and definition.operation is OperationType.QUERY
        }
        read = _Reading()
        visit(node, read)
        size = 4 * len(text) + node.token_count * _BYTES_A_TOKEN + len(measured.sums) * _BYTES_A_SUM
        coercers = {name: compile_coercer(self._schema.schema, operation) for name, operation in operations.items()}
        return Document(text, node, operations, measured, tuple(sorted(read.deciding)), coercers, read.has_keys, size)

    def _parsed(self, source: DocumentSource) -> DocumentNode:
        most = self._limits.tokens
        try:
            return parse(source, max_tokens=most)
        except GraphQLSyntaxError as error:
            if f"more than {most} tokens" in error.message:
                message = f"The document has more than {most} tokens, the most that this view allows."
                remedy = "Ask for less in one document."
                raise RefusedError(RefusalCode.QUERY_BUDGET, message, remedy, excess=Excess("tokens", most)) from None
            raise RefusedError(RefusalCode.GRAPHQL_PARSE_FAILED, error.message, errors=[error]) from None

    def variables(
        self, document: Document, operation: OperationDefinitionNode, given: Mapping[str, Any]
    ) -> VariableValues:
        """Return the variables, coerced to the types that the operation declares.

        Raises:
            RefusedError: A value does not fit.
        """
        coercer = document.coercers[_name(operation)]
        values = None if coercer is None else coercer.values(given)
        return self._exact_variables(operation, given) if values is None else values

    def _exact_variables(self, operation: OperationDefinitionNode, given: Mapping[str, Any]) -> VariableValues:
        inexact = inexact_ids(self._schema.schema, operation, given)
        if inexact:
            message = f"Variable '${inexact[0]}' holds a key as a number with a fraction, or of more than 64 bits."
            raise RefusedError(RefusalCode.BAD_USER_INPUT, message, "Write keys as texts: they are exact then.")
        values = get_variable_values(
            self._schema.schema, operation.variable_definitions or (), dict(given), max_errors=MOST_ERRORS
        )
        if isinstance(values, list):
            errors = [_without_value(error) for error in values]
            raise RefusedError(RefusalCode.BAD_USER_INPUT, errors[0].message, errors=errors)
        return values

    def plan(self, document: Document, operation: OperationDefinitionNode, variables: VariableValues) -> Planned:
        """Return the plan of an operation for the values of the booleans that decide what is selected.

        Raises:
            RefusedError: The selection grows out of bounds, or a deciding boolean is null.
        """
        key = (document, _name(operation), *map(variables.coerced.get, document.deciding))
        kept = self._prepared_plans.get(key) or self._kept.plans.get(key)
        if kept is not None:
            return kept.use()
        planned = self._planned(document, operation, variables)
        is_kept = len(document.deciding) <= _MOST_BOOLEANS and not document.has_keys
        if is_kept and planned.size <= self._kept.most_bytes:
            self._kept.plans[key] = planned
        return planned.use()

    def _planned(self, document: Document, operation: OperationDefinitionNode, variables: VariableValues) -> Planned:
        try:
            selection = select(
                self._schema.schema, document.node, operation, variables, tokens=document.node.token_count
            )
        except GraphQLError as error:  # a @skip or @include whose variable is null
            raise RefusedError(RefusalCode.BAD_USER_INPUT, error.message, errors=[error]) from None
        plan = self._planner.plan(selection, is_list=self._is_list)
        look_ups = {root.response_name: compile_look_ups(self._schema, root) for root in plan.roots}
        taking = [step for step in plan.listing if definition_of(step, self._schema).args]
        return Planned(plan, look_ups, taking, self._compile)

    def _compile(self, plan: Plan) -> Shape | None:
        return compile_shape(self._schema.schema, plan, self._transforms)

    def _is_list(self, root: Selected) -> bool:
        return root.field_name == self._schema.many


def _name(operation: OperationDefinitionNode) -> str:
    return operation.name.value if operation.name else ""


def _without_value(error: GraphQLError) -> GraphQLError:
    """Return the error without the value that graphql-core repeats: it may be a customer's key, and answers are logged.

    What stands before the first colon names the variable and the place in it, by indexes and the type's own fields.
    """
    place, _, why = error.message.partition(": ")
    if _SCALAR_WANTS.match(why):
        return GraphQLError(f"{place}: {why}", error.nodes)
    known = next((told for phrase, told in _KNOWN_FAULTS.items() if phrase in why), "it does not fit the declared type")
    return GraphQLError(f"{place}: {known}.", error.nodes)


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

    def enter_object_field(self, node: ObjectFieldNode, *_: Any) -> None:
        """Note a number in an input object: a key may be written as one."""
        self.has_keys = self.has_keys or isinstance(node.value, IntValueNode)

"""The documents of a view: parsed and validated once, and planned once for what decides on a plan."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from graphql import DocumentNode, GraphQLError, GraphQLSyntaxError, OperationDefinitionNode, parse
from graphql.execution.values import VariableValues

from resolvers.arguments import definition_of
from resolvers.document import Document, name_of, read_document
from resolvers.gating import no_gates
from resolvers.kept import Kept, Planned
from resolvers.limits import check_document
from resolvers.looking_up import compile_look_ups
from resolvers.measuring import measure
from resolvers.plan import Plan
from resolvers.planning import Planner
from resolvers.policy import PlanRules, Rules
from resolvers.refusals import Excess, RefusalCode, RefusedError
from resolvers.selection import Selected, select
from resolvers.shapes import Shape, compile_shape
from resolvers.shown_schema import ShownSchema
from resolvers.source import DocumentSource
from resolvers.validation import check_valid
from resolvers.variables import read_variables
from schema.view_schema import ViewSchema
from schema.views import Limits

__all__ = ["Documents"]

_MOST_BOOLEANS = 6
"""A plan is kept for every combination of the booleans that decide what is selected, up to this many of them."""

_LITERAL = re.compile(r"\b(Int|Float|String|BlockString) .*", re.DOTALL)
"""A number or a text that stands where a document cannot have one, and whose it may be."""

_Key = tuple[object, ...]
"""What decides on a plan: the document, the name of the operation, and the values of its deciding booleans."""


class Documents:
    """The documents that were seen in one view, and their plans.

    A document with texts or keys in it is read anew each time and not kept: keys belong in variables. One that is
    prepared is kept for as long as the view is, whatever else comes.
    """

    def __init__(self, schema: ViewSchema, planner: Planner, kept: Kept, limits: Limits, rules: Rules) -> None:
        self._schema, self._planner, self._kept, self._limits = schema, planner, kept, limits
        self._rules, self._gates_of = rules, rules.gates_of if rules.has_gates else no_gates
        self._prepared: dict[str, Document] = {}
        self._prepared_plans: dict[_Key, Planned] = {}
        self._taken: dict[Document, int] = {}

    def prepare(self, *texts: str) -> None:
        """Read a document and compile its plans: one for every combination of the booleans that decide on them.

        `texts` are the texts as which it comes. All of it stands at the same places in them, which errors tell: they
        differ in the space at the end. An operation that more than six booleans decide on is planned as it comes.

        Raises:
            RefusedError: As of `document`, or texts or keys are written into it, or one of its plans is refused.
            NoRoomError: With it, all that was prepared would take too much memory.
        """
        document = next(filter(None, map(self._prepared.get, texts)), None)
        if document is None:
            document = self._parsed_and_valid(texts[0], suggests=True)
            if document.has_keys:
                message = "The document has texts or keys written into it, so it cannot be kept for every request."
                raise RefusedError(RefusalCode.BAD_USER_INPUT, message, "Pass keys and texts as variables.")
            self._prepared_plans.update(self._compiled(document))
        self._prepared.update(dict.fromkeys(texts, document))

    def let_go(self, stay: Collection[str] = ()) -> None:
        """Let go what was prepared, but what comes as one of these texts."""
        staying = {text: self._prepared[text] for text in stay if text in self._prepared}
        gone = self._taken.keys() - set(staying.values())
        self._prepared = staying
        self._prepared_plans = {key: plan for key, plan in self._prepared_plans.items() if key[0] not in gone}
        self._kept.give_room(sum(map(self._taken.pop, gone)))

    def _compiled(self, document: Document) -> dict[_Key, Planned]:
        """Return the plans of a document by what decides on them, compiled, and take the room for all of it."""
        size, made = document.size, {}
        self._kept.check_room(size)
        for operation in document.operations.values():
            for values in _combinations(document.deciding[name_of(operation)]):
                planned = self._planned(document, operation, VariableValues({}, values))
                size += planned.size
                self._kept.check_room(size)
                planned.compile_expected()
                made[(document, name_of(operation), *values.values())] = planned
        self._kept.take_room(size)
        self._taken[document] = size
        return made

    def document(self, text: str, *, suggests: bool = True) -> Document:
        """Return the document: as it is kept, else as of `read`."""
        return self.known(text) or self.read(text, suggests=suggests)

    def known(self, text: str) -> Document | None:
        """Return a document that was read before and kept, else None."""
        return self._prepared.get(text) or self._kept.documents.get((self, text))

    def is_prepared(self, text: str) -> bool:
        """Return whether a document of this text was prepared."""
        return text in self._prepared

    def read(self, text: str, *, suggests: bool = True) -> Document:
        """Return a document that is not known, and keep it: parsed, measured against the view's limits, then validated.

        `suggests`: errors may name fields of the view that were perhaps meant.

        Raises:
            RefusedError: It does not parse, asks for more than is allowed, or does not fit the view's schema.
        """
        document = self._parsed_and_valid(text, suggests)
        # a comment may hold anything
        if not document.has_keys and "#" not in text and document.size <= self._kept.most_bytes:
            self._kept.documents[self, text] = document
        return document

    def _parsed_and_valid(self, text: str, suggests: bool) -> Document:
        source = DocumentSource(text)
        node = self._parsed(source)
        measured = measure(self._schema, node)
        check_document(self._limits, measured)
        check_valid(self._schema.schema, node, suggests=suggests)
        source.forget_text()
        return read_document(self._schema.schema, node, measured, length=len(text))

    def _parsed(self, source: DocumentSource) -> DocumentNode:
        most = self._limits.tokens
        try:
            return parse(source, max_tokens=most)
        except GraphQLSyntaxError as error:
            if f"more than {most} tokens" in error.message:
                message = f"The document has more than {most} tokens, the most that this view allows."
                remedy = "Ask for less in one document."
                raise RefusedError(RefusalCode.QUERY_BUDGET, message, remedy, excess=Excess("tokens", most)) from None
            told = _in_our_words(error)
            raise RefusedError(RefusalCode.GRAPHQL_PARSE_FAILED, told.message, errors=[told]) from None

    def variables(
        self, document: Document, operation: OperationDefinitionNode, given: Mapping[str, Any]
    ) -> VariableValues:
        """Return the variables, coerced to the types that the operation declares.

        Raises:
            RefusedError: A value does not fit.
        """
        return read_variables(self._schema.schema, operation, document.coercers[name_of(operation)], given)

    def plan(self, document: Document, operation: OperationDefinitionNode, variables: VariableValues) -> Planned:
        """Return the plan of an operation for the values of the booleans that decide what is selected.

        Raises:
            RefusedError: The selection grows out of bounds, or a deciding boolean is null.
        """
        name = name_of(operation)
        deciding = document.deciding[name]
        key = (document, name, *map(variables.coerced.get, deciding))
        kept = self._prepared_plans.get(key) or self._kept.plans.get(key)
        if kept is not None:
            return kept.use()
        planned = self._planned(document, operation, variables)
        if len(deciding) <= _MOST_BOOLEANS and not document.has_keys and planned.size <= self._kept.most_bytes:
            self._kept.plans[key] = planned
        return planned.use()

    def _planned(self, document: Document, operation: OperationDefinitionNode, variables: VariableValues) -> Planned:
        try:
            selection = select(
                self._schema.schema, document.node, operation, variables, tokens=document.node.token_count
            )
        except GraphQLError as error:  # a @skip or @include whose variable is null
            raise RefusedError(RefusalCode.BAD_USER_INPUT, error.message, errors=[error]) from None
        plan = self._planner.plan(
            selection, is_list=self._is_list, gates_of=self._gates_of, of_subject=self._rules.of_subject
        )
        look_ups = {root.response_name: compile_look_ups(self._schema, root) for root in plan.roots}
        taking = [step for step in plan.listing if step.is_page or definition_of(step, self._schema).args]
        is_fixed = not plan.roots and not operation.variable_definitions
        schema = ShownSchema(self._kept.schemas) if is_fixed else None
        return Planned(plan, PlanRules(self._rules, plan.coordinates), look_ups, taking, self._compile, schema)

    def _compile(self, plan: Plan, rules: PlanRules) -> Shape | None:
        return compile_shape(self._schema.schema, plan, rules)

    def _is_list(self, root: Selected) -> bool:
        return root.field_name == self._schema.many


def _combinations(names: tuple[str, ...]) -> Iterator[dict[str, bool]]:
    """Yield the values that booleans can have together; none where they are too many."""
    if len(names) <= _MOST_BOOLEANS:
        for number in range(2 ** len(names)):
            yield {name: bool(number >> place & 1) for place, name in enumerate(names)}


def _in_our_words(error: GraphQLSyntaxError) -> GraphQLError:
    """Return the error without the number or the text at which it was found; its place tells which it is."""
    return GraphQLError(_LITERAL.sub(r"\1.", error.message), source=error.source, positions=error.positions)

"""What a request asks for, found out before anybody is looked up or asked: the document moment."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cachetools import LRUCache
from graphql import OperationDefinitionNode
from graphql.execution.values import VariableValues

from adapters.crossref import Lookup
from resolvers.analysis import Analysis
from resolvers.arguments import given_to
from resolvers.assembly import Operation
from resolvers.assuming import NOTHING_ASSUMED, Assumed
from resolvers.calls import Arguments
from resolvers.catalog import Catalog
from resolvers.cursors import Cursors
from resolvers.document import Document
from resolvers.documents import Documents
from resolvers.excesses import tell_excesses
from resolvers.explain import Explaining
from resolvers.kept import Kept
from resolvers.limits import check_weight, widest
from resolvers.plan import Plan
from resolvers.planning import Planner
from resolvers.policy import (
    PlanRules,
    Rules,
    check_customers,
    check_introspection,
    check_single,
    check_situation,
)
from resolvers.refusals import RefusedError
from resolvers.shapes import Shape
from resolvers.shown_schema import ShownSchema
from resolvers.steps import Step
from schema.caller import Caller
from schema.directives import CANONICAL
from schema.model import Model
from schema.situation import NO_SITUATION, Situation
from schema.tracing import Stage
from schema.view_schema import ViewSchema, cut_schema
from schema.views import Limits, ReceiptDetail, View

__all__ = ["Asked", "Reader", "Request"]

_KEPT_VIEWS = 256


@dataclass(frozen=True, slots=True)
class Request:
    """A GraphQL request: the document, which of its operations, its variables, the receipt that is asked for, the
    situation in which it is asked, the id under which it is recorded, and in how many milliseconds it is wanted."""

    query: str = field(repr=False)
    operation_name: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict, repr=False)
    receipt: ReceiptDetail = ReceiptDetail.NONE
    situation: Situation = NO_SITUATION
    id: str | None = None
    deadline_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was read: what to execute, its plan, shape and weight, who is looked up by which root field, the
    arguments of the steps, and the view's rules that stand on what is asked."""

    operation: Operation
    plan: Plan
    shape: Shape | None
    weight: int
    lookups: Mapping[str, Sequence[Lookup]]
    arguments: Arguments
    rules: PlanRules
    schema: ShownSchema | None = None


@dataclass(frozen=True, slots=True)
class _OpenView:
    """A view in use: its schema, its rules, and the documents seen in it."""

    schema: ViewSchema
    rules: Rules
    documents: Documents


class Reader:
    """Reads requests for one model and its adapters. It has nobody to ask: no cross-reference, no source."""

    def __init__(self, model: Model, catalog: Catalog, cursors: Cursors) -> None:
        self._model, self._cursors = model, cursors
        self._planner = Planner(catalog, model)
        self._kept = Kept()
        self._open: LRUCache[View, _OpenView] = LRUCache(_KEPT_VIEWS)
        self._prepared: dict[View, _OpenView] = {}

    def schema_of(self, view: View) -> ViewSchema:
        """Return the view's schema, cut on first use."""
        return self._opened(view).schema

    def check_situation(self, view: View, situation: Situation) -> None:
        """Refuse a situation that the view is not for, or of which it wants more told. Raises RefusedError."""
        check_situation(self._opened(view).rules, situation)

    def read(
        self, view: View, request: Request, caller: Caller | None = None, analysis: Analysis | None = None
    ) -> Asked:
        """Return what a request asks for. Without a caller it is the operator's own question: introspection is
        open, and the situation need not be told. `analysis` measures it, where somebody wants to know.

        Raises:
            RefusedError: The request is not one that the view answers.
        """
        if analysis is not None:
            analysis.begin(Stage.DOCUMENT)
        opened = self._opened(view)
        if caller is not None or request.situation is not NO_SITUATION:
            check_situation(opened.rules, request.situation)
        document = opened.documents.known(request.query)
        if document is None:
            suggests = caller is None or view.shows_schema_to(caller)
            document = opened.documents.read(request.query, suggests=suggests)
        operation = document.operation(request.operation_name)
        weight = _checked(view, document, operation, request, caller)
        variables = opened.documents.variables(document, operation, request.variables)
        if analysis is not None:
            analysis.begin(Stage.PLAN)
        planned = opened.documents.plan(document, operation, variables)
        lookups = {name: read(variables) for name, read in planned.look_ups.items()}
        check_customers(view.limits, sum(map(len, lookups.values())))
        check_single(view, lookups.values())
        arguments = self._arguments(view, opened.schema, planned.taking, variables)
        name = operation.name.value if operation.name else None
        executed = Operation(opened.schema.schema, document.node, name, request.variables)
        plan, rules = planned.shared(arguments)
        return Asked(executed, plan, planned.shape, weight, lookups, arguments, rules, planned.schema)

    def prepare(self, view: View, *texts: str) -> None:
        """Read a document and compile it, so that no request has to; it is kept for as long as the reader is.

        `texts` are the texts as which it comes; they differ in the space at the end.

        Raises:
            RefusedError: It is not one that the view answers, or texts or keys are written into it.
            NoRoomError: With it, all that was prepared would take too much memory.
        """
        opened = self._opened(view)
        opened.documents.prepare(*texts)
        self._prepared[view] = opened

    def let_go(self, stay: Mapping[View, Collection[str]]) -> None:
        """Let go what was prepared, but of these views the documents that come as one of these texts."""
        for view in [*self._prepared]:
            self._prepared[view].documents.let_go(stay.get(view, ()))
            if view not in stay:
                del self._prepared[view]

    def is_prepared(self, view: View, request: Request) -> bool:
        """Return whether the request's document was prepared: then what stands in it is no client's invention."""
        return self._opened(view).documents.is_prepared(request.query)

    def code(self, view: View, request: Request) -> str:
        """Return the code that is compiled for the request's answer: Python; empty where graphql-core makes it alone.

        Raises:
            RefusedError: The request would not be answered.
        """
        opened = self._opened(view)
        document = opened.documents.document(request.query)
        operation = document.operation(request.operation_name)
        planned = opened.documents.plan(
            document, operation, opened.documents.variables(document, operation, request.variables)
        )
        planned.compile()
        return "" if planned.shape is None else planned.shape.code

    def explain(
        self, view: View, request: Request, caller: Caller | None = None, assumed: Assumed = NOTHING_ASSUMED
    ) -> dict[str, Any]:
        """Return what the request would ask of the sources and show, without asking anything, for customers of whom
        this is assumed. Under `over` stands which of the view's limits it is over: then it would be refused. Where the
        operator tells no situation, whatever is shown in some situation counts as shown.

        Raises:
            RefusedError: The request would not be answered, however much the view allowed.
        """
        refused = None
        situation = request.situation if caller is not None or request.situation.told() else None
        try:
            asked = self.read(view, request, caller)
        except RefusedError as error:
            if error.excess is None or error.excess.limit not in Limits.model_fields:
                raise
            refused = error
            asked = self.read(self._widened(view), request, caller)
        customers = {name: len(of_root) for name, of_root in asked.lookups.items()}
        explaining = Explaining(asked.plan, customers, asked.arguments, asked.rules, assumed, situation)
        limits = view.limits
        told = {
            "view": view.id,
            "purpose": view.purpose.dpv,
            "weight": asked.weight,
            "limits": limits.model_dump(),
            **explaining.told(),
        }
        return {**told, "over": tell_excesses(limits, told, refused, customers, explaining.weights())}

    def _widened(self, view: View) -> View:
        """Return the view with limits under which it answers whatever any view may. It has the schema of the view."""
        wide = view.model_copy(update={"limits": widest(view.limits)})
        self._opened(wide, self._opened(view).schema)
        return wide

    def _opened(self, view: View, schema: ViewSchema | None = None) -> _OpenView:
        opened = self._prepared.get(view) or self._open.get(view)
        if opened is None:
            schema = schema or cut_schema(self._model, view.fields, view.lookups, view.identifiers)
            rules = Rules(view, f"{self._model.subject}.{CANONICAL}")
            documents = Documents(schema, self._planner, self._kept, view.limits, rules)
            opened = _OpenView(schema, rules, documents)
            self._open[view] = opened
        return opened

    def _arguments(self, view: View, schema: ViewSchema, steps: Sequence[Step], variables: VariableValues) -> Arguments:
        return {step.number: given_to(step, view, schema, self._model, variables, self._cursors) for step in steps}


def _checked(
    view: View, document: Document, operation: OperationDefinitionNode, request: Request, caller: Caller | None
) -> int:
    """Return the operation's weight, or refuse what the view does not answer."""
    if caller is not None:
        check_introspection(view, caller, introspects=document.measure(operation).introspects)
    check_customers(view.limits, document.longest(operation, request.variables))
    weight = document.weight(operation, request.variables)
    check_weight(view.limits, weight)
    return weight

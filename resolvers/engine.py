"""One request through the rooms: document, policy, plan, cross-reference, policy again, run, assembly, receipt."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cachetools import LRUCache
from graphql.execution.values import VariableValues

from adapters.adapter import Adapter, Call
from adapters.crossref import CrossReference, Lookup, Subject
from resolvers.arguments import argument_values, given_to
from resolvers.assembly import Operation, assemble
from resolvers.calls import Arguments, most_calls
from resolvers.catalog import Catalog
from resolvers.cursors import Cursors
from resolvers.documents import Documents, Kept
from resolvers.explain import explain_plan
from resolvers.limits import check_weight
from resolvers.plan import Plan, Root
from resolvers.planning import Planner
from resolvers.policy import (
    Transforms,
    check_calls,
    check_customers,
    check_introspection,
    decide,
    is_shown,
    transforms_of,
)
from resolvers.receipt import make_receipt
from resolvers.run import run
from resolvers.sharing import share_equal_steps
from schema.caller import Caller
from schema.deadline import Clock, Deadline
from schema.model import Model
from schema.observer import NOBODY, Observer
from schema.view_schema import ViewSchema, cut_schema
from schema.views import ReceiptDetail, View

__all__ = ["Engine", "Request"]

_KEPT_VIEWS = 256
_CANONICAL = "id"


@dataclass(frozen=True, slots=True)
class Request:
    """A GraphQL request: the document, which of its operations, its variables, and the receipt that is asked for."""

    query: str = field(repr=False)
    operation_name: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict, repr=False)
    receipt: ReceiptDetail = ReceiptDetail.NONE


@dataclass(frozen=True, slots=True)
class _OpenView:
    """A view in use: its schema, the documents seen in it, and what it shows in another form."""

    schema: ViewSchema
    documents: Documents
    transforms: Transforms


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request that was read: what to execute, its plan, its weight, who is looked up, the arguments of the steps."""

    operation: Operation
    plan: Plan
    lookups: Mapping[str, Sequence[Lookup]]
    arguments: Arguments
    weight: int


@dataclass(frozen=True, slots=True)
class _Found:
    """The customers that the look-ups found, by root field, and each of them once."""

    by_root: Mapping[str, Sequence[Subject | None]]
    subjects: Sequence[Subject]


class Engine:
    """Answers requests for one model with the adapters and the cross-reference that it is given."""

    def __init__(
        self,
        model: Model,
        adapters: Iterable[Adapter],
        crossref: CrossReference,
        *,
        observer: Observer = NOBODY,
        clock: Clock = time.monotonic,
        cursors: Cursors | None = None,
    ) -> None:
        self.model, self.catalog, self._crossref = model, Catalog(adapters), crossref
        self._planner = Planner(self.catalog, model)
        self._cursors = cursors or Cursors()
        self._observer, self._clock = observer, clock
        self._kept = Kept()
        self._open: LRUCache[View, _OpenView] = LRUCache(_KEPT_VIEWS)

    def schema_of(self, view: View) -> ViewSchema:
        """Return the view's schema, cut on first use."""
        return self._opened(view).schema

    async def answer(self, view: View, request: Request, caller: Caller, deadline: Deadline) -> dict[str, Any]:
        """Return the response to a request: `data`, and `errors` and `extensions` where there are any.

        Raises:
            RefusedError: The request is not answered; no source was asked.
        """
        started = self._clock()
        asked = self._read(view, request, caller)
        found = await self._resolve(asked.lookups)
        verdicts = decide(asked.plan, found.by_root, self._opened(view).transforms)
        check_calls(view.limits, most_calls(asked.plan, found.subjects, verdicts, asked.arguments))
        call = Call(deadline, view.purpose.dpv, caller.credential, observer=self._observer)
        fetched = await run(asked.plan, found.subjects, verdicts, self.catalog.adapters, call, asked.arguments)
        answer = assemble(asked.operation, fetched, found.by_root, self._cursors)
        level = min(request.receipt, view.receipt, key=list(ReceiptDetail).index)
        receipt = make_receipt(view, level, fetched, found.subjects, self._clock() - started)
        extensions = {
            "withheld": answer.withheld,
            "masked": answer.masked,
            "absent": answer.absent,
            "redirected": _redirected(asked, found),
            "receipt": receipt,
        }
        return _response(answer.data, answer.errors, extensions)

    def explain(self, view: View, request: Request, caller: Caller | None = None) -> dict[str, Any]:
        """Return what the request would ask of the sources, without asking anything.

        Raises:
            RefusedError: The request would not be answered.
        """
        asked = self._read(view, request, caller)
        customers = {name: len(of_root) for name, of_root in asked.lookups.items()}
        return explain_plan(view, asked.plan, customers, asked.arguments, asked.weight)

    def _read(self, view: View, request: Request, caller: Caller | None = None) -> _Asked:
        """Return what a request asks for: the document moment, in which nothing is read.

        Without a caller it is the operator's own question, and introspection is open.
        """
        opened = self._opened(view)
        document = opened.documents.document(request.query, suggests=caller is None or view.shows_schema_to(caller))
        operation = document.operation(request.operation_name)
        if caller is not None:
            check_introspection(view, caller, introspects=document.measure(operation).introspects)
        check_customers(view.limits, document.measured.longest(request.variables))
        weight = document.weight(operation, request.variables)
        check_weight(view.limits, weight)
        variables = opened.documents.variables(operation, request.variables)
        plan = opened.documents.plan(document, operation, variables)
        lookups = {root.response_name: self._lookups(opened, root, variables) for root in plan.roots}
        check_customers(view.limits, sum(map(len, lookups.values())))
        name = operation.name.value if operation.name else None
        made = Operation(opened.schema.schema, document.node, name, request.variables)
        arguments = self._arguments(view, opened, plan, variables)
        return _Asked(made, share_equal_steps(plan, arguments), lookups, arguments, weight)

    def _opened(self, view: View) -> _OpenView:
        opened = self._open.get(view)
        if opened is None:
            schema = cut_schema(self.model, view.fields, view.lookups)
            opened = _OpenView(schema, Documents(schema, self._planner, self._kept, view.limits), transforms_of(view))
            self._open[view] = opened
        return opened

    def _lookups(self, opened: _OpenView, root: Root, variables: VariableValues) -> list[Lookup]:
        query = opened.schema.schema.query_type
        assert query is not None
        field_name = opened.schema.many if root.is_list else opened.schema.one
        by = argument_values(query.fields[field_name], root.node, variables)["by"]
        return [_lookup(one) for one in (by if root.is_list else [by])]

    async def _resolve(self, lookups: Mapping[str, Sequence[Lookup]]) -> _Found:
        flat = [lookup for of_root in lookups.values() for lookup in of_root]
        distinct = list(dict.fromkeys(flat))
        resolved = await self._crossref.resolve_many(distinct) if distinct else ()
        shown = [subject if subject is not None and self._is_shown(subject) else None for subject in resolved]
        subjects = dict(zip(distinct, shown, strict=True))
        once = {subject.customer_id: subject for subject in subjects.values() if subject is not None}
        by_root = {name: [subjects[lookup] for lookup in of_root] for name, of_root in lookups.items()}
        return _Found(by_root, tuple(once.values()))

    def _is_shown(self, subject: Subject) -> bool:
        return is_shown(subject, self.model.coordinates, f"{self.model.subject}.{_CANONICAL}")

    def _arguments(self, view: View, opened: _OpenView, plan: Plan, variables: VariableValues) -> Arguments:
        return {
            step.number: given_to(step, view, opened.schema, self.model, variables, self._cursors)
            for step in plan.steps
            if step.node is not None
        }


def _lookup(by: Mapping[str, str]) -> Lookup:
    ((kind, key),) = by.items()
    return Lookup(None if kind == _CANONICAL else kind, key)


def _redirected(asked: _Asked, found: _Found) -> list[dict[str, Any]]:
    """Return the look-ups by an id that a merge has replaced, beside the customers that are shown in their place."""
    return [
        {"path": [root.response_name, place] if root.is_list else [root.response_name], "requested": lookup.key}
        for root in asked.plan.roots
        for place, (lookup, subject) in enumerate(
            zip(asked.lookups[root.response_name], found.by_root[root.response_name], strict=True)
        )
        if subject is not None and subject.redirected
    ]


def _response(data: Any, errors: Sequence[Any], extensions: Mapping[str, Any]) -> dict[str, Any]:
    told = {name: value for name, value in extensions.items() if value}
    return {"data": data, **({"errors": errors} if errors else {}), **({"extensions": told} if told else {})}

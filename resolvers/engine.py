"""One request through the rooms: document, policy, plan, cross-reference, policy again, run, assembly, receipt."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.adapter import Adapter, Call
from adapters.crossref import CrossReference, Lookup, Subject
from adapters.gathering import Gather
from resolvers.assembly import assemble
from resolvers.calls import most_calls
from resolvers.catalog import Catalog
from resolvers.cursors import Cursors
from resolvers.news import Hear
from resolvers.policy import check_calls, decide, is_shown
from resolvers.rates import Rates
from resolvers.reading import Asked, Reader, Request
from resolvers.receipt import make_receipt
from resolvers.run import run
from schema.caller import Caller
from schema.deadline import Clock, Deadline
from schema.directives import CANONICAL
from schema.model import Model
from schema.observer import NOBODY, Observer
from schema.view_schema import ViewSchema
from schema.views import View

__all__ = ["Engine"]

IDENTIFIERS_PER_MINUTE = 60
"""How often a consumer may look up by an identifier, unless the operator says otherwise."""


@dataclass(frozen=True, slots=True)
class _Found:
    """The customers that the look-ups found, by root field, and each of them once; and whether one was looked up by an
    id that a merge has replaced."""

    by_root: Mapping[str, Sequence[Subject | None]]
    subjects: Sequence[Subject]
    has_redirected: bool


class Engine:
    """Answers requests for one model with the adapters and the cross-reference that it is given.

    `rates` counts look-ups by identifiers, those included that its owner has made by other ways. `hear` is told when a
    source says that a key is gone or replaced.
    """

    def __init__(
        self,
        model: Model,
        adapters: Iterable[Adapter],
        crossref: CrossReference,
        *,
        observer: Observer = NOBODY,
        clock: Clock = time.monotonic,
        cursors: Cursors | None = None,
        rates: Rates | None = None,
        hear: Hear | None = None,
    ) -> None:
        self.model, self.catalog, self._crossref = model, Catalog(adapters), crossref
        self._sources = {name: Gather(adapter, clock=clock) for name, adapter in self.catalog.adapters.items()}
        self._cursors = cursors or Cursors()
        self._reader = Reader(model, self.catalog, self._cursors)
        self._observer, self._clock, self._hear = observer, clock, hear
        self._rates = rates or Rates(IDENTIFIERS_PER_MINUTE, clock)

    def schema_of(self, view: View) -> ViewSchema:
        """Return the view's schema, cut on first use."""
        return self._reader.schema_of(view)

    async def answer(self, view: View, request: Request, caller: Caller, deadline: Deadline) -> dict[str, Any]:
        """Return the response to a request: `data`, and `errors` and `extensions` where there are any.

        Raises:
            RefusedError: The request is not answered; no source was asked.
        """
        started = self._clock()
        asked = self._reader.read(view, request, caller)
        identifiers = sum(lookup.identifier is not None for of_root in asked.lookups.values() for lookup in of_root)
        if identifiers:
            self._rates.take(caller.consumer, identifiers)
        found = await self._resolve(asked.lookups)
        verdicts = decide(asked.plan, found.by_root, asked.transforms)
        check_calls(view.limits, most_calls(asked.plan, found.subjects, verdicts, asked.arguments))
        call = Call(deadline, view.purpose.dpv, caller.credential, observer=self._observer)
        fetched = await run(asked.plan, found.subjects, verdicts, self._sources, call, asked.arguments, self._hear)
        answer = assemble(asked.operation, fetched, found.by_root, self._cursors, asked.shape)
        level = request.receipt.at_most(view.receipt)
        receipt = make_receipt(view, level, fetched, found.subjects, self._clock() - started)
        extensions = {
            "withheld": answer.withheld,
            "masked": answer.masked,
            "absent": answer.absent,
            "redirected": _redirected(asked, found),
            "receipt": receipt,
        }
        return _response(answer.data, answer.errors, extensions)

    def prepare(self, view: View, *texts: str) -> None:
        """Read a document and compile it, so that no request has to; it is kept for as long as the engine is.

        `texts` are the texts as which it comes; they differ in the space at the end.

        Raises:
            RefusedError: It is not one that the view answers, or texts or keys are written into it.
            NoRoomError: With it, all that was prepared would take too much memory.
        """
        self._reader.prepare(view, *texts)

    async def aclose(self) -> None:
        """End what is still asked of the sources. Called once, before the adapters are closed."""
        for source in self._sources.values():
            await source.aclose()

    def explain(self, view: View, request: Request, caller: Caller | None = None) -> dict[str, Any]:
        """Return what the request would ask of the sources, without asking anything.

        Raises:
            RefusedError: The request would not be answered.
        """
        return self._reader.explain(view, request, caller)

    async def _resolve(self, lookups: Mapping[str, Sequence[Lookup]]) -> _Found:
        flat = [lookup for of_root in lookups.values() for lookup in of_root]
        distinct = list(dict.fromkeys(flat))
        resolved = await self._crossref.resolve_many(distinct) if distinct else ()
        shown = [self._shown(subject) for subject in resolved]
        subjects = dict(zip(distinct, shown, strict=True))
        by_root = {name: [subjects[lookup] for lookup in of_root] for name, of_root in lookups.items()}
        once = {subject.customer_id: subject for subject in shown if subject is not None}
        has_redirected = any(subject.redirected for subject in shown if subject is not None)
        return _Found(by_root, tuple(once.values()), has_redirected)

    def _shown(self, subject: Subject | None) -> Subject | None:
        if subject is None or not subject.restrictions:
            return subject
        canonical = f"{self.model.subject}.{CANONICAL}"
        return subject if is_shown(subject, self.model.coordinates, canonical) else None


def _redirected(asked: Asked, found: _Found) -> list[dict[str, Any]]:
    """Return the look-ups by an id that a merge has replaced, beside the customers that are shown in their place."""
    if not found.has_redirected:
        return []
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

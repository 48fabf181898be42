"""One request through the rooms: document, policy, plan, cross-reference, policy, run, assembly, receipt, record."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from adapters.adapter import Adapter, Call
from adapters.crossref import CrossReference, Lookup
from adapters.gathering import Gather
from resolvers.assembled import Assembled
from resolvers.assembly import assemble
from resolvers.calls import most_calls
from resolvers.canonical_keys import CanonicalKeys
from resolvers.catalog import Catalog
from resolvers.cursors import Cursors
from resolvers.disclosing import disclose
from resolvers.disclosure import AuditUnavailableError, Recorder
from resolvers.fetched import Fetched
from resolvers.finding import Found, find
from resolvers.news import Hear
from resolvers.policy import Verdicts, check_calls, decide
from resolvers.policy.decision_point import DecisionPoint, Question, narrow
from resolvers.rates import Rates
from resolvers.reading import Asked, Reader, Request
from resolvers.receipt import make_receipt
from resolvers.refusals import RefusalCode, RefusedError
from resolvers.relationship import has_refused, in_refusal_time, related
from resolvers.run import run
from schema.caller import Caller
from schema.deadline import Clock, Deadline
from schema.model import Model
from schema.observer import NOBODY, Observer
from schema.verification import Assertion, Level
from schema.view_schema import ViewSchema
from schema.views import View

__all__ = ["Engine", "Erased", "Vouch"]

Sleep = Callable[[float], Awaitable[None]]
"""Returns after so many seconds. Injected, so that tests own the time."""

Erased = Callable[[Sequence[str]], Awaitable[Collection[str]]]
"""Returns those of some canonical ids whose customers were erased, by the same reads whoever they are."""

Vouch = Callable[[Lookup, float], Assertion | None]
"""Returns what is taken for asserted of whoever is looked up, at a time in seconds since 1970."""

IDENTIFIERS_PER_MINUTE = 60
"""How often a consumer may look up by an identifier, unless the operator says otherwise."""


class _Came(NamedTuple):
    """A request as it came: when by the clock of deadlines, and `at` in seconds since 1970."""

    view: View
    request: Request
    caller: Caller
    started: float
    at: float


class Engine:
    """Answers requests for one model with the adapters and the cross-reference that it is given.

    `rates` counts look-ups by identifiers, those included that its owner has made by other ways. `hear` is told when a
    source says that a key is gone or replaced. `recorder` writes down what is shown, before it leaves; without one
    nothing is written. `now` tells the seconds since 1970, by which verifications grow old. `sleep` is how an answer
    is kept back that refuses a customer who has no open case. `decision_point` is asked besides what may be shown.
    `erased` tells the record whose ids were erased: the client is not told. `vouch` says how well customers count as
    verified beside what is asserted: it is for made-up customers alone.
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
        recorder: Recorder | None = None,
        now: Callable[[], float] = time.time,
        sleep: Sleep = asyncio.sleep,
        decision_point: DecisionPoint | None = None,
        erased: Erased | None = None,
        vouch: Vouch | None = None,
    ) -> None:
        self.model, self.catalog = model, Catalog(adapters)
        self._crossref = CanonicalKeys(crossref) if self.catalog.asks_by_id else crossref
        self._sources = {name: Gather(adapter, clock=clock) for name, adapter in self.catalog.adapters.items()}
        self._cursors = cursors or Cursors()
        self._reader = Reader(model, self.catalog, self._cursors)
        self._observer, self._clock, self._hear = observer, clock, hear
        self._rates = rates or Rates(IDENTIFIERS_PER_MINUTE, clock)
        self._recorder, self._now, self._sleep = recorder, now, sleep
        self._decision_point, self._erased, self._vouch = decision_point, erased, vouch

    def schema_of(self, view: View) -> ViewSchema:
        """Return the view's schema, cut on first use."""
        return self._reader.schema_of(view)

    async def answer(self, view: View, request: Request, caller: Caller, deadline: Deadline) -> dict[str, Any]:
        """Return the response to a request: `data`, and `errors` and `extensions` where there are any.

        Raises:
            RefusedError: The request is not answered. No source was asked, but for AUDIT_UNAVAILABLE: then what came
                could not be written down.
        """
        came = _Came(view, request, caller, self._clock(), self._now())
        asked = self._reader.read(view, request, caller)
        self._count_identifiers(caller, asked)
        found, call, leaves = await self._found(came, asked, deadline)
        try:
            return await self._answered(came, asked, found, call, leaves)
        finally:  # also where it is refused after all: when that leaves would tell whether a gate was asked
            if leaves is not None:
                await self._sleep(max(0.0, leaves - self._clock()))

    async def _answered(
        self, came: _Came, asked: Asked, found: Found, call: Call, leaves: float | None
    ) -> dict[str, Any]:
        """Return the response, once it is recorded."""
        verdicts = await self._decided(came, asked, found, call.deadline)
        fetched = await self._fetched(came, asked, found, verdicts, call)
        answer = assemble(asked.operation, fetched, found.by_root, self._cursors, asked.shape)
        seconds = (self._clock() if leaves is None else leaves) - came.started
        level = came.request.receipt.at_most(came.view.receipt)
        receipt = make_receipt(came.view, level, fetched, found.subjects, seconds)
        await self._record(came, asked, found, fetched, seconds)
        return _response(answer, _redirected(asked, found), receipt)

    def _count_identifiers(self, caller: Caller, asked: Asked) -> None:
        identifiers = sum(lookup.identifier is not None for of_root in asked.lookups.values() for lookup in of_root)
        if identifiers:
            self._rates.take(caller.consumer, identifiers)

    async def _found(self, came: _Came, asked: Asked, deadline: Deadline) -> tuple[Found, Call, float | None]:
        """Return the customers who may be shown, the call for what is asked of them, and when the answer leaves; None:
        when it is there."""
        rules, situation = asked.rules.rules, came.request.situation
        caller = self._vouched(came, asked)
        found = await find(self._crossref, self.model, rules, asked.lookups, caller, situation, came.at)
        call = Call(deadline, came.view.purpose.dpv, came.caller.credential, observer=self._observer)
        if not rules.of_subject:
            return found, call, None
        refusal_ms = came.view.subject.refusal_ms or came.view.limits.deadline_ms
        sooner = in_refusal_time(call, came.started, refusal_ms)
        found = await related(
            *(found, rules.of_subject, self.catalog, self._sources, sooner), now=self._now(), case=situation.case
        )
        if not has_refused(found):
            return found, call, None
        return found, sooner, came.started + refusal_ms / 1000

    def _vouched(self, came: _Came, asked: Asked) -> Caller:
        if self._vouch is None:
            return came.caller
        lookups = dict.fromkeys(lookup for of_root in asked.lookups.values() for lookup in of_root)
        vouched = (self._vouch(lookup, came.at) for lookup in lookups)
        return replace(came.caller, assertions=(*came.caller.assertions, *filter(None, vouched)))

    async def _decided(self, came: _Came, asked: Asked, found: Found, deadline: Deadline) -> Verdicts:
        """Return the verdicts of the subject moment, narrowed by the decision point, where there is one."""
        verdicts = decide(asked.plan, found.by_root, asked.rules, found.evidence)
        verdicts.refused = found.refused
        if self._decision_point is not None:
            view, situation = came.view, came.request.situation
            question = Question(came.caller.consumer, view.id, view.purpose.dpv, situation)
            wanted = asked.plan.coordinates - {asked.rules.rules.canonical}
            await narrow(self._decision_point, verdicts, found.subjects, wanted, question, deadline)
        check_calls(came.view.limits, most_calls(asked.plan, found.subjects, verdicts, asked.arguments))
        return verdicts

    async def _fetched(self, came: _Came, asked: Asked, found: Found, verdicts: Verdicts, call: Call) -> Fetched:
        fetched = await run(
            *(asked.plan, found.subjects, verdicts, self._sources, call, asked.arguments, self._hear),
            now=self._now,
            case=came.request.situation.case,
        )
        verdicts.close()
        return fetched

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

    def explain(
        self, view: View, request: Request, caller: Caller | None = None, level: Level | None = None
    ) -> dict[str, Any]:
        """Return what the request would ask of the sources and show, without asking anything: for customers of a level,
        who were verified just now, or, without one, the most that it can ask.

        Raises:
            RefusedError: The request would not be answered.
        """
        return self._reader.explain(view, request, caller, level)

    async def _record(self, came: _Came, asked: Asked, found: Found, fetched: Fetched, seconds: float) -> None:
        """Write down what is shown; what cannot be written down is not shown."""
        if self._recorder is None:
            return
        request, rules = came.request, asked.rules.rules
        nobodys = found.nobodys_ids(asked.lookups) if self._erased is not None and has_refused(found) else ()
        if self._erased is not None and nobodys:
            found = found.with_erased(asked.lookups, await self._erased(nobodys))
        disclosure = disclose(
            *(rules, came.caller, request.situation, found, fetched), at=came.at, seconds=seconds, request=request.id
        )
        try:
            await self._recorder.record(disclosure)
        except AuditUnavailableError:
            message = "What would be shown cannot be written down, so nothing is shown."
            raise RefusedError(RefusalCode.AUDIT_UNAVAILABLE, message, "Ask again later.") from None


def _redirected(asked: Asked, found: Found) -> list[dict[str, Any]]:
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


def _response(answer: Assembled, redirected: list[dict[str, Any]], receipt: dict[str, Any] | None) -> dict[str, Any]:
    extensions = {
        "withheld": answer.withheld,
        "masked": answer.masked,
        "absent": answer.absent,
        "redirected": redirected,
        "receipt": receipt,
    }
    told = {name: value for name, value in extensions.items() if value}
    errors = {"errors": answer.errors} if answer.errors else {}
    return {"data": answer.data, **errors, **({"extensions": told} if told else {})}

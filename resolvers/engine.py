"""One request through the rooms: document, policy, plan, cross-reference, policy, run, assembly, receipt, record."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

from adapters.adapter import Adapter, Call
from adapters.crossref import CrossReference, Lookup
from adapters.gathering import Gather
from resolvers.analysis import Analysis, measured, timed
from resolvers.analyzed import Analyzing
from resolvers.asking_again import tell_when
from resolvers.assembled import Assembled
from resolvers.assembly import assemble
from resolvers.assuming import NOTHING_ASSUMED, Assumed
from resolvers.calls import calls_of_document, most_calls
from resolvers.canonical_keys import CanonicalKeys
from resolvers.catalog import Catalog
from resolvers.cursors import Cursors
from resolvers.disclosing import disclose, disclose_refusal
from resolvers.disclosure import AuditUnavailableError, Disclosure, Recorder
from resolvers.fetched import Fetched
from resolvers.finding import Found, find
from resolvers.hold_ups import hold_ups
from resolvers.news import Hear
from resolvers.policy import Verdicts, check_calls, check_found, decide, expected
from resolvers.policy.decision_point import DecisionPoint, Question, check_decisions, narrow
from resolvers.rates import Rates
from resolvers.reading import Asked, Reader, Request
from resolvers.readings import Readings
from resolvers.receipt import Receipt, make_receipt
from resolvers.refusals import RefusalCode, RefusedError
from resolvers.relationship import has_refused, in_refusal_time, related
from resolvers.response import redirected, respond, unused
from resolvers.run import run
from resolvers.steps import Coordinates
from resolvers.tally import Answered, Tally, tell_tally
from resolvers.traced import staged, traced
from resolvers.wrong_values import tell_wrong_values
from schema.caller import Caller
from schema.deadline import Clock, Deadline
from schema.model import Model
from schema.observer import NOBODY, Observer
from schema.situation import Situation
from schema.tracing import RequestTrace, Stage
from schema.verification import Assertion
from schema.view_schema import ViewSchema
from schema.views import View
from schema.wall_clock import Now, WallClock

__all__ = ["Engine", "Erased", "Vouch"]

T = TypeVar("T")

Sleep = Callable[[float], Awaitable[None]]
"""Returns after so many seconds. Injected, so that tests own the time."""

Erased = Callable[[Sequence[str]], Awaitable[Collection[str]]]
"""Returns those of some canonical ids whose customers were erased, by the same reads whoever they are."""

Vouch = Callable[[Lookup, float], Assertion | None]
"""Returns what is taken for asserted of whoever is looked up, at a time in seconds since 1970."""

IDENTIFIERS_PER_MINUTE = 60
"""How often a consumer may look up by an identifier, unless the operator says otherwise."""


class _Came(NamedTuple):
    """A request as it came: when it `arrived` by the clock of deadlines, and `at` in seconds since 1970, with the
    assertions that were `sent`; its `trace` where it is sampled, its `analysis` where it is measured."""

    view: View
    request: Request
    caller: Caller
    arrived: float
    at: float
    sent: Sequence[Assertion] = ()
    trace: RequestTrace | None = None
    analysis: Analysis | None = None

    def begin(self, stage: Stage) -> None:
        """Have this stage measured from now until the next one begins, where somebody wants to know."""
        if self.analysis is not None:
            self.analysis.begin(stage)

    def staged(self, stage: Stage, work: Awaitable[T]) -> Awaitable[T]:
        """Return the work, traced and measured as this stage where somebody wants to know."""
        return measured(self.analysis, stage, staged(self.trace, stage, work))

    @property
    def refused_at(self) -> float:
        """Return when an answer leaves that shows somebody nobody, in a view that wants a relationship."""
        return self.arrived + self.refusal_ms / 1000

    @property
    def refusal_ms(self) -> int:
        """Return how long that is after the request has arrived."""
        return self.view.subject.refusal_ms or self.view.limits.deadline_ms


class _Known(NamedTuple):
    """The customers who may be shown, the call for what is asked of them, the gates that were read, and when the answer
    leaves; None: when it is there."""

    found: Found
    call: Call
    readings: Readings | None
    leaves: float | None


class Engine:
    """Answers requests for one model with the adapters and the cross-reference that it is given.

    `rates` counts look-ups by identifiers, those included that its owner has made by other ways. `hear` is told when a
    source says that a key is gone or replaced. `recorder` writes down what is shown, before it leaves; without one
    nothing is written. `now` tells the seconds since 1970, by which verifications grow old, and never goes back; by
    default the system's WallClock. `sleep` is how an answer
    is kept back that refuses a customer for want of a relationship. `decision_point` is asked besides what may be
    shown. `erased` tells the record whose ids were erased: the client is not told. `vouch` says how well customers
    count as verified beside what is asserted: it is for made-up customers alone. `tally` is told what answers came to.
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
        now: Now | None = None,
        sleep: Sleep = asyncio.sleep,
        decision_point: DecisionPoint | None = None,
        erased: Erased | None = None,
        vouch: Vouch | None = None,
        tally: Tally | None = None,
    ) -> None:
        self.model, self.catalog = model, Catalog(adapters)
        self._crossref = CanonicalKeys(crossref) if self.catalog.asks_by_id else crossref
        self._sources = {name: Gather(adapter, clock=clock) for name, adapter in self.catalog.adapters.items()}
        self._cursors = cursors or Cursors()
        self._reader = Reader(model, self.catalog, self._cursors)
        self._observer, self._clock, self._hear = observer, clock, hear
        self._rates = rates or Rates(IDENTIFIERS_PER_MINUTE, clock)
        self._recorder, self._now, self._sleep = recorder, now or WallClock(), sleep
        self._decision_point, self._erased, self._vouch = decision_point, erased, vouch
        self._tally = tally

    def check_situation(self, view: View, situation: Situation) -> None:
        """Refuse a situation that the view is not for, or of which it wants more told. Raises RefusedError."""
        self._reader.check_situation(view, situation)

    def schema_of(self, view: View) -> ViewSchema:
        """Return the view's schema, cut on first use."""
        return self._reader.schema_of(view)

    async def answer(
        self,
        view: View,
        request: Request,
        caller: Caller,
        deadline: Deadline,
        *,
        arrived: float | None = None,
        trace: RequestTrace | None = None,
        analysis: Analysis | None = None,
    ) -> dict[str, Any]:
        """Return the response to a request: `data`, and `errors` and `extensions` where there are any.

        `arrived` is when the request did, by the clock of deadlines; None: now. `trace` is there where it is sampled.
        `analysis` measures it, and is told what it has come to.

        Raises:
            RefusedError: The request is not answered. No source was asked, but for AUDIT_UNAVAILABLE: then what came
                could not be written down.
        """
        came = _Came(view, request, caller, self._clock() if arrived is None else arrived, self._now())
        asked = self._reader.read(view, request, caller, analysis)
        if trace is not None:
            trace.asks("query", asked.operation.name if self._reader.is_prepared(view, request) else None)
        came = came._replace(caller=self._vouched(came, asked), sent=caller.assertions, trace=trace, analysis=analysis)
        if self._decision_point is not None:
            check_decisions(sum(map(len, asked.lookups.values())), _decided_on(asked))
        self._check_document(came, asked)
        self._count_identifiers(caller, asked)
        known = await self._known(came, asked, deadline)
        try:
            return await self._answered(came, asked, known)
        finally:  # also where it is refused after all: when that leaves would tell whether a gate was asked
            await self._leave(known.leaves)

    async def _answered(self, came: _Came, asked: Asked, known: _Known) -> dict[str, Any]:
        """Return the response, once it is recorded."""
        deciding = self._decided(came, asked, known.found, known.call.deadline)
        verdicts = await came.staged(Stage.POLICY, deciding)
        fetched = await self._fetched(came, asked, known, verdicts)
        came.begin(Stage.ASSEMBLE)
        found, leaves = known.found, known.leaves
        if known.readings is not None:
            found = related(found, asked.rules.rules.of_subject, known.readings)
        if leaves is None and found is not known.found:  # a relationship has ended while the sources were asked
            leaves = came.refused_at
        answer = self._assembled(asked, fetched, found)
        if answer.errors:
            tell_wrong_values(self._observer, asked.plan, answer.errors)
            tell_when(asked.plan, answer.errors, self.catalog.limits)
        seconds = (self._clock() if leaves is None else max(self._clock(), leaves)) - came.arrived
        receipt = self._receipt(came, fetched, found, answer, seconds)
        await came.staged(Stage.RECORD, self._record(came, asked, found, fetched, seconds))
        if came.analysis is not None:
            came.analysis.told = self._analyzed(came, asked, fetched, found, answer, seconds).told(came.analysis)
        if self._tally is not None:
            tell_tally(self._tally, Answered(came.view, asked.plan, answer, fetched, known.readings))
        if known.leaves is None:
            await self._leave(leaves)
        return respond(answer, redirected(asked, found), unused(came.sent, asked, found), receipt)

    def _assembled(self, asked: Asked, fetched: Fetched, found: Found) -> Assembled:
        answer = None if asked.schema is None else asked.schema.known()
        if answer is None:
            answer = assemble(asked.operation, fetched, found.by_root, self._cursors, asked.shape)
            if asked.schema is not None:
                asked.schema.keep(answer)
        return answer

    async def _leave(self, at: float | None) -> None:
        """Return when an answer leaves: at once, or at a moment that tells nothing."""
        if at is not None and at > self._clock():
            await self._sleep(at - self._clock())

    def _receipt(
        self, came: _Came, fetched: Fetched, found: Found, answer: Assembled, seconds: float
    ) -> dict[str, Any] | None:
        level, customers = came.request.receipt.at_most(came.view.receipt), found.subjects
        refused, errors = has_refused(found), bool(answer.errors)
        asked = (came.view, level, fetched, customers, seconds, self.catalog.limits)
        return make_receipt(*asked, has_refused=refused, has_errors=errors)

    def _analyzed(
        self, came: _Came, asked: Asked, fetched: Fetched, found: Found, answer: Assembled, seconds: float
    ) -> Analyzing:
        refused = has_refused(found)
        receipt = Receipt(fetched, found.subjects, self.catalog.limits, has_refused=refused)
        customers = len(found.subjects)
        return Analyzing(came.view, asked.plan, answer, receipt, customers, came.arrived, seconds, refused)

    def _check_document(self, came: _Came, asked: Asked) -> None:
        """Refuse what can need more calls than the view allows whoever of those exists who are looked up."""
        profile = expected(asked.plan, asked.rules, came.caller, came.request.situation, came.at)
        given = (asked.lookups, asked.arguments, asked.rules.rules.of_subject)
        check_calls(came.view.limits, calls_of_document(asked.plan, profile, *given))

    def _count_identifiers(self, caller: Caller, asked: Asked) -> None:
        identifiers = sum(lookup.identifier is not None for of_root in asked.lookups.values() for lookup in of_root)
        if identifiers:
            self._rates.take(caller.consumer, identifiers)

    async def _known(self, came: _Came, asked: Asked, deadline: Deadline) -> _Known:
        """Return the customers who may be shown, by the cross-reference and the gates of the subject."""
        rules, situation = asked.rules.rules, came.request.situation
        finding = find(self._crossref, self.model, rules, asked.lookups, came.caller, situation, came.at)
        found = await came.staged(Stage.RESOLVE, finding)
        call = Call(
            deadline,
            came.view.purpose.dpv,
            came.caller.credential,
            is_urgent=came.caller.is_urgent,
            observer=self._observer,
        )
        if not asked.plan.has_gates:
            return _Known(found, call, None, None)
        readings = Readings(
            *(asked.plan.gates, timed(traced(self._sources, came.trace, is_gate=True), came.analysis), call),
            of_subject=rules.of_subject,
            now=self._now,
            situation=situation,
        )
        if not rules.of_subject:
            return _Known(found, call, readings, None)
        sooner = in_refusal_time(call, came.arrived, came.refusal_ms)
        await readings.relate(found.subjects, sooner)
        found = related(found, rules.of_subject, readings)
        if not has_refused(found):
            return _Known(found, call, readings, None)
        return _Known(found, sooner, readings, came.refused_at)

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
            question = Question(came.caller.consumer, view.id, view.purpose.dpv, situation, came.caller.roles)
            wanted = _decided_on(asked)
            await narrow(self._decision_point, verdicts, found.subjects, wanted, question, found.evidence, deadline)
        unknown = sum(of_root.count(None) for of_root in found.by_root.values())
        try:
            check_found(came.view.limits, most_calls(asked.plan, found.subjects, verdicts, asked.arguments, unknown))
        except RefusedError as error:
            await self._record_refusal(came, asked, found, error)
            raise
        return verdicts

    async def _fetched(self, came: _Came, asked: Asked, known: _Known, verdicts: Verdicts) -> Fetched:
        came.begin(Stage.RUN)
        sources = traced(self._sources, came.trace, is_gate=False)
        asking = (asked.plan, known.found.subjects, verdicts, sources, known.call, asked.arguments)
        optional = hold_ups(asked.plan, asked.rules.rules.view.sources)
        watch = None if came.analysis is None else came.analysis.steps
        fetched = await run(*asking, self._hear, readings=known.readings, hold_ups=optional, watch=watch)
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

    def let_go(self, stay: Mapping[View, Collection[str]]) -> None:
        """Let go what was prepared, but of these views the documents that come as one of these texts."""
        self._reader.let_go(stay)

    async def aclose(self) -> None:
        """End what is still asked of the sources. Called once, before the adapters are closed."""
        for source in self._sources.values():
            await source.aclose()

    def explain(
        self, view: View, request: Request, caller: Caller | None = None, assumed: Assumed = NOTHING_ASSUMED
    ) -> dict[str, Any]:
        """Return what the request would ask of the sources and show, without asking anything, for customers of whom
        this is assumed. Under `over` stands which of the view's limits it is over: then it would be refused.

        Raises:
            RefusedError: The request would not be answered, however much the view allowed.
        """
        return self._reader.explain(view, request, caller, assumed)

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
        await _write(self._recorder, disclosure)

    async def _record_refusal(self, came: _Came, asked: Asked, found: Found, error: RefusedError) -> None:
        """Write down of whom it was that a request is refused: to be refused tells that they are found."""
        if self._recorder is None:
            return
        request, seconds = came.request, self._clock() - came.arrived
        disclosure = disclose_refusal(
            *(asked.rules.rules, came.caller, request.situation, found, str(error.code)),
            at=came.at,
            seconds=seconds,
            request=request.id,
        )
        await _write(self._recorder, disclosure)
        error.is_recorded = True


async def _write(recorder: Recorder, disclosure: Disclosure) -> None:
    """Write down what is shown, or of whom a request was refused. Raises RefusedError: it cannot be written."""
    try:
        await recorder.record(disclosure)
    except AuditUnavailableError:
        message = "What would be shown cannot be written down, so nothing is shown."
        raise RefusedError(RefusalCode.AUDIT_UNAVAILABLE, message, "Ask again later.") from None


def _decided_on(asked: Asked) -> Coordinates:
    """Return the coordinates on which a decision point decides: all that are asked for but the id."""
    return asked.plan.coordinates - {asked.rules.rules.canonical}

"""One case asked of the engine, and everything that has to hold of what comes: answer, calls, record, events, log."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from graphql import OperationDefinitionNode, value_from_ast_untyped

from adapters.adapter import Batch
from adapters.answers import SourceError
from adapters.crossref import Lookup
from resolvers import Engine, RefusedError
from resolvers import Request as Asked
from resolvers.disclosure import Disclosed, Disclosure
from resolvers.policy.decision_point import Decision as Ruling
from resolvers.policy.decision_point import DecisionUnavailableError, Question
from schema.caller import Caller
from schema.deadline import Deadline
from schema.masks import Mask
from schema.observer import Event
from schema.reasons import Reason
from schema.views import ReceiptDetail
from tests.resolvers.disclosure.cases import CUSTOMERS, NOW, REFUSAL_MS, Case
from tests.resolvers.disclosure.deciding import Decision
from tests.resolvers.disclosure.marked import Marked
from tests.resolvers.disclosure.searching import written_out
from tests.resolvers.gated import CASES, CONSENTS, CONTACTS, Port
from tests.resolvers.harbour import Harbour, harbour
from tests.resolvers.oracle import expected
from tests.resolvers.queries import Query
from tests.resolvers.test_properties import coordinates, matches, places
from tests.resolvers.vessels import MODEL

__all__ = ["Asking", "Seen", "check", "looked_up"]

_REASONS = {str(reason): reason for reason in Reason}
_WRITTEN = re.compile(r'by: \{id: "(\w+)"\}')
_KINDS = {
    CONSENTS.name: frozenset({"consent", "objection"}),
    CASES.name: frozenset({"case"}),
    CONTACTS.name: frozenset({"interaction"}),
}
_RELATED = {"open-case": CASES.name, "active-interaction": CONTACTS.name}


@dataclass
class Seen:
    """What came of one request: the answer or the refusal, what was recorded, told to the observer and logged."""

    answer: Mapping[str, Any] = field(default_factory=dict)
    refusal: RefusedError | None = None
    recorded: list[Disclosure] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    logged: list[str] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)

    async def record(self, disclosure: Disclosure) -> None:
        self.recorded.append(disclosure)

    def note(self, event: Event) -> None:
        self.events.append(event)

    @cached_property
    def text(self) -> str:
        """All of it that leaves the engine, written out."""
        answer = json.dumps(self.answer, ensure_ascii=False)
        return "\n".join([answer, *map(written_out, (self.recorded, self.events, self.logged, self.questions))])


class _Log(logging.Handler):
    def __init__(self, kept: list[str]) -> None:
        super().__init__(logging.DEBUG)
        self._kept = kept

    def emit(self, record: logging.LogRecord) -> None:
        self._kept.append(f"{record.getMessage()} {record.exc_info} {record.__dict__}")


@dataclass
class Asking:
    """A case over the marked records, on a clock that moves only while the engine sleeps."""

    case: Case
    marked: Marked = field(default_factory=Marked)
    now: float = 50.0
    slept: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        known = (self.case.consents(), self.case.cases(), self.case.subjects(), self.case.contacts())
        self.port = Port(*known)
        self.h = self.marked.into(self.port.harbour)
        self.port.office.answers = {
            standing.keys["office"]: SourceError(Reason.SOURCE_ERROR, "broken")
            for standing in self.case.standings.values()
            if standing.office == "fails"
        }

    async def decide(self, question: Question, _deadline: Deadline) -> Sequence[Ruling]:
        """Decide as the case has it: a decision point that denies, attaches what nobody knows, or is not there."""
        self.seen.questions.append(question)
        if self.case.decides == "fails":
            raise DecisionUnavailableError
        codes = [self.case.request.denied.get((one.customer, one.coordinate)) for one in question.evaluations]
        return [Ruling(code != "POLICY_DENIED", code == "OBLIGATION_UNSUPPORTED") for code in codes]

    async def ask(self, query: Query, *, is_compiled: bool = False) -> Seen:
        """What came of the query; `is_compiled`: of the second time that it is asked, by code that was made for it."""
        self.seen = Seen()
        engine = self._engine()
        if is_compiled:
            query = without_keys(query)
            await self._answered(engine, query)
            self._forget()
        await self._answered(engine, query)
        return self.seen

    async def _answered(self, engine: Engine, query: Query) -> None:
        case, request = self.case, self.case.request
        asked = Asked(query.text, None, query.variables, ReceiptDetail.FIELDS, request.situation, "req-1")
        caller = Caller("bridge-desk", roles=request.roles, assertions=tuple(request.assertions), grant=request.grant)
        kept, log = _Log(self.seen.logged), logging.getLogger()
        level = log.level
        log.addHandler(kept)
        log.setLevel(logging.DEBUG)
        try:
            self.seen.answer = await engine.answer(case.view, asked, caller, Deadline.after(10, clock=self.clock))
        except RefusedError as refused:
            self.seen.refusal = refused
        finally:
            log.setLevel(level)
            log.removeHandler(kept)

    def _forget(self) -> None:
        """Begin anew, with the engine as it has become."""
        for part in (self.seen.recorded, self.seen.events, self.seen.logged, self.seen.questions, self.slept):
            part.clear()
        for source in (*self.h.sources, self.port.office):
            source.batches.clear()
        self.h.crossref.reads = 0

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def _engine(self) -> Engine:
        return Engine(
            MODEL,
            [*self.h.sources, self.port.office],
            self.h.crossref,
            observer=self.seen,
            clock=self.clock,
            recorder=self.seen,
            now=lambda: NOW,
            sleep=self.sleep,
            decision_point=self if self.case.decides != "none" else None,
        )


def without_keys(query: Query) -> Query:
    """The same query with the ids in variables: what is written into a document is never kept."""
    ids = dict.fromkeys(_WRITTEN.findall(query.text))
    names = {found: f"id{number}x" for number, found in enumerate(ids)}
    text = _WRITTEN.sub(lambda found: f"by: ${names[found[1]]}", query.text)
    declared = " ".join(f"${name}: VesselBy!" for name in names.values())
    head = (
        text.replace("query (", f"query ({declared} ", 1)
        if text.startswith("query (")
        else f"query ({declared}) {text}"
    )
    return Query(head if names else text, {**query.variables, **{name: {"id": one} for one, name in names.items()}})


@dataclass(frozen=True)
class _Place:
    """One look-up: the response name of its root field, its place in a list, and whose id or key it names."""

    root: str
    index: int | None
    lookup: Lookup

    @property
    def path(self) -> tuple[str | int, ...]:
        return (self.root,) if self.index is None else (self.root, self.index)


def looked_up(query: Query) -> Iterator[_Place]:
    """The look-ups of a query."""
    (operation,) = (one for one in query.document.definitions if isinstance(one, OperationDefinitionNode))
    for node in operation.selection_set.selections:
        by = value_from_ast_untyped(node.arguments[0].value, dict(query.variables))  # type: ignore[attr-defined]
        for index, one in enumerate(by if isinstance(by, list) else [by]):
            ((source, key),) = one.items()
            yield _Place(
                node.alias.value,  # type: ignore[attr-defined]
                index if isinstance(by, list) else None,
                Lookup(None if source == "id" else source, key),
            )


@dataclass
class Checked:
    """A case that was asked, held against what was decided of it by the plain rules."""

    case: Case
    query: Query
    asking: Asking
    seen: Seen

    def whole(self) -> None:
        """Check all of it."""
        self.is_recorded()
        self.shows_what_the_rules_leave()
        self.says_why()
        self.asks_nothing_that_is_withheld()
        self.asks_gates_for_those_who_wait()
        self.lets_nothing_out()
        self.leaves_in_time()

    @cached_property
    def shown(self) -> frozenset[str]:
        """The customers of whom something may be shown."""
        return frozenset(name for place in self.lookups if (name := self.customer(place)) is not None)

    @cached_property
    def lookups(self) -> Sequence[_Place]:
        return list(looked_up(self.query))

    def named(self, lookup: Lookup) -> str | None:
        """The customer whom a look-up names, shown or not."""
        return next(
            (name for name, one in self.case.standings.items() if one.keys.get(lookup.source) == lookup.key), None
        )

    def customer(self, place: _Place) -> str | None:
        """The customer who is shown for a look-up."""
        name = self.named(place.lookup)
        if name is None or self.case.unbound(place.lookup) or self.case.refused(name):
            return None
        return name

    @cached_property
    def recorded(self) -> Mapping[str, Disclosed]:
        (disclosure,) = self.seen.recorded
        shown = (one for one in disclosure.customers if one.refused is None)
        return {one.customer: one for one in shown if one.customer is not None}

    @cached_property
    def decided(self) -> Mapping[str, Mapping[str, Decision]]:
        """What holds of every coordinate of those who are shown, whether it is asked or not."""
        return {name: self.case.decisions(name, frozenset(one.effects)) for name, one in self.recorded.items()}

    @cached_property
    def withheld(self) -> Mapping[str, frozenset[str]]:
        """The coordinates that are withheld of each customer who is shown."""
        return {
            name: frozenset(one for one, decision in decided.items() if decision.is_withheld)
            for name, decided in self.decided.items()
        }

    @cached_property
    def masks(self) -> Mapping[str, Mapping[str, Mask]]:
        """How texts of each customer are shown."""
        return {
            name: {one: Mask(decision.mask) for one, decision in decided.items() if decision.mask is not None}
            for name, decided in self.decided.items()
        }

    def is_recorded(self) -> None:
        """Of every customer who is shown, with the effect on each coordinate and its codes; and why others are not."""
        (disclosure,) = self.seen.recorded
        assert self.recorded.keys() == self.shown
        for name, one in self.recorded.items():
            for coordinate, effect in one.effects.items():
                wanted = self.decided[name][coordinate]
                codes = wanted.codes or ((wanted.masked_by,) if wanted.mask else ())
                kind = "withhold" if wanted.codes else "transform" if wanted.mask else "allow"
                assert (effect.effect, tuple(map(str, effect.codes))) == (kind, codes), (name, coordinate)
        refused = [self.cause(place) for place in self.lookups if self.customer(place) is None]
        assert sorted(str(one.refused) for one in disclosure.customers if one.refused is not None) == sorted(refused)

    def cause(self, place: _Place) -> str:
        """Why a look-up shows nobody."""
        name, unbound = self.named(place.lookup), self.case.unbound(place.lookup)
        return unbound or (name and self.case.refused(name)) or "SUBJECT_UNKNOWN"

    def shows_what_the_rules_leave(self) -> None:
        """Each customer by itself: what is withheld is null, what is masked is masked, all else is there."""
        assert self.seen.answer["data"] == self.wanted

    @cached_property
    def wanted(self) -> Any:
        hidden = {name: self.withheld[name] if name in self.shown else frozenset({"*"}) for name in CUSTOMERS}
        data = expected(self.records(hidden), self.query, masks_of=self.masks)
        for place in self.lookups:
            if self.customer(place) is None:
                if place.index is None:
                    data[place.root] = None
                else:
                    data[place.root][place.index] = None
        return data

    def records(self, hidden: Mapping[str, frozenset[str]]) -> Harbour:
        return self.asking.marked.into(harbour(self.case.plainly(hidden)))

    def says_why(self) -> None:
        """Every null that a verdict made has an entry with the first code, and no entry says anything else."""
        entries = self.seen.answer.get("extensions", {}).get("withheld", ())
        for entry in entries:
            reason = _REASONS[entry["code"]]
            assert (entry["message"], entry["remedy"]) == (reason.message, reason.remedy)
            for path in entry["paths"]:
                self._is_why(entry, path)
        paths = [(path, False) for entry in entries for path in entry["paths"]]
        paths += [(error["path"], True) for error in self.seen.answer.get("errors", ())]
        full = dict(places(expected(self.records(dict.fromkeys(CUSTOMERS, frozenset())), self.query)))
        for path, value in places(self.seen.answer["data"]):
            if value is None and full.get(path) is not None:
                assert any(matches(told, path) for told in paths), path

    def _is_why(self, entry: Mapping[str, Any], pattern: Sequence[str | int]) -> None:
        """Check one path of an entry against the verdicts on the customers who stand where it leads."""
        nulls = [path for path, value in places(self.seen.answer["data"]) if value is None]
        found = [path for path in nulls if matches((list(pattern), False), path)]
        # what may not be null has taken along what is around it
        found = found or [path for path in nulls if matches((list(pattern), True), path)]
        assert found, entry
        for path in found:
            (place,) = (one for one in self.lookups if one.path == path[: len(one.path)])
            name = self.customer(place)
            if name is None:
                assert (path, entry["code"]) == (place.path, self.case.unbound(place.lookup) or "SUBJECT_UNKNOWN")
            else:
                wanted = self.decided[name][entry["coordinate"]]
                assert wanted.codes[:1] == (entry["code"],), (name, entry)
                told = entry.get("stepUp") and (entry["stepUp"]["required"], entry["stepUp"]["current"])
                if told and wanted.step_up:  # of an object or a list: what shows something of what was asked of it
                    assert told[0] >= wanted.step_up[0], (name, entry)
                    told = (wanted.step_up[0], told[1])
                assert told == wanted.step_up, (name, entry)

    def asks_nothing_that_is_withheld(self) -> None:
        """Every key that goes out is a customer's who is shown, by a way that is open, for fields that are open."""
        for batch in self.asking.h.batches:
            for key in batch.keys:
                name, way = self.asking.marked.keys[key]
                assert name in self.shown, (name, batch)
                assert way.isdisjoint(self.withheld[name]), (name, batch)
                for path in batch.fields or ("",):
                    assert _standing(batch, path).isdisjoint(self.withheld[name]), (name, batch)

    def asks_gates_for_those_who_wait(self) -> None:
        """One call of each kind, for those alone of whom something that is asked waits, or, where the whole view does,
        for all who are looked up; none for an interaction that is not told; one read of who is meant."""
        asked_for = {self.named(place.lookup) for place in self.lookups if self.case.unbound(place.lookup) is None}
        related = _RELATED.get(self.case.declared["subject"].get("relationship"))
        batches = self.asking.port.office.batches
        for offer, kinds in _KINDS.items():
            of_offer = [batch for batch in batches if batch.offer.name == offer]
            assert len(of_offer) <= 1
            assert not of_offer or offer != CONTACTS.name or self.case.request.situation.interaction
            for key in (key for batch in of_offer for key in batch.keys):
                name = self.asking.marked.keys[key][0]
                assert name in asked_for
                if offer != related:
                    assert any(self.case.waits(name, one, kinds) for one in self.recorded[name].effects), (name, key)
        asks_somebody = any(self.case.unbound(place.lookup) is None for place in self.lookups)
        assert self.asking.h.crossref.reads == int(asks_somebody)

    def lets_nothing_out(self) -> None:
        """No value that is withheld is anywhere: in the answer, the record, the events, the log, or the questions to a
        decision point; and none that is masked stands there whole. Keys of sources are nowhere."""
        for mark in self.asking.marked.marks:
            if mark.customer not in self.shown or mark.route & self.withheld[mark.customer]:
                assert mark.token not in self.seen.text, mark
            elif any(one in self.masks[mark.customer] for one in mark.route):
                assert mark.text not in self.seen.text, mark
        told = json.dumps([self.seen.answer.get("extensions"), self.seen.answer.get("errors")])
        told += written_out([self.seen.events, self.seen.logged, self.seen.questions])
        assert not [key for key in self.asking.marked.keys if key in told]

    def leaves_in_time(self) -> None:
        """At the view's own moment, where it refuses for want of a case; else at once."""
        is_refused = any(self.customer(place) is None for place in self.lookups)
        is_late = is_refused and bool(self.case.declared["subject"].get("relationship"))
        assert [round(one, 6) for one in self.asking.slept] == ([REFUSAL_MS / 1000] if is_late else [])


def _standing(batch: Batch, path: str) -> set[str]:
    """The coordinates of what a batch asks at a path, or, with none, of its being there."""
    if path:
        return coordinates(batch, path)
    return {batch.offer.serves} if batch.offer.is_list else set()


async def check(case: Case, query: Query, *, is_compiled: bool = False) -> bool:
    """Ask a case and check all of it; return whether it was answered."""
    asking = Asking(case)
    seen = await asking.ask(query, is_compiled=is_compiled)
    if seen.refusal is not None:
        assert str(seen.refusal.code) == "VIEW_SUBJECTS"
        assert case.declared["subject"].get("mode")
        assert asking.h.crossref.reads == 0
        assert not asking.port.asked
        return False
    Checked(case, query, asking, seen).whole()
    return True

"""No call starts later than a second after the gate was read that lets it, whatever it has waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pytest

from adapters.adapter import Adapter, Batch, Call
from adapters.answers import Answer, Key, Missing
from adapters.matching import Ends, PageEnd
from adapters.offers import Offer
from adapters.protocol import ProtocolAdapter
from adapters.sending import Ask
from resolvers import Engine, Request
from resolvers.policy.decision_point import Decision, Question
from schema.caller import Caller
from schema.deadline import Deadline
from schema.reasons import Reason
from schema.views import View
from tests.resolvers.fleet import Raw, ships, voyages
from tests.resolvers.gated import CASES, CONSENTS, EMAIL, case, consent, gated, ship, withheld
from tests.resolvers.harbour import MemoryCrossReference, MemorySource
from tests.resolvers.verified import Memory
from tests.resolvers.vessels import MODEL, VESSELS, VOYAGES

SHIPS = Offer(name="ships", serves="Vessel", record=VESSELS.record, key="imo", keyspace="", absent=Missing)
NOTES = {"Voyage.isRough": {"consent": EMAIL}, "Voyage.number": {"consent": EMAIL}}
ONE = '{ vessel(by: {id: "v1"}) { voyages(first: 7) { nodes { number isRough } } } }'


class Clock:
    """A clock that the test moves on."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Logbook(ProtocolAdapter[Ask, Sequence[Raw]]):
    """The registry's voyages and the sonar's soundings, each call of which takes `takes` seconds of the clock.

    `started` holds when each call started and what it asked; `during` is called in each call.
    """

    def __init__(self, clock: Clock, takes: float, **more: Any) -> None:
        super().__init__("registry", [VOYAGES, *more.pop("offers", ())], **more)
        self.clock, self.takes = clock, takes
        self.started: list[tuple[float, tuple[str, ...], tuple[Key, ...]]] = []
        self.during: Callable[[], None] = lambda: None

    def _asks(self, batch: Batch, keys: Sequence[Key]) -> Ask:
        return Ask(batch, keys)

    async def _make(self, ask: Ask, call: Call) -> Sequence[Raw]:
        self.started.append((self.clock.now, ask.batch.fields, tuple(ask.keys)))
        self.during()
        await asyncio.sleep(0)
        self.clock.now += self.takes
        found = voyages()
        assert ask.batch.slice is not None
        start = int(ask.batch.slice.after or 0)
        return [raw for key in ask.keys for raw in found[key][start : start + ask.batch.slice.first + 1]]

    def _records(self, ask: Ask, reply: Sequence[Raw]) -> Iterable[object]:
        return reply

    def _ends(self, ask: Ask, reply: Sequence[Raw]) -> Ends:
        part = ask.batch.slice
        assert part is not None
        start = int(part.after or 0)

        def end(_key: Key, raws: Sequence[Mapping[str, Any]]) -> PageEnd:
            page = raws[: part.first]
            return PageEnd(page, str(start + len(page)), len(raws) > part.first)

        return end


class Office(MemorySource):
    """The owner of consents, which notes when it is asked. A call takes `takes` seconds of the clock."""

    def __init__(self, clock: Clock, *consents: Raw, takes: float = 0.0) -> None:
        records: dict[Key, list[Raw]] = {}
        for one in consents:
            records.setdefault(one["ship"], []).append(one)
        super().__init__("office", (CONSENTS, CASES), {"consents": records, "cases": {}})
        self.clock, self.takes, self.read_at = clock, takes, list[float]()

    async def fetch(self, batch: Batch, call: Call) -> Mapping[Key, Answer]:
        self.read_at.append(self.clock.now)
        answers = await super().fetch(batch, call)
        self.clock.now += self.takes
        return answers

    def withdraw(self, key: Key) -> None:
        self.records["consents"][key] = [consent(key, "withdrawn")]


def engine(clock: Clock, *adapters: Adapter, **more: Any) -> Engine:
    crossref = MemoryCrossReference({f"v{n}": ship(n) for n in range(1, 4)})
    return Engine(MODEL, adapters, crossref, clock=clock, now=lambda: 1.8e9, **more)


async def answered(asked: Engine, query: str, view: View, clock: Clock, **variables: Any) -> dict[str, Any]:
    async with asyncio.timeout(10):
        request = Request(query, variables=variables)
        return await asked.answer(view, request, Caller("bridge-desk"), Deadline.after(60, clock=clock))


async def test_a_page_that_starts_too_late_has_the_gate_read_again() -> None:
    """Seven voyages are three pages: the third starts 1.2 seconds after the gate was read."""
    clock = Clock()
    office, registry = Office(clock, consent("O1", "given")), Logbook(clock, 0.6)
    answer = await answered(engine(clock, office, registry), ONE, gated(NOTES), clock)
    assert [one["number"] for one in answer["data"]["vessel"]["voyages"]["nodes"]] == [1, 2, 3, 4, 5, 6, 7]
    assert [round(at - 1_000, 3) for at, _, _ in registry.started] == [0.0, 0.6, 1.2]
    assert [round(at - 1_000, 3) for at in office.read_at] == [0.0, 1.2]


@pytest.mark.parametrize("takes", [0.3, 0.6, 0.9, 1.1])
async def test_no_call_starts_a_second_after_a_withdrawal(takes: float) -> None:
    """Whatever each call takes; what was fetched until then is withheld as well."""
    clock = Clock()
    office, registry = Office(clock, consent("O1", "given")), Logbook(clock, takes)
    registry.during = lambda: office.withdraw("O1")
    answer = await answered(engine(clock, office, registry), ONE, gated(NOTES), clock)
    withdrawn_at = registry.started[0][0]
    assert all(at <= withdrawn_at + 1.0 for at, _, _ in registry.started)
    late = [at for at in (withdrawn_at + takes * page for page in range(3)) if at > withdrawn_at + 1.0]
    assert len(registry.started) == 3 - len(late)
    if late:
        assert withheld(answer) == {"Voyage.isRough": "CONSENT_WITHDRAWN", "Voyage.number": "CONSENT_WITHDRAWN"}
        assert answer["data"] == {"vessel": {"voyages": None}}
        assert "errors" not in answer


async def test_what_waits_for_no_gate_is_asked_again_without_what_was_withdrawn() -> None:
    """A list of which only one field waits comes without it."""
    clock = Clock()
    office, registry = Office(clock, consent("O1", "given")), Logbook(clock, 0.6)
    registry.during = lambda: office.withdraw("O1")
    view = gated({"Voyage.isRough": {"consent": EMAIL}})
    answer = await answered(engine(clock, office, registry), ONE, view, clock)
    nodes = answer["data"]["vessel"]["voyages"]["nodes"]
    assert nodes == [{"number": number, "isRough": None} for number in range(1, 8)]
    assert withheld(answer) == {"Voyage.isRough": "CONSENT_WITHDRAWN"}
    both, number = ("is_rough", "number"), ("number",)
    assert [fields for _, fields, _ in registry.started] == [both, both, number, number, number]


@pytest.mark.parametrize("is_compiled", [False, True])
async def test_what_was_fetched_before_a_withdrawal_is_shown_but_for_what_was_withdrawn(*, is_compiled: bool) -> None:
    """A record was asked for two fields; when one of them is taken back, the other one is there as it came."""
    clock = Clock()
    office, registry = Office(clock, consent("O1", "given")), Logbook(clock, 0.6)
    registry.during = lambda: office.withdraw("O1")
    records = MemorySource("ships", (SHIPS,), {"ships": {"R1": ships()["R1"]}})
    asked = engine(clock, office, registry, records)
    fields = "callSign size { length beam } voyages(first: 7) { nodes { number } }"
    query = f"query ($by: VesselBy!) {{ vessel(by: $by) {{ {fields} }} }}"
    view = gated(NOTES | {"Size.length": {"consent": EMAIL}})
    if is_compiled:
        asked.prepare(view, query)
    answer = await answered(asked, query, view, clock, by={"id": "v1"})
    assert answer["data"]["vessel"] == {"callSign": "Anna-1", "size": {"length": None, "beam": 12}, "voyages": None}
    assert withheld(answer) == {"Size.length": "CONSENT_WITHDRAWN", "Voyage.number": "CONSENT_WITHDRAWN"}
    assert "errors" not in answer
    assert [batch.fields for batch in records.batches] == [("call_sign",), ("size.beam", "size.length")]


async def test_a_call_that_waited_for_its_turn_is_held_against_the_gate_again() -> None:
    """Two customers, one call at a time: while the first is asked for two seconds, the second withdraws."""
    clock = Clock()
    office = Office(clock, consent("O1", "given"), consent("O2", "given"), consent("O3", "given"))
    registry = Logbook(clock, 2.0, at_once=1)
    registry.during = lambda: office.withdraw("O2")
    lists = [f'v{n}: vessel(by: {{id: "v{n}"}}) {{ voyages(first: {n}) {{ nodes {{ number }} }} }}' for n in (1, 2, 3)]
    query = f"{{ {' '.join(lists)} }}"
    answer = await answered(engine(clock, office, registry), query, gated(NOTES), clock)
    assert [keys for _, _, keys in registry.started] == [("R1",), ("R3",)]
    assert [answer["data"][name] and answer["data"][name]["voyages"] for name in ("v1", "v2", "v3")] == [
        {"nodes": [{"number": 1}]},
        None,
        {"nodes": []},
    ]
    assert withheld(answer) == {"Voyage.number": "CONSENT_WITHDRAWN"}
    assert [round(at - 1_000, 3) for at in office.read_at] == [0.0, 2.0]
    assert [batch.keys for batch in office.batches] == [("O1", "O2", "O3")] * 2


async def test_of_a_batch_those_alone_are_asked_who_still_agree() -> None:
    """One customer of a call has withdrawn while it waited: the call goes out without that key."""
    clock = Clock()
    office = Office(clock, consent("O1", "given"), consent("O2", "given"), consent("O3", "given"))
    registry = Logbook(clock, 2.0, at_once=1)
    registry.during = lambda: office.withdraw("O2")
    query = """{ a: vessels(by: [{id: "v1"}]) { voyages(first: 1) { nodes { number } } }
        b: vessels(by: [{id: "v2"}, {id: "v3"}]) { voyages(first: 2) { nodes { number } } } }"""
    answer = await answered(engine(clock, office, registry), query, gated(NOTES), clock)
    assert [keys for _, _, keys in registry.started] == [("R1",), ("R3",)]
    assert answer["data"]["b"] == [{"voyages": None}, {"voyages": {"nodes": []}}]
    assert withheld(answer) == {"Voyage.number": "CONSENT_WITHDRAWN"}


async def test_a_gate_that_takes_longer_than_a_second_opens_nothing() -> None:
    """What it said was older than a second when it came."""
    clock = Clock()
    office, registry = Office(clock, consent("O1", "given"), takes=1.1), Logbook(clock, 0.1)
    answer = await answered(engine(clock, office, registry), ONE, gated(NOTES), clock)
    assert withheld(answer) == {"Voyage.isRough": "CONSENT_UNKNOWN", "Voyage.number": "CONSENT_UNKNOWN"}
    assert registry.started == []


async def test_a_source_that_owns_its_own_gate_is_not_locked_by_it() -> None:
    """With one call at a time the gate is read again while no call holds the turn."""
    clock = Clock()
    registry = Owner(clock, 0.6, offers=[CONSENTS], at_once=1)
    crossref = MemoryCrossReference({"v1": ship(1)})
    asked = Engine(MODEL, [registry], crossref, clock=clock, now=lambda: 1.8e9)
    answer = await answered(asked, ONE, gated(NOTES), clock)
    assert len(answer["data"]["vessel"]["voyages"]["nodes"]) == 7
    assert registry.gates_read == 2


DESK = {"relationship": "open-case", "refusal_ms": 500}


def with_cases(clock: Clock, *consents: Raw) -> Office:
    office = Office(clock, *consents)
    office.records["cases"] = {key: [case(key)] for key in ("O1", "O2")}
    return office


@pytest.mark.parametrize("takes", [0.3, 0.6, 0.9, 1.1])
@pytest.mark.parametrize("fields", [{}, {"Voyage.number": {"relationship": "open-case"}}], ids=["view", "field too"])
async def test_no_call_of_a_view_starts_a_second_after_a_case_was_closed(takes: float, fields: dict[str, Any]) -> None:
    """Then nobody is shown any more, whatever had come by then; the record holds why, and whose calls were made."""
    clock, kept = Clock(), Memory()
    office, registry = with_cases(clock), Logbook(clock, takes)
    registry.during = lambda: office.records["cases"].update(O1=[case("O1", is_open=False)])
    asked = engine(clock, office, registry, recorder=kept)
    answer = await answered(asked, ONE, gated(fields, subject=DESK), clock)
    closed_at = registry.started[0][0]
    assert all(at <= closed_at + 1.0 for at, _, _ in registry.started)
    is_late = closed_at + 2 * takes > closed_at + 1.0
    assert len(office.batches) == 1 + is_late
    (record,) = kept.kept
    assert record.sources == {"office": 1 + is_late, "registry": len(registry.started)}
    assert (answer["data"]["vessel"] is None) is is_late
    assert [one.refused for one in record.customers] == [Reason.RELATIONSHIP_REQUIRED if is_late else None]
    if is_late:
        (told,) = answer["extensions"]["withheld"]
        assert (told["code"], told["coordinate"]) == ("SUBJECT_UNKNOWN", "Query.vessel")
        assert "errors" not in answer


async def test_a_case_is_asked_again_once_for_all_and_who_has_one_is_shown() -> None:
    """Of two customers one has lost it; the third page of the other comes."""
    clock = Clock()
    office, registry = with_cases(clock), Logbook(clock, 0.6)
    registry.during = lambda: office.records["cases"].update(O2=[case("O2", is_open=False)])
    query = ONE.replace('vessel(by: {id: "v1"})', 'vessels(by: [{id: "v1"}, {id: "v2"}])')
    answer = await answered(engine(clock, office, registry), query, gated({}, subject=DESK), clock)
    first, second = answer["data"]["vessels"]
    assert (len(first["voyages"]["nodes"]), second) == (7, None)
    assert [(batch.offer.name, batch.keys) for batch in office.batches] == [("cases", ("O1", "O2"))] * 2


async def test_a_gate_is_not_asked_either_of_whom_the_case_was_closed() -> None:
    """Between the case and the consent a decision point takes its time."""
    clock = Clock()
    office, registry = with_cases(clock, consent("O1", "given"), consent("O2", "given")), Logbook(clock, 0.1)

    class Slow:
        async def decide(self, question: Question, _deadline: Deadline) -> Sequence[Decision]:
            clock.now += 1.5
            office.records["cases"]["O1"] = [case("O1", is_open=False)]
            return [Decision(True) for _ in question.evaluations]

    query = ONE.replace('vessel(by: {id: "v1"})', 'vessels(by: [{id: "v1"}, {id: "v2"}])')
    asked = engine(clock, office, registry, decision_point=Slow())
    answer = await answered(asked, query, gated(NOTES, subject=DESK), clock)
    assert [one is None for one in answer["data"]["vessels"]] == [True, False]
    assert [(batch.offer.name, batch.keys) for batch in office.batches] == [
        ("cases", ("O1", "O2")),
        ("cases", ("O1", "O2")),
        ("consents", ("O2",)),
    ]


class Owner(Logbook):
    """Owns the consents as well."""

    gates_read = 0

    async def _make(self, ask: Ask, call: Call) -> Sequence[Raw]:
        if ask.batch.offer is CONSENTS:
            self.gates_read += 1
            return [consent(key, "given") for key in ask.keys]
        return await super()._make(ask, call)


async def test_an_ask_that_a_gate_has_opened_is_shared_with_nobody() -> None:
    """Two requests at once are two calls: each is held against its own customers' gates."""
    clock = Clock()
    office, registry = Office(clock, consent("O1", "given")), Logbook(clock, 0.0)
    asked, view = engine(clock, office, registry), gated(NOTES)
    await asyncio.gather(*(answered(asked, ONE, view, clock) for _ in range(2)))
    assert len(registry.started) == 6
    assert len(office.batches) == 1, "the gate itself may be asked for both"


async def test_for_real_a_withdrawal_stops_what_starts_a_second_later() -> None:
    """With the machine's own clock: the second page would start 1.3 seconds after the gate was read."""
    office = MemorySource("office", (CONSENTS,), {"consents": {"O1": [consent("O1", "given")]}})
    loop = asyncio.get_running_loop()

    class Slow(Logbook):
        async def _make(self, ask: Ask, call: Call) -> Sequence[Raw]:
            await asyncio.sleep(1.3)
            return await super()._make(ask, call)

    registry = Slow(Clock(), 0.0)
    crossref = MemoryCrossReference({"v1": ship(1)})
    asked = Engine(MODEL, [office, registry], crossref)
    loop.call_later(0.1, lambda: office.records["consents"].update(O1=[consent("O1", "withdrawn")]))
    view, request = gated(NOTES, limits={"deadline_ms": 10_000}), Request(ONE)
    answer = await asked.answer(view, request, Caller("bridge-desk"), Deadline.after(10))
    assert withheld(answer) == {"Voyage.isRough": "CONSENT_WITHDRAWN", "Voyage.number": "CONSENT_WITHDRAWN"}
    assert len(registry.started) == 1
    assert [batch.keys for batch in office.batches] == [("O1",), ("O1",)]

"""A source that the answer can do without holds it up for so long and no longer, on a clock of the test's own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import pytest

from adapters.adapter import Batch, Call
from adapters.answers import Answer, Key
from adapters.observed import Observed as OnTheWire
from adapters.sending import Ask, Wire
from resolvers import Engine, Request
from resolvers.hold_ups import ALL_REQUIRED, hold_ups
from resolvers.plan import Plan
from schema.caller import Caller
from schema.deadline import Deadline
from schema.observer import NOBODY, Event, Failed, Observer, Sent
from schema.reasons import Reason
from schema.view_rules import SourceRule
from schema.views import ReceiptDetail, View
from tests.resolvers.gated import Port, consent
from tests.resolvers.harbour import Harbour, MemorySource, harbour
from tests.resolvers.vessels import MODEL, view
from tests.virtual_time import run_virtually

QUERY = '{ vessel(by: {id: "v1"}) { name draught log { line } } }'
"""The name is the registry's, the draught the sonar's, and the log is found by what the sonar says."""


class Slow:
    """Makes a source take so many seconds."""

    def __init__(self, source: MemorySource, seconds: float) -> None:
        self.seconds, self.cut, self._fetch = seconds, 0, source.fetch
        source.fetch = self.fetch  # type: ignore[method-assign]

    async def fetch(self, batch: Batch, call: Call) -> Mapping[Key, Answer]:
        try:
            await asyncio.sleep(self.seconds)
        except asyncio.CancelledError:
            self.cut += 1
            raise
        return await self._fetch(batch, call)


class Hanging:
    """Makes a source one whose calls leave the gateway and are never answered."""

    def __init__(self, source: MemorySource) -> None:
        self._name = source.source
        source.fetch = self.fetch  # type: ignore[method-assign]

    async def fetch(self, batch: Batch, call: Call) -> Mapping[Key, Answer]:
        wire: Wire[Ask, Mapping[Key, Answer]] = Wire(self._never)
        sending = OnTheWire(wire, self._name, asyncio.get_running_loop().time)
        return await sending.send(Ask(batch, batch.keys), call)

    async def _never(self, ask: Ask, call: Call) -> Mapping[Key, Answer]:
        await asyncio.sleep(3_600)
        return {}


class Observed:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def note(self, event: Event) -> None:
        self.events.append(event)


def optional(**milliseconds: int) -> View:
    return view(sources={name: {"holds_up_ms": most} for name, most in milliseconds.items()})


async def timed(
    house: Harbour,
    through: View,
    query: str = QUERY,
    seconds: float = 10.0,
    observer: Observer = NOBODY,
    receipt: ReceiptDetail = ReceiptDetail.NONE,
) -> tuple[dict[str, Any], int]:
    """Return the answer, and how many milliseconds it took, by the clock of the loop."""
    loop = asyncio.get_running_loop()
    started, adapters = loop.time(), house.engine.catalog.adapters.values()
    engine = Engine(MODEL, adapters, house.crossref, clock=loop.time, observer=observer)
    until = Deadline.after(seconds, clock=loop.time)
    answer = await engine.answer(through, Request(query, receipt=receipt), Caller("bridge-desk"), until)
    return answer, round((loop.time() - started) * 1000)


def virtually(work: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """Run a test on virtual time."""

    def run() -> None:
        run_virtually(work())

    run.__doc__ = work.__doc__
    return run


def errors(answer: Mapping[str, Any]) -> list[tuple[list[str | int], str, object]]:
    return [
        (one["path"], one["extensions"]["code"], one["extensions"].get("optional")) for one in answer.get("errors", ())
    ]


@virtually
async def test_an_optional_source_holds_up_the_answer_for_so_long_and_no_longer() -> None:
    """200 ms from when everything that is required has answered; what is missing says that it was not waited for."""
    house = harbour()
    Slow(house.registry, 0.5)
    sonar = Slow(house.sonar, 3)
    answer, took = await timed(house, optional(sonar=200))
    assert took == 700
    assert answer["data"] == {"vessel": {"name": "Anna", "draught": None, "log": None}}
    late = "DEADLINE_EXCEEDED"
    assert errors(answer) == [(["vessel", "draught"], late, True), (["vessel", "log"], late, True)]
    said = "The answer can do without this source, and waited for it no longer."
    assert {(one["message"], one["extensions"]["remedy"]) for one in answer["errors"]} == {
        (said, "Ask again later, or do without.")
    }
    await asyncio.sleep(0)
    assert (sonar.cut, house.calls) == (1, {"registry": 1})


@virtually
async def test_a_source_that_is_not_named_is_waited_for() -> None:
    """Until the deadline, which is not the hold-up: its errors do not say that they are optional."""
    house = harbour()
    Slow(house.registry, 3)
    Slow(house.sonar, 0.1)
    answer, took = await timed(house, optional(sonar=0))
    assert (answer["data"]["vessel"]["name"], took, errors(answer)) == ("Anna", 3000, [])
    Slow(house.registry, 30)
    answer, took = await timed(house, optional(sonar=0), seconds=1)
    assert errors(answer) == [(["vessel", "name"], "DEADLINE_EXCEEDED", None)]
    assert 1000 <= took < 1010


@virtually
async def test_an_optional_source_that_answers_in_time_is_shown() -> None:
    """The answer leaves as soon as everything is there."""
    house = harbour()
    Slow(house.sonar, 0.1)
    answer, took = await timed(house, optional(sonar=200))
    assert answer["data"]["vessel"]["draught"] is not None
    assert (took, errors(answer)) == (100, [])


@virtually
async def test_each_source_has_its_own_time() -> None:
    """One is left after 100 ms, the other is waited for up to 400."""
    house = harbour()
    Slow(house.sonar, 3)
    Slow(house.registry, 0.3)
    answer, took = await timed(house, optional(sonar=100, registry=400))
    assert (answer["data"]["vessel"], took) == ({"name": "Anna", "draught": None, "log": None}, 300)


@virtually
async def test_what_depends_on_an_optional_source_is_optional_too() -> None:
    """The log, found by what the sonar says: its source is not named, and the answer does not wait for it longer."""
    house = harbour()
    Slow(house.sonar, 0.1)
    logs = Slow(house.logs, 3)
    answer, took = await timed(house, optional(sonar=200))
    assert took == 200
    assert answer["data"]["vessel"]["draught"] is not None
    assert errors(answer) == [(["vessel", "log"], "DEADLINE_EXCEEDED", True)]
    await asyncio.sleep(0)
    assert logs.cut == 1


@virtually
async def test_a_step_whose_time_is_over_is_not_asked_any_more() -> None:
    """The log may hold up for 50 ms, and what it is found by comes after 100: nobody would wait for it."""
    house = harbour()
    Slow(house.sonar, 0.1)
    answer, took = await timed(house, optional(sonar=200, logs=50))
    assert (took, answer["data"]["vessel"]["log"], house.logs.batches) == (100, None, [])
    assert errors(answer) == [(["vessel", "log"], "DEADLINE_EXCEEDED", True)]


@virtually
async def test_without_a_time_nothing_waits_and_nothing_is_asked_in_vain() -> None:
    """holds_up_ms: 0 where nothing else is asked: the answer leaves, and no call was made."""
    house = harbour()
    answer, took = await timed(house, optional(sonar=0), '{ vessel(by: {id: "v1"}) { id draught } }')
    assert (answer["data"], took, house.calls) == ({"vessel": {"id": "v1", "draught": None}}, 0, {})


@virtually
async def test_a_required_step_behind_a_required_one_is_waited_for() -> None:
    """That it has not begun yet, while only what is optional is under way, cannot happen: it begins at once."""
    house = harbour()
    Slow(house.sonar, 9)
    Slow(house.registry, 0.2)
    Slow(house.states, 0.2)
    answer, took = await timed(house, optional(sonar=100), '{ vessel(by: {id: "v1"}) { draught flag { state } } }')
    assert (answer["data"]["vessel"], took) == ({"draught": None, "flag": {"state": "Netherlands"}}, 500)


@virtually
async def test_of_a_list_each_entry_says_so() -> None:
    """One error a null, each with the word."""
    house = harbour()
    Slow(house.sonar, 9)
    answer, _ = await timed(house, optional(sonar=10), '{ vessels(by: [{id: "v1"}, {id: "v2"}]) { name draught } }')
    assert errors(answer) == [(["vessels", n, "draught"], "DEADLINE_EXCEEDED", True) for n in (0, 1)]


@virtually
async def test_fields_that_turn_out_to_ask_the_same_say_so_both() -> None:
    """They are one step, which stands in two places."""
    house = harbour()
    Slow(house.registry, 9)
    fields = "a: voyages(first: 2) { nodes { number } } b: voyages(first: $n) { nodes { number } }"
    through, loop = optional(registry=10), asyncio.get_running_loop()
    engine = Engine(MODEL, house.engine.catalog.adapters.values(), house.crossref, clock=loop.time)
    request = Request(f'query ($n: Int) {{ vessel(by: {{id: "v1"}}) {{ {fields} }} }}', variables={"n": 2})
    answer = await engine.answer(through, request, Caller("bridge-desk"), Deadline.after(5.0, clock=loop.time))
    assert errors(answer) == [(["vessel", name], "DEADLINE_EXCEEDED", True) for name in "ab"]


@virtually
async def test_operators_are_told_why() -> None:
    """With a detail of its own."""
    house = harbour()
    observed = Observed()
    Slow(house.sonar, 9)
    await timed(house, optional(sonar=10), observer=observed)
    failed = [one for one in observed.events if isinstance(one, Failed)]
    detail = "the answer can do without the source, and waits for it no longer"
    assert [(one.source, one.reason, one.detail) for one in failed] == [("sonar", Reason.DEADLINE_EXCEEDED, detail)]


@pytest.mark.parametrize(("sources", "ms"), [({"sonar": 200}, 200.0), ({}, 1_005.0)])
def test_a_call_that_has_left_the_gateway_is_told(sources: dict[str, int], ms: float) -> None:
    """In the receipt of who did not wait for it, and once to operators: its keys were asked of the source."""

    async def story() -> None:
        house, observed = harbour(), Observed()
        Hanging(house.sonar)
        query = '{ vessel(by: {id: "v1"}) { name draught } }'
        detail = ReceiptDetail.SOURCES
        answer, _ = await timed(house, optional(**sources), query, 1.0, observed, detail)
        await asyncio.sleep(0.01)
        told = {one["source"]: one for one in answer["extensions"]["receipt"]["sources"]}
        assert [told["sonar"][name] for name in ("calls", "failed", "outcome")] == [1, 1, "DEADLINE_EXCEEDED"]
        assert told["sonar"]["ms"] == pytest.approx(ms, abs=1)
        sent = [one for one in observed.events if isinstance(one, Sent) and one.source == "sonar"]
        assert [(one.source, one.outcome) for one in sent] == [("sonar", Reason.DEADLINE_EXCEEDED)]

    run_virtually(story())


@virtually
async def test_a_gate_that_has_left_the_gateway_is_told() -> None:
    """As any other call: the office was asked about the customer."""
    port = Port(consents=[consent("O1", "given")])
    Hanging(port.office)
    rules = {"Vessel.name": {"consent": {"purpose": "DirectMarketing", "channel": "email"}}, "Vessel.draught": None}
    query = '{ vessel(by: {id: "v1"}) { name draught } }'
    answer, _ = await timed(port.harbour, view(fields=rules), query, 1.0, receipt=ReceiptDetail.SOURCES)
    told = {one["source"]: one for one in answer["extensions"]["receipt"]["sources"]}
    assert [told["office"][name] for name in ("calls", "failed", "outcome")] == [1, 1, "DEADLINE_EXCEEDED"]


@virtually
async def test_gates_are_waited_for_whatever_their_source() -> None:
    """What decides what may be shown is never done without."""
    port = Port(consents=[consent("O1", "given")])
    Slow(port.office, 0.5)
    rules = {"Vessel.name": {"consent": {"purpose": "DirectMarketing", "channel": "email"}}, "Vessel.draught": None}
    through = view(fields=rules, sources={"registry": {"holds_up_ms": 100}, "office": {"holds_up_ms": 0}})
    answer, took = await timed(port.harbour, through, '{ vessel(by: {id: "v1"}) { name draught } }')
    assert (answer["data"]["vessel"]["name"], took, errors(answer)) == ("Anna", 500, [])


def plan_of(query: str) -> Plan:
    return harbour().engine._reader.read(view(), Request(query)).plan


@pytest.mark.parametrize(
    ("sources", "wanted"),
    [
        ({}, {}),
        ({"sonar": 200}, {"sonar": 0.2, "logs": 0.2}),
        ({"sonar": 200, "logs": 50}, {"sonar": 0.2, "logs": 0.05}),
        ({"sonar": 200, "logs": 500}, {"sonar": 0.2, "logs": 0.2}),
        ({"logs": 500}, {"logs": 0.5}),
    ],
)
def test_a_step_has_the_least_time_of_those_on_its_way(sources: dict[str, int], wanted: dict[str, float]) -> None:
    """Its own source's, and those of the steps that it depends on."""
    plan = plan_of(QUERY)
    rules = {name: SourceRule(holds_up_ms=most) for name, most in sources.items()}
    found = hold_ups(plan, rules)
    assert {plan.steps[number].source: seconds for number, seconds in found.items()} == wanted


def test_a_view_that_names_no_source_costs_nothing() -> None:
    """Nothing is made for it."""
    assert hold_ups(plan_of(QUERY), {}) is ALL_REQUIRED


def test_explain_tells_for_how_long_a_step_may_hold_up_the_answer() -> None:
    """Only of those that may."""
    told = harbour().engine.explain(optional(sonar=200), Request(QUERY))
    assert {step["source"]: step.get("holdsUpMs") for step in told["steps"]} == {
        "registry": None,
        "sonar": 200,
        "logs": 200,
    }

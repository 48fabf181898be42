"""Sources are asked as few times as can be, as soon as can be, and only for what is allowed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import pytest

from adapters.adapter import Batch, Call
from adapters.answers import Answer, Found, Gone, Key, Missing, Page, ReplacedBy
from adapters.crossref import KeyNews
from adapters.offers import Offer
from adapters.protocol import ProtocolAdapter
from adapters.records import Record
from adapters.sending import Ask
from resolvers import Engine, Request
from schema.caller import Caller
from schema.deadline import Deadline
from schema.reasons import Reason
from schema.views import ReceiptDetail
from tests.resolvers.harbour import FETCHED_AT, Harbour, MemorySource, harbour, known, subject
from tests.resolvers.vessels import MODEL, Kind, view


def everyone(fields: str) -> str:
    keys = " ".join(f'{{id: "v{n}"}}' for n in range(1, 5))
    return f"{{ vessels(by: [{keys}]) {{ {fields} }} }}"


def asked(source: MemorySource) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """The fields and keys of every batch."""
    return [(batch.fields, batch.keys) for batch in source.batches]


def codes(answer: Mapping[str, Any]) -> dict[str, list[list[object]]]:
    told: dict[str, list[list[object]]] = {}
    for error in answer.get("errors", ()):
        told.setdefault(error["extensions"]["code"], []).append(error["path"])
    return told


async def test_each_source_is_asked_once_whatever_the_aliases() -> None:
    """One batch for each source, offer, arguments and allowed fields; and one read of the cross-reference."""
    h = harbour()
    await h.ask(
        '{ a: vessel(by: {id: "v1"}) { name n: name draught } b: vessel(by: {id: "v2"}) { callSign } '
        'c: vessels(by: [{registry: "R1"}, {id: "v3"}]) { x: name size { length } s: size { beam } } }'
    )
    assert asked(h.registry) == [(("call_sign", "name", "size.beam", "size.length"), ("R1", "R2", "R3"))]
    assert asked(h.sonar) == [(("draught",), ("S1",))]
    assert h.crossref.reads == 1


async def test_customers_with_other_allowed_fields_go_out_apart() -> None:
    """The withheld field stands in neither call for the customer of whom it is withheld."""
    h = harbour([known(1), known(2, "Vessel.name"), known(3)])
    await h.ask(everyone("name callSign"))
    assert asked(h.registry) == [(("call_sign", "name"), ("R1", "R3")), (("call_sign",), ("R2",))]


async def test_of_whom_nothing_is_allowed_no_source_is_asked() -> None:
    """A withheld field causes no call."""
    h = harbour([known(1, "*"), known(2, "Vessel.name", "Vessel.draught")])
    await h.ask('{ a: vessel(by: {id: "v1"}) { id name flag { state } } b: vessel(by: {id: "v2"}) { name draught } }')
    assert h.calls == {}


async def test_a_key_whose_target_is_withheld_is_not_fetched() -> None:
    """Neither the key nor the target; what else the record holds is."""
    h = harbour([known(1, "Flag.state"), known(2, "Vessel.flag")])
    await h.ask(everyone("name flag { state }"))
    assert asked(h.registry) == [(("name",), ("R1", "R2"))]
    assert asked(h.states) == []


async def test_two_customers_share_a_reference_key_with_different_rights() -> None:
    """One key goes out in two calls, each with what is allowed for the customer on whose behalf it is asked."""
    h = harbour([known(1), known(3, "Flag.code")])
    answer = await h.ask('{ vessels(by: [{id: "v1"}, {id: "v3"}]) { flag { code state } } }')
    assert asked(h.states) == [(("code", "state"), ("NL",)), (("state",), ("NL",))]
    assert answer["data"]["vessels"] == [
        {"flag": {"code": "NL", "state": "Netherlands"}},
        {"flag": {"code": None, "state": "Netherlands"}},
    ]


async def test_a_key_of_one_customer_is_not_followed_for_another_positions_sake() -> None:
    """Of two ways to a flag one is withheld: only the other's key is asked."""
    h = harbour([known(2, "Vessel.flag")])
    await h.ask('{ vessel(by: {id: "v2"}) { flag { code } heardUnder { state } } }')
    assert asked(h.registry) == []
    assert asked(h.states) == [(("state",), ("PA",))]


async def test_a_record_that_holds_more_than_was_asked_leads_nowhere() -> None:
    """An adapter that leaves the projection out cannot make the engine follow a withheld key."""
    h = harbour([known(2, "Vessel.heardUnder")])
    h.sonar.answers["S2"] = Found({"draught": 302, "heard_under": "PA"}, FETCHED_AT)
    await h.ask('{ vessel(by: {id: "v2"}) { draught flag { code } heardUnder { state } } }')
    assert asked(h.states) == [(("code",), ("NO",))]


async def test_a_key_is_asked_for_the_look_up_that_wants_it() -> None:
    """Two look-ups share the calls for the records; the flag that one of them did not ask for is not fetched."""
    h = harbour()
    a = 'a: vessel(by: {id: "v1"}) { name heardUnder { state } }'
    b = 'b: vessel(by: {id: "v2"}) { draught flag { state } }'
    await h.ask(f"{{ {a} {b} }}")
    assert asked(h.registry) == [(("flag", "name"), ("R1", "R2"))]
    assert asked(h.sonar) == [(("draught", "heard_under"), ("S1", "S2"))]
    assert asked(h.states) == [(("state",), ("NL", "NO"))], "NL is heard of v1, NO registered of v2; PA is not asked"


async def test_an_unknown_customer_costs_no_call() -> None:
    """Nobody is asked about who is not known."""
    h = harbour()
    answer = await h.ask('{ vessel(by: {id: "x"}) { name draught flag { state } } vessels(by: []) { name } }')
    assert answer["data"] == {"vessel": None, "vessels": []}
    assert h.calls == {}


async def test_all_live_keys_are_asked_in_one_batch() -> None:
    """Several keys of one source do not wait for each other."""
    h = harbour([subject("v1", registry=["R2", "R1"], sonar=["S1", "S2", "S3"])])
    await h.ask('{ vessel(by: {id: "v1"}) { name draught } }')
    assert asked(h.registry) == [(("name",), ("R2", "R1"))]
    assert asked(h.sonar) == [(("draught",), ("S1", "S2", "S3"))]


async def test_what_the_adapter_is_told() -> None:
    """Purpose, deadline and credential go with the batch; arguments in Python's names and types, sorted."""
    h = harbour()
    listed = 'portCalls(of: {leastDays: $least}, inKinds: [FERRY], since: "2026-01-01") { on }'
    await h.ask(f'query ($least: Int!) {{ vessel(by: {{id: "v1"}}) {{ {listed} }} }}', {"least": 3})
    (batch,), (call,) = h.registry.batches, h.registry.calls
    assert batch.arguments == (("in_kinds", (Kind.FERRY,)), ("of", (("leastDays", 3),)), ("since", date(2026, 1, 1)))
    assert call.purpose == "CustomerCare"
    assert 0 < call.deadline.remaining() <= 10


async def test_a_field_may_have_any_argument() -> None:
    """`info` and `source` are the engine's own words too; they clash with nothing."""
    answer = await harbour().ask('{ vessel(by: {id: "v1"}) { portCalls(info: "x") { on } } }')
    assert "errors" not in answer
    assert len(answer["data"]["vessel"]["portCalls"]) == 2


async def test_a_slow_source_delays_nothing_that_does_not_need_it() -> None:
    """A step starts when those that it names have answered: there is no barrier between the depths."""
    h = harbour()
    h.sonar.gate = asyncio.Event()
    asking = asyncio.create_task(h.ask('{ vessel(by: {id: "v1"}) { draught portCalls { port { flag { state } } } } }'))
    async with asyncio.timeout(5):
        await h.states.asked.wait()
    assert not asking.done()
    h.sonar.gate.set()
    assert (await asking)["data"]["vessel"]["draught"] == 301


async def test_a_step_waits_for_every_step_that_it_names() -> None:
    """Flags are reached from two sources: they are asked once, when both have answered."""
    h = harbour()
    h.sonar.gate = asyncio.Event()
    asking = asyncio.create_task(h.ask('{ vessel(by: {id: "v2"}) { flag { state } heardUnder { state } } }'))
    async with asyncio.timeout(5):
        await h.registry.asked.wait()
        await h.sonar.asked.wait()
    for _ in range(10):
        await asyncio.sleep(0)
    assert not h.states.batches
    h.sonar.gate.set()
    await asking
    assert asked(h.states) == [(("state",), ("NO", "PA"))]


async def test_what_is_late_is_cut_and_the_rest_is_answered() -> None:
    """A source that has not answered by the deadline costs its own fields, and those behind them."""
    h = harbour()
    h.sonar.gate = asyncio.Event()
    answer = await h.ask('{ vessel(by: {id: "v1"}) { name draught log { line } } }', seconds=0.03)
    assert answer["data"] == {"vessel": {"name": "Anna", "draught": None, "log": None}}
    assert codes(answer) == {"DEADLINE_EXCEEDED": [["vessel", "draught"], ["vessel", "log"]]}
    if left := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(left, timeout=5)
    assert h.sonar.cancelled == 1
    assert h.logs.batches == []


async def test_a_deadline_that_has_passed_lets_nothing_out() -> None:
    """All fields say so, and what needs no source is answered."""
    h = harbour()
    answer = await h.ask('{ vessel(by: {id: "v1"}) { id name } }', seconds=-1)
    assert answer["data"] == {"vessel": {"id": "v1", "name": None}}
    assert codes(answer) == {"DEADLINE_EXCEEDED": [["vessel", "name"]]}
    assert h.calls == {}


async def test_a_request_that_is_cancelled_cancels_its_fetches() -> None:
    """Who no longer waits leaves no task and no call behind."""
    h = harbour()
    h.sonar.gate = h.registry.gate = asyncio.Event()
    asking = asyncio.create_task(h.ask('{ vessel(by: {id: "v1"}) { name draught flag { state } } }'))
    async with asyncio.timeout(5):
        await h.registry.asked.wait()
        await h.sonar.asked.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert (h.registry.cancelled, h.sonar.cancelled) == (1, 1)
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize("raised", [RuntimeError("secret of R1"), asyncio.CancelledError("secret of R1")])
async def test_an_adapter_that_raises_costs_its_own_fields(
    raised: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever it raises: its type is logged, and neither log nor answer holds its text."""
    h = harbour()
    h.sonar.fails = raised
    answer = await h.ask('{ vessel(by: {id: "v1"}) { name draught } }')
    assert answer["data"] == {"vessel": {"name": "Anna", "draught": None}}
    assert codes(answer) == {"SOURCE_ERROR": [["vessel", "draught"]]}
    assert caplog.record_tuples == [
        ("adapters.gathering", logging.ERROR, f"the adapter of sonar raised {type(raised).__name__} in fetch")
    ]
    assert "secret" not in str(answer)


async def test_a_key_that_the_adapter_leaves_out_is_incomplete() -> None:
    """Silence is no answer."""
    h = harbour()
    h.sonar.leaves_out = {"S1"}
    answer = await h.ask('{ vessels(by: [{id: "v1"}, {id: "v2"}]) { draught } }')
    assert answer["data"]["vessels"] == [{"draught": None}, {"draught": 302}]
    assert codes(answer) == {"SOURCE_INCOMPLETE": [["vessels", 0, "draught"]]}


class Odd(MemorySource):
    """An adapter that answers with something else."""

    async def fetch(self, batch: Batch, call: Call) -> Mapping[str, Answer]:
        await super().fetch(batch, call)
        return self.odd  # type: ignore[no-any-return, attr-defined]


@pytest.mark.parametrize(
    ("odd", "code"), [(None, "SOURCE_ERROR"), ({"S1": {"draught": 1}}, "SOURCE_INCOMPLETE"), (7, "SOURCE_ERROR")]
)
async def test_an_adapter_that_answers_nonsense_costs_its_own_fields(odd: object, code: str) -> None:
    """What is no answer is none."""
    h = harbour()
    h.sonar.__class__ = Odd
    h.sonar.odd = odd  # type: ignore[attr-defined]
    answer = await h.ask('{ vessel(by: {id: "v1"}) { name draught } }')
    assert answer["data"] == {"vessel": {"name": "Anna", "draught": None}}
    assert codes(answer) == {code: [["vessel", "draught"]]}


async def test_a_fault_of_the_engine_itself_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only adapters' faults become nulls: our own are not told as a source's."""
    monkeypatch.setattr("resolvers.run.batches_of", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        await harbour().ask('{ vessel(by: {id: "v1"}) { name } }')


def many_stays(h: Harbour, number: int) -> None:
    stays = [{"imo": "R1", "port": f"P{n}", "on": "2026-01-01"} for n in range(number)]
    h.registry.records["calls"]["R1"] = stays
    h.ports.records["ports"] = {
        f"P{n}": [{"locode": f"P{n}", "name": f"Port {n}", "flag": "NL"}] for n in range(number)
    }


async def test_the_keys_of_too_many_items_are_not_followed() -> None:
    """A list is followed up to 100 items; those beyond are errors, the calls stay below what was counted."""
    h = harbour()
    many_stays(h, 102)
    answer = await h.ask('{ vessel(by: {id: "v1"}) { portCalls { on port { name } } } }')
    assert [len(batch.keys) for batch in h.ports.batches] == [100]
    calls = answer["data"]["vessel"]["portCalls"]
    assert [calls[n]["port"]["name"] for n in (0, 99, 100, 101)] == ["Port 0", "Port 99", None, None]
    assert codes(answer) == {"SOURCE_ERROR": [["vessel", "portCalls", n, "port", "name"] for n in (100, 101)]}


async def test_keys_in_a_list_of_a_record_are_all_followed() -> None:
    """A list inside a record is a list: not only its first key is asked."""
    h = harbour()
    answer = await h.ask('{ vessel(by: {id: "v1"}) { owners { home { state } } } }')
    assert asked(h.states) == [(("state",), ("NL", "NO"))]
    states = [owner["home"]["state"] for owner in answer["data"]["vessel"]["owners"]]
    assert states == ["Netherlands", "Norway"]


async def test_a_page_in_place_of_facts_leads_nowhere() -> None:
    """An adapter that answers a list where facts were asked has given no record."""
    h = harbour()
    h.registry.answers["R1"] = Found(Page(({"flag": 7},)), FETCHED_AT)
    answer = await h.ask('{ vessel(by: {id: "v1"}) { flag { state } } }')
    assert h.states.batches == []
    assert codes(answer) == {str(Reason.SOURCE_ERROR): [["vessel", "flag"]]}


async def test_the_deadline_is_handed_on_as_it_is() -> None:
    """The adapter sees the request's own deadline."""
    h = harbour()
    await h.ask('{ vessel(by: {id: "v1"}) { name } }')
    assert isinstance(h.registry.calls[0].deadline, Deadline)


class DraughtRecord(Record):
    draught: int | None


class OneByOne(ProtocolAdapter[Ask, list[dict[str, Any]]]):
    """Asks for one key a call; the call for S2 never ends by itself."""

    def _asks(self, batch: Batch, keys: Sequence[Key]) -> Ask:
        return Ask(batch, keys)

    async def _make(self, ask: Ask, call: Call) -> list[dict[str, Any]]:
        if "S2" in ask.keys:
            await asyncio.Event().wait()
        return [{"mmsi": key, "draught": 300} for key in ask.keys]

    def _records(self, ask: Ask, reply: list[dict[str, Any]]) -> Iterable[object]:
        return reply


async def test_what_came_in_time_is_kept_when_another_call_of_its_batch_hangs() -> None:
    """A call ends itself at the deadline; the batch hands over what its other calls have brought."""
    offer = Offer(name="draughts", serves="Vessel", record=DraughtRecord, key="mmsi", max_batch=1)
    engine = Engine(MODEL, [OneByOne("sonar", [offer])], harbour().crossref)
    request = Request('{ vessels(by: [{id: "v1"}, {id: "v2"}, {id: "v3"}]) { draught } }')
    answer = await engine.answer(view(), request, Caller("bridge-desk"), Deadline.after(0.5))
    assert [one["draught"] for one in answer["data"]["vessels"]] == [300, None, 300]
    assert codes(answer) == {"DEADLINE_EXCEEDED": [["vessels", 1, "draught"]]}


async def test_arguments_that_turn_out_equal_cost_one_call() -> None:
    """Written as a literal, a variable or a default: what counts is the value; other values are another call."""
    h = harbour([known(1)])
    query = """
      query ($since: Date, $late: Date = "2026-02-01") {
        vessel(by: {id: "v1"}) {
          a: portCalls(since: "2026-02-01") { on }
          b: portCalls(since: $since) { port { name } }
          c: portCalls(since: $late) { __typename }
          d: portCalls { on }
        }
      }
    """
    answer = await h.ask(query, {"since": "2026-02-01"}, receipt=ReceiptDetail.SOURCES)
    assert [(batch.arguments, batch.fields) for batch in h.registry.batches] == [
        ((("since", date(2026, 2, 1)),), ("on", "port")),
        ((), ("on",)),
    ]
    assert [one["calls"] for one in answer["extensions"]["receipt"]["sources"]] == [1, 1, 1]
    assert (
        answer["data"]["vessel"]["a"] == answer["data"]["vessel"]["d"] == [{"on": "2026-01-01"}, {"on": "2026-02-01"}]
    )
    assert [one["port"] is not None for one in answer["data"]["vessel"]["b"]] == [True, True]
    assert answer["data"]["vessel"]["c"] == [{"__typename": "PortCall"}, {"__typename": "PortCall"}]


async def test_what_a_source_says_of_its_own_keys_is_heard() -> None:
    """By link, from its answers about the customer itself: not from its lists, nor of keys that stand in records."""
    heard: list[KeyNews] = []
    h = harbour()
    h.engine = Engine(MODEL, h.sources, h.crossref, hear=heard.append)
    h.states.answers |= {key: Gone() for key in h.states.records["flags"]}
    h.registry.answers |= {"R2": Gone(), "R3": ReplacedBy("R7"), "R4": Missing()}
    await h.ask(everyone("name flag { state }"))
    assert h.states.batches
    assert heard == [KeyNews("link-R2"), KeyNews("link-R3", "R7")]
    h.registry.answers = {"R4": Gone()}
    h.registry.batches.clear()
    await h.ask('{ vessel(by: {id: "v4"}) { portCalls { port { name } } } }')
    assert h.registry.batches
    assert len(heard) == 2

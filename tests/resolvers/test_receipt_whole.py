"""A receipt tells what the sources have cost a request, how old what it shows is, and nothing of anybody else's."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import ValidationError  # type: ignore[import-untyped]

from adapters.adapter import Batch, Call
from adapters.answers import Answer, Facts, Fault, Found, Key, Page
from adapters.limits import Breaking, Limits, SourceLimits, State
from resolvers import Engine
from schema.observer import Sent, Waited
from schema.reasons import Reason
from schema.views import ReceiptDetail
from tests.docs.pages import section
from tests.docs.test_tables import rows
from tests.resolvers.harbour import FETCHED_AT, Harbour, MemorySource, harbour, known
from tests.resolvers.queries import Query, queries
from tests.resolvers.receipts import SCHEMA, check_receipt, timeless
from tests.resolvers.test_properties import ANSWERS, KEYS, RESTRICTIONS, WIDE, subjects, troubled

FEW = settings(max_examples=40, deadline=None)
TROUBLE = st.dictionaries(st.sampled_from(KEYS), ANSWERS, max_size=6)
VESSELS = "query ($by: [VesselBy!]!) { vessels(by: $by) { name draught flag { state } portCalls { on } } }"


async def receipt(h: Harbour, query: str, **more: Any) -> dict[str, Any]:
    answer = await h.ask(query, receipt=ReceiptDetail.FIELDS, **more)
    made: dict[str, Any] = answer["extensions"]["receipt"]
    check_receipt(made)
    return made


def vessel(fields: str) -> str:
    return f'{{ vessel(by: {{id: "v1"}}) {{ {fields} }} }}'


def state_of(made: Mapping[str, Any], coordinate: str) -> dict[str, Any]:
    (entry,) = (one for one in made["fields"] if one["coordinate"] == coordinate)
    return {name: entry[name] for name in ("asOf", "faults") if name in entry}


class Noting(MemorySource):
    """Has these events noted before its own, as limits would."""

    events: tuple[Sent | Waited, ...] = ()

    async def fetch(self, batch: Batch, call: Call) -> Mapping[Key, Answer]:
        for event in self.events:
            call.observer.note(event)
        return await super().fetch(batch, call)


def noting(h: Harbour, *events: Sent | Waited) -> Harbour:
    """The harbour, whose sonar notes these events."""
    h.sonar.__class__ = Noting
    h.sonar.events = events  # type: ignore[attr-defined]
    return h


def failed(attempt: int) -> Sent:
    return Sent("sonar", "heard", ("draught",), 1, 0.002, Reason.SOURCE_ERROR, attempt)


# What the sources have cost


async def test_a_call_that_was_sent_again_with_success_is_no_trouble() -> None:
    """It is counted, and the outcome is the answer's."""
    h = noting(harbour(), Sent("sonar", "heard", ("draught",), 1, 0.002, Reason.SOURCE_ERROR), Waited("", "", 0.0125))
    h.sonar.events += (Sent("sonar", "heard", ("draught",), 1, 0.001, None, 1),)  # type: ignore[attr-defined]
    (told,) = (await receipt(h, vessel("draught")))["sources"]
    wanted = {"calls": 3, "failed": 1, "retries": 1, "waitedMs": 12.5, "outcome": "OK", "ms": 2.0, "merged": 0}
    assert {name: told[name] for name in wanted} == wanted


async def test_a_call_that_failed_again_is_told_with_its_code() -> None:
    """As often as it failed."""
    h = noting(harbour(), failed(0), failed(1))
    (told,) = (await receipt(h, vessel("draught")))["sources"]
    assert (told["failed"], told["retries"], told["outcome"]) == (2, 1, "SOURCE_ERROR")


async def test_a_breaker_that_is_not_closed_is_told() -> None:
    """The source's, or that of the offer; a closed one is not worth a word."""
    limits = {name: SourceLimits(Limits(breaking=Breaking(failures=1))) for name in ("registry", "sonar", "states")}
    h = harbour()
    for source in h.sources:
        source.limits = limits.get(source.source)  # type: ignore[attr-defined]
    h.engine = Engine(h.engine.model, h.sources, h.crossref)
    limits["registry"].breaker._become(State.OPEN)
    limits["sonar"].lanes["heard"].breaker._become(State.HALF_OPEN)
    made = await receipt(h, vessel("name draught flag { state }"))
    assert {one["source"]: one.get("breaker") for one in made["sources"]} == {
        "registry": "open",
        "sonar": "half-open",
        "states": None,
    }


async def test_when_an_open_breaker_lets_a_call_try_is_told() -> None:
    """In whole milliseconds; of a closed one there is nothing to tell."""
    limits = SourceLimits(
        Limits(breaking=Breaking(failures=1, open_seconds=2.0)), clock=lambda: 5.0, chance=lambda: 0.5
    )
    h = harbour()
    h.sonar.limits = limits  # type: ignore[attr-defined]
    h.engine = Engine(h.engine.model, h.sources, h.crossref)
    assert "retryAfterMs" not in (await receipt(h, vessel("draught")))["sources"][0]
    lane = limits.lanes["heard"]
    tickets = lane.enter()
    assert tickets is not None
    lane.leave(tickets, failed=True)
    (told,) = (await receipt(h, vessel("draught")))["sources"]
    assert (told["breaker"], told["retryAfterMs"]) == ("open", 2000)


# How old it is, and what is no good


async def test_a_source_tells_as_of_when_its_records_hold() -> None:
    """The oldest of them stands with each coordinate that is read from them."""
    h = harbour([known(1), known(2)])
    for number, day in ((1, 5), (2, 3)):
        moment = datetime(2025, 12, day, 8, tzinfo=UTC)
        h.registry.answers[f"R{number}"] = Found({"name": "x", "call_sign": "y"}, FETCHED_AT, moment)
    made = await receipt(h, '{ vessels(by: [{id: "v1"}, {id: "v2"}]) { name draught } }')
    assert state_of(made, "Vessel.name") == {"asOf": "2025-12-03T08:00:00.000+00:00"}
    assert state_of(made, "Vessel.draught") == {}


@pytest.mark.parametrize("wrong", [Fault(Reason.VALUE_INVALID), datetime(2026, 1, 1), "2026-01-01"])  # noqa: DTZ001
async def test_what_is_no_moment_is_a_fault_and_costs_no_value(wrong: Any) -> None:
    """Also beside one that is a moment; nothing is null by it."""
    h = harbour([known(1), known(2)])
    h.registry.answers["R1"] = Found({"name": "x"}, FETCHED_AT, wrong)
    h.registry.answers["R2"] = Found({"name": "y"}, FETCHED_AT, FETCHED_AT)
    query = '{ vessels(by: [{id: "v1"}, {id: "v2"}]) { name } }'
    assert (await h.ask(query)).keys() == {"data"}
    made = await receipt(h, query)
    assert state_of(made, "Vessel.name") == {"asOf": "2026-01-01T00:00:00.000+00:00", "faults": {"VALUE_INVALID": 1}}


async def test_values_that_could_not_be_had_are_counted_by_code() -> None:
    """Each at its own coordinate: a record that failed costs all of its coordinates, a value itself alone."""
    h = harbour([known(number) for number in (1, 2, 3)])
    h.registry.answers["R1"] = Found({"name": Fault(Reason.VALUE_INVALID), "call_sign": "y"}, FETCHED_AT)
    h.registry.answers["R2"] = Found({"name": "x", "call_sign": "y"}, FETCHED_AT)
    h.registry.leaves_out.add("R3")
    made = await receipt(h, '{ vessels(by: [{id: "v1"}, {id: "v2"}, {id: "v3"}]) { name callSign draught } }')
    assert state_of(made, "Vessel.name") == {"faults": {"SOURCE_INCOMPLETE": 1, "VALUE_INVALID": 1}}
    assert state_of(made, "Vessel.callSign") == {"faults": {"SOURCE_INCOMPLETE": 1}}
    assert state_of(made, "Vessel.draught") == {}


async def test_faults_are_counted_in_lists_and_below() -> None:
    """Every entry of a list, and what stands below a fault."""
    h = harbour()
    entries: list[Facts] = [{"on": Fault(Reason.VALUE_INVALID)}, {"on": None}, {"on": Fault(Reason.SOURCE_ERROR)}]
    h.registry.answers["R1"] = Found(Page(tuple(entries)), FETCHED_AT)
    assert state_of(await receipt(h, vessel("portCalls { on }")), "PortCall.on") == {
        "faults": {"SOURCE_ERROR": 1, "VALUE_INVALID": 1}
    }
    h.registry.answers["R1"] = Found({"size": Fault(Reason.VALUE_INVALID)}, FETCHED_AT)
    made = await receipt(h, vessel("size { length }"))
    assert state_of(made, "Size.length") == {"faults": {"VALUE_INVALID": 1}}


# Nothing of anybody else's


@FEW
@given(
    first=st.lists(st.integers(1, 3), min_size=1, max_size=3, unique=True),
    second=st.lists(st.integers(1, 3), min_size=1, max_size=3, unique=True),
    fails=st.sets(st.sampled_from(["R2", "S3", "NL"])),
)
async def test_a_merged_call_tells_of_others_that_there_were_some_and_no_more(
    first: list[int], second: list[int], fails: set[str]
) -> None:
    """Of two requests at once each has the receipt that it has alone, but for `merged`; and that does not tell one
    whose customers are the other's too from one that was alone."""

    def asked(h: Harbour, numbers: list[int]) -> Any:
        h.sonar.leaves_out = set()
        for source in h.sources:
            source.answers = dict.fromkeys(fails, Found({}, FETCHED_AT))
        return receipt(h, VESSELS, variables={"by": [{"id": f"v{number}"} for number in numbers]}, through=WIDE)

    h = harbour()
    together = await asyncio.gather(asked(h, first), asked(h, second))
    for made, own, other in zip(together, (first, second), (second, first), strict=True):
        alone = timeless(await asked(harbour(), own))
        merged = [one["merged"] for one in made["sources"]]
        if set(other) <= set(own):
            assert not any(merged)
        assert all(count <= one["calls"] for count, one in zip(merged, made["sources"], strict=True))
        assert timeless({**made, "sources": [{**one, "merged": 0} for one in made["sources"]]}) == alone


async def test_requests_that_are_merged_say_so() -> None:
    """One call for both, which each counts."""
    h = harbour()
    one, other = await asyncio.gather(
        receipt(h, '{ vessel(by: {id: "v1"}) { name } }'), receipt(h, '{ vessel(by: {id: "v2"}) { name } }')
    )
    for made in (one, other):
        assert [(source["calls"], source["keys"], source["merged"]) for source in made["sources"]] == [(1, 1, 1)]
    assert h.calls == {"registry": 1}


# Its form


@FEW
@given(query=queries(), restrictions=RESTRICTIONS, answers=TROUBLE)
async def test_every_receipt_is_as_its_schema_says(
    query: Query, restrictions: list[list[str]], answers: dict[str, Answer | None]
) -> None:
    """Whatever is asked, and whatever the sources answer."""
    h = troubled(harbour(subjects(restrictions)), answers)
    for level in (ReceiptDetail.SOURCES, ReceiptDetail.FIELDS):
        answer = await h.ask(query.text, query.variables, through=WIDE, receipt=level)
        check_receipt(answer["extensions"]["receipt"])


async def test_the_schema_refuses_what_is_no_receipt() -> None:
    """A member that it does not name, one that is missing, and a value that is none."""
    made = await receipt(harbour(), vessel("name"))
    (source,) = made["sources"]
    for wrong in ({**source, "key": "R1"}, {**source, "calls": -1}, {**source, "breaker": "closed"}, {}):
        with pytest.raises(ValidationError):
            check_receipt({**made, "sources": [wrong]})


def test_every_member_of_a_receipt_is_documented() -> None:
    """In the page on HTTP: those of the receipt in its table, those of an entry in its row."""
    part = section("http.md", "### The receipt")
    told = {word for row in rows(part) for cell in row for word in re.findall("`([^`]+)`", cell)}
    members = [*SCHEMA["properties"], *(name for one in SCHEMA["$defs"].values() for name in one["properties"])]
    assert {*members} <= told

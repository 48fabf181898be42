"""A receipt says what was read for one request, and never a key or a value."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.answers import Found, SourceError
from schema.reasons import Reason
from schema.views import ReceiptDetail
from tests.resolvers.harbour import TIMED_OUT, Harbour, harbour, known, subject
from tests.resolvers.vessels import view

FIELDS = ReceiptDetail.FIELDS


async def receipt(h: Harbour, query: str, level: ReceiptDetail = FIELDS, **more: Any) -> dict[str, Any]:
    answer = await h.ask(query, receipt=level, **more)
    made: dict[str, Any] = answer["extensions"]["receipt"]
    return made


def vessel(fields: str) -> str:
    return f'{{ vessel(by: {{id: "v1"}}) {{ {fields} }} }}'


def by_source(made: dict[str, Any], *names: str) -> dict[str, Any]:
    return {one["source"]: tuple(one[name] for name in names) for one in made["sources"]}


@pytest.mark.parametrize(
    ("asked", "allowed", "given"),
    [
        ("none", "fields", None),
        ("sources", "fields", {"sources"}),
        ("fields", "fields", {"sources", "fields"}),
        ("fields", "sources", {"sources"}),
        ("sources", "none", None),
        ("fields", "none", None),
    ],
)
async def test_a_receipt_tells_what_is_asked_for_and_allowed(asked: str, allowed: str, given: set[str] | None) -> None:
    """The view caps what the request asks for."""
    answer = await harbour().ask(vessel("name"), receipt=ReceiptDetail(asked), through=view(receipt=allowed))
    made = answer.get("extensions", {}).get("receipt")
    assert (None if made is None else made.keys() & {"sources", "fields"}) == given


async def test_a_receipt_names_view_purpose_and_sources() -> None:
    """What stands in it, whole."""
    made = await receipt(harbour(), vessel("n: name flag { state }"))
    assert made.pop("ms") >= 0
    well = {"outcome": "OK", "failed": 0, "retries": 0, "waitedMs": 0.0, "merged": 0}
    asked = {"calls": 1, "keys": 1, "ms": 1.0, **well}
    fetched = {"fetchedAt": "2026-01-01T00:00:00.000+00:00"}
    registry, states = {"source": "registry", "offer": "vessels"}, {"source": "states", "offer": "flags"}
    assert made == {
        "view": "bridge@1",
        "purpose": "CustomerCare",
        "customers": 1,
        "sources": [
            {**registry, "depth": 1, "fields": ["flag", "name"], **asked},
            {**states, "depth": 2, "fields": ["state"], **asked},
        ],
        "fields": [
            {"coordinate": "Vessel.name", **registry, "use": "value", **fetched},
            {"coordinate": "Vessel.flag", **registry, "use": "key", **fetched},
            {"coordinate": "Flag.state", **states, "use": "value", **fetched},
        ],
    }


async def test_a_receipt_holds_no_key_and_no_value() -> None:
    """Whatever was read."""
    made = str(await receipt(harbour(), vessel("name callSign flag { code state } portCalls { on port { name } }")))
    for told in ("R1", "v1", "Anna", "NL", "Netherlands", "Rotterdam"):
        assert told not in made


async def test_calls_keys_and_failures_are_counted() -> None:
    """A batch that takes two calls counts two; a failed one has its code."""
    h = harbour()
    h.sonar.answers["S3"] = TIMED_OUT
    keys = "{id: 1} {id: 2} " + " ".join(f'{{id: "v{n}"}}' for n in (1, 2, 3))
    made = await receipt(h, f"{{ vessels(by: [{keys}]) {{ name draught }} }}")
    assert made["customers"] == 3
    assert by_source(made, "calls", "keys", "outcome", "failed") == {
        "registry": (1, 3, "OK", 0),
        "sonar": (2, 3, "SOURCE_TIMEOUT", 1),
    }


async def test_steps_of_one_offer_count_their_own_calls() -> None:
    """The same list with other arguments, and flags at two depths: nothing is counted twice."""
    made = await receipt(
        harbour(), vessel('a: portCalls { on } b: portCalls(since: "2026-01-01") { on } flag { state }')
    )
    offers = [(one["offer"], one["calls"]) for one in made["sources"]]
    assert offers == [("calls", 1), ("calls", 1), ("vessels", 1), ("flags", 1)]


async def test_what_was_withheld_was_not_read() -> None:
    """A source that was not asked says so, and a coordinate that was not asked is not listed."""
    made = await receipt(harbour([known(1, "Vessel.name", "Vessel.draught")]), vessel("name callSign draught"))
    assert by_source(made, "outcome", "calls", "keys", "fields") == {
        "registry": ("OK", 1, 1, ["call_sign"]),
        "sonar": ("NOT_ASKED", 0, 0, []),
    }
    assert [one["coordinate"] for one in made["fields"]] == ["Vessel.callSign"]


async def test_who_is_not_linked_is_not_asked() -> None:
    """No key, no call, no coordinate."""
    made = await receipt(harbour([subject("v1", sonar="S1")]), vessel("name draught"))
    assert by_source(made, "outcome", "fields")["registry"] == ("NOT_ASKED", [])
    assert [one["coordinate"] for one in made["fields"]] == ["Vessel.draught"]


async def test_an_adapter_that_has_put_nothing_on_the_wire_by_the_deadline_is_told() -> None:
    """There is no call to count; the outcome says what happened."""
    h = harbour()
    h.sonar.gate = asyncio.Event()
    made = await receipt(h, vessel("name draught"), seconds=0.3)
    assert by_source(made, "outcome", "calls", "keys")["sonar"] == ("DEADLINE_EXCEEDED", 0, 1)
    assert [one["fetchedAt"] for one in made["fields"]] == ["2026-01-01T00:00:00.000+00:00", None]


async def test_an_adapter_that_raised_is_told() -> None:
    """Whether it has sent a call is not known; that it failed is."""
    h = harbour()
    h.sonar.fails = RuntimeError()
    assert by_source(await receipt(h, vessel("draught")), "outcome", "calls") == {"sonar": ("SOURCE_ERROR", 0)}


async def test_a_key_that_failed_is_told_though_its_call_went_well() -> None:
    """No call failed, and yet not all that was asked was answered."""
    h = harbour()
    h.sonar.leaves_out = {"S1"}
    told = by_source(await receipt(h, vessel("draught")), "outcome", "calls", "failed")
    assert told == {"sonar": ("SOURCE_INCOMPLETE", 1, 0)}


async def test_a_coordinate_has_the_age_of_its_oldest_answer() -> None:
    """Over all customers of whom it was read."""
    h = harbour([known(1), known(2), known(3, "Vessel.name")])
    for number in (1, 2, 3):
        moment = datetime(2026, 1, 10 - number, 12, tzinfo=UTC)
        h.registry.answers[f"R{number}"] = Found({"name": "x", "call_sign": "y"}, moment)
    made = await receipt(h, '{ vessels(by: [{id: "v1"}, {id: "v2"}, {id: "v3"}]) { name callSign } }')
    assert {one["coordinate"]: one["fetchedAt"] for one in made["fields"]} == {
        "Vessel.name": "2026-01-08T12:00:00.000+00:00",
        "Vessel.callSign": "2026-01-07T12:00:00.000+00:00",
    }


async def test_a_key_is_no_value() -> None:
    """Also where the object behind it is shown by its `__typename` alone."""
    made = await receipt(harbour(), vessel("flag { __typename } heardUnder { state }"))
    uses = {one["coordinate"]: one["use"] for one in made["fields"]}
    assert uses == {"Vessel.flag": "key", "Vessel.heardUnder": "key", "Flag.state": "value"}


async def test_a_failed_key_among_answers_keeps_the_others_age() -> None:
    """Only what was found has an age."""
    h = harbour([subject("v1", registry=["R1", "R2"])])
    h.registry.answers["R2"] = SourceError(Reason.SOURCE_ERROR)
    made = await receipt(h, vessel("name"))
    assert [one["fetchedAt"] for one in made["fields"]] == ["2026-01-01T00:00:00.000+00:00"]

"""What one request really takes is measured while it is answered, and tells nothing that its answer must not."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from adapters.answers import Fault, Found
from resolvers import Analysis, Request
from schema.caller import Caller
from schema.deadline import Deadline
from schema.reasons import Reason
from schema.situation import Situation
from schema.views import View
from tests.resolvers.gated import Port, case, consent, gated, ship
from tests.resolvers.harbour import FETCHED_AT, harbour
from tests.resolvers.test_gates import NAME
from tests.resolvers.test_relationship import ONE, Time, desk
from tests.resolvers.vessels import view


class Ticking:
    """A clock that goes on by a millisecond whenever it is read."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        self.now += 0.001
        return self.now


async def analyzed(engine: Any, query: str, through: View, *, arrived: float = 100.0) -> dict[str, Any]:
    analysis = Analysis(Ticking())
    analysis.seconds = 2.0
    deadline, request = Deadline.after(10), Request(query)
    await engine.answer(through, request, Caller("desk"), deadline, arrived=arrived, analysis=analysis)
    assert analysis.told is not None
    return analysis.told


async def test_steps_follow_one_another_on_the_slowest_path() -> None:
    """A step that another waits for ends before that begins; what nobody waited for is not on the path."""
    told = await analyzed(harbour().engine, '{ vessel(by: {id: "v1"}) { name flag { state } } }', view())
    registry, states = told["steps"]
    assert 0 < registry["beginMs"] < registry["endMs"] < states["beginMs"] < states["endMs"]
    assert (registry["onSlowestPath"], states["onSlowestPath"], states["after"]) == (True, True, [registry["number"]])
    side = await analyzed(harbour().engine, '{ vessel(by: {id: "v1"}) { draught flag { state } } }', view())
    assert {one["source"]: one["onSlowestPath"] for one in side["steps"]} == {
        "sonar": False,
        "registry": True,
        "states": True,
    }


async def test_what_a_step_waits_for_may_be_a_gate() -> None:
    """It has its times, and is on the path of what it let be asked."""
    port = Port([consent("O1", "given")])
    told = await analyzed(port.harbour.engine, ONE % "v1", gated(NAME))
    (gate,), steps = told["gates"], {one["source"]: one for one in told["steps"]}
    assert (gate["source"], gate["gates"]) == ("office", steps["registry"]["gates"])
    assert gate["beginMs"] < gate["endMs"] < steps["registry"]["beginMs"]
    assert (gate["onSlowestPath"], steps["registry"]["onSlowestPath"]) == (True, True)


async def test_what_was_not_shown_is_told_by_code() -> None:
    """Coordinates that are withheld or absent, and how many values are errors; no path and no value."""
    h = harbour()
    h.registry.answers["R1"] = Found({"name": Fault(Reason.VALUE_INVALID), "call_sign": "Anna"}, FETCHED_AT)
    told = await analyzed(
        h.engine, '{ vessel(by: {id: "v1"}) { name callSign } missing: vessel(by: {id: "x"}) { id } }', view()
    )
    assert (told["errors"], told["withheld"]) == ({"VALUE_INVALID": 1}, {"SUBJECT_UNKNOWN": ["Query.vessel"]})
    assert "Anna" not in str(told)


@pytest.mark.parametrize("cases", [[], [case("O2", "CASE-2")]])
async def test_where_somebody_is_shown_nobody_no_times_are_told(cases: list[Any]) -> None:
    """Whether there is somebody would show in them: what is told is the same, and its time is the refusal's."""
    time = Time(Port(cases=cases, subjects=[ship(1), ship(2)]))
    told = []
    for who in ("v1", "nobody"):
        time.now, analysis = 50.0, Analysis(Ticking())
        request = Request(ONE % who, situation=Situation(case="CASE-1"))
        deadline = Deadline.after(10, clock=lambda: time.now)
        async with asyncio.timeout(5):
            await time.engine.answer(desk(), request, Caller("bridge-desk"), deadline, analysis=analysis)
        told.append(analysis.told)
    assert told[0] == told[1]
    assert told[0] is not None
    assert (told[0]["ms"], told[0]["stages"], told[0]["gates"]) == (300.0, [], [])
    assert [one["beginMs"] for one in told[0]["steps"]] == [None]


async def test_a_measured_request_is_recorded_as_every_other() -> None:
    """The record says the same of it: who asked, and what was shown."""
    time = Time(Port(cases=[case("O1")]))
    request = Request(ONE % "v1")
    for analysis in (None, Analysis()):
        deadline = Deadline.after(10, clock=lambda: time.now)
        await time.engine.answer(desk(), request, Caller("bridge-desk"), deadline, analysis=analysis)
    plain, measured = time.records
    assert replace(plain, at=measured.at, seconds=measured.seconds) == measured

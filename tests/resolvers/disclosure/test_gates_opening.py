"""Who is asked about at a gate, and what is asked when it has opened."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.resolvers.gated import EMAIL, Port, consent, gated, withheld

ONE = '{ vessel(by: {id: "v1"}) { %s } }'


async def test_a_gate_is_asked_for_those_alone_whose_look_up_wants_what_waits() -> None:
    """Of the second customer nothing is asked that waits for consent, so nobody asks whether it consents."""
    port = Port([consent("O1", "given"), consent("O2", "withdrawn")])
    query = '{ a: vessel(by: {id: "v1"}) { name } b: vessel(by: {id: "v2"}) { callSign } }'
    answer = await port.ask(query, gated({"Vessel.name": {"consent": EMAIL}}))
    assert answer["data"] == {"a": {"name": "Anna"}, "b": {"callSign": "Berta-1"}}
    assert [batch.keys for batch in port.office.batches] == [("O1",)]
    assert withheld(answer) == {}


FLAG = {"Flag.code": {"break_glass": True}, "Flag.state": {"consent": EMAIL}}
GLASS: dict[str, Any] = {"break_glass": {"roles": ["fraud-lead"], "reasons": ["suspected-fraud"], "minutes": 30}}


@pytest.mark.parametrize("status", ["given", "withdrawn"])
async def test_a_key_is_fetched_when_the_gate_of_all_that_it_leads_to_has_opened(status: str) -> None:
    """The code would need no gate and is withheld; the state waits for one. Until then the flag is not asked for."""
    port = Port([consent("O1", status)])
    port.office.gate = asyncio.Event()
    asking = asyncio.create_task(port.ask(ONE % "callSign flag { code state }", gated(FLAG, **GLASS)))
    async with asyncio.timeout(5):
        await port.harbour.registry.asked.wait()
    assert [batch.fields for batch in port.harbour.registry.batches] == [("call_sign",)]
    port.office.gate.set()
    answer = await asking
    is_open = status == "given"
    assert answer["data"]["vessel"] == {
        "callSign": "Anna-1",
        "flag": {"code": None, "state": "Netherlands"} if is_open else None,
    }
    assert [batch.fields for batch in port.harbour.states.batches] == ([("state",)] if is_open else [])
    wider = [("call_sign", "flag")] if is_open else []
    assert [batch.fields for batch in port.harbour.registry.batches] == [("call_sign",), *wider]
    held = [call.permit is not None for call in port.harbour.registry.calls]
    assert held == [False, True][: len(held)], "what a gate has opened is held against the gate's age"
    assert "errors" not in answer


async def test_what_a_gate_opens_later_is_found_through_several_records() -> None:
    """A stay leads to a port, and a port to its flag: none of them is asked for before the gate has opened."""
    port = Port([consent("O1", "given")])
    rules = {"PortCall.on": {"break_glass": True}, "Port.name": {"break_glass": True}}
    fields = "portCalls { on port { name flag { code state } } }"
    answer = await port.ask(ONE % fields, gated(rules | FLAG, **GLASS))
    lead = [one["port"] for one in answer["data"]["vessel"]["portCalls"]]
    assert lead == [
        {"name": None, "flag": {"code": None, "state": "Netherlands"}},
        {"name": None, "flag": {"code": None, "state": "Norway"}},
    ]
    assert port.harbour.calls == {"registry": 1, "ports": 1, "states": 1}


async def test_what_gates_open_later_is_counted_before_it_is_asked() -> None:
    """The calls that a view allows hold for it too."""
    port = Port([consent("O1", "given")])
    asked = ONE % "callSign flag { code state }"
    told = port.explain(asked, gated(FLAG, **GLASS))
    await port.ask(asked, gated(FLAG, **GLASS))
    assert sum(port.harbour.calls.values()) + len(port.office.batches) <= told["calls"]

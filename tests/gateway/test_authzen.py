"""An outside decision point narrows what a view shows, and shows nothing by itself: asked over HTTP, once a request."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gateway.authzen import AuthZen
from resolvers import Engine, Request
from resolvers.policy.decision_point import DecisionUnavailableError, Evaluation, Question
from schema.caller import Caller
from schema.deadline import Deadline
from schema.reasons import Reason
from schema.situation import NO_SITUATION, Situation
from tests.resolvers.gated import gated, withheld
from tests.resolvers.harbour import Harbour, harbour, known
from tests.resolvers.vessels import MODEL

Answer = Callable[[dict[str, Any]], Any]
TWO = '{ vessels(by: [{id: "v1"}, {id: "v2"}]) { id name callSign draught } }'


class Point:
    """A decision point that answers as a function says, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.lines: list[bytes] = []
        self.answer: Answer = lambda asked: {"evaluations": [{"decision": True} for _ in asked["evaluations"]]}
        self.url = ""

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-l")
            )
            self.lines.append(head.split(b"\r\n")[0])
            self.asked.append(json.loads(await reader.readexactly(length)))
            said = self.answer(self.asked[-1])
            if said is None:
                await reader.read()
            else:
                body = said if isinstance(said, bytes) else json.dumps(said).encode()
                status = b"500 Oh" if said == b"" else b"200 OK"
                writer.write(
                    b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (status, len(body))
                )
                writer.write(body)
                await writer.drain()
        finally:
            writer.close()


@asynccontextmanager
async def running(**options: Any) -> AsyncIterator[tuple[Point, AuthZen]]:
    point = Point()
    server = await asyncio.start_server(point, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    asking = AuthZen(f"http://127.0.0.1:{port}/pdp", **options)
    try:
        yield point, asking
    finally:
        await asking.aclose()
        server.close()


async def ask(point: AuthZen, query: str, view: Any = None, **more: Any) -> tuple[dict[str, Any], Harbour]:
    h = harbour([known(1), known(2, "Vessel.draught")])
    h.engine = Engine(MODEL, h.sources, h.crossref, decision_point=point)
    view = view or gated({}, situation={"channels": ["voice"]})
    request = Request(query, situation=Situation(channel="voice"), **more)
    return await h.engine.answer(view, request, Caller("bridge-desk"), Deadline.after(5)), h


async def test_it_is_asked_once_for_all_customers_and_coordinates() -> None:
    """In AuthZEN's words; not of the id, nor of what is withheld already."""
    async with running() as (point, asking):
        answer, h = await ask(asking, TWO)
    assert point.lines == [b"POST /pdp/access/v1/evaluations HTTP/1.1"]
    (asked,) = point.asked
    evaluations = asked.pop("evaluations")
    assert asked == {
        "subject": {"type": "consumer", "id": "bridge-desk"},
        "action": {"name": "read"},
        "context": {"view": "bridge@1", "purpose": "CustomerCare", "situation": {"channel": "voice"}},
    }
    told = [(one["resource"]["properties"]["customer"], one["resource"]["id"]) for one in evaluations]
    assert told == [
        ("v1", "Vessel.callSign"),
        ("v1", "Vessel.draught"),
        ("v1", "Vessel.name"),
        ("v2", "Vessel.callSign"),
        ("v2", "Vessel.name"),
    ]
    assert answer["data"]["vessels"][0] == {"id": "v1", "name": "Anna", "callSign": "Anna-1", "draught": 301}
    assert withheld(answer) == {"Vessel.draught": "SUBJECT_RESTRICTED"}
    assert h.calls == {"registry": 1, "sonar": 1}


async def test_what_it_does_not_allow_is_asked_of_no_source() -> None:
    """For that customer alone."""
    async with running() as (point, asking):
        point.answer = lambda asked: {
            "evaluations": [
                {
                    "decision": (one["resource"]["id"], one["resource"]["properties"]["customer"])
                    != ("Vessel.name", "v1")
                }
                for one in asked["evaluations"]
            ]
        }
        answer, h = await ask(asking, '{ vessels(by: [{id: "v1"}, {id: "v2"}]) { name callSign } }')
    assert answer["data"]["vessels"] == [{"name": None, "callSign": "Anna-1"}, {"name": "Berta", "callSign": "Berta-1"}]
    assert withheld(answer) == {"Vessel.name": "PURPOSE_NOT_ALLOWED"}
    asked = {(batch.fields, batch.keys) for batch in h.registry.batches}
    assert asked == {(("call_sign",), ("R1",)), (("call_sign", "name"), ("R2",))}


async def test_it_shows_nothing_that_the_view_withholds() -> None:
    """It is not even asked."""
    async with running() as (point, asking):
        answer, h = await ask(asking, '{ vessel(by: {id: "v2"}) { draught } }')
    assert withheld(answer) == {"Vessel.draught": "SUBJECT_RESTRICTED"}
    assert (point.asked, h.calls) == ([], {})


@pytest.mark.parametrize("decision", [True, False])
async def test_an_obligation_that_nobody_fulfils_withholds(*, decision: bool) -> None:
    """Whatever it decides besides (AuthZEN's obligations profile 1.0)."""
    obliged = {"decision": decision, "context": {"obligations": [{"id": "1", "type": "notification"}]}}
    async with running() as (point, asking):
        point.answer = lambda asked: {"evaluations": [obliged for _ in asked["evaluations"]]}
        answer, h = await ask(asking, '{ vessel(by: {id: "v1"}) { name } }')
    (entry,) = answer["extensions"]["withheld"]
    assert (entry["code"], entry["remedy"]) == ("OBLIGATION_UNSUPPORTED", Reason.OBLIGATION_UNSUPPORTED.remedy)
    assert h.calls == {}


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"[",
        b"null",
        {},
        {"evaluations": []},
        {"evaluations": [{"decision": True}, {"decision": True}]},
        {"evaluations": {"decision": True}},
        None,
    ],
)
async def test_an_answer_that_is_none_withholds_all(said: Any) -> None:
    """POLICY_UNAVAILABLE, with its remedy; one that hangs is not waited for."""
    async with running(timeout=0.3) as (point, asking):
        point.answer = lambda _: said
        answer, h = await ask(asking, '{ vessel(by: {id: "v1"}) { id name } }')
    assert answer["data"] == {"vessel": {"id": "v1", "name": None}}
    (entry,) = answer["extensions"]["withheld"]
    assert (entry["code"], entry["remedy"]) == ("POLICY_UNAVAILABLE", Reason.POLICY_UNAVAILABLE.remedy)
    assert h.calls == {}


@pytest.mark.parametrize("odd", [{}, {"decision": "true"}, {"decision": 1}, {"decision": None}, 1, None])
async def test_only_true_allows(odd: Any) -> None:
    """Decisions are closed by default."""
    async with running() as (point, asking):
        point.answer = lambda asked: {"evaluations": [odd for _ in asked["evaluations"]]}
        answer, _ = await ask(asking, '{ vessel(by: {id: "v1"}) { name } }')
    assert withheld(answer) == {"Vessel.name": "PURPOSE_NOT_ALLOWED"}


async def test_a_decision_point_that_is_down_withholds_all(caplog: pytest.LogCaptureFixture) -> None:
    """The log says so, and neither its address nor whom it was asked about."""
    point = AuthZen("http://127.0.0.1:9/secret-path")
    answer, h = await ask(point, '{ vessel(by: {id: "v1"}) { name } }')
    await point.aclose()
    assert withheld(answer) == {"Vessel.name": "POLICY_UNAVAILABLE"}
    assert h.calls == {}
    assert [record.getMessage() for record in caplog.records] == [
        "the decision point cannot be asked: no connection can be made"
    ]


async def test_more_than_ten_thousand_decisions_are_asked_of_nobody() -> None:
    """A request is bounded; what is not decided is not shown."""
    point = AuthZen("http://127.0.0.1:9")
    many = tuple(Evaluation("v1", f"Vessel.f{n}") for n in range(10_001))
    with pytest.raises(DecisionUnavailableError, match="more than 10000"):
        await point.decide(Question("c", "v@1", "CustomerCare", NO_SITUATION, many), Deadline.after(1))
    await point.aclose()


def test_a_question_prints_no_customer() -> None:
    """Canonical ids are personal data."""
    assert "v1" not in repr(Evaluation("v1", "Vessel.name"))

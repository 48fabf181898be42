"""An outside decision point narrows what a view shows, and shows nothing by itself: asked over HTTP, once a request."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.authzen import AuthZen, DecisionPlace, decision_point_problems
from gateway.settings import Settings
from resolvers import Engine, RefusalCode, RefusedError, Request
from resolvers.policy.decision_point import MOST_DECISIONS, DecisionUnavailableError, Evaluation, Question
from resolvers.refusals import Excess
from schema.caller import Caller
from schema.deadline import Deadline
from schema.reasons import Reason
from schema.situation import NO_SITUATION, Situation
from tests.gateway.greenhouse import greenhouse
from tests.resolvers.gated import gated, withheld
from tests.resolvers.harbour import Harbour, harbour, known
from tests.resolvers.verified import NOW, asserted, ruled
from tests.resolvers.vessels import MODEL

Answer = Callable[[dict[str, Any]], Any]
TWO = '{ vessels(by: [{id: "v1"}, {id: "v2"}]) { id name callSign draught } }'


class Point:
    """A decision point that answers as a function says, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.lines: list[bytes] = []
        self.heads: list[bytes] = []
        self.answer: Answer = lambda asked: {"evaluations": [{"decision": True} for _ in asked["evaluations"]]}
        self.url = ""

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-l")
            )
            self.lines.append(head.split(b"\r\n")[0])
            self.heads.append(head)
            self.asked.append(json.loads(await reader.readexactly(length)))
            said = self.answer(self.asked[-1])
            if said is None:
                await reader.read()
            elif isinstance(said, bytes) and said.startswith(b"HTTP/"):
                writer.write(said)
                await writer.drain()
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
    point.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/pdp"
    asking = AuthZen(point.url, **options)
    try:
        yield point, asking
    finally:
        await asking.aclose()
        server.close()


async def ask(point: AuthZen, query: str, **more: Any) -> tuple[dict[str, Any], Harbour]:
    h = harbour([known(1), known(2, "Vessel.draught")])
    h.engine = Engine(MODEL, h.sources, h.crossref, decision_point=point)
    view = gated({}, situation={"channels": ["voice"]})
    request = Request(query, situation=Situation(channel="voice"), **more)
    caller = Caller("bridge-desk", roles=frozenset({"developer", "captain"}))
    return await h.engine.answer(view, request, caller, Deadline.after(5)), h


async def test_it_is_asked_once_for_all_customers_and_coordinates() -> None:
    """In AuthZEN's words; not of the id, nor of what is withheld already."""
    async with running() as (point, asking):
        answer, h = await ask(asking, TWO)
    assert point.lines == [b"POST /pdp/access/v1/evaluations HTTP/1.1"]
    (asked,) = point.asked
    evaluations = asked.pop("evaluations")
    assert asked == {
        "subject": {"type": "consumer", "id": "bridge-desk", "properties": {"roles": ["captain", "developer"]}},
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
    (entry,) = answer["extensions"]["withheld"]
    told = (entry["coordinate"], entry["code"], entry["message"], entry["remedy"])
    assert told == ("Vessel.name", "POLICY_DENIED", Reason.POLICY_DENIED.message, Reason.POLICY_DENIED.remedy)
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
    assert withheld(answer) == {"Vessel.name": "POLICY_DENIED"}


async def test_it_is_told_how_well_each_customer_is_verified() -> None:
    """As far as that counts in the view: of who was verified too long ago, nothing."""
    h = harbour([known(1), known(2)])
    view = ruled({"Vessel.name": {"min": "V1"}, "Vessel.callSign": {}})
    async with running() as (point, asking):
        h.engine = Engine(MODEL, h.sources, h.crossref, decision_point=asking, now=lambda: NOW)
        caller = Caller("bridge-desk", assertions=(asserted("v1"), asserted("v2", age=100_000)))
        await h.engine.answer(
            view, Request('{ vessels(by: [{id: "v1"}, {id: "v2"}]) { name callSign } }'), caller, Deadline.after(5)
        )
    resources = [one["resource"] for one in point.asked[0]["evaluations"]]
    told = [(one["properties"]["customer"], one["id"], one["properties"]["verification"]) for one in resources]
    assert told == [("v1", "Vessel.callSign", "V2"), ("v1", "Vessel.name", "V2"), ("v2", "Vessel.callSign", "V0")]


HOSTILE = {
    "longer than its decisions can be": (
        json.dumps({"evaluations": [{"decision": True, "context": {"reason": "x" * 70_000}}]}).encode(),
        "the answer is longer than so many decisions can be",
    ),
    "longer than any answer": (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9000000\r\n\r\n" + b" " * 2_000_000,
        "the answer is longer than allowed",
    ),
    "too deep": (b"[" * 60_000, "the body is nested too deeply"),
    "deep in a reason": (
        b'{"evaluations": [{"decision": true, "context": ' + b"[" * 20_000 + b"]" * 20_000 + b"}]}",
        "the body is nested too deeply",
    ),
    "a redirect": (
        b"HTTP/1.1 307 Go\r\nLocation: http://127.0.0.1:9/else\r\nContent-Length: 0\r\n\r\n",
        "it answered with status 307",
    ),
    "no JSON": (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 37\r\n\r\n"
        b'{"evaluations": [{"decision": true}]}',
        "it answered with something other than JSON",
    ),
    "no HTTP": (b"HTTP/9.9 what\r\n\r\n", "the connection broke, or the answer was not HTTP"),
    "closed halfway": (
        b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"evaluations": [',
        "the connection broke, or the answer was not HTTP",
    ),
    "refused": (
        b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n",
        "it answered 401: it does not know the credential",
    ),
    "too many": (
        {"evaluations": [{"decision": True}] * 5},
        "it has not answered with as many decisions as it was asked for",
    ),
}


@pytest.mark.parametrize("kind", HOSTILE)
async def test_a_hostile_answer_withholds_all(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    """Bounded in size and depth, followed nowhere; the log says what it was, in words of ours."""
    said, reason = HOSTILE[kind]
    async with running() as (point, asking):
        point.answer = lambda _: said
        answer, h = await ask(asking, '{ vessel(by: {id: "v1"}) { id name } }')
    assert withheld(answer) == {"Vessel.name": "POLICY_UNAVAILABLE"}
    assert (len(point.asked), h.calls) == (1, {})
    assert [one.getMessage() for one in caplog.records] == [f"the decision point cannot be asked: {reason}"]


async def test_its_reasons_are_told_to_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """They are for those who keep the policies, and may say anything of a person."""
    reasons = {"reason_admin": {"en": "Berta is suspected"}, "reason_user": {"en": "Berta is suspected"}}
    async with running() as (point, asking):
        point.answer = lambda asked: {
            "evaluations": [{"decision": False, "context": reasons} for _ in asked["evaluations"]]
        }
        answer, _ = await ask(asking, '{ vessel(by: {id: "v1"}) { name } }')
    assert withheld(answer) == {"Vessel.name": "POLICY_DENIED"}
    assert "suspected" not in f"{answer}{caplog.text}"


TOKEN = "s3cret-of-the-point"


async def test_its_token_goes_with_the_call_and_nowhere_else(caplog: pytest.LogCaptureFixture) -> None:
    """As a bearer token; neither settings, declaration nor log show it."""
    settings = Settings(decision_point="http://127.0.0.1:9", decision_point_token=TOKEN)
    async with running(token=TOKEN) as (point, asking):
        answer, _ = await ask(asking, '{ vessel(by: {id: "v1"}) { name } }')
        point.answer = lambda _: b""
        await ask(asking, '{ vessel(by: {id: "v1"}) { name } }')
    assert answer["data"] == {"vessel": {"name": "Anna"}}
    assert all(f"Authorization: Bearer {TOKEN}\r\n".encode() in head for head in point.heads)
    printed = f"{settings!r}{DecisionPlace('http://x', TOKEN)!r}{asking!r}{vars(asking)!r}{caplog.text}"
    assert TOKEN not in printed


async def test_a_gateway_asks_the_decision_point_of_its_settings(tmp_path: Path) -> None:
    """With the token that is set."""
    async with running() as (point, _):
        point.answer = lambda asked: {"evaluations": [{"decision": False} for _ in asked["evaluations"]]}
        plants = greenhouse(tmp_path, settings=Settings(decision_point=point.url, decision_point_token=TOKEN))
        async with plants.gateway.running():
            response = await plants.post({"query": '{ plant(by: {id: "p1"}) { label } }'}, to="watering@1")
    assert withheld(response.json()) == {"Plant.label": "POLICY_DENIED"}
    assert f"Authorization: Bearer {TOKEN}".encode() in point.heads[0]


URL = "CUSTOMER_VIEW_DECISION_POINT"


@pytest.mark.parametrize(
    ("place", "told"),
    [
        (DecisionPlace(), []),
        (DecisionPlace("http://pdp.example/base"), []),
        (DecisionPlace("https://pdp.example/base", TOKEN), []),
        (DecisionPlace("http://127.0.0.1:8181", TOKEN), []),
        (DecisionPlace("http://[::1]:8181", TOKEN), []),
        (DecisionPlace("http://localhost", TOKEN), []),
        (
            DecisionPlace("http://pdp.example", TOKEN),
            [
                f"{URL}: note: got a URL without TLS, to which a token is sent; wanted https://, or an address of this "
                "very machine; to mend: use https://, unless nobody else can read this network"
            ],
        ),
        (
            DecisionPlace("http://u:pw@pdp.example"),
            [
                f"{URL}: error: got a URL that is no plain one; wanted http(s)://host/path without user, query and "
                f"fragment; to mend: correct it; a credential goes in {URL}_TOKEN"
            ],
        ),
        (
            DecisionPlace(None, TOKEN),
            [
                f"{URL}_TOKEN: error: got no {URL}, to which it belongs; wanted a decision point; to mend: set {URL} "
                f"to its URL, or unset {URL}_TOKEN"
            ],
        ),
    ],
)
def test_check_tells_a_decision_point_that_cannot_be_asked(place: DecisionPlace, told: list[str]) -> None:
    """Without its URL or token: both may be secret."""
    assert [str(one) for one in decision_point_problems(place)] == told


def test_a_gateway_with_a_wrong_decision_point_does_not_start(tmp_path: Path) -> None:
    """`check` says so before."""
    plants = greenhouse(tmp_path, settings=Settings(decision_point="http://u:pw@pdp.example"))
    (error,) = plants.gateway.check().errors
    assert error.file == URL
    assert "pw" not in str(error)


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


async def test_a_request_that_needs_too_many_decisions_is_refused_before_anything_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By what it asks for, whoever exists: the refusal tells of nobody."""
    monkeypatch.setattr("resolvers.policy.decision_point.MOST_DECISIONS", 3)
    h = harbour([known(1)])
    async with running() as (point, asking):
        h.engine = Engine(MODEL, h.sources, h.crossref, decision_point=asking)
        for other in ("v1", "nobody"):
            with pytest.raises(RefusedError) as caught:
                await h.ask(TWO.replace("v2", other))
            assert (caught.value.code, caught.value.remedy) == (
                RefusalCode.QUERY_BUDGET,
                "Ask for fewer customers or fields.",
            )
            assert str(caught.value) == "QUERY_BUDGET: The query can need 6 decisions; 3 a request are taken."
            assert caught.value.excess == Excess("decisions", 3, 6)
        assert (point.asked, h.crossref.reads) == ([], 0)
        await h.ask('{ vessel(by: {id: "v1"}) { name callSign draught } }')
    assert len(point.asked) == 1


async def test_the_largest_question_leaves_others_their_turns() -> None:
    """It is written in pieces: between them the loop is free."""
    many = tuple(Evaluation("v1", f"Vessel.f{n}") for n in range(MOST_DECISIONS))
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with running(timeout=30) as (point, asking):
        other = asyncio.create_task(others())
        found = await asking.decide(
            Question("c", "v@1", "CustomerCare", NO_SITUATION, evaluations=many), Deadline.after(30)
        )
        other.cancel()
    assert len(found) == MOST_DECISIONS
    assert len(point.asked[0]["evaluations"]) == MOST_DECISIONS
    assert turns >= MOST_DECISIONS / 250


async def test_more_than_ten_thousand_decisions_are_asked_of_nobody() -> None:
    """A request is bounded; what is not decided is not shown."""
    point = AuthZen("http://127.0.0.1:9")
    many = tuple(Evaluation("v1", f"Vessel.f{n}") for n in range(10_001))
    with pytest.raises(DecisionUnavailableError, match="more than 10000"):
        await point.decide(Question("c", "v@1", "CustomerCare", NO_SITUATION, evaluations=many), Deadline.after(1))
    await point.aclose()


def test_a_question_prints_no_customer() -> None:
    """Canonical ids are personal data."""
    assert "v1" not in repr(Evaluation("v1", "Vessel.name"))


async def test_a_decision_point_that_is_down_is_told_once_a_while(caplog: pytest.LogCaptureFixture) -> None:
    """Every request meets it: a line for each would bury all others. How many it has met is told with the next."""
    now, one = [0.0], (Evaluation("cus_1", "A.b"),)
    async with running(clock=lambda: now[0]) as (point, asking):
        point.answer = lambda _: b""
        for now[0] in (0.0, 1.0, 9.9, 10.0, 10.1):
            with pytest.raises(DecisionUnavailableError):
                await asking.decide(
                    Question("c", "v@1", "CustomerCare", NO_SITUATION, evaluations=one), Deadline.after(5)
                )
    told = [record.getMessage() for record in caplog.records if record.name == "gateway.authzen"]
    assert len(told) == 2
    assert "; " not in told[0]
    assert told[1] == f"{told[0]}; 3 requests since it was told"

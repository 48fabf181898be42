"""A view that wants an open case shows nobody without one, and tells by nothing why."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from resolvers import Engine, Request
from resolvers.disclosure import Disclosure
from schema.caller import Caller
from schema.deadline import Deadline
from schema.reasons import Reason
from schema.situation import Situation
from schema.views import ReceiptDetail, View
from tests.resolvers.gated import Port, case, gated, ship
from tests.resolvers.harbour import TIMED_OUT
from tests.resolvers.vessels import MODEL

ONE = '{ vessel(by: {id: "%s"}) { id name } }'
DESK = {"relationship": "open-case", "refusal_ms": 300}


class Time:
    """A clock that goes on when somebody sleeps, and keeps when; and a book of what was disclosed."""

    def __init__(self, port: Port) -> None:
        self.now, self.slept, self.records = 50.0, list[float](), list[Disclosure]()
        self.port = port
        adapters = [*port.harbour.sources, port.office] if port.office.offers else port.harbour.sources
        self.engine = Engine(
            MODEL, adapters, port.harbour.crossref, clock=lambda: self.now, sleep=self.sleep, recorder=self
        )

    async def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 6))
        self.now += seconds

    async def record(self, disclosure: Disclosure) -> None:
        self.records.append(disclosure)

    async def ask(self, query: str, view: View, case: str | None = None) -> dict[str, Any]:
        request = Request(query, situation=Situation(case=case), receipt=ReceiptDetail.SOURCES)
        deadline = Deadline.after(10, clock=lambda: self.now)
        async with asyncio.timeout(5):
            return await self.engine.answer(view, request, Caller("bridge-desk"), deadline)

    @property
    def causes(self) -> Sequence[Reason | None]:
        return [one.refused for one in self.records[-1].customers]


def desk(**more: Any) -> View:
    return gated({}, subject=DESK, situation={"case": "optional"}, **more)


async def test_who_has_an_open_case_is_shown_at_once() -> None:
    """The case is asked before anything else, in one call; no answer is kept back."""
    time = Time(Port(cases=[case("O1"), case("O2")]))
    answer = await time.ask('{ vessels(by: [{id: "v1"}, {id: "v2"}]) { name } }', desk())
    assert answer["data"] == {"vessels": [{"name": "Anna"}, {"name": "Berta"}]}
    assert time.port.asked == [("cases", (), ("O1", "O2")), ("vessels", ("name",), ("R1", "R2"))]
    assert time.slept == []


@pytest.mark.parametrize(
    ("who", "cases", "told", "cause"),
    [
        ("v1", [], None, Reason.RELATIONSHIP_REQUIRED),
        ("v1", [case("O1", is_open=False)], None, Reason.RELATIONSHIP_REQUIRED),
        ("v1", [case("O1"), case("O2", "CASE-2")], "CASE-2", Reason.RELATIONSHIP_REQUIRED),
        ("nobody", [case("O1")], None, Reason.SUBJECT_UNKNOWN),
        ("v3", [case("O3")], None, Reason.SUBJECT_RESTRICTED),
    ],
)
async def test_whoever_is_refused_is_refused_alike(who: str, cases: list[Any], told: str | None, cause: Reason) -> None:
    """Unknown, restricted or without a case: the same answer, at the same moment; the record holds the true reason."""
    time = Time(Port(cases=cases, subjects=[ship(1), ship(2), ship(3, "*")]))
    answer = await time.ask(ONE % who, desk(), told)
    (entry,) = answer["extensions"]["withheld"]
    assert entry["code"] == "SUBJECT_UNKNOWN"
    assert answer["data"] == {"vessel": None}
    receipt = answer["extensions"]["receipt"]
    assert (receipt["customers"], receipt["ms"]) == (0, 300.0)
    assert [(one["calls"], one["outcome"]) for one in receipt["sources"]] == [(0, "NOT_ASKED")]
    assert (time.now, time.slept) == (50.3, [0.3])
    assert time.port.harbour.calls == {}
    assert time.causes == [cause]


@pytest.mark.parametrize("failure", ["times out", "never answers", "is not there"])
async def test_a_case_that_cannot_be_asked_refuses(failure: str) -> None:
    """At the same moment."""
    port = Port(cases=[case("O1")])
    if failure == "times out":
        port.office.answers = {"O1": TIMED_OUT}
    elif failure == "never answers":
        port.office.gate = asyncio.Event()
    else:
        port.office.offers = ()
    time = Time(port)
    time.engine = Engine(
        MODEL,
        [*port.harbour.sources, port.office],
        port.harbour.crossref,
        clock=lambda: time.now,
        sleep=time.sleep,
        recorder=time,
    )
    asking = asyncio.create_task(time.ask(ONE % "v1", desk()))
    answer = await asking
    assert answer["data"] == {"vessel": None}
    assert time.causes == [Reason.POLICY_UNAVAILABLE]
    assert time.now == pytest.approx(50.3)
    assert port.harbour.calls == {}


async def test_one_who_is_refused_leaves_the_others_their_time() -> None:
    """What is not there by then is late: the answer leaves at the same moment, whoever else is shown in it."""
    time = Time(Port(cases=[case("O1")]))
    time.port.harbour.sonar.gate = asyncio.Event()
    query = '{ vessels(by: [{id: "v1"}, {id: "v2"}]) { id name draught } }'
    answer = await time.ask(query, desk())
    assert answer["data"]["vessels"] == [{"id": "v1", "name": "Anna", "draught": None}, None]
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["DEADLINE_EXCEEDED"]
    assert time.now == pytest.approx(50.3)


async def test_for_real_a_refusal_leaves_when_the_view_says() -> None:
    """With the machine's own clock."""
    port = Port()
    loop = asyncio.get_running_loop()
    for who in ("v1", "nobody"):
        started = loop.time()
        answer = await port.ask(ONE % who, desk())
        assert answer["data"] == {"vessel": None}
        assert 0.3 <= loop.time() - started < 3

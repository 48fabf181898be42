"""A view that wants an open case shows nobody without one, and tells by nothing why."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from resolvers import Engine, RefusedError, Request
from resolvers.disclosure import Disclosure
from schema.caller import Caller
from schema.deadline import Deadline
from schema.reasons import Reason
from schema.situation import Situation
from schema.views import ReceiptDetail, View
from tests.resolvers.gated import CASES, Port, case, contact, gated, ship, withheld
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

    def made(self) -> Engine:
        """A new engine over the same sources, as they are now."""
        adapters = [*self.port.harbour.sources, self.port.office]
        clock = {"clock": lambda: self.now, "sleep": self.sleep}
        return Engine(MODEL, adapters, self.port.harbour.crossref, recorder=self, **clock)  # type: ignore[arg-type]

    async def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 6))
        self.now += seconds

    async def record(self, disclosure: Disclosure) -> None:
        self.records.append(disclosure)

    async def ask(
        self,
        query: str,
        view: View,
        case: str | None = None,
        *,
        interaction: str | None = None,
        arrived: float | None = None,
    ) -> dict[str, Any]:
        situation = Situation(case=case, interaction=interaction)
        request = Request(query, situation=situation, receipt=ReceiptDetail.SOURCES)
        deadline = Deadline.after(10, clock=lambda: self.now)
        async with asyncio.timeout(5):
            return await self.engine.answer(view, request, Caller("bridge-desk"), deadline, arrived=arrived)

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


async def test_a_case_that_a_field_wants_as_well_is_asked_once() -> None:
    """For both, in one call; and only the fields by which it is decided."""
    time = Time(Port(cases=[case("O1"), case("O2")]))
    through = gated({"Vessel.name": {"relationship": "open-case"}}, subject=DESK, situation={"case": "optional"})
    for named, fields in ((None, ("is_open",)), ("CASE-1", ("is_open", "reference"))):
        time.port.office.batches.clear()
        answer = await time.ask('{ vessels(by: [{id: "v1"}, {id: "v2"}]) { name draught } }', through, named)
        assert [one["name"] for one in answer["data"]["vessels"]] == ["Anna", "Berta"]
        assert [(one.offer.name, one.keys, one.fields) for one in time.port.office.batches] == [
            ("cases", ("O1", "O2"), fields)
        ]
        told = answer["extensions"]["receipt"]["sources"][0]
        assert (told["offer"], told["calls"], told["fields"]) == ("cases", 1, list(fields))
        assert time.records[-1].sources == {"office": 1, "registry": 1, "sonar": 1}


async def test_its_call_is_one_of_those_that_a_view_allows() -> None:
    """It is counted before anything else is asked, and told by explain."""
    port = Port(cases=[case("O1")])
    told = port.explain(ONE % "v1", desk())
    assert told["calls"] == 2
    assert [one["fields"] for one in told["gates"]] == [["is_open", "reference"]]
    await port.ask(ONE % "v1", desk(limits={"calls": 2}))
    port.office.batches.clear()
    port.harbour.registry.batches.clear()
    with pytest.raises(RefusedError, match="can need 2 calls"):
        await port.ask(ONE % "v1", desk(limits={"calls": 1}))
    assert port.office.batches == []
    assert port.harbour.calls == {}


async def test_the_count_of_calls_does_not_tell_who_is_there() -> None:
    """Whoever is looked up counts, whether there is somebody or not: the same refusal, at once, and nothing is read."""
    told: list[tuple[str, float]] = []
    for second in ("nobody", "v2"):
        time = Time(Port(cases=[case("O1")]))
        time.port.office.offers = (replace(CASES, max_batch=1),)
        time.engine = time.made()
        query = f'{{ vessels(by: [{{id: "v1"}}, {{id: "{second}"}}]) {{ name draught }} }}'
        with pytest.raises(RefusedError, match="can need 4 calls") as refused:
            await time.ask(query, desk(limits={"calls": 3}))
        told.append((str(refused.value), time.now))
    assert told[0] == told[1]
    assert time.port.harbour.crossref.reads == 0
    assert told[0][1] == 50.0


async def test_more_look_ups_than_calls_are_refused_before_anybody_is_looked_up() -> None:
    """Nothing is read and nobody is asked."""
    time = Time(Port(cases=[case("O1"), case("O2")]))
    time.port.office.offers = (replace(CASES, max_batch=1),)
    time.engine = time.made()
    with pytest.raises(RefusedError, match="can need 2 calls"):
        await time.ask('{ vessels(by: [{id: "v1"}, {id: "v2"}]) { id } }', desk(limits={"calls": 1}))
    assert time.port.harbour.crossref.reads == 0
    assert time.port.asked == []
    assert time.slept == []


async def test_the_time_of_a_refusal_is_counted_from_when_the_request_came() -> None:
    """However long it took until it was read; the receipt and the record tell the same."""
    time = Time(Port())
    answer = await time.ask(ONE % "v1", desk(), arrived=49.9)
    assert time.now == pytest.approx(50.2)
    assert answer["extensions"]["receipt"]["ms"] == 300.0
    assert time.records[-1].seconds == pytest.approx(0.3)


ON_CALL = {"relationship": "active-interaction", "refusal_ms": 300}
CALL = {"interaction": "optional", "case": "optional"}


@pytest.mark.parametrize(
    ("contacts", "told", "cause"),
    [
        ([contact("O1")], "call-1", None),
        ([contact("O1", is_active=False)], "call-1", Reason.RELATIONSHIP_REQUIRED),
        ([contact("O1")], "call-2", Reason.RELATIONSHIP_REQUIRED),
        ([contact("O2")], "call-1", Reason.RELATIONSHIP_REQUIRED),
        ([], "call-1", Reason.RELATIONSHIP_REQUIRED),
    ],
    ids=["the very one", "over", "another one", "another customer's", "none"],
)
async def test_a_view_can_want_the_interaction_that_goes_on(
    contacts: list[Any], told: str, cause: Reason | None
) -> None:
    """The one that the situation names, with the customer who is looked up; asked in one call."""
    time = Time(Port(contacts=contacts))
    through = gated({}, subject=ON_CALL, situation=CALL)
    answer = await time.ask(ONE % "v1", through, interaction=told)
    assert (answer["data"]["vessel"] is None) is (cause is not None)
    assert [(one.offer.name, one.keys) for one in time.port.office.batches] == [("contacts", ("O1",))]
    assert time.causes == [cause]
    assert time.slept == ([] if cause is None else [0.3])
    assert time.port.harbour.calls == ({} if cause else {"registry": 1})


async def test_without_an_interaction_there_is_none_and_nobody_is_asked() -> None:
    """On the whole view, and on a field."""
    time = Time(Port(contacts=[contact("O1")]))
    answer = await time.ask(ONE % "v1", gated({}, subject=ON_CALL, situation=CALL))
    assert answer["data"] == {"vessel": None}
    assert (time.causes, time.slept, time.port.asked) == ([Reason.RELATIONSHIP_REQUIRED], [0.3], [])
    through = gated({"Vessel.name": {"relationship": "active-interaction"}}, situation=CALL)
    answer = await time.ask(ONE % "v1", through)
    assert answer["data"] == {"vessel": {"id": "v1", "name": None}}
    assert withheld(answer) == {"Vessel.name": "RELATIONSHIP_REQUIRED"}
    assert time.port.asked == []


async def test_a_field_can_want_the_interaction_that_goes_on() -> None:
    """It is one of the gates that are asked before what waits for them, for those who ask for it."""
    port = Port(contacts=[contact("O1"), contact("O2", "call-2")])
    through = gated({"Vessel.name": {"relationship": "active-interaction"}}, situation=CALL)
    answer = await port.ask(
        '{ vessels(by: [{id: "v1"}, {id: "v2"}]) { name draught } }', through, situation=Situation(interaction="call-1")
    )
    assert answer["data"] == {"vessels": [{"name": "Anna", "draught": 301}, {"name": None, "draught": 302}]}
    assert withheld(answer) == {"Vessel.name": "RELATIONSHIP_REQUIRED"}
    assert ("contacts", (), ("O1", "O2")) in port.asked
    assert ("vessels", ("name",), ("R1",)) in port.asked


async def test_for_real_a_refusal_leaves_when_the_view_says() -> None:
    """With the machine's own clock."""
    port = Port()
    loop = asyncio.get_running_loop()
    for who in ("v1", "nobody"):
        started = loop.time()
        answer = await port.ask(ONE % who, desk())
        assert answer["data"] == {"vessel": None}
        assert 0.3 <= loop.time() - started < 3


async def test_a_request_that_is_ended_while_its_case_is_asked_asks_no_longer() -> None:
    """Nobody waits for the answer then, so the call is cut; nothing else is asked."""
    port = Port(cases=[case("O1")])
    port.office.gate = asyncio.Event()
    asking = asyncio.create_task(port.ask(ONE % "v1", desk()))
    await port.office.asked.wait()
    asking.cancel()
    with suppress(asyncio.CancelledError):
        await asking
    await asyncio.sleep(0)
    assert (port.office.cancelled, [one[0] for one in port.asked]) == (1, ["cases"])

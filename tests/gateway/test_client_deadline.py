"""How long a client waits: it makes the time of a view shorter, never longer, and the answer leaves by then."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from adapters.http import HttpAdapter, HttpOffer, InPath, Told
from gateway.client_deadline import preferred_wait, seconds_for, time_wanted
from resolvers import Engine
from schema.views import View
from tests.adapters.raw_server import Request as RawRequest
from tests.adapters.raw_server import json_answer, serving
from tests.gateway.greenhouse import DESK, INSPECTOR, BedRecord, Greenhouse, code_of, greenhouse
from tests.resolvers.vessels import view

LABEL = '{ plant(by: {id: "p1"}) { label } }'
BOTH = '{ plant(by: {id: "p1"}) { label bed { moisture } } }'


def wanted(milliseconds: object, query: str = LABEL) -> dict[str, Any]:
    return {"query": query, "extensions": {"deadlineMs": milliseconds}}


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (b"wait=10", 10),
        (b"respond-async, wait=10", 10),
        (b"wait = 10 ; foo=bar", 10),
        (b'WAIT="7"', 7),
        (b'return=minimal;foo="some, parameter", wait=3', 3),
        (b"wait=3, wait=9", 3),
        (b"wait=0", 0),
        (b"", None),
        (b"wait", None),
        (b"wait=1.5", None),
        (b"wait=-1", None),
        (b"wait=soon, wait=3", None),
        (b"wait=1234567890", None),
        (b"respond-async", None),
        (b"waiting=3", None),
        (b"\xff, wait=3", None),
        (b"a=" + b'"' * 2_000, None),
        (b"a;" * 600 + b"wait=3", None),
    ],
)
def test_the_preference_is_read_as_the_rfc_has_it(header: bytes, seconds: int | None) -> None:
    """RFC 7240: the first `wait` counts, names are of either case, and what cannot be read is no preference."""
    assert preferred_wait({b"prefer": header}) == seconds
    assert preferred_wait({}) is None


@pytest.mark.parametrize("header", [b"a" + b" " * 1_000 + b"x", b"a" * 1_000 + b"(", b"a;" + b" " * 1_000 + b'"'])
def test_a_preference_is_read_in_one_pass(header: bytes) -> None:
    """What cannot be read costs no more than what can."""
    start = time.process_time()
    for _ in range(100):
        assert preferred_wait({b"prefer": header}) is None
    assert time.process_time() - start < 1.0


def test_a_hostile_preference_takes_no_time() -> None:
    """Looking for the end of a quoted text is linear, and the header is bounded."""
    started = time.process_time()
    for given in (b'a="' * 340, b"a;" * 512, b'"\\' * 512, b"," * 1_024, b"a " * 512, b"a=b;" * 256):
        preferred_wait({b"prefer": given})
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    ("milliseconds", "seconds"), [(10, 0.01), (0, 0.01), (250, 0.25), (1_000, 1.0), (9_999_999, 1.0)]
)
def test_the_time_becomes_shorter_and_never_longer(milliseconds: int, seconds: float) -> None:
    """At least 10 ms, at most the view's."""
    assert seconds_for(view(), milliseconds) == seconds


@pytest.mark.parametrize(("subject", "least"), [({"refusal_ms": 300}, 0.3), ({}, 1.0)])
def test_who_refuses_at_one_moment_is_not_hurried(subject: dict[str, Any], least: float) -> None:
    """A time before `refusal_ms` would tell by the clock why somebody is not shown."""
    discreet = view(subject={"relationship": "open-case", **subject})
    assert seconds_for(discreet, 10) == least
    assert time_wanted(discreet, {b"prefer": b"wait=0"}) == (least, None)


@pytest.mark.parametrize(
    ("header", "told"),
    [(b"wait=2", {"Preference-Applied": "wait=2"}), (b"wait=3", None), (b"wait=60", None), (b"wait=x", None)],
)
def test_it_is_told_whether_the_preference_was_applied(header: bytes, told: dict[str, str] | None) -> None:
    """Only where it has made the time shorter."""
    seconds, applied = time_wanted(view(limits={"deadline_ms": 3_000}), {b"prefer": header})
    assert (seconds, applied) == (2.0 if told else 3.0, told)


@pytest.mark.parametrize("wrong", [9, 0, -1, 1.5, "200", True, [200], {}])
async def test_a_wrong_deadline_in_the_body_is_refused(house: Greenhouse, wrong: object) -> None:
    """400 with what was wanted; nothing is asked."""
    for response in (await house.post(wanted(wrong)), await by_get(house, wanted(wrong))):
        assert (response.status_code, code_of(response)) == (400, "BAD_REQUEST")
        assert "'deadlineMs' wants a whole number of milliseconds, 10 or more, and got " in response.text
        assert response.json()["errors"][0]["message"].endswith(". Send such a number, or leave it out.")
    assert house.is_untouched


async def test_a_deadline_of_null_says_nothing(house: Greenhouse) -> None:
    """As every member of a request that is null."""
    response = await house.post(wanted(None))
    assert (response.status_code, "errors" in response.json()) == (200, False)


async def test_a_deadline_that_stands_twice_is_refused_beside_a_situation(house: Greenhouse) -> None:
    """Which one counts would be a guess."""
    body = b'{"query":"{ plant(by: {id: \\"p1\\"}) { label } }","extensions":{"deadlineMs":20,"situation":{},'
    response = await house.post(body + b'"deadlineMs":900}}')
    assert (response.status_code, code_of(response)) == (400, "BAD_REQUEST")


async def by_get(house: Greenhouse, asked: dict[str, Any]) -> Any:
    parameters = {"query": asked["query"], "extensions": orjson.dumps(asked["extensions"]).decode()}
    async with house.client() as client:
        return await client.get("/views/watering/graphql", params=parameters)


@pytest.fixture
def deadlines(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Until when the engine may ask, by request."""
    told: list[float] = []

    async def answer(_: Any, _view: View, _request: Any, _caller: Any, deadline: Any, **__: Any) -> dict[str, Any]:
        told.append(deadline.at)
        return {"data": None}

    monkeypatch.setattr(Engine, "answer", answer)
    return told


async def test_the_whole_request_counts_from_its_arrival(
    planted: Path, nothing_else_installed: None, deadlines: list[float]
) -> None:
    """Of 2 s in the header and 1.5 s in the body the less counts, and reading the body is part of it."""
    now = [100.0]

    async def body() -> AsyncIterator[bytes]:
        now[0] += 1
        yield orjson.dumps(wanted(1_500))

    house = greenhouse(planted, clock=lambda: now[0])
    async with house.gateway.running():
        response = await house.post(body(), prefer="wait=2")
        await house.post(wanted(60_000))
        await house.post(wanted(20))
    assert deadlines == pytest.approx([101.4, 105.9, 101.01])
    assert response.headers["preference-applied"] == "wait=2"


async def test_a_request_whose_time_went_into_its_body_is_late(
    planted: Path, nothing_else_installed: None, deadlines: list[float]
) -> None:
    """504, and the engine is not asked."""
    now = [100.0]

    async def body() -> AsyncIterator[bytes]:
        now[0] += 0.06
        yield orjson.dumps(wanted(50))

    house = greenhouse(planted, clock=lambda: now[0])
    async with house.gateway.running():
        response = await house.post(body())
    assert (response.status_code, code_of(response), deadlines) == (504, "DEADLINE_EXCEEDED", [])


async def test_the_answer_leaves_by_then_with_what_there_is(house: Greenhouse) -> None:
    """The bed's source hangs: after 100 ms of the view's 5 s there is the label, and why the bed is null."""
    house.soil.hangs = True
    started = time.monotonic()
    response = await house.post(wanted(100, BOTH))
    assert time.monotonic() - started < 1
    assert response.json()["data"] == {"plant": {"label": "Fern", "bed": {"moisture": None}}}
    assert code_of(response) == "DEADLINE_EXCEEDED"
    await asyncio.sleep(0)
    assert house.soil.running == 0


async def test_a_source_that_drips_holds_nothing_up(house: Greenhouse) -> None:
    """A real one: every byte comes in time, and its answer never ends. Its connection is closed, the rest is shown."""

    async def drip(_request: RawRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
        for _ in range(100_000):
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.005)

    async with serving(drip) as source:
        beds: dict[str, Any] = {"name": "beds", "serves": "Bed", "record": BedRecord, "key": "code", "keyspace": "bed"}
        offer = HttpOffer(**beds, path="/beds/{key}", keys=InPath())
        adapter = HttpAdapter("soil", source.url, [offer], told=Told(deadline="X-Time-Left"))
        house.soil.fetch = lambda batch, call: adapter.fetch(replace(batch, offer=offer), call)  # type: ignore[method-assign]
        started = time.monotonic()
        response = await house.post(wanted(300, BOTH))
        assert time.monotonic() - started < 2
        assert response.json()["data"] == {"plant": {"label": "Fern", "bed": {"moisture": None}}}
        assert code_of(response) == "DEADLINE_EXCEEDED"
        await source.until(lambda: source.open == 0)
        (asked,) = source.requests
        assert 0 < int(asked.header("X-Time-Left") or 0) <= 270
        await adapter.aclose()


async def test_no_client_closes_a_source_to_others_by_its_haste(house: Greenhouse) -> None:
    """A source that takes 150 ms, and clients who want their answers in 130: the others are answered still."""

    async def slow(_request: RawRequest, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.15)
        writer.write(json_answer(b'{"code": "b1", "moisture": 7}'))

    async with serving(slow) as source:
        beds: dict[str, Any] = {"name": "beds", "serves": "Bed", "record": BedRecord, "key": "code", "keyspace": "bed"}
        offer = HttpOffer(**beds, path="/beds/{key}", keys=InPath())
        adapter = HttpAdapter("soil", source.url, [offer])
        house.soil.fetch = lambda batch, call: adapter.fetch(replace(batch, offer=offer), call)  # type: ignore[method-assign]
        for _ in range(8):
            assert code_of(await house.post(wanted(130, BOTH))) == "DEADLINE_EXCEEDED"
        state = adapter.limits.state()
        assert (state.breaker, state.offers["beds"].opened, state.width) == ("closed", 0, state.most)
        assert "DEADLINE_EXCEEDED" not in (await house.post({"query": BOTH})).text
        assert len(source.requests) == 9
        await adapter.aclose()


async def test_the_shortest_time_is_enough_for_a_partial_answer(house: Greenhouse) -> None:
    """10 ms: half of them for the sources, and the answer is no 504."""
    house.nursery.hangs = True
    response = await house.post(wanted(10))
    assert (response.status_code, response.json()["data"]) == (200, {"plant": {"label": None}})


async def test_a_cross_reference_that_hangs_is_not_waited_for_longer(house: Greenhouse) -> None:
    """504 after the client's time, not after the view's."""
    house.table.hangs = True
    started = time.monotonic()
    response = await house.post(wanted(100))
    assert 0.1 <= time.monotonic() - started < 1
    assert (response.status_code, code_of(response)) == (504, "DEADLINE_EXCEEDED")


async def test_pages_may_send_and_read_it(house: Greenhouse) -> None:
    """CORS lets the header through, and shows what was applied."""
    async with house.client(INSPECTOR, origin=DESK) as client:
        asked = {"access-control-request-method": "POST"}
        preflight = await client.options("/views/feeding/graphql", headers=asked)
        answer = await client.post("/views/feeding/graphql", json={"query": LABEL}, headers={"prefer": "wait=1"})
    assert "Prefer" in preflight.headers["access-control-allow-headers"].split(", ")
    assert "Preference-Applied" in answer.headers["access-control-expose-headers"].split(", ")
    assert answer.headers["preference-applied"] == "wait=1"

"""What goes out when something inside fails, hangs, or holds what no answer can."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from adapters.answers import Found, Key
from adapters.crossref import CrossReferenceError, SecretError, StoreError
from resolvers import Engine
from tests.gateway.greenhouse import (
    GARDENER,
    NOW,
    Greenhouse,
    code_of,
    greenhouse,
)

LABEL = {"query": '{ plant(by: {id: "p1"}) { label } }'}
WHOLE = '{ plant(by: {id: "p1"}) { label height bed { moisture } } }'


@pytest.mark.parametrize("value", ["half \ud800 a character", 2**70, [float], {1: 2, 3: object()}])
async def test_a_value_that_json_cannot_hold_costs_its_customer_only(
    house: Greenhouse, value: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A source's value must not become a 500, nor cost other customers their data."""
    good = {"label": "Fern"}

    async def answer(*_: Any, **__: Any) -> dict[str, Any]:
        error = {"message": "The source failed.", "path": ["b"]}
        return {"data": {"many": [good, {"label": value}, None], "a": {"label": value}, "b": good}, "errors": [error]}

    monkeypatch.setattr(Engine, "answer", answer)
    response = await house.post(LABEL)
    told = response.json()
    assert response.status_code == 200
    assert told["data"] == {"many": [good, None, None], "a": None, "b": good}
    assert [(one["path"], one.get("extensions", {}).get("code")) for one in told["errors"]] == [
        (["b"], None),
        (["many", 1], "VALUE_INVALID"),
        (["a"], "VALUE_INVALID"),
    ]
    assert [record.getMessage() for record in caplog.records] == [
        "an answer held a value that JSON cannot hold; the customers who have one were left out"
    ]


@pytest.mark.parametrize("value", ["half \ud800 a character", "\udfff", 2**80, float("nan"), b"x", ["a"], {"a": 1}])
async def test_no_value_of_a_source_makes_the_gateway_fail(house: Greenhouse, value: Any) -> None:
    """Also where an adapter of others hands on what it got, unchecked: the value is null with its reason."""
    house.nursery.answers = {"N-p1": Found({"label": value, "height": value}, NOW)}
    query = '{ plants(by: [{id: "p1"}, {id: "p2"}]) { label height } }'
    response = await house.post({"query": query})
    assert response.status_code == 200
    bad, good = response.json()["data"]["plants"]
    assert good == {"label": "Moss", "height": 10}
    assert bad is None or bad["height"] is None
    assert code_of(response) == "VALUE_INVALID"


async def test_half_characters_in_names_of_operations_are_refused_as_json(house: Greenhouse) -> None:
    """An escape of half a character is no JSON string."""
    response = await house.post(b'{"query":"{a}","operationName":"\\ud800"}')
    assert (response.status_code, code_of(response)) == (400, "BAD_REQUEST")


SECRET = "key 4711 of ada@example.org at db.internal.example"


@pytest.mark.parametrize(
    ("raised", "status", "code"),
    [
        (StoreError("the cross-reference's database failed (SQLITE_BUSY)"), 503, "UNAVAILABLE"),
        (SecretError("got version 1; wanted one of (2,)"), 503, "UNAVAILABLE"),
        (CrossReferenceError("failed"), 503, "UNAVAILABLE"),
        (ValueError(SECRET), 500, "INTERNAL_ERROR"),
        (TimeoutError(SECRET), 500, "INTERNAL_ERROR"),
        (KeyError(SECRET), 500, "INTERNAL_ERROR"),
    ],
)
async def test_a_failing_cross_reference_shows_nothing_of_the_inside(
    house: Greenhouse, raised: Exception, status: int, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A constant text goes out; the log has type and places, and of texts only those of the cross-reference itself."""
    house.table.raises = raised
    response = await house.post(LABEL)
    assert (response.status_code, code_of(response)) == (status, code)
    is_worth_it = status == 503 and not isinstance(raised, SecretError)  # a secret is lacking until it is given
    assert response.headers.get("retry-after") == ("1" if is_worth_it else None)
    assert house.calls == 0
    (record,) = caplog.records
    logged = caplog.text + response.text
    assert (record.levelno, record.exc_info) == (logging.ERROR, None)
    assert type(raised).__name__ in logged
    assert "resolve_many (greenhouse.py:" in logged
    assert not any(word in logged for word in ("4711", "ada@", "internal.example", "p1"))
    assert (str(raised) in caplog.text) is (status == 503)
    assert str(raised) not in response.text


async def test_a_bug_in_the_engine_is_500_with_a_constant_text(
    house: Greenhouse, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Even one that has run out of stack."""

    def deeper(depth: int) -> int:
        return deeper(depth + 1)

    def broken(*_: Any) -> None:
        deeper(0)

    monkeypatch.setattr("resolvers.reading.Reader.read", broken)
    response = await house.post(LABEL)
    assert (response.status_code, code_of(response)) == (500, "INTERNAL_ERROR")
    assert response.json()["errors"][0]["message"].startswith("The gateway failed. This is not the request's fault;")
    assert "RecursionError" in caplog.text
    assert len(caplog.text) < 2_000


async def test_a_failure_that_every_request_can_meet_is_told_once_a_while(
    house: Greenhouse, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever has found out what makes the gateway fail cannot bury all other lines."""
    house.table.raises = ValueError(SECRET)
    assert [(await house.post(LABEL)).status_code for _ in range(5)] == [500] * 5
    assert len(caplog.records) == 1


async def test_an_adapter_that_raises_costs_its_own_fields(
    house: Greenhouse, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An adapter of others can raise anything; the request is answered, and nothing of the text is told."""

    async def fetch(*_: Any) -> dict[Key, Any]:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(house.soil, "fetch", fetch)
    response = await house.post({"query": WHOLE})
    assert response.json()["data"] == {"plant": {"label": "Fern", "height": 10, "bed": {"moisture": None}}}
    assert "4711" not in response.text + caplog.text


async def test_a_source_that_hangs_costs_its_fields_by_the_deadline(house: Greenhouse) -> None:
    """The answer leaves by the view's deadline (0.3 s), with what has come by then; what it left is cut at once."""
    house.soil.hangs = True
    started = time.monotonic()
    response = await house.post({"query": '{ plant(by: {id: "p1"}) { label bed { moisture } } }'}, to="hurry")
    assert time.monotonic() - started < 3
    assert response.status_code == 200
    assert response.json()["data"] == {"plant": {"label": "Fern", "bed": {"moisture": None}}}
    assert code_of(response) == "DEADLINE_EXCEEDED"
    if left := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(left, timeout=5)
    assert house.soil.running == 0
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_cross_reference_that_hangs_ends_the_request_at_the_deadline(house: Greenhouse) -> None:
    """Without knowing who is meant there is nothing to answer: 504, and no source was asked."""
    house.table.hangs = True
    started = time.monotonic()
    response = await house.post(LABEL, to="hurry")
    assert 0.29 < time.monotonic() - started < 3
    assert (response.status_code, code_of(response)) == (504, "DEADLINE_EXCEEDED")
    assert house.calls == 0
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_body_that_never_ends_is_given_up_at_the_deadline(house: Greenhouse) -> None:
    """A client that sends slowly holds a request open no longer than the view allows."""

    async def slow() -> AsyncIterator[bytes]:
        yield b'{"query":'
        await asyncio.Event().wait()

    response = await house.post(slow(), to="hurry")
    assert (response.status_code, code_of(response)) == (408, "REQUEST_TIMEOUT")
    assert response.headers["connection"] == "close"
    assert house.is_untouched


async def test_sources_get_nine_tenths_of_the_time(
    planted: Path, nothing_else_installed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is left, at most 0.1 s, is for putting the answer together. Reading the body counts."""
    now = [100.0]
    deadlines: list[float] = []

    async def answer(_: Any, _view: Any, _request: Any, _caller: Any, deadline: Any, **__: Any) -> dict[str, Any]:
        deadlines.append(deadline.at)
        return {"data": None}

    async def body() -> AsyncIterator[bytes]:
        now[0] += 1
        yield orjson.dumps(LABEL)

    monkeypatch.setattr(Engine, "answer", answer)
    house = greenhouse(planted, clock=lambda: now[0])
    async with house.gateway.running():
        await house.post(LABEL, to="hurry")
        await house.post(body(), to="watering")
    assert deadlines == pytest.approx([100.27, 104.9])


async def test_nothing_is_asked_when_the_time_was_spent_on_the_body(
    planted: Path, nothing_else_installed: None
) -> None:
    """A deadline that has passed when the body is whole ends the request there."""
    now = [100.0]

    async def body() -> AsyncIterator[bytes]:
        yield orjson.dumps({"query": '{ plant(by: {id: "p1"}) { label } }'})
        now[0] += 60

    house = greenhouse(planted, clock=lambda: now[0])
    async with house.gateway.running():
        response = await house.post(body())
    assert (response.status_code, code_of(response)) == (504, "DEADLINE_EXCEEDED")
    assert house.is_untouched


async def test_a_client_that_has_gone_leaves_nothing_behind(house: Greenhouse) -> None:
    """Nothing is sent to who broke off; where that shows only then, `send` may raise OSError, and the request ends."""
    told: list[str] = []
    said: list[dict[str, Any]] = [{"type": "http.request", "body": b"{}"}, {"type": "http.disconnect"}]

    async def receive() -> dict[str, Any]:
        return said.pop()

    async def send(message: Any) -> None:
        told.append(message["type"])
        raise OSError

    headers = [(b"authorization", f"Bearer {GARDENER}".encode()), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/views/watering/graphql", "headers": headers}
    await house.gateway(scope, receive, send)
    assert told == []
    await house.gateway(scope, receive, send)
    assert told == ["http.response.start"]
    assert house.is_untouched


async def test_a_gateway_can_be_mounted_below_a_path(house: Greenhouse) -> None:
    """The part of the path that belongs to the mount is left out."""
    headers = {"authorization": f"Bearer {GARDENER}"}
    transport = httpx.ASGITransport(house.gateway, root_path="/customers")
    async with httpx.AsyncClient(transport=transport, base_url="http://greenhouse", headers=headers) as client:
        response = await client.post("/customers/views/watering/graphql", json=LABEL)
    assert response.json() == {"data": {"plant": {"label": "Fern"}}}

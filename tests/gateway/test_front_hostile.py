"""Hostile requests: each is refused as what it is, in words of ours, and nothing of it comes back or is executed."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.gateway.greenhouse import ALWAYS, GARDENER, Greenhouse
from tests.gateway.hostile import HOSTILE, MARK, Hostile
from tests.gateway.served import listening


def check(one: Hostile, status: int, headers: dict[str, str], body: bytes) -> None:
    """Hold an answer to what every refusal is."""
    (error,) = orjson.loads(body)["errors"]
    assert (status, error["extensions"]) == (one.status, {"code": one.code}), one.what
    assert error["message"].endswith((".", "...")), one.what
    assert " " in error["message"], one.what
    assert MARK not in body, one.what
    assert MARK.decode() not in str(headers), one.what
    assert ALWAYS.items() <= headers.items(), one.what


async def told(house: Greenhouse, one: Hostile) -> tuple[int, dict[str, str], bytes]:
    """Ask by ASGI itself, where nothing is tidied up on the way."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": one.body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": one.method,
        "path": one.path,
        "query_string": one.query_string,
        "headers": one.every_header,
    }
    await house.gateway(scope, receive, send)
    start, rest = sent
    return start["status"], {name.decode(): value.decode() for name, value in start["headers"]}, rest["body"]


@pytest.mark.parametrize("one", HOSTILE, ids=lambda one: one.what)
async def test_a_hostile_request_is_refused_as_what_it_is(
    house: Greenhouse, one: Hostile, caplog: pytest.LogCaptureFixture
) -> None:
    """A 4xx with a text of ours; no part of what was sent in it, no line in the log, no read and no call."""
    caplog.set_level(logging.INFO)
    check(one, *await told(house, one))
    assert caplog.records == []
    assert house.is_untouched


async def test_who_is_not_let_in_is_not_read(house: Greenhouse) -> None:
    """Without a token every one of them is the same 401."""
    for one in HOSTILE:
        status, _, body = await told(house, replace(one, token=None))
        assert (status, orjson.loads(body)["errors"][0]["extensions"]["code"]) == (401, "UNAUTHENTICATED"), one.what
    assert house.is_untouched


NUL: list[tuple[dict[str, Any], str | None]] = [
    ({"query": "{ a\x00 }"}, "GRAPHQL_PARSE_FAILED"),
    ({"query": "{ __typename }", "operationName": "A\x00"}, "OPERATION_RESOLUTION_FAILURE"),
    ({"query": "{ __typename }", "variables": {"\x00": "\x00"}}, None),
    ({"query": "{ __typename }", "variables": {"x": -0.0, "y": 10**18, "z": 1e308}}, None),
    ({"query": "{ __typename }", "more\x00": "\x00"}, None),
]


@pytest.mark.parametrize(("body", "code"), NUL)
@pytest.mark.parametrize("by_get", [True, False])
async def test_what_is_json_and_strange_is_the_documents_affair(
    house: Greenhouse, body: dict[str, Any], code: str | None, by_get: bool
) -> None:
    """NUL is a character of JSON, and numbers have no bounds there: nothing fails of either."""
    async with house.client() as client:
        if by_get:
            sent = {name: one if isinstance(one, str) else orjson.dumps(one).decode() for name, one in body.items()}
            response = await client.get("/views/watering/graphql", params=sent)
        else:
            response = await client.post("/views/watering/graphql", json=body)
    content = response.json()
    assert response.status_code == 200
    assert (content["errors"][0]["extensions"]["code"] if "errors" in content else None) == code
    assert "\\u0000" not in response.text
    assert house.is_untouched


async def test_over_a_socket_they_are_refused_alike(planted: Path, nothing_else_installed: None) -> None:
    """Every one of them, byte for byte, through the parser of `serve`."""
    async with listening(planted) as served:
        for one in HOSTILE:
            status, headers, body = await served.raw(one.raw)
            headers.pop("date")
            check(one, status, headers, body)
        assert served.house.is_untouched


async def test_over_a_socket_deep_and_large_bodies_cost_nothing(planted: Path, nothing_else_installed: None) -> None:
    """100,000 levels are refused by their size before they are read, and where they fit by their depth."""
    deep = Hostile("deep", 413, "BODY_TOO_LARGE", b"[" * 100_000)
    async with listening(planted, most_body_bytes=300_000) as served:
        for body in (b"[" * 100_000, b'{"s3ntinel":' * 20_000, b'{"query":"\\u0061","x":' + b"[" * 100_000 + b"}"):
            one = Hostile("deep", 400, "BAD_REQUEST", body)
            status, headers, content = await served.raw(one.raw)
            check(one, status, headers, content)
        assert served.house.is_untouched
    async with listening(planted) as served:
        check(deep, *await served.raw(deep.raw))


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        (b"Content-Length: 5\r\nContent-Length: 6", 400, "BAD_REQUEST"),
        (b"Content-Length: -1", 400, "BAD_REQUEST"),
        (b"Content-Length: s3ntinel", 400, "BAD_REQUEST"),
        (b"Content-Length: 18446744073709551616", 400, "BAD_REQUEST"),
        (b"Content-Length: 5\r\nTransfer-Encoding: chunked", 400, "BAD_REQUEST"),
        (b"Transfer-Encoding: s3ntinel", 400, "BAD_REQUEST"),
        (b"Content-Length: 5000", 413, "BODY_TOO_LARGE"),
        (b"X-Sentinel: " + b"s3ntinel" * 5000, 431, "HEADERS_TOO_LARGE"),
        (b"X-Sentinel: s3ntinel\x00", 400, "BAD_REQUEST"),
        (b"X Sentinel: s3ntinel", 400, "BAD_REQUEST"),
        (b"Transfer-Encoding: gzip, chunked", 400, "BAD_REQUEST"),
        (b"Transfer-Encoding: chunked, gzip", 400, "BAD_REQUEST"),
        (b"\r\ns3ntinel", 400, "BAD_REQUEST"),
    ],
)
async def test_over_a_socket_a_bad_head_is_refused(
    planted: Path, nothing_else_installed: None, more: bytes, status: int, code: str
) -> None:
    """Lengths that lie or disagree, headers that are too many or none: no second request is read out of the first."""
    head = b"POST /views/watering/graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    head += b"Authorization: Bearer " + GARDENER.encode()
    async with listening(planted) as served:
        answer = await served.raw(head + b"\r\nConnection: close\r\n" + more + b"\r\n\r\ns3ntinel")
        assert served.house.is_untouched
    check(Hostile(repr(more[:40]), status, code), *answer)

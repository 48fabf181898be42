"""One request and its answer, as the exchange itself sends and reads them; what both ways to it show stands beside."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from adapters.http.exchange import BodyTooLarge, Exchange, Target, Timeouts
from tests.adapters.raw_server import json_answer, serving

TIMEOUTS = Timeouts(pool=0.05, connect=5, read=5)


@asynccontextmanager
async def opened(max_connections: int = 1, max_body: int = 1_000) -> AsyncIterator[Exchange]:
    exchange = Exchange(max_connections=max_connections, max_body=max_body, tls=None, proxy=None)
    try:
        yield exchange
    finally:
        await exchange.aclose()


async def test_a_request_is_what_its_target_and_its_call_say() -> None:
    """The path as it is written; a call's header stands in place of the target's, and adds to no later request."""
    async with serving(json_answer()) as server, opened() as exchange:
        target = Target(server.url, [("X-Of", "target"), ("X-All", "1")])
        for headers, body in (({"X-Of": "call", "X-New": "2"}, b"[1]"), ({}, None)):
            incoming = await exchange.send(target, "POST" if body else "GET", "/a/%2e%2e?b=,", TIMEOUTS, headers, body)
            assert await incoming.read() == b"[]"
            await incoming.aclose()
    first, second = server.requests
    assert (first.line, first.body) == ("POST /a/%2e%2e?b=, HTTP/1.1", b"[1]")
    assert [first.header(name) for name in ("X-Of", "X-All", "X-New")] == ["call", "1", "2"]
    assert [second.header(name) for name in ("X-Of", "X-All", "X-New")] == ["target", "1", None]
    assert server.connections == 1


def test_a_target_prints_no_header() -> None:
    """One of them may be the adapter's credential."""
    assert "secret" not in repr(Target("https://source.example", [("Authorization", "secret")]))


async def test_what_a_connection_is_found_by_is_made_once_a_loop() -> None:
    """And anew for another loop, whose connections are others."""
    target, loop = Target("http://localhost", []), asyncio.get_running_loop()
    assert target.request(loop, None) is target.request(loop, None)
    other = asyncio.new_event_loop()
    try:
        assert target.request(other, None).loop is other
    finally:
        other.close()


async def test_an_answer_says_its_status_its_type_and_its_headers() -> None:
    """Headers in their order; two types are none that is known."""
    answer = json_answer(b"{}", "Content-Type: text/html", "X-A: 1", status="207 Multi-Status")
    async with serving(answer) as server, opened() as exchange:
        incoming = await exchange.send(Target(server.url, []), "GET", "/", TIMEOUTS, {})
        assert (incoming.status, incoming.content_type) == (207, "application/json, text/html")
        assert incoming.headers[-2:] == [(b"Content-Type", b"text/html"), (b"X-A", b"1")]
        await incoming.aclose()


@pytest.mark.parametrize("packed", [False, True])
async def test_a_body_is_read_whole_or_in_pieces_and_bounded(packed: bool) -> None:
    """Inflated where it was compressed; what is longer than allowed ends it."""
    head = ["Content-Encoding: gzip"] if packed else []

    def answer(length: int) -> bytes:
        body = b"x" * length
        return json_answer(gzip.compress(body) if packed else body, *head)

    async with serving(answer(1_000)) as server, opened() as exchange:
        for _ in range(2):
            incoming = await exchange.send(Target(server.url, []), "GET", "/", TIMEOUTS, {})
            assert b"".join([piece async for piece in incoming.pieces()]) == b"x" * 1_000
            await incoming.aclose()
    async with serving(answer(1_001)) as server, opened() as exchange:
        incoming = await exchange.send(Target(server.url, []), "GET", "/", TIMEOUTS, {})
        with pytest.raises(BodyTooLarge):
            await incoming.read()
        await incoming.aclose()


async def test_a_place_is_given_back_once() -> None:
    """Closing frees the only one; closing again frees no other one's, and who waits too long for one is told."""
    async with serving(json_answer()) as server, opened() as exchange:
        target = Target(server.url, [])
        first = await exchange.send(target, "GET", "/", TIMEOUTS, {})
        with pytest.raises(httpx.PoolTimeout):
            await exchange.send(target, "GET", "/", TIMEOUTS, {})
        await first.aclose()
        second = await exchange.send(target, "GET", "/", TIMEOUTS, {})
        await first.aclose()
        with pytest.raises(httpx.PoolTimeout):
            await exchange.send(target, "GET", "/", TIMEOUTS, {})
        await second.aclose()
    assert len(server.requests) == 2


async def test_another_loop_is_refused_with_a_clear_error() -> None:
    """Connections cannot move between event loops."""
    async with serving(json_answer()) as server, opened() as exchange:
        await (await exchange.send(Target(server.url, []), "GET", "/", TIMEOUTS, {})).aclose()

        def elsewhere() -> None:
            asyncio.run(exchange.aclose())

        with pytest.raises(RuntimeError, match="another event loop than the first"):
            await asyncio.to_thread(elsewhere)

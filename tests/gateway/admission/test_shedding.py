"""Requests that are refused where their headers end: over real sockets, and nothing is made of them."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Sequence
from contextlib import suppress

import pytest
from starlette.types import Receive, Scope, Send

from gateway.bounded_http import Shed
from gateway.bounds import Bounds
from gateway.serving import bind, serving
from gateway.shedding import Shedding
from tests.gateway.greenhouse import ALWAYS, GARDENER, STRANGER, Greenhouse

LABEL = json.dumps({"query": '{ plant(by: {id: "p1"}) { label } }'}).encode()


def crowd(house: Greenhouse, seconds: float = 1e9) -> Shedding:
    """Have so many wait that nobody else could be answered in time; return what sheds."""
    admission = house.gateway.admission
    admission.is_crowded, admission._rate = True, 1 / seconds
    return house.gateway.shedding


def request(*more: str, token: str = GARDENER, path: str = "/views/watering/graphql", body: bytes = LABEL) -> bytes:
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: x",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *more,
    ]
    return "\r\n".join([*lines, f"Authorization: Bearer {token}", "", ""]).encode() + body


async def answers(house: Greenhouse, shedding: Shed, sent: Sequence[bytes], count: int) -> list[tuple[bytes, bytes]]:
    """Send these on one connection, and return heads and bodies of so many answers."""
    with bind("127.0.0.1", 0) as listening:
        async with serving(house.gateway, listening, shed=shedding), asyncio.timeout(5):
            reader, writer = await asyncio.open_connection(*listening.getsockname())
            for one in sent:
                writer.write(one)
                await asyncio.sleep(0.02)
            got = [await answer(reader) for _ in range(count)]
            writer.close()
            return got


async def answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Read head and body of an answer."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
    return head, await reader.readexactly(int(length.partition(b":")[2]))


async def test_a_request_that_would_be_too_late_is_refused_at_once_and_the_connection_stays(house: Greenhouse) -> None:
    """503 with Retry-After and the usual headers, in the form of GraphQL; its id is told. Then the next is refused."""
    sent = [request("X-Request-Id: mine"), request()]
    (head, body), (_, again) = await answers(house, crowd(house), sent, 2)
    first, *lines = head.decode().rstrip().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    assert first == "HTTP/1.1 503 Service Unavailable"
    assert headers.pop("date")
    retry = headers.pop("retry-after")
    assert 1 <= int(retry) <= 3
    assert headers == {
        "content-type": "application/json; charset=utf-8",
        "content-length": str(len(body)),
        "x-request-id": "mine",
        **ALWAYS,
    }
    (error,) = json.loads(body)["errors"]
    assert error["extensions"]["code"] == "OVERLOADED"
    assert error["extensions"]["remedy"] == f"Ask again after {retry} s, as Retry-After says."
    assert json.loads(again)["errors"][0]["extensions"]["code"] == "OVERLOADED"
    assert house.is_untouched
    assert sum(house.gateway.admission.counts.shed.values()) == 2


async def test_the_body_of_a_refused_request_is_not_taken_for_the_next_one(house: Greenhouse) -> None:
    """It is read to its end and dropped, however it comes."""
    whole = request(body=b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
    pieces = [whole[:-20], whole[-20:-5], whole[-5:], request()]
    got = await answers(house, crowd(house), pieces, 2)
    assert [b"OVERLOADED" in body for _, body in got] == [True, True]


async def test_a_connection_that_is_to_be_closed_is_closed_behind_the_refusal(house: Greenhouse) -> None:
    """As the client has asked for, and as it is told."""
    ((head, _),) = await answers(house, crowd(house), [request("Connection: close")], 1)
    assert b"connection: close" in head.lower()


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (request(token=STRANGER), 401),
        (request(path="/views/nowhere/graphql"), 404),
        (b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n", 200),
        (request("Accept: text/html"), 406),
    ],
)
async def test_what_is_no_request_for_an_answer_is_told_as_ever(house: Greenhouse, sent: bytes, status: int) -> None:
    """Overload is nobody's to learn of who is not let in, and whether the process lives is told all the same."""
    ((head, _),) = await answers(house, crowd(house), [sent], 1)
    assert head.startswith(f"HTTP/1.1 {status} ".encode())


async def test_a_page_is_refused_in_a_way_that_it_may_read(house: Greenhouse) -> None:
    """The usual way, behind admission: with the headers of CORS, if its origin is registered; here it is not."""
    ((head, _),) = await answers(house, crowd(house), [request("Origin: https://elsewhere.example")], 1)
    assert head.startswith(b"HTTP/1.1 403 ")


async def test_where_nobody_waits_nobody_is_asked_about(house: Greenhouse) -> None:
    """Who asks is not even looked up."""
    assert house.gateway.shedding(b"POST", b"/views/watering/graphql", []) is None
    ((head, _),) = await answers(house, house.gateway.shedding, [request()], 1)
    assert head.startswith(b"HTTP/1.1 200 ")


async def test_who_prefers_to_wait_for_less_is_refused_sooner(house: Greenhouse) -> None:
    """Half a second of waiting leaves enough of the view's five seconds, and too little of one."""
    shedding = crowd(house, 0.5)
    asked = [(b"authorization", b"Bearer " + GARDENER.encode()), (b"content-length", b"10")]
    assert shedding(b"POST", b"/views/watering/graphql", asked) is None
    assert shedding(b"POST", b"/views/watering/graphql", [*asked, (b"prefer", b"wait=1")]) is not None


async def test_a_refused_request_under_another_server_is_not_written_down(house: Greenhouse) -> None:
    """A server of ASGI that does not shed has requests wait at the door of the exchange; the answer is the same."""
    admission = house.gateway.admission
    admission.is_crowded, admission._rate = True, 1e-9
    response = await house.post({"query": '{ plant(by: {id: "p1"}) { label } }'})
    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (503, "OVERLOADED")
    assert int(response.headers["retry-after"]) >= 1
    assert house.is_untouched


SLOW = Bounds(body_seconds=0.1, body_bytes=100, answer_seconds=0.2, idle_seconds=0.05, connections=2)


async def test_a_body_that_drips_is_refused(house: Greenhouse) -> None:
    """By its speed, whoever reads it and whatever time that has: 408, and the connection is closed."""
    with bind("127.0.0.1", 0) as listening:
        async with serving(house.gateway, listening, SLOW), asyncio.timeout(5):
            reader, writer = await asyncio.open_connection(*listening.getsockname())
            whole = request(body=LABEL + b" " * 500)
            writer.write(whole[:-520])
            for place in range(20):
                writer.write(whole[-520 + place : -519 + place])
                await asyncio.sleep(0.02)
            answer = await reader.read()
            writer.close()
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"REQUEST_TIMEOUT" in answer


async def test_a_new_connection_takes_the_place_of_one_that_has_long_said_nothing(house: Greenhouse) -> None:
    """As nginx does: where as many are open as may be, the idle ones give way, and callers are not locked out."""
    with bind("127.0.0.1", 0) as listening:
        async with serving(house.gateway, listening, SLOW), asyncio.timeout(5):
            idle = [await asyncio.open_connection(*listening.getsockname()) for _ in range(2)]
            await asyncio.sleep(0.1)
            reader, writer = await asyncio.open_connection(*listening.getsockname())
            writer.write(request())
            head, _ = await answer(reader)
            with suppress(ConnectionError):
                assert await idle[0][0].read() == b"", "the first was cut"
            for _, one in (*idle, (reader, writer)):
                one.close()
    assert head.startswith(b"HTTP/1.1 200 ")


async def test_who_sends_a_body_behind_its_answer_does_not_keep_the_connection_for_ever(house: Greenhouse) -> None:
    """It is idle from then on, as any: it gives way, and is closed in time. Nobody need be let in to do this."""
    whole = request(token=STRANGER)
    with bind("127.0.0.1", 0) as listening:
        async with serving(house.gateway, listening, SLOW, keep_alive=1), asyncio.timeout(5):
            idle = [await asyncio.open_connection(*listening.getsockname()) for _ in range(2)]
            for reader, writer in idle:
                writer.write(whole[:-5])
                await answer(reader)
                writer.write(whole[-5:])
            await asyncio.sleep(0.1)
            reader, writer = await asyncio.open_connection(*listening.getsockname())
            writer.write(request())
            head, _ = await answer(reader)
            with suppress(ConnectionError):
                assert await idle[0][0].read() == b"", "the first was cut"
            assert await idle[1][0].read() == b"", "the other was closed"
            for _, one in (*idle, (reader, writer)):
                one.close()
    assert head.startswith(b"HTTP/1.1 200 ")


async def test_an_answer_that_is_not_taken_is_cut_with_its_connection() -> None:
    """The rest of it, on a connection that is to be closed, would stay in memory for as long as the client likes."""
    ended = asyncio.Event()

    async def large(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"connection", b"close")]})
        await send({"type": "http.response.body", "body": b"x" * 20_000_000})
        ended.set()

    with bind("127.0.0.1", 0) as listening:
        async with serving(large, listening, SLOW), asyncio.timeout(5):
            reader, writer = await asyncio.open_connection(*listening.getsockname(), limit=1024)
            writer.write(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
            await ended.wait()
            await asyncio.sleep(0.4)
            taken = 0
            with suppress(ConnectionError):
                while piece := await reader.read(65_536):
                    taken += len(piece)
            writer.close()
    assert taken < 20_000_000


async def test_little_is_held_of_an_answer_that_is_not_taken() -> None:
    """By the operating system and by the gateway: 64 KiB each, and what the client's own buffer takes."""
    sent = 0

    async def endless(_scope: Scope, _receive: Receive, send: Send) -> None:
        nonlocal sent
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while sent < 100_000_000:
            await send({"type": "http.response.body", "body": b"x" * 8_192, "more_body": True})
            sent += 8_192

    with bind("127.0.0.1", 0) as listening, socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        client.setblocking(False)
        async with serving(endless, listening, SLOW), asyncio.timeout(5):
            loop = asyncio.get_running_loop()
            await loop.sock_connect(client, listening.getsockname())
            await loop.sock_sendall(client, b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
            await asyncio.sleep(0.1)
            held = sent
    assert 65_536 < held < 200_000

"""The bounds of HTTP over real sockets: what is taken, what is refused and how, and that nothing waits for ever."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvloop
from starlette.types import Receive, Scope, Send

from gateway.bounds import Bounds
from gateway.serving import bind, run_until_told, serving
from tests.gateway.greenhouse import ALWAYS

BOUND = Bounds().head_bytes
GET = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


SHORT = Bounds(head_seconds=0.1)


async def past_short() -> None:
    """Let more time pass than SHORT gives."""
    for _ in range(4):
        await asyncio.sleep(0.03)


def get(size: int, more: bytes = b"") -> bytes:
    """A request of exactly `size` bytes."""
    start, end = b"GET /a HTTP/1.1\r\nHost: x\r\n" + more + b"X: ", b"\r\n\r\n"
    return start + b"a" * (size - len(start) - len(end)) + end


@dataclass
class Echo:
    """An application that answers with path and length of body. What it does not read it does not wait for."""

    paths: list[str] = field(default_factory=list)
    held: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        self.paths.append(path)
        size, more = 0, path != "/unread"
        while more:
            message = await receive()
            size, more = size + len(message.get("body", b"")), message.get("more_body", False)
        if path == "/held":
            await self.held.wait()
        body = f"<{path} {size}>".encode()
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


@dataclass
class Client:
    """A connection to the server."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self, *parts: bytes, pause: float = 0.0) -> bytes:
        """Send bytes as they are, and return all that comes till the server closes."""
        async with asyncio.timeout(5):
            for part in parts:
                self.writer.write(part)
                await asyncio.sleep(pause)
            return await self.reader.read()

    async def pour(self, data: bytes, pause: float = 0.0) -> int:
        """Send the same again and again till the server hangs up; return how many bytes it took."""
        sent = 0
        with suppress(ConnectionError):
            async with asyncio.timeout(5):
                while True:
                    self.writer.write(data)
                    await self.writer.drain()
                    await asyncio.sleep(pause)
                    sent += len(data)
        return sent


Connect = Callable[[], Awaitable[Client]]


@asynccontextmanager
async def served(app: Any, bounds: Bounds | None = None) -> AsyncIterator[Connect]:
    """Serve as `customer-view serve` does."""
    clients: list[Client] = []

    with bind("127.0.0.1", 0) as listening:

        async def connect() -> Client:
            clients.append(Client(*await asyncio.open_connection(*listening.getsockname())))
            return clients[-1]

        async with serving(app, listening, bounds):
            try:
                yield connect
            finally:
                for client in clients:
                    client.writer.close()


async def came(*parts: bytes, bounds: Bounds | None = None, app: Echo | None = None, pause: float = 0.0) -> bytes:
    """Send these bytes on one connection and return all that comes back."""
    async with served(app or Echo(), bounds) as connect:
        return await (await connect()).ask(*parts, pause=pause)


def assert_refused(answer: bytes, status: int, code: str) -> None:
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    assert first.startswith(f"HTTP/1.1 {status} ")
    assert headers.pop("date")
    headers.pop("retry-after", None)
    assert re.fullmatch("[0-9a-f]{16}", headers.pop("x-request-id"))
    assert headers == {
        "content-type": "application/json; charset=utf-8",
        "content-length": str(len(body)),
        "connection": "close",
        **ALWAYS,
    }
    assert json.loads(body)["errors"][0]["extensions"] == {"code": code}


async def test_headers_up_to_the_bound_are_taken() -> None:
    """All bytes count, the empty line too."""
    app = Echo()
    assert b"</a 0>" in await came(get(BOUND, b"Connection: close\r\n"), app=app)
    assert_refused(await came(get(BOUND + 1), app=app), 431, "HEADERS_TOO_LARGE")
    assert app.paths == ["/a"]


async def test_on_a_kept_connection_every_request_has_the_whole_bound() -> None:
    """Twenty requests one after the other, each nearly as large as may be."""
    app = Echo()
    async with served(app) as connect:
        client = await connect()
        for _ in range(20):
            client.writer.write(get(BOUND - 1))
            await client.reader.readuntil(b"</a 0>")
        assert_refused(await client.ask(get(BOUND + 1)), 431, "HEADERS_TOO_LARGE")
    assert len(app.paths) == 20


@pytest.mark.parametrize("pieces", [1, 7, 1000])
async def test_requests_in_a_pipeline_are_counted_apart(pieces: int) -> None:
    """Together far beyond the bound, however they are cut; a body between does not count."""
    post = b"POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + b"b" * 100_000
    sent = (GET * 20 + post + get(20_000)) * 5 + LAST
    size = -(-len(sent) // pieces)
    app = Echo()
    answers = await came(*(sent[at : at + size] for at in range(0, len(sent), size)), app=app)
    assert app.paths == (["/a"] * 20 + ["/b", "/a"]) * 5 + ["/last"]
    assert answers.count(b"</b 100000>") == 5
    assert answers.endswith(b"</last 0>")


async def test_in_a_pipeline_headers_have_at_most_twice_the_bound() -> None:
    """What was asked before is answered, and then the connection is closed."""
    app = Echo()
    async with served(app) as connect:
        client = await connect()
        client.writer.write(b"GET /held HTTP/1.1\r\nHost: x\r\n\r\n" + get(2 * BOUND + 1))
        await asyncio.sleep(0.02)
        app.held.set()
        answers = await client.ask()
    assert (app.paths, answers.count(b"HTTP/1.1 ")) == (["/held"], 1)
    assert b"connection: close" in answers
    assert answers.endswith(b"</held 0>")


@pytest.mark.parametrize(
    "sent",
    [
        get(200_000),
        b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: a\r\n" % at for at in range(20_000)) + b"\r\n",
        b"GET / HTTP/1.1\r\nX:" + b" " * 200_000 + b"a\r\n\r\n",
        b"\r\n" * 100_000,
    ],
    ids=["value", "target", "many", "spaces", "empty lines"],
)
async def test_too_large_is_too_large_wherever_the_bytes_are(sent: bytes) -> None:
    """Value, target, number of headers, spaces, empty lines ahead: 431, and the application is not asked."""
    app = Echo()
    assert_refused(await came(sent, app=app), 431, "HEADERS_TOO_LARGE")
    assert app.paths == []


async def test_an_endless_header_is_cut_off() -> None:
    """The rest is dropped for as long as the client has to read why, and then it hears no more."""
    async with served(Echo(), Bounds(linger_seconds=0.05)) as connect:
        client = await connect()
        client.writer.write(b"GET / HTTP/1.1\r\nX: ")
        assert await client.pour(b"a" * 1_000, pause=0.001) > BOUND


async def test_a_dripped_header_is_cut_off() -> None:
    """The time runs from the first byte on; more bytes do not lengthen it."""
    answer = await came(b"GET / HTTP/1.1\r\nX: ", *[b"a"] * 40, bounds=SHORT, pause=0.005)
    assert_refused(answer, 408, "REQUEST_TIMEOUT")


async def test_a_dripped_header_is_cut_off_on_a_kept_connection_too() -> None:
    """Behind a request that was answered."""
    answer = await came(GET + b"GE", b"T / HTTP/1.1\r\nX: ", *[b"X"] * 40, bounds=SHORT, pause=0.005)
    first, _, second = answer.partition(b"</a 0>")
    assert first.startswith(b"HTTP/1.1 200 ")
    assert_refused(second, 408, "REQUEST_TIMEOUT")


async def test_a_connection_that_says_nothing_is_closed() -> None:
    """Without a word: it asked nothing."""
    assert await came(bounds=SHORT) == b""


async def test_while_a_request_is_answered_the_next_one_is_not_late() -> None:
    """Reading may have paused for the first."""
    app = Echo()
    async with served(app, SHORT) as connect:
        client = await connect()
        client.writer.write(b"GET /held HTTP/1.1\r\nHost: x\r\n\r\n" + LAST[:10])
        await past_short()
        app.held.set()
        answers = await client.ask(LAST[10:])
    assert app.paths == ["/held", "/last"]
    assert answers.count(b"HTTP/1.1 200 ") == 2


async def test_an_answer_that_takes_long_is_waited_for() -> None:
    """The time is for headers alone."""
    app = Echo()
    async with served(app, SHORT) as connect:
        client = await connect()
        client.writer.write(b"GET /held HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        await past_short()
        app.held.set()
        assert (await client.ask()).endswith(b"</held 0>")


async def test_a_large_body_under_small_headers_is_whole() -> None:
    """The bound is for headers; how large a body may be is the application's affair. Time is its affair too."""
    post = b"POST /b HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1000000\r\n\r\n"
    answer = await came(post, *[b"b" * 200_000] * 5, bounds=SHORT, pause=0.03)
    assert answer.endswith(b"</b 1000000>")


async def test_chunks_with_trailers_are_whole() -> None:
    """A body of chunks that are smaller than what surrounds them may be as long as it likes."""
    post = b"POST /b HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = await came(post + b"1;extended=yes\r\nb\r\n" * 10_000 + b"0\r\nX-Sum: 1\r\n\r\n")
    assert answer.endswith(b"</b 10000>")


@pytest.mark.parametrize("endless", [b"0\r\nX: ", b"1;"], ids=["trailer", "chunk extension"])
@pytest.mark.parametrize("path", [b"/b", b"/unread"])
async def test_endless_bytes_in_a_body_that_are_none_of_it_are_cut_off(endless: bytes, path: bytes) -> None:
    """The parser keeps trailers as it keeps headers."""
    post = b"POST %s HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" % path
    async with served(Echo()) as connect:
        client = await connect()
        client.writer.write(post + endless)
        assert await client.pour(b"a" * 10_000) > BOUND


async def test_a_body_that_drips_after_its_answer_is_cut_off() -> None:
    """uvicorn's own time-out begins anew with every byte."""
    post = b"POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"
    async with served(Echo(), SHORT) as connect:
        client = await connect()
        client.writer.write(post)
        assert 0 < await client.pour(b"b", pause=0.002) < 1_000


async def test_a_body_that_ends_after_its_answer_leaves_the_connection_open() -> None:
    """The next request is answered."""
    post = b"POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n"
    async with served(Echo(), SHORT) as connect:
        client = await connect()
        client.writer.write(post)
        await client.reader.readuntil(b"</unread 0>")
        client.writer.write(b"bbbb")
        await past_short()
        assert (await client.ask(LAST)).endswith(b"</last 0>")


@pytest.mark.parametrize("upgrade", [b"websocket", b"h2c"])
async def test_a_request_for_another_protocol_is_answered_in_this_one(upgrade: bytes) -> None:
    """And the connection goes on; the bound holds for what follows."""
    asked = b"GET /a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n" % upgrade
    async with served(Echo()) as connect:
        client = await connect()
        for request in (asked, GET, asked):
            client.writer.write(request)
            assert (await client.reader.readuntil(b"</a 0>")).startswith(b"HTTP/1.1 200 ")
        assert_refused(await client.ask(get(BOUND + 1)), 431, "HEADERS_TOO_LARGE")


@pytest.mark.parametrize("length", [b"Content-Length: %d", b"Content-Length: 1", b"Transfer-Encoding: chunked"])
@pytest.mark.parametrize("pause", [0.0, 0.05])
async def test_the_body_of_a_request_for_another_protocol_is_no_request(length: bytes, pause: float) -> None:
    """What stands in it is never answered: another caller behind the same proxy would be given the answer."""
    app = Echo()
    body = b"GET /poison HTTP/1.1\r\nHost: x\r\n\r\n"
    told = length.replace(b"%d", b"%d" % len(body))
    asked = b"POST /a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: x\r\n" + told + b"\r\n\r\n"
    answer = await came(asked, body, LAST, app=app, pause=pause)
    assert_refused(answer, 400, "BAD_REQUEST")
    assert app.paths == []


@pytest.mark.parametrize("size", [10, BOUND])
async def test_what_is_not_http_is_answered_once(size: int) -> None:
    """400, also where the bound is reached in the same piece."""
    answer = await came(b"\x00" * size)
    assert_refused(answer, 400, "BAD_REQUEST")
    assert answer.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: five\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n: no name\r\n\r\n",
        b"SMUGGLE / HTTP/1.1\r\n\r\n",
        b"GET http:// HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
async def test_a_head_that_cannot_be_read_is_refused_in_our_words(sent: bytes) -> None:
    """Bad lengths, two ways to tell where a body ends, bytes that no header has, TLS where there is none."""
    app = Echo()
    assert_refused(await came(sent, app=app), 400, "BAD_REQUEST")
    assert app.paths == []


async def test_what_cannot_be_read_behind_a_request_leaves_its_answer_alone() -> None:
    """It is answered, and then the connection is closed: the refusal would be taken for its answer."""
    app = Echo()
    async with served(app) as connect:
        client = await connect()
        client.writer.write(b"GET /held HTTP/1.1\r\nHost: x\r\n\r\n" + b"\x00")
        await asyncio.sleep(0.02)
        app.held.set()
        answer = await client.ask()
    assert answer.count(b"HTTP/1.1 ") == 1
    assert answer.endswith(b"</held 0>")


async def test_a_chunk_that_cannot_be_read_is_refused() -> None:
    """400 while nobody was told anything; the application is told that the client has gone."""
    app = Echo()
    post = b"POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = await came(post, b"1\r\nb\r\n", b"zz\r\n", app=app, pause=0.01)
    assert_refused(answer, 400, "BAD_REQUEST")
    assert app.paths == ["/b"]


async def test_a_chunk_that_cannot_be_read_behind_its_answer_closes_the_connection() -> None:
    """There is nothing left to say."""
    post = b"POST /unread HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = await came(post, b"zz\r\n", pause=0.02)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert answer.endswith(b"</unread 0>")


async def test_one_connection_too_many_is_refused_and_the_others_go_on() -> None:
    """503 at once; a place that is given back can be had again."""
    async with served(Echo(), Bounds(connections=2)) as connect:
        first, second = await connect(), await connect()
        third = await connect()
        answer = await third.ask()
        assert_refused(answer, 503, "UNAVAILABLE")
        assert b"\r\nretry-after: 1\r\n" in answer
        third.writer.close()
        assert (await first.ask(LAST)).endswith(b"</last 0>")
        assert (await second.ask(LAST)).endswith(b"</last 0>")
        assert (await (await connect()).ask(LAST)).endswith(b"</last 0>")


def test_the_bounds_hold_on_the_loop_that_serves() -> None:
    """run_until_told brings its own event loop."""

    async def work() -> tuple[bytes, bytes, bytes]:
        assert isinstance(asyncio.get_running_loop(), uvloop.Loop)
        late = await came(b"GET", bounds=SHORT)
        return await came(GET + LAST), await came(get(200_000)), late

    result = run_until_told(work())
    assert result is not None
    fine, large, late = result
    assert fine.count(b"HTTP/1.1 200 ") == 2
    assert_refused(large, 431, "HEADERS_TOO_LARGE")
    assert_refused(late, 408, "REQUEST_TIMEOUT")

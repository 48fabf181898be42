"""JsonWire: past httpx's client where nothing stands in the way, through it where something does, and always alike."""

from __future__ import annotations

import asyncio
import gzip
import json
import string
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest
import respx
from hypothesis import given
from hypothesis import strategies as st

from adapters.adapter import Call
from adapters.http import DeadlineForm, HttpReply, JsonWire, Told
from adapters.http.exact_json import JsonError
from adapters.http.transport import AiohttpTransport, Place, _is_sent_as_it_is, open_client
from adapters.sending import SendError
from schema.deadline import Deadline
from schema.reasons import Reason
from tests.adapters.http.ways import Passing, take_the_long_way
from tests.adapters.raw_server import RawServer, Request, json_answer, serving

CALL = Call(Deadline.after(60), "dpv:ServiceProvision", credential="callers-token", case="C-1", traceparent="00-1")


@asynccontextmanager
async def wire(base_url: str, **options: Any) -> AsyncIterator[JsonWire]:
    opened = JsonWire("crm", base_url, accept="application/json", **options)
    try:
        yield opened
    finally:
        await opened.aclose()


@asynccontextmanager
async def both(base_url: str, **options: Any) -> AsyncIterator[tuple[JsonWire, JsonWire, Passing]]:
    """Open one that takes the short way, and one that takes the long way, with what counts its calls."""
    async with wire(base_url, **options) as short, wire(base_url, **options) as long:
        yield short, long, take_the_long_way(long)


async def outcome(asked: JsonWire, target: str = "/things", **said: Any) -> tuple[Any, ...]:
    """Return all that a caller can tell of a call."""
    try:
        reply = await asked.ask(target, said.pop("body", None), CALL, **said)
    except SendError as error:
        return error.reason, error.detail
    return reply.status, reply.body


async def test_a_call_goes_past_httpx_where_nothing_stands_in_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """No httpx.Request is made for it."""
    async with serving(json_answer(b"[1]")) as server, wire(server.url) as asked:
        monkeypatch.setattr(httpx.AsyncClient, "build_request", None)
        assert await asked.ask("/things?ids=1,2", None, CALL) == HttpReply(200, [1])
    assert [request.line for request in server.requests] == ["GET /things?ids=1,2 HTTP/1.1"]


async def test_respx_sees_every_call() -> None:
    """Before the first call or after it, and for as long as it stands; a route that passes on is passed on."""
    async with serving(json_answer(b"[1]")) as server, wire(server.url) as asked:
        assert await outcome(asked) == (200, [1])
        with respx.mock(using="httpx") as mocked:
            route = mocked.get(server.url + "/things").respond(json=[2])
            assert await outcome(asked) == (200, [2])
            assert (route.call_count, len(server.requests)) == (1, 1)
            route.pass_through()
            assert await outcome(asked) == (200, [1])
            assert (route.call_count, len(server.requests)) == (2, 2)
        assert await outcome(asked) == (200, [1])
        assert (route.call_count, len(server.requests)) == (2, 3)


ANSWERS: dict[str, bytes] = {
    **{f"status {status}": json_answer(b"[1]", status=f"{status} X") for status in (200, 203, 206, 304, 401, 403, 404)},
    **{f"redirect {status}": json_answer(b"[1]", "Location: /b", status=f"{status} X") for status in (301, 307)},
    **{f"refused {status}": json_answer(b"[1]", status=f"{status} X") for status in (410, 429, 500, 503)},
    **{
        f"type {lines!r}": b"HTTP/1.1 200 OK\r\n%sContent-Length: 3\r\n\r\n[1]" % lines
        for lines in (
            b"",
            b"Content-Type:\r\n",
            b"Content-Type: text/html\r\n",
            b"Content-Type: TEXT/JSON ; charset=utf-8\r\n",
            b"content-type: application/vnd.api+json\r\n",
            b"Content-Type: application/json\r\nContent-Type: application/json\r\n",
            b"Content-Type: text/html\r\nContent-Type: application/json\r\n",
        )
    },
    "cookie": json_answer(b"[1]", "Set-Cookie: a=b"),
    "no JSON": json_answer(b"[1"),
    "no text": json_answer(b"\xff"),
    "no bytes": json_answer(b""),
    "gzip": json_answer(gzip.compress(b"[1]"), "Content-Encoding: gzip"),
    "gzip cut": json_answer(gzip.compress(b"[1]")[:-2], "Content-Encoding: gzip"),
    "bomb": json_answer(gzip.compress(b" " * 5_000_000), "Content-Encoding: gzip"),
    "br": json_answer(b"..", "Content-Encoding: br"),
    "too long": json_answer(b"1" * 5000),
    "too long, refused": json_answer(b"1" * 5000, status="500 X"),
    "too long, bare": json_answer(b"1" * 5000, status="404 X"),
    "garbage": b"SSH-2.0-OpenSSH_9.6\r\n",
    "headers": json_answer(b"[1]", "X-Long: " + "x" * 100_000),
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("said", [{}, {"bare": {404, 410}}, {"answered": {200, 404, 500}}], ids=["", "bare", "read"])
async def test_both_ways_make_the_same_of_an_answer(answer: bytes, said: dict[str, Any]) -> None:
    """Status, type, redirect, cookie, compression, bounds and garbage; a second call finds what the first one left."""
    async with serving(answer) as server, both(server.url, max_body=1000) as (short, long, passing):
        for _ in range(2):
            assert await outcome(short, **said) == await outcome(long, **said)
        assert passing.requests == 2
        heads = {request.head for request in server.requests}
    assert len(heads) == 1
    assert b"Cookie" not in heads.pop()


async def test_both_ways_fail_alike_without_an_answer() -> None:
    """Refused, unknown, silent, hung up on."""

    async def by_path(request: Request, writer: asyncio.StreamWriter) -> bool:
        await asyncio.sleep(60 if request.target == "/silent" else 0)
        return False

    async with serving(json_answer()) as gone:
        pass
    async with serving(by_path) as server:
        for base, target, wanted in (
            (gone.url, "/", (Reason.SOURCE_ERROR, "no connection can be made")),
            ("http://source.invalid", "/", (Reason.SOURCE_ERROR, "no connection can be made")),
            (server.url, "/silent", (Reason.SOURCE_TIMEOUT, "no connection or no answer in time")),
            (server.url, "/", (Reason.SOURCE_ERROR, "the connection broke, or the answer was not HTTP")),
        ):
            async with both(base, timeout=0.05) as (short, long, _):
                assert await outcome(short, target) == await outcome(long, target) == wanted


@pytest.mark.parametrize("body", [None, b"", b'{"ids": ["1"]}'])
async def test_both_ways_say_the_same(body: bytes | None) -> None:
    """The adapter's headers, what the source is told, the caller's token, the type and length of a body."""
    told = Told(purpose="X-Purpose", case="x-version", trace="traceparent")
    options: dict[str, Any] = {"headers": {"X-Version": "3", "Host": "other.example"}, "told": told}
    async with serving(json_answer()) as server:
        async with both(server.url + "/api", forward_credential=True, **options) as (short, long, passing):
            assert await outcome(short, body=body) == await outcome(long, body=body) == (200, [])
        one, other = server.requests
    assert passing.requests == 1
    assert sorted(_lines(one)) == sorted(_lines(other))
    assert (one.line, one.body, other.body) == (other.line, body or b"", body or b"")
    assert (one.header("Host"), one.header("X-Version")) == ("other.example", "C-1")


@pytest.mark.parametrize(
    ("form", "left", "written"),
    [
        (DeadlineForm.MILLISECONDS, 1.5, "1500"),
        (DeadlineForm.MILLISECONDS, 0.9999, "999"),
        (DeadlineForm.MILLISECONDS, -3.0, "1"),
        (DeadlineForm.SECONDS, 1.5, "1.500"),
        (DeadlineForm.SECONDS, 0.0001, "0.001"),
        (DeadlineForm.SECONDS, 100.0, "100.000"),
    ],
)
def test_what_is_left_is_written_as_the_source_takes_it(form: DeadlineForm, left: float, written: str) -> None:
    """Rounded down, for a promise is not to be longer than it is; at least a millisecond."""
    assert form.written(left) == written


@pytest.mark.parametrize(("limit", "deadline", "told"), [(None, 3.0, "2750"), (10.0, 3.0, "2750"), (2.0, 3.0, "1750")])
async def test_the_source_is_told_what_is_left_right_before_the_first_byte(
    limit: float | None, deadline: float, told: str
) -> None:
    """Of the request's time or the source's own, whichever is less; waiting for a connection counts. Either way alike,
    and anew for each call."""
    now = [100.0]
    call = replace(CALL, deadline=Deadline(100.0 + deadline, lambda: now[0]))

    def ready() -> None:
        now[0] += 0.25

    options: dict[str, Any] = {"told": Told(deadline="X-Time-Left"), "timeout": limit}
    async with serving(json_answer()) as server, both(server.url, **options) as (short, long, passing):
        for asked in (short, long, short):
            now[0] = 100.0
            await asked.ask("/things", None, call, ready=ready)
        now[0] = 100.0
        await short.ask("/things", None, call)
    assert [one.header("X-Time-Left") for one in server.requests[:3]] == [told] * 3
    assert int(server.requests[3].header("X-Time-Left") or 0) == int(told) + 250
    assert passing.requests == 1


async def test_a_source_that_is_told_no_deadline_has_no_header_for_it() -> None:
    """Nobody is told what was not declared."""
    async with serving(json_answer()) as server, wire(server.url) as asked:
        await outcome(asked)
    assert b"deadline" not in server.requests[0].head.lower()


def _lines(request: Request) -> list[bytes]:
    lines = request.head.strip().split(b"\r\n")[1:]
    return [name.lower() + b":" + value for name, _, value in (line.partition(b":") for line in lines)]


async def test_a_header_that_cannot_be_sent_fails_alike() -> None:
    """A name that would be two lines; values are looked at before."""
    async with serving(json_answer()) as server, both(server.url, headers={"X-A\r\nX-B": "1"}) as (short, long, _):
        wanted = (Reason.SOURCE_ERROR, "what is asked cannot be sent")
        assert await outcome(short) == await outcome(long) == wanted
    assert server.requests == []


@pytest.mark.parametrize("path", ["", "/api", "/a%2Fb", "/a b", "/\u00e4", "/a/../b", "/a/.", "/api?"])
@pytest.mark.parametrize(
    "target", ["", "/", "?a=b", "/x?", "/a b", "/\u20ac", "/%zz", "/%2e%2e", "/../a", "/.b", "/a?b?c", "/{}"]
)
async def test_both_ways_ask_for_the_same(path: str, target: str) -> None:
    """What httpx would encode or resolve, it does."""
    async with serving(json_answer()) as server, both(server.url + path) as (short, long, _):
        assert await outcome(short, target) == await outcome(long, target) == (200, [])
    one, other = server.requests
    assert one.head == other.head


@given(st.text(string.printable + "\u00e4", max_size=12))
def test_what_goes_as_it_is_httpx_would_not_change(text: str) -> None:
    """Whatever is held to be plain."""
    if _is_sent_as_it_is("/" + text):
        assert httpx.URL("http://source.example/" + text).raw_path == b"/" + text.encode()


@pytest.mark.parametrize(
    "path", ["/a\r\nX: 1", "/a\tb", "/a b", "/a\x00", "/a#b", "//.", "a", "", "/%", "/%0g", "/x" * 99_999]
)
def test_what_is_not_plain_goes_through_httpx(path: str) -> None:
    """A line end most of all."""
    assert not _is_sent_as_it_is(path)


async def test_a_url_that_httpx_refuses_is_an_error_of_the_call() -> None:
    """Over 64 KiB, and not printed."""
    async with wire("http://source.invalid") as asked:
        reason, detail = await outcome(asked, "/" + "secret" * 20_000)
    assert (reason, "secret" in detail) == (Reason.SOURCE_ERROR, False)


async def test_the_body_is_made_by_what_is_given_to_read_it() -> None:
    """Inside the call: what cannot be read is the call's error."""

    def refuse(body: bytes) -> None:
        raise JsonError("not such a body")

    async with serving(json_answer(b'{"a":1.10}')) as server, both(server.url) as (short, long, _):
        for asked in (short, long):
            assert await outcome(asked, read=json.loads) == (200, {"a": 1.1})
            assert await outcome(asked, read=len) == (200, 10)
            assert await outcome(asked, read=refuse) == (Reason.SOURCE_ERROR, "not such a body")


async def test_a_closed_wire_says_so() -> None:
    """Either way."""
    async with serving(json_answer()) as server, both(server.url) as (short, long, _):
        for asked in (short, long):
            await outcome(asked)
            await asked.aclose()
            with pytest.raises(RuntimeError, match="closed client"):
                await outcome(asked)


async def test_another_kind_of_transport_is_asked_by_httpx() -> None:
    """One that inherits from ours may do something else."""

    class Counting(AiohttpTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            return httpx.Response(201, content=b"[7]")

    async with open_client(Counting(), headers={}, timeout=1) as client:
        begun = await Place(client, "http://source.invalid").begin("GET", "/", {}, None)
        assert (begun.status, begun.content_type, await begun.read()) == (201, "", b"[7]")
        await begun.aclose()


async def test_a_call_that_is_cancelled_frees_its_place_either_way() -> None:
    """With one place in all, the next call is made at once."""

    async def once_silent(request: Request, writer: asyncio.StreamWriter) -> bool | None:
        if request.target == "/silent":
            await asyncio.sleep(60)
        writer.write(json_answer())
        return None

    async with serving(once_silent) as server, both(server.url, at_once=1) as (short, long, _):
        for asked in (short, long):
            await _cancelled(asked, server)
            assert await outcome(asked) == (200, [])


async def _cancelled(asked: JsonWire, server: RawServer) -> None:
    before = len(server.requests)
    task = asyncio.create_task(outcome(asked, "/silent"))
    await server.until(lambda: len(server.requests) > before)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()

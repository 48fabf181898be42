"""The transport on real sockets: what a mock cannot show."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator

import httpx
import pytest

from adapters.http.exchange import HungUp
from adapters.http.transport import AiohttpTransport
from tests.adapters.http.ways import Way, failure, httpx_client, says_nothing
from tests.adapters.raw_server import Request, json_answer, serving

Writer = asyncio.StreamWriter


async def silent(request: Request, writer: Writer) -> bool:
    """Never answer."""
    await asyncio.sleep(60)
    return False


@pytest.mark.parametrize(
    "target", ["/a/%2e%2e/b", "/a%2Fb", "/a%2fb%20c", "/%25", "/a?ids=1%2C2,3&x=%26%3D", "/a?b=%E2%82%AC+c", "/a;p=1/b"]
)
async def test_the_path_and_the_query_are_sent_as_they_are(client: Way, target: str) -> None:
    """Whatever the key became when it was encoded is what the source sees."""
    async with serving(json_answer()) as server, client() as http:
        await http.get(server.url + target)
    assert [request.target for request in server.requests] == [target]


async def test_a_request_goes_out_with_its_method_headers_and_body(client: Way) -> None:
    """Nothing is added but what HTTP needs."""
    async with serving(json_answer()) as server, client() as http:
        await http.post(server.url + "/q", b'{"ids":[1]}', headers={"X-Purpose": "dpv:X", "User-Agent": "us"})
    (request,) = server.requests
    assert (request.line, request.body) == ("POST /q HTTP/1.1", b'{"ids":[1]}')
    assert request.header("X-Purpose") == "dpv:X"
    assert request.header("User-Agent") == "us"
    assert request.header("Content-Length") == "11"


async def test_a_streamed_body_is_sent_whole() -> None:
    """httpx allows a generator as a body; its length is then known before it is sent."""

    async def parts() -> AsyncIterator[bytes]:
        yield b"ab"
        yield b"cd"

    async with serving(json_answer()) as server, httpx_client() as http:
        await http.post(server.url, content=parts())
    (request,) = server.requests
    assert (request.body, request.header("Transfer-Encoding")) == (b"abcd", None)


async def test_user_and_password_of_a_url_are_not_sent() -> None:
    """A credential is a header; one that hides in a URL would be printed with it."""
    async with serving(json_answer()) as server, httpx_client() as http:
        await http.get(server.url.replace("//", "//user:secret@"))
    assert server.requests[0].header("Authorization") is None


async def test_a_response_comes_back_with_status_headers_and_body() -> None:
    """Two headers of one name stay two."""
    async with (
        serving(json_answer(b"[1]", "X-A: 1", "X-A: 2", status="207 Multi-Status")) as server,
        httpx_client() as http,
    ):
        response = await http.get(server.url)
    assert (response.status_code, response.content) == (207, b"[1]")
    assert response.headers.get_list("x-a") == ["1", "2"]
    assert str(response.request.url).startswith(server.url)


async def test_connections_are_kept_and_used_again(client: Way) -> None:
    """Five calls one after the other need one connection."""
    async with serving(json_answer()) as server, client() as http:
        for _ in range(5):
            await http.get(server.url)
        assert (len(server.requests), server.connections) == (5, 1)


async def test_a_redirect_is_not_followed(client: Way) -> None:
    """A source does not decide to whom a key is sent."""
    answer = json_answer(b"", "Location: /elsewhere", status="302 Found")
    async with serving(answer) as server, client() as http:
        response = await http.get(server.url)
    assert (response.status_code, len(server.requests)) == (302, 1)


async def test_a_cookie_is_not_kept(client: Way) -> None:
    """Nothing of one call reaches the next."""
    async with serving(json_answer(b"[]", "Set-Cookie: session=1; Path=/")) as server, client() as http:
        await http.get(server.url)
        await http.get(server.url)
    assert [request.header("Cookie") for request in server.requests] == [None, None]


async def test_a_refused_connection_is_a_connect_error(client: Way) -> None:
    """And its text names no host."""
    async with serving(json_answer()) as server:
        pass
    async with client() as http:
        error = await failure(http, server.url + "/secret-key")
    assert type(error) is httpx.ConnectError
    assert says_nothing(error, "secret-key", str(server.port))


async def test_an_unknown_host_is_a_connect_error(client: Way) -> None:
    """`.invalid` is never a host (RFC 6761)."""
    async with client() as http:
        error = await failure(http, "http://source.invalid/secret-key")
    assert type(error) is httpx.ConnectError
    assert says_nothing(error, "secret-key", "source.invalid")


async def test_a_request_that_is_hung_up_on_is_sent_once(client: Way) -> None:
    """Sending again is for those who know that it is safe, and count it."""

    async def hang_up(request: Request, writer: Writer) -> bool:
        return False

    async with serving(hang_up) as server, client() as http:
        error = await failure(http, server.url + "/secret-key")
    assert type(error) is HungUp
    assert says_nothing(error, "secret-key")
    assert len(server.requests) == 1


async def test_a_kept_connection_that_breaks_is_not_asked_twice(client: Way) -> None:
    """aiohttp would send a GET again on a new connection, by itself."""

    async def answer_once(request: Request, writer: Writer) -> bool:
        if len(server.requests) == 1:
            writer.write(json_answer())
        return len(server.requests) == 1

    async with serving(answer_once) as server, client() as http:
        await http.get(server.url)
        error = await failure(http, server.url)
        assert type(error) is HungUp
        assert len(server.requests) == 2


async def test_a_body_that_ends_early_is_a_protocol_error(client: Way) -> None:
    """Ten bytes were announced."""

    async def cut(request: Request, writer: Writer) -> bool:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n[1")
        return False

    async with serving(cut) as server, client() as http:
        error = await failure(http, server.url)
    assert type(error) is httpx.RemoteProtocolError
    assert says_nothing(error)


async def test_a_reset_connection_is_a_network_error(client: Way) -> None:
    """The server drops the connection without closing it."""

    async def reset(request: Request, writer: Writer) -> bool:
        writer.transport.abort()
        return False

    async with serving(reset) as server, client() as http:
        error = await failure(http, server.url)
    assert type(error) in (httpx.ReadError, HungUp)
    assert says_nothing(error)


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00\xff\x13garbage\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: minus\r\n\r\n",
    ],
)
async def test_garbage_is_a_protocol_error(client: Way, garbage: bytes) -> None:
    """And its text holds nothing of what came."""

    async def spout(request: Request, writer: Writer) -> bool:
        writer.write(garbage)
        return False

    async with serving(spout) as server, client() as http:
        error = await failure(http, server.url)
    assert type(error) is httpx.RemoteProtocolError
    assert says_nothing(error, "garbage", "SSH", "zz", "minus")


async def test_headers_are_bounded(client: Way) -> None:
    """One long line and very many short ones are both refused."""
    for headers in (["X-Long: " + "x" * 100_000], [f"X-{n}: 1" for n in range(1000)]):
        async with serving(json_answer(b"[]", *headers)) as server, client() as http:
            assert type(await failure(http, server.url)) is httpx.RemoteProtocolError


async def test_silence_is_a_read_timeout(client: Way) -> None:
    """The time is that of one read."""
    async with serving(silent) as server, client(seconds=0.05) as http:
        start = time.monotonic()
        error = await failure(http, server.url)
        assert type(error) is httpx.ReadTimeout
        assert time.monotonic() - start < 2
        assert says_nothing(error)
        await server.until(lambda: server.open == 0)


async def test_silence_within_a_body_is_a_read_timeout(client: Way) -> None:
    """A body that stops half way is not waited for."""

    async def half(request: Request, writer: Writer) -> bool:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n[1")
        return await silent(request, writer)

    async with serving(half) as server, client(seconds=0.05) as http:
        assert type(await failure(http, server.url)) is httpx.ReadTimeout
        await server.until(lambda: server.open == 0)


async def test_a_handshake_that_does_not_end_is_a_connect_timeout(client: Way) -> None:
    """TLS to a server that says nothing."""
    async with serving(silent) as server, client(seconds=0.05) as http:
        error = await failure(http, server.url.replace("http:", "https:"))
    assert type(error) is httpx.ConnectTimeout
    assert says_nothing(error)


async def test_no_free_connection_is_a_pool_timeout() -> None:
    """The second request waits for the first one's place, and only so long."""
    async with serving(silent) as server, httpx_client(AiohttpTransport(max_connections=1), seconds=5) as http:
        first = asyncio.create_task(http.get(server.url))
        await server.until(lambda: len(server.requests) == 1)
        with pytest.raises(httpx.PoolTimeout):
            await http.get(server.url, timeout=httpx.Timeout(5, pool=0.02))
        first.cancel()
        await asyncio.wait([first])
    assert len(server.requests) == 1


async def test_a_place_is_given_back_after_every_end(client: Way) -> None:
    """Success, silence, a body that cannot be read and a failure to connect: each frees the only connection."""

    async def by_path(request: Request, writer: Writer) -> bool | None:
        if request.target == "/silent":
            return await silent(request, writer)
        writer.write(json_answer(b"[]", *(["Content-Encoding: br"] if request.target == "/br" else [])))
        return None

    # the name's look-up has to fail in this time, too
    async with serving(by_path) as server, client(AiohttpTransport(max_connections=1), seconds=0.5) as http:
        await http.get(server.url)
        assert type(await failure(http, server.url + "/silent")) is httpx.ReadTimeout
        assert type(await failure(http, server.url + "/br")) is httpx.DecodingError
        assert type(await failure(http, "http://source.invalid")) is httpx.ConnectError
        assert (await http.get(server.url)).content == b"[]"


async def test_an_unread_body_is_closed_once() -> None:
    """Closing frees the only connection; closing again frees no other one's."""
    async with serving(json_answer()) as server, httpx_client(AiohttpTransport(max_connections=1)) as http:
        unread = await http.send(http.build_request("GET", server.url), stream=True)
        await unread.aclose()
        assert isinstance(unread.stream, httpx.AsyncByteStream)
        await unread.stream.aclose()
        assert (await http.get(server.url)).content == b"[]"


async def test_only_http_is_spoken() -> None:
    """Another scheme is refused before anybody is asked."""
    async with httpx_client() as http:
        assert type(await failure(http, "ftp://localhost/secret-key")) is httpx.LocalProtocolError


async def test_waiting_requests_take_their_turns(client: Way) -> None:
    """Ten requests over two connections are all answered, and the server sees two at a time."""
    together: list[int] = []

    async def slow(request: Request, writer: Writer) -> None:
        together.append(server.open)
        await asyncio.sleep(0.005)
        writer.write(json_answer())

    async with serving(slow) as server, client(AiohttpTransport(max_connections=2)) as http:
        answers = await asyncio.gather(*(http.get(server.url) for _ in range(10)))
    assert [answer.status_code for answer in answers] == [200] * 10
    assert max(together) == 2


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n[1"])
async def test_a_cancelled_request_is_aborted_and_frees_its_connection(client: Way, start: bytes) -> None:
    """Before the headers and within the body: a deadline that has passed costs the source nothing more."""

    async def begin(request: Request, writer: Writer) -> bool:
        writer.write(start)
        return await silent(request, writer)

    async with serving(begin) as server, client(AiohttpTransport(max_connections=1)) as http:
        for number in range(1, 4):
            task = asyncio.create_task(http.get(server.url))
            await server.until(lambda: len(server.requests) == number)  # noqa: B023
            await asyncio.sleep(0.01)
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()
            await server.until(lambda: server.open == 0)


async def test_an_answer_too_many_is_never_the_next_requests_answer(client: Way) -> None:
    """A server that writes a second answer, late, has it thrown away with its connection."""

    async def twice(request: Request, writer: Writer) -> None:
        writer.write(json_answer(request.target.encode()))
        await writer.drain()
        await asyncio.sleep(0.01)
        writer.write(json_answer(b"surplus"))

    async with serving(twice) as server, client() as http:
        assert (await http.get(server.url + "/1")).content == b"/1"
        await asyncio.sleep(0.03)
        assert (await http.get(server.url + "/2")).content == b"/2"
    assert server.connections == 2


async def test_a_request_that_cannot_be_sent_is_a_local_error(client: Way) -> None:
    """A line end in a header would be a header more."""
    async with serving(json_answer()) as server, client() as http:
        with pytest.raises(httpx.LocalProtocolError):
            await http.get(server.url, headers={"X-Case": "1\r\nX-Injected: 1"})
        with pytest.raises(httpx.LocalProtocolError):
            await http.get("http:///no-host")
    assert server.requests == []


async def test_no_url_is_logged(client: Way, caplog: pytest.LogCaptureFixture) -> None:
    """httpx's own client writes a line with the whole URL for every request."""
    caplog.set_level(logging.DEBUG)
    async with serving(json_answer()) as server, client() as http:
        await http.get(server.url + "/secret-key")
    assert "secret-key" not in caplog.text


async def test_a_closed_transport_can_be_opened_again_and_a_closed_client_cannot(client: Way) -> None:
    """aclose() may be called twice, and without any request before it."""
    transport = AiohttpTransport()
    await transport.aclose()
    async with serving(json_answer()) as server:
        async with client(transport) as http:
            await http.get(server.url)
            await transport.aclose()
            await transport.aclose()
            await http.get(server.url)
        with pytest.raises(RuntimeError, match="closed client"):
            await http.get(server.url)
    assert server.connections == 2

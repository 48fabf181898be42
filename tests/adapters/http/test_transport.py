"""The transport on real sockets: what a mock cannot show."""

from __future__ import annotations

import asyncio
import datetime as dt
import gzip
import ipaddress
import logging
import ssl
import time
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from adapters.http.transport import AiohttpTransport, BodyTooLarge, open_client
from tests.adapters.raw_server import Request, json_answer, serving

Writer = asyncio.StreamWriter


@asynccontextmanager
async def client(
    transport: AiohttpTransport | None = None, *, seconds: float = 5.0
) -> AsyncIterator[httpx.AsyncClient]:
    async with open_client(transport or AiohttpTransport(), headers={}, timeout=seconds) as opened:
        yield opened


async def silent(request: Request, writer: Writer) -> bool:
    """Never answer."""
    await asyncio.sleep(60)
    return False


def chunked(body: bytes, *headers: str) -> bytes:
    lines = ["HTTP/1.1 200 OK", "Content-Type: application/json", "Transfer-Encoding: chunked", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    "target", ["/a/%2e%2e/b", "/a%2Fb", "/a%2fb%20c", "/%25", "/a?ids=1%2C2,3&x=%26%3D", "/a?b=%E2%82%AC+c", "/a;p=1/b"]
)
async def test_the_path_and_the_query_are_sent_as_they_are(target: str) -> None:
    """Whatever the key became when it was encoded is what the source sees."""
    async with serving(json_answer()) as server, client() as http:
        await http.get(server.url + target)
    assert [request.target for request in server.requests] == [target]


async def test_a_request_goes_out_with_its_method_headers_and_body() -> None:
    """Nothing is added but what HTTP needs."""
    async with serving(json_answer()) as server, client() as http:
        await http.post(server.url + "/q", content=b'{"ids":[1]}', headers={"X-Purpose": "dpv:X", "User-Agent": "us"})
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

    async with serving(json_answer()) as server, client() as http:
        await http.post(server.url, content=parts())
    (request,) = server.requests
    assert (request.body, request.header("Transfer-Encoding")) == (b"abcd", None)


async def test_user_and_password_of_a_url_are_not_sent() -> None:
    """A credential is a header; one that hides in a URL would be printed with it."""
    async with serving(json_answer()) as server, client() as http:
        await http.get(server.url.replace("//", "//user:secret@"))
    assert server.requests[0].header("Authorization") is None


async def test_a_response_comes_back_with_status_headers_and_body() -> None:
    """Two headers of one name stay two."""
    async with serving(json_answer(b"[1]", "X-A: 1", "X-A: 2", status="207 Multi-Status")) as server, client() as http:
        response = await http.get(server.url)
    assert (response.status_code, response.content) == (207, b"[1]")
    assert response.headers.get_list("x-a") == ["1", "2"]
    assert str(response.request.url).startswith(server.url)


async def test_connections_are_kept_and_used_again() -> None:
    """Five calls one after the other need one connection."""
    async with serving(json_answer()) as server, client() as http:
        for _ in range(5):
            await http.get(server.url)
        assert (len(server.requests), server.connections) == (5, 1)


async def test_a_redirect_is_not_followed() -> None:
    """A source does not decide to whom a key is sent."""
    answer = json_answer(b"", "Location: /elsewhere", status="302 Found")
    async with serving(answer) as server, client() as http:
        response = await http.get(server.url)
    assert (response.status_code, len(server.requests)) == (302, 1)


async def test_a_cookie_is_not_kept() -> None:
    """Nothing of one call reaches the next."""
    async with serving(json_answer(b"[]", "Set-Cookie: session=1; Path=/")) as server, client() as http:
        await http.get(server.url)
        await http.get(server.url)
        assert len(http.cookies) == 0
    assert [request.header("Cookie") for request in server.requests] == [None, None]


async def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable of the machine does not decide through whom a key is sent."""
    async with serving(json_answer()) as proxy, serving(json_answer()) as server:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        async with client() as http:
            await http.get(server.url)
    assert (len(proxy.requests), len(server.requests)) == (0, 1)


async def test_a_proxy_that_is_given_is_used() -> None:
    """The request goes to the proxy with the whole URL in its first line."""
    async with serving(json_answer()) as proxy, client(AiohttpTransport(proxy=proxy.url)) as http:
        await http.get("http://source.invalid/a")
    assert proxy.requests[0].line == "GET http://source.invalid/a HTTP/1.1"


async def _failure(http: httpx.AsyncClient, url: str) -> httpx.HTTPError:
    with pytest.raises(httpx.HTTPError) as caught:
        await http.get(url)
    return caught.value


def says_nothing(error: httpx.HTTPError, *secrets: str) -> bool:
    return not any(
        secret in text for secret in (*secrets, "localhost", "127.0.0.1") for text in (str(error), repr(error))
    )


async def test_a_refused_connection_is_a_connect_error() -> None:
    """And its text names no host."""
    async with serving(json_answer()) as server:
        pass
    async with client() as http:
        error = await _failure(http, server.url + "/secret-key")
    assert type(error) is httpx.ConnectError
    assert says_nothing(error, "secret-key", str(server.port))


async def test_an_unknown_host_is_a_connect_error() -> None:
    """`.invalid` is never a host (RFC 6761)."""
    async with client() as http:
        error = await _failure(http, "http://source.invalid/secret-key")
    assert type(error) is httpx.ConnectError
    assert says_nothing(error, "secret-key", "source.invalid")


async def test_a_request_that_is_hung_up_on_is_sent_once() -> None:
    """Sending again is for those who know that it is safe, and count it."""

    async def hang_up(request: Request, writer: Writer) -> bool:
        return False

    async with serving(hang_up) as server, client() as http:
        error = await _failure(http, server.url + "/secret-key")
    assert type(error) is httpx.RemoteProtocolError
    assert says_nothing(error, "secret-key")
    assert len(server.requests) == 1


async def test_a_kept_connection_that_breaks_is_not_asked_twice() -> None:
    """aiohttp would send a GET again on a new connection, by itself."""

    async def answer_once(request: Request, writer: Writer) -> bool:
        if len(server.requests) == 1:
            writer.write(json_answer())
        return len(server.requests) == 1

    async with serving(answer_once) as server, client() as http:
        await http.get(server.url)
        error = await _failure(http, server.url)
        assert type(error) is httpx.RemoteProtocolError
        assert len(server.requests) == 2


async def test_a_body_that_ends_early_is_a_protocol_error() -> None:
    """Ten bytes were announced."""

    async def cut(request: Request, writer: Writer) -> bool:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n[1")
        return False

    async with serving(cut) as server, client() as http:
        error = await _failure(http, server.url)
    assert type(error) is httpx.RemoteProtocolError
    assert says_nothing(error)


async def test_a_reset_connection_is_a_network_error() -> None:
    """The server drops the connection without closing it."""

    async def reset(request: Request, writer: Writer) -> bool:
        writer.transport.abort()
        return False

    async with serving(reset) as server, client() as http:
        error = await _failure(http, server.url)
    assert type(error) in (httpx.ReadError, httpx.RemoteProtocolError)
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
async def test_garbage_is_a_protocol_error(garbage: bytes) -> None:
    """And its text holds nothing of what came."""

    async def spout(request: Request, writer: Writer) -> bool:
        writer.write(garbage)
        return False

    async with serving(spout) as server, client() as http:
        error = await _failure(http, server.url)
    assert type(error) is httpx.RemoteProtocolError
    assert says_nothing(error, "garbage", "SSH", "zz", "minus")


async def test_headers_are_bounded() -> None:
    """One long line and very many short ones are both refused."""
    for headers in (["X-Long: " + "x" * 100_000], [f"X-{n}: 1" for n in range(1000)]):
        async with serving(json_answer(b"[]", *headers)) as server, client() as http:
            assert type(await _failure(http, server.url)) is httpx.RemoteProtocolError


async def test_silence_is_a_read_timeout() -> None:
    """The time is that of one read."""
    async with serving(silent) as server, client(seconds=0.05) as http:
        start = time.monotonic()
        error = await _failure(http, server.url)
        assert type(error) is httpx.ReadTimeout
        assert time.monotonic() - start < 2
        assert says_nothing(error)
        await server.until(lambda: server.open == 0)


async def test_silence_within_a_body_is_a_read_timeout() -> None:
    """A body that stops half way is not waited for."""

    async def half(request: Request, writer: Writer) -> bool:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n[1")
        return await silent(request, writer)

    async with serving(half) as server, client(seconds=0.05) as http:
        assert type(await _failure(http, server.url)) is httpx.ReadTimeout
        await server.until(lambda: server.open == 0)


async def test_a_handshake_that_does_not_end_is_a_connect_timeout() -> None:
    """TLS to a server that says nothing."""
    async with serving(silent) as server, client(seconds=0.05) as http:
        error = await _failure(http, server.url.replace("http:", "https:"))
    assert type(error) is httpx.ConnectTimeout
    assert says_nothing(error)


async def test_no_free_connection_is_a_pool_timeout() -> None:
    """The second request waits for the first one's place, and only so long."""
    async with serving(silent) as server, client(AiohttpTransport(max_connections=1), seconds=5) as http:
        first = asyncio.create_task(http.get(server.url))
        await server.until(lambda: len(server.requests) == 1)
        with pytest.raises(httpx.PoolTimeout):
            await http.get(server.url, timeout=httpx.Timeout(5, pool=0.02))
        first.cancel()
        await asyncio.wait([first])
    assert len(server.requests) == 1


async def test_a_place_is_given_back_after_every_end() -> None:
    """Success, failure, refusal, an unread body and cancellation: each frees the only connection."""

    async def by_path(request: Request, writer: Writer) -> bool | None:
        if request.target == "/silent":
            return await silent(request, writer)
        writer.write(json_answer(b"[]", *(["Content-Encoding: br"] if request.target == "/br" else [])))
        return request.target != "/close" and None

    async with serving(by_path) as server, client(AiohttpTransport(max_connections=1), seconds=0.05) as http:
        await http.get(server.url)
        assert type(await _failure(http, server.url + "/silent")) is httpx.ReadTimeout
        assert type(await _failure(http, server.url + "/br")) is httpx.DecodingError
        assert type(await _failure(http, "http://source.invalid")) is httpx.ConnectError
        unread = await http.send(http.build_request("GET", server.url), stream=True)
        await unread.aclose()
        assert isinstance(unread.stream, httpx.AsyncByteStream)
        await unread.stream.aclose()  # a second time: the place is given back once
        assert (await http.get(server.url)).content == b"[]"


async def test_waiting_requests_take_their_turns() -> None:
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
async def test_a_cancelled_request_is_aborted_and_frees_its_connection(start: bytes) -> None:
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


async def test_an_answer_too_many_is_never_the_next_requests_answer() -> None:
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


def zipped(size: int) -> bytes:
    return gzip.compress(b" " * size)


async def test_a_compressed_body_is_inflated() -> None:
    """gzip and deflate, in one piece or over several chunks; the headers then speak of the inflated body."""
    text = b"[" + b"1," * 200_000 + b"1]"
    for coding, body in (("gzip", gzip.compress(text)), ("deflate", zlib.compress(text)), ("identity", text)):
        for answer in (json_answer(body, f"Content-Encoding: {coding}"), chunked(body, f"Content-Encoding: {coding}")):
            async with serving(answer) as server, client() as http:
                response = await http.get(server.url)
                assert response.content == text
                assert response.headers.get("content-encoding") in (None, "identity")


async def test_a_compressed_body_may_come_in_any_pieces() -> None:
    """Its ten bytes of header alone, for one."""

    async def slowly(request: Request, writer: Writer) -> None:
        whole = json_answer(zipped(1000), "Content-Encoding: gzip")
        cut = whole.index(b"\r\n\r\n") + 14
        writer.write(whole[:cut])
        await writer.drain()
        await asyncio.sleep(0.01)
        writer.write(whole[cut:])

    async with serving(slowly) as server, client() as http:
        assert (await http.get(server.url)).content == b" " * 1000


async def test_a_compressed_body_without_bytes_is_empty() -> None:
    """An answer to HEAD, or a 204, announces what does not come."""
    async with serving(json_answer(b"", "Content-Encoding: gzip")) as server, client() as http:
        assert (await http.get(server.url)).content == b""


async def test_an_inflated_body_is_bounded() -> None:
    """50 MB that stand in 48 KB on the wire are given up at the limit, in pieces of 64 KiB."""
    bomb, small = json_answer(zipped(50_000_000), "Content-Encoding: gzip"), AiohttpTransport(max_body=1_000_000)
    pieces: list[int] = []

    async def read(response: httpx.Response) -> None:
        async for piece in response.aiter_raw():
            pieces.append(len(piece))  # noqa: PERF401  it raises on its way

    async with serving(bomb) as server, client(small) as http:
        response = await http.send(http.build_request("GET", server.url), stream=True)
        with pytest.raises(BodyTooLarge) as caught:
            await read(response)
        await response.aclose()
    assert max(pieces) <= 65_536
    assert sum(pieces) <= 1_000_000
    assert says_nothing(caught.value)


@pytest.mark.parametrize("answer", [json_answer(b"x" * 5_000_000), chunked(b"x" * 5_000_000)], ids=["announced", "not"])
async def test_a_raw_body_is_bounded(answer: bytes) -> None:
    """Announced or not; the rest of it is not waited for."""
    async with serving(answer) as server, client(AiohttpTransport(max_body=1000)) as http:
        assert type(await _failure(http, server.url)) is BodyTooLarge
        await server.until(lambda: server.open == 0)


async def test_a_compressed_body_is_bounded_before_it_is_inflated() -> None:
    """Bytes that inflate to nothing count too."""
    body = b"\x1f\x8b\x08\x10\0\0\0\0\0\xff" + b"c" * 5000  # a gzip header with an endless comment
    endless, small = chunked(body, "Content-Encoding: gzip"), AiohttpTransport(max_body=1000)
    async with serving(endless) as server, client(small) as http:
        assert type(await _failure(http, server.url)) is BodyTooLarge


@pytest.mark.parametrize(
    "body",
    [b"no gzip at all", zipped(1000)[:-6], zipped(10) + zipped(10), zipped(10) + b"tail"],
    ids=["other", "cut", "two", "tail"],
)
async def test_a_broken_compressed_body_is_a_decoding_error(body: bytes) -> None:
    """Other bytes, an early end, and something after the end."""
    async with serving(json_answer(body, "Content-Encoding: gzip")) as server, client() as http:
        assert type(await _failure(http, server.url)) is httpx.DecodingError


async def test_a_compression_that_was_not_asked_for_is_refused() -> None:
    """br, zstd, or gzip in gzip."""
    for coding in ("br", "zstd", "gzip, gzip"):
        async with serving(json_answer(b"..", f"Content-Encoding: {coding}")) as server, client() as http:
            assert type(await _failure(http, server.url)) is httpx.DecodingError


async def test_a_request_that_cannot_be_sent_is_a_local_error() -> None:
    """A line end in a header would be a header more."""
    async with serving(json_answer()) as server, client() as http:
        with pytest.raises(httpx.LocalProtocolError):
            await http.get(server.url, headers={"X-Case": "1\r\nX-Injected: 1"})
        with pytest.raises(httpx.LocalProtocolError):
            await http.get("http:///no-host")
    assert server.requests == []


async def test_no_url_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """httpx's own client writes a line with the whole URL for every request."""
    caplog.set_level(logging.DEBUG)
    async with serving(json_answer()) as server, client() as http:
        await http.get(server.url + "/secret-key")
    assert "secret-key" not in caplog.text


async def test_another_loop_is_refused_with_a_clear_error() -> None:
    """Connections cannot move between event loops."""
    async with serving(json_answer()) as server:
        transport = AiohttpTransport()
        async with client(transport) as http:
            await http.get(server.url)

            def elsewhere() -> None:
                asyncio.run(transport.aclose())

            with pytest.raises(RuntimeError, match="another event loop than the first"):
                await asyncio.to_thread(elsewhere)


async def test_a_closed_transport_can_be_opened_again_and_a_closed_client_cannot() -> None:
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


# TLS


def _certificate(
    name: str, issuer: tuple[x509.Name, ec.EllipticCurvePrivateKey] | None, key: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issued_by, signing = issuer or (subject, key)
    now = dt.datetime.now(dt.UTC)
    hour = dt.timedelta(hours=1)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issued_by).public_key(key.public_key())
    builder = (
        builder.serial_number(x509.random_serial_number()).not_valid_before(now - hour).not_valid_after(now + hour)
    )
    builder = builder.add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key())
    builder = builder.add_extension(authority, critical=False)
    names = [x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.0.0.9"))]
    builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(signing, hashes.SHA256())


def _tls(folder: Path, host: str) -> tuple[ssl.SSLContext, Path]:
    """Return a server's context for the host, and the file of the authority that vouches for it."""
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = _certificate("authority", None, authority_key)
    certificate = _certificate(host, (authority.subject, authority_key), key)
    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(authority.public_bytes(pem))
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "server.pem").write_bytes(certificate.public_bytes(pem) + key.private_bytes(pem, form, plain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return context, folder / "ca.pem"


async def test_a_server_is_verified_with_an_authority_of_ones_own(tmp_path: Path) -> None:
    """The certificate must be signed by it, and for this host."""
    context, authority = _tls(tmp_path, "localhost")
    own = AiohttpTransport(tls=ssl.create_default_context(cafile=authority))
    async with serving(json_answer(), tls=context) as server, client(own) as http:
        assert (await http.get(server.url)).content == b"[]"
    assert server.scheme == "https"


async def test_a_certificate_of_an_unknown_authority_is_a_connect_error(tmp_path: Path) -> None:
    """Verification is on by default."""
    context, _ = _tls(tmp_path, "localhost")
    async with serving(json_answer(), tls=context) as server, client() as http:
        error = await _failure(http, server.url)
    assert type(error) is httpx.ConnectError
    assert says_nothing(error)
    assert server.requests == []


async def test_a_certificate_for_another_host_is_a_connect_error(tmp_path: Path) -> None:
    """A known authority is not enough."""
    context, authority = _tls(tmp_path, "other.example")
    own = AiohttpTransport(tls=ssl.create_default_context(cafile=authority))
    async with serving(json_answer(), tls=context) as server, client(own) as http:
        assert type(await _failure(http, server.url)) is httpx.ConnectError
    assert server.requests == []


def test_a_context_that_does_not_verify_is_refused() -> None:
    """Trusting everybody cannot be configured."""
    for verify, check in ((ssl.CERT_NONE, False), (ssl.CERT_REQUIRED, False)):
        context = ssl.create_default_context()
        context.check_hostname = check
        context.verify_mode = verify
        with pytest.raises(ValueError, match="cafile="):
            AiohttpTransport(tls=context)

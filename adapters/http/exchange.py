"""One request and its answer, over aiohttp's connections, its writer and its parser, and without its session.

A session follows redirects, keeps cookies, looks for credentials and sends a GET again when a kept connection breaks.
None of that is wanted here, and what is left costs less than half of its CPU.

What goes out is exactly what was asked: the path as it is written, once, to the host named, with no cookie of an
earlier answer, through no proxy that was not given. What comes in is bounded. Every failure is one of httpx's own
exceptions, and its text names no host and no URL:

    httpx.ConnectError           refused, host name unknown, certificate not accepted
    httpx.ConnectTimeout         no connection in `timeouts.connect` seconds, name look-up and TLS included
    httpx.PoolTimeout            no free connection in `timeouts.pool` seconds
    httpx.ReadTimeout            silence for `timeouts.read` seconds
    httpx.ReadError              the connection broke
    HungUp                       the server hung up before it had answered; a RemoteProtocolError
    httpx.RemoteProtocolError    what it sent is not HTTP, or it hung up in the middle of it, or too much before a body
    httpx.LocalProtocolError     the request cannot be sent as it is: a line end in a header, for one
    httpx.DecodingError          a compressed body that cannot be inflated
    BodyTooLarge                 a body, raw or inflated, over `max_body` bytes; a DecodingError
"""

from __future__ import annotations

import asyncio
import ssl
import zlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import aiohttp
import httpx
import yarl
from aiohttp.http import HttpProcessingError, RawResponseMessage, StreamWriter

__all__ = ["BodyTooLarge", "Exchange", "HungUp", "Incoming", "Target", "Timeouts"]

_PIECE = 64 * 1024
_HEADER_BYTES = 16 * 1024
_HEADER_COUNT = 128
_HEADERS_BYTES = 64 * 1024
"""Of all headers together; aiohttp bounds each and their number, which comes to 2 MiB."""

_WORDS_BETWEEN = 16
"""The most answers of the kind of 103 before the one that counts; each takes as long to read as a whole answer."""

_ZLIB_OR_GZIP = 47  # zlib's own number: 15 bits of window, and the header says which of the two it is
_ADDED = ("Accept", "Accept-Encoding", "User-Agent")  # by aiohttp, unless it is told not to


class HungUp(httpx.RemoteProtocolError):
    """The server closed the connection before it had answered: it may have been about to when the request came."""


class BodyTooLarge(httpx.DecodingError):
    """The body is longer than allowed, on the wire or inflated."""


class Timeouts:
    """The most seconds for a free connection, for connecting, and for silence; None sets no limit."""

    __slots__ = ("connect", "pool", "read")

    def __init__(self, *, pool: float | None, connect: float | None, read: float | None) -> None:
        self.pool, self.read = pool, read
        self.connect = aiohttp.ClientTimeout(total=None, connect=connect)


@dataclass(slots=True)
class Target:
    """Where requests go: `origin` is scheme and host as a URL begins with them, `headers` go with each request.

    What aiohttp finds a connection by is made once, for the event loop of the first request.
    """

    origin: str
    headers: Sequence[tuple[str, str]] = field(repr=False)
    _request: aiohttp.ClientRequest | None = field(default=None, repr=False)

    def request(self, loop: asyncio.AbstractEventLoop, proxy: yarl.URL | None) -> aiohttp.ClientRequest:
        """Return what names the connection, with the headers that go with each request."""
        if self._request is None or self._request.loop is not loop:
            url = yarl.URL(self.origin, encoded=True)
            self._request = aiohttp.ClientRequest(
                "GET", url, headers=self.headers, skip_auto_headers=_ADDED, loop=loop, proxy=proxy
            )
        return self._request


class Exchange:
    """Sends requests over connections that it keeps. The arguments are those of AiohttpTransport."""

    def __init__(self, *, max_connections: int, max_body: int, tls: ssl.SSLContext | None, proxy: str | None) -> None:
        self._max_body, self._tls = max_body, tls
        self._proxy = None if proxy is None else yarl.URL(proxy)
        self._connector: aiohttp.TCPConnector | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._free = asyncio.Semaphore(max_connections)

    async def send(
        self,
        target: Target,
        method: str,
        path: str,
        timeouts: Timeouts,
        headers: Mapping[str, str],
        body: bytes | None = None,
        ready: Callable[[], None] | None = None,
    ) -> Incoming:
        """Send a request once and return its answer when the headers have come; who gets it closes it.

        `path` is path and query as they stand in the request's first line: ASCII, without a space. `headers` stand
        beside the target's, and in place of those of the same name. `ready` is called right before the first byte; what
        it raises is raised, nothing is sent, and the connection is kept.
        """
        connector, connection = self._open(), None
        await self._take_turn(timeouts.pool)
        try:
            request = target.request(asyncio.get_running_loop(), self._proxy)
            connection = await connector.connect(request, [], timeouts.connect)
            if ready is not None:
                _let(connection, ready)
            message, payload = await _exchanged(connection.protocol, request, method, path, timeouts, headers, body)
            return Incoming(message, payload, connection, self._max_body, self._free.release)
        except BaseException as error:
            if connection is not None:
                connection.close()
            self._free.release()
            if isinstance(error, _FOREIGN):
                raise _translated(error) from None
            raise

    async def aclose(self) -> None:
        """Close every connection; a later request opens new ones."""
        if self._connector is not None:
            connector, self._connector = self._open(), None
            await connector.close()

    def _open(self) -> aiohttp.TCPConnector:
        loop = asyncio.get_running_loop()
        if self._connector is None:
            # True verifies; `_free` limits how many, and can tell its timeout
            self._loop, self._connector = loop, _Connector(limit=0, ssl=self._tls or True)
        elif self._loop is not loop:
            raise RuntimeError(
                "got a request on another event loop than the first one; connections cannot move between loops: "
                "make one adapter a loop, and close it there"
            )
        return self._connector

    async def _take_turn(self, seconds: float | None) -> None:
        if not self._free.locked():
            await self._free.acquire()
            return
        try:
            async with asyncio.timeout(seconds):
                await self._free.acquire()
        except TimeoutError:
            raise httpx.PoolTimeout("no connection became free in time") from None


class _Connector(aiohttp.TCPConnector):
    """Keeps connections, and reuses none on which something came that nobody asked for."""

    async def _get(self, key: Any, traces: Any) -> Any:
        # a server that answers once too often would have its surplus taken for the next request's answer
        while (connection := await super()._get(key, traces)) is not None:
            assert connection.protocol is not None
            if not connection.protocol.should_close:
                break
            connection.close()
        return connection


def _let(connection: aiohttp.connector.Connection, ready: Callable[[], None]) -> None:
    """Give the connection back unused when nothing may be sent."""
    try:
        ready()
    except BaseException:
        connection.release()
        raise


async def _exchanged(
    protocol: Any,
    request: aiohttp.ClientRequest,
    method: str,
    path: str,
    timeouts: Timeouts,
    headers: Mapping[str, str],
    body: bytes | None,
) -> tuple[RawResponseMessage, aiohttp.StreamReader]:
    """Write the request and return the headers of its answer, and where its body comes."""
    protocol.set_response_params(
        skip_payload=method == "HEAD",
        read_until_eof=True,
        auto_decompress=False,
        read_timeout=timeouts.read,
        max_line_size=_HEADER_BYTES,
        max_field_size=_HEADER_BYTES,
        max_headers=_HEADER_COUNT,
    )
    if request.proxy is not None and not request.is_ssl():
        path = f"{request.url}{path}"
    await _write(
        StreamWriter(protocol, request.loop), f"{method} {path} HTTP/1.1", _all_headers(request, headers, body), body
    )
    protocol.start_timeout()
    for _ in range(_WORDS_BETWEEN):
        message, payload = await protocol.read()
        if message.code >= 200 or message.code == 101:
            return _checked(message), payload
    raise httpx.RemoteProtocolError("the server went on without an answer")


def _checked(message: RawResponseMessage) -> RawResponseMessage:
    pairs = message.raw_headers
    if len(pairs) * _HEADER_BYTES > _HEADERS_BYTES and sum(map(len, chain.from_iterable(pairs))) > _HEADERS_BYTES:
        raise httpx.RemoteProtocolError("the headers are longer than allowed")
    return message


def _all_headers(request: aiohttp.ClientRequest, headers: Mapping[str, str], body: bytes | None) -> Any:
    if not headers and body is None:
        return request.headers
    together = request.headers.copy()
    together.update(headers)
    if body is not None:
        together["Content-Length"] = str(len(body))
    return together


async def _write(writer: StreamWriter, line: str, headers: Any, body: bytes | None) -> None:
    await writer.write_headers(line, headers)
    if body:
        # not drained: a server may answer before it has read a long body, and then read no more of it
        await writer.write(body, drain=False)
    writer.set_eof()


class Incoming:
    """An answer whose headers have come; its body is read as it is asked for, inflated and bounded.

    Closing it gives its place back, and keeps the connection when the body has come to its end. Raises
    httpx.DecodingError, and leaves the connection to its caller, when it is compressed in a way that was not asked for.
    """

    __slots__ = ("_connection", "_inflates", "_limit", "_message", "_payload", "_release", "status")

    def __init__(
        self,
        message: RawResponseMessage,
        payload: aiohttp.StreamReader,
        connection: Any,
        limit: int,
        release: Callable[[], None],
    ) -> None:
        self.status = message.code
        self._inflates = _is_compressed(message.headers)
        self._message, self._payload, self._connection = message, payload, connection
        self._limit = limit
        self._release: Callable[[], None] | None = release

    @property
    def content_type(self) -> str:
        """The header, empty when there is none; more than one are joined, and are no type then."""
        return ", ".join(self._message.headers.getall("Content-Type", ()))

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """All headers in their order; they speak of the body as it is read, which is inflated."""
        pairs = list(self._message.raw_headers)
        return [pair for pair in pairs if pair[0].lower() not in _OF_COMPRESSION] if self._inflates else pairs

    async def read(self) -> bytes:
        """Return the whole body."""
        if self._inflates or not self._payload.is_eof():
            return b"".join([piece async for piece in self.pieces()])
        body = self._payload.read_nowait()
        if len(body) > self._limit:
            raise BodyTooLarge("the body is longer than allowed")
        return body

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes, in pieces of at most 64 KiB where it has to be inflated."""
        length = 0
        async for piece in self._inflated() if self._inflates else self._raw():
            length += len(piece)
            if length > self._limit:
                raise BodyTooLarge("the body is longer than allowed")
            yield piece

    async def aclose(self) -> None:
        """Give the place back; a second time does nothing."""
        if self._release is not None:
            release, self._release = self._release, None
            if self._payload.is_eof():
                self._connection.release()
            else:
                self._connection.close()
            release()

    async def _raw(self) -> AsyncIterator[bytes]:
        if int(self._message.headers.get("Content-Length", 0)) > self._limit:
            raise BodyTooLarge("the body is announced to be longer than allowed")
        try:
            while chunk := await self._payload.readany():
                yield chunk
        except _FOREIGN as error:
            raise _translated(error) from None

    async def _inflated(self) -> AsyncIterator[bytes]:
        engine, length = zlib.decompressobj(_ZLIB_OR_GZIP), 0
        async for chunk in self._raw():
            length += len(chunk)
            if length > self._limit:
                raise BodyTooLarge("the compressed body is longer than allowed")
            for piece in _pieces(engine, chunk):
                yield piece
        if length and not engine.eof:
            raise httpx.DecodingError("the compressed body ends too early")


def _pieces(engine: Any, chunk: bytes) -> Iterator[bytes]:
    """Inflate a chunk into bounded pieces: 50 MB can hide in 48 KB."""
    piece = bytes(_PIECE)
    while chunk or len(piece) == _PIECE:
        try:
            piece = engine.decompress(chunk, _PIECE)
        except zlib.error:
            raise httpx.DecodingError("the compressed body cannot be inflated") from None
        if engine.unused_data:
            raise httpx.DecodingError("something follows the compressed body")
        chunk = engine.unconsumed_tail
        if piece:
            yield piece


_OF_COMPRESSION = (b"content-encoding", b"content-length")


def _is_compressed(headers: Any) -> bool:
    if "Content-Encoding" not in headers:
        return False
    coding = ",".join(headers.getall("Content-Encoding")).strip().lower()
    if coding not in ("", "identity", "gzip", "x-gzip", "deflate"):
        raise httpx.DecodingError("the body is compressed in a way that was not asked for")
    return coding not in ("", "identity")


_FOREIGN = (aiohttp.ClientError, HttpProcessingError, OSError, ValueError)
"""What aiohttp raises."""

_TRANSLATIONS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], type[httpx.HTTPError], str], ...] = (
    (aiohttp.ServerTimeoutError, httpx.ReadTimeout, "the server was silent for too long"),
    (TimeoutError, httpx.ConnectTimeout, "no connection was made in time"),
    ((aiohttp.ClientConnectorError, aiohttp.ClientSSLError), httpx.ConnectError, "no connection can be made"),
    (aiohttp.ServerDisconnectedError, HungUp, "the server hung up before it had answered"),
    (aiohttp.InvalidURL, httpx.LocalProtocolError, "the URL cannot be asked"),
    (OSError, httpx.ReadError, "the connection broke"),
    ((aiohttp.ClientError, HttpProcessingError), httpx.RemoteProtocolError, "the server's answer is not HTTP"),
    (ValueError, httpx.LocalProtocolError, "the request cannot be sent as it is"),
)
"""The first row that fits says what aiohttp's exception is in httpx's words."""


def _translated(error: Exception) -> httpx.HTTPError:
    kind, text = next((to, text) for what, to, text in _TRANSLATIONS if isinstance(error, what))
    return kind(text)

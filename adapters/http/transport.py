"""The HTTP wire: httpx's transport interface over aiohttp, at a fraction of the CPU of httpx's own.

What goes out is exactly what was asked: the path as it is written, once, to the host named, with no cookie of an
earlier answer, through no proxy that was not given. What comes in is bounded. Every failure is one of httpx's own
exceptions, and its text names no host and no URL:

    httpx.ConnectError           refused, host name unknown, certificate not accepted
    httpx.ConnectTimeout         no connection in `timeout.connect` seconds, name look-up and TLS included
    httpx.PoolTimeout            no free connection in `timeout.pool` seconds
    httpx.ReadTimeout            silence for `timeout.read` seconds
    httpx.ReadError              the connection broke
    httpx.RemoteProtocolError    the server hung up early, or what it sent is not HTTP
    httpx.LocalProtocolError     the request cannot be sent as it is: a line end in a header, for one
    httpx.DecodingError          a compressed body that cannot be inflated
    BodyTooLarge                 a body, raw or inflated, over `max_body` bytes; a DecodingError
"""

from __future__ import annotations

import asyncio
import ssl
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
import httpx
import yarl
from aiohttp.http_exceptions import HttpProcessingError

__all__ = ["AiohttpTransport", "BodyTooLarge", "open_client"]

_PIECE = 64 * 1024
_HEADER_BYTES = 16 * 1024
_HEADER_COUNT = 128
_ZLIB_OR_GZIP = 47  # zlib's own number: 15 bits of window, and the header says which of the two it is


class BodyTooLarge(httpx.DecodingError):
    """The body is longer than allowed, on the wire or inflated."""


class AiohttpTransport(httpx.AsyncBaseTransport):
    """Sends requests over aiohttp.

    `max_connections` is the most requests under way together; the others wait, at most `timeout.pool` seconds.
    `max_body` is the most bytes of one answer's body, on the wire and inflated alike. `tls` verifies servers: the
    system's certificates by default, `ssl.create_default_context(cafile=...)` for an own authority. `proxy` is the URL
    of an HTTP proxy; proxies named by the environment are never used.

    Connections belong to the event loop of the first request; a request on another loop raises RuntimeError.
    """

    def __init__(
        self,
        *,
        max_connections: int = 100,
        max_body: int = 8 * 1024 * 1024,
        tls: ssl.SSLContext | None = None,
        proxy: str | None = None,
    ) -> None:
        if tls is not None and (tls.verify_mode is not ssl.CERT_REQUIRED or not tls.check_hostname):
            raise ValueError(
                "got a TLS context that does not verify servers; wanted one that does: "
                "ssl.create_default_context(cafile=...) trusts an authority of your own"
            )
        self._max_connections, self._max_body = max_connections, max_body
        self._tls, self._proxy = tls, proxy
        self._session: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._free = asyncio.Semaphore(max_connections)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request once and return the response when its headers have come; its body is read as it is asked."""
        session = self._open()
        limits = request.extensions.get("timeout", {})
        await self._take_turn(limits.get("pool"))
        try:
            with _translated():
                response = await session.request(**await _arguments(request, limits))
            return self._response(response)
        except BaseException:
            self._free.release()
            raise

    async def aclose(self) -> None:
        """Close every connection; a later request opens new ones."""
        if self._session is not None:
            session, self._session = self._open(), None
            await session.close()

    def _open(self) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        if self._session is None:
            self._loop, self._session = loop, self._new_session()
        elif self._loop is not loop:
            raise RuntimeError(
                "got a request on another event loop than the first one; connections cannot move between loops: "
                "make one adapter a loop, and close it there"
            )
        return self._session

    def _new_session(self) -> aiohttp.ClientSession:
        session = aiohttp.ClientSession(
            connector=_Connector(
                limit=0, ssl=self._tls or True
            ),  # True verifies; `_free` limits, and can tell its timeout
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            proxy=self._proxy,
            max_line_size=_HEADER_BYTES,
            max_field_size=_HEADER_BYTES,
            max_headers=_HEADER_COUNT,
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
        )
        # no public switch: aiohttp sends a GET again by itself when a kept connection breaks
        session._retry_connection = False  # noqa: SLF001
        return session

    async def _take_turn(self, seconds: float | None) -> None:
        if not self._free.locked():
            await self._free.acquire()
            return
        try:
            async with asyncio.timeout(seconds):
                await self._free.acquire()
        except TimeoutError:
            raise httpx.PoolTimeout("no connection became free in time") from None

    def _response(self, response: aiohttp.ClientResponse) -> httpx.Response:
        headers, inflate = list(response.raw_headers), False
        try:
            inflate = _is_compressed(response)
        except httpx.DecodingError:
            response.close()
            raise
        if inflate:
            headers = [pair for pair in headers if pair[0].lower() not in (b"content-encoding", b"content-length")]
        body = _Body(response, self._max_body, inflate, self._free.release)
        return httpx.Response(response.status, headers=headers, stream=body)


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


class _Body(httpx.AsyncByteStream):
    """A response's body, inflated and bounded, in pieces; closing it before its end drops the connection."""

    def __init__(
        self, response: aiohttp.ClientResponse, limit: int, inflate: bool, release: Callable[[], None]
    ) -> None:
        self._response, self._limit, self._inflate = response, limit, inflate
        self._release: Callable[[], None] | None = release

    async def __aiter__(self) -> AsyncIterator[bytes]:
        length = 0
        async for piece in self._inflated() if self._inflate else self._raw():
            length += len(piece)
            if length > self._limit:
                raise BodyTooLarge("the body is longer than allowed")
            yield piece

    async def _raw(self) -> AsyncIterator[bytes]:
        if (self._response.content_length or 0) > self._limit:
            raise BodyTooLarge("the body is announced to be longer than allowed")
        with _translated():
            async for chunk in self._response.content.iter_any():
                yield chunk

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

    async def aclose(self) -> None:
        if self._release is not None:
            release, self._release = self._release, None
            self._response.close()
            release()


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


def _is_compressed(response: aiohttp.ClientResponse) -> bool:
    coding = ",".join(response.headers.getall("Content-Encoding", ())).strip().lower()
    if coding not in ("", "identity", "gzip", "x-gzip", "deflate"):
        raise httpx.DecodingError("the body is compressed in a way that was not asked for")
    return coding not in ("", "identity")


async def _arguments(request: httpx.Request, limits: dict[str, float | None]) -> dict[str, Any]:
    url = b"%s://%s%s" % (request.url.raw_scheme, request.url.netloc, request.url.raw_path)
    content = await request.aread()
    headers = request.headers.copy()
    headers.pop("transfer-encoding", None)  # the body is whole by now: aiohttp writes its length
    return {
        "method": request.method,
        "url": yarl.URL(url.decode("ascii"), encoded=True),  # or yarl would turn %2e%2e into a step up
        "headers": [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers.raw],
        "data": content or None,
        "allow_redirects": False,
        "timeout": aiohttp.ClientTimeout(total=None, connect=limits.get("connect"), sock_read=limits.get("read")),
    }


_TRANSLATIONS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], type[httpx.HTTPError], str], ...] = (
    (aiohttp.ConnectionTimeoutError, httpx.ConnectTimeout, "no connection was made in time"),
    (aiohttp.ServerTimeoutError, httpx.ReadTimeout, "the server was silent for too long"),
    ((aiohttp.ClientConnectorError, aiohttp.ClientSSLError), httpx.ConnectError, "no connection can be made"),
    (aiohttp.ServerDisconnectedError, httpx.RemoteProtocolError, "the server hung up before it had answered"),
    (aiohttp.InvalidURL, httpx.LocalProtocolError, "the URL cannot be asked"),
    (OSError, httpx.ReadError, "the connection broke"),
    ((aiohttp.ClientError, HttpProcessingError), httpx.RemoteProtocolError, "the server's answer is not HTTP"),
    (ValueError, httpx.LocalProtocolError, "the request cannot be sent as it is"),
)
"""The first row that fits says what aiohttp's exception is in httpx's words."""


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (aiohttp.ClientError, HttpProcessingError, OSError, ValueError) as error:
        kind, text = next((to, text) for what, to, text in _TRANSLATIONS if isinstance(error, what))
        raise kind(text) from None


class _Client(httpx.AsyncClient):
    """An httpx client that sends what it is given and does nothing else.

    httpx's own way from a request to its transport follows redirects, keeps cookies, and writes a log line with the
    whole URL, keys included. It costs more CPU than the call itself, too (56 us a call, measured with httpx 0.28).
    """

    async def send(self, request: httpx.Request, *, stream: bool = False, **_: Any) -> httpx.Response:
        if self.is_closed:
            raise RuntimeError("got a request on a closed client; wanted none after aclose()")
        transport = self._transport_for_url(request.url)  # where respx puts its mock
        response = await transport.handle_async_request(request)
        response.request = request
        if not stream:
            try:
                await response.aread()
            finally:
                await response.aclose()
        return response


def open_client(
    transport: httpx.AsyncBaseTransport, *, headers: dict[str, str], timeout: float | None
) -> httpx.AsyncClient:
    """Return a client over the transport that keeps no cookie, follows no redirect and reads no environment.

    `timeout` is the most seconds for each of connecting, waiting for a connection and waiting for more bytes; None
    sets no limit.
    """
    return _Client(transport=transport, headers=headers, timeout=timeout, trust_env=False, follow_redirects=False)

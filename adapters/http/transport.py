"""The HTTP wire as httpx's interface, at a fraction of the CPU of httpx's own; its failures stand in exchange.py.

httpx's client object costs more CPU than a call itself. So a call to which no mock, no redirect, no cookie and no
authentication flow can happen goes past it, to the same exchange that its transport uses: the two ways cannot differ in
what goes out, in what is taken in, or in how it fails.
"""

from __future__ import annotations

import re
import ssl
import string
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Protocol

import httpx

from adapters.http.exchange import BodyTooLarge, Exchange, HungUp, Incoming, Target, Timeouts

__all__ = ["AiohttpTransport", "Begun", "BodyTooLarge", "Client", "HungUp", "Place", "open_client"]

_READY, _SAID = "customer-view-ready", "customer-view-said"
"""The extensions of a request in which the exchange's `ready` comes to the transport, and the headers that it may still
change."""


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
        self.exchange = Exchange(max_connections=max_connections, max_body=max_body, tls=tls, proxy=proxy)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request once and return the response when its headers have come; its body is read as it is asked."""
        url, body = request.url, await request.aread()
        if url.scheme not in ("http", "https"):
            raise httpx.LocalProtocolError("the URL cannot be asked")
        headers = request.headers.copy()
        headers.pop("transfer-encoding", None)  # the body is whole by now, and its length is written
        target, path = Target(_origin(url), _pairs(headers)), url.raw_path.decode("ascii")
        timeouts = _timeouts(request.extensions.get("timeout", {}))
        ready, said = request.extensions.get(_READY), request.extensions.get(_SAID, {})
        incoming = await self.exchange.send(target, request.method, path, timeouts, said, body or None, ready)
        return httpx.Response(incoming.status, headers=incoming.headers, stream=_Body(incoming))

    async def aclose(self) -> None:
        """Close every connection; a later request opens new ones."""
        await self.exchange.aclose()


class _Body(httpx.AsyncByteStream):
    """A response's body in pieces; closing it before its end drops the connection."""

    def __init__(self, incoming: Incoming) -> None:
        self._incoming = incoming

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._incoming.pieces():
            yield piece

    async def aclose(self) -> None:
        await self._incoming.aclose()


class Begun(Protocol):
    """An answer whose headers have come."""

    status: int

    @property
    def content_type(self) -> str:
        """The header, empty when there is none."""

    @property
    def headers(self) -> Sequence[tuple[bytes, bytes]]:
        """All headers in their order."""

    async def read(self) -> bytes:
        """Return the whole body, inflated and bounded."""

    async def aclose(self) -> None:
        """Give the answer's place back, and drop the connection when the body has not come to its end."""


class Client(httpx.AsyncClient):
    """An httpx client that sends what it is given and does nothing else.

    httpx's own way from a request to its transport follows redirects, keeps cookies, and writes a log line with the
    whole URL, keys included. It costs more CPU than the call itself, too (56 us a call, measured with httpx 0.28).
    """

    async def send(self, request: httpx.Request, *, stream: bool = False, **_: Any) -> httpx.Response:
        """Send the request and return the response, read to its end unless it is streamed."""
        self._check_open()
        transport = self._transport_for_url(request.url)  # where respx puts its mock
        response = await transport.handle_async_request(request)
        response.request = request
        if not stream:
            try:
                await response.aread()
            finally:
                await response.aclose()
        return response

    def exchange_for(self, url: httpx.URL) -> Exchange | None:
        """Return that of the client's own transport when it is what a request to the URL goes through; else None."""
        self._check_open()
        transport = self._transport_for_url(url)
        return transport.exchange if type(transport) is AiohttpTransport else None

    def _check_open(self) -> None:
        if self.is_closed:
            raise RuntimeError("got a request on a closed client; wanted none after aclose()")


class Place:
    """A base URL, and the requests that one client makes below it."""

    def __init__(self, client: Client, base_url: str) -> None:
        self._client, self._base_url = client, base_url
        first = client.build_request("GET", base_url)
        self._url = first.url
        self._prefix = first.url.raw_path.decode("ascii").rstrip("/")
        self._is_literal = not any(part in base_url for part in ("/.", "?", "#"))
        self._target = Target(_origin(first.url), _pairs(first.headers))
        self._timeouts = _timeouts(client.timeout.as_dict())

    async def begin(
        self,
        method: str,
        below: str,
        headers: Mapping[str, str],
        body: bytes | None,
        ready: Callable[[], None] | None = None,
    ) -> Begun:
        """Send a request to the base URL with `below` behind it; who gets its answer closes it.

        `ready` is the exchange's. Raises what the exchange raises, and httpx.InvalidURL when both together are no URL.
        """
        exchange, path = self._client.exchange_for(self._url), self._prefix + below
        if exchange is not None and self._is_literal and _is_sent_as_it_is(path):
            return await exchange.send(self._target, method, path, self._timeouts, headers, body, ready)
        request = self._client.build_request(
            method, self._base_url + below, headers=headers, content=body, extensions={_READY: ready, _SAID: headers}
        )
        return _Response(await self._client.send(request, stream=True))


class _Response:
    """An answer that came by httpx's own way."""

    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        self.status = response.status_code
        self.read, self.aclose = response.aread, response.aclose

    @property
    def content_type(self) -> str:
        content_type: str = self._response.headers.get("content-type", "")
        return content_type

    @property
    def headers(self) -> Sequence[tuple[bytes, bytes]]:
        return self._response.headers.raw


def open_client(transport: httpx.AsyncBaseTransport, *, headers: Mapping[str, str], timeout: float | None) -> Client:
    """Return a client over the transport that keeps no cookie, follows no redirect and reads no environment.

    `timeout` is the most seconds for each of connecting, waiting for a connection and waiting for more bytes; None
    sets no limit.
    """
    return Client(transport=transport, headers=headers, timeout=timeout, trust_env=False, follow_redirects=False)


_ESCAPE_OF_NOTHING = re.compile(r"%(?![0-9A-Fa-f]{2})")
_PLAIN = (string.ascii_letters + string.digits + "-._~!$&'()*+,;=:@/?|%").encode()
_MOST_CHARACTERS = 32 * 1024  # httpx takes URLs of twice as many


def _is_sent_as_it_is(path: str) -> bool:
    """Return whether httpx would write path and query just so: nothing to be encoded, no step to be taken out."""
    return (
        path.startswith("/")
        and path.isascii()
        and not path.encode().translate(None, _PLAIN)
        and "/." not in path
        and len(path) <= _MOST_CHARACTERS
        and ("%" not in path or _ESCAPE_OF_NOTHING.search(path) is None)
    )


def _origin(url: httpx.URL) -> str:
    return f"{url.scheme}://{url.netloc.decode('ascii')}"


def _pairs(headers: httpx.Headers) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers.raw]


def _timeouts(seconds: Mapping[str, float | None]) -> Timeouts:
    return Timeouts(pool=seconds.get("pool"), connect=seconds.get("connect"), read=seconds.get("read"))

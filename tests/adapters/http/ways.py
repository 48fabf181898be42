"""The two ways of a call: past httpx's client, and through it as a mock or another transport makes it go."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

import httpx
import pytest

from adapters.http import HttpAdapter, JsonWire
from adapters.http.exchange import Incoming
from adapters.http.transport import AiohttpTransport, Client, Place, open_client

__all__ = ["Asking", "Got", "Passing", "Way", "failure", "httpx_client", "past_httpx", "says_nothing"]
__all__ += ["take_the_long_way", "through_httpx", "transport_of"]


class Passing(httpx.AsyncBaseTransport):
    """Another transport than the client's own, which hands everything on to it: calls go httpx's way."""

    def __init__(self, inner: AiohttpTransport) -> None:
        self.inner, self.requests = inner, 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        return await self.inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self.inner.aclose()


def transport_of(asking: HttpAdapter | JsonWire) -> AiohttpTransport:
    """Return the transport through which a source is called."""
    transport = _client(asking)._transport
    assert isinstance(transport, AiohttpTransport)
    return transport


def take_the_long_way(asking: HttpAdapter | JsonWire) -> Passing:
    """Make calls of a source go through httpx's client."""
    passing = _client(asking)._transport = Passing(transport_of(asking))
    return passing


def _client(asking: HttpAdapter | JsonWire) -> Client:
    return (asking._wire if isinstance(asking, HttpAdapter) else asking)._client


@dataclass(frozen=True)
class Got:
    """What both ways tell of an answer."""

    status_code: int
    content: bytes


class Asking(Protocol):
    """A client that is asked either way."""

    async def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> Got: ...

    async def post(self, url: str, content: bytes, *, headers: Mapping[str, str] | None = None) -> Got: ...


Way = Callable[..., AbstractAsyncContextManager[Asking]]


@dataclass(frozen=True)
class Long:
    """Asks through httpx's client."""

    client: Client

    async def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> Got:
        response = await self.client.get(url, headers=headers)
        return Got(response.status_code, response.content)

    async def post(self, url: str, content: bytes, *, headers: Mapping[str, str] | None = None) -> Got:
        response = await self.client.post(url, content=content, headers=headers)
        return Got(response.status_code, response.content)


@dataclass(frozen=True)
class Short:
    """Asks past httpx's client."""

    client: Client

    async def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> Got:
        return await self._ask("GET", url, headers, None)

    async def post(self, url: str, content: bytes, *, headers: Mapping[str, str] | None = None) -> Got:
        return await self._ask("POST", url, headers, content)

    async def _ask(self, method: str, url: str, headers: Mapping[str, str] | None, body: bytes | None) -> Got:
        scheme, _, rest = url.partition("://")
        host, _, below = rest.partition("/")
        begun = await Place(self.client, f"{scheme}://{host}").begin(method, "/" + below, headers or {}, body)
        assert isinstance(begun, Incoming)
        try:
            return Got(begun.status, await begun.read())
        finally:
            await begun.aclose()


@asynccontextmanager
async def httpx_client(transport: AiohttpTransport | None = None, *, seconds: float = 5.0) -> AsyncIterator[Client]:
    async with open_client(transport or AiohttpTransport(), headers={}, timeout=seconds) as opened:
        yield opened


@asynccontextmanager
async def through_httpx(transport: AiohttpTransport | None = None, *, seconds: float = 5.0) -> AsyncIterator[Long]:
    async with httpx_client(transport, seconds=seconds) as opened:
        yield Long(opened)


@asynccontextmanager
async def past_httpx(transport: AiohttpTransport | None = None, *, seconds: float = 5.0) -> AsyncIterator[Short]:
    async with httpx_client(transport, seconds=seconds) as opened:
        yield Short(opened)


async def failure(http: Asking | httpx.AsyncClient, url: str) -> httpx.HTTPError:
    with pytest.raises(httpx.HTTPError) as caught:
        await http.get(url)
    return caught.value


def says_nothing(error: httpx.HTTPError, *secrets: str) -> bool:
    return not any(
        secret in text for secret in (*secrets, "localhost", "127.0.0.1") for text in (str(error), repr(error))
    )

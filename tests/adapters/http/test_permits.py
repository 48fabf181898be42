"""The permit of a call is asked when its connection is had: seen at a server to which connecting takes long."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from adapters.adapter import Batch, Call
from adapters.answers import Found, Missing
from adapters.graphql import ByIds, GraphQLAdapter, GraphQLOffer
from adapters.http import HttpAdapter, HttpOffer, InBody, InQuery
from adapters.offers import Offer
from adapters.protocol import ProtocolAdapter
from adapters.records import Record
from schema.deadline import Deadline
from schema.observer import Event, Sent
from tests.adapters.consenting import WITHDRAWN, Consent
from tests.adapters.http.test_transport_tls import _tls
from tests.adapters.http.ways import take_the_long_way

KEY = "C-4711"

Adapting = Callable[[str, ssl.SSLContext], ProtocolAdapter[Any, Any]]


class Person(Record):
    email: str | None


def rest(url: str, tls: ssl.SSLContext, **changes: Any) -> HttpAdapter:
    declared: dict[str, Any] = {"name": "people", "serves": "Customer", "record": Person, "path": "/people"}
    offer = HttpOffer(**declared | {"key": "id", "keys": InQuery("ids"), "absent": Missing} | changes)
    return HttpAdapter("crm", url, [offer], timeout=None, tls=tls)


def posting(url: str, tls: ssl.SSLContext) -> HttpAdapter:
    return rest(url, tls, keys=InBody("ids"))


def through_httpx(url: str, tls: ssl.SSLContext) -> HttpAdapter:
    adapter = rest(url, tls)
    take_the_long_way(adapter)
    return adapter


def graphql(url: str, tls: ssl.SSLContext) -> GraphQLAdapter:
    offer = GraphQLOffer(name="people", serves="Customer", record=Person, keys=ByIds("people"), key="id")
    return GraphQLAdapter("shop", url, [offer], timeout=None, tls=tls)


class SlowServer:
    """A server that begins a handshake when `shaking` is set, and tells at which age of the consent a request came."""

    def __init__(self, consent: Consent) -> None:
        self.consent, self.connected, self.shaking = consent, asyncio.Event(), asyncio.Event()
        self.connections, self.requests = 0, list[tuple[float, bytes]]()

    async def serve(self, listening: socket.socket, tls: ssl.SSLContext) -> None:
        loop = asyncio.get_running_loop()
        while True:
            accepted, _ = await loop.sock_accept(listening)
            self.connections += 1
            self.connected.set()
            await self.shaking.wait()
            await loop.connect_accepted_socket(self._protocol, accepted, ssl=tls)

    def _protocol(self) -> asyncio.StreamReaderProtocol:
        return asyncio.StreamReaderProtocol(asyncio.StreamReader(), self._converse)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                _, _, length = head.lower().partition(b"content-length:")
                body = await reader.readexactly(int(length.partition(b"\r\n")[0] or 0))
                self.requests.append((self.consent.age, head + body))
                writer.write(_answer(body))
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


def _answer(body: bytes) -> bytes:
    person = {"id": KEY, "email": "a@b.example"}
    said = json.dumps({"data": {"people": [person]}} if b"query" in body else [person]).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(said)}\r\n\r\n"
    return head.encode() + said


@asynccontextmanager
async def slow(consent: Consent, folder: Path, adapting: Adapting) -> AsyncIterator[tuple[SlowServer, Any]]:
    """Serve, and yield the server with an adapter for it."""
    context, authority = _tls(folder, "localhost")
    server = SlowServer(consent)
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setblocking(False)
    serving = asyncio.create_task(server.serve(listening, context))
    url = f"https://localhost:{listening.getsockname()[1]}"
    adapter = adapting(url, ssl.create_default_context(cafile=authority))
    try:
        yield server, adapter
    finally:
        await adapter.aclose()
        serving.cancel()
        await asyncio.wait([serving])
        listening.close()


class Heard:
    def __init__(self) -> None:
        self.calls: list[Sent] = []

    def note(self, event: Event) -> None:
        if isinstance(event, Sent):
            self.calls.append(event)


def asked(adapter: ProtocolAdapter[Any, Any], consent: Consent, heard: Heard | None = None) -> asyncio.Task[Any]:
    offer: Offer = adapter.offers[0]
    call = Call(Deadline.after(10), "dpv:X", permit=consent, observer=heard or Heard())
    return asyncio.ensure_future(adapter.fetch(Batch(offer, ("email",), (KEY,)), call))


ADAPTERS = pytest.mark.parametrize("adapting", [rest, posting, through_httpx, graphql])


@ADAPTERS
async def test_what_was_withdrawn_while_the_connection_was_made_is_not_sent(tmp_path: Path, adapting: Adapting) -> None:
    """Not one byte of it; the connection is kept, and the next call has it."""
    consent, heard = Consent(), Heard()
    async with slow(consent, tmp_path, adapting) as (server, adapter), asyncio.timeout(10):
        answering = asked(adapter, consent, heard)
        await server.connected.wait()
        consent.now, consent.withdrawn_at = 3.0, 0.5
        server.shaking.set()
        assert await answering == {KEY: WITHDRAWN}
        assert (server.requests, heard.calls, consent.renewals) == ([], [], 1)
        consent.withdrawn_at = None
        assert isinstance((await asked(adapter, consent))[KEY], Found)
        assert (len(server.requests), server.connections) == (1, 1)


@ADAPTERS
async def test_a_consent_that_became_too_old_while_the_connection_was_made_is_read_anew(
    tmp_path: Path, adapting: Adapting
) -> None:
    """Then the call is made once, over the connection that was made, within a second of the reading."""
    consent, heard = Consent(), Heard()
    async with slow(consent, tmp_path, adapting) as (server, adapter), asyncio.timeout(10):
        answering = asked(adapter, consent, heard)
        await server.connected.wait()
        consent.now = 3.0
        server.shaking.set()
        assert isinstance((await answering)[KEY], Found)
    ((age, said),) = server.requests
    assert KEY.encode() in said
    assert (age, consent.renewals, server.connections, len(heard.calls)) == (0.0, 1, 1, 1)


async def test_the_connection_is_free_while_the_consent_is_read_anew(tmp_path: Path) -> None:
    """The consent may be the same source's, which takes one call at a time."""
    consent = Consent()

    def one_at_a_time(url: str, tls: ssl.SSLContext) -> HttpAdapter:
        offer = HttpOffer(name="p", serves="Customer", record=Person, path="/p", key="id", keys=InQuery("ids"))
        return HttpAdapter("crm", url, [offer], timeout=None, tls=tls, at_once=1)

    async with slow(consent, tmp_path, one_at_a_time) as (server, adapter), asyncio.timeout(10):
        ungated = Call(Deadline.after(10), "dpv:X")
        consent.renewing = lambda: adapter.fetch(Batch(adapter.offers[0], ("email",), (KEY,)), ungated)
        answering = asked(adapter, consent)
        await server.connected.wait()
        consent.now = 3.0
        server.shaking.set()
        assert isinstance((await answering)[KEY], Found)
    assert (len(server.requests), server.connections) == (2, 1)


async def test_a_slow_look_up_of_the_name_is_waited_for_before_the_permit_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is a part of connecting."""
    consent, looking, told = Consent(), asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    look_up = loop.getaddrinfo

    async def slowly(*args: Any, **more: Any) -> Any:
        looking.set()
        await told.wait()
        return await look_up(*args, **more)

    async with slow(consent, tmp_path, rest) as (server, adapter), asyncio.timeout(10):
        server.shaking.set()
        monkeypatch.setattr(loop, "getaddrinfo", slowly)
        answering = asked(adapter, consent)
        await looking.wait()
        consent.now, consent.withdrawn_at = 1.5, 0.2
        told.set()
        assert await answering == {KEY: WITHDRAWN}
    assert (server.requests, server.connections) == ([], 1)

"""A server that leaves: no request is lost on a connection that is kept, whenever it comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from starlette.types import Receive, Scope, Send

from gateway.serving import Serving, bind, serving
from tests.gateway.operating.keeping import Keeping, until

GET = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"


@dataclass
class Slow:
    """An application that answers when it is let."""

    let: asyncio.Event = field(default_factory=asyncio.Event)
    under_way: int = 0
    finished: int = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer `ok`."""
        self.under_way += 1
        await self.let.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})
        self.finished += 1

    async def until(self, under_way: int) -> None:
        """Return when so many requests have come."""
        await until(lambda: self.under_way >= under_way)


@dataclass
class Served:
    """The application behind a socket, and its server."""

    app: Slow
    server: Serving
    port: int
    clients: list[Keeping] = field(default_factory=list)

    def client(self) -> Keeping:
        """A client of it."""
        self.clients.append(Keeping(self.port))
        return self.clients[-1]


@asynccontextmanager
async def served(*, is_slow: bool = False) -> AsyncIterator[Served]:
    app = Slow()
    if not is_slow:
        app.let.set()
    with bind("127.0.0.1", 0) as listening:
        async with serving(app, listening) as server:
            one = Served(app, server, listening.getsockname()[1])
            yield one
    await asyncio.gather(*(client.close() for client in one.clients))


async def test_a_connection_is_kept_until_the_server_leaves_and_then_closed_behind_its_next_answer() -> None:
    """The answer says so: nobody sends a second request into a connection that closes."""
    async with served() as one:
        client = one.client()
        assert [(await client.ask(GET)).is_last for _ in range(3)] == [False, False, False]
        one.server.leave()
        assert not await client.is_closed
        assert (await client.ask(GET)).is_last
        assert (client.made, client.told) == (1, 1)


async def test_connections_that_are_made_while_the_server_leaves_are_answered_and_closed() -> None:
    """It takes them as ever: not everybody has heard yet that it leaves."""
    async with served() as one:
        one.server.leave()
        client = one.client()
        assert [(await client.ask(GET)).is_last for _ in range(3)] == [True, True, True]
        assert client.made == 3


async def test_a_request_that_is_under_way_when_the_server_leaves_is_told_in_its_answer() -> None:
    """Its headers are not sent yet."""
    async with served(is_slow=True) as one:
        client = one.client()
        asking = asyncio.create_task(client.ask(GET))
        await one.app.until(1)
        one.server.leave()
        one.app.let.set()
        assert (await asking).is_last


@pytest.mark.parametrize("has_begun", [False, True])
async def test_of_requests_that_are_sent_at_once_all_are_answered_and_the_last_says_that_it_is(has_begun: bool) -> None:
    """Behind an answer that says so nothing more may be answered, so it is not said too early."""
    async with served(is_slow=True) as one:
        client = one.client()
        if not has_begun:
            one.server.leave()
        asking = asyncio.create_task(client.ask_at_once([GET, GET, GET]))
        await one.app.until(1)
        one.server.leave()
        one.app.let.set()
        assert [answer.is_last for answer in await asking] == [False, False, True]


async def test_a_request_of_which_a_part_has_come_when_the_server_closes_is_answered() -> None:
    """Its connection is not idle, also where it was answered before."""
    async with served() as one:
        client = one.client()
        await client.ask(GET)
        await client.begin(GET[:20])
        await asyncio.sleep(0.02)
        ending = asyncio.create_task(_end(one.server))
        await asyncio.sleep(0.3)
        assert (await client.ask(GET[20:])).is_last
        await ending


async def _end(server: Serving) -> None:
    """Do what the end of the context does, and stay in it."""
    server.leave()
    server._server.should_exit = True


async def test_a_request_under_way_is_finished_when_the_server_ends() -> None:
    """It has seconds; an idle connection beside it is closed at once."""
    async with served(is_slow=True) as one:
        client, idle = one.client(), one.client()
        asking = asyncio.create_task(client.ask(GET))
        await one.app.until(1)
        await idle.begin(b"")
        asyncio.get_running_loop().call_later(0.3, one.app.let.set)
    assert (await asking).is_last
    assert one.app.finished == 1


async def test_a_server_that_is_cut_ends_at_once_whatever_is_under_way(caplog: pytest.LogCaptureFixture) -> None:
    """The client is told nothing: there is no time for it. It is no failure of the application, and logged as none."""
    async with served(is_slow=True) as one:
        asking = asyncio.create_task(one.client().ask(GET))
        await one.app.until(1)
        began = asyncio.get_running_loop().time()
        one.server.cut()
    with pytest.raises(ConnectionError):
        await asking
    assert asyncio.get_running_loop().time() - began < 2
    assert one.app.finished == 0
    assert caplog.records == []


async def test_requests_that_are_not_finished_in_their_time_are_cut_and_counted_in_one_line(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """They have done nothing wrong, and are told to ask again."""
    monkeypatch.setattr("gateway.serving._GRACE", 0.05)
    async with served(is_slow=True) as one:
        asking = [asyncio.create_task(one.client().ask(GET)) for _ in range(3)]
        await one.app.until(3)
    told = await asyncio.gather(*asking)
    assert [(one.status, one.headers["retry-after"], one.is_last) for one in told] == [(503, "1", True)] * 3
    assert b"UNAVAILABLE" in told[0].body
    assert [record.getMessage() for record in caplog.records] == [
        "Cancel 3 running task(s), timeout graceful shutdown exceeded"
    ]


async def test_no_request_of_many_clients_is_lost_while_a_server_leaves() -> None:
    """Each goes on for as long as it answers, over connections that it is told to make anew."""
    async with served() as one:
        clients = [one.client() for _ in range(20)]
        answered = 0

        async def ask(client: Keeping) -> None:
            nonlocal answered
            for _ in range(20):
                assert (await client.ask(GET)).status == 200
                answered += 1

        asking = asyncio.gather(*map(ask, clients))
        await until(lambda: answered >= 100)
        one.server.leave()
        await asking
        assert answered == 400
        assert all(client.told == client.made - (client._streams is not None) for client in clients)
        assert sum(client.made for client in clients) > 250

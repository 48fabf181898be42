"""A client that hangs up: its request ends, nobody is asked for it any more, and the audit says so. Real sockets."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
import uvicorn
import uvloop

from adapters.adapter import Batch, Call
from adapters.answers import Answer, Key
from gateway.alarms import Alarms
from gateway.hang_ups import HANG_UP, HangUp, UntilHangUp, client_closed
from gateway.refusals import NotTakenError, RequestCode
from gateway.serving import bind, run_until_told, serving
from tests.gateway.audit.books import Books
from tests.gateway.audit.test_over_http import records, settings
from tests.gateway.greenhouse import GARDENER, Greenhouse, Source, greenhouse

LABEL = {"query": '{ plant(by: {id: "p1"}) { label } }'}

pytestmark = pytest.mark.usefixtures("nothing_else_installed")


@pytest.fixture
def books(tmp_path: Path) -> Books:
    """An audit of the test's own."""
    return Books.in_folder(tmp_path)


class Gate:
    """Holds what a source is asked until it is opened, and counts what was cut."""

    def __init__(self, source: Source) -> None:
        self.open, self.cut, self._fetch = asyncio.Event(), 0, source.fetch
        source.fetch = self.fetch  # type: ignore[method-assign]
        self.asked = 0

    async def fetch(self, batch: Batch, call: Call) -> Mapping[Key, Answer]:
        self.asked += 1
        try:
            await self.open.wait()
        except asyncio.CancelledError:
            self.cut += 1
            raise
        return await self._fetch(batch, call)


@dataclass
class Line:
    """A client's connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def send(self, *bodies: dict[str, Any]) -> None:
        """Send requests, one behind the other."""
        self.writer.write(b"".join(map(request, bodies)))

    async def answer(self) -> dict[str, Any]:
        """Return the body of the next answer."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        told: dict[str, Any] = orjson.loads(await self.reader.readexactly(length))
        return told

    def close(self) -> None:
        self.writer.close()

    def reset(self) -> None:
        """Hang up with a word: nothing more is taken, either."""
        told = self.writer.get_extra_info("socket")
        told.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    def half_close(self) -> None:
        """Say that nothing more is said."""
        self.writer.write_eof()


def request(body: dict[str, Any]) -> bytes:
    content = orjson.dumps(body)
    lines = [
        "POST /views/watering/graphql HTTP/1.1",
        "Host: greenhouse",
        f"Authorization: Bearer {GARDENER}",
        "Content-Type: application/json",
        f"Content-Length: {len(content)}",
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


@asynccontextmanager
async def own_server(house: Greenhouse) -> AsyncIterator[int]:
    """Serve as `customer-view serve` does."""
    with bind("127.0.0.1", 0) as listening:
        async with house.gateway.running(), serving(house.gateway, listening):
            yield listening.getsockname()[1]


@asynccontextmanager
async def other_server(house: Greenhouse) -> AsyncIterator[int]:
    """Serve by uvicorn as it comes, which tells of a client only to who asks."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(house.gateway, ws="none", log_config=None, access_log=False)
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve([listening]))
        while not server.started:  # noqa: ASYNC110  the server tells nobody; it is asked
            await asyncio.sleep(0.001)
        yield listening.getsockname()[1]
        server.should_exit = True
        await running


@asynccontextmanager
async def client(port: int) -> AsyncIterator[Line]:
    line = Line(*await asyncio.open_connection("127.0.0.1", port))
    try:
        yield line
    finally:
        line.writer.close()
        with suppress(OSError):
            await line.writer.wait_closed()


async def until(is_so: Callable[[], bool]) -> None:
    """Return when it is so; the request's own time is 5 s."""
    async with asyncio.timeout(2):
        while not is_so():  # noqa: ASYNC110  what happens at the other end of a socket tells nobody
            await asyncio.sleep(0.002)


@pytest.mark.parametrize("server", [own_server, other_server])
@pytest.mark.parametrize("how", [Line.close, Line.reset, Line.half_close])
async def test_a_request_ends_when_its_client_hangs_up(
    planted: Path,
    books: Books,
    caplog: pytest.LogCaptureFixture,
    how: Callable[[Line], None],
    server: Callable[[Greenhouse], Any],
) -> None:
    """The call to its source is cut, the audit has one record with the code, and no line is logged.

    An end of the client's side is a hang-up, whether or not the client still listens.
    """
    house = greenhouse(planted, settings=settings(books))
    gate = Gate(house.nursery)
    with caplog.at_level(logging.INFO):
        async with server(house) as port, client(port) as line:
            line.send(LABEL)
            await until(lambda: gate.asked == 1)
            caplog.clear()
            how(line)
            await until(lambda: gate.cut == 1)
            await until(lambda: len(records(books)) == 1)
            assert [one for one in caplog.records if one.levelno >= logging.INFO] == []
    (told,) = records(books)
    assert (told["code"], told["view"], told["consumer"]) == ("CLIENT_CLOSED_REQUEST", "watering@2", "gardener")
    assert 0 < told["ms"] < 2_000
    assert "shown" not in told


async def test_the_next_request_of_a_connection_is_watched_like_the_first(planted: Path, books: Books) -> None:
    """A connection that is closed between requests is no hang-up."""
    house = greenhouse(planted, settings=settings(books))
    async with own_server(house) as port:
        async with client(port) as line:
            line.send(LABEL)
            assert (await line.answer())["data"] == {"plant": {"label": "Fern"}}
        async with client(port) as line:
            line.send(LABEL)
            await line.answer()
            gate = Gate(house.nursery)
            line.send(LABEL)
            await until(lambda: gate.asked == 1)
            line.close()
            await until(lambda: gate.cut == 1)
            await until(lambda: len(records(books)) == 3)
    assert [told.get("code") for told in records(books)] == [None, None, "CLIENT_CLOSED_REQUEST"]


async def test_requests_that_come_together_end_together(
    planted: Path, books: Books, caplog: pytest.LogCaptureFixture
) -> None:
    """Of two that were sent at once the first is ended, and the second is not begun."""
    house = greenhouse(planted, settings=settings(books))
    gate = Gate(house.nursery)
    async with own_server(house) as port, client(port) as line:
        line.send(LABEL, LABEL)
        await until(lambda: gate.asked == 1)
        line.close()
        await until(lambda: len(records(books)) == 1)
        await asyncio.sleep(0.02)
    assert (gate.asked, gate.cut) == (1, 1)
    assert [told["code"] for told in records(books)] == ["CLIENT_CLOSED_REQUEST"]
    assert caplog.records == []


async def test_what_waits_behind_another_request_is_not_begun(
    planted: Path, books: Books, caplog: pytest.LogCaptureFixture
) -> None:
    """While one is answered nothing is read from who has sent the next: the hang-up shows when its answer is written.
    The next is not asked then."""
    house = greenhouse(planted, settings=settings(books))
    gate = Gate(house.nursery)
    async with own_server(house) as port, client(port) as line:
        line.send(LABEL)
        await until(lambda: gate.asked == 1)
        line.send(LABEL)
        await asyncio.sleep(0.05)
        line.reset()
        await asyncio.sleep(0.05)
        assert gate.cut == 0
        gate.open.set()
        await until(lambda: len(records(books)) == 1)
        await asyncio.sleep(0.05)
    assert gate.asked == 1
    assert caplog.records == []


async def test_a_client_that_breaks_off_in_its_body_is_recorded_so(planted: Path, books: Books) -> None:
    """Nothing is asked for it."""
    house = greenhouse(planted, settings=settings(books))
    async with own_server(house) as port, client(port) as line:
        line.writer.write(request(LABEL)[:-5])
        await asyncio.sleep(0.02)
        line.close()
        await until(lambda: len(records(books)) == 1)
    assert [told["code"] for told in records(books)] == ["CLIENT_CLOSED_REQUEST"]
    assert house.is_untouched


def scope(hang_up: HangUp) -> dict[str, Any]:
    headers = [(b"authorization", f"Bearer {GARDENER}".encode()), (b"content-type", b"application/json")]
    return {
        "type": "http",
        "method": "POST",
        "path": "/views/watering/graphql",
        "query_string": b"",
        "headers": headers,
        "extensions": {HANG_UP: hang_up},
    }


async def asked(house: Greenhouse, hang_up: HangUp, sent: list[Any]) -> None:
    """Ask without a socket."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": orjson.dumps(LABEL)}

    async def send(message: Any) -> None:
        sent.append(message)

    await house.gateway(scope(hang_up), receive, send)


async def test_a_call_that_somebody_else_waits_for_goes_on(house: Greenhouse) -> None:
    """Two requests share a call: the one who stays has its answer, and the call is made once."""
    gate, gone, stays = Gate(house.nursery), HangUp(), HangUp()
    nothing: list[Any] = []
    answer: list[Any] = []
    both = [asyncio.create_task(asked(house, gone, nothing)), asyncio.create_task(asked(house, stays, answer))]
    await until(lambda: gate.asked == 1)
    gone.tell()
    await asyncio.wait({both[0]}, timeout=1)
    assert (both[0].done(), both[1].done(), gate.cut) == (True, False, 0)
    gate.open.set()
    await asyncio.gather(*both)
    assert (gate.asked, gate.cut, nothing) == (1, 0, [])
    assert orjson.loads(answer[1]["body"])["data"] == {"plant": {"label": "Fern"}}


async def test_a_call_that_nobody_waits_for_is_cut(house: Greenhouse) -> None:
    """When the last of them has hung up; nothing is sent to either."""
    gate, clients, sent = Gate(house.nursery), [HangUp(), HangUp()], list[Any]()
    both = [asyncio.create_task(asked(house, one, sent)) for one in clients]
    await until(lambda: gate.asked == 1)
    for one in clients:
        one.tell()
    await asyncio.gather(*both)
    assert (gate.asked, gate.cut, sent) == (1, 1, [])


async def test_a_client_that_has_hung_up_before_it_is_heard_costs_nothing(house: Greenhouse) -> None:
    """Neither the cross-reference nor a source is asked."""
    gone, sent = HangUp(), list[Any]()
    gone.tell()
    await asked(house, gone, sent)
    assert (house.is_untouched, sent) == (True, [])


async def test_a_request_that_was_answered_is_not_ended_by_what_comes_later(house: Greenhouse) -> None:
    """Who listened listens no longer."""
    hang_up, sent = HangUp(), list[Any]()
    await asked(house, hang_up, sent)
    hang_up.tell()
    await asked(house, HangUp(), sent)
    assert [one["type"] for one in sent] == ["http.response.start", "http.response.body"] * 2


async def test_a_request_that_is_late_and_hung_up_ends_once() -> None:
    """By what was first; the task that works for it is not cancelled twice."""
    hang_up = HangUp()
    task = asyncio.current_task()
    assert task is not None
    with pytest.raises(NotTakenError) as caught, Alarms().set(5, client_closed) as alarm:  # noqa: PT012
        async with UntilHangUp({"type": "http", "extensions": {HANG_UP: hang_up}}, never, alarm):
            hang_up_soon(hang_up, alarm.ring)
            await asyncio.Event().wait()
    assert (caught.value.status, caught.value.code) == (499, RequestCode.CLIENT_CLOSED_REQUEST)
    assert task.cancelling() == 0


def hang_up_soon(hang_up: HangUp, *more: Callable[[], None]) -> None:
    for told in (hang_up.tell, *more):
        asyncio.get_running_loop().call_soon(told)


async def never() -> dict[str, Any]:
    await asyncio.Event().wait()
    raise AssertionError


async def raises() -> dict[str, Any]:
    raise RuntimeError("no")


async def says_the_same() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


@pytest.mark.parametrize("receive", [never, raises, says_the_same])
async def test_a_server_that_tells_nothing_of_its_client_harms_no_request(
    receive: Callable[[], Awaitable[Any]],
) -> None:
    """Whatever `receive` does then, and no task is left."""
    with Alarms().set(5, client_closed) as alarm:
        async with UntilHangUp({"type": "http"}, receive, alarm) as watched:
            watched.watch()
            await asyncio.sleep(0.05)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_quick_request_makes_no_task_under_another_server() -> None:
    """A task is made for those alone that take longer than most."""
    with Alarms().set(5, client_closed) as alarm:
        async with UntilHangUp({"type": "http"}, never, alarm) as watched:
            watched.watch()
            await asyncio.sleep(0)
            assert asyncio.all_tasks() == {asyncio.current_task()}


def test_a_hang_up_is_heard_on_the_loop_that_serves(planted: Path, books: Books) -> None:
    """run_until_told brings its own event loop."""

    async def work() -> int:
        assert isinstance(asyncio.get_running_loop(), uvloop.Loop)
        house = greenhouse(planted, settings=settings(books))
        gate = Gate(house.nursery)
        async with own_server(house) as port:
            for how in (Line.close, Line.reset, Line.half_close):
                async with client(port) as line:
                    asked, cut = gate.asked, gate.cut
                    line.send(LABEL)
                    await until(lambda before=asked: gate.asked == before + 1)  # type: ignore[misc]
                    how(line)
                    await until(lambda before=cut: gate.cut == before + 1)  # type: ignore[misc]
            await until(lambda: len(records(books)) == 3)
        return gate.cut

    assert run_until_told(work()) == 3
    assert {told["code"] for told in records(books)} == {"CLIENT_CLOSED_REQUEST"}

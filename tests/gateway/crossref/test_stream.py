from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Mapping, MutableMapping
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any

import httpx
import pytest

from adapters.crossref import SqliteCrossReference, StoreError
from gateway.serving import bind, serving
from tests.gateway.crossref.office import Office, code_of, token_of


class Listener:
    """A client of the stream that takes what comes, piece by piece, until it goes."""

    def __init__(self) -> None:
        self.came: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
        self.gone = asyncio.Event()
        self._begun = False

    async def receive(self) -> Mapping[str, Any]:
        if not self._begun:
            self._begun = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        await self.came.put(message)

    async def next(self) -> MutableMapping[str, Any]:
        async with asyncio.timeout(5):
            return await self.came.get()

    async def event(self) -> dict[str, str]:
        """The next event: its fields by name."""
        text = (await self.next())["body"].decode()
        return dict(line.split(": ", 1) for line in text.splitlines() if line)


@asynccontextmanager
async def listening(
    desk: Office, query: str = "", **headers: str
) -> AsyncIterator[tuple[Listener, asyncio.Task[None]]]:
    """Ask for the stream, past httpx, whose transport waits for the end of an answer."""
    listener = Listener()
    given = {"authorization": f"Bearer {token_of('reader')}", **headers}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/crossref/changes/stream",
        "raw_path": b"/crossref/changes/stream",
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.replace("_", "-").encode(), text.encode()) for name, text in given.items()],
        "client": None,
        "server": ("office", 80),
    }
    task = asyncio.create_task(desk.gateway(scope, listener.receive, listener.send))  # type: ignore[arg-type]
    try:
        yield listener, task
    finally:
        listener.gone.set()
        async with asyncio.timeout(5):
            await task


async def test_changes_come_as_they_are_made(desk: Office) -> None:
    """Each with its number as the id; who comes back with the last one misses none."""
    async with listening(desk, "after=3") as (listener, _):
        start = await listener.next()
        headers = {name.decode(): text.decode() for name, text in start["headers"]}
        assert (start["status"], headers["cache-control"]) == (200, "no-store")
        assert headers["content-type"].startswith("text/event-stream")
        first = await listener.event()
        assert (first["id"], json.loads(first["data"])["type"]) == ("4", "source.registered")
        customer = await desk.link("crm", "C.1")
        second = await listener.event()
        told = json.loads(second["data"])
        assert (second["id"], told["seq"], told["customers"]) == ("5", 5, [customer])
        assert "C.1" not in second["data"]
    async with listening(desk, "after=1", last_event_id="4") as (listener, _):
        await listener.next()
        assert (await listener.event())["id"] == "5"


async def test_a_comment_comes_while_nothing_changes(desk: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that nothing on the way takes the connection for dead."""
    monkeypatch.setattr("gateway.crossref.streaming.HEARTBEAT", 0.01)
    async with listening(desk, "after=4") as (listener, _):
        await listener.next()
        assert (await listener.next())["body"].startswith(b":")


async def test_a_stream_ends_when_its_client_goes(desk: Office) -> None:
    """Nothing of it is left."""
    before = len(asyncio.all_tasks())
    async with listening(desk) as (listener, task):
        await listener.next()
        await listener.next()
        listener.gone.set()
        async with asyncio.timeout(5):
            await task
    assert len(asyncio.all_tasks()) <= before


async def test_a_stream_ends_when_the_cross_reference_fails(
    desk: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """With a line in the log, and as a stream ends: the client comes back where it was."""

    async def broken(_: SqliteCrossReference, after: int) -> AsyncIterator[Any]:
        if after == 0:
            raise StoreError("the database cannot be read")
        yield after

    monkeypatch.setattr(SqliteCrossReference, "follow", broken)
    async with listening(desk) as (listener, task):
        await listener.next()
        async with asyncio.timeout(5):
            await task
    assert [(one.name, one.levelno) for one in caplog.records] == [("gateway.crossref.streaming", logging.WARNING)]


async def test_a_stream_ends_when_its_consumer_is_registered_no_more(desk: Office) -> None:
    """Or without the role: nothing of what changes after that is told."""
    consumers = desk.gateway.declared.consumers

    async def write(**what: Any) -> None:
        entries = json.loads(consumers.read_text())
        next(one for one in entries if one["token_sha256"] == sha256(token_of("reader").encode()).hexdigest()).update(
            what
        )
        consumers.write_text(json.dumps(entries))
        await desk.gateway.reload()

    async with listening(desk, "after=4") as (listener, task):
        await listener.next()
        await desk.link("crm", "C.1")
        assert (await listener.event())["id"] == "5"
        await write(name="reader-by-another-name")
        await desk.link("crm", "C.2")
        assert (await listener.event())["id"] == "6"
        await write(roles=["auditor"])
        await desk.link("crm", "C.3")
        assert (await listener.next())["body"] == b""
        async with asyncio.timeout(5):
            await task


async def test_so_many_streams_are_open_at_once(desk: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """A further one is told to come back; one that has ended makes room."""
    async with listening(desk) as (first, task):
        await first.next()
        asked = desk.gateway._app._inner.routes  # type: ignore[attr-defined]
        (door,) = [route.app for route in asked if getattr(route, "path", "") == "/crossref"]
        monkeypatch.setattr(door.inner._streams, "_free", 0)
        refused = await desk.get("/changes/stream")
        assert (refused.status_code, code_of(refused)) == (503, "UNAVAILABLE")
        first.gone.set()
        async with asyncio.timeout(5):
            await task
    async with listening(desk) as (second, _):
        assert (await second.next())["status"] == 200


@pytest.mark.parametrize(
    ("query", "last"), [("after=x", ""), ("after=-1", ""), ("limit=1", ""), ("", "C-1"), ("", "-1")]
)
async def test_a_beginning_that_cannot_be_is_refused(desk: Office, query: str, last: str) -> None:
    """Before anything is sent."""
    headers = {"last_event_id": last} if last else {}
    refused = await desk.get(f"/changes/stream?{query}", **{k.replace("_", "-"): v for k, v in headers.items()})
    assert (refused.status_code, code_of(refused)) == (422, "VALUE_INVALID")
    assert "C-1" not in refused.text


async def test_the_stream_comes_through_a_socket(desk: Office) -> None:
    """As the product serves it, and ends when the client closes."""
    with bind("127.0.0.1", 0) as socket:
        async with serving(desk.gateway, socket), asyncio.timeout(20):
            url = f"http://127.0.0.1:{socket.getsockname()[1]}/crossref/changes/stream?after=3"
            bearer = {"authorization": f"Bearer {token_of('steward')}"}
            async with httpx.AsyncClient() as client, client.stream("GET", url, headers=bearer) as response:
                lines = response.aiter_lines()
                assert (await anext(lines)).startswith("data: ")
                assert await anext(lines) == "id: 4"
                await desk.link("crm", "C-1")
                assert [await anext(lines) for _ in range(3)][2] == "id: 5"

"""A TCP server of which a test writes every byte."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

__all__ = ["RawServer", "Request", "json_answer", "serving"]


@dataclass
class Request:
    """One request as it came: the first line, the head with it, and the body."""

    line: str
    head: bytes
    body: bytes

    @property
    def target(self) -> str:
        return self.line.split(" ")[1]

    def header(self, name: str) -> str | None:
        for line in self.head.decode("latin-1").split("\r\n")[1:]:
            key, _, value = line.partition(":")
            if key.lower() == name.lower():
                return value.strip()
        return None


@dataclass
class RawServer:
    """What the server has seen. `open` counts the connections that the client has not closed."""

    port: int
    scheme: str = "http"
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    open: int = 0

    @property
    def url(self) -> str:
        return f"{self.scheme}://localhost:{self.port}"

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not is_so():  # noqa: ASYNC110  what is waited for tells nobody
                await asyncio.sleep(0.002)


Answering = Callable[[Request, asyncio.StreamWriter], Awaitable[bool | None]]
"""Answers one request; False closes the connection."""


def json_answer(body: bytes = b"[]", *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@asynccontextmanager
async def serving(answer: Answering | bytes, tls: ssl.SSLContext | None = None) -> AsyncIterator[RawServer]:
    """Serve on a free port of localhost; bytes are the same answer to every request."""
    tasks: set[asyncio.Task[None]] = set()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        server.connections += 1
        server.open += 1
        try:
            await _converse(reader, writer, server, answer)
        except asyncio.CancelledError:
            pass  # the test is over; asyncio.streams logs a cancelled handler as an error
        finally:
            server.open -= 1
            writer.close()
            with suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()
            tasks.discard(task)

    listening = await asyncio.start_server(converse, "127.0.0.1", 0, ssl=tls)
    server = RawServer(listening.sockets[0].getsockname()[1], "http" if tls is None else "https")
    try:
        yield server
    finally:
        listening.close()
        for task in list(tasks):
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await listening.wait_closed()


async def _converse(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, server: RawServer, answer: Answering | bytes
) -> None:
    with suppress(OSError, asyncio.IncompleteReadError):
        while True:
            request = await _read(reader)
            server.requests.append(request)
            if not isinstance(answer, bytes):
                gone = asyncio.create_task(_until_gone(writer))
                answering = asyncio.ensure_future(answer(request, writer))
                try:
                    await asyncio.wait({gone, answering}, return_when=asyncio.FIRST_COMPLETED)
                    if not answering.done():
                        return
                    if await answering is False:
                        return
                finally:
                    gone.cancel()
                    answering.cancel()
                    await asyncio.wait({gone, answering})
            else:
                writer.write(answer)
            await writer.drain()


async def _until_gone(writer: asyncio.StreamWriter) -> None:
    """Return when the client has closed the connection, even while an answer is being made."""
    reader = writer.transport.get_protocol()._stream_reader  # type: ignore[attr-defined]
    while not (writer.transport.is_closing() or reader.at_eof() or reader.exception()):  # noqa: ASYNC110  asyncio has no event for it
        await asyncio.sleep(0.005)


async def _read(reader: asyncio.StreamReader) -> Request:
    head = await reader.readuntil(b"\r\n\r\n")
    request = Request(head.split(b"\r\n", 1)[0].decode("latin-1"), head, b"")
    request.body = await reader.readexactly(int(request.header("Content-Length") or 0))
    return request

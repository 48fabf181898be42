"""What stands at a port in place of a source, in the sandbox and in the kits for tests: it can be away and come back.

async with Listener(serve) as listener:
    ...                          # connect to 127.0.0.1, listener.port: serve(reader, writer) has the connection
    await listener.hang_up()     # connections are refused
    await listener.listen()      # at the same port
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Self

__all__ = ["Line", "Listener", "Serve", "connected", "reset"]

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

_BACKLOG = 1_000


class Listener:
    """Listens at a free port of `host` while it is open as an asynchronous context, but for times between.

    `serve` has each connection, in a task of its own that is cancelled when all are hung up on.
    """

    def __init__(self, serve: Serve, host: str = "127.0.0.1") -> None:
        self.host, self.port = host, 0
        self._serve = serve
        self._place: socket.socket | None = None
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._place = _bound(self.host, 0)
        self.port = self._place.getsockname()[1]
        await self.listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def listen(self) -> None:
        """Take connections; nothing where they are taken already."""
        if self._server is None:
            # the bound socket that never listens keeps the port meanwhile
            bound = _bound(self.host, self.port)
            self._server = await asyncio.start_server(self._accept, sock=bound, backlog=_BACKLOG)

    async def hang_up(self) -> None:
        """End all connections and refuse new ones."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for task in self._open:
            task.cancel()
        if self._open:
            await asyncio.wait(self._open)

    async def aclose(self) -> None:
        """End all connections and give the port back."""
        await self.hang_up()
        if self._place is not None:
            self._place.close()
            self._place = None

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._run(reader, writer))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _run(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._serve(reader, writer)


class Line:
    """One connection, as who answers wrongly sees it. It is closed afterwards, unless `keeps` is set."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self.keeps = False

    async def send(self, data: bytes) -> None:
        """Write bytes; raises OSError when the other side has gone."""
        self._writer.write(data)
        await self._writer.drain()

    async def drip(self, data: bytes, seconds: float) -> None:
        """Write one byte after the other, with so many seconds between two."""
        for place in range(len(data)):
            await self.send(data[place : place + 1])
            await asyncio.sleep(seconds)

    async def hang(self) -> None:
        """Do nothing until the connection is ended."""
        await asyncio.Event().wait()

    def reset(self) -> None:
        """End the connection with RST, as a process does that was killed."""
        reset(self._writer.transport)


async def connected(target: Path | tuple[str, int]) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to a Unix socket, or to a host and a port. Raises OSError."""
    if isinstance(target, Path):
        return await asyncio.open_unix_connection(target)
    return await asyncio.open_connection(*target)


def reset(transport: asyncio.WriteTransport) -> None:
    """End a connection of TCP with RST."""
    end = transport.get_extra_info("socket")
    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # closing sends RST
    transport.abort()


def _bound(host: str, port: int) -> socket.socket:
    """Return a socket that is bound and does not listen, at a port that others of ours may share.

    Its protocol is named: of others asyncio does not set TCP_NODELAY, and the second piece of an answer waits 40 ms for
    the first to be acknowledged.
    """
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    bound.bind((host, port))
    return bound

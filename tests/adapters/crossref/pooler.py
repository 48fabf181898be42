"""A pooler before a real PostgreSQL, as PgBouncer is: its own numbers for processes, and sessions that are shared."""

from __future__ import annotations

import asyncio
import struct
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

__all__ = ["Mode", "Pooler", "pooler"]

Mode = Literal["transaction", "session", "without settings"]

_IDLE = b"I"


@dataclass
class Backend:
    """A session of the server."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


@dataclass
class Pooler:
    """Lets each client log in by a session of its own. In transaction mode that session is then one of a pool, the last
    one to be taken: for each transaction it is the one that was given back last, whosever it is."""

    mode: Mode
    server: Path
    clients: int = 0
    backends: list[Backend] = field(default_factory=list)
    free: deque[Backend] = field(default_factory=deque)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a client until it goes."""
        self.clients += 1
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            startup = await reader.readexactly(struct.unpack("!I", head := await reader.readexactly(4))[0] - 4)
            if self.mode == "without settings":
                writer.write(_refusal("unsupported startup parameter: lock_timeout"))
            else:
                backend = Backend(*await asyncio.open_unix_connection(self.server))
                self.backends.append(backend)
                backend.writer.write(head + startup)
                await self._log_in(reader, writer, backend)
                await self._work(reader, writer, backend)
        writer.close()

    async def _log_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, backend: Backend) -> None:
        while True:
            kind, message = await _message(backend.reader)
            if kind == b"K":
                message = message[:5] + struct.pack("!I", 4_000_000 + self.clients) + message[9:]
            writer.write(message)
            if kind == b"Z":
                return
            if kind == b"R" and struct.unpack("!I", message[5:9])[0] in (10, 11):  # it asks for more of the password
                backend.writer.write((await _message(reader))[1])

    async def _work(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, own: Backend) -> None:
        if self.mode == "transaction":
            self.free.appendleft(own)
        while True:
            kind, message = await _message(reader)
            if kind == b"X":
                return
            backend = self.free.pop() if self.mode == "transaction" else own
            backend.writer.write(message)
            sent = asyncio.create_task(_pass_on(reader, backend.writer))
            await self._answer(writer, backend)
            sent.cancel()
            await asyncio.wait([sent])
            if self.mode == "transaction":
                self.free.append(backend)

    async def _answer(self, writer: asyncio.StreamWriter, backend: Backend) -> None:
        """Pass the server's answers on until its transaction is over."""
        while True:
            kind, message = await _message(backend.reader)
            writer.write(message)
            if kind == b"Z" and message[5:6] == _IDLE:
                return


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(asyncio.IncompleteReadError):
        while True:
            writer.write((await _message(reader))[1])


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readexactly(5)
    return head[:1], head + await reader.readexactly(struct.unpack("!I", head[1:])[0] - 4)


def _refusal(text: str) -> bytes:
    fields = b"SFATAL\0C08P01\0M" + text.encode() + b"\0\0"
    return b"E" + struct.pack("!I", len(fields) + 4) + fields


@asynccontextmanager
async def pooler(mode: Mode, server: Path, folder: Path) -> AsyncIterator[Pooler]:
    """Stand in the folder before the server of this socket, for as long as the context lasts."""
    made = Pooler(mode, server)
    listening = await asyncio.start_unix_server(made.serve, folder / ".s.PGSQL.5432")
    try:
        yield made
    finally:
        listening.close()
        for backend in made.backends:
            backend.writer.close()

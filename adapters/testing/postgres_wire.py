"""A relay before a real PostgreSQL that passes its messages on, or exchanges them for wrong ones.

It knows the frames of the protocol (version 3, chapter 54 of PostgreSQL's manual) and reads them on the server's side
alone. TLS is refused, as by a server that has none.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol, Self

from adapters.listening import Line, Listener, connected

__all__ = ["DATA_ROW", "READY", "PostgresLine", "PostgresPlaying", "PostgresWire", "message"]

_HEAD = struct.Struct(">cI")
_TLS = struct.pack(">II", 8, 80877103)
_CHUNK = 64 * 1024

DATA_ROW, READY, _BOUND = b"D", b"Z", b"2"
"""Types of the server's messages: a row, the end of what was asked, and that a statement has its values."""


def message(kind: bytes, content: bytes) -> bytes:
    """Return a message of this type: one byte, the length, and the content."""
    return _HEAD.pack(kind, len(content) + 4) + content


class PostgresPlaying(Protocol):
    """What the relay does in place of passing on, from the first message of a login or the first row of an answer."""

    @property
    def is_refusing(self) -> bool:
        """Whether no connection is taken at all."""

    @property
    def is_at_login(self) -> bool:
        """Whether it begins with the server's first message."""

    async def play(self, line: PostgresLine, first: bytes) -> None:
        """Write what comes in place of this message and of those behind it."""


class PostgresLine(Line):
    """One connection as a wrong answer sees it: `send` to the client, `next` of the server's own messages.

    The connection is closed afterwards, unless `keeps` is set: then messages are passed on again. `answers` counts what
    the relay has been asked, from 1.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answers: Callable[[], int]) -> None:
        super().__init__(writer)
        self._reader, self._answers = reader, answers

    @property
    def answers(self) -> int:
        """How many statements have been answered by now, this one included."""
        return self._answers()

    async def next(self) -> bytes:
        """Return the server's next message."""
        head = await self._reader.readexactly(_HEAD.size)
        return head + await self._reader.readexactly(_HEAD.unpack(head)[1] - 4)

    async def skip_to_ready(self) -> bytes:
        """Read until the server is ready for the next statement, and return that message."""
        while not (last := await self.next()).startswith(READY):
            pass
        return last


class PostgresWire:
    """Listens on a port of 127.0.0.1 while it is open as an asynchronous context.

    `target` is the server's Unix socket, or its host and port. `calls` counts the statements that were given values.
    """

    followed = 0

    def __init__(self, target: Path | tuple[str, int]) -> None:
        self._target = target
        self._wrong: PostgresPlaying | None = None
        self._listener = Listener(self._relay)
        self.calls = 0

    @property
    def place(self) -> str:
        """Where it listens, as a URL has it: host and port."""
        return f"127.0.0.1:{self._listener.port}"

    async def __aenter__(self) -> Self:
        await self._listener.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._listener.aclose()

    async def go_wrong(self, wrong: PostgresPlaying | None) -> None:
        """From now on do this in place of passing on; None is good order again.

        Connections stand, unless the wrong has to do with how they begin.
        """
        self._wrong = wrong
        if wrong is not None and (wrong.is_refusing or wrong.is_at_login):
            await self._listener.hang_up()
        if wrong is None or not wrong.is_refusing:
            await self._listener.listen()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await connected(self._target)
        ways = [
            asyncio.create_task(_pass_on(reader, far_writer, writer)),
            asyncio.create_task(self._answer(PostgresLine(far_reader, writer, lambda: self.calls))),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            for end in (writer, far_writer):
                end.close()
                with suppress(OSError):
                    await end.wait_closed()

    async def _answer(self, line: PostgresLine) -> None:
        """Pass the server's messages on, one by one, until one is to be exchanged and the connection is over."""
        is_logged_in = False
        while True:
            told = await line.next()
            kind = told[:1]
            self.calls += kind == _BOUND
            wrong = self._wrong
            is_moment = (kind == DATA_ROW) if is_logged_in else (wrong is not None and wrong.is_at_login)
            is_logged_in = is_logged_in or kind == READY
            if wrong is None or not is_moment or (is_logged_in and wrong.is_at_login):
                await line.send(told)
                continue
            line.keeps = False
            await wrong.play(line, told)
            if not line.keeps:
                return


async def _pass_on(reader: asyncio.StreamReader, server: asyncio.StreamWriter, client: asyncio.StreamWriter) -> None:
    first = await reader.readexactly(8)
    if first == _TLS:
        client.write(b"N")
        first = b""
    server.write(first)
    while chunk := await reader.read(_CHUNK):
        server.write(chunk)
        await server.drain()

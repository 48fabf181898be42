"""A byte relay that stands before a database and, on command, is slow, refuses, cuts answers short or sends garbage.

    async with Relay(server.socket) as relay:
        ...                                        # connect to relay.host, relay.port
        await relay.behave(Misbehaviour.CUT)

It knows nothing of the protocol that passes through it.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from adapters.sandbox.misbehaviour import Misbehaviour

__all__ = ["Relay", "Relayed"]

_CHUNK = 64 * 1024
_PAUSE = 0.05
"""Seconds between two bytes that drip."""

_GARBAGE = 0x5A
"""What every byte of an answer is mixed with when the relay sends garbage."""


@dataclass(slots=True)
class Relayed:
    """What has passed since the relay was made: connections accepted, bytes sent on to the database and back."""

    connections: int = 0
    bytes_asked: int = 0
    bytes_answered: int = 0


class Relay:
    """Passes bytes between whoever connects to `host` and `port` and the database at `target`.

    `target` is the path of a Unix socket or a host and a port. `delay` are the seconds by which a slow relay keeps
    back each part of an answer. `relayed` counts. It is an asynchronous context, open inside.
    """

    def __init__(self, target: Path | tuple[str, int], *, delay: float = 1.0, host: str = "127.0.0.1") -> None:
        self.host, self.port = host, 0
        self.delay = delay
        self.relayed = Relayed()
        self._target = target
        self._misbehaviour = Misbehaviour.NONE
        self._place: socket.socket | None = None
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._place = _bound(self.host, 0)
        self.port = self._place.getsockname()[1]
        await self._listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def behave(self, misbehaviour: Misbehaviour) -> None:
        """From now on misbehave in this way, on connections that stand too.

        SLOW keeps each part of an answer back, HANG keeps all of it, DRIP sends a byte at a time, CUT ends a connection
        in the middle of its next answer, RESET before it, GARBAGE spoils every byte of an answer, DOWN ends all
        connections and refuses new ones. The others are nothing that bytes can do: they leave the relay in order, and
        are done in the database.
        """
        self._misbehaviour = misbehaviour
        if misbehaviour is Misbehaviour.DOWN:
            await self._hang_up()
        elif self._server is None:
            await self._listen()

    async def aclose(self) -> None:
        """End all connections and take no more."""
        await self._hang_up()
        if self._place is not None:
            self._place.close()
            self._place = None

    async def _listen(self) -> None:
        # the bound socket that never listens keeps the port while the relay is down
        self._server = await asyncio.start_server(self._accept, sock=_bound(self.host, self.port))

    async def _hang_up(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for task in self._open:
            task.cancel()
        if self._open:
            await asyncio.wait(self._open)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._relay(reader, writer))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.relayed.connections += 1
        try:
            far_reader, far_writer = await self._connect()
        except OSError:
            writer.transport.abort()
            return
        ways = [
            asyncio.create_task(self._ask(reader, far_writer)),
            asyncio.create_task(self._answer(far_reader, writer)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            writer.close()
            far_writer.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._target, Path):
            return await asyncio.open_unix_connection(self._target)
        return await asyncio.open_connection(*self._target)

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(_CHUNK):
            self.relayed.bytes_asked += len(chunk)
            writer.write(chunk)
            await writer.drain()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(_CHUNK):
            how = self._misbehaviour
            if how is Misbehaviour.RESET:
                _reset(writer)
                return
            await self._keep_back(how)
            self.relayed.bytes_answered += len(chunk)
            for piece in _pieces(self._spoilt(chunk), 1 if how is Misbehaviour.DRIP else _CHUNK):
                writer.write(piece)
                await writer.drain()
                if how is Misbehaviour.DRIP:
                    await asyncio.sleep(_PAUSE)
            if how is Misbehaviour.CUT:
                return

    async def _keep_back(self, how: Misbehaviour) -> None:
        if how is Misbehaviour.SLOW:
            await asyncio.sleep(self.delay)
        elif how is Misbehaviour.HANG:
            await asyncio.Event().wait()

    def _spoilt(self, chunk: bytes) -> bytes:
        match self._misbehaviour:
            case Misbehaviour.CUT:
                return chunk[: len(chunk) // 2]
            case Misbehaviour.GARBAGE:
                return bytes(byte ^ _GARBAGE for byte in chunk)
        return chunk


def _pieces(chunk: bytes, size: int) -> Iterator[bytes]:
    return (chunk[place : place + size] for place in range(0, len(chunk), size))


def _reset(writer: asyncio.StreamWriter) -> None:
    end = writer.transport.get_extra_info("socket")
    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # closing sends RST
    writer.transport.abort()


def _bound(host: str, port: int) -> socket.socket:
    """Return a socket that is bound and does not listen, at a port that others of ours may share."""
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    bound.bind((host, port))
    return bound

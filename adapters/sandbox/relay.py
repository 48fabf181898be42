"""A byte relay that stands before a database and, on command, is slow, refuses, cuts answers short or sends garbage.

    async with Relay(server.socket) as relay:
        ...                                        # connect to relay.host, relay.port
        await relay.behave(Misbehaviour.CUT)

It knows nothing of the protocol that passes through it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from adapters.listening import Listener, connected, reset
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
        self.delay = delay
        self.relayed = Relayed()
        self._target = target
        self._misbehaviour = Misbehaviour.NONE
        self._listener = Listener(self._relay, host)

    @property
    def host(self) -> str:
        """Where it listens."""
        return self._listener.host

    @property
    def port(self) -> int:
        """At which port it listens."""
        return self._listener.port

    async def __aenter__(self) -> Self:
        await self._listener.__aenter__()
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
            await self._listener.hang_up()
        else:
            await self._listener.listen()

    async def aclose(self) -> None:
        """End all connections and take no more."""
        await self._listener.aclose()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.relayed.connections += 1
        try:
            far_reader, far_writer = await connected(self._target)
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

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(_CHUNK):
            self.relayed.bytes_asked += len(chunk)
            writer.write(chunk)
            await writer.drain()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(_CHUNK):
            how = self._misbehaviour
            if how is Misbehaviour.RESET:
                reset(writer.transport)
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

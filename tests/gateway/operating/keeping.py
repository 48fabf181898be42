"""Clients that keep their connections, as proxies do, and take it for a failure when one is closed on a request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

__all__ = ["Answer", "Keeping", "post", "until"]


async def until(holds: Callable[[], object], *, seconds: float = 20.0) -> None:
    """Return when it holds: of processes, and of what other tasks do, somebody has to look."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.002)


class Answer(NamedTuple):
    """What came back on a connection that is kept."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def is_last(self) -> bool:
        """Whether the server said that it closes the connection behind it."""
        return self.headers.get("connection") == "close"


def post(path: str, body: bytes, token: str) -> bytes:
    """Return the bytes of a request."""
    head = (
        f"POST {path} HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer {token}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


@dataclass
class Keeping:
    """One client. It has one connection at a time, and makes another only where it was told that the last is closed.

    A request that is sent and not answered whole raises ConnectionError: nothing is ever sent again.
    """

    port: int
    made: int = 0
    told: int = 0
    _streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = field(default=None, repr=False)

    async def ask(self, request: bytes) -> Answer:
        """Send a request, and return its answer."""
        (answer,) = await self.ask_at_once([request])
        return answer

    async def ask_at_once(self, requests: Sequence[bytes]) -> list[Answer]:
        """Send several requests together, and return their answers."""
        reader, writer = self._streams or await self._connected()
        writer.write(b"".join(requests))
        answers = [await _answer(reader) for _ in requests]
        if answers[-1].is_last:
            self.told += 1
            await self.close()
        return answers

    async def begin(self, part: bytes) -> None:
        """Send a part of a request."""
        _, writer = self._streams or await self._connected()
        writer.write(part)
        await writer.drain()

    async def close(self) -> None:
        """Close the connection, if there is one."""
        if self._streams is not None:
            _, writer = self._streams
            self._streams = None
            writer.close()
            try:
                await writer.wait_closed()
            except ConnectionError:
                return

    @property
    async def is_closed(self) -> bool:
        """Whether the server has closed the connection without a word."""
        assert self._streams is not None
        try:
            async with asyncio.timeout(0.05):
                return await self._streams[0].read(1) == b""
        except TimeoutError:
            return False

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        self._streams = await asyncio.open_connection("127.0.0.1", self.port)
        self.made += 1
        return self._streams


async def _answer(reader: asyncio.StreamReader) -> Answer:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        body = await reader.readexactly(int(headers["content-length"]))
    except asyncio.IncompleteReadError as error:
        raise ConnectionError(f"closed without an answer, after {len(error.partial)} bytes") from None
    return Answer(int(first.split(" ")[1]), headers, body)

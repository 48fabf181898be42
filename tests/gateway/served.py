"""A gateway that listens on a socket of its own, as `customer-view serve` has it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway.serving import bind, serving
from gateway.settings import Settings
from tests.gateway.greenhouse import Greenhouse, greenhouse

__all__ = ["Listening", "listening"]


@dataclass
class Listening:
    """A gateway that listens."""

    house: Greenhouse
    port: int

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    async def raw(self, sent: bytes) -> tuple[int, dict[str, str], bytes]:
        """Send bytes as they are, and return status, headers and body of what comes till the gateway closes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(sent)
            async with asyncio.timeout(5):
                came = await reader.read()
        finally:
            writer.close()
        head, _, body = came.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        return int(first.split(" ")[1]), dict(line.split(": ", 1) for line in lines), body


@asynccontextmanager
async def listening(folder: Path, *, most_body_bytes: int = 4096) -> AsyncIterator[Listening]:
    """Serve the greenhouse that is declared in the folder."""
    house = greenhouse(folder, settings=Settings(most_body_bytes=most_body_bytes))
    with bind("127.0.0.1", 0) as socket:
        async with house.gateway.running(), serving(house.gateway, socket):
            yield Listening(house, socket.getsockname()[1])

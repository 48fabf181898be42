"""Checks the frames of a PostgreSQL server's messages before the driver reads them.

asyncpg believes the length that a message claims to have: it waits and keeps bytes for one of 1.5 GB, and a length
below 4 sends it into a loop that never yields to the event loop (seen with 0.32). A sick server must cost its own
answers only, so a connection whose frames cannot be right is closed here.
"""

from __future__ import annotations

import asyncio
from struct import Struct

__all__ = ["FrameCheck"]

_HEAD = Struct(">cI")
"""A message is its type, its length in bytes without the type, and its content."""

_SHORTEST = 4
_LONGEST = 16 * 2**20
"""Bytes of the largest message, and so of the largest row, that is read."""


class FrameCheck(asyncio.Protocol):
    """Stands between a transport and the driver's protocol, from a message's beginning on."""

    def __init__(self, driver: asyncio.Protocol, transport: asyncio.Transport) -> None:
        self._driver = driver
        self._transport = transport
        self._ahead = 0
        self._head = b""

    def data_received(self, data: bytes) -> None:
        """Pass the bytes on, or close the connection: the driver then says that it was lost."""
        if self._is_framed(self._head + data):
            self._driver.data_received(data)
        else:
            self._transport.abort()

    def _is_framed(self, data: bytes) -> bool:
        place = self._ahead
        while place + _HEAD.size <= len(data):
            length: int = _HEAD.unpack_from(data, place)[1]
            if not _SHORTEST <= length <= _LONGEST:
                return False
            place += 1 + length
        self._ahead, self._head = max(0, place - len(data)), data[place:]
        return True

    def eof_received(self) -> bool | None:
        """Pass it on."""
        return self._driver.eof_received()

    def connection_lost(self, error: Exception | None) -> None:
        """Pass it on."""
        self._driver.connection_lost(error)

    def pause_writing(self) -> None:
        """Pass it on."""
        self._driver.pause_writing()

    def resume_writing(self) -> None:
        """Pass it on."""
        self._driver.resume_writing()

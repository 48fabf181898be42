"""Checks the frames of a PostgreSQL server's messages before the driver reads them.

asyncpg believes the length that a message claims to have: it waits and keeps bytes for one of 1.5 GB, and a length
below 4 sends it into a loop that never yields to the event loop (seen with 0.32). A sick server must cost its own
answers only, so a connection whose frames cannot be right is closed here.
"""

from __future__ import annotations

import asyncio
from struct import Struct

__all__ = ["CursorCheck", "FrameCheck"]

_HEAD = Struct(">cI")
"""A message is its type, its length in bytes without the type, and its content."""

_SHORTEST = 4
_LONGEST = 16 * 2**20
"""Bytes of the largest message, and so of the largest row, that is read."""

_MOST_BYTES = 16 * 2**20
"""Bytes of all that a server sends between two moments at which it is ready: one answer, with notices and settings."""

_MOST_MESSAGES = 100_000
"""Messages of the same. A row takes far more memory than it has bytes."""

_KINDS = frozenset((b"1", b"2", b"3", b"A", b"C", b"D", b"E", b"I", b"N", b"S", b"T", b"Z", b"n", b"s", b"t"))
"""Types of the messages that a server sends to who reads by prepared statements, once the login is over."""

_ROW, _BOUND, _READY = b"D", b"2", b"Z"
_ASIDE = frozenset((b"A", b"N", b"S"))
"""Types of what a server may say at any time, whatever it was asked."""
_ENDS = frozenset((b"C", b"E", b"I", b"s"))
"""How the answer to a statement that has its values ends: complete, with an error, empty, or a part of it."""


class FrameCheck(asyncio.Protocol):
    """Stands between a transport and the driver's protocol, from a message's beginning on.

    Of an answer that has no end the driver takes what came for the whole, and it passes over messages that it does not
    expect: rows would be left out without a word.
    """

    def __init__(self, driver: asyncio.Protocol, transport: asyncio.Transport) -> None:
        self._driver = driver
        self._transport = transport
        self._ahead = 0
        self._head = b""
        self._bytes, self._messages = 0, 0
        self._owes_end = False

    def data_received(self, data: bytes) -> None:
        """Pass the bytes on, or close the connection: the driver then says that it was lost."""
        self._bytes += len(data)
        if self._is_framed(self._head + data) and self._bytes <= _MOST_BYTES and self._messages <= _MOST_MESSAGES:
            self._driver.data_received(data)
        else:
            self._transport.abort()

    def _is_framed(self, data: bytes) -> bool:
        place, unpack = self._ahead, _HEAD.unpack_from
        while place + _HEAD.size <= len(data):
            kind, length = unpack(data, place)
            if not _SHORTEST <= length <= _LONGEST:
                return False
            self._messages += 1
            if kind != _ROW and not self._is_in_order(kind):
                return False
            place += 1 + length
        self._ahead, self._head = max(0, place - len(data)), data[place:]
        return True

    def _is_in_order(self, kind: bytes) -> bool:
        if kind == _READY:
            self._bytes, self._messages = 0, 0
            return not self._owes_end
        if kind == _BOUND:
            self._owes_end = True
        elif kind in _ENDS:
            self._owes_end = False
        return kind in _KINDS

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


class CursorCheck(FrameCheck):
    """For a connection on which a statement has its values by one exchange, and its rows are asked for by others: of
    each exchange something has to be said before the server is ready, and behind rows that it has ended or stopped."""

    def _is_in_order(self, kind: bytes) -> bool:
        if kind == _READY:
            is_in_order, self._owes_end = super()._is_in_order(kind), True
            return is_in_order
        if kind not in _ASIDE:
            self._owes_end = False
        return kind in _KINDS

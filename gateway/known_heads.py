"""Heads of requests that were refused: what is known of one is known of the next that is alike, without reading it.

To read a request is most of what its refusal costs, and who is refused asks again with the same line and headers. A
head is known by its digest, for there is a token in it, and without the ids that proxies give each request of its own.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Generic, TypeVar

from schema.deadline import Clock

__all__ = ["KnownHeads"]

_END = b"\r\n\r\n"
_KEPT = 1.0
"""Seconds, after which all is read anew: a token may be taken back meanwhile, or a view be over with the day."""
_MOST = 1_000
_REQUEST_ID, _TRACEPARENT = (
    re.compile(rb"\r\n(?i:%s): ?([A-Za-z0-9_.-]{1,64})(?=\r\n)" % name) for name in (b"x-request-id", b"traceparent")
)
"""Headers of one request alone, whose values are of letters, digits, `_`, `.` and `-`: whatever such a value is, the
other headers begin where they did."""
_REQUEST_ID_LINE = b"\r\nx-request-id:"

T = TypeVar("T")


class KnownHeads(Generic[T]):
    """What is known of requests by their heads, for a second at most."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[bytes, tuple[T, int]] = {}
        self._until = 0.0

    def find(self, data: bytes) -> tuple[T, bytes | None] | None:
        """Return what is known of a request that is all of the data, and its X-Request-Id; None where nothing is."""
        end = data.find(_END) + len(_END)
        head, given = _parted(data[:end])
        found = self._known.get(sha256(head).digest())
        if found is None or end + found[1] != len(data) or self._clock() >= self._until:
            return None
        return found[0], given

    def remember(self, data: bytes, length: int, known: T) -> None:
        """Take note of what is known of a request that is all of the data, whose body has so many bytes."""
        now = self._clock()
        if now >= self._until or len(self._known) >= _MOST:
            self._known.clear()
            self._until = now + _KEPT
        end = data.find(_END) + len(_END)
        head, _ = _parted(data[:end])
        if end + length == len(data) and _is_plain(head):
            self._known[sha256(head).digest()] = known, length


def _parted(head: bytes) -> tuple[bytes, bytes | None]:
    """Return a head without the ids of its request, and its X-Request-Id if there is one."""
    found = _REQUEST_ID.search(head)
    if found is not None:
        head = head[: found.start(1)] + head[found.end(1) :]
    traced = _TRACEPARENT.search(head)
    if traced is not None:
        head = head[: traced.start(1)] + head[traced.end(1) :]
    return head, None if found is None else found[1]


def _is_plain(head: bytes) -> bool:
    """Return whether there is one way to read a head: no line ends in another way, none stands before the request's,
    and there is one X-Request-Id at most."""
    lines = head.count(b"\r\n")
    is_usual = head[:1].isalpha() and head.count(b"\n") == lines == head.count(b"\r")
    return is_usual and head.lower().count(_REQUEST_ID_LINE) < 2

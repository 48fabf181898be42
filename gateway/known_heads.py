"""Heads of requests that were refused: what is known of one is known of the next that is alike, without reading it.

To read a request is most of what its refusal costs, and who is refused asks again. A head is known by the digest of
what counts in it, for there is a token in it. What does not count is left out: proxies and browsers put an id, an
address or a cookie into each.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Generic, TypeVar

from schema.deadline import Clock

__all__ = ["COUNTED", "KnownHeads"]

COUNTED = (
    b"accept",
    b"authorization",
    b"connection",
    b"content-length",
    b"expect",
    b"host",
    b"origin",
    b"prefer",
    b"proxy-connection",
    b"transfer-encoding",
    b"upgrade",
    b"x-request-id",
)
"""The headers that count, beside the request line: by where a request ends (llhttp, `on_header_field_complete`), by
whether its connection is kept, and by who asks for what and how long that may take."""

_END = b"\r\n\r\n"
_KEPT = 1.0
"""Seconds, after which all is read anew: a token may be taken back meanwhile, or a view be over with the day."""
_MOST = 1_000
_LONGEST = 8_192
"""Bytes of a head, of which a longer one is read: to look it up can take a millisecond where it has a line of every
three bytes, and is done before it is known who asks."""
_UNCOUNTED = re.compile(
    rb"\r\n(?!(?i:%s):)[A-Za-z0-9_-]++:[\t\x20-\x7e]*+(?=\r\n)" % b"|".join(COUNTED),
)
"""A line with another header, that can be read in one way alone. Nothing of it is looked at twice: anybody may
send a long one that ends in another way."""
_REQUEST_ID = re.compile(rb"\r\nx-request-id:[ \t]*+([A-Za-z0-9_.-]{1,64})(?=\r\n)", re.IGNORECASE)
"""The id of a request, as `gateway.request_id` takes it, behind blanks that are none of it: it differs each time,
and stands in the answer. What stands behind it the parser takes for a part of it, and then it is no id."""
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
        if not self._known:
            return None
        end = _end(data)
        head, given = _counted(data[:end])
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
        end = _end(data)
        head, _ = _counted(data[:end])
        if end + length == len(data) and _is_plain(head):
            self._known[sha256(head).digest()] = known, length


def _end(data: bytes) -> int:
    """Return where the head ends; where it has no end, or is too long, a place at which none does."""
    return data.find(_END, 0, _LONGEST) + len(_END)


def _counted(head: bytes) -> tuple[bytes, bytes | None]:
    """Return what counts of a head, without the value of its X-Request-Id; and that, if there is one."""
    head = _UNCOUNTED.sub(b"", head)
    found = _REQUEST_ID.search(head)
    return (head, None) if found is None else (head[: found.start(1)] + head[found.end(1) :], found[1])


def _is_plain(head: bytes) -> bool:
    """Return whether there is one way to read a head: no line ends in another way, none stands before the request's,
    and there is one X-Request-Id at most."""
    lines = head.count(b"\r\n")
    is_usual = head[:1].isalpha() and head.count(b"\n") == lines == head.count(b"\r")
    return is_usual and head.lower().count(_REQUEST_ID_LINE) < 2

"""The id of a request: what the caller sends in X-Request-Id, where it is fit for a log, else one of ours."""

from __future__ import annotations

import random
import re

from gateway.headers import Headers

__all__ = ["new_request_id", "request_id"]

_SAFE = re.compile(rb"[A-Za-z0-9_.-]{1,64}")
_OWN_BITS = 64
_LETTER = 0xC << 28
"""Makes a letter of the ninth digit: an id without one could be taken for somebody's number."""


def request_id(headers: Headers) -> str:
    """Return the id that the caller gives: 1 to 64 letters, digits, `_`, `.` and `-`. Otherwise a new one."""
    given = headers.get(b"x-request-id")
    return new_request_id() if given is None or not _SAFE.fullmatch(given) else given.decode("ascii")


def new_request_id() -> str:
    """Return a new id: 16 hexadecimal digits, at random. It opens nothing, so it need not be hard to guess."""
    return f"{random.getrandbits(_OWN_BITS) | _LETTER:016x}"

"""The id of a request: what the caller sends in X-Request-Id, where it is fit for a log, else one of ours."""

from __future__ import annotations

import re
import secrets

from starlette.datastructures import Headers

__all__ = ["new_request_id", "request_id"]

_SAFE = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_OWN_BYTES = 8


def request_id(headers: Headers) -> str:
    """Return the id that the caller gives: 1 to 64 letters, digits, `_`, `.` and `-`. Otherwise a new one."""
    given = headers.getlist("x-request-id")
    return given[0] if len(given) == 1 and _SAFE.fullmatch(given[0]) else new_request_id()


def new_request_id() -> str:
    """Return a new id: 16 hexadecimal digits, at random."""
    return secrets.token_hex(_OWN_BYTES)

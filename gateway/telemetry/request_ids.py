"""Under which ids the request goes that is answered at the moment, for the lines that are logged meanwhile."""

from __future__ import annotations

import hashlib
import re
from contextvars import ContextVar
from typing import NamedTuple

__all__ = ["LOGGED", "RequestIds", "answering", "as_logged"]

_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_ULID = r"(?=[0-9]*[A-Z])[0-7][0-9A-HJKMNP-TV-Z]{25}"
_DIGITS = r"(?=[0-9a-f]{2}[0-9]*[a-f][0-9a-f]{2})(?:[0-9a-f]{16}|[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})"
"""With a letter that is not at an end: there bank accounts and national numbers have theirs."""
_ID = re.compile(f"{_UUID}|{_ULID}|{_DIGITS}")
_OTHER = "sha256-"
_FEW = 16

LOGGED = re.compile(f"{_ID.pattern}|{_OTHER}[0-9a-f]{{{_FEW}}}")
"""How a request's id looks in the log. Nothing is taken out of one: it would not be found any more."""


def as_logged(request_id: str) -> str:
    """Return a request's id as the log has it. A caller can send anything for one, somebody's name or number too: what
    has not the form of an id is told by its digest."""
    if _ID.fullmatch(request_id):
        return request_id
    return f"{_OTHER}{hashlib.sha256(request_id.encode()).hexdigest()[:_FEW]}"


class RequestIds(NamedTuple):
    """The request's id, and those of its trace and of the server's span where it is sampled, in hexadecimal digits."""

    request: str
    trace: str | None = None
    span: str | None = None

    @property
    def logged(self) -> str:
        """Return the request's id as the log has it."""
        return as_logged(self.request)

    def told(self) -> dict[str, str]:
        """Return what a line of the log says of them."""
        ids = {"request_id": self.logged, "trace_id": self.trace, "span_id": self.span}
        return {name: one for name, one in ids.items() if one is not None}


answering: ContextVar[RequestIds | None] = ContextVar("answering", default=None)
"""Set for each request, in its own task. A fetch that several requests share runs in an empty context, and has none."""

"""Where a caller's own trace stands: the header `traceparent` (W3C Trace Context, https://www.w3.org/TR/trace-context/).

Whoever sends it is not to be believed, so it is read strictly, and anything else in its place counts as none.
`tracestate` and `baggage` are not read at all: what stands in them is for others, may be personal, and would be
exported with every span and told to every source. The specification lets those do so who care for privacy (6.1).
"""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["Parent", "read_traceparent", "written"]

_FORM = re.compile(rb"(?P<version>[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})")
_LENGTH = 55
_MOST = 512
"""Bytes of a later version of the header, of which only the beginning is known."""
_NO_VERSION = b"ff"
_SAMPLED = 1
_KNOWN_FLAGS = 3


class Parent(NamedTuple):
    """The span of the caller under which the request is made."""

    trace_id: int
    span_id: int
    flags: int

    @property
    def is_sampled(self) -> bool:
        """Return whether the caller records its trace."""
        return bool(self.flags & _SAMPLED)


def read_traceparent(given: bytes | None) -> Parent | None:
    """Return what the header says; None where there is none, or it is not in the form that it has to have."""
    if given is None or not _LENGTH <= len(given) <= _MOST:
        return None
    found = _FORM.match(given)
    if found is None or not _is_whole(found["version"], given[_LENGTH:]):
        return None
    parent = Parent(int(found["trace"], 16), int(found["span"], 16), int(found["flags"], 16) & _KNOWN_FLAGS)
    return parent if parent.trace_id and parent.span_id else None


def written(trace_id: int, span_id: int, flags: int) -> str:
    """Return a header that names this span."""
    return f"00-{trace_id:032x}-{span_id:016x}-{flags & _KNOWN_FLAGS:02x}"


def _is_whole(version: bytes, rest: bytes) -> bool:
    """Return whether nothing follows, or what a version after the first may have there."""
    if version == _NO_VERSION:
        return False
    return not rest or (version != b"00" and rest.startswith(b"-"))

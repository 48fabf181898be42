"""One record as a line: JSON whose last member is an HMAC of all before it, over the HMAC of the line before.

{"writer":"7f3a...","seq":4711,"prev":"<mac of 4710>","key":"1-9f86d081","at":"2026-11-22T14:03:13.123456Z",
 "kind":"request",...,"mac":"9c41..."}
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

__all__ = ["BEGINNING", "LONGEST", "Head", "Line", "moment", "read_line", "seal", "signed", "unsigned"]

BEGINNING = "0" * 64
"""What the first line of a chain follows."""
LONGEST = 4_194_304
"""The most bytes of a line: a thousand customers of whom something else holds for each take less."""

_MAC_AT_END = re.compile(rb',"mac":"([0-9a-f]{64})"\}')
_END_BYTES = len(',"mac":""}') + 64


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain stands: its writer, the number of its last record, and the HMAC of that."""

    writer: str
    seq: int
    mac: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line that was read: its members, and the HMAC that it has."""

    members: Mapping[str, Any]
    mac: str

    @property
    def head(self) -> Head:
        """Return where a chain stands that ends with this line."""
        return Head(self.members["writer"], self.members["seq"], self.mac)


def moment(at: float) -> str:
    """Return seconds since 1970 as a UTC text of fixed width, so that texts sort as times do."""
    return f"{datetime.fromtimestamp(at, UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def signed(key: bytes, members: Mapping[str, Any]) -> tuple[bytes, str]:
    """Return the line of these members, with its HMAC at the end, and that HMAC."""
    content = orjson.dumps(members)[:-1]
    mac = hmac.digest(key, content, "sha256").hex()
    return b'%b,"mac":"%b"}\n' % (content, mac.encode()), mac


def unsigned(line: bytes) -> tuple[bytes, str] | None:
    """Return what the HMAC of a line, given without its newline, is of, and the HMAC; None where it has none."""
    found = _MAC_AT_END.fullmatch(line, max(0, len(line) - _END_BYTES))
    return (line[: found.start()], found[1].decode()) if found else None


def seal(key: bytes, name: str, after: Head, at: str, kind: str, more: Mapping[str, Any]) -> tuple[bytes, Head]:
    """Return the line of the record that follows `after`, and where the chain stands with it.

    `at` is a `moment`, `name` that of the key.
    """
    framed = {
        "writer": after.writer,
        "seq": after.seq + 1,
        "prev": after.mac,
        "key": name,
        "at": at,
        "kind": kind,
        **more,
    }
    line, mac = signed(key, framed)
    return line, Head(after.writer, after.seq + 1, mac)


def read_line(line: bytes) -> Line | None:
    """Return a line, given without its newline, as far as its form can be read; None where it cannot.

    Whether its HMAC is that of the line is another question.
    """
    parts = unsigned(line)
    try:
        members = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    if parts is None or not isinstance(members, dict):
        return None
    return Line(members, parts[1])

"""Anchors: where chains stood, told every second in another place, so that what is cut from a chain's end is missed.

2026-11-22-7f3a9c41d2e80b65.anchors.jsonl
"""

from __future__ import annotations

import hmac
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from gateway.audit.files import open_own
from gateway.audit.keys import AuditKeys, is_name
from gateway.audit.lines import Head, moment, read_line, signed, unsigned
from gateway.audit.segments import day_of

__all__ = ["AnchorFile", "Anchors", "BadAnchor", "anchor_files", "read_anchors"]

_NAME = re.compile(r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})-(?P<writer>[0-9a-f]{16})\.anchors\.jsonl")
_LONGEST = 1_024
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW


@dataclass(frozen=True, slots=True)
class AnchorFile:
    """The anchors of one writer's chain on one day."""

    path: Path
    day: date
    writer: str


@dataclass(frozen=True, slots=True)
class BadAnchor:
    """A line that is no anchor of its writer: which file, and which line; `key` names a key that is not at hand, where
    the line may be an anchor by that."""

    path: Path
    line: int
    writer: str
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Anchors:
    """Writes anchors into a folder: lines that are only ever appended, each with an HMAC of its own.

    A file is opened for each line and closed again: a folder that was moved or deleted is noticed.
    """

    folder: Path
    keys: AuditKeys = field(repr=False)

    def append(self, head: Head, at: float) -> None:
        """Write down where a chain stands. Raises OSError: it could not be."""
        key = self.keys.anchor(self.keys.current)
        assert key is not None
        told = moment(at)
        members = {"writer": head.writer, "seq": head.seq, "head": head.mac, "key": self.keys.current, "at": told}
        members["tenant"] = self.keys.tenant
        line, _ = signed(key, members)
        path = self.folder / f"{day_of(told)}-{head.writer}.anchors.jsonl"
        opened = open_own(path, _FLAGS)
        try:
            before = os.fstat(opened).st_size
            if os.write(opened, line) != len(line):
                os.ftruncate(opened, before)
                raise OSError("an anchor was written in part")
            os.fdatasync(opened)
        finally:
            os.close(opened)


def anchor_files(folder: Path) -> list[AnchorFile]:
    """Return the files of anchors in a folder, in the order of their names. Raises OSError: it cannot be read."""
    found = ((path, _NAME.fullmatch(path.name)) for path in sorted(folder.iterdir()))
    files = ((path, _day(name["day"]), name["writer"]) for path, name in found if name)
    return [AnchorFile(path, day, writer) for path, day, writer in files if day is not None]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:  # no file of ours
        return None


def read_anchors(folder: Path, keys: AuditKeys) -> tuple[Mapping[str, Head], list[BadAnchor]]:
    """Return the newest anchor of each writer, and the lines that are none. Raises OSError: it cannot be read."""
    newest: dict[str, Head] = {}
    bad: list[BadAnchor] = []
    for file in anchor_files(folder):
        for number, head in _heads(file, keys):
            if not isinstance(head, Head):
                bad.append(BadAnchor(file.path, number, file.writer, head))
            elif file.writer not in newest or head.seq > newest[file.writer].seq:
                newest[file.writer] = head
    return newest, bad


def _heads(file: AnchorFile, keys: AuditKeys) -> Iterator[tuple[int, Head | str | None]]:
    """Yield each line's number and head, where it is no anchor of this writer None, or the name of a key that is not at
    hand; not a torn last line."""
    with file.path.open("rb") as opened:
        number = 0
        while line := opened.readline(_LONGEST):
            number += 1
            if line.endswith(b"\n"):
                yield number, _head(line[:-1], file.writer, keys)
            elif len(line) == _LONGEST:
                yield number, None
                return


def _head(line: bytes, writer: str, keys: AuditKeys) -> Head | str | None:
    read, parts = read_line(line), unsigned(line)
    if read is None or parts is None or read.members.get("writer") != writer:
        return None
    name = read.members.get("key")
    key = keys.anchor(name)
    if key is None:
        return name if is_name(name) else None
    if not hmac.compare_digest(hmac.digest(key, parts[0], "sha256").hex(), parts[1]):
        return None
    return Head(writer, read.members["seq"], read.members["head"])

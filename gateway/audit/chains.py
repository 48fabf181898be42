"""Reads a chain from its segments and says how far it holds: that no record was edited, removed, added or moved."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.audit.keys import AuditKeys, is_name
from gateway.audit.lines import BEGINNING, LONGEST, Head, Line, read_line, unsigned
from gateway.audit.segments import Segment, day_of

__all__ = ["BEGUN", "DROPPED", "Break", "Dropped", "Reached", "keep_furthest", "read_chain"]

BEGUN = "segment.begun"
"""The kind of the first record of every segment."""
DROPPED = "segments.dropped"
"""The kind of the record that tells which segments were dropped for their age."""


@dataclass(frozen=True, slots=True)
class Break:
    """Where something does not hold: the file, its line where it is about one, and what is wrong."""

    path: Path
    line: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Dropped:
    """That a chain's segments were dropped up to this number, and where it stood at the end of that one."""

    number: int
    head: Head

    def told(self) -> dict[str, Any]:
        """Return it as it stands in a record."""
        return {"writer": self.head.writer, "segment": self.number, "seq": self.head.seq, "head": self.head.mac}


@dataclass(slots=True)
class Reached:
    """How far a chain was read: behind which head it begins, and at which it ends; what its records tell of dropping.

    `torn` is the file at whose end a record stands in part: its process was killed while it wrote, and nothing follows.
    `key` names the key that its first record was made by, where that is not at hand: nothing of it was verified then.
    """

    number: int
    before: Head
    head: Head
    records: int = 0
    dropped: dict[str, Dropped] = field(default_factory=dict)
    torn: Path | None = None
    key: str | None = None
    broken: Break | None = None


class _BrokenError(Exception):
    """A line does not hold; the text says why."""


class _OtherKeyError(Exception):
    """The first record of a chain names a key that is not at hand: its name is the text."""


def keep_furthest(known: dict[str, Dropped], found: Mapping[str, Dropped]) -> None:
    """Add to what is known of dropping what was found, of each chain what goes further."""
    for writer, one in found.items():
        if writer not in known or one.number > known[writer].number:
            known[writer] = one


def read_chain(
    segments: Sequence[Segment],
    keys: AuditKeys,
    anchored: Head | None = None,
    progress: Callable[[int], None] | None = None,
) -> Reached:
    """Read the segments of one chain, in the order of their numbers; there is one at least.

    It has to go through the anchored head. Reading ends at the first break. `progress` is told the bytes of each
    segment when it was read. Raises OSError: A file cannot be read.
    """
    first = segments[0]
    start = Head(first.writer, -1, BEGINNING)
    reached = Reached(first.number, start, start)
    checking = _Checking(reached, keys, anchored)
    for place, segment in enumerate(segments):
        if segment.number != first.number + place:
            text = f"segment {first.number + place} is missing before this one"
            reached.broken = Break(segment.path, 1, text)
            return reached
        checking.segment(segment, is_last=place + 1 == len(segments))
        if progress:
            progress(segment.path.stat().st_size)
        if reached.broken or reached.key:
            return reached
    if anchored is not None and reached.head.seq < anchored.seq:
        text = f"the chain ends here, and its record {anchored.seq} was anchored: {anchored.seq - reached.head.seq} cut"
        reached.broken = Break(segments[-1].path, checking.line, text)
    return reached


class _Checking:
    """Checks one line after the other."""

    def __init__(self, reached: Reached, keys: AuditKeys, anchored: Head | None) -> None:
        self._reached, self._keys, self._anchored = reached, keys, anchored
        self.line = 0

    def segment(self, segment: Segment, *, is_last: bool) -> None:
        """Check a file, up to its end or the first line that does not hold."""
        self.line = 0
        for raw in _lines(segment.path):
            self.line += 1
            try:
                if len(raw) > LONGEST:
                    raise _BrokenError("the line is longer than a record may be")
                if not raw.endswith(b"\n"):
                    self._torn(segment, is_last=is_last)
                    return
                self._check(raw[:-1], segment)
            except _OtherKeyError as error:
                self._reached.key = str(error)
                return
            except _BrokenError as error:
                self._reached.broken = Break(segment.path, self.line, str(error))
                return
        if not self.line:
            self._empty(segment, is_last=is_last)

    def _torn(self, segment: Segment, *, is_last: bool) -> None:
        if not is_last:
            raise _BrokenError("the line has no end, and the chain goes on in another file")
        self._reached.torn = segment.path

    def _empty(self, segment: Segment, *, is_last: bool) -> None:
        if is_last:
            self._reached.torn = segment.path
        else:
            self._reached.broken = Break(segment.path, 1, "the file is empty, and the chain goes on in another one")

    def _check(self, raw: bytes, segment: Segment) -> None:
        reached = self._reached
        line = self._signed(raw)
        told = line.members
        if told.get("writer") != segment.writer:
            raise _BrokenError("the record is of another chain")
        seq = told.get("seq")
        if not isinstance(seq, int) or isinstance(seq, bool):
            raise _BrokenError("the record has no number")
        if not reached.records and segment.number > 1:
            reached.before = reached.head = Head(segment.writer, seq - 1, str(told.get("prev")))
        if seq != reached.head.seq + 1:
            raise _BrokenError(f"record {seq} stands where record {reached.head.seq + 1} has to follow")
        if told.get("prev") != reached.head.mac:
            raise _BrokenError(f"record {seq} does not follow the one before it")
        self._check_begun(told, segment)
        if self._anchored is not None and seq == self._anchored.seq and line.mac != self._anchored.mac:
            raise _BrokenError(f"record {seq} is another than the one that was anchored")
        reached.head = Head(segment.writer, seq, line.mac)
        reached.records += 1
        if told.get("kind") == DROPPED:
            keep_furthest(reached.dropped, _dropped(told))

    def _signed(self, raw: bytes) -> Line:
        parts, line = unsigned(raw), read_line(raw)
        if parts is None or line is None:
            raise _BrokenError("the line is no record")
        name = line.members.get("key")
        key = self._keys.chain(name)
        if key is None:
            if not self._reached.records and is_name(name):
                raise _OtherKeyError(name)
            raise _BrokenError("the record names another key than the chain")
        if not hmac.compare_digest(hmac.digest(key, parts[0], "sha256").hex(), parts[1]):
            raise _BrokenError("the record was changed")
        return line

    def _check_begun(self, told: Mapping[str, Any], segment: Segment) -> None:
        begins = told.get("kind") == BEGUN
        if begins != (self.line == 1):
            raise _BrokenError("a segment begins in the middle of a file" if begins else "the segment has no beginning")
        if begins and told.get("segment") != segment.number:
            raise _BrokenError(f"the file is named as segment {segment.number} and is segment {told.get('segment')}")
        if begins and day_of(str(told.get("at"))) != segment.day.isoformat():
            raise _BrokenError("the file is named by another day than its own")


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as opened:
        while line := opened.readline(LONGEST + 1):
            yield line


def _dropped(told: Mapping[str, Any]) -> dict[str, Dropped]:
    """Return what a record tells of dropping; it is signed, so its form is ours."""
    each = (Dropped(one["segment"], Head(one["writer"], one["seq"], one["head"])) for one in told["dropped"])
    return {one.head.writer: one for one in each}

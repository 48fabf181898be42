"""Finds records: those of customers by their references, and those of some kinds. Bytes are searched before any of them
are parsed."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from gateway.audit.keys import AuditKeys
from gateway.audit.lines import Line, read_line, unsigned
from gateway.audit.segments import Segment, segments_in

__all__ = ["Entries", "Entry"]

_CHUNK = 4_194_304
"""Bytes that are searched at once: the interpreter does nothing else meanwhile, for about a millisecond."""


def _always() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Entry:
    """One record: when it was written, by whose chain, its place there, its kind, and all its members.

    `is_signed` says whether its own HMAC holds; whether it stands in its place, `audit verify` tells.
    """

    at: datetime
    writer: str
    seq: int
    kind: str
    members: dict[str, Any]
    is_signed: bool

    @property
    def place(self) -> tuple[datetime, str, int]:
        """Return what orders entries: when, then by whom, then which."""
        return self.at, self.writer, self.seq


@dataclass(frozen=True, slots=True)
class Entries:
    """The records in a folder. `is_wanted` is asked on the way: once nobody waits for more, no more is found."""

    folder: Path
    keys: AuditKeys
    is_wanted: Callable[[], bool] = _always

    def of_references(
        self, references: Collection[str], since: date | None = None, until: date | None = None
    ) -> Iterator[Entry]:
        """Yield the records that name one of these references, the newest first, of the days from `since` to `until`.

        Those of one day are held at once. Raises OSError: The folder or a file of it cannot be read; a file that was
        dropped meanwhile is passed over.
        """
        wanted = [f'"{each}"'.encode() for each in references]
        for _, segments in groupby(reversed(self._segments(since, until)), key=lambda one: one.day):
            found = [entry for segment in segments for entry in self._found(segment, wanted)]
            yield from sorted(found, key=lambda one: one.place, reverse=True)

    def of_kinds(self, kinds: Collection[str], since: date | None = None) -> Iterator[Entry]:
        """Yield the records of these kinds, of the days from `since`. Raises OSError, as `of_references`."""
        for segment in self._segments(since, None):
            yield from self.in_segment(segment, kinds)

    def in_segment(self, segment: Segment, kinds: Collection[str]) -> Iterator[Entry]:
        """Yield the records of these kinds in one segment, in their order. Raises OSError, as `of_references`."""
        wanted = [f'"kind":"{each}"'.encode() for each in kinds]
        yield from (entry for entry in self._found(segment, wanted) if entry.kind in kinds)

    def _segments(self, since: date | None, until: date | None) -> list[Segment]:
        return [
            one
            for one in segments_in(self.folder)
            if (since is None or one.day >= since) and (until is None or one.day <= until)
        ]

    def _found(self, segment: Segment, wanted: Sequence[bytes]) -> Iterator[Entry]:
        try:
            for line in _lines_with(segment.path, wanted, self.is_wanted):
                read = read_line(line)
                entry = None if read is None else self._entry(line, read)
                if entry is not None:
                    yield entry
        except FileNotFoundError:
            return

    def _entry(self, line: bytes, read: Line) -> Entry | None:
        told = read.members
        try:
            at = datetime.fromisoformat(told["at"])
            place = str(told["writer"]), int(told["seq"]), str(told["kind"])
        except (KeyError, OverflowError, TypeError, ValueError):
            return None
        if at.tzinfo is None:  # not ours, for ours tell times in UTC; it could be held against none of them
            return None
        return Entry(at, *place, dict(told), self._is_signed(line, told.get("key")))

    def _is_signed(self, line: bytes, version: object) -> bool:
        key, parts = self.keys.chain(version), unsigned(line)
        return bool(key and parts and hmac.compare_digest(hmac.digest(key, parts[0], "sha256").hex(), parts[1]))


def _lines_with(path: Path, wanted: Sequence[bytes], is_wanted: Callable[[], bool]) -> Iterator[bytes]:
    """Yield the whole lines that hold one of the texts, in order, each once and without its newline."""
    with path.open("rb") as opened:
        while is_wanted() and (chunk := opened.read(_CHUNK)):
            chunk += opened.readline()
            places = sorted({place for text in wanted for place in _places(chunk, text)})
            end = -1
            for place in places:
                if place > end:
                    start, end = chunk.rfind(b"\n", 0, place) + 1, chunk.find(b"\n", place)
                    if end < 0:
                        return  # torn
                    yield chunk[start:end]


def _places(chunk: bytes, text: bytes) -> Iterator[int]:
    place = chunk.find(text)
    while place >= 0:
        yield place
        place = chunk.find(text, place + len(text))

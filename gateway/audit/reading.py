"""Finds records: those of customers by their references, and those of some kinds. Bytes are searched before any of them
are parsed, and never more of them are held than a bound, however much was recorded."""

from __future__ import annotations

import hmac
import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from heapq import nlargest
from itertools import accumulate, groupby
from pathlib import Path
from typing import Any, NamedTuple

from gateway.audit.keys import AuditKeys, is_name
from gateway.audit.lines import LONGEST, Line, read_line, unsigned
from gateway.audit.segments import Segment, segments_in

__all__ = ["DAMAGED", "Bound", "Entries", "Entry", "Place"]

DAMAGED = "damaged"
"""The kind of an entry that stands for lines which are no records: what they were about cannot be told."""

_CHUNK = LONGEST
"""Bytes that are searched at once, no more than a line may have: the interpreter does nothing else meanwhile, for about
a millisecond."""
_AT_ONCE = 20_000
"""Records of one day of which it is held at once where they stand, in some 300 bytes each; what is more is searched for
again, behind the last of them."""
_PART = 65_536
"""Bytes of a file that are read at most to find the number of a line; it is read whole for the first one alone."""
_HEAD = re.compile(
    rb'\{"writer":"(?P<writer>[0-9a-f]{16})","seq":(?P<seq>[0-9]{1,18}),"prev":"[0-9a-f]{64}","key":[^,]{1,32},'
    rb'"at":"(?P<at>[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3])(?::[0-5][0-9]){2}\.[0-9]{6}Z)"'
)
"""How a record begins: its place is found without the rest of it being parsed."""

Place = tuple[datetime, str, int]
"""What orders records: when, by which chain, and where there."""

_BEHIND_ALL = "~"
"""In place of a chain: what orders behind the records of all of them."""


def _always() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Entry:
    """One record: when it was written, by whose chain, its place there, its kind, and all its members.

    `is_signed` says whether its own HMAC holds, and it stands in a file of its day; whether it stands in its place
    there, `audit verify` tells.
    """

    at: datetime
    writer: str
    seq: int
    kind: str
    members: dict[str, Any]
    is_signed: bool

    @property
    def place(self) -> Place:
        """Return what orders entries: when, then by whom, then which."""
        return self.at, self.writer, self.seq


class _Raw(NamedTuple):
    """A line as it stands in a file: where, and without its newline; None of one that is too long."""

    offset: int
    line: bytes | None


_Key = tuple[str, str, int]
"""A place with its time as a text, in the form of records."""


class _Spot(NamedTuple):
    """Where a record stands: its place, its file, and where in that."""

    key: _Key
    segment: Segment
    offset: int
    size: int


@dataclass(slots=True)
class _Damage:
    """Lines of one file that cannot be read: where the first begins, and how many there are."""

    offset: int
    lines: int = 0


class _Damages(dict[Segment, _Damage]):
    """The damage of several files, of lines that do not tell their place."""

    def add(self, segment: Segment, offset: int) -> None:
        """Take a line that cannot be read."""
        self.setdefault(segment, _Damage(offset)).lines += 1

    def told(self, numbers: _Numbers) -> Iterator[Entry]:
        """Yield an entry for each file, in a place behind those of its day's records; not of one that was dropped."""
        for segment, one in self.items():
            try:
                line = numbers.of(segment, one.offset)
                yield _damaged((_begun(segment.day), "", -segment.number), segment, line, one.lines)
            except FileNotFoundError:
                continue


class _Numbers:
    """The numbers of lines by where they begin: each file is read once, and then a little of it for each line."""

    def __init__(self) -> None:
        self._before: dict[Path, list[int]] = {}

    def of(self, segment: Segment, offset: int) -> int:
        """Return the number of the line that begins there. Raises OSError."""
        with segment.path.open("rb") as opened:
            if segment.path not in self._before:
                parts = iter(partial(opened.read, _PART), b"")
                self._before[segment.path] = [*accumulate((part.count(b"\n") for part in parts), initial=1)]
            before = self._before[segment.path]
            part = min(offset // _PART, len(before) - 1)
            opened.seek(part * _PART)
            return before[part] + opened.read(offset - part * _PART).count(b"\n")


def _damaged(place: Place, segment: Segment, line: int, lines: int = 1) -> Entry:
    """Return the entry that stands for lines that cannot be read."""
    happened = {"file": segment.path.name, "line": line, "lines": lines}
    return Entry(*place, DAMAGED, {"happened": happened}, is_signed=False)


@dataclass(slots=True)
class Bound:
    """How much of the records one search reads, in bytes: whole days, one at least. `searched` counts.

    `reached` is None for as long as that has ended no search; then it is the place before which it goes on.
    """

    most: int
    searched: int = 0
    reached: Place | None = None

    def allows(self, day: date, size: int) -> bool:
        """Return whether the records of a day, of so many bytes, are searched too; then they count."""
        if self.searched and self.searched + size > self.most:
            self.reached = datetime.combine(day, time.max, UTC), _BEHIND_ALL, 0
            return False
        self.searched += size
        return True


@dataclass(frozen=True, slots=True)
class Entries:
    """The records in a folder. `is_wanted` is asked on the way: once nobody waits for more, no more is found; nor is it
    behind the `bound` of one search."""

    folder: Path
    keys: AuditKeys
    is_wanted: Callable[[], bool] = _always
    bound: Bound | None = None

    def of_references(
        self,
        references: Collection[str],
        since: date | None = None,
        until: date | None = None,
        before: Place | None = None,
    ) -> Iterator[Entry]:
        """Yield the records that name one of these references, the newest first, of the days from `since` to `until`,
        and behind the place `before`.

        Lines that cannot be read are told by entries of the kind DAMAGED: those that name a reference, and those that
        are longer than a record may be. Each stands in its place; those of a file that do not tell theirs stand for one
        entry at the beginning of its day. Raises OSError: The folder or a file of it cannot be read; a file that was
        dropped meanwhile is passed over.
        """
        wanted = [f'"{each}"'.encode() for each in references]
        for day, grouped in groupby(reversed(self._segments(since, until)), key=lambda one: one.day):
            segments = [*grouped]
            if self.bound is not None and not self.bound.allows(day, sum(map(_size, segments))):
                return
            yield from self._of_day(segments, wanted, before)

    def of_kinds(self, kinds: Collection[str], since: date | None = None) -> Iterator[Entry]:
        """Yield the records of these kinds, of the days from `since`. Raises OSError, as `of_references`."""
        for segment in self._segments(since, None):
            yield from self.in_segment(segment, kinds)

    def key_names(self) -> frozenset[str]:
        """Return the names of the keys by which the records were made, as their files begin. Raises OSError."""
        return frozenset(name for one in segments_in(self.folder) if is_name(name := _key_name(one.path)))

    def in_segment(
        self, segment: Segment, kinds: Collection[str], start: int = 0, end: int | None = None
    ) -> Iterator[Entry]:
        """Yield the records of these kinds in one segment, in their order, from the line that begins at one byte to
        before that which begins at another. Raises OSError, as `of_references`."""
        wanted = [f'"kind":"{each}"'.encode() for each in kinds]
        for raw in self._lines(segment, wanted, start, end):
            entry = None if raw.line is None else self._entry(raw.line, segment)
            if entry is not None and entry.kind in kinds:
                yield entry

    def last_end(self, segment: Segment, start: int, size: int) -> int:
        """Return where the last whole line ends that begins behind `start`, of so many bytes of a file; `start` where
        none does, or none of a record's length. Raises OSError."""
        begin = max(start, size - LONGEST)
        with segment.path.open("rb") as opened:
            opened.seek(begin)
            newline = opened.read(size - begin).rfind(b"\n")
        return start if newline < 0 else begin + newline + 1

    def _segments(self, since: date | None, until: date | None) -> list[Segment]:
        return [
            one
            for one in segments_in(self.folder)
            if (since is None or one.day >= since) and (until is None or one.day <= until)
        ]

    def _of_day(self, segments: Sequence[Segment], wanted: Sequence[bytes], before: Place | None) -> Iterator[Entry]:
        """Yield the newest first: it is found where so many at once stand, and then one record is read at a time."""
        behind, numbers = None if before is None else _key_of(before), _Numbers()
        while True:
            damages = _Damages()
            spots = self._newest(segments, wanted, behind, damages)
            yield from self._read(spots, numbers)
            if len(spots) < _AT_ONCE:
                break
            behind = spots[-1].key
        told = (one for one in damages.told(numbers) if before is None or one.place < before)
        yield from sorted(told, key=_place, reverse=True)

    def _newest(
        self, segments: Sequence[Segment], wanted: Sequence[bytes], behind: _Key | None, damages: _Damages
    ) -> list[_Spot]:
        """Return where the newest behind a place stand, the newest first: so many as are held at once.

        Of several in one place, as replays are, one that is as it was written counts.
        """
        kept: dict[_Key, _Spot] = {}
        for segment in segments:
            for raw in self._lines(segment, wanted):
                key = None if raw.line is None else self._key(raw.line, segment)
                if key is None or raw.line is None:
                    damages.add(segment, raw.offset)
                elif (behind is None or key < behind) and (key not in kept or self._holds(raw.line, segment)):
                    kept[key] = _Spot(key, segment, raw.offset, len(raw.line))
                    if len(kept) >= 2 * _AT_ONCE:
                        kept = {one.key: one for one in nlargest(_AT_ONCE, kept.values())}
        return nlargest(_AT_ONCE, kept.values())

    def _key(self, line: bytes, segment: Segment) -> _Key | None:
        found = _HEAD.match(line)
        if found is not None and found["at"].startswith(segment.day.isoformat().encode()):
            return found["at"].decode(), sys.intern(found["writer"].decode()), int(found["seq"])
        entry = self._entry(line, segment)
        return None if entry is None else _key_of(entry.place)

    def _holds(self, line: bytes, segment: Segment) -> bool:
        entry = self._entry(line, segment)
        return entry is not None and entry.is_signed

    def _read(self, spots: Iterable[_Spot], numbers: _Numbers) -> Iterator[Entry]:
        """Yield the records that stand there, of which one at a time is held, and one file is open."""
        for segment, several in groupby(spots, key=lambda one: one.segment):
            try:
                with segment.path.open("rb") as opened:
                    for spot in several:
                        if not self.is_wanted():
                            return
                        opened.seek(spot.offset)
                        entry = self._entry(opened.read(spot.size), segment)
                        if entry is not None and _key_of(entry.place) == spot.key:
                            yield entry
                        else:
                            yield _damaged(_place_of(spot.key), segment, numbers.of(segment, spot.offset))
            except FileNotFoundError:
                continue  # dropped meanwhile

    def _lines(
        self, segment: Segment, wanted: Sequence[bytes], start: int = 0, end: int | None = None
    ) -> Iterator[_Raw]:
        try:
            yield from _lines_with(segment.path, wanted, self.is_wanted, start, end)
        except FileNotFoundError:
            return

    def _entry(self, line: bytes, segment: Segment) -> Entry | None:
        """Return the record of a line, None where it cannot be read."""
        read = read_line(line)
        if read is None:
            return None
        told = read.members
        try:
            at = datetime.fromisoformat(told["at"])
            writer, seq, kind = str(told["writer"]), int(told["seq"]), str(told["kind"])
        except (KeyError, OverflowError, TypeError, ValueError):
            return None
        if not _is_of(at, segment.day):  # it is there all the same, and is told of the day in whose file it is
            return Entry(_begun(segment.day), writer, seq, kind, dict(told), is_signed=False)
        return Entry(at, writer, seq, kind, dict(told), self._is_signed(line, read))

    def _is_signed(self, line: bytes, read: Line) -> bool:
        key, parts = self.keys.chain(read.members.get("key")), unsigned(line)
        return bool(key and parts and hmac.compare_digest(hmac.digest(key, parts[0], "sha256").hex(), parts[1]))


def _place(entry: Entry) -> Place:
    return entry.place


def _key_of(place: Place) -> _Key:
    at, writer, seq = place
    return f"{at.replace(tzinfo=None).isoformat(timespec='microseconds')}Z", writer, seq


def _place_of(key: _Key) -> Place:
    return datetime.fromisoformat(key[0]), *key[1:]


def _is_of(at: datetime, day: date) -> bool:
    """Return whether a time is one of ours, which are in UTC, and of this day."""
    return at.tzinfo is not None and at.utcoffset() == timedelta(0) and at.date() == day


def _size(segment: Segment) -> int:
    try:
        return segment.path.stat().st_size
    except FileNotFoundError:
        return 0  # dropped meanwhile


def _begun(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def _key_name(path: Path) -> object:
    with path.open("rb") as opened:
        read = read_line(opened.readline(LONGEST).rstrip(b"\n"))
    return None if read is None else read.members.get("key")


def _lines_with(
    path: Path, wanted: Sequence[bytes], is_wanted: Callable[[], bool], start: int, end: int | None
) -> Iterator[_Raw]:
    """Yield the whole lines that hold one of the texts, each once and in order; and those that are longer than a record
    may be, which are not read. Of a part of the file, both ends of which are ends of lines."""
    with path.open("rb") as opened:
        offset = opened.seek(start)
        while is_wanted() and (chunk := opened.read(_CHUNK if end is None else min(_CHUNK, end - offset))):
            chunk += b"" if chunk.endswith(b"\n") else opened.readline(LONGEST + 1)
            last = chunk.rfind(b"\n", 0, -1) + 1
            is_too_long = len(chunk) - last > LONGEST  # no other line can be: a chunk begins with a line
            yield from _matching(chunk[:last] if is_too_long else chunk, offset, wanted)
            if is_too_long:
                yield _Raw(offset + last, None)
                part = chunk
                while not part.endswith(b"\n") and (part := opened.readline(LONGEST)):
                    pass
            offset = opened.tell()


def _matching(chunk: bytes, offset: int, wanted: Sequence[bytes]) -> Iterator[_Raw]:
    end = -1
    for place in sorted({place for text in wanted for place in _places(chunk, text)}):
        if place > end:
            start, end = chunk.rfind(b"\n", 0, place) + 1, chunk.find(b"\n", place)
            if end < 0:
                return  # torn
            yield _Raw(offset + start, chunk[start:end])


def _places(chunk: bytes, text: bytes) -> Iterator[int]:
    place = chunk.find(text)
    while place >= 0:
        yield place
        place = chunk.find(text, place + len(text))

"""Events that are read back, and outlast their records for as long as something has still to be done about them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from gateway.audit.by_segment import BySegment
from gateway.audit.reading import Entries, Entry
from gateway.audit.segments import Segment, segments_in
from gateway.audit.turns import Turns

__all__ = ["Again", "Events", "Lasting"]

_MOST_KEPT = 50_000
"""Events and segments that are kept in memory: some hundred bytes each. What is more is read again each time."""

_T = TypeVar("_T")

Again = tuple[str, Mapping[str, Any]]
"""What is written once more: its kind, and its members."""


@dataclass(frozen=True, slots=True)
class Lasting:
    """Events that are read back: of which kinds, and which of them are written again before their records are dropped.

    `again` is given those that are dropped and those that stay, each the oldest first.
    """

    kinds: tuple[str, ...] = ()
    again: Callable[[Sequence[Entry], Sequence[Entry]], Iterable[Again]] = lambda _dropped, _left: ()


class Events:
    """The events of an audit that are read back; of a file is read what was added to it."""

    def __init__(self, entries: Entries, lasting: Lasting) -> None:
        self._entries, self._lasting = entries, lasting
        self._turns = Turns()
        self._kept = BySegment(self._found, list[Entry].__add__, room=_MOST_KEPT, size=lambda found: 1 + len(found))

    async def read(self, work: Callable[[Sequence[Entry]], _T]) -> _T:
        """Return what `work` makes of them, given the oldest first, of every process that records there.

        It is done in a thread, and there are turns at it. Raises OSError: they cannot be read.
        """
        return await self._turns.read(
            self._entries, lambda wanted: work(_sorted(found for _, found in self._all(wanted)))
        )

    async def to_be_written_again(self, dropped: Collection[Segment]) -> list[Again]:
        """Return what is to be written again before these segments are dropped. Raises OSError."""
        gone = {one.path.name for one in dropped}

        def found(wanted: Entries) -> list[Again]:
            each = list(self._all(wanted))
            goes = _sorted(found for segment, found in each if segment.path.name in gone)
            stays = _sorted(found for segment, found in each if segment.path.name not in gone)
            return list(self._lasting.again(goes, stays))

        return await self._turns.read(self._entries, found)

    def _all(self, wanted: Entries) -> Iterator[tuple[Segment, list[Entry]]]:
        segments = segments_in(wanted.folder)
        self._kept.forget_all_but(segments)
        return self._kept.of(wanted, segments)

    def _found(self, entries: Entries, segment: Segment, start: int, end: int) -> list[Entry]:
        return list(entries.in_segment(segment, self._lasting.kinds, start, end))


def _sorted(found: Iterable[list[Entry]]) -> list[Entry]:
    return sorted((one for each in found for one in each), key=lambda one: one.place)

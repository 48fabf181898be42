"""What is made of segments, made once: records are only ever added, so it is gone on from where a file ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from gateway.audit.reading import Entries
from gateway.audit.segments import Segment

__all__ = ["BySegment"]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Made(Generic[_T]):
    """What was made of a file, known by its inode, up to the end of a line."""

    inode: int
    end: int
    made: _T


class BySegment(Generic[_T]):
    """Keeps what `make` has made of segments, from one byte to before another. Not for several threads at once.

    What was added to a file is added by `add`; one that is shorter, or another file, is begun anew. `room` is how much
    is kept, `size` how much one takes; what finds no room is made again each time.
    """

    def __init__(
        self,
        make: Callable[[Entries, Segment, int, int], _T],
        add: Callable[[_T, _T], _T],
        *,
        room: int,
        size: Callable[[_T], int] = lambda _: 1,
    ) -> None:
        self._make, self._add, self._size, self._left = make, add, size, room
        self._kept: dict[str, _Made[_T]] = {}

    def of(self, entries: Entries, segments: Iterable[Segment]) -> Iterator[tuple[Segment, _T]]:
        """Yield segments with what is made of each, passing over those that were dropped meanwhile. Raises OSError."""
        for segment in segments:
            name = segment.path.name
            try:
                made = self._made(entries, segment, self._kept.get(name))
            except FileNotFoundError:
                self._forget(name)
                continue
            if entries.is_wanted() and made is not self._kept.get(name):  # else it was not read to its end
                self._forget(name)
                self._keep(name, made)
            yield segment, made.made

    def forget_all_but(self, segments: Iterable[Segment]) -> None:
        """Forget what was made of segments that are dropped: give all that are there."""
        for name in self._kept.keys() - {one.path.name for one in segments}:
            self._forget(name)

    def _made(self, entries: Entries, segment: Segment, known: _Made[_T] | None) -> _Made[_T]:
        found = segment.path.stat()
        if known is not None and (known.inode != found.st_ino or known.end > found.st_size):
            known = None
        if known is not None and known.end == found.st_size:
            return known
        start = 0 if known is None else known.end
        end = entries.last_end(segment, start, found.st_size)
        more = self._make(entries, segment, start, end)
        return _Made(found.st_ino, end, more if known is None else self._add(known.made, more))

    def _keep(self, name: str, made: _Made[_T]) -> None:
        if self._size(made.made) <= self._left:
            self._left -= self._size(made.made)
            self._kept[name] = made

    def _forget(self, name: str) -> None:
        known = self._kept.pop(name, None)
        if known is not None:
            self._left += self._size(known.made)

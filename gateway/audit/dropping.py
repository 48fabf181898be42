"""Drops whole segments that are older than records are kept, after it was recorded which.

The record tells, for each chain, how far it was dropped: the number of the last segment that is gone, and where the
chain stood at its end. When a segment with such a record is dropped itself, what it tells is told again.
"""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from gateway.audit.anchors import AnchorFile, anchor_files, read_anchors
from gateway.audit.chains import Dropped, keep_furthest, read_chain
from gateway.audit.keys import AuditKeys
from gateway.audit.lines import Head
from gateway.audit.segments import Segment, chains_in

__all__ = ["Dropping", "Old"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Old:
    """What is to be dropped: segments, how far which chain is dropped, and files of anchors that are of no use more."""

    segments: Sequence[Segment]
    dropped: Mapping[str, Dropped]
    anchors: Sequence[AnchorFile]

    def told(self) -> list[dict[str, Any]]:
        """Return what the record of it says."""
        return [self.dropped[writer].told() for writer in sorted(self.dropped)]

    def remove(self) -> int:
        """Remove the files; return how many segments that were. Raises OSError: A segment cannot be removed.

        Anchors may stand where nothing can be removed: they stay then.
        """
        for segment in self.segments:
            segment.path.unlink(missing_ok=True)
        for file in self.anchors:
            try:
                file.path.unlink(missing_ok=True)
            except OSError:
                _log.info("audit: %s stays, for it cannot be removed", file.path.name)
        return len(self.segments)


@dataclass(frozen=True, slots=True)
class Dropping:
    """Finds what is older than so many whole days."""

    folder: Path
    anchors: Path
    keys: AuditKeys = field(repr=False)
    days: int

    def old(self, today: date) -> Old:
        """Return what may be dropped. Nothing of a segment that is in use, or does not hold: that is for a person.

        Raises OSError: The folders cannot be read.
        """
        chains, before = chains_in(self.folder), today - timedelta(days=self.days)
        segments: list[Segment] = []
        dropped: dict[str, Dropped] = {}
        for chain in chains.values():
            several = [*_old_of(chain, before)]
            found = self._dropped(several) if several else None
            if found is not None:
                segments += several
                keep_furthest(dropped, found)
        files, (newest, _) = anchor_files(self.anchors), read_anchors(self.anchors, self.keys)
        left = {segment.writer for chain in chains.values() for segment in chain if segment not in segments}
        useless = [one for one in files if _is_useless(one, files, before, left, dropped, newest)]
        known = left | {one.writer for one in files}
        return Old(segments, {writer: one for writer, one in dropped.items() if writer in known}, useless)

    def _dropped(self, segments: Sequence[Segment]) -> dict[str, Dropped] | None:
        """Return how far these segments are dropped, and what they tell of dropping; None where they do not hold."""
        reached = read_chain(segments, self.keys)
        if reached.broken is not None:
            name, text = reached.broken.path.name, reached.broken.text
            _log.error("audit: %s is old and is not dropped, for it does not hold: %s", name, text)
            return None
        told = reached.dropped
        keep_furthest(told, {reached.head.writer: Dropped(segments[-1].number, reached.head)})
        return told


def _old_of(chain: Sequence[Segment], before: date) -> Iterator[Segment]:
    """Yield the segments at the beginning of a chain that are of days before this one and not in use."""
    for segment in chain:
        if segment.day >= before or _is_in_use(segment.path):
            return
        yield segment


def _is_in_use(path: Path) -> bool:
    try:
        opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return True  # another process drops it just now
    try:
        fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(opened)
    return False


def _is_useless(
    file: AnchorFile,
    files: Sequence[AnchorFile],
    before: date,
    left: set[str],
    dropped: Mapping[str, Dropped],
    newest: Mapping[str, Head],
) -> bool:
    """Return whether anchors say nothing more: their chain is dropped as far as it was anchored, or newer ones do."""
    gone, anchored = dropped.get(file.writer), newest.get(file.writer)
    if file.writer not in left and gone is not None and anchored is not None:
        return anchored.seq <= gone.head.seq
    return file.day < before and any(one.writer == file.writer and one.day > file.day for one in files)

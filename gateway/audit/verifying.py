"""Verifies an audit: every chain against itself, against the anchors, and against what was dropped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gateway.audit.anchors import BadAnchor, read_anchors
from gateway.audit.chains import Break, Dropped, Reached, keep_furthest, read_chain
from gateway.audit.keys import AuditKeys
from gateway.audit.lines import Head
from gateway.audit.segments import Segment, chains_in

__all__ = ["AuditReport", "Progress", "verify_audit"]

_NO_ANCHOR = "the line is no anchor of this chain, or was changed"
_OTHER_KEY = "the record names another key than the anchors of its chain"

Progress = Callable[[int, int], None]
"""Told how many bytes there are, and how many were read since it was told before."""


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What was found: how many chains, segments and records, and every break.

    `unanchored` is how many records stand behind the newest anchors of their chains: had some of these been cut, nobody
    could tell. None where no anchors were given: then whole chains could have been. `torn` are the files at whose ends
    a record stands in part. `other_keys` names the keys that are not at hand, with how many chains each has made: these
    could not be verified, for their secret is another one, or of a version that is not there.
    """

    chains: int
    segments: int
    records: int
    breaks: Sequence[Break]
    unanchored: int | None
    torn: Sequence[Path] = ()
    other_keys: Mapping[str, int] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Return whether nothing is wrong, and nothing was left unverified."""
        return not self.breaks and not self.other_keys


def verify_audit(
    folder: Path, keys: AuditKeys, anchors: Path | None = None, progress: Progress | None = None
) -> AuditReport:
    """Return what is wrong with the audit in a folder, held against the anchors in another one.

    One chain is read after the other, a line at a time; of each its first break is told. Raises OSError: A folder or
    file cannot be read, also because it was dropped meanwhile.
    """
    newest, bad = read_anchors(anchors, keys) if anchors else ({}, [])
    chains = chains_in(folder)
    total = sum(segment.path.stat().st_size for chain in chains.values() for segment in chain)
    tell = None if progress is None else lambda size: progress(total, size)
    reached = {writer: read_chain(chain, keys, newest.get(writer), tell) for writer, chain in chains.items()}
    dropped: dict[str, Dropped] = {}
    for one in reached.values():
        keep_furthest(dropped, one.dropped)
    others = _of_other_keys(reached, newest, bad)
    breaks = [Break(one.path, one.line, _NO_ANCHOR) for one in bad if others.get(one.writer, "") != one.key]
    renamed = [writer for writer, one in reached.items() if one.key is not None and writer not in others]
    breaks += [Break(chains[writer][0].path, 1, _OTHER_KEY) for writer in renamed]
    breaks += [found for writer, one in reached.items() if (found := _fault(chains[writer][0], one, dropped))]
    if anchors is not None:
        newest = _with_younger(newest, anchors, keys, {*chains})
        breaks += _missing(folder, newest, chains, dropped)
        breaks += [_unknown(chain[0]) for writer, chain in chains.items() if writer not in {*newest, *others}]
    return AuditReport(
        len(chains),
        sum(map(len, chains.values())),
        sum(one.records for one in reached.values()),
        breaks,
        None if anchors is None else sum(_unanchored(one, newest.get(writer)) for writer, one in reached.items()),
        [one.torn for one in reached.values() if one.torn is not None],
        Counter(others.values()),
    )


def _of_other_keys(
    reached: Mapping[str, Reached], newest: Mapping[str, Head], bad: Iterable[BadAnchor]
) -> Mapping[str, str]:
    """Return which chains were made by keys that are not at hand, with the names of these: as records and anchors say.

    Not those with an anchor by a key that is at hand: a chain has one key, so the other name was written by somebody
    else.
    """
    of_records = {writer: one.key for writer, one in reached.items() if one.key is not None and writer not in newest}
    is_there = {*reached, *newest}
    return {**{one.writer: one.key for one in bad if one.key is not None and one.writer not in is_there}, **of_records}


def _fault(first: Segment, reached: Reached, dropped: Mapping[str, Dropped]) -> Break | None:
    """Return a chain's first break: that its beginning is missing and was not dropped, or the one that reading met."""
    if first.number == 1 or not reached.records:
        return reached.broken
    told = dropped.get(first.writer)
    if told is None or told.number != first.number - 1 or told.head != reached.before:
        return Break(first.path, 1, "segments before this one are missing, and no record tells that they were dropped")
    return reached.broken


def _with_younger(newest: Mapping[str, Head], anchors: Path, keys: AuditKeys, writers: set[str]) -> Mapping[str, Head]:
    """Return the anchors, with those of chains that began while the others were being read."""
    if writers <= newest.keys():
        return newest
    younger, _ = read_anchors(anchors, keys)
    return {**{writer: head for writer, head in younger.items() if writer in writers}, **newest}


def _missing(
    folder: Path, newest: Mapping[str, Head], chains: Mapping[str, Sequence[Segment]], dropped: Mapping[str, Dropped]
) -> list[Break]:
    """Return the chains that were anchored and are not there; those that were dropped as far as that are no break."""
    found = []
    for writer, head in newest.items():
        told = dropped.get(writer)
        is_dropped = told is not None and told.head.seq >= head.seq
        if writer not in chains and head.seq >= 0 and not is_dropped:
            text = f"the chain {writer} is missing: {head.seq + 1} records were anchored"
            found.append(Break(folder, None, text))
    return found


def _unknown(first: Segment) -> Break:
    return Break(first.path, 1, "no anchor knows this chain: it is of another audit, or its anchors are missing")


def _unanchored(reached: Reached, anchored: Head | None) -> int:
    since = -1 if anchored is None else anchored.seq
    return max(0, reached.head.seq - max(since, reached.before.seq))

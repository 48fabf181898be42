"""The files of the audit: segments of chains, each named by its day, its writer and its number in the chain.

2026-11-22-7f3a9c41d2e80b65-000001.jsonl
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

__all__ = ["Segment", "chains_in", "day_of", "segments_in"]

_NAME = re.compile(r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})-(?P<writer>[0-9a-f]{16})-(?P<number>[0-9]{6,9})\.jsonl")


@dataclass(frozen=True, slots=True)
class Segment:
    """One file: of which day, whose chain, and the how manieth of it, from 1."""

    path: Path
    day: date
    writer: str
    number: int

    @classmethod
    def named(cls, folder: Path, day: str, writer: str, number: int) -> Segment:
        """Return the segment of this day, writer and number."""
        return cls(folder / f"{day}-{writer}-{number:06}.jsonl", date.fromisoformat(day), writer, number)

    @classmethod
    def at(cls, path: Path) -> Segment | None:
        """Return the segment at this path, None where its name is that of none."""
        found = _NAME.fullmatch(path.name)
        try:
            return cls(path, date.fromisoformat(found["day"]), found["writer"], int(found["number"])) if found else None
        except ValueError:
            return None


def day_of(at: str) -> str:
    """Return the day of a moment that is in the form of records, in UTC."""
    return at[:10]


def segments_in(folder: Path) -> list[Segment]:
    """Return the segments in a folder, in the order of their names. Raises OSError: it cannot be read."""
    found = (Segment.at(path) for path in sorted(folder.iterdir()))
    return [segment for segment in found if segment is not None]


def chains_in(folder: Path) -> Mapping[str, list[Segment]]:
    """Return the segments in a folder by their writer, in the order of their numbers. Raises OSError."""
    chains: dict[str, list[Segment]] = {}
    for segment in segments_in(folder):
        chains.setdefault(segment.writer, []).append(segment)
    return {writer: sorted(each, key=lambda one: one.number) for writer, each in sorted(chains.items())}

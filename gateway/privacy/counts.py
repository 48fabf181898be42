"""How often views were used: requests of the audit, counted by day, view and consumer. No customer is in a count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from gateway.audit.by_segment import BySegment
from gateway.audit.reading import Entries
from gateway.audit.records import REQUEST
from gateway.audit.segments import Segment, segments_in
from gateway.audit.turns import Turns

__all__ = ["Count", "Counts", "Use", "Used"]

_MOST_KEPT = 50_000
"""Counts and segments that are kept: a few hundred bytes each; a segment has one for each view and consumer."""
_MORE = "+"
"""Between codes of a record: the first is what the consumer was told."""


@dataclass(frozen=True, slots=True, order=True)
class Use:
    """A consumer that used a view on a day; `view` is empty where a request named none that it may use."""

    day: date
    view: str
    consumer: str


@dataclass(slots=True)
class Count:
    """How much a view was used: requests, how many of them were refused or had a broken glass, and look-ups:
    customers, each counted in each request.

    `levels` are customers by how well they were verified, `hidden` those of whom nothing was shown by the reason;
    `withheld` counts by its code each coordinate withheld of each customer.
    """

    requests: int = 0
    refused: int = 0
    opened: int = 0
    lookups: int = 0
    levels: Counter[str] = field(default_factory=Counter)
    hidden: Counter[str] = field(default_factory=Counter)
    withheld: Counter[str] = field(default_factory=Counter)

    def add(self, other: Count) -> None:
        """Count what another has counted."""
        self.requests += other.requests
        self.refused += other.refused
        self.opened += other.opened
        self.lookups += other.lookups
        self.levels += other.levels
        self.hidden += other.hidden
        self.withheld += other.withheld


@dataclass(frozen=True, slots=True)
class Used:
    """The counts of some days. `changed` is how many records are not as they were written; these are not counted."""

    uses: Mapping[Use, Count]
    changed: int


class Counts:
    """Counts the records of an audit, one reading at a time.

    What was counted of a segment is kept, and what was added to its file is counted then. So what was not counted in
    time is nearer to its end when it is asked again.
    """

    def __init__(self) -> None:
        self._turns = Turns()
        self._kept = BySegment(_counted, _sum, room=_MOST_KEPT, size=lambda used: 1 + len(used.uses))

    async def of_days(self, entries: Entries, since: date, until: date) -> Used:
        """Return the counts of these days, both included. Raises OSError: the records cannot be read."""
        return await self._turns.read(entries, lambda wanted: self._of_days(wanted, since, until))

    def _of_days(self, entries: Entries, since: date, until: date) -> Used:
        segments = segments_in(entries.folder)
        self._kept.forget_all_but(segments)
        days = [one for one in segments if since <= one.day <= until]
        return _together(used for _, used in self._kept.of(entries, days))


def _counted(entries: Entries, segment: Segment, start: int, end: int) -> Used:
    uses, changed = dict[Use, Count](), 0
    for entry in entries.in_segment(segment, (REQUEST,), start, end):
        if not entry.is_signed:
            changed += 1
            continue
        told = entry.members
        use = Use(segment.day, told.get("view", ""), told["consumer"])
        _add(uses.setdefault(use, Count()), told)
    return Used(uses, changed)


def _add(count: Count, told: Mapping[str, Any]) -> None:
    count.requests += 1
    count.refused += "code" in told
    count.opened += any("opened" in group for group in told.get("shown", ()))
    for group in told.get("shown", ()):
        customers = len(group.get("customers", ())) + group.get("unknown", 0)
        count.lookups += customers
        count.levels[group["level"]] += customers
        if "refused" in group:
            count.hidden[group["refused"]] += customers
        for codes, coordinates in group.get("withhold", {}).items():
            count.withheld[codes.partition(_MORE)[0]] += customers * len(coordinates)


def _sum(one: Used, other: Used) -> Used:
    return _together((one, other))


def _together(counted: Iterable[Used]) -> Used:
    uses, changed = dict[Use, Count](), 0
    for one in counted:
        changed += one.changed
        for use, count in one.uses.items():
            uses.setdefault(use, Count()).add(count)
    return Used(uses, changed)

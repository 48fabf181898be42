"""How often views were used: requests of the audit, counted by day, view and consumer. No customer is in a count."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from threading import Event
from typing import Any

from gateway.audit.reading import Entries
from gateway.audit.records import REQUEST
from gateway.audit.segments import Segment, segments_in

__all__ = ["Count", "Counts", "Use", "Used"]

_MOST_KEPT = 5_000
"""Segments whose counts are kept: a few hundred bytes each, and 64 MB of records."""
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
    """How much a view was used: requests, how many of them were refused or had a broken glass, and customers.

    `levels` are customers by how well they were verified, `hidden` those of whom nothing was shown by the reason;
    `withheld` counts by its code each coordinate withheld of each customer.
    """

    requests: int = 0
    refused: int = 0
    opened: int = 0
    customers: int = 0
    levels: Counter[str] = field(default_factory=Counter)
    hidden: Counter[str] = field(default_factory=Counter)
    withheld: Counter[str] = field(default_factory=Counter)

    def add(self, other: Count) -> None:
        """Count what another has counted."""
        self.requests += other.requests
        self.refused += other.refused
        self.opened += other.opened
        self.customers += other.customers
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

    What was counted of a segment is kept for as long as its file has the same size: records are only ever added. So
    what was not counted in time is nearer to its end when it is asked again.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, int], Used] = OrderedDict()
        self._turn = asyncio.Lock()

    async def of_days(self, entries: Entries, since: date, until: date) -> Used:
        """Return the counts of these days, both included. Raises OSError: the records cannot be read."""
        stopped = Event()
        wanted = Entries(entries.folder, entries.keys, lambda: not stopped.is_set())
        try:
            async with self._turn:
                return await asyncio.to_thread(self._of_days, wanted, since, until)
        finally:
            stopped.set()  # the thread may read yet

    def _of_days(self, entries: Entries, since: date, until: date) -> Used:
        days = [one for one in segments_in(entries.folder) if since <= one.day <= until]
        return _together(self._of_segment(entries, one) for one in days)

    def _of_segment(self, entries: Entries, segment: Segment) -> Used:
        try:
            key = (segment.path.name, segment.path.stat().st_size)
        except FileNotFoundError:
            return Used({}, 0)  # dropped meanwhile
        found = self._kept.get(key)
        if found is None:
            found = _counted(segment, entries)
            if entries.is_wanted():  # else it was not read to its end
                self._keep(key, found)
        return found

    def _keep(self, key: tuple[str, int], counted: Used) -> None:
        self._kept[key] = counted
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)


def _counted(segment: Segment, entries: Entries) -> Used:
    uses, changed = dict[Use, Count](), 0
    for entry in entries.in_segment(segment, (REQUEST,)):
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
    count.opened += "grant" in told
    for group in told.get("shown", ()):
        customers = len(group.get("customers", ())) + group.get("unknown", 0)
        count.customers += customers
        count.levels[group["level"]] += customers
        if "refused" in group:
            count.hidden[group["refused"]] += customers
        for codes, coordinates in group.get("withhold", {}).items():
            count.withheld[codes.partition(_MORE)[0]] += customers * len(coordinates)


def _together(counted: Iterable[Used]) -> Used:
    uses, changed = dict[Use, Count](), 0
    for one in counted:
        changed += one.changed
        for use, count in one.uses.items():
            uses.setdefault(use, Count()).add(count)
    return Used(uses, changed)

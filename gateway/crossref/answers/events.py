"""What has happened: one customer"s history, the feed of changes, and whether the log holds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Self

from adapters.crossref import ChainReport, Change, HistoryEntry
from gateway.told import Told

__all__ = ["ChangeTold", "ChangesTold", "EntryTold", "HistoryTold", "Verified"]


class EntryTold(Told):
    """One event: its number, when, what, which customer it names, who did it and why, and what exactly.

    `body` holds ids of links, customers and candidates, and commitments in place of keys.
    """

    seq: int
    at: datetime
    type: str
    customer: str | None
    actor: str
    reason_code: str | None
    reason_ref: str | None
    body: dict[str, Any]


class HistoryTold(Told):
    """A page of what happened, in order. The next one begins `after` the `next` of this one; null at the end."""

    entries: list[EntryTold]
    next: int | None

    @classmethod
    def of(cls, entries: Sequence[HistoryEntry], limit: int) -> Self:
        """Return a page of at most so many."""
        told = [EntryTold.model_validate(one) for one in entries]
        return cls(entries=told, next=told[-1].seq if len(told) == limit else None)


class ChangeTold(Told):
    """One event as a subscriber needs it: its number, when, what, the customers concerned, and what exactly.

    `customers` begins with the one that the event names; it is empty for what concerns a source.
    """

    seq: int
    at: datetime
    type: str
    customers: list[str]
    body: dict[str, Any]

    @classmethod
    def of(cls, change: Change) -> Self:
        """Return it of what the feed gives."""
        return cls.model_validate(change)


class ChangesTold(Told):
    """What has changed, in order and without gaps. Ask for what follows with `after` the `next` of this one.

    `next` is the number of the last event told; where there is none, that which was asked for.
    """

    changes: list[ChangeTold]
    next: int

    @classmethod
    def of(cls, changes: Sequence[Change], after: int) -> Self:
        """Return what follows an event."""
        told = [ChangeTold.of(one) for one in changes]
        return cls(changes=told, next=told[-1].seq if told else after)


class ProblemTold(Told):
    """What is wrong at one event, and with which row."""

    seq: int
    text: str
    row_id: str | None


class Verified(Told):
    """How many events, commitments and rows were checked, and what was found: all is well without `problems`.

    `erased` counts commitments whose keys were erased. The first 100 problems are told.
    """

    holds: bool
    events: int
    commitments: int
    erased: int
    rows: int
    problems: list[ProblemTold]

    @classmethod
    def of(cls, report: ChainReport) -> Self:
        """Return it of what was found."""
        return cls.model_validate(report)

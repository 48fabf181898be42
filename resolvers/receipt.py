"""What one request read: sources, calls, coordinates and times. Never keys, never values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from adapters.answers import Found
from adapters.crossref import Subject
from resolvers.plan import Step
from resolvers.run import Fetched
from schema.observer import Sent
from schema.views import ReceiptDetail, View

__all__ = ["Calls", "make_receipt"]


@dataclass(slots=True)
class Calls:
    """An observer that keeps what one request sent."""

    events: list[Sent] = field(default_factory=list)

    def sent(self, event: Sent) -> None:
        """Keep the event."""
        self.events.append(event)


def make_receipt(
    view: View, level: ReceiptDetail, calls: Calls, fetched: Fetched, subjects: Sequence[Subject], seconds: float
) -> dict[str, Any] | None:
    """Return the receipt in response form, None at level `none`.

    `sources` holds an entry for each offer that the plan asks: calls, keys, fields (of the adapter's record), `ms` (the
    slowest call), `outcome` (OK, or the code of the last call that failed) and how many failed. At level `fields`,
    `fields` holds an entry for each coordinate: its source, whether it was shown or only a key to reach something
    else, and when its oldest answer was fetched.
    """
    if level is ReceiptDetail.NONE:
        return None
    steps = fetched.plan.steps
    receipt: dict[str, Any] = {
        "view": view.id,
        "purpose": view.purpose.dpv,
        "customers": len(subjects),
        "ms": _ms(seconds),
        "sources": [_source(step, calls.events, fetched, subjects) for step in steps],
    }
    if level is ReceiptDetail.FIELDS:
        receipt["fields"] = [entry for step in steps for entry in _fields(step, fetched, subjects)]
    return receipt


def _source(step: Step, events: Sequence[Sent], fetched: Fetched, subjects: Sequence[Subject]) -> dict[str, Any]:
    asked = {fields for subject in subjects if (fields := fetched.verdicts.fields(step, subject)) is not None}
    mine = [
        event
        for event in events
        if (event.source, event.offer) == (step.source, step.offer.name) and event.fields in asked
    ]
    failed = [event.outcome for event in mine if event.outcome is not None]
    return {
        "source": step.source,
        "offer": step.offer.name,
        "depth": step.depth,
        "calls": len(mine),
        "keys": len({key for subject in subjects for key in fetched.keys(step, subject)}),
        "fields": sorted({name for fields in asked for name in fields}),
        "ms": _ms(max((event.seconds for event in mine), default=0.0)),
        "outcome": str(failed[-1]) if failed else "OK" if mine else "NOT_ASKED",
        "failed": len(failed),
    }


def _fields(step: Step, fetched: Fetched, subjects: Sequence[Subject]) -> Iterator[dict[str, Any]]:
    oldest = min(_times(step, fetched, subjects), default=None)
    for coordinate in dict.fromkeys(wanted.coordinate for wanted in step.wanted):
        uses = {wanted.is_key for wanted in step.wanted if wanted.coordinate == coordinate}
        yield {
            "coordinate": coordinate,
            "source": step.source,
            "offer": step.offer.name,
            "use": "key" if uses == {True} else "value",
            "fetchedAt": oldest,
        }


def _times(step: Step, fetched: Fetched, subjects: Sequence[Subject]) -> Iterator[str]:
    for subject in subjects:
        for key in fetched.keys(step, subject):
            answer = fetched.answer(step, subject, key)
            if isinstance(answer, Found):
                yield answer.fetched_at.isoformat(timespec="milliseconds")


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)

"""What one request read: sources, calls, coordinates and times. Never keys, never values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from adapters.answers import Answer, Found, SourceError
from adapters.crossref import Subject
from resolvers.plan import Step
from resolvers.run import Fetched
from schema.observer import Sent
from schema.views import ReceiptDetail, View

__all__ = ["make_receipt"]


def make_receipt(
    view: View, level: ReceiptDetail, fetched: Fetched, subjects: Sequence[Subject], seconds: float
) -> dict[str, Any] | None:
    """Return the receipt in response form, None at level `none`.

    `sources` holds an entry for each step of the plan: how many calls have ended and how many of them failed, distinct
    keys, fields (of the adapter's record), `ms` (the slowest call), and `outcome`: OK, the code of the last call that
    failed, the code of an answer where no call has ended, or NOT_ASKED. At level `fields`, `fields` holds an entry for
    each coordinate that was asked for any customer: its source, whether it was shown or only a key to reach something
    else, and when its oldest answer was fetched, None where none came.
    """
    if level is ReceiptDetail.NONE:
        return None
    steps = fetched.plan.distinct
    receipt: dict[str, Any] = {
        "view": view.id,
        "purpose": view.purpose.dpv,
        "customers": len(subjects),
        "ms": _ms(seconds),
        "sources": [_source(step, fetched, subjects) for step in steps],
    }
    if level is ReceiptDetail.FIELDS:
        receipt["fields"] = [entry for step in steps for entry in _fields(step, fetched, subjects)]
    return receipt


def _source(step: Step, fetched: Fetched, subjects: Sequence[Subject]) -> dict[str, Any]:
    asked = [subject for subject in subjects if fetched.keys(step, subject)]
    sent = fetched.sent.get(step.number, [])
    return {
        "source": step.source,
        "offer": step.offer.name,
        "depth": step.depth,
        "calls": len(sent),
        "keys": len({key for subject in asked for key in fetched.keys(step, subject)}),
        "fields": sorted({name for subject in asked for name in fetched.verdicts.fields(step, subject) or ()}),
        "ms": _ms(max((event.seconds for event in sent), default=0.0)),
        "outcome": _outcome(sent, [answer for subject in asked for answer in _answers(step, fetched, subject)]),
        "failed": sum(event.outcome is not None for event in sent),
    }


def _outcome(sent: Sequence[Sent], answers: Sequence[Answer]) -> str:
    failed = [event.outcome for event in sent if event.outcome is not None]
    if not failed:  # a call that went well can hold what cannot be used; one that was cut has not told how it ended
        failed = [answer.reason for answer in answers if isinstance(answer, SourceError)]
    return str(failed[-1]) if failed else "OK" if answers else "NOT_ASKED"


def _fields(step: Step, fetched: Fetched, subjects: Sequence[Subject]) -> Iterator[dict[str, Any]]:
    uses: dict[str, str] = {}
    times: dict[str, list[datetime]] = {}
    for subject in (one for one in subjects if fetched.keys(step, one)):
        fetched_at = [answer.fetched_at for answer in _answers(step, fetched, subject) if isinstance(answer, Found)]
        for wanted in fetched.verdicts.wanted(step, subject):
            uses[wanted.coordinate] = "key" if wanted.is_key else "value"
            times.setdefault(wanted.coordinate, []).extend(fetched_at)
    for coordinate, use in uses.items():
        yield {
            "coordinate": coordinate,
            "source": step.source,
            "offer": step.offer.name,
            "use": use,
            "fetchedAt": _time(min(times[coordinate], default=None)),
        }


def _answers(step: Step, fetched: Fetched, subject: Subject) -> list[Answer]:
    return [fetched.answer(step, subject, key) for key in fetched.keys(step, subject)]


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="milliseconds")


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)

"""What one request read: sources, calls, coordinates and times. Never keys, never values."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from adapters.answers import Answer, Found, Key, SourceError
from adapters.crossref import Subject
from resolvers.fetched import Fetched
from resolvers.gates import Gate
from resolvers.steps import GateStep, Step
from schema.observer import Sent
from schema.reasons import Reason
from schema.views import ReceiptDetail, View

__all__ = ["make_receipt"]

_Alike = Mapping[Key, Answer] | None


def make_receipt(
    view: View,
    level: ReceiptDetail,
    fetched: Fetched,
    subjects: Sequence[Subject],
    seconds: float,
    *,
    has_refused: bool = False,
) -> dict[str, Any] | None:
    """Return the receipt in response form, None at level `none`.

    `sources` holds an entry for each step of the plan, and before them one for each offer whose gates were asked: how
    many calls have ended and how many of them failed, distinct keys, fields (of the adapter's record), `ms` (the
    slowest call), and `outcome`: OK, the code of the last call that failed, the code of an answer where no call has
    ended, or NOT_ASKED. At level `fields`, `fields` holds an entry for each coordinate that was asked for any customer:
    its source, whether it was shown or only a key to reach something else, and when its oldest answer was fetched, None
    where none came.

    Where a look-up shows nobody (`has_refused`), the gates of the subject are left out: whether they were asked would
    tell whether there is somebody.
    """
    if level is ReceiptDetail.NONE:
        return None
    of_subject = fetched.verdicts.rules.rules.of_subject if has_refused else frozenset[Gate]()
    gates = [(step, sent) for step, sent in fetched.gate_calls.items() if not step.gates & of_subject]
    seen = [(step, fetched, subjects, _answered_alike(step, fetched)) for step in fetched.plan.distinct]
    receipt: dict[str, Any] = {
        "view": view.id,
        "purpose": view.purpose.dpv,
        "customers": len(subjects),
        "ms": _ms(seconds),
        "sources": [*map(_gates, gates), *(_source(*one) for one in seen)],
    }
    if level is ReceiptDetail.FIELDS:
        receipt["fields"] = [entry for one in seen for entry in _fields(*one)]
    return receipt


def _answered_alike(step: Step, fetched: Fetched) -> _Alike:
    """Return all answers of a step where every customer was asked alike and every key was answered, else None."""
    batches = fetched.batches.get(step.number)
    is_one = fetched.verdicts.is_plain or fetched.verdicts.is_uniform
    answers = fetched.in_full(step.number) if batches is not None and is_one else None
    if answers is None or sum([len(batch.keys) for batch in batches or ()]) > len(answers):
        return None
    return answers


def _source(step: Step, fetched: Fetched, subjects: Sequence[Subject], alike: _Alike) -> dict[str, Any]:
    sent = fetched.sent.get(step.number, ())
    keys, fields, answers = _asked(step, fetched, subjects, alike)
    failed = [event.outcome for event in sent if event.outcome is not None]
    return {
        **step.told,
        "calls": len(sent),
        "keys": keys,
        "fields": fields,
        "ms": _ms(max([event.seconds for event in sent], default=0.0)),
        "outcome": _outcome(failed, answers),
        "failed": len(failed),
    }


def _gates(asked: tuple[GateStep, Sequence[Sent]]) -> dict[str, Any]:
    step, sent = asked
    failed = [event.outcome for event in sent if event.outcome is not None]
    return {
        **step.told,
        "calls": len(sent),
        "keys": sum(event.keys for event in sent),
        "fields": sorted({name for event in sent for name in event.fields}),
        "ms": _ms(max([event.seconds for event in sent], default=0.0)),
        "outcome": str(failed[-1]) if failed else "OK" if sent else "NOT_ASKED",
        "failed": len(failed),
    }


def _asked(
    step: Step, fetched: Fetched, subjects: Sequence[Subject], alike: _Alike
) -> tuple[int, list[str], Collection[Answer]]:
    """Return how many distinct keys a step has, the fields that it asks for of any customer, and their answers."""
    if alike is not None:
        left = fetched.verdicts.usual.left(step)
        return len(alike), list(left.fields) if left and alike else [], alike.values()
    asked = [subject for subject in subjects if fetched.keys(step, subject)]
    keys = {key for subject in asked for key in fetched.keys(step, subject)}
    fields = sorted({name for subject in asked for name in fetched.fields(step, subject) or ()})
    return len(keys), fields, [answer for subject in asked for answer in _answers(step, fetched, subject)]


def _outcome(failed: Sequence[Reason], answers: Collection[Answer]) -> str:
    if not failed:  # a call that went well can hold what cannot be used; one that was cut has not told how it ended
        failed = [answer.reason for answer in answers if type(answer) is SourceError]
    return str(failed[-1]) if failed else "OK" if answers else "NOT_ASKED"


def _fields(step: Step, fetched: Fetched, subjects: Sequence[Subject], alike: _Alike) -> list[dict[str, Any]]:
    """Return an entry for each coordinate that the step was asked for."""
    if alike is None:
        return _fields_apart(step, fetched, subjects)
    if not alike:
        return []
    oldest = _oldest(alike.values())
    return [{**entry, "fetchedAt": oldest} for entry in fetched.verdicts.usual.told(step)]


def _fields_apart(step: Step, fetched: Fetched, subjects: Sequence[Subject]) -> list[dict[str, Any]]:
    uses: dict[str, str] = {}
    answers: dict[str, list[Answer]] = {}
    for subject in (one for one in subjects if fetched.keys(step, one)):
        for wanted in fetched.verdicts.wanted(step, subject):
            uses[wanted.coordinate] = wanted.use
            answers.setdefault(wanted.coordinate, []).extend(_answers(step, fetched, subject))
    return [
        {**step.told_of(coordinate, use), "fetchedAt": _oldest(answers[coordinate])} for coordinate, use in uses.items()
    ]


def _answers(step: Step, fetched: Fetched, subject: Subject) -> list[Answer]:
    return [fetched.answer(step, subject, key) for key in fetched.keys(step, subject)]


def _oldest(answers: Iterable[Answer]) -> str | None:
    return _time(min((answer.fetched_at for answer in answers if type(answer) is Found), default=None))


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="milliseconds")


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)

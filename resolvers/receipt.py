"""What one request read: sources, calls, coordinates and times. Never keys, never values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from adapters.answers import Answer, Key, SourceError
from adapters.crossref import Subject
from adapters.limits import SourceLimits, State
from resolvers.ages import Ages, Odd, ages_of, odd_of
from resolvers.asking_again import RETRY_AFTER, in_milliseconds
from resolvers.fetched import Fetched
from resolvers.gates import Gate
from resolvers.steps import GateStep, Step
from schema.observer import Sent
from schema.reasons import Reason
from schema.views import ReceiptDetail, View

__all__ = ["Receipt", "make_receipt"]

_Alike = Mapping[Key, Answer] | None


def make_receipt(
    view: View,
    level: ReceiptDetail,
    fetched: Fetched,
    subjects: Sequence[Subject],
    seconds: float,
    limits: Mapping[str, SourceLimits],
    *,
    has_refused: bool = False,
    has_errors: bool = True,
) -> dict[str, Any] | None:
    """Return the receipt in response form, None at level `none`.

    `sources` holds an entry for each step of the plan, and before them one for each offer whose gates were asked. At
    level `fields`, `fields` holds an entry for each coordinate that was asked for any customer. `limits` are those of
    the sources by name. Where nothing of the answer is an error (`has_errors`), no record is looked at for faults.

    Where a look-up shows nobody (`has_refused`), the gates of the subject are left out: whether they were asked would
    tell whether there is somebody.
    """
    if level is ReceiptDetail.NONE:
        return None
    receipt = Receipt(fetched, subjects, limits, has_refused=has_refused, has_errors=has_errors)
    told: dict[str, Any] = {
        "view": view.id,
        "purpose": view.purpose.dpv,
        "customers": len(subjects),
        "ms": _ms(seconds),
        "sources": [*receipt.gates.values(), *receipt.steps],
    }
    if level is ReceiptDetail.FIELDS:
        told["fields"] = receipt.fields
    return told


class Receipt:
    """What was read for these customers, in the parts of a receipt; the arguments are those of `make_receipt`."""

    def __init__(
        self,
        fetched: Fetched,
        subjects: Sequence[Subject],
        limits: Mapping[str, SourceLimits],
        *,
        has_refused: bool = False,
        has_errors: bool = True,
    ) -> None:
        self._fetched, self._subjects, self._limits = fetched, subjects, limits
        self._has_refused, self._has_errors = has_refused, has_errors
        self._seen = [(step, _answered_alike(step, fetched)) for step in fetched.plan.distinct]

    @property
    def gates(self) -> Mapping[GateStep, dict[str, Any]]:
        """Return an entry for each offer whose gates were asked."""
        calls = self._fetched.gate_calls
        if not calls:
            return {}
        hidden = self._fetched.verdicts.rules.rules.of_subject if self._has_refused else frozenset[Gate]()
        return {step: self._gates(step, sent) for step, sent in calls.items() if not step.gates & hidden}

    @property
    def steps(self) -> list[dict[str, Any]]:
        """Return an entry for each step of the plan.

        `outcome` is OK, the code of the last call that failed and was not sent again with success, the code of an
        answer where no call has ended so, or NOT_ASKED. `ms` is that of the slowest call.
        """
        return [self._step(step, alike) for step, alike in self._seen]

    @property
    def fields(self) -> list[dict[str, Any]]:
        """Return an entry for each coordinate that was asked for any customer.

        It tells its source, whether it was shown or only a key to reach something else, when its oldest answer was
        fetched, None where none came, and where there is something to tell, how old the source itself says that it is
        and how many values could not be had or used, by code.
        """
        return [entry for step, alike in self._seen for entry in self._fields(step, alike)]

    def _step(self, step: Step, alike: _Alike) -> dict[str, Any]:
        calls, failed = _calls(self._fetched.sent.get(step.number, ()))
        keys, fields, answers = self._asked(step, alike)
        told = {**step.told, **calls, "keys": keys, "fields": fields, "outcome": failed or _outcome(answers)}
        return self._with_breaker(step, told)

    def _gates(self, step: GateStep, sent: Sequence[Sent]) -> dict[str, Any]:
        calls, failed = _calls(sent)
        keys, fields = sum(event.keys for event in sent), sorted({name for event in sent for name in event.fields})
        outcome = failed or ("OK" if sent else "NOT_ASKED")
        return self._with_breaker(step, {**step.told, **calls, "keys": keys, "fields": fields, "outcome": outcome})

    def _with_breaker(self, step: Step | GateStep, told: dict[str, Any]) -> dict[str, Any]:
        """Add the state of the breakers that the step's calls pass, where one of them is not closed now, and in how
        many milliseconds a call may try whether the source is back, where no other call does just now."""
        limits = self._limits.get(step.source)
        if limits is not None:
            lane, state = limits.lanes.get(step.offer.name), limits.breaker.state
            if state is State.CLOSED and lane is not None:
                state = lane.breaker.state
            if state is not State.CLOSED:
                told["breaker"] = str(state)
                wait = limits.wait(step.offer.name, Reason.CIRCUIT_OPEN)
                if wait is not None:
                    told[RETRY_AFTER] = in_milliseconds(wait)
        return told

    def _asked(self, step: Step, alike: _Alike) -> tuple[int, list[str], Collection[Answer]]:
        """Return how many distinct keys a step has, the fields that it asks for of any customer, and their answers."""
        fetched = self._fetched
        if alike is not None:
            left = fetched.verdicts.usual.left(step)
            return len(alike), list(left.fields) if left and alike else [], alike.values()
        asked = [subject for subject in self._subjects if fetched.keys(step, subject)]
        keys = {key for subject in asked for key in fetched.keys(step, subject)}
        fields = sorted({name for subject in asked for name in fetched.fields(step, subject) or ()})
        return len(keys), fields, [answer for subject in asked for answer in self._answers(step, subject)]

    def _fields(self, step: Step, alike: _Alike) -> list[dict[str, Any]]:
        if alike is None:
            return self._fields_apart(step)
        if not alike:
            return []
        usual, answers = self._fetched.verdicts.usual, alike.values()
        told, ages, odd = usual.told(step), ages_of(answers), self._odd(answers)
        if odd is None and ages.as_of is None and not ages.faults:
            return [{**entry, "fetchedAt": ages.fetched_at} for entry in told]
        left = usual.left(step)
        paths: dict[str, set[str]] = {}
        for wanted in left.wanted if left is not None else ():
            paths.setdefault(wanted.coordinate, set()).add(wanted.path)
        return [{**entry, **_state(ages, odd, paths.get(entry["coordinate"], ()))} for entry in told]

    def _fields_apart(self, step: Step) -> list[dict[str, Any]]:
        uses: dict[str, str] = {}
        paths: dict[str, set[str]] = {}
        answers: dict[str, list[Answer]] = {}
        for subject in (one for one in self._subjects if self._fetched.keys(step, one)):
            wants = self._fetched.verdicts.wanted(step, subject)
            for wanted in wants:
                uses[wanted.coordinate] = wanted.use
                paths.setdefault(wanted.coordinate, set()).add(wanted.path)
            for coordinate in {wanted.coordinate for wanted in wants}:
                answers.setdefault(coordinate, []).extend(self._answers(step, subject))
        return [
            {**step.told_of(one, use), **_state(ages_of(answers[one]), self._odd(answers[one]), paths[one])}
            for one, use in uses.items()
        ]

    def _odd(self, answers: Iterable[Answer]) -> Odd | None:
        return odd_of(answers) if self._has_errors else None

    def _answers(self, step: Step, subject: Subject) -> list[Answer]:
        return [self._fetched.answer(step, subject, key) for key in self._fetched.keys(step, subject)]


def _answered_alike(step: Step, fetched: Fetched) -> _Alike:
    """Return all answers of a step where every customer was asked alike and every key was answered, else None."""
    batches = fetched.batches.get(step.number)
    is_one = fetched.verdicts.is_plain or fetched.verdicts.is_uniform
    answers = fetched.in_full(step.number) if batches is not None and is_one else None
    if answers is None or sum([len(batch.keys) for batch in batches or ()]) > len(answers):
        return None
    return answers


def _calls(sent: Sequence[Sent]) -> tuple[dict[str, float], str | None]:
    """Return what is told of calls, and the code of the last one that failed; None where each that did was sent again
    with success."""
    slowest = waited = 0.0
    failed = retries = merged = 0
    last: Reason | None = None
    for event in sent:
        if event.seconds > slowest:
            slowest = event.seconds
        if event.outcome is not None:
            failed, last = failed + 1, event.outcome
        retries += event.attempt > 0
        merged += event.requests > 1
        waited += event.waited
    told = {"calls": len(sent), "ms": _ms(slowest), "failed": failed, "retries": retries, "waitedMs": _ms(waited)}
    told["merged"] = merged
    return told, str(last) if failed > retries else None


def _outcome(answers: Collection[Answer]) -> str:
    """Return what a call holds that went well; one that was cut has not told how it ended."""
    failed = [answer.reason for answer in answers if type(answer) is SourceError]
    return str(failed[-1]) if failed else "OK" if answers else "NOT_ASKED"


def _state(ages: Ages, odd: Odd | None, paths: Iterable[str]) -> dict[str, Any]:
    """Return when a coordinate's answers were fetched, how old they are, and how many values were no good."""
    faults = Counter(ages.faults) if odd is None else odd.faults(paths) + Counter(ages.faults)
    told: dict[str, Any] = {"fetchedAt": ages.fetched_at}
    if ages.as_of is not None:
        told["asOf"] = ages.as_of
    if faults:
        told["faults"] = {str(reason): faults[reason] for reason in sorted(faults)}
    return told


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)

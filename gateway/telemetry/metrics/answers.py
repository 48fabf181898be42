"""What answers held and what they did not, and how good the sources' values were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.telemetry.metrics import catalog
from gateway.telemetry.metrics.instruments import Counts, Reading
from resolvers.quality import Quality
from resolvers.tally import Answered

__all__ = ["Answers"]

_OPEN = "OPEN"


class Answers:
    """Counts answers, once they may leave. Implements resolvers.tally.Tally."""

    def __init__(self) -> None:
        self._quality = Quality()
        self._withheld, self._masked, self._absent, self._errors = Counts(), Counts(), Counts(), Counts()
        self._gates, self._served = Counts(), Counts()

    def count(self, answered: Answered) -> None:
        """Count one answer."""
        answer, view = answered.answer, answered.view.id
        self._quality.count(answered.plan, answer)
        steps = answered.plan.steps
        for number, sent in answered.fetched.sent.items():
            self._served[(steps[number].source,)] += len(sent)
        for step, sent in answered.fetched.gate_calls.items():
            self._served[(step.source,)] += len(sent)
        if answered.readings is not None:
            for gate, outcome in answered.readings.decided():
                self._gates[str(gate), _OPEN if outcome is None else outcome.reason] += 1
        _add(self._withheld, view, answer.withheld)
        _add(self._masked, view, answer.masked)
        _add(self._absent, view, answer.absent)
        for error in answer.errors:
            self._errors[view, error["extensions"]["code"]] += 1

    def read(self) -> Sequence[Reading]:
        """Return what was counted."""
        places = self._quality
        return (
            self._withheld.read(catalog.WITHHELD),
            self._masked.read(catalog.MASKED),
            self._absent.read(catalog.ABSENT),
            self._errors.read(catalog.ERRORS),
            self._gates.read(catalog.GATES),
            self._served.read(catalog.SERVED),
            Reading(catalog.VALUES, [*places.values.items()]),
            Reading(catalog.NULLS, [(place, places.nulls[place]) for place in places.values]),
            Reading(catalog.INVALID, [(place, places.invalid[place]) for place in places.values]),  # 0 says something
        )


def _add(counts: Counts, view: str, entries: Sequence[Mapping[str, Any]]) -> None:
    for entry in entries:
        counts[view, entry["code"]] += 1

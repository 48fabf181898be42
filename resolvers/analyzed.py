"""What a request has really taken, told to those who build on views: its plan with times, calls and verdicts.

No key and no value is in it, nor the number of anybody's records.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from resolvers.analysis import Analysis
from resolvers.assembled import Assembled
from resolvers.plan import Plan
from resolvers.receipt import Receipt
from resolvers.steps import GateStep, Step
from schema.tracing import Stage
from schema.views import View

__all__ = ["Analyzing"]

_Times = tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Analyzing:
    """What one request has come to: who is shown how, and what was read for it.

    `arrived` is when it did, by the clock of deadlines, and `seconds` after that its answer leaves. Where a look-up
    shows nobody (`has_refused`) no times are told but that one: they would tell whether there is somebody.
    """

    view: View
    plan: Plan
    answer: Assembled
    receipt: Receipt
    customers: int
    arrived: float
    seconds: float
    has_refused: bool

    def told(self, analysis: Analysis) -> dict[str, Any]:
        """Return the whole of it in the form of JSON."""
        gates, steps = dict(self.receipt.gates), list(zip(self.plan.distinct, self.receipt.steps, strict=True))
        spans: dict[GateStep | Step, _Times] = {step: self._of(analysis.gates.of(step.offer)) for step in gates}
        spans |= {step: self._of(analysis.steps.of(step.number)) for step, _ in steps}
        slowest = _slowest_path(self.plan, spans)
        return {
            "view": self.view.id,
            "purpose": self.view.purpose.dpv,
            "customers": self.customers,
            "ms": _ms(self.seconds),
            "deadlineMs": _ms(analysis.seconds),
            "stages": [
                {"stage": stage.value, **_between(times)}
                for stage in Stage
                if (times := self._of(analysis.stages.of(stage))) is not None
            ],
            "gates": [
                {**told, **_between(spans[step]), "onSlowestPath": step in slowest} for step, told in gates.items()
            ],
            "steps": [
                {**_about(step), **told, **_between(spans[step]), "onSlowestPath": step in slowest}
                for step, told in steps
            ],
            "withheld": _by_code(self.answer.withheld),
            "masked": sorted({entry["coordinate"] for entry in self.answer.masked}),
            "absent": _by_code(self.answer.absent),
            "errors": dict(sorted(Counter(error["extensions"]["code"] for error in self.answer.errors).items())),
        }

    def _of(self, times: _Times) -> _Times:
        """Return the times in seconds since the request arrived."""
        return None if times is None or self.has_refused else (times[0] - self.arrived, times[1] - self.arrived)


def _about(step: Step) -> dict[str, Any]:
    return {
        "number": step.number,
        "serves": step.offer.serves,
        "after": sorted(step.after),
        "gates": sorted(map(str, step.gates)),
    }


def _between(times: _Times) -> dict[str, float | None]:
    """Return when something began and ended, in milliseconds; None where it was not under way, or it is not told."""
    return {"beginMs": None, "endMs": None} if times is None else {"beginMs": _ms(times[0]), "endMs": _ms(times[1])}


def _slowest_path(plan: Plan, spans: Mapping[GateStep | Step, _Times]) -> frozenset[GateStep | Step]:
    """Return what the answer has waited for: what ended last, what that waited for the longest, and so on."""
    ends = {step: times[1] for step, times in spans.items() if times is not None}
    path: list[GateStep | Step] = []
    waited_for: Sequence[GateStep | Step] = [*ends]
    while waited_for:
        path.append(max(waited_for, key=ends.__getitem__))
        waited_for = [one for one in _waited_for(plan, path[-1], spans) if one in ends]
    return frozenset(path)


def _waited_for(plan: Plan, step: GateStep | Step, spans: Iterable[GateStep | Step]) -> Sequence[GateStep | Step]:
    """Return what had to answer before a step was asked."""
    if isinstance(step, GateStep):
        return ()
    gates = [one for one in spans if isinstance(one, GateStep) and not one.gates.isdisjoint(step.gates)]
    return [*gates, *(plan.steps[number] for number in step.after)]


def _by_code(entries: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return the coordinates by the code for which their values are not there."""
    found: dict[str, set[str]] = {}
    for entry in entries:
        found.setdefault(entry["code"], set()).add(entry["coordinate"])
    return {code: sorted(found[code]) for code in sorted(found)}


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)

"""Why a field of the answer is null of which nothing may be shown, as a client is told it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from resolvers.plan import FieldPlan
from resolvers.steps import Coordinates
from schema.verification import StepUp
from schema.withheld import Withheld

__all__ = ["causes"]


def causes(plan: FieldPlan, withheld: Mapping[str, Withheld]) -> Iterator[tuple[str, Withheld]]:
    """Yield each coordinate for which a field is null of which nothing may be shown, with the verdict on it.

    What its `step_up` requires is what shows something of what was asked: the level of a list alone would open a list
    of which nothing is shown.
    """
    for coordinate in plan.causes(withheld):
        verdict = withheld[coordinate]
        if verdict.step_up is None or not plan.positions:
            yield coordinate, verdict
        else:
            ways = [need for need in plan.needs if coordinate in need]
            yield coordinate, replace(verdict, step_up=_least(ways, withheld) or verdict.step_up)


def _least(ways: list[Coordinates], withheld: Mapping[str, Withheld]) -> StepUp | None:
    """Return what opens one of several paths by the least; None where better verification alone opens none."""
    opened = [one for need in ways if (one := _whole([withheld[name] for name in need & withheld.keys()])) is not None]
    return min(opened, key=lambda one: (one.required, -(one.max_age or 0)), default=None)


def _whole(verdicts: list[Withheld]) -> StepUp | None:
    """Return what opens all on a path: the highest level and the shortest time."""
    steps = [one.step_up for one in verdicts if one.step_up is not None]
    if len(steps) < len(verdicts):
        return None
    highest = max(steps, key=lambda one: one.required)
    return replace(highest, max_age=min((one.max_age for one in steps if one.max_age is not None), default=None))

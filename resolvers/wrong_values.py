"""Values of an answer that are VALUE_INVALID, told to the operator: of which source they are, and of which field."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from resolvers.assembled import ABSENT
from resolvers.plan import FieldPlan, FromList, FromStep, Plan, Position
from schema.observer import Invalid, Observer, tell
from schema.reasons import Reason

__all__ = ["tell_wrong_values"]

_WRONG = str(Reason.VALUE_INVALID)


class _Read(NamedTuple):
    """The step in whose records a value stands, by its number, and the coordinate of the value."""

    step: int
    coordinate: str


def tell_wrong_values(observer: Observer, plan: Plan, errors: Sequence[Mapping[str, Any]]) -> None:
    """Tell the observer which values the errors of an answer are about, those of one field together."""
    found: dict[tuple[tuple[str, ...], bool], _Read | None] = {}
    counted: Counter[tuple[_Read, bool]] = Counter()
    for error in errors:
        path = error["path"]
        if path and error["extensions"]["code"] == _WRONG:
            place = tuple([step for step in path if isinstance(step, str)]), isinstance(path[-1], int)
            if place not in found:
                found[place] = _read_at(plan, *place)
            read = found[place]
            if read is not None:
                counted[read, error["message"] == ABSENT] += 1
    for (read, is_absent), values in counted.items():
        step = plan.steps[read.step]
        tell(observer, Invalid(step.source, step.offer.name, read.coordinate, is_absent, values))


def _read_at(plan: Plan, names: Sequence[str], is_item: bool) -> _Read | None:
    """Return what is read at the fields of these names, each within the one before; `is_item`: an entry of a list.

    Of an interface's types whichever has the field first stands for all: which one it was the record may not say.
    """
    positions = [root.position for root in plan.roots if root.response_name == names[0]]
    step: int | None = None
    read: _Read | None = None
    for depth, name in enumerate(names[1:], 2):
        plan_of = _field(positions, name)
        if plan_of is None:
            return None
        step = _step_of(plan_of, step, is_key=depth == len(names) and not is_item)
        read = None if step is None else _Read(step, plan_of.coordinate)
        positions = [*plan_of.positions.values()]
    return read


def _field(positions: Sequence[Position], name: str) -> FieldPlan | None:
    return next((position.fields[name] for position in positions if name in position.fields), None)


def _step_of(field: FieldPlan, within: int | None, *, is_key: bool) -> int | None:
    """Return the step in whose records a field stands; `is_key`: of one that is a list by a key, the key."""
    if field.list_by_key is not None and not is_key:
        return field.list_by_key
    return field.reads.step if isinstance(field.reads, (FromStep, FromList)) else within

"""When a source that is left alone may be asked again: told beside the errors that stand there for it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from adapters.limits import SourceLimits
from resolvers.plan import Plan
from resolvers.read_from import steps_behind
from schema.reasons import Reason

__all__ = ["RETRY_AFTER", "in_milliseconds", "tell_when"]

RETRY_AFTER = "retryAfterMs"

_LEFT_ALONE = {str(reason): reason for reason in (Reason.CIRCUIT_OPEN, Reason.SOURCE_RATE_LIMITED)}


def tell_when(plan: Plan, errors: Iterable[dict[str, Any]], limits: Mapping[str, SourceLimits]) -> None:
    """Say in the errors of an answer in how many milliseconds what is missing may be asked for again, where a breaker
    knows it or a source has said it."""
    left_alone = [error for error in errors if error["extensions"]["code"] in _LEFT_ALONE and error["path"]]
    told: dict[tuple[str, ...], dict[str, Any]] = {}
    for error in left_alone:
        names = tuple([name for name in error["path"] if isinstance(name, str)])
        place = (error["extensions"]["code"], *names)
        if place not in told:
            wait = _wait(plan, names, _LEFT_ALONE[place[0]], limits)
            told[place] = error["extensions"] if wait is None else {**error["extensions"], RETRY_AFTER: wait}
        error["extensions"] = told[place]


def _wait(plan: Plan, names: Sequence[str], reason: Reason, limits: Mapping[str, SourceLimits]) -> int | None:
    """Return the milliseconds until each step by which a field is reached may be asked again."""
    behind = steps_behind(plan, names)
    behind = behind.union(*map(plan.before.__getitem__, behind))
    steps = (step for step in plan.distinct if step.number in behind and step.source in limits)
    waits = (limits[step.source].wait(step.offer.name, reason) for step in steps)
    return max((in_milliseconds(wait) for wait in waits if wait is not None), default=None)


def in_milliseconds(seconds: float) -> int:
    """Return whole milliseconds, none too few."""
    return math.ceil(seconds * 1000)

"""For how long steps may hold up an answer that can do without them: those of sources of which its view says so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from resolvers.plan import Plan
from resolvers.read_from import steps_behind
from schema.reasons import Reason
from schema.view_rules import SourceRule

__all__ = ["ALL_REQUIRED", "HoldUps", "hold_ups", "mark_optional"]

HoldUps = Mapping[int, float]
"""Seconds by the number of each step that the answer can do without; every other step is waited for."""

ALL_REQUIRED: HoldUps = MappingProxyType({})

_LATE = str(Reason.DEADLINE_EXCEEDED)
_NO_LONGER = "The answer can do without this source, and waited for it no longer."
_OPTIONAL = {"code": _LATE, "remedy": "Ask again later, or do without.", "optional": True}


def hold_ups(plan: Plan, sources: Mapping[str, SourceRule]) -> HoldUps:
    """Return for how long each step may hold up the answer once everything else has answered.

    A step that depends on another may hold it up for no longer than that one.
    """
    if not sources:
        return ALL_REQUIRED
    found: dict[int, float] = {}
    for step in sorted(plan.distinct, key=lambda step: step.depth):
        most = [found[number] for number in step.after if number in found]
        if step.source in sources:
            most.append(sources[step.source].holds_up_ms / 1000)
        if most:
            found[step.number] = min(most)
    return found


def mark_optional(plan: Plan, errors: Iterable[dict[str, Any]], left: frozenset[int]) -> None:
    """Say in the errors of an answer which nulls stand there because it did not wait for these steps."""
    for error in errors:
        if (
            error["extensions"]["code"] == _LATE
            and error["path"]
            and not left.isdisjoint(steps_behind(plan, error["path"]))
        ):
            error["message"], error["extensions"] = _NO_LONGER, _OPTIONAL

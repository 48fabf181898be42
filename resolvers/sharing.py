"""Steps that turn out to ask the same once the arguments have values, made one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from resolvers.arguments import Given
from resolvers.plan import Plan
from resolvers.steps import FromField, KeysFrom, Step

__all__ = ["equal_steps", "share_steps"]

T = TypeVar("T")


def equal_steps(plan: Plan, arguments: Mapping[int, Given]) -> tuple[int, ...]:
    """Return for each place of the plan's steps which step stands there once those are one that ask one offer with
    equal values of their arguments, at one depth; empty where none are. Those that wait for other gates stay apart.

    A plan is kept for all values of its variables, so it tells arguments apart as they are written: `since: $day` and
    `since: "2026-01-01"` are two steps in it.
    """
    if not plan.has_twins:
        return ()
    first: dict[tuple[object, ...], int] = {}
    stands: dict[int, int] = {}
    for step in sorted(plan.steps, key=lambda step: step.depth):
        asked = (step.source, step.offer.name, step.depth, step.gates, arguments.get(step.number))
        stands[step.number] = first.setdefault(asked, step.number)
    return tuple(stands[step.number] for step in plan.steps) if len(first) < len(stands) else ()


def share_steps(plan: Plan, standing: Sequence[int]) -> Plan:
    """Return the plan in which these steps stand in the places of its own: each asks for all for which those did."""
    stands_for = dict(zip((step.number for step in plan.steps), standing, strict=True))
    made: dict[int, Step] = {}
    for step in sorted(plan.steps, key=lambda step: step.depth):
        number = stands_for[step.number]
        known = made.get(number, replace(step, keys_from=(), wanted=()))
        keys_from = (*known.keys_from, *(_moved(origin, stands_for) for origin in step.keys_from))
        made[number] = replace(known, keys_from=_once(keys_from), wanted=_once((*known.wanted, *step.wanted)))
    return replace(plan, steps=tuple(made[stands_for[step.number]] for step in plan.steps))


def _moved(origin: KeysFrom, stands_for: Mapping[int, int]) -> KeysFrom:
    return replace(origin, step=stands_for[origin.step]) if isinstance(origin, FromField) else origin


def _once(items: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(items))

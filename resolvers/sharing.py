"""Steps that turn out to ask the same once the arguments have values, made one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from resolvers.arguments import Given
from resolvers.plan import FromField, KeysFrom, Plan, Step

__all__ = ["share_equal_steps"]

T = TypeVar("T")


def share_equal_steps(plan: Plan, arguments: Mapping[int, Given]) -> Plan:
    """Return the plan in which steps of one offer with equal values of their arguments, at one depth, are one step.
    Those that wait for other gates stay apart.

    A plan is kept for all values of its variables, so it tells arguments apart as they are written: `since: $day` and
    `since: "2026-01-01"` are two steps in it. The one step stands in the places of both.
    """
    if not plan.has_twins:
        return plan
    stands_for: dict[int, int] = {}
    made: dict[int, Step] = {}
    first: dict[tuple[object, ...], int] = {}
    for step in sorted(plan.steps, key=lambda step: step.depth):
        asked = (step.source, step.offer.name, step.depth, step.gates, arguments.get(step.number))
        number = stands_for[step.number] = first.setdefault(asked, step.number)
        known = made.get(number, replace(step, keys_from=(), wanted=()))
        keys_from = (*known.keys_from, *(_moved(origin, stands_for) for origin in step.keys_from))
        made[number] = replace(known, keys_from=_once(keys_from), wanted=_once((*known.wanted, *step.wanted)))
    return replace(plan, steps=tuple(made[stands_for[step.number]] for step in plan.steps))


def _moved(origin: KeysFrom, stands_for: Mapping[int, int]) -> KeysFrom:
    return replace(origin, step=stands_for[origin.step]) if isinstance(origin, FromField) else origin


def _once(items: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(items))

"""Which steps have read what stands at a place of an answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from resolvers.plan import FieldPlan, FromList, FromStep, Plan

__all__ = ["steps_behind"]


def steps_behind(plan: Plan, path: Sequence[str | int]) -> frozenset[int]:
    """Return the numbers of the steps by whose answers there is something, or nothing, at a path of the answer."""
    first, *names = (name for name in path if isinstance(name, str))
    positions = [root.position for root in plan.roots if root.response_name == first]
    fields: list[FieldPlan] = []
    for name in names:
        fields = [position.fields[name] for position in positions if name in position.fields]
        positions = [position for field in fields for position in field.positions.values()]
    return frozenset(plan.steps[place].number for field in fields for place in _places(field))


def _places(field: FieldPlan) -> Iterator[int]:
    """Yield the places of its steps in the plan: those that ask the same are one step, which stands in several."""
    if isinstance(field.reads, (FromStep, FromList)):
        yield field.reads.step
    if field.list_by_key is not None:
        yield field.list_by_key

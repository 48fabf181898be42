"""How much of an answer's weight can be shown to whom part of it is withheld, and which lists make it up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from graphql import is_list_type, is_non_null_type

from resolvers.calls import Arguments
from resolvers.measuring import LIST_SIZE
from resolvers.plan import FieldPlan, FromList, Plan, Position
from resolvers.steps import Coordinates
from schema.relay import PAGE_SIZE

__all__ = ["weigh"]

_Path = tuple[str, ...]


class _Place(NamedTuple):
    """Where fields stand: below which list, how many times, and, inside a page, how many entries it has."""

    path: _Path = ()
    times: int = 1
    page: int | None = None


def weigh(plan: Plan, customers: Mapping[str, int], arguments: Arguments, hidden: Coordinates) -> Mapping[str, int]:
    """Return how many values the answer can come to, by the list in which they stand: `customer.orders`.

    `customers` holds how many each root field looks up. What is `hidden` of them is left out, with all below it.
    """
    weights: Counter[str] = Counter()
    for root in plan.roots:
        name = root.response_name
        weights[name] += 1
        _add(weights, [root.position], _Place((name,), customers[name]), arguments, hidden)
    return weights


def _add(
    weights: Counter[str], positions: Iterable[Position], place: _Place, arguments: Arguments, hidden: Coordinates
) -> None:
    for field in _each_once(positions):
        if not field.is_withheld(hidden):
            weights[".".join(place.path)] += place.times
            _add(weights, field.positions.values(), _inside(field, place, arguments), arguments, hidden)


def _each_once(positions: Iterable[Position]) -> Iterable[FieldPlan]:
    """Return the fields of an object's concrete types; one that is asked of several of them counts once."""
    return {id(field.nodes[0]): field for position in positions for field in position.fields.values()}.values()


def _inside(field: FieldPlan, place: _Place, arguments: Arguments) -> _Place:
    if field.is_page:
        return _Place((*place.path, field.response_name), place.times, _entries(field, arguments))
    levels = _list_levels(field)
    if not levels:
        return place
    if place.page is not None:  # nodes or edges
        return _Place(place.path, place.times * place.page)
    return _Place((*place.path, field.response_name), place.times * LIST_SIZE**levels)


def _entries(field: FieldPlan, arguments: Arguments) -> int:
    step = field.reads.step if isinstance(field.reads, FromList) else field.list_by_key
    given = None if step is None else arguments.get(step)
    return PAGE_SIZE if given is None or given.first is None else given.first


def _list_levels(field: FieldPlan) -> int:
    levels, output = 0, field.output
    while is_list_type(output) or is_non_null_type(output):
        levels += is_list_type(output)
        output = output.of_type
    return levels

"""Whether adapters serve everything that a view lists, found by planning every path of the view."""

from __future__ import annotations

from collections.abc import Iterator

from graphql import FieldNode, NameNode, is_object_type

from resolvers.planning import NotServedError, Planner
from resolvers.selection import Selected, Selection
from schema.model import Model
from schema.view_check import paths
from schema.views import View

__all__ = ["not_served"]


def not_served(view: View, model: Model, planner: Planner) -> Iterator[NotServedError]:
    """Yield each path of the view at which no adapter serves the coordinate, the shortest first.

    What lies below such a path is not told again.
    """
    lost: set[str] = set()
    for coordinate, ways in paths(view, model).by_coordinate.items():
        for way in ways:
            if any(way.startswith(f"{above}.") for above in lost):
                continue
            try:
                planner.plan(Selection((_chain(model, way),), 0), is_list=lambda _: False)
            except NotServedError as error:
                if error.coordinate == coordinate:
                    lost.add(way)
                    yield error


def _chain(model: Model, way: str) -> Selected:
    """Return the selection of one path, such as `customer.accounts.balance`."""
    root, *names = way.split(".")
    steps: list[tuple[str, str]] = []
    type_name = model.subject
    for name in names:
        steps.append((type_name, name))
        type_name = model.coordinates[f"{type_name}.{name}"].of
    below = _typename(type_name) if is_object_type(model.schema.type_map[type_name]) else ()
    for owner, name in reversed(steps):
        held = model.coordinates[f"{owner}.{name}"].of if below else None
        below = (Selected(name, owner, name, _node(name), held, below),)
    return Selected(root, "Query", root, _node(root), model.subject, below)


def _typename(type_name: str) -> tuple[Selected, ...]:
    return (Selected("__typename", type_name, "__typename", _node("__typename")),)


def _node(name: str) -> FieldNode:
    return FieldNode(name=NameNode(value=name), arguments=())

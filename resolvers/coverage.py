"""Whether adapters serve everything that a view lists, found by planning every path of the view."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from graphql import FieldNode, GraphQLString, NameNode, get_named_type, is_object_type

from resolvers.catalog import Catalog
from resolvers.planning import NotServedError, Planner
from resolvers.selection import Selected, Selection
from schema.model import Model
from schema.view_check import paths
from schema.views import View

__all__ = ["NotTaken", "not_served", "not_taken"]

_OF_PAGES = frozenset({"first", "after"})
"""The arguments of a connection that the gateway itself reads."""

_LEAF: Mapping[str, tuple[Selected, ...]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class NotTaken:
    """An argument that a view lists (`Type.field(argument:)`), and an offer that would not be told of it."""

    coordinate: str
    offer: str


def not_taken(view: View, model: Model, catalog: Catalog) -> Iterator[NotTaken]:
    """Yield each argument of the view that an offer of its list does not take."""
    for name in view.fields:
        base, is_argument, argument = name.removesuffix(":)").partition("(")
        coordinate = model.coordinates[base]
        if not is_argument or (coordinate.is_connection and argument in _OF_PAGES):
            continue
        python_name = coordinate.arguments[argument].python_name
        for served in catalog.served:
            if served.offer.serves == base and python_name not in served.offer.takes:
                yield NotTaken(name, f"{served.source}.{served.offer.name}")


def not_served(view: View, model: Model, planner: Planner) -> Iterator[NotServedError]:
    """Yield each path of the view at which no adapter serves the coordinate, the shortest first.

    What lies below such a path is not told again.
    """
    lost: set[str] = set()
    for coordinate, ways in paths(view, model).by_coordinate.items():
        for way in ways:
            if any(way.startswith((f"{above}.", f"{above}[")) for above in lost):
                continue
            try:
                planner.plan(Selection((_chain(model, way),), 0), is_list=lambda _: False)
            except NotServedError as error:
                if error.coordinate == coordinate:
                    lost.add(way)
                    yield error


def _chain(model: Model, way: str) -> Selected:
    """Return the selection of one path, such as `customer.accounts.balance`."""
    root, *steps = way.split(".")
    below = _below(model, model.subject, steps)
    return _selected(root, "Query", model.schema.type_map[model.subject], {model.subject: below})


def _below(model: Model, type_name: str, steps: Sequence[str]) -> tuple[Selected, ...]:
    """Return what is selected of an object on a path: its next step, and its type where the path ends."""
    if not steps:
        return (_selected("__typename", type_name, GraphQLString),)
    name, _, concrete = steps[0].removesuffix("]").partition("[")
    coordinate = model.coordinates[f"{type_name}.{name}"]
    held = concrete or coordinate.of
    if not is_object_type(model.schema.type_map[held]):
        return (_selected(name, type_name, coordinate.type),)
    branches = {held: _below(model, held, steps[1:])}
    if coordinate.is_connection:
        connection = get_named_type(coordinate.type)
        branches = {connection.name: (_selected("nodes", connection.name, connection, branches),)}
    return (_selected(name, type_name, coordinate.type, branches),)


def _selected(name: str, type_name: str, output: Any, branches: Mapping[str, tuple[Selected, ...]] = _LEAF) -> Selected:
    """Return a field as a document would ask it. Nothing is made of its type: no answer is given."""
    return Selected(name, type_name, name, (FieldNode(name=NameNode(value=name), arguments=()),), output, branches)

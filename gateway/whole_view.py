"""A query for everything that a view shows of one customer: to explain it, to begin with, and to hold it to limits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    is_required_argument,
)

from resolvers import Reader, RefusedError, Request
from schema.model import Model
from schema.problems import Level, Problem
from schema.view_files import LoadedView
from schema.view_schema import ViewSchema, cut_schema
from schema.views import View

__all__ = ["too_large", "whole_view", "whole_view_by"]

_EDGES, _NODES = "edges", "nodes"
_HELD = ("calls", "weight")
"""The limits to which the whole of a view is held: how long and how deep a query is, clients choose."""


def whole_view(view: View, model: Model, key: str = "") -> str:
    """Return a query for all that the view lists, of the customer with this key by the view's first look-up.

    A type within itself is asked for once; a page is asked for by its nodes.
    """
    cut = cut_schema(model, view.fields, view.lookups, view.identifiers)
    return f"{{ {cut.one}(by: {{{view.lookups[0]}: {json.dumps(key)}}}) {_selection(cut, model)} }}"


def whole_view_by(view: View, model: Model) -> str:
    """Return the same query of the customer whom the variable `by` names, by any of the view's look-ups."""
    cut = cut_schema(model, view.fields, view.lookups, view.identifiers)
    return f"query ($by: {model.subject}By!) {{ {cut.one}(by: $by) {_selection(cut, model)} }}"


def _selection(cut: ViewSchema, model: Model) -> str:
    return _Asking(cut.schema).selection(cut.schema.type_map[model.subject], frozenset())


def too_large(loaded: LoadedView, model: Model, reader: Reader) -> Iterator[Problem]:
    """Yield the limits of a view that no request for all that it lists can keep to, were everything allowed."""
    view = loaded.view
    try:
        plan = reader.explain(view, Request(whole_view(view, model)))
    except RefusedError:
        return
    for over in plan["over"]:
        if over["limit"] in _HELD:
            largest = ", ".join(f"{one['number']} by {one['of']}" for one in over["largest"])
            got = f"all that the view lists, of one customer: {over['limit']} {over['asked']}, most of it {largest}"
            mend = f"raise limits.{over['limit']}, or nothing, where clients ask for parts of it"
            line = loaded.document.line_of(("limits", over["limit"]))
            wanted = f"at most {over['allowed']}, which is the view's limit"
            yield Problem(str(loaded.path), line, got, wanted, mend, Level.NOTE)


class _Asking:
    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema

    def selection(self, owner: GraphQLNamedType, passed: frozenset[str]) -> str:
        """Return the selection of all fields of a type; `passed` are the types on the way to it."""
        if is_abstract_type(owner):
            inside = ["__typename", *self._fragments(owner, passed)]
        else:
            inside = list(self._fields(owner, passed | {owner.name}))
        return f"{{ {' '.join(inside) or '__typename'} }}"

    def _fields(self, owner: Any, passed: frozenset[str]) -> Iterator[str]:
        for name, field in owner.fields.items():
            held = get_named_type(field.type)
            if any(map(is_required_argument, field.args.values())) or (name == _EDGES and _NODES in owner.fields):
                continue
            if is_leaf_type(held):
                yield name
            elif held.name not in passed:
                yield f"{name} {self.selection(held, passed)}"

    def _fragments(self, owner: Any, passed: frozenset[str]) -> Iterator[str]:
        types = self._schema.get_possible_types(owner)
        for one in types:
            fields = " ".join(self._aliased(one, types, passed | {owner.name, one.name}))
            yield f"... on {one.name} {{ {fields or '__typename'} }}"

    def _aliased(self, owner: Any, types: Any, passed: frozenset[str]) -> Iterator[str]:
        """Yield the fields of one of several types, by another name where theirs of that name has another type."""
        for text in self._fields(owner, passed):
            name = text.partition(" ")[0]
            others = [one.fields[name] for one in types if name in one.fields]
            yield text if _are_alike(others) else f"{name}Of{owner.name}: {text}"


def _are_alike(fields: list[GraphQLField]) -> bool:
    return len({str(field.type) for field in fields}) == 1

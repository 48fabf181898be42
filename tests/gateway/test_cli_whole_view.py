"""A query for everything that a view shows: for any form of field, and always one that the view takes."""

from __future__ import annotations

from typing import Annotated

import strawberry
from graphql import parse, validate

from gateway.whole_view import whole_view
from schema.directives import Subject
from schema.model import Model
from schema.view_schema import cut_schema
from tests.adapters.pretending.test_offers import MACHINES, machines
from tests.resolvers.vessels import MODEL, view


@strawberry.type
class Gauge:
    """What measures."""

    value: int | None
    """What it shows."""


@strawberry.type
class Plate:
    """What is written."""

    value: str | None
    """What it says."""


@strawberry.type
class Box:
    """What holds others."""

    inside: Annotated[Gauge | Plate | Box, strawberry.union("Fitting", description="What is mounted.")] | None
    """What is in it."""


@strawberry.type(directives=[Subject(plural="walls")])
class Wall:
    """Where things are mounted."""

    id: strawberry.ID
    """The canonical id."""
    fitting: Annotated[Gauge | Plate | Box, strawberry.union("Fitting", description="What is mounted.")] | None
    """What is mounted."""


def is_valid(query: str) -> bool:
    everything = view()
    return not validate(cut_schema(MODEL, everything.fields, everything.lookups).schema, parse(query))


def test_all_forms_of_fields_are_asked_for() -> None:
    """Types of a union by fragments, a page by its nodes, by the view's first look-up."""
    query = whole_view(view(), MODEL, 'a"b')
    assert is_valid(query)
    assert query.startswith('{ vessel(by: {id: "a\\"b"}) { id name callSign')
    assert "cargo { __typename ... on Container { label home { code state } } ... on Tank { litres } }" in query
    assert "voyages { nodes { number" in query
    assert "edges" not in query


def test_a_type_within_itself_is_asked_for_once() -> None:
    """Otherwise there would be no end."""
    query = whole_view(machines(), MACHINES)
    assert query == '{ machine(by: {id: ""}) { id part { number maker { name } } } }'


def test_fields_of_one_name_and_several_types_are_told_apart() -> None:
    """GraphQL does not merge them; a box in a box is not opened again."""
    model = Model(Wall)
    query = whole_view(view(fields=dict.fromkeys(model.coordinates), lookups=["id"]), model)
    gauge, plate = "... on Gauge { valueOfGauge: value }", "... on Plate { valueOfPlate: value }"
    assert query == (
        f'{{ wall(by: {{id: ""}}) {{ id fitting {{ __typename {gauge} {plate} ... on Box {{ __typename }} }} }} }}'
    )

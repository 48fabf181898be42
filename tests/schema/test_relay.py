"""Lists that can exceed a page are forward Relay connections whose arguments are one small class."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Any

import strawberry
from graphql import GraphQLObjectType, print_type

from schema.describing import describe_schema
from schema.directives import Personal, PersonalCategory
from schema.relay import PAGE_SIZE, READS, Connection, Forward, On, listing


@strawberry.enum
class Sort(Enum):
    UP = "up"
    DOWN = "down"


@strawberry.type
class Call:
    port: str | None


class CallsBy(Forward):
    in_port: Annotated[str | None, "a note", On("port")] = None
    """Only calls in this port."""
    sort: Annotated[Sort, On("port")] = Sort.UP
    """Which end first."""
    note: str
    """Has no default."""


@strawberry.type
class Vessel:
    calls: Connection[Call] | None = listing(CallsBy, Personal(category=PersonalCategory.TRANSACTIONAL))
    """Where it called."""
    trips: Connection[Call] | None = listing(description="Given in code.")
    """Not this one."""


@strawberry.type
class Query:
    vessel: Vessel | None


def named(name: str) -> Any:
    core = strawberry.Schema(Query)._schema
    describe_schema(core, [])
    return core.type_map[name]


def test_a_listing_declares_a_connection_with_described_arguments() -> None:
    """Every list has `first` and `after`, then what its own class says; names are in camel case."""
    calls = named("Vessel").fields["calls"]
    assert str(calls.type) == "CallConnection"
    assert calls.description == "Where it called."
    assert {name: str(arg.type) for name, arg in calls.args.items()} == {
        "first": "Int!",
        "after": "String",
        "inPort": "String",
        "sort": "Sort!",
        "note": "String!",
    }
    assert calls.args["inPort"].description == "Only calls in this port."
    assert calls.args["after"].description.startswith("The place after which to go on")


def test_a_default_prints_and_an_optional_argument_prints_none() -> None:
    """`= null` would say that null means something."""
    text = print_type(named("Vessel"))
    assert f"first: Int! = {PAGE_SIZE}\n" in text
    assert "sort: Sort! = UP\n" in text
    assert "after: String\n" in text
    assert "note: String!\n" in text


def test_a_listing_has_no_resolver_and_keeps_its_facts() -> None:
    """It stays a plain field of the type."""
    field = named("Vessel").fields["calls"].extensions["strawberry-definition"]
    assert field.is_basic_field
    assert field.directives == [Personal(category=PersonalCategory.TRANSACTIONAL)]


def test_an_argument_names_the_attribute_that_it_reads() -> None:
    """A filter tells about the field it filters by."""
    args = named("Vessel").fields["calls"].args
    reads = {name: arg.extensions["strawberry-definition"].metadata.get(READS) for name, arg in args.items()}
    assert reads == {"first": None, "after": None, "inPort": "port", "sort": "port", "note": None}


def test_a_listing_can_do_without_filters() -> None:
    """Then it has the arguments of every list; a description given in code stays."""
    trips = named("Vessel").fields["trips"]
    assert list(trips.args) == ["first", "after"]
    assert trips.description == "Given in code."


def test_a_connection_goes_forward_only_and_has_no_total() -> None:
    """One bad entry costs itself only: entries are nullable."""
    connection: GraphQLObjectType = named("CallConnection")
    assert {name: str(field.type) for name, field in connection.fields.items()} == {
        "nodes": "[Call]",
        "edges": "[CallEdge!]",
        "pageInfo": "PageInfo!",
    }
    assert {name: str(field.type) for name, field in named("CallEdge").fields.items()} == {
        "node": "Call",
        "cursor": "String!",
    }
    assert {name: str(field.type) for name, field in named("PageInfo").fields.items()} == {
        "hasNextPage": "Boolean!",
        "endCursor": "String",
    }

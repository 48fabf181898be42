"""A view's schema holds what the view lists: the rest does not exist in it, wherever one looks."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any

import strawberry
from graphql import (
    GraphQLSchema,
    build_schema,
    execute_sync,
    get_introspection_query,
    graphql_sync,
    parse,
    print_schema,
    validate,
    validate_schema,
)

from schema.directives import PersonalCategory, Sensitive, Subject, personal
from schema.identifiers import IdentifierType
from schema.model import Model
from schema.relay import Connection, listing
from schema.view_schema import ViewSchema, cut_schema


@strawberry.enum
class Rig(Enum):
    """How it is driven."""

    SAIL = "sail"
    """By the wind."""


@strawberry.input
class Stretch:
    """A stretch of time."""

    start: date
    """Its first day."""


class StaysBy:
    rig: Rig | None = None
    """Only under this rig."""
    within: Stretch | None = None
    """Only in this time."""


@strawberry.interface
class Place:
    """Where a vessel can be."""

    name: str | None
    """What people call it."""


@strawberry.type
class Port(Place):
    """A harbour."""

    depth: Decimal | None
    """How deep it is."""


@strawberry.type
class Stay:
    """A stay in a port."""

    port: Port | None
    """The port."""
    days: list[date]
    """The days of the stay."""


@strawberry.type
class Sea(Place):
    """Open water."""

    salt: Decimal | None
    """How salty it is."""


@strawberry.type
class Box:
    """A box."""

    weight: Decimal | None
    """How heavy it is."""


@strawberry.type
class Liquid:
    """A liquid."""

    volume: Decimal | None
    """How much it is."""


Cargo = Annotated[Box | Liquid, strawberry.union("Cargo", description="What is carried.")]


@strawberry.type(directives=[Subject(plural="vessels")])
class Vessel:
    """A ship."""

    id: strawberry.ID
    """The canonical id."""
    name: str | None = personal(PersonalCategory.IDENTIFYING)
    """The vessel's name."""
    secret_name: str | None = personal(PersonalCategory.IDENTIFYING, Sensitive())
    """What only the owner calls it."""
    call_sign: str | None = strawberry.field(deprecation_reason="Gone with radio.")
    """The radio call sign."""
    rig: Rig | None
    """How it is driven."""
    stays: list[Stay] | None = listing(StaysBy)  # type: ignore[arg-type]
    """Where it has been."""
    place: Place | None
    """Where it is."""
    cargo: Cargo | None
    """What it carries."""
    past: Connection[Stay] | None = listing()
    """Where it has been before."""


MODEL = Model(Vessel, types=[Sea])


def cut(*coordinates: str, lookups: tuple[str, ...] = ("id",)) -> ViewSchema:
    return cut_schema(MODEL, coordinates, lookups)


def names(schema: GraphQLSchema) -> set[str]:
    return {name for name in schema.type_map if not name.startswith("__")}


def refused(view: ViewSchema, query: str) -> list[str]:
    return [error.message for error in validate(view.schema, parse(query))]


def test_the_root_fields_are_derived_from_the_model() -> None:
    """One and several, by a look-up input of the subject's name; the root is never null as a whole."""
    view = cut("Vessel.name", lookups=("id", "registry"))
    assert (view.one, view.many, view.by) == ("vessel", "vessels", "VesselBy")
    assert validate_schema(view.schema) == []
    query = view.schema.query_type
    assert query is not None
    assert {name: str(field.type) for name, field in query.fields.items()} == {
        "vessel": "Vessel",
        "vessels": "[Vessel]!",
    }
    assert {name: str(field.args["by"].type) for name, field in query.fields.items()} == {
        "vessel": "VesselBy!",
        "vessels": "[VesselBy!]!",
    }


def test_the_look_up_takes_exactly_one_of_the_keys_that_the_view_offers() -> None:
    """Validation and introspection both know."""
    view = cut("Vessel.name", lookups=("registry",))
    assert refused(view, '{ vessel(by: {registry: "R1"}) { name } }') == []
    assert refused(view, '{ vessel(by: {id: "v1"}) { name } }') != []
    assert refused(cut("Vessel.name", lookups=("id", "registry")), '{ vessel(by: {id: "1", registry: "2"}) { name } }')
    told = graphql_sync(view.schema, '{ __type(name: "VesselBy") { isOneOf inputFields { name description } } }')
    assert told.data == {
        "__type": {
            "isOneOf": True,
            "inputFields": [{"name": "registry", "description": "The key that registry uses."}],
        }
    }


def test_an_identifier_is_looked_up_by_where_the_view_lists_its_type() -> None:
    """Its type and its value, both; types that are not listed do not exist."""
    view = cut_schema(MODEL, ["Vessel.name"], ["id"], [IdentifierType.EMAIL, IdentifierType.TAX_ID])
    assert validate_schema(view.schema) == []
    assert {"VesselByIdentifier", "VesselIdentifierType"} <= names(view.schema)
    asked = '{{ vessel(by: {{identifier: {{{} value: "x"}}}}) {{ name }} }}'
    assert refused(view, asked.format("type: EMAIL")) == []
    assert refused(view, asked.format("type: PHONE")) != []
    assert refused(view, asked.format("")) != []
    assert refused(cut("Vessel.name"), asked.format("type: EMAIL")) != []
    told = graphql_sync(view.schema, '{ __type(name: "VesselByIdentifier") { isOneOf inputFields { name } } }')
    assert told.data == {"__type": {"isOneOf": False, "inputFields": [{"name": "type"}, {"name": "value"}]}}
    assert "identifier: VesselByIdentifier" in view.sdl()
    assert "TAX_ID" in view.sdl()


def test_what_is_not_listed_does_not_exist() -> None:
    """Fields, and the types, enums, inputs and scalars that only they reach."""
    assert names(cut("Vessel.name").schema) == {"Query", "Vessel", "VesselBy", "String", "ID", "Boolean"}
    stays = cut("Vessel.stays", "Stay.days")
    assert "Port" not in names(stays.schema)
    assert {"Stay", "Date"} <= names(stays.schema)
    assert {"Rig", "Stretch"}.isdisjoint(names(stays.schema))


def test_nothing_tells_of_what_is_hidden() -> None:
    """Neither errors, nor suggestions, nor introspection, nor SDL; an error repeats what was asked."""
    view = cut("Vessel.name", "Vessel.stays", "Stay.days")
    messages = refused(view, '{ vessel(by: {id: "1"}) { secretNam rig stays { prt } ... on Prt { depth } } }')
    assert messages == [
        "Cannot query field 'secretNam' on type 'Vessel'.",
        "Cannot query field 'rig' on type 'Vessel'.",
        "Cannot query field 'prt' on type 'Stay'.",
        "Unknown type 'Prt'.",
    ]
    shown = "\n".join([view.sdl(), print_schema(view.schema), str(introspected(view))])
    for hidden in ("secretName", "Rig", "SAIL", "Port", "depth", "callSign", "place:", "sensitive", "Stretch"):
        assert hidden not in shown


def introspected(view: ViewSchema) -> Any:
    result = execute_sync(view.schema, parse(get_introspection_query()))
    assert result.errors is None
    return result.data


def test_an_argument_exists_where_the_view_lists_it() -> None:
    """With the types that it needs."""
    bare, full = cut("Vessel.stays", "Stay.days"), cut("Vessel.stays", "Vessel.stays(within:)", "Stay.days")
    query = '{ vessel(by: {id: "1"}) { stays(within: {start: "2026-01-01"}) { days } } }'
    assert refused(bare, query) == ["Unknown argument 'within' on field 'Vessel.stays'."]
    assert refused(full, query) == []
    assert "Stretch" in names(full.schema)
    assert refused(full, query.replace("within: {", "rig: SAIL, within: {")) != []


def test_types_keep_their_shape() -> None:
    """Lists and non-null stand as in the model; so do descriptions and deprecations."""
    view = cut("Vessel.id", "Vessel.callSign", "Vessel.stays", "Stay.days", "Stay.port", "Port.depth")
    types: Any = view.schema.type_map
    assert str(types["Vessel"].fields["id"].type) == "ID!"
    assert str(types["Vessel"].fields["stays"].type) == "[Stay!]"
    assert str(types["Stay"].fields["days"].type) == "[Date!]!"
    assert types["Stay"].description == "A stay in a port."
    assert types["Vessel"].fields["callSign"].deprecation_reason == "Gone with radio."


def test_the_sdl_prints_the_facts_about_what_is_listed() -> None:
    """Directives that apply, and the definitions of these alone; it can be read back."""
    sdl = cut("Vessel.name").sdl()
    assert "name: String @personal(category: IDENTIFYING)" in sdl
    assert "input VesselBy @oneOf {" in sdl
    assert "directive @personal" in sdl
    assert "@sensitive" not in sdl
    assert "secretName" not in sdl
    assert {"Vessel", "VesselBy"} <= names(build_schema(sdl))


def test_two_views_share_no_type() -> None:
    """What one hides cannot come to light through another; the model itself stays whole."""
    one, two = cut("Vessel.name"), cut("Vessel.name", "Vessel.callSign")
    assert one.schema.type_map["Vessel"] is not two.schema.type_map["Vessel"]
    assert {"name", "callSign", "secretName"} <= MODEL.schema.type_map["Vessel"].fields.keys()  # type: ignore[attr-defined]


def test_a_view_has_no_resolvers() -> None:
    """Nothing but the engine answers a field."""
    view = cut("Vessel.name", "Vessel.stays", "Stay.days")
    for name in names(view.schema):
        for field in getattr(view.schema.type_map[name], "fields", {}).values():
            assert getattr(field, "resolve", None) is None


def test_an_interface_has_the_types_that_are_listed() -> None:
    """The others do not exist in the view, though the model has them."""
    view = cut("Vessel.place", "Place.name", "Port.name", "Port.depth")
    assert validate_schema(view.schema) == []
    assert {"Place", "Port"} <= names(view.schema)
    assert "Sea" not in names(view.schema)
    assert refused(view, '{ vessel(by: {id: "1"}) { place { name ... on Port { depth } } } }') == []
    assert refused(view, '{ vessel(by: {id: "1"}) { place { ... on Sea { salt } } } }') == ["Unknown type 'Sea'."]


def test_a_union_has_the_types_that_are_listed() -> None:
    """A type of which no field is listed is no member."""
    view = cut("Vessel.cargo", "Box.weight")
    union: Any = view.schema.type_map["Cargo"]
    assert [one.name for one in union.types] == ["Box"]
    assert "Liquid" not in names(view.schema)


def test_what_makes_a_page_is_of_the_view_with_its_list() -> None:
    """Connection, edge and PageInfo are listed nowhere; of the entry there is what is listed."""
    view = cut("Vessel.past", "Vessel.past(first:)", "Stay.days")
    types: Any = view.schema.type_map
    assert validate_schema(view.schema) == []
    assert set(types["StayConnection"].fields) == {"nodes", "edges", "pageInfo"}
    assert set(types["StayEdge"].fields) == {"node", "cursor"}
    assert set(types["PageInfo"].fields) == {"hasNextPage", "endCursor"}
    assert set(types["Stay"].fields) == {"days"}
    assert set(types["Vessel"].fields["past"].args) == {"first"}
    assert "PageInfo" not in names(cut("Vessel.name").schema)

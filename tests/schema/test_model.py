"""Any model can be built, asked and printed; one that cannot be used says everything that is wrong with it."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, NewType

import pytest
import strawberry
from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLString,
    build_schema,
    graphql_sync,
)

from schema.directives import FreshFor, Personal, PersonalCategory, Sensitive, Subject, personal
from schema.model import Model
from schema.problems import ConfigurationError, Problem
from schema.relay import Connection, Forward, On, listing

Knots = NewType("Knots", int)
KNOTS = strawberry.scalar(name="Knots", description="Nautical miles an hour.", serialize=int, parse_value=int)


@strawberry.interface
class Place:
    """Where a vessel can be."""

    name: str | None
    """What people call it."""


@strawberry.type
class Port(Place):
    """A harbour."""

    un_locode: str | None
    """Its code."""


@strawberry.type
class Anchorage(Place):
    """A place to wait at."""

    depth: Decimal | None
    """How deep it is, in metres."""


@strawberry.enum
class Rig(Enum):
    """How it is driven."""

    SAIL = "sail"
    """By the wind."""
    SCREW = "screw"
    """By a propeller."""


@strawberry.type
class PortCall:
    """A stay in a port."""

    port: Port | None
    """The port."""
    arrived_on: date | None
    """The day of arrival."""


@strawberry.input(one_of=True)
class Within:
    """A stretch of time."""

    last_days: int | None = strawberry.UNSET
    """So many days back."""
    in_year: int | None = strawberry.UNSET
    """In this year."""


class CallsBy(Forward):
    arrived_from: Annotated[date | None, On("arrived_on")] = None
    """Only stays begun on this day or later."""
    within: Within | None = None
    """Only stays within this time."""


@strawberry.type(directives=[Subject(plural="vessels")])
class Vessel:
    """A ship."""

    id: strawberry.ID
    """Its canonical id."""
    rig: Rig | None
    """How it is driven."""
    top_speed: Knots | None = strawberry.field(directives=[FreshFor(seconds=3600)])
    """How fast it goes."""
    master: str | None = personal(PersonalCategory.IDENTIFYING, Sensitive())
    """Who commands it."""
    remarks: str | None = strawberry.field(directives=[Personal()])
    """What people say."""
    home: Place | None
    """Where it belongs."""
    ports: list[Port] | None
    """Where it may go."""
    port_calls: Connection[PortCall] | None = listing(CallsBy)
    """Where it was."""


@strawberry.enum
class Mood(Enum):
    GOOD = "good"


@strawberry.type(directives=[Subject(plural="tools")])
class Tool:
    """A thing."""

    name: str | None


class ToolsBy(Forward):
    named: Annotated[str | None, On("nothing")] = None


@strawberry.type(directives=[Subject(plural="boxes")])
class Box:
    mood: Mood | None
    """How it feels."""
    tools: Connection[Tool] | None = listing(ToolsBy)
    """What is in it."""
    a_b: int | None
    """One."""
    aB: int | None  # noqa: N815  it is what must be refused
    """Two."""
    size: int = strawberry.field(resolver=lambda: 1, description="Computed.")


@strawberry.type
class Price:
    """What it costs."""

    amount: float | None
    """How much."""


@strawberry.type
class Rope:
    """What holds."""

    price: Price | None
    """What it costs."""
    prices: list[Price] | None
    """What it has cost."""
    colours: list[str] | None
    """Its strands."""


class RopesBy(Forward):
    above: Annotated[int | None, On("price")] = None
    """Only dearer ones."""
    ever: Annotated[int | None, On("prices")] = None
    """Only those that once were."""
    colour: Annotated[str | None, On("colours")] = None
    """Only those with such a strand."""


@strawberry.type(directives=[Subject(plural="lockers")])
class Locker:
    """Where ropes lie."""

    id: strawberry.ID
    """Its id."""
    ropes: Connection[Rope] | None = listing(RopesBy)
    """What lies in it."""


@strawberry.type
class CupBy:
    """Not allowed."""

    a: int | None
    """One."""


@strawberry.type(directives=[Subject(plural="cups")])
class Cup:
    """A cup."""

    id: strawberry.ID
    """Its id."""
    by: CupBy | None
    """By whom."""


def vessels() -> Model:
    return Model(Vessel, types=[Anchorage], scalars={Knots: KNOTS})


@pytest.fixture(scope="module")
def model() -> Model:
    return vessels()


def problems_of(subject: Any, **more: Any) -> list[Problem]:
    with pytest.raises(ConfigurationError) as refusal:
        Model(subject, **more)
    return list(refusal.value.problems)


def test_a_model_of_any_domain_has_its_subject_s_words(model: Model) -> None:
    """Nothing but the subject type's mark says what the model is about."""
    assert (model.subject, model.singular, model.plural) == ("Vessel", "vessel", "vessels")
    assert repr(model) == "Model(Vessel)"


def test_every_field_of_objects_and_interfaces_is_a_coordinate(model: Model) -> None:
    """The query type and introspection are none of the model's; types reached by an interface only are."""
    owners = {coordinate.type_name for coordinate in model.coordinates.values()}
    assert owners == {
        "Vessel",
        "Place",
        "Port",
        "Anchorage",
        "PortCall",
        "PortCallConnection",
        "PortCallEdge",
        "PageInfo",
    }
    assert all(str(coordinate) == name for name, coordinate in model.coordinates.items())


def test_a_coordinate_tells_the_facts_of_its_field(model: Model) -> None:
    """Facts that were not said are absent."""
    master, speed = model.coordinates["Vessel.master"], model.coordinates["Vessel.topSpeed"]
    assert (master.is_personal, master.category, master.is_sensitive) == (True, PersonalCategory.IDENTIFYING, True)
    assert (master.fresh_for, speed.fresh_for) == (None, 3600)
    assert (speed.is_personal, speed.category, speed.is_sensitive) == (False, None, False)
    remarks = model.coordinates["Vessel.remarks"]
    assert (remarks.is_personal, remarks.category) == (True, None)


def test_a_coordinate_tells_what_it_holds(model: Model) -> None:
    """Of a list or a connection, the type of its entries."""
    calls, ports, rig = (model.coordinates[f"Vessel.{name}"] for name in ("portCalls", "ports", "rig"))
    assert (calls.of, calls.is_list, calls.is_connection) == ("PortCall", False, True)
    assert (ports.of, ports.is_list, ports.is_connection) == ("Port", True, False)
    assert (rig.of, rig.is_list, rig.is_connection) == ("Rig", False, False)
    assert str(calls.type) == "PortCallConnection"


def test_python_names_stand_behind_graphql_names(model: Model) -> None:
    """Records and arguments use the Python names."""
    assert model.python_name("Port", "unLocode") == "un_locode"
    assert model.python_name("Within", "lastDays") == "last_days"
    assert model.python_name("Query", "vessel") == "vessel"
    argument = model.coordinates["Vessel.portCalls"].arguments["arrivedFrom"]
    assert (argument.name, argument.python_name) == ("arrivedFrom", "arrived_from")
    with pytest.raises(KeyError):
        model.python_name("Port", "nothing")


def test_an_argument_tells_the_coordinate_that_it_reads(model: Model) -> None:
    """A view that hides the field hides the argument."""
    arguments = model.coordinates["Vessel.portCalls"].arguments
    assert arguments["arrivedFrom"].reads == "PortCall.arrivedOn"
    assert arguments["first"].reads is None


def test_pages_are_plumbing(model: Model) -> None:
    """They are made by the engine and owned by no source."""
    plumbing = {name for name in model.schema.type_map if model.is_plumbing(name)}
    assert plumbing == {"PortCallConnection", "PortCallEdge", "PageInfo"}


def test_no_type_resolves_anything(model: Model) -> None:
    """Values come from the facts given to the executor, whatever way the schema is used."""
    for named_type in model.schema.type_map.values():
        if isinstance(named_type, GraphQLObjectType | GraphQLInterfaceType) and not named_type.name.startswith("__"):
            assert all(field.resolve is None for field in named_type.fields.values())
            assert getattr(named_type, "is_type_of", None) is None
            assert getattr(named_type, "resolve_type", None) is None


def test_introspection_still_works(model: Model) -> None:
    """Its types are shared by all schemas of the process and stay as they are."""
    answer = graphql_sync(model.schema, '{ __type(name: "Port") { description fields { name description } } }')
    assert answer.errors is None
    assert answer.data == {
        "__type": {
            "description": "A harbour.",
            "fields": [
                {"name": "name", "description": "What people call it."},
                {"name": "unLocode", "description": "Its code."},
            ],
        }
    }


def test_the_sdl_shows_descriptions_and_facts(model: Model) -> None:
    """It is what people review."""
    sdl = model.sdl()
    assert '"""A ship."""\ntype Vessel @subject(plural: "vessels") {' in sdl
    assert '"""Who commands it."""\n  master: String @personal(category: IDENTIFYING) @sensitive\n' in sdl
    assert "topSpeed: Knots @freshFor(seconds: 3600)\n" in sdl
    assert '"""Marks a field that holds personal data (GDPR article 4)."""\ndirective @personal(' in sdl
    assert '"""Only stays begun on this day or later."""\n    arrivedFrom: Date\n' in sdl
    assert "Vessel" in build_schema(sdl).type_map


def test_building_twice_gives_the_same_sdl(model: Model) -> None:
    """A model keeps nothing in the classes that it was built from."""
    assert vessels().sdl() == model.sdl()


def test_a_schema_cut_from_the_model_prints_with_its_facts(model: Model) -> None:
    """Copied types keep their extensions; root fields of the cut need none."""
    whole: Any = model.schema.type_map["Port"]
    port = GraphQLObjectType(
        "Port",
        {"unLocode": whole.fields["unLocode"]},
        description=whole.description,
        extensions=whole.extensions,
    )
    by = GraphQLInputObjectType("VesselBy", {"id": GraphQLInputField(GraphQLString)}, is_one_of=True)
    root = GraphQLObjectType("Query", {"port": GraphQLField(port, args={"by": GraphQLArgument(by)})})
    sdl = model.sdl(GraphQLSchema(root))
    assert sdl == (
        '"""A harbour."""\ntype Port {\n  """Its code."""\n  unLocode: String\n}\n\n'
        "type Query {\n  port(by: VesselBy): Port\n}\n\n"
        "input VesselBy @oneOf {\n  id: String\n}"
    )


def test_a_class_that_is_no_type_is_refused() -> None:
    """The message says how to decorate it."""

    class Plain:
        """Nothing."""

    @strawberry.input
    class Asked:
        """An input."""

        a: int
        """A number."""

    for wrong in (Plain, Asked, Place):
        (problem,) = problems_of(wrong)
        assert problem.got == "a class that is no object type"
        assert "Subject(plural=...)" in problem.mend


def test_an_argument_reads_a_value_and_no_object() -> None:
    """Rules stand on the fields of an object: an argument on the object would tell of what they withhold."""

    problems = problems_of(Locker)
    assert [problem.got for problem in problems] == [
        "Locker.ropes(above:) on 'price', which holds Price",
        "Locker.ropes(ever:) on 'prices', which holds Price",
    ]
    assert {problem.wanted for problem in problems} == {"an attribute of Rope that is a value, and no object"}


def test_the_subject_carries_exactly_one_mark() -> None:
    """Without it nobody knows the plural; two would contradict each other."""
    (problem,) = problems_of(Port)
    assert (problem.got, problem.file) == ("0 marks @subject", f"{__name__}.Port")
    assert problem.line is not None

    @strawberry.type(directives=[Subject(plural="as"), Subject(plural="bs")])
    class Twice:
        """Marked twice."""

        id: strawberry.ID
        """Its id."""

    assert [problem.got for problem in problems_of(Twice)] == ["2 marks @subject"]


@pytest.mark.parametrize("plural", ["", "Ships", "two words", "ship", "ships()"])
def test_the_plural_is_a_field_name_of_its_own(plural: str) -> None:
    """It becomes the list field at the root, beside the singular."""

    @strawberry.type(directives=[Subject(plural=plural)])
    class Ship:
        """A ship."""

        id: strawberry.ID
        """Its id."""

    (problem,) = problems_of(Ship)
    assert problem.got == f"the plural {plural!r}"


def test_everything_that_is_wrong_is_told_at_once() -> None:
    """Each problem names the class and attribute, what was got, what was wanted and how to mend it."""

    got = {problem.got for problem in problems_of(Box)}
    assert got == {
        "no field id: ID! without arguments",
        "the type Box without a description",
        "the type Mood without a description",
        "the value Mood.GOOD without a description",
        "the field Tool.name without a description",
        "the argument Box.tools(named:) without a description",
        "Box.tools(named:) on 'nothing'",
        "@subject on Tool",
        "Box.size with a resolver",
        "5 attributes that make 4 fields of Box",
    }
    where = {problem.got: problem.file for problem in problems_of(Box)}
    assert where["the field Tool.name without a description"] == f"{__name__}.Tool.name"
    assert where["Box.tools(named:) on 'nothing'"] == f"{__name__}.Box.tools"
    assert all(problem.line for problem in problems_of(Box))


def test_the_id_is_an_id_and_never_null() -> None:
    """The canonical id stands on every customer that is shown."""

    @strawberry.type(directives=[Subject(plural="pens")])
    class Pen:
        """A pen."""

        id: strawberry.ID | None
        """Its id."""

    assert [problem.got for problem in problems_of(Pen)] == ["id: ID"]


def test_the_name_of_the_look_up_input_is_taken() -> None:
    """It is derived from the subject's name."""

    assert [problem.got for problem in problems_of(Cup)] == ["a type named CupBy"]


def test_directives_need_descriptions_too() -> None:
    """A fact that nobody explained helps nobody."""
    from strawberry.schema_directive import Location

    @strawberry.schema_directive(locations=[Location.FIELD_DEFINITION])
    class Odd:
        why: str

    @strawberry.type(directives=[Subject(plural="jars")])
    class Jar:
        """A jar."""

        id: strawberry.ID = strawberry.field(directives=[Odd(why="because")])
        """Its id."""

    assert {problem.got for problem in problems_of(Jar)} == {
        "the directive @odd without a description",
        "the argument @odd(why:) without a description",
    }


def test_a_model_that_is_no_schema_is_refused() -> None:
    """The message carries what Strawberry says about it."""

    class Opaque:
        """No type that GraphQL knows."""

    Bad: Any = type(  # noqa: N806  it is a class
        "Bad", (), {"__annotations__": {"id": strawberry.ID, "x": Opaque}, "__doc__": "Bad.", "__module__": __name__}
    )
    (problem,) = problems_of(strawberry.type(Bad, directives=[Subject(plural="bads")]))
    assert problem.got.startswith("a model that is no GraphQL schema: ")
    assert "x" in problem.got
    assert problem.line is None


def test_strawberry_s_own_scalars_may_be_used() -> None:
    """They bring their descriptions."""

    @strawberry.type(directives=[Subject(plural="clocks")])
    class Clock:
        """A clock."""

        id: strawberry.ID
        """Its id."""
        alarm: time | None
        """When it rings."""

    assert Model(Clock).coordinates["Clock.alarm"].of == "Time"


def test_an_undescribed_scalar_is_refused() -> None:
    """A scalar has no docstring: its description is given where it is made."""
    bare = strawberry.scalar(name="Bare", serialize=int, parse_value=int)
    (problem,) = problems_of(Vessel, types=[Anchorage], scalars={Knots: bare})
    assert (problem.file, problem.got) == ("Bare", "the type Bare without a description")
    assert problem.line is None


def test_a_coordinate_has_the_title_that_the_model_gives_it() -> None:
    """The first line of its description; nothing where the model has no such coordinate."""

    @strawberry.type(directives=[Subject(plural="clocks")])
    class Clock:
        """A clock."""

        id: strawberry.ID
        """Its id.

        It never changes."""

    model = Model(Clock)
    assert [model.title(name) for name in ("Clock.id", "Clock.hour", "Watch.id", "ID.id", "Clock")] == [
        "Its id.",
        *[""] * 4,
    ]

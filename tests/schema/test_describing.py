"""Descriptions come from docstrings, and a description given in code stays."""

from __future__ import annotations

import pathlib
from dataclasses import dataclass
from enum import Enum
from importlib import util
from typing import Annotated, Any, Generic, TypeVar

import strawberry
from graphql import GraphQLSchema
from strawberry.schema_directive import Location

from schema.describing import DEFINITION, attribute_docs, class_doc, describe_schema, origin_of

T = TypeVar("T")


@dataclass
class Undocumented:
    brand: str


@strawberry.interface
class Floating:
    """What floats."""

    draught: int | None
    """Depth below the water.

    In centimetres.
    """


@strawberry.enum
class Flag(Enum):
    """Under which flag it sails."""

    NL = "nl"
    """The Netherlands."""
    GB = strawberry.enum_value("gb", description="Great Britain.")
    "Not this one."
    XX = "xx"


@strawberry.schema_directive(locations=[Location.FIELD_DEFINITION])
class Measured:
    """Says in which unit."""

    unit: str
    """The unit's symbol."""


@strawberry.type
class Crate(Generic[T]):
    """A box of things."""

    content: T | None
    """What is in it."""


@strawberry.input
class Near:
    """A place on the water."""

    latitude: float
    """Degrees north."""


@strawberry.type
class Boat(Floating):
    """A small vessel."""

    name: str | None = strawberry.field(directives=[Measured(unit="m")])
    """What stands on the stern."""
    flag: Flag | None
    """Its flag."""
    crates: list[Crate[str]] | None = strawberry.field(description="Given in code.")
    """Not this one."""
    x, y = 1, 2
    silent: int | None


@strawberry.type(description="Given in code.")
class Buoy:
    """Not this one."""

    colour: str | None


@strawberry.type
class Query:
    boat: Boat | None
    thing: Annotated[Boat | Buoy, strawberry.union("Thing")] | None

    @strawberry.field
    def nearest(self, near: Near) -> Boat | None:
        return None


def described() -> GraphQLSchema:
    built = strawberry.Schema(Query)
    core = built._schema
    describe_schema(core, core.directives)
    return core


def named(name: str) -> Any:
    return described().type_map[name]


def test_types_and_fields_are_described_by_their_docstrings() -> None:
    """Multi-line docstrings lose their indentation only."""
    boat = named("Boat")
    assert boat.description == "A small vessel."
    assert boat.fields["name"].description == "What stands on the stern."
    assert boat.fields["draught"].description == "Depth below the water.\n\nIn centimetres."
    assert named("Floating").fields["draught"].description == boat.fields["draught"].description


def test_a_description_given_in_code_stays() -> None:
    """Code is more explicit than a docstring."""
    assert named("Buoy").description == "Given in code."
    assert named("Boat").fields["crates"].description == "Given in code."
    assert named("Flag").values["GB"].description == "Great Britain."


def test_what_has_no_docstring_stays_undescribed() -> None:
    """A docstring made by `dataclass` is none."""
    assert not named("Boat").fields["silent"].description
    assert not named("Flag").values["XX"].description
    assert not named("Query").description
    assert class_doc(Undocumented) is None
    assert class_doc(type("Empty", (), {"__doc__": "  "})) is None


def test_enum_values_are_described() -> None:
    """The string below a member is its description."""
    flag = named("Flag")
    assert flag.description == "Under which flag it sails."
    assert flag.values["NL"].description == "The Netherlands."


def test_a_specialised_generic_type_is_described_by_the_generic_class() -> None:
    """`StrCrate` is made at run time and has no source of its own."""
    crate = named("StrCrate")
    assert crate.description == "A box of things."
    assert crate.fields["content"].description == "What is in it."
    assert origin_of(crate.extensions[DEFINITION]) is Crate


def test_inputs_are_described() -> None:
    """Their fields too."""
    near = named("Near")
    assert near.description == "A place on the water."
    assert near.fields["latitude"].description == "Degrees north."


def test_directives_and_their_arguments_are_described() -> None:
    """The SDL says what a fact means."""
    directive = next(d for d in described().directives if d.name == "measured")
    assert directive.description == "Says in which unit."
    assert directive.args["unit"].description == "The unit's symbol."


def test_unions_and_the_built_in_scalars_are_left_alone() -> None:
    """They have no class of ours to read."""
    core = described()
    assert not core.type_map["Thing"].description
    assert str(core.type_map["Int"].description).startswith("The `Int` scalar")
    assert origin_of(core.type_map["Thing"].extensions[DEFINITION]) is None


def test_attributes_of_bases_are_known_and_can_be_said_anew() -> None:
    """The nearest class's words win."""

    class Base:
        depth: int
        """Said once."""
        width: int
        """Of the base."""

    class Derived(Base):
        depth: int
        """Said anew."""

    assert attribute_docs(Derived) == {"depth": "Said anew.", "width": "Of the base."}


def test_a_class_without_readable_source_has_no_attribute_docs() -> None:
    """Made at run time, built in, or of a file that is gone."""
    assert attribute_docs(type("Made", (), {})) == {}
    assert attribute_docs(complex) == {}
    namespace: dict[str, Any] = {"__name__": "nowhere"}
    exec("class Ghost:\n    a: int\n    'text'\n", namespace)
    assert attribute_docs(namespace["Ghost"]) == {}


def test_compiled_code_without_source_has_no_attribute_docs(tmp_path: pathlib.Path) -> None:
    """A module may be shipped without its source."""
    path = tmp_path / "shipped.py"
    path.write_text("class Shipped:\n    a: int\n    'text'\n")
    spec = util.spec_from_file_location("shipped", path)
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    path.unlink()
    assert attribute_docs(module.Shipped) == {}

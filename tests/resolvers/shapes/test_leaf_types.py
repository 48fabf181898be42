"""What passes a leaf type's guard is printed exactly as graphql-core prints it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, cast

import pytest
from graphql import GraphQLBoolean, GraphQLEnumType, GraphQLFloat, GraphQLID, GraphQLInt, GraphQLLeafType, GraphQLString
from hypothesis import given
from hypothesis import strategies as st

from resolvers.shapes.leaf_types import LeafType, leaf_type_of
from tests.resolvers.shapes.keepers import MODEL, Mood
from tests.resolvers.vessels import MODEL as SHIPS
from tests.resolvers.vessels import Kind

PLAIN = [GraphQLString, GraphQLID, GraphQLBoolean, GraphQLInt, GraphQLFloat]


def scalar(name: str) -> GraphQLLeafType:
    return cast("GraphQLLeafType", MODEL.schema.type_map[name])


def passes(leaf: LeafType, value: Any) -> bool:
    """Whether compiled code prints the value without a doubt."""
    if type(value) is not leaf.exact:
        return False
    return not leaf.within or bool(eval(leaf.within.format("value"), {"value": value}))


VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**33), 2**33)
    | st.floats()
    | st.text()
    | st.binary()
    | st.decimals()
    | st.lists(st.text(), max_size=1)
)


@given(st.sampled_from(PLAIN), VALUES)
def test_graphqls_own_scalars_are_shown_as_they_are(of: GraphQLLeafType, value: Any) -> None:
    """Where the guard lets a value pass graphql-core would print the very same."""
    leaf = leaf_type_of(of)
    assert leaf.is_plain
    if passes(leaf, value):
        assert repr(cast("Any", of).coerce_output_value(value)) == repr(value)


@pytest.mark.parametrize(
    ("of", "right", "wrong"),
    [
        (GraphQLString, "Anna", 7),
        (GraphQLID, "7", 7),
        (GraphQLBoolean, True, 1),
        (GraphQLInt, 2**31 - 1, 2**31),
        (GraphQLInt, -(2**31), -(2**31) - 1),
        (GraphQLInt, 1, True),
        (GraphQLFloat, 1.7e308, float("inf")),
        (GraphQLFloat, -1.7e308, float("nan")),
        (GraphQLFloat, 1.0, 1),
        (scalar("Decimal"), Decimal("1.50"), 1.5),
        (scalar("Date"), date(2000, 1, 31), datetime(2000, 1, 31, tzinfo=UTC)),
        (scalar("DateTime"), datetime(2000, 1, 31, tzinfo=UTC), date(2000, 1, 31)),
        (scalar("CurrencyCode"), "EUR", b"EUR"),
    ],
)
def test_a_guard_knows_the_exact_class(of: GraphQLLeafType, right: object, wrong: object) -> None:
    """What is no value of the type, or of another class, is not decided by compiled code."""
    leaf = leaf_type_of(of)
    assert (passes(leaf, right), passes(leaf, wrong)) == (True, False)


def test_the_models_own_scalars_print_themselves() -> None:
    """By what they are declared with, also where a value is text."""
    for name, value, shown in (("Decimal", Decimal("1.50"), "1.50"), ("CurrencyCode", "EUR", "EUR")):
        leaf = leaf_type_of(scalar(name))
        assert not leaf.is_plain
        assert leaf.prints is not None
        assert leaf.prints(value) == shown


def test_an_enum_is_shown_by_name() -> None:
    """From its members, or from their values where a row holds these; a row holds texts alone."""
    kind = leaf_type_of(cast("GraphQLEnumType", SHIPS.schema.type_map["Kind"]))
    assert kind.exact is Kind
    assert kind.names == {Kind.TANKER: "TANKER", Kind.FERRY: "FERRY"}
    assert kind.codes == {"tanker": "TANKER", "ferry": "FERRY"}
    mood = leaf_type_of(cast("GraphQLEnumType", scalar("Mood")))
    assert mood.names == {Mood.GOOD: "GOOD", Mood.BAD: "BAD"}
    assert mood.codes == {}


def test_a_mask_can_stand_on_text_that_is_shown_as_it_is() -> None:
    """Not on a scalar of the model that is written as text, and not on an enum."""
    named = [*PLAIN, *map(scalar, ("Decimal", "Date", "CurrencyCode", "Mood"))]
    assert [of.name for of in named if leaf_type_of(of).is_text] == ["String", "ID"]

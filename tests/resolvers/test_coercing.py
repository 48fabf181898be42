"""Variables are coerced as graphql-core would, or left to it."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import OperationDefinitionNode, build_schema, parse
from graphql.execution.values import VariableValues, get_variable_values
from hypothesis import given
from hypothesis import strategies as st

from resolvers.coercing import Coercer, compile_coercer

SCHEMA = build_schema(
    """
    input By @oneOf { id: ID crm: String number: Int }
    input Pair { a: Int b: Int }
    input Whole { kind: Colour! value: String! }
    input ByWhole @oneOf { id: ID whole: Whole }
    input Nest @oneOf { id: ID nest: Nest }
    scalar Day
    enum Colour { RED GREEN }
    type Query { field(
      by: By, many: [By!], pair: Pair, whole: Whole, byWhole: ByWhole, nest: Nest, day: Day, more: Colour, size: Float,
      is: Boolean
    ): String }
    """
)

TYPES = [
    *("ID!", "ID", "String", "Boolean!", "Int", "Float", "Colour", "Colour!"),
    *("By!", "[By!]!", "[By]", "[ID!]", "[[Int!]]", "[Colour]", "Whole", "Whole!", "ByWhole!", "[ByWhole!]!"),
]


def operation(*types: str, default: str = "") -> OperationDefinitionNode:
    declared = " ".join(f"$v{place}: {of}{default}" for place, of in enumerate(types))
    (made,) = parse(f"query ({declared}) {{ field }}").definitions
    assert isinstance(made, OperationDefinitionNode)
    return made


def coercer(*types: str) -> Coercer:
    made = compile_coercer(SCHEMA, operation(*types))
    assert made is not None
    return made


def exactly(of: OperationDefinitionNode, values: dict[str, Any]) -> VariableValues | None:
    found = get_variable_values(SCHEMA, of.variable_definitions or (), values)
    return None if isinstance(found, list) else found


LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**33), 2**33)
    | st.floats()
    | st.sampled_from(["RED", "GREEN", "BLUE", "", "17", "\ud800"])
    | st.text(max_size=3)
)
MEMBERS = st.dictionaries(st.sampled_from(["id", "crm", "number", "other"]), LEAVES, max_size=2)
WHOLES = st.dictionaries(st.sampled_from(["kind", "value", "other"]), LEAVES, max_size=3)
VALUES = st.recursive(
    LEAVES | MEMBERS | WHOLES | st.builds(lambda whole: {"whole": whole}, WHOLES),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=6,
)


@given(st.lists(st.tuples(st.sampled_from(TYPES), st.booleans(), VALUES), min_size=1, max_size=3))
def test_what_is_coerced_is_what_graphql_core_makes_of_it(variables: list[tuple[str, bool, Any]]) -> None:
    """Never another value, and never one that it refuses; what is left to it costs time only."""
    types = [of for of, _, _ in variables]
    values = {f"v{place}": value for place, (_, there, value) in enumerate(variables) if there}
    made = coercer(*types).values(values)
    if made is not None:
        assert repr(made) == repr(exactly(operation(*types), values))


@pytest.mark.parametrize(
    ("of", "value", "wanted"),
    [
        ("ID!", "17", "17"),
        ("ID!", 17, "17"),
        ("String", None, None),
        ("Int", 2**31 - 1, 2**31 - 1),
        ("Float", 1.5, 1.5),
        ("Boolean!", False, False),
        ("Colour", "RED", "RED"),
        ("By!", {"crm": "C-1"}, {"crm": "C-1"}),
        ("By!", {"id": 5}, {"id": "5"}),
        ("[By!]!", [{"id": "a"}, {"number": 3}], [{"id": "a"}, {"number": 3}]),
        ("[ID]", ["a", None], ["a", None]),
        ("Whole", {"value": "v", "kind": "RED"}, {"kind": "RED", "value": "v"}),
        ("ByWhole!", {"whole": {"kind": "RED", "value": "v"}}, {"whole": {"kind": "RED", "value": "v"}}),
    ],
)
def test_ordinary_values_need_nobody_else(of: str, value: object, wanted: object) -> None:
    """Keys as texts and whole numbers, and the plain forms of the rest."""
    made = coercer(of).values({"v0": value})
    assert made is not None
    assert made.coerced == {"v0": wanted}
    assert repr(made) == repr(exactly(operation(of), {"v0": value}))


@pytest.mark.parametrize(
    ("of", "value"),
    [
        ("ID!", 1.0),
        ("ID!", None),
        ("ID!", True),
        ("Int", 2**31),
        ("Int", 1.0),
        ("Float", float("nan")),
        ("Float", 1),
        ("Colour", "BLUE"),
        ("Boolean", 1),
        ("String", 1),
        ("By!", {"id": "a", "crm": "b"}),
        ("By!", {"id": None}),
        ("By!", {"other": "a"}),
        ("By!", {}),
        ("[By!]!", {"id": "a"}),
        ("[By!]", [None]),
        ("Whole", {"kind": "RED"}),
        ("Whole", {"kind": "RED", "value": None}),
        ("Whole", {"kind": "RED", "value": "v", "other": 1}),
        ("ByWhole", {"whole": None}),
        ("ByWhole", {"whole": {"kind": "BLUE", "value": "v"}}),
    ],
)
def test_what_is_doubtful_is_left_to_graphql_core(of: str, value: object) -> None:
    """It takes some of these, and says of the others what is wrong."""
    assert coercer(of).values({"v0": value}) is None


def test_a_variable_that_is_left_out_is_null_or_left_to_graphql_core() -> None:
    """One that may be null is not among the values; variables that nobody declared are not read."""
    made = coercer("ID").values({"other": 1})
    assert made is not None
    assert repr(made) == repr(exactly(operation("ID"), {"other": 1}))
    assert made.coerced == {}
    assert coercer("ID!").values({}) is None


@pytest.mark.parametrize("of", ["Pair", "Nest", "Day", "[Day]", "[Pair!]"])
def test_types_with_rules_of_their_own_are_not_compiled(of: str) -> None:
    """Scalars of the model, input objects with members that may be left out, and such as hold their own kind."""
    assert compile_coercer(SCHEMA, operation(of)) is None


def test_defaults_are_not_compiled() -> None:
    """They are read from the document, by the rules of its literals."""
    assert compile_coercer(SCHEMA, operation("Int", default=" = 3")) is None

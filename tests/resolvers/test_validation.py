"""Documents are held to the rules of the specification in bounded time."""

from __future__ import annotations

import pytest
from graphql import build_schema, parse, validate
from graphql.validation.rules import overlapping_fields_can_be_merged

from resolvers import RefusalCode, RefusedError
from resolvers.refusals import Excess
from resolvers.validation import MOST_COMPARISONS, MOST_ERRORS, check_valid
from schema.view_schema import ViewSchema, cut_schema
from tests.resolvers.vessels import FIELDS, MODEL

V = 'vessel(by: {id: "v1"})'


def schema() -> ViewSchema:
    return cut_schema(MODEL, FIELDS, ("id",))


def refused(text: str, *, suggests: bool = True) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        check_valid(schema().schema, parse(text), suggests=suggests)
    return caught.value


def test_a_document_that_fits_is_taken() -> None:
    """Also one whose fields overlap, as those of generated clients do."""
    shared = " ".join(f"fragment F{n} on Vessel {{ id name callSign }}" for n in range(40))
    spread = " ".join(f"...F{n}" for n in range(40))
    check_valid(schema().schema, parse(f"{{ {V} {{ id name {spread} }} }} {shared}"))


@pytest.mark.parametrize(
    "text",
    [
        f"{{ {V} {{ id }} }} {{ {V} {{ id }} }}",
        f"query A {{ {V} {{ id }} }} query A {{ {V} {{ id }} }}",
        f"type T {{ a: Int }} {{ {V} {{ id }} }}",
        "subscription { a b }",
        f"{{ {V} {{ ...A }} }} fragment A on Nothing {{ id }}",
        f"{{ {V} {{ ...A }} }} fragment A on VesselBy {{ id }}",
        f"{{ {V} {{ id {{ a }} }} }}",
        f"{{ {V} }}",
        f"{{ {V} {{ nothing }} }}",
        f"{{ {V} {{ ...A }} }} fragment A on Vessel {{ id }} fragment A on Vessel {{ id }}",
        f"{{ {V} {{ ...A }} }}",
        f"{{ {V} {{ id }} }} fragment A on Vessel {{ id }}",
        f"{{ {V} {{ ... on Query {{ __typename }} }} }}",
        f"{{ {V} {{ ...A }} }} fragment A on Vessel {{ ...B }} fragment B on Vessel {{ ...A }}",
        f"query ($a: Int, $a: Int) {{ {V} {{ id @skip(if: $a) }} }}",
        f"{{ {V} {{ id @skip(if: $a) }} }}",
        f"query ($a: Int) {{ {V} {{ id }} }}",
        f"query ($a: Vessel) {{ {V} {{ id @skip(if: $a) }} }}",
        f"query ($a: Int) {{ {V} {{ id @skip(if: $a) }} }}",
        f"query ($a: Int = true) {{ {V} {{ id @skip(if: $a) }} }}",
        f"{{ {V} {{ id @nothing }} }}",
        f"query @skip(if: true) {{ {V} {{ id }} }}",
        f"{{ {V} {{ id @skip(if: true) @skip(if: true) }} }}",
        f"{{ {V} {{ id @skip }} }}",
        f"{{ {V} {{ id @skip(if: true, if: true) }} }}",
        f"{{ {V} {{ id(a: 1) }} }}",
        "{ vessel { id } }",
        '{ vessel(by: {id: "a", id: "b"}) { id } }',
        '{ vessel(by: {id: "a", nothing: "b"}) { id } }',
        f"{{ {V} {{ a: id a: name }} }}",
        f"{{ {V} {{ id @defer }} }}",
    ],
)
def test_every_rule_of_the_specification_is_held(text: str) -> None:
    """The errors are as many, and at the same places, as when graphql-core applies its rules itself."""
    of, document = schema().schema, parse(text)
    wanted = validate(of, document)
    assert wanted
    assert [one.locations for one in refused(text).errors] == [one.locations for one in wanted]


@pytest.mark.parametrize(
    "selections",
    [
        "name " * 400,
        "size { beam } " * 200,
        " ".join(f'portCalls(info: "{n}") {{ on }}' for n in range(300)),
    ],
)
def test_fields_are_compared_only_so_often(selections: str) -> None:
    """The comparison of fields with one response name is the one rule that is not linear."""
    error = refused(f"{{ {V} {{ {selections} }} }}")
    assert error.code is RefusalCode.QUERY_BUDGET
    assert error.excess == Excess("comparisons", MOST_COMPARISONS)
    assert f"more than {MOST_COMPARISONS} pairs" in str(error)


def test_the_bound_is_of_this_rule_and_of_no_other_user_of_the_library() -> None:
    """graphql-core's own bound is a variable of its module: it stays as it was."""
    refused(f"{{ {V} {{ {'name ' * 400} }} }}")
    assert overlapping_fields_can_be_merged.get_complexity_budget() > 2 * MOST_COMPARISONS


def test_errors_are_told_up_to_twenty() -> None:
    """And one that says that there are more."""
    error = refused(f"{{ {V} {{ {' '.join(f'x{n}' for n in range(30))} }} }}")
    assert error.code is RefusalCode.GRAPHQL_VALIDATION_FAILED
    assert len(error.errors) == MOST_ERRORS + 1


def test_suggestions_are_made_where_the_schema_may_be_seen() -> None:
    """They name fields of it."""
    assert "Did you mean 'name'?" in str(refused(f"{{ {V} {{ nam }} }}"))
    assert "mean" not in str(refused(f"{{ {V} {{ nam }} }}", suggests=False))


def test_what_a_library_says_of_a_value_stays_inside() -> None:
    """Nobody who asks has to know that this is Python; what our own scalars say is told."""
    tiny = build_schema("type Query { a(first: Int): Int }")
    with pytest.raises(RefusedError) as refused:
        check_valid(tiny, parse("{ a(first: " + "9" * 5_000 + ") }"))
    assert refused.value.errors[0].message == "Expected value of type 'Int'; another value was found."


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ('{ a(first: "canary") }', "Int cannot represent non-integer value."),
        ('{ b(by: "canary: x. Did you mean the enum value canary?") }', "Enum 'Kind' cannot represent non-enum value."),
        (
            "{ b(by: EMAIK) }",
            "Value 'EMAIK' does not exist in 'Kind' enum. Did you mean the enum value 'EMAIL'?",
        ),
        ('{ b(by: "EMAIL") }', "Enum 'Kind' cannot represent non-enum value. Did you mean the enum value 'EMAIL'?"),
        ('{ c(text: ["canary"]) }', "String cannot represent a non string value."),
        ('{ c(text: {x: "canary"}) }', "String cannot represent a non string value."),
        ("{ c(text: 491712345678) }", "String cannot represent a non string value."),
        ('{ d(it: "canary") }', "Expected value of type 'It' to be an object."),
        (
            '{ d(it: [{a: "canary, found: 1. Did you mean the enum value canary?"}]) }',
            "Expected value of type 'It' to be an object.",
        ),
    ],
)
def test_a_value_that_is_written_where_another_is_wanted_is_not_told(query: str, message: str) -> None:
    """It may be a person's; where it stands is told, and what was perhaps meant."""
    tiny = build_schema(
        "enum Kind { EMAIL PHONE } input It { a: String } "
        "type Query { a(first: Int): Int b(by: Kind): Int c(text: String): Int d(it: It): Int }"
    )
    with pytest.raises(RefusedError) as refused:
        check_valid(tiny, parse(query))
    (error,) = refused.value.errors
    assert error.message == message
    assert error.nodes

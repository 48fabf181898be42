"""Two forms of a schema: what breaks, what is dangerous, what people have to know, and what is safe."""

from __future__ import annotations

import pytest
from graphql import GraphQLError

from schema.comparing import Change, Effect, compare_sdl
from schema.customer import Customer
from schema.model import Model

FACTS = """
directive @personal(category: Category) on FIELD_DEFINITION
directive @sensitive on FIELD_DEFINITION
enum Category { CONTACT FINANCIAL }
"""


def told(before: str, after: str) -> list[tuple[str, str, str]]:
    """Return each change as effect, kind and place."""
    return [(str(one.effect), one.code, one.place) for one in compare_sdl(before, after)]


def query(fields: str, more: str = "") -> str:
    return f"type Query {{ {fields} }} {more}"


E_A, E_AB = "enum E { A }", "enum E { A B }"


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        (query("a: Int b: Int"), query("a: Int"), ("breaking", "FIELD_REMOVED", "Query.b")),
        (query("a: Int"), query("a: String"), ("breaking", "FIELD_CHANGED_KIND", "Query.a")),
        (query("a: Int!"), query("a: Int"), ("breaking", "FIELD_CHANGED_KIND", "Query.a")),
        (query("a: Int"), query("a: Int!"), ("safe", "FIELD_CHANGED_KIND_SAFE", "Query.a")),
        (query("a(x: Int): Int"), query("a: Int"), ("breaking", "ARG_REMOVED", "Query.a(x:)")),
        (query("a: Int"), query("a(x: Int!): Int"), ("breaking", "REQUIRED_ARG_ADDED", "Query.a(x:)")),
        (
            query("a(x: Int = 1): Int"),
            query("a(x: Int = 2): Int"),
            ("dangerous", "ARG_DEFAULT_VALUE_CHANGE", "Query.a(x:)"),
        ),
        (
            query("a: E", "enum E { A B }"),
            query("a: E", "enum E { A }"),
            ("breaking", "VALUE_REMOVED_FROM_ENUM", "E.B"),
        ),
        (query("a: E", E_A), query("a: E", E_AB), ("dangerous", "VALUE_ADDED_TO_ENUM", "E.B")),
        (query("a: Int"), query("a: Int b: Int"), ("safe", "FIELD_ADDED", "Query.b")),
        (query("a: Int"), query('"New." a: Int'), ("safe", "DESCRIPTION_CHANGED", "Query.a")),
        (query("a: Int"), query("a: Int @deprecated"), ("safe", "DEPRECATION_CHANGED", "Query.a")),
        (query("a: Int @deprecated"), query("a: Int"), ("safe", "DEPRECATION_CHANGED", "Query.a")),
        (
            query("a(by: By): Int", "input By { x: Int y: Int }"),
            query("a(by: By): Int", "input By @oneOf { x: Int y: Int }"),
            ("breaking", "ONE_OF_ADDED", "By"),
        ),
        (
            query("a(by: By): Int", "input By @oneOf { x: Int y: Int }"),
            query("a(by: By): Int", "input By { x: Int y: Int }"),
            ("safe", "ONE_OF_REMOVED", "By"),
        ),
        (
            query("a(by: By): Int", "input By { x: Int }"),
            query("a(by: By): Int", "input By { x: Int y: Int }"),
            ("dangerous", "OPTIONAL_INPUT_FIELD_ADDED", "By.y"),
        ),
        (
            query("a(by: By): Int", "input By @oneOf { x: Int }"),
            query("a(by: By): Int", "input By @oneOf { x: Int y: Int }"),
            ("safe", "OPTIONAL_INPUT_FIELD_ADDED", "By.y"),
        ),
        (
            query("a: U", "union U = X | Y type X { z: Int } type Y { z: Int }"),
            query("a: U y: Y", "union U = X type X { z: Int } type Y { z: Int }"),
            ("breaking", "TYPE_REMOVED_FROM_UNION", "U"),
        ),
        (
            query("a: T", "interface I { z: Int } type T { z: Int }"),
            query("a: T", "interface I { z: Int } type T implements I { z: Int }"),
            ("dangerous", "IMPLEMENTED_INTERFACE_ADDED", "T"),
        ),
    ],
)
def test_a_change_has_its_effect_and_its_place(before: str, after: str, change: tuple[str, str, str]) -> None:
    """The effects are those of graphql-core; a further key to look up by changes nothing for those who give one."""
    assert change in told(before, after)


def test_what_did_not_change_is_not_told() -> None:
    """The whole reference model, with its facts, against itself."""
    sdl = Model(Customer).sdl()
    assert compare_sdl(sdl, sdl) == ()


def test_a_field_that_became_personal_is_a_note() -> None:
    """No program breaks, but who holds the value has duties now."""
    assert compare_sdl(query("a: Int"), FACTS + query("a: Int @personal(category: CONTACT)")) == (
        Change(Effect.NOTE, "FACT_ADDED", "Query.a", "Query.a is @personal(category: CONTACT) now."),
    )


def test_facts_that_go_or_change_are_notes_too() -> None:
    """Each with what it was; those of fields that are gone are not told beside the field."""
    before = FACTS + query("a: Int @personal(category: CONTACT) b: Int @sensitive c: Int @sensitive")
    after = FACTS + query("a: Int @personal(category: FINANCIAL) b: Int")
    texts = [change.text for change in compare_sdl(before, after)]
    assert texts == [
        "Field Query.c was removed.",
        "Query.a was @personal(category: CONTACT) and is @personal(category: FINANCIAL) now.",
        "Query.b is no longer @sensitive.",
    ]


def test_a_fact_that_is_no_longer_used_breaks_nothing() -> None:
    """Clients cannot use it, nor the types of its arguments; a directive of documents they can."""
    assert told(FACTS + query("a: Int"), query("a: Int")) == []
    assert told("directive @here on FIELD " + query("a: Int"), query("a: Int")) == [
        ("breaking", "DIRECTIVE_REMOVED", "@here")
    ]


def test_a_type_that_facts_share_with_fields_is_told() -> None:
    """It is not theirs alone."""
    assert ("breaking", "TYPE_REMOVED", "Category") in told(FACTS + query("a: Int c: Category"), query("a: Int"))


def test_a_standard_scalar_comes_and_goes_unseen() -> None:
    """With the fields that use it, which are told."""
    assert told(query("a: Int b: Float"), query("a: Int")) == [("breaking", "FIELD_REMOVED", "Query.b")]


def test_the_worst_comes_first() -> None:
    """Who reads on a terminal sees it."""
    changes = told(query("a: Int b: Int", "enum E { A }"), query('"New." a: Int c: Int', "enum E { A B }"))
    assert [effect for effect, _, _ in changes] == ["breaking", "dangerous", "safe", "safe"]


@pytest.mark.parametrize("text", ["type Query {", "type Query { a: Nothing }"])
def test_what_is_no_schema_is_refused(text: str) -> None:
    """The caller says which of the two it was."""
    with pytest.raises((GraphQLError, TypeError)):
        compare_sdl(query("a: Int"), text)

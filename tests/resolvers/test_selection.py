"""What an operation asks for is found as the executor will find it, with bounded work."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import GraphQLError, OperationDefinitionNode, build_schema, parse, validate
from graphql.execution.values import VariableValues, get_variable_values

from resolvers import RefusedError
from resolvers.selection import Selected, Selection, select

SCHEMA = build_schema(
    """
    type Query { vessel(by: ID!): Vessel }
    type Vessel { name: String, size: Size, sister: Vessel }
    type Size { length: Int, beam: Int }
    """
)


def selected(text: str, variables: dict[str, Any] | None = None, *, operation: int = 0) -> Selection:
    document = parse(text)
    definition = document.definitions[operation]
    assert isinstance(definition, OperationDefinitionNode)
    values = get_variable_values(SCHEMA, definition.variable_definitions or (), variables or {})
    assert isinstance(values, VariableValues)
    assert document.token_count is not None
    return select(SCHEMA, document, definition, values, tokens=document.token_count)


def tree(fields: tuple[Selected, ...]) -> dict[str, Any]:
    return {f"{one.response_name}={one.coordinate}": tree(of(one)) for one in fields}


def of(one: Selected) -> tuple[Selected, ...]:
    """The fields of an object of a certain type."""
    (fields,) = one.branches.values() or ((),)
    return fields


def below(text: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
    (root,) = selected(text, variables).roots
    return tree(of(root))


def test_fields_of_one_response_name_are_merged_in_the_order_of_the_answer() -> None:
    """Aliases, inline and named fragments, and repeated fields end in one field each."""
    text = """
    query { vessel(by: 1) { n: name ...A ... on Vessel { size { beam } } ... { n: name } } }
    fragment A on Vessel { size { length } name }
    """
    assert below(text) == {
        "n=Vessel.name": {},
        "size=Vessel.size": {"length=Size.length": {}, "beam=Size.beam": {}},
        "name=Vessel.name": {},
    }


@pytest.mark.parametrize("is_on", [True, False])
def test_skip_and_include_take_literals_and_variables(is_on: bool) -> None:
    """A field is asked for when neither directive takes it away; what a fragment holds goes with the fragment."""
    on = "true" if is_on else "false"
    literal = (
        f"{{ vessel(by: 1) {{ name @include(if: {on}) ...S @skip(if: {on}) }} }} "
        "fragment S on Vessel { size { beam } }"
    )
    variable = (
        "query ($on: Boolean!) { vessel(by: 1) { name @include(if: $on) ...S @skip(if: $on) } } "
        "fragment S on Vessel { size { beam } }"
    )
    wanted: dict[str, Any] = {"name=Vessel.name": {}} if is_on else {"size=Vessel.size": {"beam=Size.beam": {}}}
    assert below(literal) == wanted
    assert below(variable, {"on": is_on}) == wanted


def test_a_null_in_skip_is_an_error_and_no_guess() -> None:
    """A variable with a default can still be given null; the executor would fail in the middle of the answer."""
    text = "query ($on: Boolean = true) { vessel(by: 1) { name @skip(if: $on) } }"
    assert validate(SCHEMA, parse(text)) == []
    with pytest.raises(GraphQLError):
        selected(text, {"on": None})


def test_what_is_graphqls_own_is_marked() -> None:
    """`__typename` and introspection are answered by the executor and need no source."""
    text = "{ __typename __schema { types { name } } vessel(by: 1) { __typename } }"
    typename, schema, vessel = selected(text).roots
    assert typename.is_meta
    assert schema.is_meta
    assert not vessel.is_meta
    assert vessel.branches["Vessel"][0].is_meta


def test_a_root_field_keeps_its_arguments() -> None:
    """The node holds the arguments as written: their values are taken when the plan runs."""
    first, second = selected("{ a: vessel(by: 1) { name } b: vessel(by: 2) { name } }").roots
    assert [first.response_name, second.response_name] == ["a", "b"]
    assert first.node is not second.node


def test_only_the_operation_that_is_meant_is_walked() -> None:
    """Other operations of the document do not count."""
    text = "query A { vessel(by: 1) { name } } query B { vessel(by: 1) { size { beam } } }"
    (root,) = selected(text, operation=1).roots
    assert tree(of(root)) == {"size=Vessel.size": {"beam=Size.beam": {}}}


def test_the_work_is_the_number_of_selections_visited() -> None:
    """Each selection counts wherever it is collected, a fragment once in each place, and what is skipped too."""
    text = "{ vessel(by: 1) { ...A ...A name @skip(if: true) } } fragment A on Vessel { ... { name } size { beam } }"
    # vessel; ...A ...A name; in A the inline fragment, size, and in it name; below size: beam
    assert selected(text).work == 1 + 3 + 3 + 1


def bomb(levels: int, field: str = "sister") -> str:
    """A document whose fragments double what is selected at every level."""
    parts = [
        f"fragment F{n} on Vessel {{ a: {field} {{ ...F{n + 1} }} b: {field} {{ ...F{n + 1} }} }}"
        for n in range(levels)
    ]
    return f"{{ vessel(by: 1) {{ ...F0 }} }} {' '.join(parts)} fragment F{levels} on Vessel {{ name }}"


def test_fragments_that_multiply_are_refused_early() -> None:
    """A short document that means 2^30 fields costs no more than 20 selections a token."""
    text = bomb(30)
    assert validate(SCHEMA, parse(text)) == []
    with pytest.raises(RefusedError) as caught:
        selected(text)
    allowed = 20 * (parse(text).token_count or 0)
    (told,) = caught.value.formatted()
    assert f"more than {allowed} selections" in str(told["message"])
    assert told["extensions"] == {
        "code": "QUERY_BUDGET",
        "remedy": "Use fewer fragments, or spread them less often.",
        "limit": "selections",
        "allowed": allowed,
    }


def test_what_is_skipped_counts_as_work() -> None:
    """Selections that are looked at and left out, again and again, are refused too."""
    spread = " ".join(f"a{n}: sister {{ ...S }}" for n in range(800))
    skipped = "name @skip(if: true) " * 400
    with pytest.raises(RefusedError):
        selected(f"{{ vessel(by: 1) {{ {spread} }} }} fragment S on Vessel {{ {skipped} }}")


def test_introspection_that_multiplies_is_refused() -> None:
    """Fragments multiply in introspection as everywhere."""
    parts = [
        f"fragment F{n} on __Type {{ a: ofType {{ ...F{n + 1} }} b: ofType {{ ...F{n + 1} }} }}" for n in range(20)
    ]
    text = f'{{ __type(name: "Vessel") {{ ...F0 }} }} {" ".join(parts)} fragment F20 on __Type {{ name }}'
    with pytest.raises(RefusedError):
        selected(text)

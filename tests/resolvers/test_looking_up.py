"""Who is looked up is read from the variables as graphql-core would read it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from graphql import FieldNode, OperationDefinitionNode, parse
from graphql.execution.values import VariableValues

from adapters.crossref import Lookup
from resolvers import RefusalCode, RefusedError
from resolvers.looking_up import compile_look_ups
from schema.identifiers import IdentifierType
from tests.resolvers.planned import documents


def look_ups(text: str, **variables: Any) -> dict[str, list[Lookup]]:
    """What the root fields of a document look up."""
    made = documents()
    document = made.document(text)
    operation = document.operation(None)
    values = made.variables(document, operation, variables)
    return {name: read(values) for name, read in made.plan(document, operation, values).look_ups.items()}


@pytest.mark.parametrize(
    ("by", "declared", "variables"),
    [
        ('{id: "v1"}', "$x: ID", {}),
        ("{id: $id}", "$id: ID!", {"id": "v1"}),
        ("$by", "$by: VesselBy!", {"by": {"id": "v1"}}),
        ("$by", '$by: VesselBy = {id: "v1"}', {}),
        ("{id: $id}", '$id: ID! = "v1"', {}),
    ],
)
def test_however_it_is_written_the_same_customer_is_meant(by: str, declared: str, variables: dict[str, Any]) -> None:
    """Literals, variables in an object, whole objects as variables, defaults."""
    unused = " @skip(if: $off)" if "$x" in declared else ""
    text = f"query ({declared.replace('$x: ID', '$off: Boolean = false')}) {{ vessel(by: {by}){unused} {{ name }} }}"
    assert look_ups(text, **variables) == {"vessel": [Lookup(None, "v1")]}


@pytest.mark.parametrize(
    ("by", "declared", "variables"),
    [
        ("$by", "$by: VesselBy!", {"by": {"identifier": {"type": "EMAIL", "value": "a@b.c"}}}),
        ("{identifier: $x}", "$x: VesselByIdentifier!", {"x": {"type": "EMAIL", "value": "a@b.c"}}),
        ("{identifier: {type: EMAIL, value: $x}}", "$x: String!", {"x": "a@b.c"}),
        ('{identifier: {type: $x, value: "a@b.c"}}', "$x: VesselIdentifierType!", {"x": "EMAIL"}),
    ],
)
def test_an_identifier_comes_with_its_type(by: str, declared: str, variables: dict[str, Any]) -> None:
    """However it is written; its value stands in nothing that is kept."""
    text = f"query ({declared}) {{ vessel(by: {by}) {{ name }} }}"
    wanted = Lookup(None, "a@b.c", IdentifierType.EMAIL)
    assert look_ups(text, **variables) == {"vessel": [wanted]}
    made = documents()
    document = made.document(text)
    assert document.has_keys is ("a@b.c" in text)
    assert (made.known(text) is None) is document.has_keys


def test_identifiers_and_keys_stand_in_one_list() -> None:
    """In their order."""
    text = "query ($by: [VesselBy!]!) { vessels(by: $by) { name } }"
    by = [{"id": "v1"}, {"identifier": {"type": "PHONE", "value": "+49 1"}}, {"registry": "R1"}]
    phone = Lookup(None, "+49 1", IdentifierType.PHONE)
    assert look_ups(text, by=by) == {"vessels": [Lookup(None, "v1"), phone, Lookup("registry", "R1")]}


def test_several_are_read_in_order() -> None:
    """From a list as a variable, and from one that is written with variables in it."""
    wanted = {"vessels": [Lookup(None, "v1"), Lookup("registry", "R2")]}
    by = [{"id": "v1"}, {"registry": "R2"}]
    assert look_ups("query ($by: [VesselBy!]!) { vessels(by: $by) { name } }", by=by) == wanted
    text = 'query ($r: ID!) { vessels(by: [{id: "v1"}, {registry: $r}]) { name } }'
    assert look_ups(text, r="R2") == wanted


def test_one_in_place_of_a_list_is_a_list_of_one() -> None:
    """As GraphQL coerces it."""
    text = "query ($by: [VesselBy!]!) { vessels(by: $by) { name } }"
    assert look_ups(text, by={"id": "v1"}) == {"vessels": [Lookup(None, "v1")]}


def test_every_root_field_has_its_own() -> None:
    """By response names."""
    text = "query ($a: ID!, $b: ID!) { one: vessel(by: {id: $a}) { name } two: vessel(by: {sonar: $b}) { name } }"
    assert look_ups(text, a="v1", b="S2") == {"one": [Lookup(None, "v1")], "two": [Lookup("sonar", "S2")]}


@pytest.mark.parametrize("written", ["$by", "{id: $by}"])
def test_a_null_that_validation_could_not_see_is_refused(written: str) -> None:
    """A default makes validation let a nullable variable stand where none may be null."""
    made = documents()
    declared = "$by: VesselBy" if written == "$by" else "$by: ID"
    (operation,) = parse(f"query ({declared}) {{ vessel(by: {written}) {{ name }} }}").definitions
    assert isinstance(operation, OperationDefinitionNode)
    text = 'query { vessel(by: {id: "v1"}) { name } }'
    document = made.document(text)
    plan = made.plan(document, document.operation(None), VariableValues({}, {})).plan
    (root,) = plan.roots
    (node,) = operation.selection_set.selections
    assert isinstance(node, FieldNode)
    read = compile_look_ups(made._schema, replace(root, node=node))
    with pytest.raises(RefusedError) as caught:
        read(VariableValues({}, {"by": None}))
    assert caught.value.code is RefusalCode.BAD_USER_INPUT

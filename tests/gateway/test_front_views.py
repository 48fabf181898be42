"""What a caller can learn through a view: its own fields, a receipt, and nothing of the rest of the model."""

from __future__ import annotations

import pytest

from tests.gateway.greenhouse import (
    GARDENER,
    INSPECTOR,
    Greenhouse,
    code_of,
)

LABEL = {"query": '{ plant(by: {id: "p1"}) { label } }'}


@pytest.mark.parametrize(
    ("view", "token", "asked", "told"),
    [
        ("watering", GARDENER, None, None),
        ("watering", GARDENER, "none", None),
        ("watering", GARDENER, "sources", "sources"),
        ("watering", GARDENER, "fields", "sources"),
        ("pruning", GARDENER, "fields", None),
        ("pests", INSPECTOR, "sources", "sources"),
        ("pests", INSPECTOR, "fields", "fields"),
    ],
)
async def test_a_receipt_tells_what_was_asked_for_and_the_view_allows(
    house: Greenhouse, view: str, token: str, asked: str | None, told: str | None
) -> None:
    """The lower of the two levels counts, and none is the default."""
    query = '{ plant(by: {id: "p1"}) { height } }' if view == "pruning" else LABEL["query"]
    body = {"query": query, **({"extensions": {"receipt": asked}} if asked else {})}
    response = (await house.post(body, to=view, token=token)).json()
    receipt = response.get("extensions", {}).get("receipt")
    level = None if receipt is None else "fields" if "fields" in receipt else "sources"
    assert level == told
    if receipt is not None:
        assert [(one["source"], one["calls"], one["keys"]) for one in receipt["sources"]] == [("nursery", 1, 1)]
        assert "Fern" not in str(receipt)
        assert "N-p1" not in str(receipt)


async def test_another_level_of_receipt_is_refused(house: Greenhouse) -> None:
    """400, before anything is read."""
    response = await house.post({**LABEL, "extensions": {"receipt": "everything"}})
    assert (response.status_code, code_of(response)) == (400, "BAD_REQUEST")
    assert house.is_untouched


HIDDEN_NAMES = ("provenance", "pests", "Pest", "species", "acidity")
"""What the model has and `watering@2` does not, as its schema spells it."""

PROBES = [
    '{ plant(by: {id: "p1"}) { %s } }',
    '{ plant(by: {id: "p1"}) { bed { %s } } }',
    '{ %s(by: {id: "p1"}) { label } }',
    '{ plant(by: {id: "p1"}) { ... on %s { label } } }',
    'fragment F on %s { label } { plant(by: {id: "p1"}) { ...F } }',
    'query($x: %s) { plant(by: {id: "p1"}) { label } }',
    '{ plant(by: {%s: "p1"}) { label } }',
    '{ plant(by: {id: "p1"}) { label @%s } }',
    '{ plant(by: {id: "p1"}) { label(%s: 1) } }',
    '{ __type(name: "%s") { name fields { name } } }',
]
"""Places where a name can stand in a document."""


def misspelt(name: str) -> list[str]:
    """The name itself, and words near enough to be suggested for it."""
    return [name, name[:-1], name + "s", name[1:], name.lower(), name[0] + name]


@pytest.mark.parametrize("hidden", HIDDEN_NAMES)
async def test_what_is_outside_the_view_is_never_named(house: Greenhouse, hidden: str) -> None:
    """No error suggests it, no introspection shows it, no source is asked: it does not exist in the view."""
    for probe in PROBES:
        for word in misspelt(hidden):
            response = await house.post({"query": probe % word})
            assert response.status_code == 200
            said = response.text.replace(word, "")
            assert hidden not in said, said
            if "__type" not in probe:
                assert "data" not in response.json(), said
    assert house.calls == 0


async def test_a_field_outside_the_view_cannot_be_queried(house: Greenhouse) -> None:
    """It is refused in the words of GraphQL for what does not exist."""
    response = await house.post({"query": '{ plant(by: {id: "p1"}) { label provenance } }'})
    assert [one["message"] for one in response.json()["errors"]] == ["Cannot query field 'provenance' on type 'Plant'."]
    assert house.is_untouched


async def test_what_is_inside_the_view_is_suggested(house: Greenhouse) -> None:
    """A misspelt name of the view itself is helped with."""
    response = await house.post({"query": '{ plant(by: {id: "p1"}) { lable } }'})
    assert "Did you mean 'label'?" in response.text


async def test_introspection_shows_the_view_and_nothing_else(house: Greenhouse) -> None:
    """Types, fields, directives and look-ups are those of the view; no customer is read for it."""
    query = "{ __schema { types { name fields { name } inputFields { name } } directives { name } } }"
    response = await house.post({"query": query})
    shown = {one["name"]: one for one in response.json()["data"]["__schema"]["types"]}
    ours = {name for name in shown if not name.startswith("__")}
    assert ours == {"Query", "Plant", "PlantBy", "Bed", "ID", "String", "Int", "Boolean"}
    assert {one["name"] for one in shown["Plant"]["fields"]} == {"id", "label", "height", "bed"}
    assert {one["name"] for one in shown["Bed"]["fields"]} == {"moisture"}
    assert {one["name"] for one in shown["PlantBy"]["inputFields"]} == {"id", "nursery"}
    assert house.is_untouched

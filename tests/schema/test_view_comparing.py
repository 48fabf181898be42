"""Two versions of a view: what their schemas do not show is told too."""

from __future__ import annotations

from typing import Any

import pytest

from schema.comparing import Change
from schema.view_comparing import compare_views, sdl_of
from schema.views import View
from tests.resolvers.vessels import MODEL, view

SOURCES = ("registry", "sonar")
SMALL = {"Vessel.id": None, "Vessel.name": None}


MASKED = {"Vessel.id": None, "Vessel.name": {"mask": "initials"}}


def changed(before: View, **changes: Any) -> tuple[Change, ...]:
    return compare_views(before, view(**{"fields": SMALL, "version": 2} | changes), MODEL)


def test_two_versions_that_say_the_same_do_not_differ() -> None:
    """The version's number alone is no change."""
    assert changed(view(fields=SMALL)) == ()


def test_a_look_up_by_an_identifier_is_told_as_what_it_is_in_queries() -> None:
    """New types of identifiers are safe to have, and gone ones break who looks up by them."""
    told = {(one.effect.value, one.place) for one in changed(view(fields=SMALL), identifiers=["email"])}
    assert ("safe", "VesselBy.identifier") in told
    assert "breaking" not in {effect for effect, _ in told}
    more = view(fields=SMALL, identifiers=["email", "phone"])
    assert [(one.effect.value, one.place) for one in changed(more, identifiers=["email"])] == [
        ("breaking", "VesselIdentifierType.PHONE")
    ]
    assert ("breaking", "VesselBy.identifier") in {(one.effect.value, one.place) for one in changed(more)}


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ({}, {"fields": {"Vessel.id": None}}, ("breaking", "FIELD_REMOVED", "Vessel.name")),
        ({}, {"fields": {**SMALL, "Vessel.draught": None}}, ("safe", "FIELD_ADDED", "Vessel.draught")),
        ({}, {"lookups": ["id", "registry"]}, ("breaking", "FIELD_REMOVED", "VesselBy.sonar")),
        (
            {},
            {"lookups": ["id", "registry", "sonar", "radio"]},
            ("safe", "OPTIONAL_INPUT_FIELD_ADDED", "VesselBy.radio"),
        ),
        ({}, {"limits": {"calls": 5}}, ("dangerous", "LIMIT_LOWERED", "limits.calls")),
        ({}, {"limits": {"calls": 5000}}, ("safe", "LIMIT_RAISED", "limits.calls")),
        ({}, {"receipt": "none"}, ("dangerous", "LESS_TOLD", "receipt")),
        ({"receipt": "none"}, {}, ("safe", "MORE_TOLD", "receipt")),
        ({}, {"introspection": "developers"}, ("dangerous", "LESS_TOLD", "introspection")),
        ({"introspection": "nobody"}, {}, ("safe", "MORE_TOLD", "introspection")),
        ({}, {"limits": {"depth": 3}}, ("dangerous", "LIMIT_LOWERED", "limits.depth")),
        ({}, {"purpose": {"dpv": "CustomerClaimsManagement"}}, ("note", "DECLARATION_CHANGED", "purpose")),
        ({}, {"consumers": ["bridge-desk", "pilot"]}, ("note", "DECLARATION_CHANGED", "consumers")),
        ({}, {"fields": MASKED}, ("dangerous", "MASK_ADDED", "Vessel.name")),
        ({"fields": MASKED}, {"fields": SMALL}, ("note", "MASK_REMOVED", "Vessel.name")),
        (
            {"fields": MASKED},
            {"fields": {**SMALL, "Vessel.name": {"mask": "all"}}},
            ("dangerous", "MASK_CHANGED", "Vessel.name"),
        ),
        ({"fields": {"Vessel.id": None}}, {"fields": MASKED}, ("safe", "FIELD_ADDED", "Vessel.name")),
        ({}, {"title": "The bridge"}, ("safe", "WORDS_CHANGED", "title")),
    ],
)
def test_each_change_of_a_view_is_told(
    before: dict[str, Any], after: dict[str, Any], told: tuple[str, str, str]
) -> None:
    """With its effect, its kind and its place."""
    (change,) = changed(view(**{"fields": SMALL} | before), **after)
    assert (str(change.effect), change.code, change.place) == told


def test_a_change_says_from_what_to_what() -> None:
    """Limits in numbers, declarations as in the file."""
    changes = changed(view(fields=SMALL), limits={"calls": 5}, lawful_basis={"gdpr": "A6-1-f"})
    assert [change.text for change in changes] == [
        "The limit changed from 1000 to 5.",
        'It changed from {"gdpr": "A6-1-b"} to {"gdpr": "A6-1-f"}.',
    ]


def test_a_change_of_a_mask_says_how_the_value_is_shown() -> None:
    """Before and now."""
    (added,), (removed,) = changed(view(fields=SMALL), fields=MASKED), changed(view(fields=MASKED))
    assert added.text == "It is shown masked (initials) and no longer whole."
    assert removed.text == "It is shown whole and no longer masked (initials)."


def test_the_order_of_consumers_says_nothing() -> None:
    """As the digest of a published view has it."""
    assert changed(view(fields=SMALL, consumers=["a", "b"]), consumers=["b", "a"]) == ()


def test_the_sdl_of_a_view_is_that_of_its_schema() -> None:
    """It holds what the view lists, and nothing else."""
    assert "callSign" not in sdl_of(view(fields=SMALL), MODEL)
    assert "name: String" in sdl_of(view(fields=SMALL), MODEL)

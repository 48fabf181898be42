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
        ({}, {"sources": {"sonar": {"holds_up_ms": 60_000}}}, ("dangerous", "HOLD_UP_LOWERED", "sources.sonar")),
        ({"sources": {"sonar": {"holds_up_ms": 0}}}, {}, ("safe", "HOLD_UP_RAISED", "sources.sonar")),
        (
            {"sources": {"sonar": {"holds_up_ms": 200}}},
            {"sources": {"sonar": {"holds_up_ms": 100}}},
            ("dangerous", "HOLD_UP_LOWERED", "sources.sonar"),
        ),
    ],
)
def test_each_change_of_a_view_is_told(
    before: dict[str, Any], after: dict[str, Any], told: tuple[str, str, str]
) -> None:
    """With its effect, its kind and its place."""
    (change,) = changed(view(**{"fields": SMALL} | before), **after)
    assert (str(change.effect), change.code, change.place) == told


def rule(**keys: Any) -> dict[str, Any]:
    """The fields of a view with this rule on the name."""
    return {"fields": {**SMALL, "Vessel.name": keys}}


EMAIL = {"purpose": "DirectMarketing", "channel": "email"}
CALLS = {"channels": ["voice", "chat"], "case": "optional"}


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (rule(min="V2"), rule(min="V1"), ("note", "LEVEL_LOWERED", "It is shown from V1 on and no longer from V2 on.")),
        (rule(min="V2"), rule(), ("note", "LEVEL_LOWERED", "It is shown at every level and no longer from V2 on.")),
        (rule(), rule(min="V2"), ("dangerous", "LEVEL_RAISED", "It is shown from V2 on and no longer at every level.")),
        (
            rule(min="V2"),
            rule(min="V2", below="initials"),
            ("note", "BELOW_ADDED", "Below its level it is masked (initials) and no longer withheld."),
        ),
        (
            rule(min="V2", below="initials"),
            rule(min="V2"),
            ("dangerous", "BELOW_REMOVED", "Below its level it is withheld and no longer masked (initials)."),
        ),
        (
            rule(min="V2", below="all"),
            rule(min="V2", below="initials"),
            ("dangerous", "BELOW_CHANGED", "Below its level it is masked otherwise: all became initials."),
        ),
        (
            rule(min="V2", max_age=60),
            rule(min="V2"),
            (
                "note",
                "AGE_RAISED",
                "A verification may be as many seconds as in the whole view old; before, 60 seconds.",
            ),
        ),
        (
            rule(min="V2", max_age=60),
            rule(min="V2", max_age=30),
            ("dangerous", "AGE_LOWERED", "A verification may be 30 seconds old; before, 60 seconds."),
        ),
        (
            rule(consent=EMAIL),
            rule(),
            (
                "note",
                "CONSENT_REMOVED",
                "It no longer waits for consent {purpose: DirectMarketing, channel: email}.",
            ),
        ),
        (
            rule(),
            rule(objection={"purpose": "DirectMarketing"}),
            ("dangerous", "OBJECTION_ADDED", "It waits for objection {purpose: DirectMarketing}."),
        ),
        (
            rule(consent=EMAIL),
            rule(consent={"purpose": "DirectMarketing"}),
            (
                "dangerous",
                "CONSENT_CHANGED",
                "It waits for consent {purpose: DirectMarketing} and no longer {purpose: DirectMarketing, channel: "
                "email}.",
            ),
        ),
        (
            rule(relationship="open-case"),
            rule(),
            ("note", "RELATIONSHIP_REMOVED", "It no longer waits for relationship open-case."),
        ),
        (rule(break_glass=True), rule(), ("note", "BREAK_GLASS_REMOVED", "It no longer waits for break_glass.")),
        (
            rule(when={"channels": ["voice"]}),
            rule(when={"channels": ["voice", "chat"]}),
            ("note", "WHEN_CHANGED", "It waits for when {channels: [voice, chat]} and no longer {channels: [voice]}."),
        ),
        (
            rule(when={"channels": ["voice"]}),
            rule(when={"channels": ["chat"]}),
            ("dangerous", "WHEN_CHANGED", "It waits for when {channels: [chat]} and no longer {channels: [voice]}."),
        ),
    ],
)
def test_what_a_rule_opens_is_noted_and_what_it_shuts_is_dangerous(
    before: dict[str, Any], after: dict[str, Any], told: tuple[str, str, str]
) -> None:
    """A lower level, a dropped consent: no program notices, and people have to know."""
    (change,) = changed(view(**before), **after)
    assert (str(change.effect), change.code, change.text) == told
    assert change.place == "Vessel.name"


def test_a_level_comes_with_its_mask_below_in_one_change() -> None:
    """Where there was no level nothing was below it."""
    (change,) = changed(view(fields=SMALL), **rule(min="V1", below="initials", max_age=60))
    assert change.code == "LEVEL_RAISED"


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ({"consent": EMAIL}, {}, ("note", "CONSENT_REMOVED", "consent")),
        ({}, {"objection": EMAIL}, ("dangerous", "OBJECTION_ADDED", "objection")),
        ({}, {"situation": CALLS}, ("breaking", "SITUATION_NARROWED", "situation.channels")),
        ({"situation": CALLS}, {}, ("breaking", "SITUATION_NARROWED", "situation.channels")),
        (
            {"situation": CALLS},
            {"situation": CALLS | {"channels": ["voice", "chat", "letter"]}},
            ("safe", "SITUATION_WIDENED", "situation.channels"),
        ),
        (
            {"situation": CALLS},
            {"situation": CALLS | {"channels": ["voice"]}},
            ("breaking", "SITUATION_NARROWED", "situation.channels"),
        ),
        (
            {"situation": CALLS},
            {"situation": CALLS | {"case": "required"}},
            ("breaking", "SITUATION_NARROWED", "situation.case"),
        ),
        ({}, {"situation": {"actor": "optional"}}, ("safe", "SITUATION_WIDENED", "situation.actor")),
        ({}, {"subject": {"mode": "single"}}, ("breaking", "MODE_ADDED", "subject.mode")),
        ({"subject": {"mode": "single"}}, {}, ("safe", "MODE_REMOVED", "subject.mode")),
        ({}, {"subject": {"bound": True}}, ("dangerous", "BOUND_ADDED", "subject.bound")),
        ({"subject": {"bound": True}}, {}, ("note", "BOUND_REMOVED", "subject.bound")),
        (
            {"subject": {"relationship": "open-case", "refusal_ms": 300}},
            {"subject": {"relationship": "open-case", "refusal_ms": 200}},
            ("note", "DECLARATION_CHANGED", "subject.refusal_ms"),
        ),
        (
            {"subject": {"relationship": "open-case"}},
            {},
            ("note", "RELATIONSHIP_REMOVED", "subject.relationship"),
        ),
        ({}, {"verification": {"methods": ["otp"]}}, ("note", "DECLARATION_CHANGED", "verification")),
        (
            {"verification": {"methods": ["otp"]}},
            {"verification": {"methods": ["otp", "app"]}},
            ("note", "DECLARATION_CHANGED", "verification.methods"),
        ),
        (
            {"verification": {"methods": ["otp"]}},
            {"verification": {"methods": ["otp"], "max_age": 3600}},
            ("note", "AGE_RAISED", "verification.max_age"),
        ),
        ({}, {"valid_until": "2028-01-31"}, ("dangerous", "VALIDITY_SHORTENED", "valid_until")),
        ({"valid_until": "2028-01-31"}, {}, ("note", "VALIDITY_EXTENDED", "valid_until")),
        ({}, {"audit": "required"}, ("note", "DECLARATION_CHANGED", "audit")),
        ({}, {"recipients": ["bridge"]}, ("note", "DECLARATION_CHANGED", "recipients")),
        ({}, {"dpia_ref": "DPIA-7"}, ("safe", "WORDS_CHANGED", "dpia_ref")),
    ],
)
def test_each_change_of_a_part_is_told(
    before: dict[str, Any], after: dict[str, Any], told: tuple[str, str, str]
) -> None:
    """Requests that told the situation as it was, or asked for several customers, break."""
    found = {(str(one.effect), one.code, one.place) for one in changed(view(**{"fields": SMALL} | before), **after)}
    assert told in found


def test_the_order_of_parts_says_nothing() -> None:
    """Nor does that of lists within them."""
    there = {"country": "US", "recipient": "One", "safeguard": "A46-2-c"}
    here = {"country": "CH", "recipient": "Two", "safeguard": "A45-3"}
    one = {"transfers": [there, here], "situation": CALLS, "verification": {"methods": ["otp", "app"]}}
    two = {
        "transfers": [here, there],
        "situation": CALLS | {"channels": ["chat", "voice"]},
        "verification": {"methods": ["app", "otp"]},
    }
    assert changed(view(fields=SMALL, **one), **two) == ()


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


def test_how_long_a_source_may_hold_up_the_answer_is_told_in_words() -> None:
    """One that is not named is waited for until the deadline."""
    was = view(fields=SMALL, sources={"sonar": {"holds_up_ms": 200}})
    (change,) = changed(was)
    assert change.text == "How long it may hold up the answer changed from 200 ms to the deadline."

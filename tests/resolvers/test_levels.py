"""How well the customer is verified decides what is shown, before anything is asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from resolvers import RefusalCode, RefusedError
from schema.reasons import Reason
from schema.situation import Situation
from schema.verification import Level
from tests.resolvers.harbour import known
from tests.resolvers.verified import NOW, asked, asserted, entries, granted, ruled

ONE = '{ vessel(by: {id: "v1"}) { name draught } }'
ALL = '{ vessels(by: [{id: "v1"}, {id: "v2"}, {id: "v3"}]) { name draught } }'
LEVELS = ruled({"Vessel.name": {"min": "V1", "below": "initials"}, "Vessel.draught": {"min": "V2"}})


@pytest.mark.parametrize(
    ("level", "data", "calls"),
    [
        (None, {"name": "A.", "draught": None}, {"registry": 1}),
        (Level.V1, {"name": "Anna", "draught": None}, {"registry": 1}),
        (Level.V2, {"name": "Anna", "draught": 301}, {"registry": 1, "sonar": 1}),
        (Level.V3, {"name": "Anna", "draught": 301}, {"registry": 1, "sonar": 1}),
    ],
)
async def test_the_same_query_shows_more_at_a_higher_level(
    level: Level | None, data: dict[str, Any], calls: dict[str, int]
) -> None:
    """What is below the level is masked or withheld; of what is withheld no source is asked."""
    asking = asked()
    answer = await asking.ask(ONE, LEVELS, *([] if level is None else [asserted(level=level)]))
    assert answer["data"] == {"vessel": data}
    assert asking.h.calls == calls
    assert asking.h.crossref.reads == 1


async def test_what_would_open_a_value_is_told() -> None:
    """In the words of RFC 9470, with the level that the customer has now; masked values tell it too."""
    answer = await asked().ask(ONE, LEVELS)
    step_up = {"current": "V0", "methods": ["otp", "app"], "maxAge": 1800}
    (withheld,), (masked,) = answer["extensions"]["withheld"], answer["extensions"]["masked"]
    assert withheld == {
        "coordinate": "Vessel.draught",
        "code": "VERIFICATION_REQUIRED",
        "message": Reason.VERIFICATION_REQUIRED.message,
        "remedy": Reason.VERIFICATION_REQUIRED.remedy,
        "paths": [["vessel", "draught"]],
        "stepUp": {"required": "V2", **step_up},
    }
    assert (masked["code"], masked["stepUp"]) == ("VALUE_MASKED", {"required": "V1", **step_up})
    assert masked["remedy"] == Reason.VERIFICATION_REQUIRED.remedy


async def test_an_assertion_raises_its_own_customer_alone() -> None:
    """In one request one customer is V2, another V1 and the third V0."""
    asking = asked()
    answer = await asking.ask(ALL, LEVELS, asserted("v1"), asserted("v3", Level.V1))
    assert answer["data"]["vessels"] == [
        {"name": "Anna", "draught": 301},
        {"name": "B.", "draught": None},
        {"name": "Clara", "draught": None},
    ]
    assert [batch.keys for batch in asking.h.sonar.batches] == [("S1",)]
    assert [(one["stepUp"]["current"], one["paths"]) for one in answer["extensions"]["withheld"]] == [
        ("V0", [["vessels", 1, "draught"]]),
        ("V1", [["vessels", 2, "draught"]]),
    ]


@pytest.mark.parametrize("source", ["registry", "sonar"])
async def test_who_is_meant_by_an_assertion_is_found_as_by_a_look_up(source: str) -> None:
    """By a source's key, in the same read; of a customer whom nobody knows it says nothing."""
    asking = asked()
    key = {"registry": "R1", "sonar": "S1"}[source]
    answer = await asking.ask(ALL, LEVELS, asserted(key, source=source), asserted("nobody"))
    assert [one["draught"] for one in answer["data"]["vessels"]] == [301, None, None]
    assert asking.h.crossref.reads == 1


@pytest.mark.parametrize(
    ("assertion", "code"),
    [
        (asserted(left=0), "VERIFICATION_EXPIRED"),
        (asserted(age=1801), "VERIFICATION_EXPIRED"),
        (asserted(age=61), "VERIFICATION_EXPIRED"),
        (asserted(age=60), None),
        (asserted(level=Level.V1, left=0), "VERIFICATION_REQUIRED"),
    ],
)
async def test_a_verification_grows_old(assertion: Any, code: str | None) -> None:
    """By its own end, by the view's age and by the coordinate's, which is the narrower; what it never opened is told
    as required."""
    through = ruled({"Vessel.draught": {"min": "V2", "max_age": 60}})
    answer = await asked().ask(ONE, through, assertion)
    assert [one for one, _, _ in entries(answer)] == ([code] if code else [])
    if code:
        assert answer["extensions"]["withheld"][0]["stepUp"]["maxAge"] == 60


async def test_of_several_assertions_each_opens_what_it_can() -> None:
    """A fresh one what wants to be fresh, a high one what wants to be high."""
    through = ruled({"Vessel.draught": {"min": "V2", "max_age": 60}, "Vessel.name": {"min": "V3"}})
    old_and_high, fresh = asserted(level=Level.V3, age=600), asserted(level=Level.V2)
    answer = await asked().ask(ONE, through, old_and_high, fresh)
    assert answer["data"] == {"vessel": {"name": "Anna", "draught": 301}}
    assert entries(await asked().ask(ONE, through, old_and_high)) == [
        ("VERIFICATION_EXPIRED", "Vessel.draught", [["vessel", "draught"]])
    ]


async def test_the_first_reason_is_told_and_all_are_recorded() -> None:
    """Restriction, break-glass, verification; the client is told one, and no step-up that would not help."""
    asking = asked(known(1, "Vessel.draught"))
    through = ruled({"Vessel.draught": {"min": "V2", "break_glass": True}})
    answer = await asking.ask(ONE, through)
    (entry,) = answer["extensions"]["withheld"]
    assert entry["code"] == "SUBJECT_RESTRICTED"
    assert "stepUp" not in entry
    (disclosure,) = asking.memory.kept
    assert disclosure.customers[0].effects["Vessel.draught"].codes == (
        Reason.SUBJECT_RESTRICTED,
        Reason.BREAK_GLASS_REASON_REQUIRED,
        Reason.VERIFICATION_REQUIRED,
    )


# Situation


SITUATED = ruled(
    {"Vessel.draught": {"when": {"channels": ["voice"], "journeys": ["service"]}, "min": "V2"}},
    situation={"channels": ["voice", "chat"], "journeys": ["service", "sales"], "case": "optional"},
)


@pytest.mark.parametrize(
    ("channel", "journey", "code"),
    [("voice", "service", "VERIFICATION_REQUIRED"), ("chat", "service", "PURPOSE_NOT_ALLOWED")],
)
async def test_what_is_not_for_the_situation_is_withheld(channel: str, journey: str, code: str) -> None:
    """Every part that the rule names has to hold; nothing is asked, and no verification helps."""
    asking = asked()
    answer = await asking.ask(ONE, SITUATED, situation=Situation(channel, journey))
    assert entries(answer) == [(code, "Vessel.draught", [["vessel", "draught"]])]
    assert asking.h.calls == {"registry": 1}
    assert ("stepUp" in answer["extensions"]["withheld"][0]) is (code == "VERIFICATION_REQUIRED")


@pytest.mark.parametrize("situation", [Situation(), Situation("post", "service"), Situation("voice", "service", "win")])
async def test_a_situation_that_the_view_is_not_for_is_refused(situation: Situation) -> None:
    """Nothing is read; what was told is not repeated."""
    asking = asked()
    with pytest.raises(RefusedError) as caught:
        await asking.ask(ONE, SITUATED, situation=situation)
    assert caught.value.code is RefusalCode.SITUATION_NOT_ALLOWED
    assert "post" not in str(caught.value)
    assert (asking.h.crossref.reads, asking.h.calls) == (0, {})


# Break-glass


async def test_who_acts_for_the_customer_is_not_the_customer() -> None:
    """Nothing proves the authority: it is a claim, which raises to V1 and shows nobody in a bound view."""
    acting = replace(asserted("v1"), acting_for="child-3")
    answer = await asked().ask(ONE, LEVELS, acting)
    assert {one["code"] for one in answer["extensions"]["withheld"]} == {"VERIFICATION_REQUIRED"}
    bound = ruled({}, subject={"bound": True}, lookups=["id"])
    for one in (acting, asserted("v1", Level.V1)):
        answer = await asked().ask('{ vessel(by: {id: "v1"}) { name } }', bound, one)
        assert answer["data"] == {"vessel": None}
        assert [told["code"] for told in answer["extensions"]["withheld"]] == ["VERIFICATION_REQUIRED"]


GLASSED = ruled({"Vessel.draught": {"break_glass": True}})


@pytest.mark.parametrize(
    ("grant", "roles", "code"),
    [
        (None, {"fraud-lead"}, "BREAK_GLASS_REASON_REQUIRED"),
        (granted(), {"fraud-lead"}, None),
        (granted(), {"agent"}, "BREAK_GLASS_NOT_ALLOWED"),
        (granted(until=NOW), {"fraud-lead"}, "BREAK_GLASS_NOT_ALLOWED"),
        (granted(customer="v2"), {"fraud-lead"}, "BREAK_GLASS_NOT_ALLOWED"),
        (granted(consumer="other-desk"), {"fraud-lead"}, "BREAK_GLASS_NOT_ALLOWED"),
        (granted(view="bridge@2"), {"fraud-lead"}, "BREAK_GLASS_NOT_ALLOWED"),
        (granted(reason="curiosity"), {"fraud-lead"}, "BREAK_GLASS_NOT_ALLOWED"),
    ],
)
async def test_the_glass_is_broken_for_one_customer_and_consumer_and_for_minutes(
    grant: Any, roles: set[str], code: str | None
) -> None:
    """In the view in which it was opened, for a reason that it still has, by a role that the consumer still has."""
    asking = asked()
    answer = await asking.ask(ONE, GLASSED, grant=grant, roles=frozenset(roles))
    assert entries(answer) == ([(code, "Vessel.draught", [["vessel", "draught"]])] if code else [])
    assert ("sonar" in asking.h.calls) is (code is None)


@pytest.mark.parametrize(("actor", "shown"), [("anne", True), ("bob", False), (None, True)])
async def test_a_grant_is_of_the_person_who_opened_it(actor: str | None, *, shown: bool) -> None:
    """Where it is told who acts."""
    through = ruled({"Vessel.draught": {"break_glass": True}}, situation={"actor": "optional"})
    answer = await asked().ask(ONE, through, grant=granted(), situation=Situation(actor=actor))
    assert (answer["data"]["vessel"]["draught"] == 301) is shown


# Views of one customer


BOUND = ruled({"Vessel.draught": {"min": "V2"}}, subject={"mode": "single", "bound": True}, lookups=["id"])


async def test_a_bound_view_shows_nobody_but_whom_the_assertion_names() -> None:
    """Whoever else is asked for, existing or not, is null before any read."""
    for key in ("v2", "nobody"):
        asking = asked()
        answer = await asking.ask(f'{{ vessel(by: {{id: "{key}"}}) {{ name draught }} }}', BOUND, asserted("v1"))
        assert answer["data"] == {"vessel": None}
        assert entries(answer) == [("VERIFICATION_WRONG_SUBJECT", "Query.vessel", [["vessel"]])]
        assert (asking.h.crossref.reads, asking.h.calls) == (0, {})
        (disclosure,) = asking.memory.kept
        assert [one.refused for one in disclosure.customers] == [Reason.VERIFICATION_WRONG_SUBJECT]


async def test_a_bound_view_shows_whom_the_assertion_names() -> None:
    """By the very id; an assertion by a source's key names no id."""
    asking = asked()
    assert (await asking.ask(ONE, BOUND, asserted("v1")))["data"] == {"vessel": {"name": "Anna", "draught": 301}}
    assert asking.h.crossref.reads == 1
    answer = await asking.ask(ONE, BOUND, asserted("R1", source="registry"))
    assert [code for code, _, _ in entries(answer)] == ["VERIFICATION_WRONG_SUBJECT"]


@pytest.mark.parametrize("assertion", [asserted(left=0), asserted(age=1801)])
async def test_a_bound_view_shows_nobody_by_an_assertion_that_is_over(assertion: Any) -> None:
    """Nobody is proven to be there; what is to be done is told, and nothing is read."""
    asking = asked()
    answer = await asking.ask(ONE, BOUND, assertion)
    assert answer["data"] == {"vessel": None}
    (entry,) = answer["extensions"]["withheld"]
    assert (entry["code"], entry["stepUp"]["required"]) == ("VERIFICATION_EXPIRED", "V2")
    assert (asking.h.crossref.reads, asking.h.calls) == (0, {})


async def test_a_view_of_one_customer_looks_up_one_a_request() -> None:
    """The same one may stand in several places; nothing is read for several."""
    through = ruled({}, subject={"mode": "single"})
    asking = asked()
    twice = '{ a: vessel(by: {id: "v1"}) { name } b: vessels(by: [{id: "v1"}]) { name } }'
    assert (await asking.ask(twice, through))["data"] == {"a": {"name": "Anna"}, "b": [{"name": "Anna"}]}
    reads = asking.h.crossref.reads
    with pytest.raises(RefusedError, match="looks up 3 customers; this view shows one") as caught:
        await asking.ask(ALL, through)
    assert caught.value.code is RefusalCode.VIEW_SUBJECTS
    assert asking.h.crossref.reads == reads


# Every reason, with its remedy

CODES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "PURPOSE_NOT_ALLOWED": ({"when": {"channels": ["chat"]}}, {}),
    "BREAK_GLASS_REASON_REQUIRED": ({"break_glass": True}, {}),
    "BREAK_GLASS_NOT_ALLOWED": ({"break_glass": True}, {"grant": granted(until=0)}),
    "VERIFICATION_REQUIRED": ({"min": "V3"}, {}),
    "VERIFICATION_EXPIRED": ({"min": "V2", "max_age": 5}, {}),
}


@pytest.mark.parametrize("code", CODES)
async def test_a_reason_is_told_with_its_message_and_remedy(code: str) -> None:
    """In constant texts that hold nothing of the customer; step-up where better verification helps alone."""
    rule, given = CODES[code]
    through = ruled({"Vessel.draught": rule}, situation={"channels": ["voice", "chat"]})
    answer = await asked().ask(ONE, through, asserted(), situation=Situation("voice"), **given)
    (entry,) = answer["extensions"]["withheld"]
    reason = Reason[code]
    assert (entry["code"], entry["message"], entry["remedy"]) == (code, reason.message, reason.remedy)
    assert ("stepUp" in entry) is code.startswith("VERIFICATION")
    assert answer["data"] == {"vessel": {"name": "Anna", "draught": None}}

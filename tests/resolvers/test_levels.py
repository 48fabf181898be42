"""How well the customer is verified decides what is shown, before anything is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from adapters.crossref import Lookup
from resolvers import Engine, RefusalCode, RefusedError
from schema.reasons import Reason
from schema.situation import Situation
from schema.verification import Assertion, Level
from tests.resolvers.harbour import known
from tests.resolvers.verified import NOW, asked, asserted, entries, granted, ruled
from tests.resolvers.vessels import MODEL

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
    step_up = {"current": "V0", "maxAge": 1800}
    (withheld,), (masked,) = answer["extensions"]["withheld"], answer["extensions"]["masked"]
    assert withheld == {
        "coordinate": "Vessel.draught",
        "code": "VERIFICATION_REQUIRED",
        "message": Reason.VERIFICATION_REQUIRED.message,
        "remedy": Reason.VERIFICATION_REQUIRED.remedy,
        "paths": [["vessel", "draught"]],
        "stepUp": {"required": "V2", "methods": ["otp", "app"], **step_up},
    }
    # V1 is a claim alone, for which no method is needed
    assert (masked["code"], masked["stepUp"]) == ("VALUE_MASKED", {"required": "V1", "methods": [], **step_up})
    assert masked["remedy"] == Reason.VERIFICATION_REQUIRED.remedy


@pytest.mark.parametrize(
    ("done", "level", "remaining"),
    [
        (("otp",), Level.V2, ["kba", "face"]),
        (("kba",), Level.V2, ["otp", "app", "face"]),
        (("otp",), Level.V1, ["otp", "app", "kba", "face"]),
        ((), Level.V0, ["otp", "app", "kba", "face"]),
        (("vbm",), Level.V2, ["otp", "app", "kba", "face"]),
    ],
    ids=["possession", "knowledge", "a claim", "nothing", "one that the view does not take"],
)
async def test_the_methods_that_are_told_are_those_that_remain(
    done: tuple[str, ...], level: Level, remaining: list[str]
) -> None:
    """Of a kind that was not used yet: by another one of the same kind nobody gets to V3."""
    through = ruled(
        {"Vessel.draught": {"min": "V3"}}, verification={"methods": ["otp", "app", "kba", "face"], "max_age": 1800}
    )
    answer = await asked().ask(ONE, through, replace(asserted(level=level), methods=done))
    (entry,) = answer["extensions"]["withheld"]
    counted = Level.V1 if done == ("vbm",) else level
    assert entry["stepUp"] == {"required": "V3", "current": str(counted), "methods": remaining, "maxAge": 1800}


async def test_what_is_too_old_is_done_anew_by_whatever_method() -> None:
    """Nothing of it counts any more for what wants a newer one."""
    through = ruled(
        {"Vessel.draught": {"min": "V2", "max_age": 5}}, verification={"methods": ["otp", "kba"], "max_age": 1800}
    )
    answer = await asked().ask(ONE, through, asserted(age=10))
    (entry,) = answer["extensions"]["withheld"]
    assert (entry["code"], entry["stepUp"]["methods"]) == ("VERIFICATION_EXPIRED", ["otp", "kba"])


@pytest.mark.parametrize("is_compiled", [False, True])
@pytest.mark.parametrize(("age", "left"), [(1801, 300), (10, -1)], ids=["too old", "over"])
async def test_what_is_masked_since_a_verification_is_too_old_says_so(
    age: float, left: float, *, is_compiled: bool
) -> None:
    """By the code, with what shows it whole; it is no null, so it stands among what is masked."""
    asking, query = asked(), "query ($by: [VesselBy!]!) { vessels(by: $by) { name } }"
    if is_compiled:
        asking.h.engine.prepare(LEVELS, query)
    by = {"by": [{"id": "v1"}, {"id": "v2"}]}
    answer = await asking.ask(query, LEVELS, asserted(level=Level.V1, age=age, left=left), variables=by)
    assert answer["data"]["vessels"] == [{"name": "A."}, {"name": "B."}]
    assert "withheld" not in answer["extensions"]
    expired, masked = sorted(answer["extensions"]["masked"], key=lambda one: str(one["paths"]))
    assert (expired["code"], expired["paths"]) == ("VERIFICATION_EXPIRED", [["vessels", 0, "name"]])
    assert (expired["message"], expired["remedy"]) == (
        Reason.VERIFICATION_EXPIRED.message,
        Reason.VERIFICATION_EXPIRED.remedy,
    )
    assert (masked["code"], masked["paths"]) == ("VALUE_MASKED", [["vessels", 1, "name"]])
    step_up = {"required": "V1", "current": "V0", "methods": [], "maxAge": 1800}
    assert (expired["stepUp"], masked["stepUp"]) == (step_up, step_up)
    first, second = asking.memory.kept[-1].customers
    assert first.effects["Vessel.name"].codes == (Reason.VERIFICATION_EXPIRED,)
    assert second.effects["Vessel.name"].codes == (Reason.VALUE_MASKED,)


@pytest.mark.parametrize("is_compiled", [False, True])
@pytest.mark.parametrize(
    ("selected", "level", "required"),
    [
        ("beam", Level.V0, ("Vessel.size", "V3", 600)),
        ("beam length", Level.V0, ("Vessel.size", "V2", 1800)),
        ("__typename", Level.V0, ("Vessel.size", "V1", 1800)),
        ("beam", Level.V1, ("Size.beam", "V3", 600)),
    ],
)
async def test_what_opens_an_object_shows_something_of_what_was_asked_of_it(
    selected: str, level: Level, required: tuple[str, str, int], *, is_compiled: bool
) -> None:
    """Its own level alone would open an object of which all is withheld, with another level to ask for."""
    beam: Mapping[str, Any] = {"min": "V3", "max_age": 600}
    rules = {"Vessel.size": {"min": "V1"}, "Size.beam": beam, "Size.length": {"min": "V2"}}
    asking, query = asked(), f"query ($by: VesselBy!) {{ vessel(by: $by) {{ size {{ {selected} }} }} }}"
    through = ruled(rules, verification={"methods": ["otp", "kba"], "max_age": 1800})
    if is_compiled:
        asking.h.engine.prepare(through, query)
    answer = await asking.ask(query, through, asserted(level=level), variables={"by": {"id": "v1"}})
    (entry,) = answer["extensions"]["withheld"]
    assert (entry["coordinate"], entry["stepUp"]["required"], entry["stepUp"]["maxAge"]) == required


async def test_an_object_that_no_level_opens_tells_its_own() -> None:
    """What is asked of it waits for the glass too: better verification alone shows nothing of it."""
    through = ruled({"Vessel.size": {"min": "V1"}, "Size.beam": {"min": "V2", "break_glass": True}})
    answer = await asked().ask('{ vessel(by: {id: "v1"}) { size { beam } } }', through)
    (entry,) = answer["extensions"]["withheld"]
    assert (entry["coordinate"], entry["stepUp"]["required"]) == ("Vessel.size", "V1")


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        (["v1"], None),
        (["v2"], {"assertions": 1, "used": 0}),
        (["v9"], {"assertions": 1, "used": 0}),
        (["v1", "v2"], {"assertions": 2, "used": 1}),
    ],
    ids=["who is shown", "who was not looked up", "who does not exist", "one of two"],
)
async def test_an_assertion_of_nobody_who_is_shown_is_told(keys: list[str], told: Mapping[str, int] | None) -> None:
    """Else it looks as if none had been sent; by nothing does it tell who exists."""
    answer = await asked().ask(ONE, LEVELS, *(asserted(key, Level.V3) for key in keys))
    assert answer.get("extensions", {}).get("verification") == told


async def test_an_entry_names_what_stands_at_its_paths() -> None:
    """Where a field is withheld, and what is below it as well, it is the field: there is nothing below it."""
    through = ruled({"Vessel.size": {"min": "V1"}, "Size.beam": {"min": "V2"}, "Size.length": {"min": "V2"}})
    asking = asked()
    answer = await asking.ask('{ vessel(by: {id: "v1"}) { size { beam length } } }', through)
    assert entries(answer) == [("VERIFICATION_REQUIRED", "Vessel.size", [["vessel", "size"]])]
    (one,) = asking.memory.kept[-1].customers
    assert one.out_of_reach == {"Size.beam", "Size.length"}, "what is withheld is counted once"
    answer = await asking.ask('{ vessel(by: {id: "v1"}) { size { beam length } } }', through, asserted(level=Level.V1))
    assert {coordinate for _, coordinate, _ in entries(answer)} == {"Size.beam", "Size.length"}


async def test_an_engine_can_be_told_to_vouch_for_customers() -> None:
    """As if it were asserted of whoever is looked up, at the time of the request: one by one, with what is asserted."""
    asking, told = asked(), list[tuple[Lookup, float]]()

    def vouch(lookup: Lookup, at: float) -> Assertion | None:
        told.append((lookup, at))
        return asserted(lookup.key, Level.V1) if lookup.key != "v3" else None

    engine = Engine(MODEL, asking.h.sources, asking.h.crossref, now=lambda: NOW, vouch=vouch)
    asking.h.engine = engine
    answer = await asking.ask(ALL, LEVELS, asserted("v2"))
    assert answer["data"]["vessels"] == [
        {"name": "Anna", "draught": None},
        {"name": "Berta", "draught": 302},
        {"name": "C.", "draught": None},
    ]
    assert told == [(Lookup(None, name), NOW) for name in ("v1", "v2", "v3")]
    assert asking.h.crossref.reads == 1


async def test_whoever_is_vouched_for_is_the_customer_of_a_bound_view() -> None:
    """From V2 on, as with any assertion."""
    bound = ruled({"Vessel.draught": {"min": "V2"}}, subject={"mode": "single", "bound": True}, lookups=["id"])
    for level, shown in ((Level.V2, True), (Level.V1, False)):
        asking = asked()
        asking.h.engine = Engine(
            *(MODEL, asking.h.sources, asking.h.crossref),
            now=lambda: NOW,
            vouch=lambda lookup, _at, level=level: asserted(lookup.key, level),  # type: ignore[misc]
        )
        answer = await asking.ask(ONE, bound)
        assert (answer["data"]["vessel"] is not None) is shown


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
        (asserted(age=-30), None),
        (asserted(age=-31), "VERIFICATION_EXPIRED"),
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

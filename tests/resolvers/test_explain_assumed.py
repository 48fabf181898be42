"""A plan is told for customers of whom something is assumed: of a level, and by what gates answer of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.answers import Missing, Page
from adapters.gates import INTERACTION, InteractionRecord
from adapters.offers import Offer
from resolvers import GATE_WORDS, Assumed, Engine, GateKind, RefusedError, Request
from schema.caller import Caller
from schema.deadline import Deadline
from schema.reasons import Reason
from schema.verification import Level
from schema.views import ReceiptDetail
from tests.resolvers.gated import CASES, CONSENTS, EMAIL, Port, case, consent, gated, ship
from tests.resolvers.harbour import MemorySource, harbour, subject
from tests.resolvers.queries import Query, queries
from tests.resolvers.test_properties import WIDE as GENEROUS
from tests.resolvers.verified import NOW, asked, asserted, ruled
from tests.resolvers.vessels import ARGUMENTS, FIELDS, MODEL, view

ONE = '{ vessel(by: {id: "v1"}) { %s } }'
NEWS = gated({"Vessel.name": {"consent": EMAIL}})
DESK = view(fields=dict.fromkeys((*FIELDS, *ARGUMENTS)), subject={"relationship": "open-case", "refusal_ms": 5000})
CASE, CONSENT = "case", "consent:DirectMarketing:email"


class Talk(InteractionRecord):
    reference: str | None
    is_active: bool | None


TALKS = Offer(name="talks", serves=INTERACTION, record=Talk, key="ship", absent=Page)


async def at_once(_seconds: float) -> None:
    """Refusals leave without being kept back."""


def explained(engine: Engine, query: str, through: Any, level: Level | None = None, **gates: str) -> dict[str, Any]:
    said = {GateKind(kind): word for kind, word in gates.items()}
    return engine.explain(through, Request(query), assumed=Assumed(level, said))


def offers(told: dict[str, Any]) -> set[str]:
    """The offers that are asked: of gates, and of steps."""
    return {one["offer"] for one in (*told["gates"], *told["steps"])}


LEVELLED = ruled(
    {
        "Vessel.name": {"min": "V1"},
        "Vessel.draught": {"min": "V2"},
        "Vessel.heardUnder": {"min": "V2"},
        "Vessel.voyages": {"min": "V3"},
    }
)
WIDE = ONE % "name callSign flag { state } draught heardUnder { state } voyages(first: 4) { nodes { number } }"


@pytest.mark.parametrize("level", Level)
async def test_a_level_narrows_the_plan_to_what_is_sent_at_that_level(level: Level) -> None:
    """The same offers, fields and number of calls; what is withheld is in no step, and counted nowhere."""
    asking = asked()
    told = explained(asking.h.engine, WIDE, LEVELLED, level)
    await asking.ask(WIDE, LEVELLED, asserted("v1", level))
    sent = {batch.offer.name: sorted(batch.fields) for batch in asking.h.batches}
    assert {step["offer"]: step["fields"] for step in told["steps"]} == sent
    assert told["calls"] == len(asking.h.batches) + (level is Level.V3)  # the list has no second page after all
    assert {step["offer"] for step in told["notAsked"]}.isdisjoint(sent)
    assert told["assumed"] == {"level": str(level)}
    assert sum(one["calls"] for one in told["sources"].values()) == told["calls"]


def test_a_step_of_which_nothing_is_left_is_told_with_what_withholds_it() -> None:
    """Beside the steps, with no call; of a step that is left, what it does not ask is told as well."""
    told = explained(asked().h.engine, WIDE, LEVELLED, Level.V0)
    required = str(Reason.VERIFICATION_REQUIRED)
    assert [(one["offer"], one["depth"], one["withheld"]) for one in told["notAsked"]] == [
        (
            "heard",
            1,
            [{"coordinate": one, "code": required} for one in ("Vessel.draught", "Vessel.heardUnder")],
        ),
        ("voyages", 1, [{"coordinate": "Vessel.voyages", "code": required}]),
    ]
    vessels, flags = told["steps"]
    assert vessels["fields"] == ["call_sign", "flag"]
    assert vessels["withheld"] == [{"coordinate": "Vessel.name", "code": required}]
    assert (flags["keysFrom"], flags["after"]) == (["step 0, registry: flag"], [0])
    assert (told["calls"], told["depth"]) == (2, 2)


def test_what_is_allowed_behind_what_is_withheld_is_told_to_be_out_of_reach() -> None:
    """Its own rule lets it; nobody gets there."""
    verdicts = explained(asked().h.engine, WIDE, LEVELLED, Level.V0)["verdicts"]
    assert [one["coordinate"] for one in verdicts if not one.get("isReached", True)] == ["Voyage.number"]
    verdicts = explained(asked().h.engine, WIDE, LEVELLED)["verdicts"]
    assert all("isReached" not in one for one in verdicts)


def test_keys_that_lead_to_nothing_that_is_shown_are_not_counted() -> None:
    """Thirty vessels, each with a flag and one that it was heard under, need two calls; with one of both one is enough,
    for a request as well."""
    many = [subject(f"v{number}", registry=f"R{number}", sonar=f"S{number}") for number in range(30)]
    by = ", ".join(f'{{id: "{one.customer_id}"}}' for one in many)
    query = f"{{ vessels(by: [{by}]) {{ flag {{ code }} heardUnder {{ code }} }} }}"

    def calls(level: Level) -> int:
        told = explained(harbour(many).engine, query, LEVELLED, level)
        return sum(step["calls"] for step in told["steps"] if step["offer"] == "flags")

    assert (calls(Level.V1), calls(Level.V2)) == (1, 2)


@pytest.mark.parametrize("level", [None, *Level])
def test_the_weight_of_what_is_shown_is_told_beside_the_documents(level: Level | None) -> None:
    """The limit is held against the whole document; of it, what is withheld can never come back."""
    told = explained(asked().h.engine, WIDE, LEVELLED, level)
    # vessel, callSign, flag and its state; name; draught, heardUnder and its state; voyages, nodes and four numbers
    shown = 14 if level is None else (4, 5, 8, 14)[level]
    assert (told["weight"], told["weightShown"]) == (14, shown)


# Gates


def test_gates_are_told_as_steps_that_others_wait_for() -> None:
    """Which, by what they are decided, with their calls, and which steps wait."""
    told = explained(Port().harbour.engine, ONE % "name draught", NEWS)
    (gate,) = told["gates"]
    assert (gate["source"], gate["offer"], gate["gates"], gate["calls"]) == ("office", "consents", [CONSENT], 1)
    of_gate = {step["number"]: step["gates"] for step in told["steps"]}
    assert gate["waiting"] == [number for number, gates in of_gate.items() if gates == [CONSENT]]
    assert len(gate["waiting"]) == 1
    assert told["calls"] == 1 + sum(step["calls"] for step in told["steps"])


@pytest.mark.parametrize(
    ("status", "word"),
    [
        ("given", "given"),
        ("refused", "refused"),
        ("withdrawn", "withdrawn"),
        ("expired", "expired"),
        ("requested", "missing"),
        ("objected", "objected"),
        (None, "unknown"),
    ],
)
async def test_what_a_gate_is_assumed_to_answer_is_told_as_it_is_decided(status: str | None, word: str) -> None:
    """The verdict, the calls and the fields are those of a request of whom the source says so; the gate is asked."""
    port = Port([consent("O1", status)] if status else [])
    if status is None:
        port.office.answers = {"O1": Missing()}
    told = explained(port.harbour.engine, ONE % "name draught", NEWS, consent=word)
    answer = await port.ask(ONE % "name draught", NEWS)
    codes = {one["coordinate"]: one["code"] for one in answer.get("extensions", {}).get("withheld", ())}
    assert {one["coordinate"]: one["code"] for one in told["verdicts"] if "code" in one} == codes
    assert offers(told) == {offer for offer, _, _ in port.asked}
    assert told["calls"] == len(port.asked)
    assert told["assumed"] == {"level": None, "consent": word}


@pytest.mark.parametrize("kind", GateKind)
def test_the_first_word_of_each_kind_of_gate_opens_it_and_unknown_never_does(kind: GateKind) -> None:
    """Each word but the first withholds what waits, so that nothing is asked for it."""
    first, *others = GATE_WORDS[kind]
    assert others[-1] == "unknown"
    rules: dict[str, dict[str, Any]] = {
        "consent": {"consent": EMAIL},
        "objection": {"objection": EMAIL},
        "case": {"relationship": "open-case"},
        "interaction": {"relationship": "active-interaction"},
    }
    through = gated({"Vessel.name": rules[kind]})
    port = Port()
    going_on = MemorySource("phones", (TALKS,), {"talks": {}})
    engine = Engine(MODEL, [*port.harbour.sources, port.office, going_on], port.harbour.crossref)
    for word in (first, *others):
        told = engine.explain(through, Request(ONE % "name"), assumed=Assumed(gates={kind: word}))
        (verdict,) = told["verdicts"]
        assert (verdict["effect"] == "allow") is (word == first)
        assert len(told["notAsked"]) == (word != first)


def test_a_gate_that_nothing_waits_for_at_a_level_is_not_asked() -> None:
    """Where the level withholds, nobody asks for consent."""
    both = gated(
        {"Vessel.name": {"consent": EMAIL, "min": "V2"}}, verification={"methods": ["otp", "app"], "max_age": 1800}
    )
    told = explained(Port().harbour.engine, ONE % "name draught", both, Level.V1)
    assert (told["gates"], told["calls"], offers(told)) == ([], 1, {"heard"})
    assert explained(Port().harbour.engine, ONE % "name draught", both, Level.V2)["calls"] == 3


def test_a_gate_that_no_source_answers_is_told_to_be_shut() -> None:
    """As a request would find it."""
    told = explained(Port.without_office().harbour.engine, ONE % "name", NEWS, consent="given")
    (verdict,) = told["verdicts"]
    assert (verdict["code"], told["gates"], told["calls"]) == ("CONSENT_UNKNOWN", [], 0)


def test_everything_waits_for_the_relationship_that_a_view_demands() -> None:
    """It is asked first, counted, and named by each step; the id waits too."""
    told = explained(Port().harbour.engine, ONE % "id name draught", DESK)
    (gate,) = told["gates"]
    assert (gate["offer"], gate["gates"], gate["calls"]) == ("cases", [CASE], 1)
    assert gate["waiting"] == [step["number"] for step in told["steps"]]
    assert {one["effect"] for one in told["verdicts"]} == {"waits-for-gate"}
    assert told["calls"] == 3


def test_the_relationship_is_counted_where_nothing_else_is_asked() -> None:
    """Whether there is anybody to show is found out for the name of the type too."""
    told = explained(Port().harbour.engine, ONE % "__typename", DESK)
    assert (offers(told), told["calls"], told["steps"]) == ({"cases"}, 1, [])


async def test_who_has_no_open_case_is_told_to_be_nobody() -> None:
    """The client would be told SUBJECT_UNKNOWN, and the record why; nothing but the case is asked."""
    port = Port(cases=[case("O1", is_open=False)], subjects=[ship(1)])
    told = explained(port.harbour.engine, ONE % "id name draught", DESK, case="none")
    assert {(one["code"], *one["also"]) for one in told["verdicts"]} == {("SUBJECT_UNKNOWN", "RELATIONSHIP_REQUIRED")}
    assert (offers(told), told["calls"], len(told["notAsked"])) == ({"cases"}, 1, 2)
    sources = [*port.harbour.sources, port.office]
    port.harbour.engine = Engine(MODEL, sources, port.harbour.crossref, sleep=at_once)
    await port.ask(ONE % "id name draught", DESK)
    assert [offer for offer, _, _ in port.asked] == ["cases"]


@pytest.mark.parametrize("level", Level)
async def test_a_bound_view_shows_nobody_who_is_not_proven_to_be_there(level: Level) -> None:
    """Nothing is read below V2, and the code is that of a request."""
    bound = ruled({"Vessel.draught": {"min": "V3"}}, subject={"mode": "single", "bound": True}, lookups=["id"])
    asking, query = asked(), ONE % "name draught"
    told = explained(asking.h.engine, query, bound, level)
    answer = await asking.ask(query, bound, *([asserted("v1", level)] if level else []))
    codes = {one["coordinate"]: one.get("code") for one in told["verdicts"]}
    if level < Level.V2:
        (entry,) = answer["extensions"]["withheld"]
        assert set(codes.values()) == {entry["code"]}
        assert (told["calls"], told["steps"], asking.h.crossref.reads) == (0, [], 0)
    else:
        required = None if level is Level.V3 else "VERIFICATION_REQUIRED"
        assert codes == {"Vessel.name": None, "Vessel.draught": required}
        assert told["calls"] == len(asking.h.batches)


@pytest.mark.parametrize("fields", ["name draught", "id", "name flag { state } heardUnder { code } draught"])
async def test_what_is_counted_with_gates_is_what_is_sent(fields: str) -> None:
    """For several customers, through a view with a relationship and consents."""
    through = view(
        fields={**dict.fromkeys((*FIELDS, *ARGUMENTS)), "Vessel.name": {"consent": EMAIL}},
        subject={"relationship": "open-case", "refusal_ms": 5000},
    )
    port = Port([consent(f"O{n}", "given") for n in (1, 2)], [case(f"O{n}") for n in (1, 2)], map(ship, (1, 2)))
    query = f'{{ vessels(by: [{{id: "v1"}}, {{id: "v2"}}]) {{ {fields} }} }}'
    told = explained(port.harbour.engine, query, through, case="open", consent="given")
    await port.ask(query, through)
    assert sorted(offer for offer, _, _ in port.asked) == sorted(
        one["offer"] for one in (*told["gates"], *told["steps"]) for _ in range(one["calls"])
    )
    assert {CASES.name} <= offers(told) <= {CASES.name, CONSENTS.name, "vessels", "heard", "flags"}


RULES = st.dictionaries(
    st.sampled_from([name for name in FIELDS if name != "Vessel.id"]),
    st.sampled_from([{"min": "V1"}, {"min": "V3"}, {"consent": EMAIL}, {"relationship": "open-case"}]),
    max_size=6,
)
STATUSES = st.sampled_from(["given", "refused", "withdrawn", "expired"])


@settings(max_examples=60, deadline=None)
@given(
    query=queries(),
    rules=RULES,
    level=st.sampled_from(Level),
    status=STATUSES,
    is_open=st.booleans(),
    demanded=st.booleans(),
)
async def test_no_more_is_sent_than_is_told_of_such_customers(
    query: Query, rules: dict[str, Any], level: Level, status: str, is_open: bool, demanded: bool
) -> None:
    """For any query, rules, level and what gates answer: no other offer, no other field, and no more calls; and what is
    told to be shown never weighs more than the document."""
    every = range(1, 5)
    subject_rule = {"relationship": "open-case", "refusal_ms": 5000} if demanded else {}
    through = ruled(rules, limits=dict(GENEROUS.limits.model_dump(), deadline_ms=20_000), subject=subject_rule)
    port = Port(
        [consent(f"O{n}", status) for n in every], [case(f"O{n}", is_open=is_open) for n in every], map(ship, every)
    )
    sources = [*port.harbour.sources, port.office]
    port.harbour.engine = Engine(MODEL, sources, port.harbour.crossref, sleep=at_once, now=lambda: NOW)
    words = Assumed(level, {GateKind.CONSENT: status, GateKind.CASE: "open" if is_open else "none"})
    told = port.harbour.engine.explain(through, Request(query.text, variables=query.variables), assumed=words)
    assertions = tuple(replace(asserted(f"v{n}", level), methods=("otp", "app")) for n in every) if level else ()
    request = Request(query.text, variables=query.variables, receipt=ReceiptDetail.SOURCES)
    caller = Caller("bridge-desk", assertions=assertions)
    answer = await port.harbour.engine.answer(through, request, caller, Deadline.after(20))
    receipt = answer.get("extensions", {}).get("receipt", {}).get("sources", [])
    assert sum(one["calls"] for one in receipt) <= told["calls"]
    asked_for = {(one["offer"], tuple(one["fields"])) for one in (*told["gates"], *told["steps"])}
    for source in sources:
        for batch in source.batches:
            assert any(batch.offer.name == offer and {*batch.fields} <= {*fields} for offer, fields in asked_for)
    assert told["weightShown"] <= told["weight"]
    assert {step["number"] for step in told["notAsked"]}.isdisjoint(step["number"] for step in told["steps"])


# Too much


@pytest.mark.parametrize(
    ("limits", "limit", "largest"),
    [
        ({"calls": 2}, "calls", [("sonar.heard, step 2", 2)]),
        ({"weight": 10}, "weight", [("vessels", 19)]),
        ({"customers": 2}, "customers", [("vessels", 3)]),
        ({"depth": 2}, "depth", []),
        ({"fields": 3}, "fields", []),
        ({"tokens": 10}, "tokens", []),
    ],
)
async def test_a_query_over_a_limit_is_told_with_its_plan(
    limits: dict[str, int], limit: str, largest: list[tuple[str, int]]
) -> None:
    """By how much, the words of the refusal, and what makes most of it; a request is refused in the same words."""
    query = "query ($by: [VesselBy!]!) { vessels(by: $by) { name flag { code } heardUnder { state } draught } }"
    request = Request(query, variables={"by": [{"id": f"v{n}"} for n in (1, 2, 3)]})
    h, through = harbour(), view(limits=limits)
    told = h.engine.explain(through, request)
    (over,) = told["over"]
    assert (h.calls, h.crossref.reads) == ({}, 0)
    with pytest.raises(RefusedError) as refused:
        await h.ask(query, request.variables, through=through)
    assert (over["message"], over["remedy"]) == (refused.value.errors[0].message, refused.value.remedy)
    assert (over["limit"], over["code"], over["allowed"]) == (limit, "QUERY_BUDGET", limits[limit])
    assert [(one["of"], one["number"]) for one in over["largest"]][: len(largest) or 1] == largest
    assert (told["calls"], told["limits"][limit]) == (4, limits[limit])


@pytest.mark.parametrize("is_written", [True, False])
def test_each_limit_that_a_query_is_over_is_told(is_written: bool) -> None:
    """All three that a plan is held against, whichever would refuse it first; a query within its limits is over
    none."""
    ids = [{"id": f"v{n}"} for n in range(3)]
    by = "[" + ", ".join(f'{{id: "{one["id"]}"}}' for one in ids) + "]" if is_written else "$by"
    query = f"{{ vessels(by: {by}) {{ name voyages(first: 7) {{ nodes {{ number }} }} }} }}"
    if not is_written:
        query = f"query ($by: [VesselBy!]!) {query}"
    request = Request(query, variables={} if is_written else {"by": ids})
    told = harbour().engine.explain(view(limits={"calls": 1, "weight": 1, "customers": 1}), request)
    assert {one["limit"] for one in told["over"]} == {"calls", "weight", "customers"}
    (weight,) = (one for one in told["over"] if one["limit"] == "weight")
    assert weight["largest"] == [{"of": "vessels.voyages", "number": 24}, {"of": "vessels", "number": 7}]
    assert harbour().engine.explain(view(), request)["over"] == []


def test_what_no_view_allows_has_no_plan() -> None:
    """A document that could not be walked in time is refused whoever asks."""
    deep = ONE % ("... { " * 120 + "name" + " }" * 120)
    with pytest.raises(RefusedError, match="every view allows"):
        harbour().engine.explain(view(limits={"tokens": 4000}), Request(deep))

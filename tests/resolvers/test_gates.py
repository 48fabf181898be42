"""What waits for a gate is asked when it has opened, and nothing else waits for it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from adapters.answers import Denied, Gone, Missing, ReplacedBy
from resolvers import RefusedError
from schema.reasons import Reason
from schema.situation import Situation
from schema.views import ReceiptDetail
from tests.resolvers.gated import EMAIL, PHONE, Port, case, consent, gated, ship, withheld
from tests.resolvers.harbour import TIMED_OUT, subject

ONE = '{ vessel(by: {id: "v1"}) { %s } }'
ALL = '{ vessels(by: [{id: "v1"}, {id: "v2"}, {id: "v3"}]) { %s } }'
NAME = {"Vessel.name": {"consent": EMAIL}}
CASE = {"Vessel.name": {"relationship": "open-case"}}


async def test_a_field_is_asked_of_whom_its_consent_is_given() -> None:
    """The gate is asked once for all customers; who has not agreed is asked of no source."""
    port = Port([consent("O1", "given"), consent("O2", "withdrawn")])
    answer = await port.ask(ALL % "name draught", gated(NAME))
    assert port.asked == [
        ("consents", (), ("O1", "O2", "O3")),
        ("vessels", ("name",), ("R1",)),
        ("heard", ("draught",), ("S1", "S2", "S3")),
    ]
    assert [one["name"] for one in answer["data"]["vessels"]] == ["Anna", None, None]
    assert [one["draught"] for one in answer["data"]["vessels"]] == [301, 302, 303]
    entries = {tuple(map(tuple, one["paths"])): one["code"] for one in answer["extensions"]["withheld"]}
    assert entries == {
        (("vessels", 1, "name"),): "CONSENT_WITHDRAWN",
        (("vessels", 2, "name"),): "CONSENT_MISSING",
    }


async def test_what_waits_for_no_gate_starts_at_once() -> None:
    """A gate that never answers delays nothing but what waits for it, which is withheld when the time is over."""
    port = Port([consent("O1", "given")])
    port.office.gate = asyncio.Event()
    view = gated(NAME | {"Vessel.draught": {"relationship": "open-case"}, "Vessel.log": {"objection": EMAIL}})
    asking = asyncio.create_task(port.ask(ONE % "name callSign draught flag { state } log { line }", view, seconds=0.3))
    async with asyncio.timeout(5):
        await port.harbour.registry.asked.wait()
        await port.harbour.states.asked.wait()
    assert not asking.done()
    assert [batch.fields for batch in port.harbour.registry.batches] == [("call_sign", "flag")]
    answer = await asking
    assert answer["data"]["vessel"] == {
        "name": None,
        "callSign": "Anna-1",
        "draught": None,
        "flag": {"state": "Netherlands"},
        "log": None,
    }
    assert withheld(answer) == {
        "Vessel.name": "CONSENT_UNKNOWN",
        "Vessel.draught": "POLICY_UNAVAILABLE",
        "Vessel.log": "POLICY_UNAVAILABLE",
    }
    assert "errors" not in answer
    assert not port.harbour.sonar.batches


@pytest.mark.parametrize(
    ("records", "code"),
    [
        ([consent("O1", "refused")], Reason.CONSENT_REFUSED),
        ([consent("O1", "given"), consent("O1", "withdrawn", channel=None)], Reason.CONSENT_WITHDRAWN),
        ([consent("O1", "expired")], Reason.CONSENT_EXPIRED),
        ([consent("O1", "given", valid_until="2020-01-01T00:00:00Z")], Reason.CONSENT_EXPIRED),
        ([consent("O1", "requested")], Reason.CONSENT_MISSING),
        ([], Reason.CONSENT_MISSING),
        ([consent("O1", "given", channel="phone")], Reason.CONSENT_MISSING),
        ([consent("O1", "given", purpose="Marketing")], Reason.CONSENT_MISSING),
        ([consent("O1", "given"), consent("O1", "withdrawn", purpose="Marketing")], Reason.CONSENT_WITHDRAWN),
        ([consent("O1", "given"), consent("O1", "objected")], Reason.OBJECTION_RECORDED),
        ([consent("O1", "given"), consent("O1", "whatever")], Reason.CONSENT_UNKNOWN),
        ([consent("O1", "given"), consent("O1", "given", purpose=7)], Reason.CONSENT_UNKNOWN),
    ],
)
async def test_every_way_in_which_consent_is_not_given_has_its_code(records: list[Any], code: Reason) -> None:
    """With its remedy; nothing is asked."""
    port = Port(records)
    answer = await port.ask(ONE % "name", gated(NAME))
    assert answer["data"] == {"vessel": {"name": None}}
    (entry,) = answer["extensions"]["withheld"]
    assert (entry["code"], entry["message"], entry["remedy"]) == (str(code), code.message, code.remedy)
    assert entry["paths"] == [["vessel", "name"]]
    assert port.harbour.calls == {}


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ({"consent": EMAIL}, Reason.CONSENT_UNKNOWN),
        ({"objection": EMAIL}, Reason.POLICY_UNAVAILABLE),
        ({"relationship": "open-case"}, Reason.POLICY_UNAVAILABLE),
    ],
)
@pytest.mark.parametrize("failure", [TIMED_OUT, Denied(), ReplacedBy("O9"), "raises", "leaves out", "is not there"])
async def test_a_gate_that_cannot_be_asked_stays_shut(rule: Any, code: Reason, failure: Any) -> None:
    """Whatever has happened to its source; its fault is no error of the field."""
    port = Port([consent("O1", "given")], [case("O1")])
    if failure == "raises":
        port.office.fails = RuntimeError()
    elif failure == "leaves out":
        port.office.leaves_out = {"O1"}
    elif failure == "is not there":
        port.office.offers = ()
        port = Port.without_office()
    else:
        port.office.answers = {"O1": failure}
    answer = await port.ask(ONE % "name", gated({"Vessel.name": rule}))
    assert answer["data"] == {"vessel": {"name": None}}
    (entry,) = answer["extensions"]["withheld"]
    assert (entry["code"], entry["remedy"]) == (str(code), code.remedy)
    assert "errors" not in answer
    assert port.harbour.calls == {}


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ({"consent": EMAIL}, "CONSENT_UNKNOWN"),
        ({"objection": EMAIL}, "POLICY_UNAVAILABLE"),
        ({"relationship": "open-case"}, "RELATIONSHIP_REQUIRED"),
    ],
)
@pytest.mark.parametrize("is_linked", [True, False])
async def test_whom_the_owner_of_a_gate_does_not_know_has_agreed_to_nothing(
    rule: Any, code: str, is_linked: bool
) -> None:
    """Not linked, or linked by a key that the source has no record of."""
    port = Port(subjects=[ship(1) if is_linked else subject("v1", registry="R1", sonar="S1")])
    port.office.answers = {"O1": Missing()}
    answer = await port.ask(ONE % "name", gated({"Vessel.name": rule}))
    assert withheld(answer) == {"Vessel.name": code}
    assert port.harbour.calls == {}


@pytest.mark.parametrize(
    ("records", "code"),
    [
        ([], None),
        ([consent("O1", "withdrawn")], None),
        ([consent("O1", "objected")], "OBJECTION_RECORDED"),
        ([consent("O1", "objected", channel=None)], "OBJECTION_RECORDED"),
        ([consent("O1", "objected", purpose="Marketing")], "OBJECTION_RECORDED"),
        ([consent("O1", "objected", channel="phone")], None),
        ([consent("O1", "objected", valid_until="2020-01-01T00:00:00Z")], None),
    ],
)
async def test_an_objection_withholds_what_is_used_without_consent(records: list[Any], code: str | None) -> None:
    """Whom nothing is recorded of has not objected."""
    port = Port(records)
    answer = await port.ask(ONE % "name", gated({"Vessel.name": {"objection": EMAIL}}))
    assert withheld(answer) == ({"Vessel.name": code} if code else {})
    assert port.harbour.calls == ({} if code else {"registry": 1})


@pytest.mark.parametrize(
    ("cases", "told", "code"),
    [
        ([case("O1")], None, None),
        ([case("O1", is_open=False)], None, "RELATIONSHIP_REQUIRED"),
        ([], None, "RELATIONSHIP_REQUIRED"),
        ([case("O1"), case("O1", "CASE-2")], "CASE-2", None),
        ([case("O1"), case("O1", "CASE-2", is_open=False)], "CASE-2", "RELATIONSHIP_REQUIRED"),
        ([case("O1"), case("O2", "CASE-2")], "CASE-2", "RELATIONSHIP_REQUIRED"),
    ],
)
async def test_a_case_has_to_be_open_and_the_one_that_is_named(cases: list[Any], told: str | None, code: Any) -> None:
    """It has to be the customer's own; another customer's opens nothing."""
    port = Port(cases=cases)
    view = gated(CASE, situation={"case": "optional"})
    answer = await port.ask(ONE % "name", view, situation=Situation(case=told))
    assert withheld(answer) == ({"Vessel.name": code} if code else {})
    assert port.harbour.calls == ({} if code else {"registry": 1})


async def test_all_live_keys_of_a_customer_speak() -> None:
    """What is withdrawn under one key is withdrawn; one that fails may hide it, and one that is gone hides nothing."""
    two = subject("v1", registry="R1", office=["O1", "O2"])
    port = Port([consent("O1", "given"), consent("O2", "withdrawn")], subjects=[two])
    assert withheld(await port.ask(ONE % "name", gated(NAME))) == {"Vessel.name": "CONSENT_WITHDRAWN"}
    port = Port([consent("O1", "given")], subjects=[two])
    assert withheld(await port.ask(ONE % "name", gated(NAME))) == {}
    port.office.answers = {"O2": TIMED_OUT}
    assert withheld(await port.ask(ONE % "name", gated(NAME))) == {"Vessel.name": "CONSENT_UNKNOWN"}
    port.office.answers = {"O2": Gone()}
    assert withheld(await port.ask(ONE % "name", gated(NAME))) == {}


async def test_several_gates_of_one_offer_are_one_call() -> None:
    """Two channels, and an objection: one read says all of it."""
    port = Port([consent("O1", "given"), consent("O1", "given", channel="phone")])
    view = gated(
        {
            "Vessel.name": {"consent": EMAIL},
            "Vessel.callSign": {"consent": PHONE, "objection": EMAIL},
            "Vessel.draught": {"consent": {"purpose": "DirectMarketing"}},
        }
    )
    answer = await port.ask(ONE % "name callSign draught kind", view)
    assert withheld(answer) == {"Vessel.draught": "CONSENT_MISSING"}
    assert len(port.office.batches) == 1
    assert sorted(batch.fields for batch in port.harbour.registry.batches) == [("call_sign",), ("kind",), ("name",)]


async def test_a_gate_is_not_asked_for_whom_nothing_waits() -> None:
    """What is withheld already waits for nothing."""
    port = Port([consent("O1", "given"), consent("O2", "given")], subjects=[ship(1), ship(2, "Vessel.name")])
    answer = await port.ask('{ vessels(by: [{id: "v1"}, {id: "v2"}]) { name } }', gated(NAME))
    assert [batch.keys for batch in port.office.batches] == [("O1",)]
    assert withheld(answer) == {"Vessel.name": "SUBJECT_RESTRICTED"}
    port.office.batches.clear()
    await port.ask(ALL % "id draught", gated(NAME))
    assert not port.office.batches


async def test_a_customer_who_is_looked_up_twice_has_gates_of_both_places() -> None:
    """One look-up wants what waits, the other what does not; each is asked for its own."""
    port = Port([consent("O1", "withdrawn")])
    query = '{ a: vessel(by: {id: "v1"}) { name } b: vessel(by: {id: "v1"}) { callSign } }'
    answer = await port.ask(query, gated(NAME))
    assert answer["data"] == {"a": {"name": None}, "b": {"callSign": "Anna-1"}}
    assert [batch.fields for batch in port.harbour.registry.batches] == [("call_sign",)]


async def test_a_key_is_fetched_for_what_waits_for_nothing_before_the_gate_answers() -> None:
    """Of a flag the code waits and the state does not: the state is there while the gate is still shut."""
    port = Port([consent("O1", "given")])
    port.office.gate = asyncio.Event()
    asking = asyncio.create_task(port.ask(ONE % "flag { code state }", gated({"Flag.code": {"consent": EMAIL}})))
    async with asyncio.timeout(5):
        await port.harbour.states.asked.wait()
    assert [batch.fields for batch in port.harbour.states.batches] == [("state",)]
    port.office.gate.set()
    answer = await asking
    assert answer["data"] == {"vessel": {"flag": {"code": "NL", "state": "Netherlands"}}}
    assert [batch.fields for batch in port.harbour.states.batches] == [("state",), ("code",)]


async def test_a_key_that_leads_only_to_what_is_withheld_is_not_fetched() -> None:
    """Nor what it leads to, whatever the record holds."""
    port = Port([consent("O1", "withdrawn")])
    answer = await port.ask(ONE % "flag { code } heardUnder { state }", gated({"Vessel.flag": {"consent": EMAIL}}))
    assert answer["data"] == {"vessel": {"flag": None, "heardUnder": {"state": "Netherlands"}}}
    assert port.harbour.calls == {"sonar": 1, "states": 1}


async def test_entries_of_a_list_are_asked_without_what_is_withheld() -> None:
    """A list waits as a whole, and comes without the field whose gate is shut."""
    port = Port([consent("O1", "refused")])
    view = gated({"Voyage.isRough": {"consent": EMAIL}})
    answer = await port.ask(ONE % "voyages(first: 2) { nodes { number isRough } pageInfo { hasNextPage } }", view)
    assert answer["data"]["vessel"]["voyages"] == {
        "nodes": [{"number": 1, "isRough": None}, {"number": 2, "isRough": None}],
        "pageInfo": {"hasNextPage": True},
    }
    assert [batch.fields for batch in port.harbour.registry.batches] == [("number",)]


async def test_a_view_that_waits_as_a_whole_shows_the_id_alone() -> None:
    """Consent to the view is consent to every coordinate but the id."""
    port = Port([consent("O1", "given")])
    answer = await port.ask(ALL % "id name draught", gated({}, consent=EMAIL))
    assert answer["data"]["vessels"] == [
        {"id": "v1", "name": "Anna", "draught": 301},
        {"id": "v2", "name": None, "draught": None},
        {"id": "v3", "name": None, "draught": None},
    ]
    assert [batch.keys for batch in port.harbour.registry.batches] == [("R1",)]


async def test_the_calls_of_gates_are_counted_and_told() -> None:
    """Against the view's limit, in what explain says, and in the receipt."""
    port = Port([consent("O1", "given")])
    view = gated(NAME, limits={"calls": 1})
    with pytest.raises(RefusedError, match="can need 2 calls"):
        await port.ask(ONE % "name", view)
    assert not port.asked
    told = port.explain(ONE % "name draught", gated(NAME))
    assert told["calls"] == 3
    assert told["gates"] == [
        {
            "source": "office",
            "offer": "consents",
            "gates": ["consent:DirectMarketing:email"],
            "waiting": [0],
            "fields": ["channel", "purpose", "status", "valid_from", "valid_until"],
            "calls": 1,
            "keysPerCall": 50,
        }
    ]
    assert [(step["source"], step["gates"]) for step in told["steps"]] == [
        ("registry", ["consent:DirectMarketing:email"]),
        ("sonar", []),
    ]
    answer = await port.ask(ONE % "name draught", gated(NAME), receipt=ReceiptDetail.SOURCES)
    first, *others = answer["extensions"]["receipt"]["sources"]
    assert first | {"ms": 0} == {
        "source": "office",
        "offer": "consents",
        "depth": 0,
        "gates": ["consent:DirectMarketing:email"],
        "calls": 1,
        "keys": 1,
        "fields": ["channel", "purpose", "status", "valid_from", "valid_until"],
        "ms": 0,
        "outcome": "OK",
        "failed": 0,
        "retries": 0,
        "waitedMs": 0.0,
        "merged": 0,
    }
    assert [one["source"] for one in others] == ["registry", "sonar"]

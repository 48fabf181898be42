"""What somebody would try who wants to see more than a view shows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from resolvers import RefusalCode, RefusedError, Request
from schema.caller import Caller
from schema.reasons import Reason
from schema.situation import Situation
from schema.verification import Assertion, Level
from tests.resolvers.gated import EMAIL, Port, consent, gated
from tests.resolvers.harbour import known
from tests.resolvers.verified import Asking, asked, asserted, entries, ruled

LEVELS = ruled({"Vessel.name": {"min": "V2"}, "Vessel.draught": {"min": "V1"}})
BOUND = {"subject": {"mode": "single", "bound": True}, "lookups": ["id", "registry", "sonar"]}
ONE = '{ vessel(by: {%s: "%s"}) { name draught } }'


async def test_an_assertion_of_one_opens_nothing_of_another() -> None:
    """Neither alone nor beside its own customer, and in a bound view nobody is even read."""
    asking = asked()
    answer = await asking.ask(ONE % ("id", "v2"), LEVELS, asserted("v1", Level.V3))
    assert answer["data"]["vessel"] == {"name": None, "draught": None}
    assert {code for code, _, _ in entries(answer)} == {"VERIFICATION_REQUIRED"}
    both = '{ vessels(by: [{id: "v1"}, {id: "v2"}]) { name } }'
    answer = await asking.ask(both, LEVELS, asserted("v1", Level.V3))
    assert answer["data"]["vessels"] == [{"name": "Anna"}, {"name": None}]
    assert [batch.keys for batch in asking.h.batches] == [("R1",)]
    asking = asked()
    answer = await asking.ask(ONE % ("id", "v2"), ruled({}, **BOUND), asserted("v1", Level.V3))
    assert [code for code, _, _ in entries(answer)] == ["VERIFICATION_WRONG_SUBJECT"]
    assert (asking.h.crossref.reads, asking.h.calls) == (0, {})


async def test_many_names_for_one_field_are_one_field() -> None:
    """Each of them is withheld, or masked, and none of them is asked for."""
    asking = asked()
    names = " ".join(f"n{number}: name" for number in range(20))
    query = f'{{ a: vessel(by: {{id: "v1"}}) {{ {names} }} b: vessel(by: {{id: "v1"}}) {{ id: name name: id }} }}'
    answer = await asking.ask(query, LEVELS)
    assert set(answer["data"]["a"].values()) == {None}
    assert answer["data"]["b"] == {"id": None, "name": "v1"}
    assert asking.h.calls == {}
    masked = await asked().ask(query, ruled({"Vessel.name": {"mask": "all"}}))
    assert set(masked["data"]["a"].values()) == {"••••"}
    assert masked["data"]["b"] == {"id": "••••", "name": "v1"}


async def test_an_id_that_was_merged_away_is_the_survivors() -> None:
    """Who is verified under it is the survivor alone; what is restricted of the survivor stays so; and a bound view
    takes it for the id that the assertion names, and for no other."""
    asking = asked(known(1, "Vessel.draught"), known(2))
    asking.h.crossref.subjects["old"] = asking.h.crossref.subjects["v1"]
    query = '{ vessels(by: [{id: "old"}, {id: "v1"}, {id: "v2"}]) { name draught } }'
    answer = await asking.ask(query, LEVELS, asserted("old", Level.V2))
    assert answer["data"]["vessels"] == [{"name": "Anna", "draught": None}] * 2 + [{"name": None, "draught": None}]
    restricted = [paths for code, _, paths in entries(answer) if code == "SUBJECT_RESTRICTED"]
    assert restricted == [[["vessels", 0, "draught"], ["vessels", 1, "draught"]]]
    for looked_up, named, is_shown in (("old", "v1", False), ("v1", "old", False), ("old", "old", True)):
        bound = await asking.ask(ONE % ("id", looked_up), ruled({}, **BOUND), asserted(named, Level.V2))
        assert (bound["data"]["vessel"] is not None) is is_shown


@pytest.mark.parametrize(
    "named",
    [
        asserted("R2"),
        asserted("R1", source="sonar"),
        asserted("v2", source="registry"),
        asserted("R1", source="REGISTRY"),
    ],
)
async def test_a_key_counts_in_its_own_source_alone(named: Assertion) -> None:
    """A source's key for an id, an id for a key, or the key of another source names nobody."""
    answer = await asked().ask('{ vessels(by: [{id: "v1"}, {registry: "R2"}]) { name } }', LEVELS, named)
    assert answer["data"]["vessels"] == [{"name": None}] * 2


async def test_a_source_key_of_another_looks_up_the_other() -> None:
    """Who is verified by the key of one is not by looking up the key of another, nor in a bound view by any key."""
    answer = await asked().ask(ONE % ("registry", "R2"), LEVELS, asserted("R1", source="registry"))
    assert answer["data"]["vessel"] == {"name": None, "draught": None}
    asking = asked()
    answer = await asking.ask(ONE % ("registry", "R1"), ruled({}, **BOUND), asserted("R1", source="registry"))
    assert [code for code, _, _ in entries(answer)] == ["VERIFICATION_WRONG_SUBJECT"]
    assert asking.h.crossref.reads == 0


@pytest.mark.parametrize("ruled_on", ["Sighting.on", "PhotoSighting.on"])
@pytest.mark.parametrize(
    "fields",
    [
        "... on PhotoSighting { on }",
        "... on Sighting { ... on PhotoSighting { on } }",
        "... on PhotoSighting { ... on Sighting { on } }",
        "on",
    ],
)
async def test_a_field_is_the_same_by_every_fragment(ruled_on: str, fields: str) -> None:
    """On the interface or on one of its types, and whichever of the two the rule stands on."""
    asking = asked()
    answer = await asking.ask(
        f'{{ vessel(by: {{id: "v1"}}) {{ sightings {{ {fields} }} }} }}', ruled({ruled_on: {"min": "V2"}})
    )
    assert "2026-01-02" not in json.dumps(answer["data"])
    assert not any("PhotoSighting:on" in batch.fields for batch in asking.h.batches)


@pytest.mark.parametrize("order", [(True, False, True), (False, True, False)])
async def test_what_a_variable_switches_on_is_decided_as_ever(order: tuple[bool, ...]) -> None:
    """Whichever form of the document was asked first, and by somebody of whatever level, kept and compiled or not."""
    port = Port([consent("O1", "withdrawn")])
    through = gated(
        {"Vessel.name": {"consent": EMAIL}, "Vessel.callSign": {"when": {"channels": ["voice"]}}},
        situation={"channels": ["voice", "chat"]},
    )
    query = """query ($with: Boolean!, $by: VesselBy!) {
      vessel(by: $by) { id name @include(if: $with) ... @skip(if: $with) { ... @include(if: true) { n: name } } } }"""
    for is_with in order * 2:
        answer = await port.ask(
            query, through, variables={"with": is_with, "by": {"id": "v1"}}, situation=Situation("chat")
        )
        assert answer["data"]["vessel"] == {"id": "v1", "name" if is_with else "n": None}
    assert port.harbour.calls == {}


async def test_what_one_who_is_verified_was_shown_is_not_shown_to_the_next() -> None:
    """The plan and its code are kept, and nothing of whom they were made for."""
    asking, query = asked(), "query ($by: VesselBy!) { vessel(by: $by) { name draught } }"
    for level, name in ((Level.V3, "Anna"), (Level.V0, None), (Level.V3, "Anna"), (Level.V0, None)):
        said = (asserted("v1", Level.V2),) if level else ()
        answer = await asking.ask(query, LEVELS, *said, variables={"by": {"id": "v1"}})
        assert answer["data"]["vessel"]["name"] == name


async def test_introspection_tells_of_no_rule() -> None:
    """The schema is the same with rules and without, for whoever asks; and where the view says so it is not told."""
    query = "{ __schema { types { name fields { name description type { name kind } } } } }"
    told = [await asked().ask(query, through, *said) for through in (LEVELS, ruled({})) for said in ((), (asserted(),))]
    assert all(one == told[0] for one in told)
    with pytest.raises(RefusedError) as caught:
        await asked().ask(query, ruled({}, introspection="nobody"), asserted(level=Level.V3))
    assert caught.value.code is RefusalCode.INTROSPECTION_NOT_ALLOWED


PAGE = """query ($id: ID!, $after: String) { vessel(by: {id: $id}) {
  voyages(first: 2, after: $after) { nodes { number } pageInfo { endCursor } } } }"""


async def paged(asking: Asking, name: str, after: str | None, *said: Assertion) -> dict[str, Any]:
    through = ruled({"Vessel.voyages": {"min": "V2"}})
    return await asking.ask(PAGE, through, *said, variables={"id": name, "after": after})


async def test_a_cursor_opens_no_list_but_its_own() -> None:
    """That of another customer is refused without a call; and one's own, from when one was verified, opens nothing
    later. What a withheld list is asked with makes no difference."""
    asking = asked()
    said = asserted("v1"), asserted("v2")
    first = await paged(asking, "v1", None, *said)
    cursor = first["data"]["vessel"]["voyages"]["pageInfo"]["endCursor"]
    asking.h.registry.batches.clear()
    of_another = await paged(asking, "v2", cursor, *said)
    assert of_another["data"] == {"vessel": {"voyages": None}}
    assert [error["extensions"]["code"] for error in of_another["errors"]] == ["CURSOR_INVALID"]
    later = [await paged(asking, name, after) for name, after in (("v1", cursor), ("v2", cursor), ("v1", None))]
    assert all(one == later[0] for one in later)
    assert [code for code, _, _ in entries(later[0])] == ["VERIFICATION_REQUIRED"]
    assert asking.h.calls == {}


async def test_explain_tells_of_the_question_and_of_no_customer() -> None:
    """It is the same whoever is asked about, exists or does not, and reads nothing."""
    asking, caller = asked(known(1), known(2, "*"), known(3, "Vessel.name")), Caller("bridge-desk")
    told = [
        asking.h.engine.explain(LEVELS, Request(ONE % ("id", name)), caller) for name in ("v1", "v2", "v3", "nobody")
    ]
    assert all(one == told[0] for one in told)
    assert (asking.h.crossref.reads, asking.h.calls) == (0, {})


async def test_a_receipt_tells_of_nobody_who_is_not_shown() -> None:
    """Restricted or unknown is the same receipt; and of a withheld field it says that nobody was asked, whether the
    customer is known to its source or not."""
    asking = asked(known(1, "*"), known(2), known(4))
    receipts = []
    for name in ("v1", "nobody"):
        answer = await asking.ask(ONE % ("id", name), ruled({}, receipt="fields"), receipt=LEVELS.receipt)
        receipts.append(answer["extensions"]["receipt"] | {"ms": 0})
    assert receipts[0] == receipts[1]
    told = []
    for name in ("v2", "v4"):  # the last one is not known to the source of the draught
        query = f'{{ vessel(by: {{id: "{name}"}}) {{ draught }} }}'
        answer = await asking.ask(query, LEVELS, receipt=LEVELS.receipt)
        told.append(json.dumps(answer | {"extensions": answer["extensions"] | {"receipt": _still(answer)}}))
    assert told[0] == told[1]
    assert str(Reason.SOURCE_NOT_LINKED) not in told[0]


def _still(answer: dict[str, Any]) -> dict[str, Any]:
    """The receipt without the time that it took."""
    receipt: dict[str, Any] = answer["extensions"]["receipt"]
    return receipt | {"ms": 0}

"""Lists in pages: arguments go to the source, cursors lead on, and no more is asked than was said."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.adapter import Slice
from adapters.answers import SourceError
from resolvers import RefusalCode, RefusedError, Request
from schema.reasons import Reason
from schema.relay import MOST_FIRST, PAGE_SIZE
from schema.views import ReceiptDetail
from tests.resolvers.harbour import Harbour, harbour, known, subject
from tests.resolvers.vessels import ARGUMENTS, FIELDS, view

PAGE = "query ($by: VesselBy!, $first: Int!, $after: String) { vessel(by: $by) { voyages(first: $first, after: $after) "
ONE = {"by": {"id": "v1"}}


async def page(h: Harbour, first: int, after: str | None = None, by: str = "v1") -> Any:
    query = PAGE + "{ nodes { number } edges { cursor node { number } } pageInfo { hasNextPage endCursor } } } }"
    answer = await h.ask(query, {"by": {"id": by}, "first": first, "after": after})
    return answer["data"]["vessel"]["voyages"]


async def test_a_page_and_the_next() -> None:
    """`endCursor` leads to the entries behind the page; the last page says that nothing follows."""
    h = harbour()
    first = await page(h, 4)
    assert [one["number"] for one in first["nodes"]] == [1, 2, 3, 4]
    assert first["edges"] == [
        {"cursor": edge["cursor"], "node": node} for edge, node in zip(first["edges"], first["nodes"], strict=True)
    ]
    assert first["pageInfo"] == {"hasNextPage": True, "endCursor": first["edges"][-1]["cursor"]}
    rest = await page(h, 4, first["pageInfo"]["endCursor"])
    assert [one["number"] for one in rest["nodes"]] == [5, 6, 7]
    assert rest["pageInfo"]["hasNextPage"] is False
    assert [batch.slice for batch in h.registry.batches] == [Slice(4), Slice(4, "4")]


async def test_one_may_go_on_from_any_entry() -> None:
    """Where the source has no cursor of its own there, it is asked from the nearest before."""
    h = harbour()
    middle = (await page(h, 5))["edges"][3]["cursor"]  # the source gives three at a time
    assert [one["number"] for one in (await page(h, 2, middle))["nodes"]] == [5, 6]
    assert h.registry.batches[1].slice == Slice(3, "3")


async def test_a_list_is_read_in_no_more_pages_than_were_explained() -> None:
    """Seven entries, three at a time, are three calls; for several customers the first of them is one."""
    h = harbour()
    query = "query ($by: [VesselBy!]!) { vessels(by: $by) { voyages(first: 7) { nodes { number } } } }"
    both = {"by": [{"id": "v1"}, {"id": "v2"}]}
    told = h.explain(query, both)
    (step,) = told["steps"]
    assert (step["first"], step["pagesPerKey"], step["calls"]) == (7, 3, 5)
    answer = await h.ask(query, both, receipt=ReceiptDetail.SOURCES)
    assert [len(one["voyages"]["nodes"]) for one in answer["data"]["vessels"]] == [7, 2]
    (source,) = answer["extensions"]["receipt"]["sources"]
    assert source["calls"] == 3


async def test_a_list_whose_first_is_not_listed_is_read_for_one_page_of_the_usual_size() -> None:
    """It weighs, is counted for, is asked for and shows as many entries as where `first` is listed and left out."""
    shown = [name for name in (*FIELDS, *ARGUMENTS) if not name.startswith("Vessel.voyages(")]
    without = view(fields=dict.fromkeys(shown))
    h = harbour()
    h.registry.records["voyages"]["R1"] = [{"imo": "R1", "number": n, "is_rough": False} for n in range(1, 31)]
    query = '{ vessel(by: {id: "v1"}) { voyages { nodes { number } pageInfo { hasNextPage } } } }'
    told = [h.engine.explain(one, Request(query)) for one in (view(), without)]
    assert told[0]["weight"] == told[1]["weight"]
    (step,), (other,) = told[0]["steps"], told[1]["steps"]
    assert step == other
    assert (step["first"], step["calls"]) == (PAGE_SIZE, -(-PAGE_SIZE // 3))
    answers = [(await h.ask(query, through=one))["data"]["vessel"]["voyages"] for one in (view(), without)]
    assert answers[0] == answers[1]
    assert (len(answers[1]["nodes"]), answers[1]["pageInfo"]["hasNextPage"]) == (PAGE_SIZE, True)
    assert [batch.slice for batch in h.registry.batches] == [Slice(PAGE_SIZE)] * 2


async def test_fifty_pages_are_one_call_where_the_source_can_and_else_fifty() -> None:
    """The offer says whether it can give a page of each of several keys."""
    many = [subject(f"v{number}", registry=f"R{number}") for number in range(1, 51)]
    h = harbour(many)
    for subject_ in many:
        h.registry.records["voyages"][f"R{subject_.customer_id[1:]}"] = [
            {"imo": f"R{subject_.customer_id[1:]}", "number": 1, "is_rough": True, "notes": f"N{subject_.customer_id}"}
        ]
        h.notes.records["notes"][f"N{subject_.customer_id}"] = [{"book": f"N{subject_.customer_id}", "text": "Fog"}]
    query = (
        "query ($by: [VesselBy!]!) { vessels(by: $by) { "
        "voyages(first: 1) { nodes { notes(first: 1) { nodes { text } } } } } }"
    )
    answer = await h.ask(query, {"by": [{"id": one.customer_id} for one in many]}, receipt=ReceiptDetail.SOURCES)
    calls = {one["offer"]: one["calls"] for one in answer["extensions"]["receipt"]["sources"]}
    assert calls == {"voyages": 1, "notes": 50}
    assert {one["voyages"]["nodes"][0]["notes"]["nodes"][0]["text"] for one in answer["data"]["vessels"]} == {"Fog"}


async def test_filters_go_to_the_source() -> None:
    """And are bound into the cursor: with another filter it is of another list."""
    h = harbour()
    query = (
        "query ($by: VesselBy!, $rough: Boolean, $after: String) "
        "{ vessel(by: $by) { voyages(first: 2, rough: $rough, after: $after) "
        "{ nodes { number } pageInfo { endCursor } } } }"
    )
    answer = await h.ask(query, {**ONE, "rough": True})
    found = answer["data"]["vessel"]["voyages"]
    assert [one["number"] for one in found["nodes"]] == [2, 4]
    assert h.registry.batches[0].arguments == (("rough", True),)
    after = found["pageInfo"]["endCursor"]
    rest = await h.ask(query, {**ONE, "rough": True, "after": after})
    assert [one["number"] for one in rest["data"]["vessel"]["voyages"]["nodes"]] == [6]
    with pytest.raises(RefusedError, match=r"after of Vessel.voyages is no cursor of this list with these arguments"):
        await h.ask(query, {**ONE, "rough": False, "after": after})


@pytest.mark.parametrize("first", [0, -1, MOST_FIRST + 1])
async def test_a_page_has_a_bounded_size(first: int) -> None:
    """The refusal says what was got and wanted; nothing was read."""
    h = harbour()
    with pytest.raises(RefusedError, match=rf"is {first}; wanted is a number from 1 to {MOST_FIRST}") as refused:
        await page(h, first)
    assert refused.value.code is RefusalCode.BAD_USER_INPUT
    assert (h.calls, h.crossref.reads) == ({}, 0)


@pytest.mark.parametrize("after", ["", "nonsense", "é", "A" * 5_000])
async def test_what_is_no_cursor_is_refused_before_anything_is_read(after: str) -> None:
    """It is not repeated in the message."""
    h = harbour()
    with pytest.raises(RefusedError, match=r"leave after out|no cursor of this list") as refused:
        await page(h, 2, after)
    assert not after or after not in str(refused.value.formatted())
    assert (h.calls, h.crossref.reads) == ({}, 0)


async def test_a_cursor_of_another_customer_costs_its_own_list_only() -> None:
    """The other customer's list is null with a reason, and is not asked for."""
    h = harbour()
    after = (await page(h, 2))["pageInfo"]["endCursor"]
    h.registry.batches.clear()
    query = (
        "query ($by: [VesselBy!]!, $after: String) { vessels(by: $by) { name voyages(first: 2, after: $after) "
        "{ nodes { number } } } }"
    )
    answer = await h.ask(query, {"by": [{"id": "v1"}, {"id": "v2"}], "after": after})
    assert [one["voyages"] for one in answer["data"]["vessels"]] == [{"nodes": [{"number": 3}, {"number": 4}]}, None]
    (error,) = answer["errors"]
    assert (error["path"], error["extensions"]["code"]) == (["vessels", 1, "voyages"], "CURSOR_INVALID")
    assert [batch.keys for batch in h.registry.batches if batch.offer.name == "voyages"] == [("R1",)]


async def test_a_cursor_in_a_list_inside_a_list_is_of_one_entry() -> None:
    """The notes of one voyage go on; those of the others are not asked for."""
    h = harbour()
    query = (
        'query ($after: String) { vessel(by: {id: "v1"}) { voyages(first: 3) { nodes { number '
        "notes(first: 1, after: $after) { nodes { text } pageInfo { endCursor } } } } } }"
    )
    nodes = (await h.ask(query))["data"]["vessel"]["voyages"]["nodes"]
    assert [one["notes"]["nodes"][0]["text"] for one in nodes] == ["R1 1.0", "R1 2.0", "R1 3.0"]
    h.notes.batches.clear()
    answer = await h.ask(query, {"after": nodes[1]["notes"]["pageInfo"]["endCursor"]})
    notes = [one["notes"] for one in answer["data"]["vessel"]["voyages"]["nodes"]]
    assert [one and one["nodes"] for one in notes] == [None, [{"text": "R1 2.1"}], None]
    assert [batch.keys for batch in h.notes.batches] == [("NR1-2",)]
    assert [error["path"][-2:] for error in answer["errors"]] == [[0, "notes"], [2, "notes"]]


async def test_only_entries_that_are_shown_lead_on() -> None:
    """Of the page, none but its entries; with a cursor, none of those before it."""
    h = harbour([subject("v1", registry=["R1", "R2"])])
    query = (
        'query ($after: String) { vessel(by: {id: "v1"}) { voyages(first: 3, after: $after) '
        "{ edges { cursor node { number notes { nodes { text } } } } } } }"
    )
    edges = (await h.ask(query))["data"]["vessel"]["voyages"]["edges"]
    assert h.notes.batches[0].keys == ("NR1-1", "NR1-2", "NR1-3")
    await h.ask(query, {"after": edges[1]["cursor"]})
    assert h.notes.batches[1].keys == ("NR1-3", "NR1-4", "NR1-5")


async def test_two_keys_make_one_list() -> None:
    """One key's list, then the other's, and a cursor through both."""
    h = harbour([subject("v1", registry=["R2", "R1"])])
    found = await page(h, 3)
    assert [one["number"] for one in found["nodes"]] == [1, 2, 1]
    assert found["pageInfo"]["hasNextPage"] is True
    rest = await page(h, 10, found["pageInfo"]["endCursor"])
    assert [one["number"] for one in rest["nodes"]] == [2, 3, 4, 5, 6, 7]
    assert h.registry.batches[-1].keys == ("R1",)


async def test_an_empty_page_has_no_cursor() -> None:
    """There is nothing to go on from."""
    found = await page(harbour(), 5, by="v3")
    assert found == {"nodes": [], "edges": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}


async def test_a_page_that_cannot_be_had_costs_the_list_with_its_exact_path() -> None:
    """The connection is null, once for each way in which it was asked."""
    h = harbour()
    h.registry.answers = {"R1": SourceError(Reason.SOURCE_TIMEOUT)}
    both = "a: voyages { nodes { number } } b: voyages(first: 1) { pageInfo { hasNextPage } }"
    answer = await h.ask('{ vessel(by: {id: "v1"}) { ' + both + " } }")
    assert answer["data"] == {"vessel": {"a": None, "b": None}}
    assert [(error["path"], error["extensions"]["code"]) for error in answer["errors"]] == [
        (["vessel", "a"], "SOURCE_TIMEOUT"),
        (["vessel", "b"], "SOURCE_TIMEOUT"),
    ]


async def test_withheld_entries_are_withheld_in_a_page_too() -> None:
    """What an entry holds is null with a reason; where all of it is withheld the entries are, and nothing is asked."""
    h = harbour([known(1, "Voyage.number")])
    answer = await h.ask('{ vessel(by: {id: "v1"}) { voyages(first: 2) { edges { node { number isRough } } } } }')
    nodes = [edge["node"] for edge in answer["data"]["vessel"]["voyages"]["edges"]]
    assert nodes == [{"number": None, "isRough": False}, {"number": None, "isRough": True}]
    (entry,) = answer["extensions"]["withheld"]
    assert entry["coordinate"] == "Voyage.number"
    assert entry["paths"] == [["vessel", "voyages", "edges", "*", "node", "number"]]
    assert h.registry.batches[0].fields == ("is_rough",)
    alone = await h.ask('{ vessel(by: {id: "v1"}) { voyages(first: 2) { nodes { number } } } }')
    assert alone["data"] == {"vessel": {"voyages": None}}
    assert len(h.registry.batches) == 1


async def test_a_page_without_entries_asks_for_no_field() -> None:
    """Whether more follows is known without reading what the entries hold."""
    h = harbour()
    answer = await h.ask('{ vessel(by: {id: "v1"}) { voyages(first: 1) { pageInfo { hasNextPage } __typename } } }')
    assert answer["data"]["vessel"]["voyages"] == {
        "pageInfo": {"hasNextPage": True},
        "__typename": "VoyageConnection",
    }
    assert h.registry.batches[0].fields == ()


async def test_equal_arguments_share_a_call_and_others_do_not() -> None:
    """Two aliases with one page are one call; another page is another."""
    h = harbour()
    await h.ask(
        'query ($n: Int!) { vessel(by: {id: "v1"}) { a: voyages(first: 2) { nodes { number } } '
        "b: voyages(first: $n) { nodes { isRough } } c: voyages(first: 1) { nodes { number } } } }",
        {"n": 2},
    )
    assert [(batch.slice, batch.fields) for batch in h.registry.batches] == [
        (Slice(2), ("is_rough", "number")),
        (Slice(1), ("number",)),
    ]


async def test_a_type_outside_the_view_is_null_with_a_reason() -> None:
    """The others of the list are shown; the hidden type is not named."""
    h = harbour()
    listed = [one for one in (*FIELDS, *ARGUMENTS) if not one.startswith("Tank.")]
    answer = await h.ask(
        '{ vessel(by: {id: "v1"}) { cargo { __typename ... on Container { label } } } }',
        through=view(fields=dict.fromkeys(listed)),
    )
    assert answer["data"]["vessel"]["cargo"] == [{"__typename": "Container", "label": "Tea"}, None, None]
    (entry,) = answer["extensions"]["withheld"]
    assert (entry["coordinate"], entry["code"]) == ("Vessel.cargo", "VALUE_NOT_IN_VIEW")
    assert entry["paths"] == [["vessel", "cargo", 1]]
    assert "Tank" not in str(answer)


async def test_what_one_type_has_is_asked_for_that_type_alone() -> None:
    """A key that only a container has leads on from containers; a rule of an interface holds for all its types."""
    h = harbour()
    query = '{ vessel(by: {id: "v1"}) { cargo { ... on Container { home { state } } ... on Tank { litres } } } }'
    answer = await h.ask(query)
    assert answer["data"]["vessel"]["cargo"] == [{"home": {"state": "Netherlands"}}, {"litres": 9}, None]
    assert h.states.batches[0].keys == ("NL",)
    hidden = harbour([known(1, "Sighting.on")])
    told = await hidden.ask('{ vessel(by: {id: "v1"}) { sightings { __typename on } } }')
    assert [one["on"] for one in told["data"]["vessel"]["sightings"]] == [None, None]
    assert hidden.registry.batches[0].fields == ()
    assert {entry["code"] for entry in told["extensions"]["withheld"]} == {"SUBJECT_RESTRICTED"}


async def test_a_restricted_value_cannot_be_found_out_by_filtering() -> None:
    """Who is told which voyages were rough knows it of each: the list is withheld, and nothing is asked."""
    h = harbour([known(1, "Voyage.isRough")])
    both = "a: voyages(rough: true) { nodes { number } } b: voyages { nodes { number } }"
    answer = await h.ask('{ vessel(by: {id: "v1"}) { ' + both + " } }")
    assert answer["data"]["vessel"]["a"] is None
    assert len(answer["data"]["vessel"]["b"]["nodes"]) == 7
    (entry,) = answer["extensions"]["withheld"]
    assert (entry["coordinate"], entry["code"], entry["paths"]) == (
        "Voyage.isRough",
        "SUBJECT_RESTRICTED",
        [["vessel", "a"]],
    )
    assert [batch.arguments for batch in h.registry.batches] == [()]


async def test_an_argument_lists_a_bounded_number_of_values() -> None:
    """It is read again for every step and goes to the source."""
    h = harbour()
    query = 'query ($kinds: [Kind!]) { vessel(by: {id: "v1"}) { portCalls(inKinds: $kinds) { on } } }'
    with pytest.raises(RefusedError, match=r"inKinds of Vessel.portCalls lists 101 values; at most 100 are taken"):
        await h.ask(query, {"kinds": ["FERRY"] * 101})
    assert (h.calls, h.crossref.reads) == ({}, 0)
    await h.ask(query, {"kinds": ["FERRY"] * 100})

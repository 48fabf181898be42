from __future__ import annotations

from typing import Any

import pytest

from adapters.crossref import Lookup
from tests.gateway.crossref.office import Office, code_of

ADDRESS = {"type": "email", "value": "anna@example.com"}


async def owner(desk: Office, source: str, key: str) -> str | None:
    subject = await desk.store.resolve(Lookup(source, key))
    return subject.customer_id if subject else None


async def test_two_customers_are_merged_and_the_merge_is_undone(desk: Office) -> None:
    """By the number that the merge was answered with; afterwards all is as before."""
    loser, survivor = await desk.link("crm", "C-1"), await desk.link("crm", "C-2")
    merged = await desk.done("/merges", {"loser": loser, "survivor": survivor}, if_match='"1"')
    assert (merged["customer"], await owner(desk, "crm", "C-1")) == (survivor, survivor)
    undone = await desk.done(f"/merges/{merged['seq']}/undo", {})
    assert (undone["customer"], await owner(desk, "crm", "C-1")) == (loser, loser)
    refused = await desk.post(f"/merges/{merged['seq']}/undo", {})
    assert (refused.status_code, code_of(refused)) == (409, "MERGE_NOT_UNDOABLE")
    assert "candidate" not in refused.json()["errors"][0]["extensions"]


async def test_the_oldest_survives_where_nobody_says_who_shall(desk: Office) -> None:
    """In whichever order the two are named."""
    oldest, other = await desk.link("crm", "C-1"), await desk.link("crm", "C-2")
    assert (await desk.done("/merges", {"customers": [oldest, other]}))["customer"] == oldest


async def test_a_dry_run_tells_what_a_merge_would_do_and_writes_nothing(desk: Office) -> None:
    """The version is the one to be named by If-Match; what stands in the way is told, and no candidate opened."""
    loser, survivor = await desk.link("one", "O-1"), await desk.link("one", "O-2")
    await desk.link("crm", "C-1", loser)
    before = len(await desk.store.changes(0))
    told = await desk.done("/merges", {"loser": loser, "survivor": survivor, "dryRun": True})
    assert told == {
        "loser": loser,
        "survivor": survivor,
        "version": 1,
        "loserVersion": 2,
        "linksBySource": {"crm": 1, "one": 1},
        "conflicts": [{"code": "LIMIT_EXCEEDED", "customer": survivor, "other": loser, "source": "one"}],
        "restrictions": [],
        "candidates": [],
    }
    assert len(await desk.store.changes(0)) == before
    oldest = await desk.done("/merges", {"customers": [survivor, loser], "dryRun": True})
    assert oldest["survivor"] == loser
    refused = await desk.post("/merges", {"loser": loser, "survivor": survivor})
    assert (refused.status_code, code_of(refused)) == (409, "LIMIT_EXCEEDED")
    await desk.done("/merges", {"loser": loser, "survivor": survivor, "force": True})
    assert await owner(desk, "one", "O-1") == survivor


@pytest.mark.parametrize("way", ["merge", "accept"])
async def test_a_merge_is_of_the_loser_that_was_looked_at(desk: Office, way: str) -> None:
    """`loserVersion` of the preview in the body: 412 names the customer that was written since."""
    survivor, loser = await desk.link("crm", "C-1"), await desk.link("crm", "C-2")
    met = await desk.post("/links", {"source": "crm", "key": "C-2", "customer": survivor})
    path, body = "/merges", {"customers": [survivor, loser]}
    told = await desk.done("/merges", {**body, "dryRun": True})
    if way == "accept":
        path, body = f"/candidates/{met.json()['errors'][0]['extensions']['candidate']}/accept", {}
    await desk.link("billing", "B-1", loser)
    seen = {**body, "loserVersion": told["loserVersion"]}
    late = await desk.post(path, seen, if_match=f'"{told["version"]}"')
    assert (late.status_code, late.json()["errors"][0]["extensions"]) == (
        412,
        {"code": "VERSION_MISMATCH", "customer": loser},
    )
    assert await owner(desk, "crm", "C-2") == loser
    assert (await desk.done(path, {**body, "loserVersion": 2}))["customer"] == survivor


async def test_a_customer_is_split(desk: Office) -> None:
    """Some keys go to a new customer, or to one who is there; not all of them."""
    customer = await desk.link("crm", "C-1")
    for key in ("B-1", "B-2"):
        await desk.link("billing", key, customer)
    b_1, b_2, c_1 = (
        {"source": "billing", "key": "B-1"},
        {"source": "billing", "key": "B-2"},
        {"source": "crm", "key": "C-1"},
    )
    new = (await desk.done("/splits", {"customer": customer, "keys": [b_1]}))["customer"]
    assert new not in (customer, None)
    assert await owner(desk, "billing", "B-1") == new
    assert (await desk.done("/splits", {"customer": customer, "keys": [b_2], "into": new}))["customer"] == new
    refused = await desk.post("/splits", {"customer": customer, "keys": [c_1]})
    assert (refused.status_code, code_of(refused)) == (422, "SPLIT_EMPTY")


async def test_identifiers_are_noted_and_forgotten(desk: Office) -> None:
    """By the source that shows them; then nobody is found by them any more."""
    customer = await desk.link("crm", "C-1")
    phone = {"type": "phone", "value": "030 901820"}
    noted = {"source": "crm", "identifiers": [phone], "country": "DE"}
    await desk.done(f"/customers/{customer}/identifiers", noted)
    by = {"identifier": {"type": "phone", "value": "+49 30 901820"}}
    assert (await desk.done("/resolve", {"by": by}))["subject"]["customer"] == customer
    await desk.done(
        f"/customers/{customer}/identifiers/forget", {"source": "crm", "identifiers": [phone], "country": "DE"}
    )
    assert (await desk.done("/resolve", {"by": by}))["subject"] is None
    await desk.done(f"/customers/{customer}/identifiers/forget", {"all": True})
    refused = await desk.post(
        f"/customers/{customer}/identifiers", {"source": "crm", "identifiers": [{"type": "iban", "value": "secret"}]}
    )
    assert (refused.status_code, code_of(refused)) == (422, "IDENTIFIER_INVALID")
    assert "secret" not in refused.text


@pytest.mark.parametrize(
    "body", [{}, {"source": "crm"}, {"all": False}, {"identifiers": [ADDRESS], "all": True}, {"all": 1}]
)
async def test_that_every_identifier_is_forgotten_has_to_be_said(desk: Office, body: dict[str, Any]) -> None:
    """A member that was left out by a slip forgets nothing."""
    customer = await desk.link("crm", "C-1")
    await desk.done(f"/customers/{customer}/identifiers", {"source": "crm", "identifiers": [ADDRESS]})
    refused = await desk.post(f"/customers/{customer}/identifiers/forget", body)
    assert (refused.status_code, code_of(refused)) == (422, "VALUE_INVALID")
    by = {"by": {"identifier": ADDRESS}}
    assert (await desk.done("/resolve", by))["subject"]["customer"] == customer
    await desk.done(f"/customers/{customer}/identifiers/forget", {"source": "crm", "all": True})
    assert (await desk.done("/resolve", by))["subject"] is None


async def test_a_write_that_could_not_do_what_was_asked_for_says_so(desk: Office) -> None:
    """It is answered as one that stands already, but with what is so in words, and no value; nothing is written."""
    customer = await desk.link("crm", "C-1")
    nobodys = {"type": "email", "value": "noreply@example.com"}
    identifiers = {"source": "crm", "identifiers": [nobodys]}
    pair = {"first": {"source": "crm", "key": "C-1"}, "second": {"source": "billing", "key": "B-9"}}
    notes = {
        "/non-matches/clear": (pair, "steward", "nobody has asserted that these two keys are never one person's"),
        f"/customers/{customer}/lift": ({"ground": "g"}, "officer", "no restriction of this ground is in force"),
        f"/customers/{customer}/identifiers": (identifiers, "steward", "1 not noted: the rules say it is nobody's"),
    }
    for path, (body, who, note) in notes.items():
        for _ in range(2):
            told = await desk.done(path, body, who, idempotency_key=f"k-{len(path)}")
            assert (told["customer"], told["version"], told["note"]) == (customer, 1, note)
    assert (await desk.done("/links", {"source": "crm", "key": "C-1"}))["note"] is None


@pytest.mark.parametrize("dry_run", [True, False])
async def test_nobody_is_merged_with_itself(desk: Office, dry_run: bool) -> None:
    """One id given twice is a slip; two ids that lead to one customer since a merge are one already."""
    one, other = await desk.link("crm", "C-1"), await desk.link("crm", "C-2")
    for pair in ({"customers": [one, one]}, {"loser": one, "survivor": one}):
        refused = await desk.post("/merges", {**pair, "dryRun": dry_run})
        assert (refused.status_code, code_of(refused)) == (422, "VALUE_INVALID")
        assert "one customer twice" in refused.text
    merged = await desk.done("/merges", {"loser": other, "survivor": one})
    again = await desk.done("/merges", {"loser": other, "survivor": one})
    assert again == merged


async def test_identifiers_are_noted_so_often_a_minute(desk: Office) -> None:
    """A candidate tells a steward who else has one, so that they are limited as look-ups are; each consumer's alone."""
    customer = await desk.link("crm", "C-1")
    path, emails = (
        f"/customers/{customer}/identifiers",
        [{"type": "email", "value": f"{n}@example.com"} for n in range(21)],
    )
    too_many = await desk.post(path, {"source": "crm", "identifiers": emails})
    assert (too_many.status_code, code_of(too_many)) == (422, "QUERY_BUDGET")
    await desk.done(path, {"source": "crm", "identifiers": emails[:20]})
    refused = await desk.post(path, {"source": "crm", "identifiers": emails[:1]})
    assert (refused.status_code, code_of(refused)) == (429, "RATE_LIMITED")
    assert 0 < int(refused.headers["retry-after"]) <= 60
    await desk.done(path, {"source": "crm", "identifiers": emails[:1]}, "crm-feed")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"loser": "cus_1", "survivor": "cus_2"}, 404, "CUSTOMER_UNKNOWN"),
        ({"customers": ["cus_1", "cus_2"], "dryRun": True}, 404, "CUSTOMER_UNKNOWN"),
        ({}, 422, "VALUE_INVALID"),
        ({"loser": "cus_1"}, 422, "VALUE_INVALID"),
        ({"loser": "cus_1", "customers": ["cus_1", "cus_2"]}, 422, "VALUE_INVALID"),
        ({"loser": "cus_1", "survivor": "cus_2", "customers": ["cus_1", "cus_2"]}, 422, "VALUE_INVALID"),
        ({"customers": ["cus_1"]}, 422, "VALUE_INVALID"),
        ({"customers": ["cus_1", "cus_2"], "dryRun": "yes"}, 422, "VALUE_INVALID"),
        ({"customers": ["cus_1", "anne@example.com"]}, 422, "VALUE_INVALID"),
    ],
)
async def test_a_merge_names_two_customers(desk: Office, body: dict[str, Any], status: int, code: str) -> None:
    """Loser and survivor, or two of whom the oldest survives."""
    refused = await desk.post("/merges", body)
    assert (refused.status_code, code_of(refused)) == (status, code)


@pytest.mark.parametrize(("seq", "status"), [("1", 404), ("99", 404), ("0", 422), ("x", 422), ("9" * 30, 422)])
async def test_only_a_merge_is_undone(desk: Office, seq: str, status: int) -> None:
    """What is the number of another event, or none, is refused."""
    refused = await desk.post(f"/merges/{seq}/undo", {})
    assert refused.status_code == status
    assert code_of(refused) == {404: "MERGE_UNKNOWN", 422: "VALUE_INVALID"}[status]

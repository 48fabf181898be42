from __future__ import annotations

import pytest

from adapters.crossref import KeyNews, Lookup
from tests.gateway.crossref.office import Office, code_of


async def disputed(desk: Office, number: int) -> tuple[str, str, str]:
    """Two customers, and the candidate of a key that both shall have."""
    one, other = await desk.link("crm", f"C-{number}"), await desk.link("billing", f"B-{number}")
    refused = await desk.post("/links", {"source": "billing", "key": f"B-{number}", "customer": one})
    return one, other, str(refused.json()["errors"][0]["extensions"]["candidate"])


async def test_candidates_are_listed_page_by_page(desk: Office) -> None:
    """The oldest first, with rules and sources as evidence and never a key."""
    candidates = [(await disputed(desk, number))[2] for number in range(3)]
    first = (await desk.get("/candidates?limit=2", "reader")).json()
    second = (await desk.get(f"/candidates?limit=2&after={first['next']}", "reader")).json()
    assert [one["candidateId"] for page in (first, second) for one in page["candidates"]] == candidates
    assert second["next"] is None
    told = first["candidates"][0]
    assert (told["kind"], told["status"]) == ("key_conflict", "open")
    assert told["evidence"] == {"code": "KEY_OWNED_BY_OTHER", "source": "billing"}
    assert (await desk.get(f"/candidates/{candidates[0]}", "reader")).json() == told


async def test_accepting_a_candidate_merges_its_customers(desk: Office) -> None:
    """The oldest survives; then the candidate is accepted."""
    one, other, candidate = await disputed(desk, 1)
    assert (await desk.done(f"/candidates/{candidate}/accept", {}))["customer"] == one
    told = (await desk.get(f"/candidates/{candidate}")).json()
    assert (told["status"], told["decidedBy"]) == ("accepted", "steward")
    assert [each["candidateId"] for each in (await desk.get("/candidates?status=accepted")).json()["candidates"]] == [
        candidate
    ]
    assert (await desk.done("/resolve", {"by": {"customer": other}}))["subject"]["customer"] == one
    refused = await desk.post(f"/candidates/{candidate}/reject", {})
    assert (refused.status_code, code_of(refused)) == (422, "CANDIDATE_DECIDED")


async def test_rejecting_a_candidate_can_tell_the_two_apart_for_good(desk: Office) -> None:
    """Then a merge of the two is a conflict."""
    one, other, candidate = await disputed(desk, 1)
    await desk.done(f"/candidates/{candidate}/reject", {"nonMatch": True, "reasonRef": "T-1"})
    refused = await desk.post("/merges", {"customers": [one, other]})
    assert (refused.status_code, code_of(refused)) == (409, "NON_MATCH_ASSERTED")


async def test_a_candidate_of_one_customer_is_not_accepted(desk: Office) -> None:
    """There is nobody to merge it with."""
    customer = await desk.link("one", "O-1")
    refused = await desk.post("/links", {"source": "one", "key": "O-2", "customer": customer})
    candidate = refused.json()["errors"][0]["extensions"]["candidate"]
    refused = await desk.post(f"/candidates/{candidate}/accept", {})
    assert (refused.status_code, code_of(refused)) == (422, "CANDIDATE_ONE_SIDED")
    await desk.done(f"/candidates/{candidate}/reject", {})


async def test_an_unknown_candidate_is_not_found(desk: Office) -> None:
    """To read, to accept and to reject."""
    for response in (
        await desk.get("/candidates/cand_1"),
        await desk.post("/candidates/cand_1/accept", {}),
        await desk.post("/candidates/cand_1/reject", {}),
    ):
        assert (response.status_code, code_of(response)) == (404, "CANDIDATE_UNKNOWN")


@pytest.mark.parametrize(
    "query", ["status=lost", "after=-1", "after=x", "limit=0", "limit=1001", "key=C-1", f"after={2**63}"]
)
async def test_a_page_that_cannot_be_is_refused(desk: Office, query: str) -> None:
    """What is not known in the URL is refused too, and not repeated."""
    refused = await desk.get(f"/candidates?{query}")
    assert (refused.status_code, code_of(refused)) == (422, "VALUE_INVALID")
    assert "C-1" not in refused.text
    assert "lost" not in refused.text


async def test_what_a_source_says_of_a_key_is_accepted(desk: Office) -> None:
    """The key is replaced, and the next one unlinked; the candidates tell the link, and no key."""
    customer = await desk.link("crm", "C-1")
    for replaced_by in ("C-2", None):
        subject = await desk.store.resolve(Lookup(None, customer))
        assert subject is not None
        (linked,) = subject.keys["crm"]
        await desk.store.hear([KeyNews(linked.link_id, replaced_by)], actor="gateway")
        response = await desk.get("/candidates")
        (told,) = response.json()["candidates"]
        assert told["evidence"]["link"] == linked.link_id
        assert not any(one in response.text for one in ("C-1", "C-2"))
        await desk.done(f"/candidates/{told['candidateId']}/accept", {"reasonRef": "T-1"})
        after = (await desk.done("/resolve", {"by": {"customer": customer}}))["subject"]["keys"]
        assert [one["key"] for one in after.get("crm", ())] == ([replaced_by] if replaced_by else [])

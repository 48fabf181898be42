from __future__ import annotations

import pytest

from tests.gateway.crossref.office import Office, code_of


def pair(number: int) -> dict[str, dict[str, str]]:
    """Two keys, as a body names them."""
    return {"first": {"source": "crm", "key": f"C-{number}"}, "second": {"source": "mail", "key": f"a{number}@x.org"}}


async def test_non_matches_are_listed_page_by_page(desk: Office) -> None:
    """Those said first before the others, with keys, who said so and why; the last page says that it is."""
    said = [await desk.done("/non-matches", {**pair(number), "reasonRef": f"T-{number}"}) for number in range(3)]
    first = (await desk.get("/non-matches?limit=2", "reader")).json()
    second = (await desk.get(f"/non-matches?limit=2&after={first['next']}", "reader")).json()
    told = [one for page in (first, second) for one in page["nonMatches"]]
    assert {one["seq"]: (one["first"], one["second"]) for one in told} == {
        one["seq"]: (pair(number)["first"], pair(number)["second"]) for number, one in enumerate(said)
    }
    assert {(one["assertedBy"], one["reasonCode"]) for one in told} == {("steward", None)}
    assert {one["reasonRef"] for one in told} == {"T-0", "T-1", "T-2"}
    assert [one["nonMatchId"] for one in told] == sorted(one["nonMatchId"] for one in told)
    assert second["next"] is None


async def test_what_is_listed_can_be_taken_back_as_it_is(desk: Office) -> None:
    """Its two keys are the body; then it is listed no more."""
    await desk.done("/non-matches", pair(1))
    (told,) = (await desk.get("/non-matches")).json()["nonMatches"]
    await desk.done("/non-matches/clear", {"first": told["first"], "second": told["second"]})
    assert (await desk.get("/non-matches")).json() == {"nonMatches": [], "next": None}


@pytest.mark.parametrize(
    "query", ["after=", "after=ada@example.com", "after=cus_1", "limit=0", "limit=1001", "key=C-1"]
)
async def test_a_page_that_cannot_be_is_refused(desk: Office, query: str) -> None:
    """A key that stands in the URL is not repeated."""
    refused = await desk.get(f"/non-matches?{query}")
    assert (refused.status_code, code_of(refused)) == (422, "VALUE_INVALID")
    assert not [one for one in ("ada", "C-1", "cus_1") if one in refused.text]

from __future__ import annotations

from typing import Any

import pytest

from adapters.crossref import Lookup
from tests.gateway.crossref.office import Office, code_of


async def keys(desk: Office, customer: str) -> dict[str, list[str]]:
    subject = await desk.store.resolve(Lookup(None, customer))
    assert subject is not None
    return {source: sorted(one.key for one in keys) for source, keys in subject.keys.items()}


async def test_a_write_answers_where_the_customer_stands(desk: Office) -> None:
    """Customer, version and event, and the version as the ETag; who wrote is the consumer, whatever is said."""
    response = await desk.post("/links", {"source": "crm", "key": "C-1", "reasonCode": "seen", "reasonRef": "T-1"})
    told = response.json()
    assert (response.status_code, told["version"], response.headers["etag"]) == (200, 1, '"1"')
    (event,) = await desk.store.history(told["customer"])
    assert (event.seq, event.actor, event.reason_code, event.reason_ref) == (told["seq"], "steward", "seen", "T-1")
    refused = await desk.post("/links", {"source": "crm", "key": "C-2", "actor": "somebody"})
    assert (refused.status_code, code_of(refused)) == (422, "VALUE_INVALID")


async def test_links_change(desk: Office) -> None:
    """Linked to a customer, moved, replaced and unlinked."""
    first, second = await desk.link("crm", "C-1"), await desk.link("crm", "C-2")
    await desk.link("billing", "B-1", first)
    assert (await desk.done("/links/relink", {"source": "billing", "key": "B-1", "customer": second}))[
        "customer"
    ] == second
    await desk.done("/links/replace-key", {"source": "crm", "old": "C-2", "new": "C-9"})
    assert await keys(desk, second) == {"crm": ["C-9"], "billing": ["B-1"]}
    assert (await desk.done("/links/unlink", {"source": "billing", "key": "B-1"}))["customer"] == second
    assert await keys(desk, second) == {"crm": ["C-9"]}


async def test_two_keys_are_told_apart_and_that_is_taken_back(desk: Office) -> None:
    """Also two that nobody has: then no customer is answered, and no ETag."""
    pair = {"first": {"source": "crm", "key": "C-1"}, "second": {"source": "billing", "key": "B-1"}}
    response = await desk.post("/non-matches", pair)
    assert response.json() == {"customer": None, "version": 0, "seq": response.json()["seq"], "note": None}
    assert "etag" not in response.headers
    customer = await desk.link("crm", "C-1")
    refused = await desk.post("/links", {"source": "billing", "key": "B-1", "customer": customer})
    assert (refused.status_code, code_of(refused)) == (409, "NON_MATCH_ASSERTED")
    await desk.done("/non-matches/clear", pair)
    await desk.link("billing", "B-1", customer)


async def test_a_conflict_takes_nothing_and_names_its_candidate(desk: Office) -> None:
    """With who and which source it is about; met again it has the same one."""
    first, second = await desk.link("crm", "C-1"), await desk.link("crm", "C-2")
    refused = await desk.post("/links", {"source": "crm", "key": "C-1", "customer": second})
    (error,) = refused.json()["errors"]
    (candidate,) = await desk.store.candidates()
    assert refused.status_code == 409
    assert error["extensions"] == {
        "code": "KEY_OWNED_BY_OTHER",
        "candidate": candidate.candidate_id,
        "customer": second,
        "other": first,
        "source": "crm",
    }
    again = await desk.post("/links", {"source": "crm", "key": "C-1", "customer": second})
    assert again.json() == refused.json()
    assert await keys(desk, first) == {"crm": ["C-1"]}


async def test_a_customer_has_as_many_keys_as_the_source_allows(desk: Office) -> None:
    """One more is a conflict about one customer."""
    customer = await desk.link("one", "O-1")
    refused = await desk.post("/links", {"source": "one", "key": "O-2", "customer": customer})
    assert (refused.status_code, code_of(refused)) == (409, "LIMIT_EXCEEDED")
    assert "other" not in refused.json()["errors"][0]["extensions"]


async def test_a_write_with_an_idempotency_key_is_made_once(desk: Office) -> None:
    """And is answered as it was the first time, a conflict too; another write with the key is refused."""
    body = {"source": "crm", "key": "C-1"}
    first = await desk.post("/links", body, idempotency_key="k 1")
    await desk.done("/links/unlink", body)
    again = await desk.post("/links", body, idempotency_key="k 1")
    assert (again.json(), again.headers["etag"]) == (first.json(), first.headers["etag"])
    assert await keys(desk, first.json()["customer"]) == {}
    other = await desk.post("/links", {"source": "crm", "key": "C-2"}, idempotency_key="k 1")
    assert (other.status_code, code_of(other)) == (422, "IDEMPOTENCY_KEY_REUSED")


async def test_a_write_for_another_version_is_refused(desk: Office) -> None:
    """412, nothing is written, and no candidate is opened; for the version that stands it is made."""
    customer = await desk.link("crm", "C-1")
    body = {"source": "billing", "key": "B-1", "customer": customer}
    refused = await desk.post("/links", body, if_match='"7"')
    assert (refused.status_code, code_of(refused)) == (412, "VERSION_MISMATCH")
    assert refused.json()["errors"][0]["extensions"] == {"code": "VERSION_MISMATCH", "customer": customer}
    assert not await desk.store.candidates()
    made = await desk.post("/links", body, if_match='"1"')
    assert (made.status_code, made.headers["etag"]) == (200, '"2"')


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("if_match", "1"),
        ("if_match", 'W/"1"'),
        ("if_match", "*"),
        ("if_match", '"1", "2"'),
        ("if_match", '"C-1"'),
        ("if_match", '"9999999999999999999"'),
        ("idempotency_key", ""),
        ("idempotency_key", "k" * 129),
        ("idempotency_key", "C-1\u00e9"),
    ],
)
async def test_a_header_that_is_not_in_its_form_is_refused(desk: Office, header: str, value: str) -> None:
    """Before anything is written."""
    async with desk.client() as client:
        response = await client.post(
            "/crossref/links",
            json={"source": "crm", "key": "C-1"},
            headers=[(header.replace("_", "-").encode(), value.encode())],
        )
    assert (response.status_code, code_of(response)) == (422, "VALUE_INVALID")
    assert "C-1" not in response.text
    assert await desk.store.resolve(Lookup("crm", "C-1")) is None


async def test_a_header_that_stands_twice_is_refused(desk: Office) -> None:
    """Which of two versions counts would be a guess."""
    async with desk.client() as client:
        twice = [(b"if-match", b'"1"'), (b"if-match", b'"2"')]
        response = await client.post("/crossref/links", json={"source": "crm", "key": "C-1"}, headers=twice)
    assert (response.status_code, code_of(response)) == (422, "VALUE_INVALID")


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/links", {"source": "nowhere", "key": "C-1"}, 404, "SOURCE_UNKNOWN"),
        ("/links", {"source": "crm", "key": "C-1\n"}, 422, "KEY_INVALID"),
        ("/links", {"source": "crm", "key": "C-1", "customer": "cus_unheard-of"}, 404, "CUSTOMER_UNKNOWN"),
        ("/links", {"source": "crm", "key": "C-1", "method": "merge"}, 422, "VALUE_INVALID"),
        ("/links", {"source": "crm", "key": "C-1", "confidence": 2}, 422, "VALUE_INVALID"),
        ("/links", {"source": "crm", "key": "C-1", "reasonCode": "free text"}, 422, "VALUE_INVALID"),
        ("/links/unlink", {"source": "crm", "key": "C-1"}, 404, "LINK_UNKNOWN"),
        ("/links/relink", {"source": "crm", "key": "C-1", "customer": "cus_1"}, 404, "CUSTOMER_UNKNOWN"),
        ("/links/replace-key", {"source": "crm", "old": "C-1", "new": "C-2"}, 404, "LINK_UNKNOWN"),
        (
            "/non-matches",
            {"first": {"source": "crm", "key": "C-1"}, "second": {"source": "crm", "key": "C-1"}},
            422,
            "VALUE_INVALID",
        ),
    ],
)
async def test_what_cannot_be_written_is_refused_by_its_code(
    desk: Office, path: str, body: dict[str, Any], status: int, code: str
) -> None:
    """Nothing is written, and no key is repeated."""
    refused = await desk.post(path, body)
    assert (refused.status_code, code_of(refused)) == (status, code)
    assert "C-1" not in refused.text
    assert refused.json()["errors"][0]["message"][0].isupper()
    assert len(await desk.store.changes(0)) == 4


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/links", {"source": "crm", "key": "C-1", "reasonCode": "17"}, "The reasonCode is not in its form"),
        ("/links", {"source": "crm", "key": "C-1", "reasonRef": "a b"}, "The reasonRef is not in its form"),
        (
            "/resolve",
            {"by": {"customer": "cus_1"}, "asOf": "2999-01-01T00:00:00Z"},
            "Got asOf that has not come yet; wanted a time of the past",
        ),
    ],
)
async def test_a_member_is_called_as_it_is_written(desk: Office, path: str, body: dict[str, Any], said: str) -> None:
    """A message names what stands in the body, not what it is called in Python."""
    refused = await desk.post(path, body)
    assert (refused.status_code, code_of(refused)) == (422, "VALUE_INVALID")
    assert refused.json()["errors"][0]["message"].startswith(said)


async def test_two_keys_of_one_customer_are_not_told_apart(desk: Office) -> None:
    """They have to be split first."""
    customer = await desk.link("crm", "C-1")
    await desk.link("billing", "B-1", customer)
    pair = {"first": {"source": "crm", "key": "C-1"}, "second": {"source": "billing", "key": "B-1"}}
    refused = await desk.post("/non-matches", pair)
    assert (refused.status_code, code_of(refused)) == (422, "SAME_CUSTOMER")

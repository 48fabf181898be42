from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.gateway.crossref.office import Office, code_of


async def test_a_customer_is_found_by_key_id_and_merged_id(desk: Office) -> None:
    """With all keys and their links; a merged id says that it was redirected."""
    loser, survivor = await desk.link("crm", "C-1"), await desk.link("billing", "B-1")
    await desk.done("/merges", {"loser": loser, "survivor": survivor})
    for by, redirected in (
        ({"source": "crm", "key": "C-1"}, False),
        ({"customer": survivor}, False),
        ({"customer": loser}, True),
    ):
        subject = (await desk.done("/resolve", {"by": by}, "reader"))["subject"]
        assert (subject["customer"], subject["redirected"]) == (survivor, redirected)
        assert {source: [one["key"] for one in keys] for source, keys in subject["keys"].items()} == {
            "crm": ["C-1"],
            "billing": ["B-1"],
        }
        assert subject["keys"]["crm"][0]["linkId"].startswith("lnk_")


async def test_a_sealed_key_is_told_as_it_is(desk: Office) -> None:
    """It was sealed for the table, not for who may resolve it."""
    customer = await desk.link("mail", "Ada@Example.com")
    told = await desk.done("/resolve", {"by": {"customer": customer}})
    assert told["subject"]["keys"]["mail"][0]["key"] == "ada@example.com"


async def test_many_are_answered_in_the_order_asked(desk: Office) -> None:
    """Null for who is unknown."""
    first, second = await desk.link("crm", "C-1"), await desk.link("crm", "C-2")
    by = [{"source": "crm", "key": one} for one in ("C-2", "C-9", "C-1")]
    subjects = (await desk.done("/resolve-many", {"by": by}))["subjects"]
    assert [one and one["customer"] for one in subjects] == [second, None, first]


async def test_the_version_to_expect_is_told(desk: Office) -> None:
    """Of the customer whom the id leads to now, as the ETag too; who is unknown or erased has none."""
    loser, survivor = await desk.link("crm", "C-1"), await desk.link("crm", "C-2")
    await desk.done("/merges", {"loser": loser, "survivor": survivor})
    response = await desk.get(f"/customers/{loser}", "reader")
    assert (response.json(), response.headers["etag"]) == (
        {"customer": survivor, "version": 2, "status": "active"},
        '"2"',
    )
    written = {"source": "crm", "key": "C-3", "customer": survivor}
    await desk.done("/links", written, if_match=response.headers["etag"])
    unknown = await desk.get("/customers/cus_unheard-of")
    assert (unknown.status_code, code_of(unknown)) == (404, "CUSTOMER_UNKNOWN")
    await desk.done(f"/customers/{survivor}/erase", {}, "officer")
    erased = [await desk.get(f"/customers/{one}") for one in (loser, survivor)]
    assert [(one.status_code, one.content) for one in erased] == [(404, unknown.content)] * 2


async def test_an_auditor_alone_is_told_who_was_erased(desk: Office) -> None:
    """To every other role it is who was never there; to an auditor too who never was."""
    loser, survivor = await desk.link("crm", "C-1"), await desk.link("crm", "C-2")
    await desk.done("/merges", {"loser": loser, "survivor": survivor})
    assert (await desk.get(f"/customers/{loser}", "auditor")).json()["status"] == "active"
    await desk.done(f"/customers/{survivor}/erase", {}, "officer")
    for one in (loser, survivor):
        told = await desk.get(f"/customers/{one}", "auditor")
        assert (told.status_code, told.json()) == (200, {"customer": one, "version": 3, "status": "erased"})
        for other in ("reader", "steward", "officer"):
            unknown = await desk.get("/customers/cus_unheard-of", other)
            erased = await desk.get(f"/customers/{one}", other)
            assert (erased.status_code, erased.content) == (unknown.status_code, unknown.content)
            assert (erased.status_code, dict(erased.headers)) == (404, dict(unknown.headers))
    assert (await desk.get("/customers/cus_unheard-of", "auditor")).status_code == 404


async def test_a_customer_is_found_as_of_a_time(desk: Office) -> None:
    """Who was meant then, whatever was merged since."""
    loser, survivor = await desk.link("crm", "C-1"), await desk.link("crm", "C-2")
    then = datetime.now(UTC).isoformat()
    await desk.done("/merges", {"loser": loser, "survivor": survivor})
    by = {"source": "crm", "key": "C-1"}
    assert (await desk.done("/resolve", {"by": by}))["subject"]["customer"] == survivor
    assert (await desk.done("/resolve", {"by": by, "asOf": then}))["subject"]["customer"] == loser


async def test_a_customer_is_found_by_an_identifier_so_often_a_minute(desk: Office) -> None:
    """As often as the setting says; then it is said in how many seconds again, and keys go on."""
    customer = await desk.link("crm", "C-1")
    noted = {"source": "crm", "identifiers": [{"type": "email", "value": "ada@example.com"}]}
    await desk.done(f"/customers/{customer}/identifiers", noted)
    by = {"identifier": {"type": "email", "value": "ADA@example.com"}}
    for _ in range(3):
        assert (await desk.done("/resolve", {"by": by}, "reader"))["subject"]["customer"] == customer
    refused = await desk.post("/resolve", {"by": by}, "reader")
    assert (refused.status_code, code_of(refused)) == (429, "RATE_LIMITED")
    assert 0 < int(refused.headers["retry-after"]) <= 60
    too_many = await desk.post("/resolve-many", {"by": [by] * 4}, "steward")
    assert (too_many.status_code, code_of(too_many)) == (422, "QUERY_BUDGET")
    await desk.done("/resolve", {"by": {"source": "crm", "key": "C-1"}}, "reader")


@pytest.mark.parametrize("path", ["/resolve", "/outline", "/history"])
async def test_look_ups_by_sealed_keys_are_limited_as_those_by_identifiers(desk: Office, path: str) -> None:
    """Known or not, in whichever way it is asked: each tells whose they are. What is refused looks nobody up."""
    await desk.link("mail", "ada@example.com")
    known, unknown = ({"source": "mail", "key": f"{name}@example.com"} for name in ("ada", "eve"))
    identifier = {"identifier": {"type": "email", "value": "ada@example.com"}}
    for asked, by in (("/resolve", identifier), (path, known), (path, unknown)):
        assert (await desk.post(asked, {"by": by}, "steward")).status_code in (200, 404)
    for by in (known, unknown):
        refused = await desk.post(path, {"by": by}, "steward")
        assert (refused.status_code, code_of(refused)) == (429, "RATE_LIMITED")
        assert 0 < int(refused.headers["retry-after"]) <= 60
    for by in ({"source": "crm", "key": "C-1"}, {"source": "nowhere", "key": "C-1"}, {"customer": "cus_1"}):
        assert (await desk.post(path, {"by": by}, "steward")).status_code in (200, 404)


async def test_look_ups_by_sealed_keys_are_each_consumers_own(desk: Office) -> None:
    """Many at once count as many; who asks for more than a minute's is told to ask in parts."""
    by = {"source": "mail", "key": "ada@example.com"}
    too_many = await desk.post("/resolve-many", {"by": [by] * 4}, "steward")
    assert (too_many.status_code, code_of(too_many)) == (422, "QUERY_BUDGET")
    await desk.done("/resolve-many", {"by": [by, by, by, {"source": "crm", "key": "C-1"}]}, "steward")
    refused = await desk.post("/resolve", {"by": by}, "steward")
    assert (refused.status_code, code_of(refused)) == (429, "RATE_LIMITED")
    await desk.done("/resolve", {"by": by}, "reader")


@pytest.mark.parametrize(
    ("by", "where"),
    [
        ({}, "by"),
        ("C-1", "by"),
        ({"source": "crm"}, "by.key"),
        ({"key": "C-1"}, "by.source"),
        ({"source": "crm", "key": ""}, "by.key"),
        ({"source": "a source", "key": "C-1"}, "by.source"),
        ({"source": "crm", "key": 1}, "by.key"),
        ({"source": "crm", "key": "C-1", "customer": "cus_1"}, "by"),
        ({"customer": "anne@example.com"}, "by.customer"),
        ({"identifier": {"type": "shoe size", "value": "C-1"}}, "by.identifier.type"),
        ({"identifier": {"C-1": "C-1"}}, "by.identifier"),
    ],
)
async def test_a_look_up_that_cannot_be_is_refused_by_its_place(desk: Office, by: Any, where: str) -> None:
    """Where it is wrong is said, and nothing of what was sent."""
    refused = await desk.post("/resolve", {"by": by})
    assert (refused.status_code, code_of(refused)) == (422, "VALUE_INVALID")
    assert f"The body ({where})" in refused.json()["errors"][0]["message"]
    assert "C-1" not in refused.text
    assert "anne" not in refused.text


@pytest.mark.parametrize("as_of", ["yesterday", "2026-01-01T00:00:00", 5, "2999-01-01T00:00:00Z"])
async def test_a_time_that_cannot_be_is_refused(desk: Office, as_of: Any) -> None:
    """It has a zone, and has come."""
    refused = await desk.post("/resolve", {"by": {"customer": "cus_1"}, "asOf": as_of})
    assert (refused.status_code, code_of(refused)) == (422, "VALUE_INVALID")


async def test_a_thousand_look_ups_are_the_most(desk: Office) -> None:
    """More are refused, as is none."""
    for by in ([], [{"customer": "c"}] * 1001):
        refused = await desk.post("/resolve-many", {"by": by})
        assert (refused.status_code, code_of(refused)) in {(422, "VALUE_INVALID"), (413, "BODY_TOO_LARGE")}


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        (
            "/resolve",
            {"source": "crm", "key": "C-1"},
            "The body: key and source are not known here; the members are by and asOf. Correct it.",
        ),
        (
            "/resolve",
            {"by": {"source": "crm", "key": "C-1", "customer": "cus_1"}},
            "The body (by): key and source are not known here; the members are customer. Correct it.",
        ),
        (
            "/resolve-many",
            {"by": [{"source": "crm", "key": "C-1", "ada@example.com": 1}]},
            "The body (by[1]): something is not known here; the members are source and key. Correct it.",
        ),
        (
            "/outline",
            {"by": {"identifier": {"type": "email", "value": "ada@example.com"}}},
            'The body (by): wanted {"source", "key"} or {"customer"}; an identifier is resolved first. Correct it.',
        ),
        (
            "/links/unlink",
            {"source": "crm", "kye": "C-1"},
            "The body: something is not known here; the members are reasonCode, reasonRef, source and key. Correct it.",
        ),
    ],
)
async def test_a_member_that_is_not_known_is_named_where_it_is_one_of_the_api(
    desk: Office, path: str, body: dict[str, Any], said: str
) -> None:
    """Anything else that a caller calls a member may be a value: then the wanted ones are told alone."""
    refused = await desk.post(path, body)
    assert (refused.status_code, code_of(refused)) == (422, "VALUE_INVALID")
    (error,) = refused.json()["errors"]
    assert error["message"] == said

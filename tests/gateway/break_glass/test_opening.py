"""Breaking the glass over HTTP, with a real audit: who may, what is told to whom, and what stands afterwards."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from adapters.crossref import EVERYTHING, Restriction, StoreError
from schema.caller import Caller
from schema.grants import Grant
from tests.gateway.break_glass.breaking import ASKED, NOTHING, NOW, Emergency, emergency, records
from tests.gateway.greenhouse import FLORIST, GARDENER, INSPECTOR, STRANGER, code_of, plant


async def test_a_glass_is_broken_for_minutes_and_carried_by_its_token(opened: Emergency, callers: list[Caller]) -> None:
    """The answer holds the token, until when it is good and by when it is reviewed; the engine is told the grant."""
    response = await opened.break_glass()
    told = response.json()
    assert response.status_code == 201
    assert response.headers["cache-control"] == "no-store"
    assert told == {
        "id": told["id"],
        "grant": told["grant"],
        "until": "2027-01-15T08:30:00Z",
        "reviewBy": "2027-01-16T08:00:00Z",
    }
    await opened.query(told["grant"])
    assert callers[-1].grant == Grant(
        id=told["id"],
        view="fraud-review@1",
        customer="p1",
        consumer="gardener",
        actor="e-4",
        reason="suspected-fraud",
        reference="T-17",
        until=NOW + 1_800,
    )
    assert "p1" not in repr(callers[-1])


async def test_what_is_behind_the_glass_is_shown_for_minutes(opened: Emergency) -> None:
    """Of this customer alone: before, after and for others it stays withheld, with the reason."""
    query = '{ plants(by: [{id: "p1"}, {id: "p2"}]) { label } }'
    shut = [{"label": None}, {"label": None}]

    async def shown(grant: str | None) -> tuple[Any, set[str]]:
        answer = (await opened.query(grant, query=query)).json()
        return answer["data"]["plants"], {one["code"] for one in answer["extensions"]["withheld"]}

    assert await shown(None) == (shut, {"BREAK_GLASS_REASON_REQUIRED"})
    token = (await opened.break_glass()).json()["grant"]
    assert await shown(token) == ([{"label": "Fern"}, {"label": None}], {"BREAK_GLASS_NOT_ALLOWED"})
    opened.time.now += 1_801
    assert await shown(token) == (shut, {"BREAK_GLASS_NOT_ALLOWED"})


async def test_the_engine_is_told_no_grant_without_the_header(opened: Emergency, callers: list[Caller]) -> None:
    """A grant is of the requests that carry it."""
    await opened.query((await opened.break_glass()).json()["grant"])
    await opened.query(None)
    assert callers[-1].grant is None


async def test_an_opening_stands_in_the_audit_before_it_is_answered(opened: Emergency) -> None:
    """Why, by whom, for which view; of the customer a reference alone."""
    told = (await opened.break_glass()).json()
    (record,) = records(opened.folder, "break-glass.opened")
    assert record["happened"] == {
        "grant": told["id"],
        "view": "fraud-review@1",
        "consumer": "gardener",
        "actor": "e-4",
        "reason": "suspected-fraud",
        "reference": "T-17",
        "until": told["until"],
        "review_by": told["reviewBy"],
    }
    assert len(record["customer"]) == 43
    assert '"p1"' not in json.dumps(record)
    assert told["grant"] not in json.dumps(record)


async def test_a_privacy_officer_is_told_by_reference_only(opened: Emergency, caplog: pytest.LogCaptureFixture) -> None:
    """The line names the grant and until when it is to be reviewed: no customer, no employee, no reason."""
    with caplog.at_level(logging.WARNING, "gateway.break_glass"):
        told = (await opened.break_glass()).json()
    (line,) = [record.getMessage() for record in caplog.records if record.name.startswith("gateway.break_glass")]
    assert line == f"a glass was broken: {told['id']} waits for review until {told['reviewBy']}"


async def test_a_customer_may_be_named_by_a_sources_key(opened: Emergency, callers: list[Caller]) -> None:
    """Where the view looks up by it; the grant is for the canonical id."""
    told = (await opened.break_glass({**ASKED, "customer": {"nursery": "N-p2"}})).json()
    await opened.query(told["grant"])
    assert callers[-1].grant is not None
    assert callers[-1].grant.customer == "p2"


async def test_nobody_and_who_may_not_be_shown_are_alike(opened: Emergency) -> None:
    """Unknown, or restricted as a whole: the same answer, the same reads, and both stand in the audit."""
    opened.house.table.subjects["p2"] = plant("p2").__class__(
        "p2", False, plant("p2").keys, (Restriction("legal", frozenset({EVERYTHING})),)
    )
    answers = []
    for name in ("nobody", "p2"):
        before = opened.house.table.reads
        response = await opened.break_glass({**ASKED, "customer": {"id": name}})
        assert opened.house.table.reads == before + 1
        answers.append((response.status_code, response.text))
    assert answers[0] == answers[1]
    assert answers[0][0] == 404
    assert '"SUBJECT_UNKNOWN"' in answers[0][1]
    refused = records(opened.folder, "break-glass.refused")
    assert [one["happened"]["consumer"] for one in refused] == ["gardener", "gardener"]
    assert (await opened.waiting()).json() == NOTHING


@pytest.mark.parametrize(
    ("token", "view", "status", "code"),
    [
        (STRANGER, "fraud-review", 401, "UNAUTHENTICATED"),
        (GARDENER, "pests", 404, "VIEW_UNKNOWN"),
        (GARDENER, "nowhere", 404, "VIEW_UNKNOWN"),
        (GARDENER, "watering", 404, "NOT_FOUND"),
        (INSPECTOR, "fraud-review", 403, "ROLE_NEEDED"),
    ],
)
async def test_who_may_not_opens_nothing(opened: Emergency, token: str, view: str, status: int, code: str) -> None:
    """The token, the view, the role, in this order; nobody is looked up and nothing is told."""
    response = await opened.break_glass(token=token, view=view)
    assert (response.status_code, code_of(response)) == (status, code)
    assert opened.house.is_untouched
    assert records(opened.folder, "break-glass.opened") == []


BODIES: list[Any] = [
    b"",
    b"{",
    b"[]",
    b"null",
    b'{"a":' * 1_500,
    b'"\xff"',
    {},
    {**ASKED, "more": 1},
    {name: one for name, one in ASKED.items() if name != "actor"},
    json.dumps(ASKED).replace('"actor"', '"reason": "vital-interest", "actor"').encode(),
    {**ASKED, "reason": "curiosity"},
    {**ASKED, "reason": ["suspected-fraud"]},
    {**ASKED, "reference": ""},
    {**ASKED, "reference": "Anne called"},
    {**ASKED, "reference": "x" * 101},
    {**ASKED, "reference": 17},
    {**ASKED, "actor": "a\nb"},
    {**ASKED, "customer": "p1"},
    {**ASKED, "customer": {}},
    {**ASKED, "customer": {"id": "p1", "nursery": "N-p1"}},
    {**ASKED, "customer": {"id": 1}},
    {**ASKED, "customer": {"id": ""}},
    {**ASKED, "customer": {"id": "p\n1"}},
    {**ASKED, "customer": {"soil": "B1"}},
    {**ASKED, "customer": {"identifier": "x"}},
]


async def test_a_body_of_another_form_opens_nothing(opened: Emergency) -> None:
    """400 with what is wanted; nothing that was sent is repeated, nobody is looked up."""
    for body in BODIES:
        response = await opened.break_glass(body)
        assert (response.status_code, code_of(response)) == (400, "BAD_REQUEST"), body
        assert "Anne" not in response.text
    assert opened.house.is_untouched
    assert records(opened.folder, "break-glass.opened") == []


async def test_the_reasons_are_the_views(opened: Emergency) -> None:
    """The refusal names them."""
    response = await opened.break_glass({**ASKED, "reason": "curiosity"})
    assert "Give one of: suspected-fraud, vital-interest." in response.text


async def test_a_body_is_bounded_and_plain(opened: Emergency) -> None:
    """8 KiB of JSON."""
    assert (await opened.break_glass(b" " * 8_193)).status_code == 413
    assert (await opened.break_glass(ASKED, **{"content-type": "text/plain"})).status_code == 415


async def test_without_an_audit_record_nothing_is_opened(opened: Emergency, caplog: pytest.LogCaptureFixture) -> None:
    """503: neither a grant nor an alert; when the folder is back it works again."""
    gone = opened.folder / "elsewhere"
    (opened.folder / "audit").rename(gone)
    response = await opened.break_glass()
    assert (response.status_code, code_of(response)) == (503, "AUDIT_UNAVAILABLE")
    assert "grant" not in response.text
    assert "a glass was broken" not in caplog.text
    gone.rename(opened.folder / "audit")


async def test_a_cross_reference_that_cannot_be_read_opens_nothing(opened: Emergency) -> None:
    """503, as for a query."""
    opened.house.table.raises = StoreError("the disk is gone")
    response = await opened.break_glass()
    assert (response.status_code, code_of(response)) == (503, "UNAVAILABLE")


async def test_trying_without_end_is_refused(opened: Emergency) -> None:
    """Ten times a minute: whoever tries keys could find out who is a customer."""
    body = {**ASKED, "customer": {"id": "nobody"}}
    answers = [await opened.break_glass(body) for _ in range(11)]
    assert [one.status_code for one in answers] == [*[404] * 10, 429]
    assert (code_of(answers[-1]), 0 < int(answers[-1].headers["retry-after"]) <= 60) == ("RATE_LIMITED", True)
    assert opened.house.table.reads == 10
    assert (await opened.break_glass(token=FLORIST)).status_code == 201


async def test_every_attempt_that_is_refused_is_written_down_with_its_code(opened: Emergency) -> None:
    """Who, for which view, by which ticket; a reason that is none of the view's is anybody's text, and left out."""
    await opened.break_glass(token=INSPECTOR)
    await opened.break_glass({**ASKED, "reason": "curiosity about Anne"})
    await opened.break_glass({**ASKED, "customer": {"soil": "B1"}})
    await opened.break_glass(view="watering")
    for _ in range(11):
        await opened.break_glass({**ASKED, "customer": {"id": "nobody"}})
    told = [one["happened"] for one in records(opened.folder, "break-glass.refused")]
    codes = ["ROLE_NEEDED", "BAD_REQUEST", "BAD_REQUEST", "NOT_FOUND", *["SUBJECT_UNKNOWN"] * 10, "RATE_LIMITED"]
    assert [one["code"] for one in told] == codes
    why = {"actor": "e-4", "reason": "suspected-fraud", "reference": "T-17"}
    assert told[0] == {"view": "fraud-review@1", "consumer": "inspector", "code": "ROLE_NEEDED", **why}
    assert [one.get("reason") for one in told[1:4]] == [None, "suspected-fraud", None]
    assert "Anne" not in str(told)


async def test_an_attempt_that_cannot_be_written_down_is_told_so(opened: Emergency) -> None:
    """503, whatever it would have been refused for: nobody tries unseen."""
    (opened.folder / "audit").rename(opened.folder / "elsewhere")
    for token, body in ((INSPECTOR, ASKED), (GARDENER, {**ASKED, "reason": "curiosity"})):
        response = await opened.break_glass(body, token=token)
        assert (response.status_code, code_of(response)) == (503, "AUDIT_UNAVAILABLE")
    (opened.folder / "elsewhere").rename(opened.folder / "audit")


@pytest.mark.parametrize("grant", ["", "x", "a.b.c.d.e", "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0....", "x" * 5_000])
async def test_what_is_no_grant_refuses_the_request(opened: Emergency, grant: str) -> None:
    """Before anything is read."""
    response = await opened.query(grant)
    assert (response.status_code, code_of(response)) == (403, "BREAK_GLASS_REFUSED")
    assert opened.house.is_untouched


async def test_a_grant_is_of_no_use_to_another_consumer(opened: Emergency) -> None:
    """Also to one that has the role itself."""
    token = (await opened.break_glass()).json()["grant"]
    for other in (INSPECTOR, FLORIST):
        response = await opened.query(token, token=other)
        assert (response.status_code, code_of(response)) == (403, "BREAK_GLASS_REFUSED")


async def test_a_grant_ends_with_the_role(opened: Emergency, tmp_path: Path) -> None:
    """Whoever lost it meanwhile has nothing of the token: another process shares secrets and audit, not the roles."""
    token = (await opened.break_glass()).json()["grant"]
    consumers = tmp_path / "consumers.yaml"
    consumers.write_text(consumers.read_text().replace("[fraud-lead]", "[developer]", 1))
    async with emergency(tmp_path) as other:
        response = await other.query(token)
    assert (response.status_code, code_of(response)) == (403, "BREAK_GLASS_REFUSED")


async def test_two_grants_are_none(opened: Emergency) -> None:
    """Which one counts would be a guess."""
    token = (await opened.break_glass()).json()["grant"]
    response = await opened.query(f"{token}, {token}")
    assert code_of(response) == "BREAK_GLASS_REFUSED"


async def test_a_grant_is_carried_to_whoever_decides_when_it_is_over(opened: Emergency, callers: list[Caller]) -> None:
    """The request is not refused for it: policy tells that it is over, and withholds."""
    token = (await opened.break_glass()).json()["grant"]
    opened.time.now += 1_801
    response = await opened.query(token)
    assert response.status_code == 200
    assert callers[-1].grant is not None
    assert callers[-1].grant.until < opened.time.now


async def test_a_gateway_without_audit_has_nothing_to_break(house: Any) -> None:
    """None of the paths is there, whoever asks."""
    async with house.client() as client:
        replies = [
            await client.post("/views/watering/break-glass", json=ASKED),
            await client.get("/privacy/break-glass"),
            await client.post("/privacy/break-glass/bg_1/review", json={}),
        ]
    assert [(one.status_code, code_of(one)) for one in replies] == [(404, "NOT_FOUND")] * 3

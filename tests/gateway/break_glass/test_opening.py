"""Breaking the glass over HTTP, with a real audit: who may, what is told to whom, and what stands afterwards."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from adapters.crossref import EVERYTHING, Restriction, StoreError
from resolvers import Engine, Request
from schema.caller import Caller
from schema.grants import Grant
from tests.gateway.break_glass.breaking import ASKED, NOW, Emergency, emergency
from tests.gateway.greenhouse import FLORIST, GARDENER, INSPECTOR, STRANGER, code_of, plant


@pytest_asyncio.fixture
async def opened(tmp_path: Path, nothing_else_installed: None) -> AsyncIterator[Emergency]:
    """An open gateway that keeps audit."""
    async with emergency(tmp_path) as one:
        yield one


@pytest.fixture
def callers(monkeypatch: pytest.MonkeyPatch) -> list[Caller]:
    """Those of whom the engine is told."""
    told: list[Caller] = []
    answer = Engine.answer

    async def noted(engine: Engine, view: Any, request: Request, caller: Caller, deadline: Any) -> dict[str, Any]:
        told.append(caller)
        return await answer(engine, view, request, caller, deadline)

    monkeypatch.setattr(Engine, "answer", noted)
    return told


def records(folder: Path, kind: str) -> list[dict[str, Any]]:
    """What stands in the audit, of one kind."""
    lines = [line for file in sorted((folder / "audit").iterdir()) for line in file.read_text().splitlines()]
    return [one for one in map(json.loads, lines) if one["kind"] == kind]


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
    assert "p1" not in json.dumps(record)
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
    assert (await opened.waiting()).json() == {"waiting": []}


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
    statuses = [(await opened.break_glass(body)).status_code for _ in range(11)]
    assert statuses == [*[404] * 10, 503]
    assert opened.house.table.reads == 10
    assert (await opened.break_glass(token=FLORIST)).status_code == 201


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


async def test_what_waits_is_seen_by_every_process_and_after_a_restart(opened: Emergency, tmp_path: Path) -> None:
    """The audit is all that is kept; what one process opens another lists and reviews."""
    grant = (await opened.break_glass()).json()["id"]
    async with emergency(tmp_path) as other:
        assert [one["id"] for one in (await other.waiting()).json()["waiting"]] == [grant]
        assert (await other.review(grant)).status_code == 200
    assert (await opened.waiting()).json() == {"waiting": []}
    async with emergency(tmp_path) as later:
        assert (await later.waiting()).json() == {"waiting": []}
        token = (await later.break_glass()).json()["grant"]
    assert (await opened.query(token)).status_code == 200


async def test_what_waits_is_listed_the_oldest_first(opened: Emergency) -> None:
    """By whom, for what, why, when, until when, and whether the review is overdue; of whom is told elsewhere."""
    first = (await opened.break_glass()).json()
    opened.time.now += 86_401
    second = (await opened.break_glass({**ASKED, "reason": "vital-interest", "reference": "T-18"})).json()
    waiting = (await opened.waiting()).json()["waiting"]
    assert [(one["id"], one["isOverdue"]) for one in waiting] == [(first["id"], True), (second["id"], False)]
    assert waiting[0] == {
        "id": first["id"],
        "view": "fraud-review@1",
        "consumer": "gardener",
        "actor": "e-4",
        "reason": "suspected-fraud",
        "reference": "T-17",
        "brokenAt": "2027-01-15T08:00:00Z",
        "until": first["until"],
        "reviewBy": first["reviewBy"],
        "isOverdue": True,
    }


@pytest.mark.parametrize(
    ("token", "status", "code"), [(STRANGER, 401, "UNAUTHENTICATED"), (GARDENER, 403, "ROLE_NEEDED")]
)
async def test_the_list_is_for_privacy_officers(opened: Emergency, token: str, status: int, code: str) -> None:
    """And so are reviews."""
    grant = (await opened.break_glass()).json()["id"]
    for response in (await opened.waiting(token), await opened.review(grant, token=token)):
        assert (response.status_code, code_of(response)) == (status, code)
    assert records(opened.folder, "break-glass.reviewed") == []


async def test_a_review_is_written_down_with_who_made_it(opened: Emergency) -> None:
    """Once: what is reviewed waits no longer."""
    grant = (await opened.break_glass()).json()["id"]
    response = await opened.review(grant, {"outcome": "unjustified", "reference": "DPO-9"})
    assert (response.status_code, response.json()) == (200, {"id": grant, "outcome": "unjustified"})
    (record,) = records(opened.folder, "break-glass.reviewed")
    assert record["happened"] == {
        "grant": grant,
        "consumer": "florist",
        "outcome": "unjustified",
        "reference": "DPO-9",
    }
    assert (await opened.review(grant)).status_code == 404


async def test_who_opened_it_does_not_review_it(opened: Emergency) -> None:
    """Whatever roles it has: the florist has both."""
    grant = (await opened.break_glass(token=FLORIST)).json()["id"]
    response = await opened.review(grant)
    assert (response.status_code, code_of(response)) == (403, "ROLE_NEEDED")
    assert [one["id"] for one in (await opened.waiting()).json()["waiting"]] == [grant]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"outcome": "fine", "reference": "R-1"},
        {"outcome": "justified"},
        {"outcome": "justified", "reference": ""},
        {"outcome": ["justified"], "reference": "R-1"},
        {"outcome": "justified", "reference": "R-1", "more": 1},
    ],
)
async def test_a_review_of_another_form_is_none(opened: Emergency, body: Any) -> None:
    """400 with the form that is wanted."""
    grant = (await opened.break_glass()).json()["id"]
    response = await opened.review(grant, body)
    assert (response.status_code, code_of(response)) == (400, "BAD_REQUEST")
    assert 'Send {"outcome": "justified", "reference": "..."}' in response.json()["errors"][0]["message"]


@pytest.mark.parametrize("grant", ["bg_000000000000000000000000", "x", "%2e%2e", "bg_ä"])
async def test_a_grant_that_is_none_is_not_reviewed(opened: Emergency, grant: str) -> None:
    """404, as for any path at which nothing is."""
    response = await opened.review(grant)
    assert (response.status_code, code_of(response)) == (404, "NOT_FOUND")


async def test_a_forged_line_reviews_nothing(opened: Emergency) -> None:
    """Whoever can write into the folder, and has no key, takes nothing from the list."""
    grant = (await opened.break_glass()).json()["id"]
    forged = {"kind": "break-glass.reviewed", "at": "2027-01-15T08:00:00.000000Z", "writer": "0" * 16, "seq": 1}
    forged |= {"prev": "0" * 64, "key": 1, "happened": {"grant": grant}, "mac": "0" * 64}
    line = json.dumps(forged, separators=(",", ":"))
    (opened.folder / "audit" / f"2027-01-15-{'0' * 16}-000001.jsonl").write_text(line + "\n")
    assert [one["id"] for one in (await opened.waiting()).json()["waiting"]] == [grant]


@pytest.mark.parametrize(
    ("written", "instead"),
    [(b'"e-4"', b'"e-5"'), (b'"review_by":"2027-', b'"review_by":"2099-'), (b'"view":', b'"vein":')],
)
async def test_an_opening_whose_record_was_changed_waits_all_the_same(
    opened: Emergency, written: bytes, instead: bytes
) -> None:
    """And is due at once: whoever can write into the folder could have it forgotten otherwise."""
    grant = (await opened.break_glass()).json()["id"]
    (file,) = (opened.folder / "audit").iterdir()
    file.write_bytes(file.read_bytes().replace(written, instead))
    (waiting,) = (await opened.waiting()).json()["waiting"]
    assert (waiting["id"], waiting["isOverdue"]) == (grant, True)
    assert waiting["reason"] == "the record was changed: run customer-view audit verify"
    assert (await opened.review(grant, token=FLORIST)).status_code == 200
    assert (await opened.waiting()).json() == {"waiting": []}


async def test_a_line_of_nonsense_hides_nothing_that_waits(opened: Emergency) -> None:
    """It is listed itself, as far as it can be read."""
    grant = (await opened.break_glass()).json()["id"]
    (file,) = (opened.folder / "audit").iterdir()
    framed = '{"writer":"x","seq":1,"at":"2027-01-15T08:00:0%s","kind":"break-glass.opened","happened":5,"mac":"%s"}'
    lines = [framed % (zone, "0" * 64) for zone in ("0", "0Z")]
    file.write_text(file.read_text() + "\n".join(lines) + "\n")
    waiting = (await opened.waiting()).json()["waiting"]
    assert sorted(one["id"] for one in waiting) == ["", grant]


async def test_an_audit_that_is_gone_is_told(opened: Emergency) -> None:
    """503: an empty list would say that nothing waits."""
    gone = opened.folder / "elsewhere"
    (opened.folder / "audit").rename(gone)
    response = await opened.waiting()
    gone.rename(opened.folder / "audit")
    assert (response.status_code, code_of(response)) == (503, "AUDIT_UNAVAILABLE")


async def test_a_gateway_without_audit_has_nothing_to_break(house: Any) -> None:
    """None of the paths is there, whoever asks."""
    async with house.client() as client:
        replies = [
            await client.post("/views/watering/break-glass", json=ASKED),
            await client.get("/privacy/break-glass"),
            await client.post("/privacy/break-glass/bg_1/review", json={}),
        ]
    assert [(one.status_code, code_of(one)) for one in replies] == [(404, "NOT_FOUND")] * 3

"""Requests over HTTP: each is recorded before it is answered, and none is answered that cannot be."""

from __future__ import annotations

import re
import shutil
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import pytest_asyncio

from adapters.crossref import SourceSystem, SqliteCrossReference
from gateway.secret_file import load_secrets, new_secret_line
from gateway.settings import Settings
from tests.gateway.audit.books import Books
from tests.gateway.greenhouse import INSPECTOR, STRANGER, Greenhouse, code_of, greenhouse, plant

QUERY = {"query": '{ plants(by: [{id: "p1"}, {id: "p2"}, {id: "nobody"}]) { label height } }'}
OFFICER, CURIOUS = "cv_" + "o" * 43, "cv_" + "c" * 43
NOBODY = "cus_" + "a" * 32

pytestmark = pytest.mark.usefixtures("nothing_else_installed")


def settings(books: Books) -> Settings:
    """Return settings by which requests are recorded in these books."""
    secrets = books.folder.parent / "secrets.txt"
    secrets.write_text(f"{new_secret_line()}\n")
    secrets.chmod(0o600)
    return Settings(secret_file=secrets, audit=books.folder, audit_anchors=books.anchors)


@pytest_asyncio.fixture
async def audited(planted: Path, books: Books) -> AsyncIterator[Greenhouse]:
    """An open gateway that records."""
    made = greenhouse(planted, settings=settings(books))
    async with made.gateway.running():
        yield made


def records(books: Books) -> list[dict[str, Any]]:
    """Return the records of requests."""
    return [told for line in books.lines if (told := orjson.loads(line))["kind"] == "request"]


async def test_an_answer_is_recorded_before_it_leaves(audited: Greenhouse, books: Books) -> None:
    """One record a request: the view, for what, who, of whom, which coordinates, which sources. No value, no id."""
    answer = await audited.post(QUERY)
    assert answer.status_code == 200
    (told,) = records(books)
    assert (told["view"], told["purpose"], told["basis"]) == ("watering@2", "CustomerCare", "A6-1-b")
    assert (told["consumer"], told["request"], told["calls"]) == ("gardener", "request-1", {"nursery": 1})
    shown = [group for group in told["shown"] if "customers" in group]
    assert sum(len(group["customers"]) for group in shown) == 2
    assert {name for group in shown for name in group["allow"]} == {"Plant.label", "Plant.height"}
    assert [group["unknown"] for group in told["shown"] if "unknown" in group] == [1]
    written = re.sub(rb"[\w-]{43,}", b"", b"".join(books.lines))  # references and digests may spell anything
    assert not [value for value in (b"Fern", b"Moss", b'"p1"', b"N-p1", b"nobody") if value in written]


@pytest.mark.parametrize(
    ("body", "to", "code", "view"),
    [
        ({"query": '{ plants(by: [{id: "p1"}]) { colour } }'}, "watering", "GRAPHQL_VALIDATION_FAILED", "watering@2"),
        (QUERY, "pests", "VIEW_UNKNOWN", None),
        (b"no json", "watering", "BAD_REQUEST", "watering@2"),
    ],
)
async def test_a_refusal_is_recorded(
    audited: Greenhouse, books: Books, body: Any, to: str, code: str, view: str | None
) -> None:
    """Once it is known who asks, with its code; nothing that was sent stands in it."""
    refused = await audited.post(body, to=to)
    assert code_of(refused) == code
    (told,) = records(books)
    assert (told["consumer"], told["code"], told.get("view")) == ("gardener", code, view)
    assert b"colour" not in b"".join(books.lines)


async def test_who_is_not_known_is_not_recorded(audited: Greenhouse, books: Books) -> None:
    """A stranger can fill no disk."""
    assert (await audited.post(QUERY, token=STRANGER)).status_code == 401
    assert records(books) == []


async def test_what_cannot_be_recorded_is_not_answered(audited: Greenhouse, books: Books) -> None:
    """503 with no data, for answers and refusals; readiness says so, and it is over when the folder is back."""
    shutil.rmtree(books.folder)
    for body in (QUERY, {"query": "{ nothing }"}):
        refused = await audited.post(body)
        assert (refused.status_code, code_of(refused)) == (503, "AUDIT_UNAVAILABLE")
        assert "data" not in refused.json()
        assert refused.headers["retry-after"] == "1"
    async with audited.client() as client:
        assert (await client.get("/health/ready")).status_code == 503
        books.folder.mkdir()
        await audited.gateway._service.audit.try_again()  # type: ignore[union-attr]
    assert (await audited.post(QUERY)).status_code == 200
    assert [told["view"] for told in records(books)] == ["watering@2"]


async def test_a_gateway_that_cannot_record_yet_starts_and_is_not_ready(
    planted: Path, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full is no wrong configuration; readiness tries again, though nobody asks."""
    made = greenhouse(planted, settings=settings(books))
    monkeypatch.setattr("gateway.readiness._EVERY", 0.0)
    with monkeypatch.context() as patched:
        patched.setattr("gateway.audit.files.SystemFiles.write", _full)
        async with made.gateway.running(), made.client() as client:
            assert (await client.get("/health/ready")).status_code == 503
            patched.undo()
            assert (await client.get("/health/ready")).status_code == 200
            assert (await made.post(QUERY)).status_code == 200


def _full(*_: object) -> int:
    raise OSError(28, "No space left on device")


async def test_a_gateway_without_audit_answers_as_ever(house: Greenhouse) -> None:
    """Views that demand it are another matter."""
    assert (await house.post(QUERY)).status_code == 200
    async with house.client() as client:
        assert (await client.post("/privacy/who-saw", json=by_id(NOBODY))).status_code == 404


@pytest_asyncio.fixture
async def office(planted: Path, books: Books, tmp_path: Path) -> AsyncIterator[tuple[Greenhouse, str]]:
    """An open gateway with a stored cross-reference and a privacy officer, and the id of the customer that it knows."""
    crossref = SqliteCrossReference.open(tmp_path / "crossref.db")
    await crossref.register_source(SourceSystem("nursery"), actor="t")
    customer = (await crossref.link("nursery", "N-p1", asserted_by="t")).customer or ""
    consumers = tmp_path / "consumers.yaml"
    lines = [
        f"- name: {name}\n  token_sha256: {sha256(token.encode()).hexdigest()}\n  views: []\n  roles: [{role}]\n"
        for name, token, role in (("officer", OFFICER, "privacy-officer"), ("curious", CURIOUS, "steward"))
    ]
    consumers.write_text((planted / "consumers.yaml").read_text() + "".join(lines))
    made = greenhouse(planted, settings=settings(books))
    made.gateway.declared = made.gateway.declared.__class__(
        **{
            name: getattr(made.gateway.declared, name)
            for name in made.gateway.declared.__slots__
            if name not in ("consumers", "crossref")
        },
        consumers=consumers,
        crossref=crossref,
    )
    async with made.gateway.running():
        yield made, customer
    await crossref.aclose()


def by_id(customer: str, **more: Any) -> dict[str, Any]:
    """Return a question of who saw a customer, by the id."""
    return {"customer": {"id": customer}, **more}


async def ask(made: Greenhouse, token: str, body: dict[str, Any]) -> httpx.Response:
    """Ask who saw what."""
    async with made.client(token) as client:
        return await client.post("/privacy/who-saw", json=body)


async def test_a_privacy_officer_is_told_who_saw_what(office: tuple[Greenhouse, str], books: Books) -> None:
    """And that was recorded, so that the next one is told that it was asked."""
    made, customer = office
    query = {"query": f'{{ plants(by: [{{id: "{customer}"}}]) {{ label }} }}'}
    for _ in range(3):
        assert (await made.post(query)).status_code == 200
    answer = (await ask(made, OFFICER, by_id(customer))).json()
    assert (answer["customer"], answer["knownAs"], answer["next"]) == (customer, [customer], None)
    assert [one["kind"] for one in answer["seen"]] == ["who-saw.asked", "request", "request", "request"]
    assert answer["seen"][1]["shown"] == ["Plant.label"]
    assert [one["consumer"] for one in answer["seen"]] == ["officer", "gardener", "gardener", "gardener"]
    first = (await ask(made, OFFICER, by_id(customer, first=2))).json()
    second = (await ask(made, OFFICER, by_id(customer, first=3, after=first["next"]))).json()
    assert [one["kind"] for one in first["seen"]] == ["who-saw.asked", "who-saw.asked"]
    assert [one["kind"] for one in second["seen"]] == ["request", "request", "request"]
    assert customer.encode() not in b"".join(books.lines)


async def test_who_saw_is_for_privacy_officers_alone(office: tuple[Greenhouse, str], books: Books) -> None:
    """Others are told which role they lack; nothing is read for them."""
    made, customer = office
    for token in (CURIOUS, INSPECTOR):
        refused = await ask(made, token, by_id(customer))
        assert (refused.status_code, code_of(refused)) == (403, "ROLE_NEEDED")
    assert b"who-saw" not in b"".join(books.lines)


async def test_who_saw_is_not_told_when_it_cannot_be_recorded(office: tuple[Greenhouse, str], books: Books) -> None:
    """Nobody looks unseen."""
    made, customer = office
    shutil.rmtree(books.folder)
    refused = await ask(made, OFFICER, by_id(customer))
    assert (refused.status_code, code_of(refused)) == (503, "AUDIT_UNAVAILABLE")


@pytest.mark.parametrize("unknown", [NOBODY, NOBODY[:-1]])
async def test_an_id_that_nobody_has_is_told_as_such_and_recorded(
    office: tuple[Greenhouse, str], books: Books, unknown: str
) -> None:
    """A privacy officer may know that; what has not the form of an id is nobody's."""
    made, _ = office
    refused = await ask(made, OFFICER, by_id(unknown))
    assert (refused.status_code, code_of(refused)) == (404, "SUBJECT_UNKNOWN")
    assert b"who-saw.asked" in books.lines[-1]
    assert unknown not in refused.text


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"customer": "crm"},
        {"customer": NOBODY},
        by_id(NOBODY, first=0),
        by_id(NOBODY, first=1_001),
        by_id(NOBODY, first="٣"),
        by_id(NOBODY, since="yesterday"),
        by_id(NOBODY, until="yesterday"),
        by_id(NOBODY, after="x"),
        by_id(NOBODY, other="1"),
        by_id("cus_" + "a" * 2_000),
    ],
)
async def test_a_question_of_another_form_is_refused(
    office: tuple[Greenhouse, str], books: Books, body: dict[str, Any]
) -> None:
    """With what is wanted, and nothing of what was sent; nothing is recorded of it."""
    refused = await ask(office[0], OFFICER, body)
    assert (refused.status_code, code_of(refused)) == (400, "BAD_REQUEST")
    assert 'Send {"customer": {"id": "..."}}' in refused.json()["errors"][0]["message"]
    assert "cus_" not in refused.text
    assert b"who-saw" not in b"".join(books.lines)


async def test_what_was_recorded_is_verified_by_the_secret_file(planted: Path, books: Books) -> None:
    """The keys are derived from it, each for a use of its own; the end is anchored when the gateway stops."""
    made = greenhouse(planted, settings=settings(books))
    async with made.gateway.running():
        for _ in range(3):
            await made.post(QUERY)
    books.keys = books.keys.of(load_secrets(books.folder.parent / "secrets.txt"))
    report = books.verified()
    assert (report.holds, report.records, report.unanchored) == (True, 5, 0)
    assert plant("p1").customer_id == "p1"

"""What privacy officers are told over HTTP: views, use, emergencies, the register, and who saw what."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import shutil
import threading
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters import sandbox
from gateway.audit.reading import Entries
from gateway.audit.segments import Segment
from gateway.privacy import application, counts, daily
from gateway.privacy.application import OPERATIONS
from gateway.privacy.counts import Count, Counts
from gateway.privacy.door import Door
from gateway.privacy.views import FieldTold, told_of
from gateway.register import Controller, make_register
from schema.customer import Customer
from schema.model import Model
from schema.view_files import read_views
from schema.view_rules import FieldRule
from tests.gateway.break_glass.breaking import emergency
from tests.gateway.greenhouse import FLORIST, code_of
from tests.gateway.privacy.bureau import DAY, NOW, Bureau, bureau, declare

QUESTIONS = ["/consumer", "/views", "/usage", "/break-glass", "/break-glass/reviewed"]
QUESTIONS += ["/register", "/register?format=csv"]
KINDS = [
    "privacy.entered",
    "privacy.views-read",
    "privacy.usage-read",
    "break-glass.listed",
    "break-glass.listed",
    "privacy.register-read",
    "privacy.register-read",
]
TODAY = date(2027, 1, 15)
PERSONAL = ["Fern", "Moss", "Ada", "N-p1", "N-p2"]
"""Values and keys of the plants."""


def by_key(key: str = "N-p1", **more: Any) -> dict[str, Any]:
    """A question of who saw a plant, by the nursery's key."""
    return {"customer": {"nursery": key}, **more}


async def test_every_question_is_written_down_before_it_is_answered(opened: Bureau) -> None:
    """By a record of its own kind, with who has asked; whatever is asked."""
    for path in QUESTIONS:
        assert (await opened.get(path)).status_code == 200
    await opened.post("/who-saw", by_key())
    told = opened.records(*KINDS, "who-saw.asked")
    assert [(one["kind"], one["happened"]) for one in told] == [
        (kind, {"consumer": "officer"}) for kind in (*KINDS, "who-saw.asked")
    ]
    unasked = {"/break-glass/{grant}", "/break-glass/{grant}/review", "/who-saw"}
    assert {one.path for one in OPERATIONS} - unasked == {path.partition("?")[0] for path in QUESTIONS}


async def test_what_cannot_be_written_down_is_not_told(opened: Bureau) -> None:
    """503 with AUDIT_UNAVAILABLE, of every operation; nobody looks unseen."""
    grant = await opened.break_glass()
    shutil.rmtree(opened.folder / "audit")
    answers = [await opened.get(path) for path in QUESTIONS]
    answers.append(await opened.post("/who-saw", by_key()))
    assert {(one.status_code, code_of(one)) for one in answers} == {(503, "AUDIT_UNAVAILABLE")}
    review = await opened.post(
        f"/break-glass/{grant}/review", {"outcome": "justified", "reference": "R-1", "actor": "dpo-1"}
    )
    assert (review.status_code, code_of(review)) == (503, "UNAVAILABLE")
    assert not [word for one in (*answers, review) for word in PERSONAL if word in one.text]


@pytest.mark.parametrize(("name", "status", "code"), [(None, 401, "UNAUTHENTICATED"), ("steward", 403, "ROLE_NEEDED")])
async def test_it_is_for_privacy_officers_alone(opened: Bureau, name: str | None, status: int, code: str) -> None:
    """Whatever is asked, also what is not there; nothing is written down of whoever may not."""
    for path in (*QUESTIONS, "/openapi.json", "/nothing"):
        refused = await opened.get(path, name)
        assert (refused.status_code, code_of(refused)) == (status, code)
    refused = await opened.post("/who-saw", by_key(), name)
    assert (refused.status_code, code_of(refused)) == (status, code)
    assert opened.records() == []


async def test_without_audit_nothing_is_there(tmp_path: Path, nothing_else_installed: None) -> None:
    """404 to whoever has a token, privacy officers included."""
    declare(tmp_path, has_glass=False)
    consumers = tmp_path / "consumers.yaml"
    consumers.write_text(consumers.read_text().replace(', "fraud-review"', ""))
    async with bureau(tmp_path, audit=None, audit_anchors=None) as unrecorded:
        for path in (*QUESTIONS, "/openapi.json"):
            refused = await unrecorded.get(path)
            assert (refused.status_code, code_of(refused)) == (404, "NOT_FOUND")


@pytest.mark.parametrize("path", ["/nothing", "/views/", "/break-glass/", "/who-saw/x"])
async def test_an_officer_is_told_what_is_not_there(opened: Bureau, path: str) -> None:
    """And by which methods a path is asked."""
    refused = await opened.get(path)
    assert (refused.status_code, code_of(refused)) == (404, "NOT_FOUND")
    wrong = await opened.post("/views", {})
    assert (wrong.status_code, code_of(wrong), wrong.headers["allow"]) == (405, "METHOD_NOT_ALLOWED", "GET")


async def test_who_saw_needs_a_cross_reference_of_ours(tmp_path: Path, nothing_else_installed: None) -> None:
    """One that is only looked up in does not tell under which ids a customer was known."""
    async with emergency(tmp_path) as made, made.house.client(FLORIST) as client:
        refused = await client.post("/privacy/who-saw", json=by_key())
        assert (refused.status_code, code_of(refused)) == (404, "NOT_FOUND")
        assert (await client.get("/privacy/views")).status_code == 200


async def test_views_are_told_with_what_they_are_for_and_how_each_field_is_shown(opened: Bureau) -> None:
    """The newest version first; fields by what they tell of a person, those that are not personal last."""
    views = (await opened.told("/views"))["views"]
    assert [(one["view"], one["isNewest"], one["standing"]) for one in views] == [
        ("fraud-review@1", True, "in use"),
        ("watering@2", True, "in use"),
        ("watering@1", False, "in use"),
    ]
    fraud, watering = views[:2]
    assert fraud["breakGlass"] == {
        "roles": ["fraud-lead"],
        "reasons": ["suspected-fraud", "vital-interest"],
        "minutes": 30,
        "reviewHours": 24,
    }
    assert (watering["purpose"]["term"], watering["basis"]["term"]) == ("CustomerCare", "A6-1-b")
    assert (watering["owner"], watering["reviewBy"], watering["reviewIsOverdue"]) == (
        "Head gardener",
        "2090-01-01",
        False,
    )
    told = [(group["category"], [one["coordinate"] for one in group["fields"]]) for group in watering["groups"]]
    assert told == [
        ("pd:Contact", ["Plant.provenance"]),
        ("pd:Identifying", ["Plant.id"]),
        (None, ["Plant.label"]),
    ]
    provenance = watering["groups"][0]["fields"][0]
    assert (provenance["mask"], provenance["min"], provenance["needsBrokenGlass"]) == ("all", "V0", False)
    assert provenance["title"] == "Who brought it."
    (label,) = [one for group in fraud["groups"] for one in group["fields"] if one["coordinate"] == "Plant.label"]
    assert label["needsBrokenGlass"] is True


def test_every_rule_of_a_field_is_told() -> None:
    """Levels, masks, ages, consents, cases, emergencies: as the view's file has them; special categories first."""
    model = Model(Customer)
    folder, _ = read_views(Path(sandbox.__file__).parent / "views")
    views = {loaded.view.id: loaded.view for loaded in folder.views}
    for activity in make_register(views.values(), model, Controller(), TODAY).activities:
        view = views[activity.view]
        told = told_of(activity, view, model, is_newest=True)
        fields = {field.coordinate: field for group in told.groups for field in group.fields}
        assert fields.keys() == view.fields.keys() & model.coordinates.keys()
        for name, field in fields.items():
            assert rule_of(field) == written_as(view.fields[name])
        sensitive = [group.is_sensitive for group in told.groups]
        assert sensitive == sorted(sensitive, reverse=True)
        for group in told.groups:
            marks = [field.is_sensitive for field in group.fields]
            assert (marks, group.is_sensitive) == (sorted(marks, reverse=True), any(marks))
    rules = [rule for view in views.values() for rule in view.fields.values()]
    assert any(rule.min > 0 and rule.below for rule in rules)  # or little was compared


def rule_of(field: FieldTold) -> tuple[Any, ...]:
    """What is told of a field's rule."""
    gates = (field.consent, field.objection, field.relationship, field.needs_broken_glass)
    return (field.min, field.mask, field.below, field.max_age, *map(bool, gates), field.situations)


def written_as(rule: FieldRule) -> tuple[Any, ...]:
    """The same of the rule itself."""
    when = rule.when
    gates = (rule.consent, rule.objection, rule.relationship, rule.break_glass)
    situations = [] if when is None else [*when.channels, *when.journeys, *when.objectives]
    return (str(rule.min), rule.mask, rule.below, rule.max_age, *map(bool, gates), situations)


async def test_an_overdue_review_is_told(opened: Bureau) -> None:
    """By the gateway's clock."""
    opened.time.now = 3_900_000_000.0
    assert {one["reviewIsOverdue"] for one in (await opened.told("/views"))["views"]} == {True}


async def test_use_is_counted_by_day_view_and_consumer(opened: Bureau) -> None:
    """Requests, refusals, customers by level, what was withheld and why; of no customer, and of no day before."""
    opened.time.now = NOW - 7 * DAY
    await opened.ask()
    opened.time.now = NOW - DAY
    for _ in range(2):
        await opened.ask()
    opened.time.now = NOW
    await opened.ask("N-p2", name="florist")
    await opened.ask("N-unknown")
    await opened.ask(query="{ nothing }")
    await opened.ask(view="fraud-review", query="{ plant(by: {nursery: %s}) { height label } }")
    await opened.ask(view="nowhere")
    usage = await opened.told("/usage?days=7")
    assert (usage["since"], usage["until"], usage["changed"]) == ("2027-01-09", "2027-01-15", 0)
    told = {(one["view"], one["consumer"]): one for one in usage["uses"]}
    assert told.keys() == {
        (None, "gardener"),
        ("fraud-review@1", "gardener"),
        ("watering@2", "florist"),
        ("watering@2", "gardener"),
    }
    watering = told["watering@2", "gardener"]
    assert (watering["requests"], watering["refused"], watering["lookups"]) == (4, 1, 3)
    assert (watering["levels"], watering["hidden"]) == ({"V0": 3}, {"SUBJECT_UNKNOWN": 1})
    assert watering["days"] == [
        {"day": "2027-01-14", "requests": 2, "refused": 0},
        {"day": "2027-01-15", "requests": 2, "refused": 1},
    ]
    assert told["fraud-review@1", "gardener"]["withheld"] == {"BREAK_GLASS_REASON_REQUIRED": 1}
    assert told[None, "gardener"]["refused"] == 1
    longer = await opened.told("/usage")
    assert sum(one["requests"] for one in longer["uses"]) == 8
    assert not [word for word in (*PERSONAL, "cus_", "N-unknown") if word in json.dumps(longer)]


async def test_an_opened_glass_is_counted_with_its_requests(opened: Bureau) -> None:
    """And what was withheld before is not withheld then."""
    body = {"customer": {"nursery": "N-p1"}, "reason": "suspected-fraud", "reference": "T-1", "actor": "e-4"}
    async with opened.client("gardener") as client:
        grant = (await client.post("/views/fraud-review/break-glass", json=body)).json()["grant"]
        query = {"query": '{ plant(by: {nursery: "N-p1"}) { label } }'}
        await client.post("/views/fraud-review/graphql", json=query, headers={"break-glass": grant})
    (use,) = (await opened.told("/usage"))["uses"]
    assert (use["opened"], use["withheld"]) == (1, {})


async def test_a_record_that_was_changed_is_told_and_not_counted(opened: Bureau) -> None:
    """Whoever can write into the folder, and has no key, makes no use."""
    for _ in range(2):
        await opened.ask()
    (file,) = (opened.folder / "audit").iterdir()
    text = file.read_text()
    first = text.index('"consumer":"gardener"')
    file.write_text(text[:first] + text[first:].replace('"consumer":"gardener"', '"consumer":"florist2"', 1))
    counted = await Counts().of_days(_entries(opened), TODAY, TODAY)
    assert (counted.changed, [use.consumer for use in counted.uses]) == (1, ["gardener"])


def _entries(opened: Bureau) -> Entries:
    audit = opened.gateway._opened().audit
    assert audit is not None
    return Entries(audit.folder, audit.keys)


async def test_what_was_counted_is_kept_while_its_file_is_the_same(
    opened: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a segment is read what was added to it."""
    await opened.ask()
    read, counted = list[tuple[int, int]](), counts._counted

    def noting(entries: Entries, segment: Any, start: int, end: int) -> Any:
        read.append((start, end))
        return counted(entries, segment, start, end)

    monkeypatch.setattr(counts, "_counted", noting)
    kept, entries = Counts(), _entries(opened)
    for _ in range(3):
        await kept.of_days(entries, TODAY, TODAY)
    assert len(read) == 1
    await opened.ask()
    used = await kept.of_days(entries, TODAY, TODAY)
    assert [one.requests for one in used.uses.values()] == [2]
    (file,) = (opened.folder / "audit").iterdir()
    assert [start for start, _ in read] == [0, read[0][1]]
    assert read[1][1] == file.stat().st_size


async def test_a_file_that_is_dropped_meanwhile_counts_nothing(opened: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    """Old segments go while others are counted."""
    gone = Segment.named(opened.folder / "audit", "2027-01-15", "0" * 16, 1)
    monkeypatch.setattr(counts, "segments_in", lambda _: [gone])
    assert (await Counts().of_days(_entries(opened), TODAY, TODAY)).uses == {}


def test_counts_add_up() -> None:
    """Every part of them."""
    one = Count(1, 1, 0, 2)
    one.levels["V1"] = 2
    two = Count(2, 0, 1, 3)
    two.levels["V1"], two.hidden["SUBJECT_UNKNOWN"], two.withheld["CONSENT_MISSING"] = 3, 1, 4
    one.add(two)
    assert (one.requests, one.refused, one.opened, one.lookups) == (3, 1, 1, 5)
    assert (one.levels, one.hidden, one.withheld) == ({"V1": 5}, {"SUBJECT_UNKNOWN": 1}, {"CONSENT_MISSING": 4})


@pytest.mark.parametrize(
    "query", ["days=0", "days=367", "days=x", "days=", "day=7", "days=7&days=8", "days=%F6", f"days=7&x={'1' * 1_024}"]
)
async def test_days_of_another_form_are_refused(opened: Bureau, query: str) -> None:
    """400 with what is wanted, and nothing of what was sent; nothing is written down."""
    refused = await opened.get(f"/usage?{query}")
    assert (refused.status_code, code_of(refused)) == (400, "BAD_REQUEST")
    assert "Give days" in refused.text


async def test_the_register_is_told_in_each_form(opened: Bureau) -> None:
    """As the command makes it, with who answers for it; as a file of the day."""
    made = await opened.get("/register")
    assert made.headers["content-type"] == "application/json; charset=utf-8"
    assert made.headers["content-disposition"] == 'attachment; filename="record-of-processing-2027-01-15.json"'
    assert made.json()["controller"]["name"] == "Greenhouse Ltd"
    assert [one["view"] for one in made.json()["activities"]] == ["fraud-review@1", "watering@2", "watering@1"]
    table = await opened.get("/register?format=csv")
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    assert [row["view"] for row in csv.DictReader(io.StringIO(table.text))] == [
        "fraud-review@1",
        "watering@2",
        "watering@1",
    ]
    document = await opened.get("/register?format=markdown")
    assert (document.headers["content-type"], document.text[0]) == ("text/markdown; charset=utf-8", "#")
    refused = await opened.get("/register?format=pdf")
    assert (refused.status_code, code_of(refused)) == (400, "BAD_REQUEST")
    assert "markdown, csv, json" in refused.text


async def test_who_saw_is_told_by_a_key_and_by_an_id_alike(opened: Bureau) -> None:
    """A key stands in the body alone; what is told holds no key and no value."""
    subject = await opened.store.known_as(await opened.link("N-p3"))
    customer = subject[0].customer
    await opened.ask("N-p3")
    seen = (await opened.post("/who-saw", by_key("N-p3"))).json()
    assert (seen["customer"], seen["knownAs"], seen["next"]) == (customer, [customer], None)
    assert [one["kind"] for one in seen["seen"]] == ["who-saw.asked", "request"]
    assert (seen["seen"][1]["shown"], seen["seen"][1]["masked"]) == (
        ["Plant.label"],
        {"VALUE_MASKED": ["Plant.provenance"]},
    )
    again = (await opened.post("/who-saw", {"customer": {"id": customer}})).json()
    assert again["seen"][1:] == seen["seen"]
    assert not [word for word in ("Ivy", "Ada", "N-p3") if word in json.dumps(again)]


async def test_who_saw_comes_in_pages_of_a_time(opened: Bureau) -> None:
    """The newest first; `next` leads on."""
    for day in range(3):
        opened.time.now = NOW + day * DAY
        await opened.ask()
    between: dict[str, Any] = {"since": "2027-01-15T12:00:00Z", "until": "2027-01-17T12:00:00+00:00", "first": 1}
    first = (await opened.post("/who-saw", by_key(**between))).json()
    second = (await opened.post("/who-saw", by_key(**between | {"first": 5}, after=first["next"]))).json()
    assert [one["kind"] for one in first["seen"]] == ["who-saw.asked"]
    assert [one["at"][:10] for one in second["seen"]] == ["2027-01-17", "2027-01-16"]
    assert second["next"] is None


async def test_nobody_is_told_as_such_and_that_it_was_asked_is_written_down(opened: Bureau) -> None:
    """A privacy officer may know that."""
    refused = await opened.post("/who-saw", by_key("N-nobody"))
    assert (refused.status_code, code_of(refused)) == (404, "SUBJECT_UNKNOWN")
    (asked,) = opened.records("who-saw.asked")
    assert "customer" not in asked
    assert "N-nobody" not in refused.text + json.dumps(asked)


BODIES: list[Any] = [
    {},
    [],
    {"customer": {}},
    {"customer": "cus_1"},
    {"customer": {"id": "cus_1", "nursery": "N-p1"}},
    {"customer": {"ada@example.com": "x"}},
    {"customer": {"nursery": ["ada@example.com"]}},
    {"by": {"source": "nursery", "key": "ada@example.com"}},
    by_key(by={"customer": "cus_1"}),
    by_key(actor="ada@example.com"),
    by_key(actor=""),
    by_key(first=0),
    by_key(first=1_001),
    by_key(first="5"),
    by_key(since=5),
    by_key(since="yesterday"),
    by_key(since="0001-01-01T00:00+01:00"),
    by_key(after="x"),
    by_key(more=1),
    by_key("ada@example.com", first=True),
]


@pytest.mark.parametrize("body", BODIES)
async def test_a_question_of_another_form_is_refused(opened: Bureau, body: Any) -> None:
    """400 with what is wanted, nothing of what was sent; nothing is written down."""
    refused = await opened.post("/who-saw", body)
    assert (refused.status_code, code_of(refused)) == (400, "BAD_REQUEST")
    assert 'Send {"customer": {"id": "..."}}, in place of id a source' in refused.json()["errors"][0]["message"]
    assert "ada@example.com" not in refused.text
    assert opened.records() == []


@pytest.mark.no_cover
def test_whatever_is_sent_is_answered_or_refused(tmp_path: Path, nothing_else_installed: None) -> None:
    """With a status of its own, never as a failure of ours, and never with what was sent."""
    words = st.sampled_from(["customer", "id", "crm", "since", "first", "after", "outcome", "reference", "actor", "x"])
    leaves = st.none() | st.booleans() | st.integers() | st.sampled_from(["t0ps3cret", "2027-01-15T00:00:00Z", "crm"])
    bodies = st.recursive(leaves, lambda one: st.dictionaries(words, one, max_size=4) | st.lists(one, max_size=2))
    paths = st.sampled_from(["/who-saw", "/break-glass/bg_1/review"])
    with asyncio.Runner() as runner:
        opening = bureau(tmp_path)
        made = runner.run(opening.__aenter__())

        @settings(max_examples=150, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(path=paths, body=bodies.filter(lambda one: one is not None))  # the client sends no body then
        def every_body(path: str, body: Any) -> None:
            answer = runner.run(made.post(path, body))
            assert answer.status_code in (400, 404)
            assert "t0ps3cret" not in answer.text

        try:
            every_body()
        finally:
            runner.run(opening.__aexit__(None, None, None))


async def test_a_key_never_comes_by_the_url(opened: Bureau) -> None:
    """Neither in a question by GET, nor beside a body."""
    async with opened.client() as client:
        beside = await client.post("/privacy/who-saw?key=N-p1", json=by_key())
        by_url = await client.get("/privacy/who-saw?source=nursery&key=N-p1")
    assert (beside.status_code, code_of(beside)) == (400, "BAD_REQUEST")
    assert (by_url.status_code, code_of(by_url)) == (405, "METHOD_NOT_ALLOWED")
    assert opened.records() == []


async def test_records_that_cannot_be_read_are_told_as_such(opened: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    """503, and to be asked again; nothing of where they are."""

    def broken(*_: object) -> Iterator[Any]:
        raise PermissionError(13, "Permission denied", "/secret/place")

    monkeypatch.setattr("gateway.audit.reading.Entries._lines", broken)
    await opened.ask()
    for answer in (await opened.post("/who-saw", by_key()), await opened.get("/usage")):
        assert (answer.status_code, code_of(answer)) == (503, "UNAVAILABLE")
        assert "secret" not in answer.text


async def test_what_takes_too_long_is_told_as_such(opened: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    """504, and what is not waited for any more is not done any more."""
    ended = asyncio.Event()

    async def hanging(*_: object) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    monkeypatch.setattr(Counts, "of_days", hanging)
    monkeypatch.setattr("gateway.privacy.operation._SECONDS", 0.2)
    application._application.cache_clear()
    late = await opened.get("/usage")
    application._application.cache_clear()
    assert (late.status_code, code_of(late), ended.is_set()) == (504, "DEADLINE_EXCEEDED", True)


async def test_who_asks_is_written_down_and_told_in_the_same_place_as_who_was_shown(opened: Bureau) -> None:
    """Consumer and actor, of requests, of openings and of questions: as the consumer has said, who proved itself."""
    grant = await opened.break_glass()
    await opened.ask()
    review = {"outcome": "justified", "reference": "DPO-9", "actor": "dpo-1"}
    assert (await opened.post(f"/break-glass/{grant}/review", review, "deputy")).status_code == 200
    seen = (await opened.post("/who-saw", by_key(actor="dpo-2"))).json()["seen"]
    assert [(one["kind"], one["consumer"], one.get("actor")) for one in seen] == [
        ("who-saw.asked", "officer", "dpo-2"),
        ("request", "gardener", None),
        ("break-glass.opened", "gardener", "e-4"),
    ]
    (asked,) = opened.records("who-saw.asked")
    assert asked["happened"] == {"consumer": "officer", "actor": "dpo-2"}
    opening = seen[2]
    assert opening["happened"].keys() == {"grant", "view", "reason", "reference", "until", "reviewBy"}
    assert opening["review"]["reviewedBy"] == {"consumer": "deputy", "actor": "dpo-1"}


async def test_a_day_is_a_time_from_its_beginning(opened: Bureau) -> None:
    """In UTC, as on the command line; a time without a zone is of UTC too."""
    for day in range(3):
        opened.time.now = NOW + day * DAY
        await opened.ask()
    for since, days in (("2027-01-16", 2), ("2027-01-16T12:00", 1), ("2027-01-16T01:00+02:00", 2)):
        seen = (await opened.post("/who-saw", by_key(since=since))).json()["seen"]
        assert sum(one["kind"] == "request" for one in seen) == days


async def test_what_is_no_request_is_handed_on() -> None:
    """A start, an end, a web socket: the application behind the door answers these."""
    seen = list[str]()

    async def inner(scope: Any, *_: object) -> None:
        seen.append(scope["type"])

    def unopened() -> Any:
        raise AssertionError

    async def silent(*_: object) -> Any:
        raise AssertionError

    await Door(lambda: inner, unopened)({"type": "websocket"}, silent, silent)
    assert seen == ["websocket"]


async def test_what_was_opened_is_reviewed_by_another_one(opened: Bureau) -> None:
    """Written down with who has reviewed it; what is reviewed waits no longer."""
    grant = await opened.break_glass()
    (waiting,) = (await opened.told("/break-glass"))["waiting"]
    assert (waiting["id"], waiting["reference"], waiting["isOverdue"]) == (grant, "T-17", False)
    opened.time.now += 2 * DAY
    assert (await opened.told("/break-glass"))["waiting"][0]["isOverdue"] is True
    done = await opened.post(
        f"/break-glass/{grant}/review", {"outcome": "unjustified", "reference": "DPO-9", "actor": "dpo-1"}, "deputy"
    )
    assert (done.status_code, done.json()) == (200, {"id": grant, "outcome": "unjustified"})
    (record,) = opened.records("break-glass.reviewed")
    assert (record["happened"]["consumer"], record["happened"]["actor"]) == ("deputy", "dpo-1")
    assert (await opened.told("/break-glass")) == {"waiting": [], "next": None}
    (reviewed,) = (await opened.told("/break-glass/reviewed"))["reviewed"]
    assert (reviewed["id"], reviewed["outcome"], reviewed["reviewedBy"]) == (
        grant,
        "unjustified",
        {"consumer": "deputy", "actor": "dpo-1"},
    )


async def test_the_record_of_processing_is_made_once_a_day_and_off_the_event_loop(
    opened: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For hundreds of views it takes a second: whoever asks meanwhile waits for the same one."""
    made, threads = list[date](), set[int]()

    def noting(views: Any, model: Any, controller: Any, day: date) -> Any:
        made.append(day)
        threads.add(threading.get_ident())
        return make_register(views, model, controller, day)

    monkeypatch.setattr(daily, "make_register", noting)
    paths = ["/views", "/register", "/register?format=csv"]
    first = await asyncio.gather(*(opened.get(path) for path in paths * 3))
    again = [await opened.get(path) for path in paths]
    assert {one.status_code for one in (*first, *again)} == {200}
    assert [one.content for one in first[:3]] == [one.content for one in again]
    assert (len(made), threading.get_ident() in threads) == (3, False)
    opened.time.now += DAY
    assert (await opened.told("/register"))["madeOn"] == "2027-01-16"
    assert made[3:] == [TODAY + timedelta(days=1)]


async def test_a_record_that_could_not_be_made_is_made_again(opened: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has failed is not kept."""
    with monkeypatch.context() as broken:
        broken.setattr(daily, "make_register", lambda *_: 1 / 0)
        assert (await opened.get("/register")).status_code == 500
    assert (await opened.get("/register")).status_code == 200


@pytest.mark.parametrize("reference", ["", "two words", "ö", "x" * 101, 5, None])
async def test_a_review_that_refers_to_nothing_is_none(opened: Bureau, reference: Any) -> None:
    """400 with what is wanted; the emergency waits on."""
    grant = await opened.break_glass()
    refused = await opened.post(
        f"/break-glass/{grant}/review", {"outcome": "justified", "reference": reference, "actor": "dpo-1"}
    )
    assert (refused.status_code, code_of(refused)) == (400, "BAD_REQUEST")
    assert 'Send {"outcome": "justified"' in refused.json()["errors"][0]["message"]
    assert len((await opened.told("/break-glass"))["waiting"]) == 1


async def test_every_operation_is_documented(opened: Bureau) -> None:
    """With a summary, for whom it is, its answer and every refusal; no member of a URL is a key."""
    document = await opened.told("/openapi.json")
    assert document["servers"] == [{"url": "/privacy"}]
    told = {(method.upper(), path): one for path, each in document["paths"].items() for method, one in each.items()}
    assert told.keys() == {(one.method, one.path) for one in OPERATIONS}
    for operation in OPERATIONS:
        one = told[operation.method, operation.path]
        assert one["summary"]
        assert "For the role privacy-officer." in one["description"]
        assert {"200", "400", "401", "403", "404", "503", "504"} <= one["responses"].keys()
        assert ("requestBody" in one) is (operation.method == "POST")
        assert not {each["name"] for each in one.get("parameters", ())} & {"key", "source"}

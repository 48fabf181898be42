"""What waits for review, the review, and what was reviewed, over HTTP and with a real audit."""

from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from gateway.audit import AuditKeys, AuditLog
from gateway.audit.verifying import verify_audit
from gateway.break_glass import reviewing
from gateway.secret_file import load_secrets
from tests.gateway.break_glass.breaking import ASKED, DAY, NOTHING, Emergency, emergency, records
from tests.gateway.greenhouse import FLORIST, GARDENER, STRANGER, code_of


def keys_of(folder: Path) -> AuditKeys:
    """The keys with which the records in a folder are signed."""
    return AuditKeys.of(load_secrets(folder / "secrets.txt"))


async def test_what_waits_is_seen_by_every_process_and_after_a_restart(opened: Emergency, tmp_path: Path) -> None:
    """The audit is all that is kept; what one process opens another lists and reviews."""
    grant = (await opened.break_glass()).json()["id"]
    async with emergency(tmp_path) as other:
        assert [one["id"] for one in (await other.waiting()).json()["waiting"]] == [grant]
        assert (await other.review(grant)).status_code == 200
    assert (await opened.waiting()).json() == NOTHING
    async with emergency(tmp_path) as later:
        assert (await later.waiting()).json() == NOTHING
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
    """What is reviewed waits no longer."""
    grant = (await opened.break_glass()).json()["id"]
    response = await opened.review(grant, {"outcome": "unjustified", "reference": "DPO-9", "actor": "dpo-1"})
    assert (response.status_code, response.json()) == (200, {"id": grant, "outcome": "unjustified"})
    (record,) = records(opened.folder, "break-glass.reviewed")
    assert record["happened"] == {
        "grant": grant,
        "consumer": "florist",
        "actor": "dpo-1",
        "outcome": "unjustified",
        "reference": "DPO-9",
    }
    assert (await opened.waiting()).json() == NOTHING


async def test_what_was_reviewed_is_not_reviewed_again(opened: Emergency) -> None:
    """409 with what the review has come to: by whom, when, and where that is told."""
    grant = (await opened.break_glass()).json()["id"]
    await opened.review(grant, {"outcome": "unjustified", "reference": "DPO-9", "actor": "dpo-1"})
    opened.time.now += 60
    again = await opened.review(grant)
    assert again.status_code == 409
    (error,) = again.json()["errors"]
    assert error["message"].startswith("It was reviewed already, and a review is not changed.")
    assert error["extensions"] == {
        "code": "ALREADY_REVIEWED",
        "outcome": "unjustified",
        "reviewedBy": {"consumer": "florist", "actor": "dpo-1"},
        "reviewedAt": "2027-01-15T08:00:00Z",
        "reference": "DPO-9",
    }
    assert len(records(opened.folder, "break-glass.reviewed")) == 1


async def test_of_several_reviews_at_once_one_stands(opened: Emergency, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within a process the others are refused before they are written down, however long the first one takes."""
    grant = (await opened.break_glass()).json()["id"]
    record, may_write = AuditLog.record_event, asyncio.Event()

    async def held(log: AuditLog, kind: str, happened: Any, **more: Any) -> None:
        await may_write.wait()
        await record(log, kind, happened, **more)

    monkeypatch.setattr(AuditLog, "record_event", held)
    reviews = [asyncio.create_task(opened.review(grant)) for _ in range(3)]
    done, _ = await asyncio.wait(reviews, timeout=0.5)
    assert not done
    may_write.set()
    answers = await asyncio.gather(*reviews)
    assert sorted(one.status_code for one in answers) == [200, 409, 409]
    assert len(records(opened.folder, "break-glass.reviewed")) == 1


async def test_of_two_reviews_by_two_processes_the_first_stands(
    opened: Emergency, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both may have found that it waits: who comes second is told what stands."""
    grant = (await opened.break_glass()).json()["id"]
    async with emergency(opened.folder, opened.time) as other:
        record = AuditLog.record_event

        async def beaten(log: AuditLog, kind: str, happened: Any, **more: Any) -> None:
            if kind == "break-glass.reviewed":
                monkeypatch.setattr(AuditLog, "record_event", record)
                assert (
                    await other.review(grant, {"outcome": "unjustified", "reference": "R-2", "actor": "dpo-1"})
                ).status_code == 200
                opened.time.now += 1
            await record(log, kind, happened, **more)

        monkeypatch.setattr(AuditLog, "record_event", beaten)
        late = await opened.review(grant)
    assert (late.status_code, code_of(late)) == (409, "ALREADY_REVIEWED")
    assert late.json()["errors"][0]["extensions"]["reference"] == "R-2"
    (told,) = (await opened.reviewed())["reviewed"]
    assert (told["outcome"], told["reviewReference"]) == ("unjustified", "R-2")


async def test_what_was_reviewed_is_listed_with_what_it_has_come_to(opened: Emergency) -> None:
    """The newest review first, with who made it, when, and where it is told."""
    grants = [(await opened.break_glass()).json()["id"] for _ in range(2)]
    for grant, outcome in zip(grants, ("justified", "unjustified"), strict=True):
        opened.time.now += 3_600
        await opened.review(grant, {"outcome": outcome, "reference": "DPO-9", "actor": "dpo-1"})
    told = await opened.reviewed()
    assert [one["id"] for one in told["reviewed"]] == grants[::-1]
    assert told["reviewed"][0] == {
        "id": grants[1],
        "view": "fraud-review@1",
        "consumer": "gardener",
        "actor": "e-4",
        "reason": "suspected-fraud",
        "reference": "T-17",
        "brokenAt": "2027-01-15T08:00:00Z",
        "until": "2027-01-15T08:30:00Z",
        "reviewBy": "2027-01-16T08:00:00Z",
        "outcome": "unjustified",
        "reviewedBy": {"consumer": "florist", "actor": "dpo-1"},
        "reviewedAt": "2027-01-15T10:00:00Z",
        "reviewReference": "DPO-9",
    }
    assert told["next"] is None


async def test_both_lists_come_a_page_at_a_time(opened: Emergency) -> None:
    """Nothing is left out or told twice, also when something is reviewed between two pages."""
    grants = []
    for number in range(7):
        opened.time.now += 60
        grants.append((await opened.break_glass({**ASKED, "reference": f"T-{number}"})).json()["id"])
    page = (await opened.waiting(first=3)).json()
    assert [one["id"] for one in page["waiting"]] == grants[:3]
    await opened.review(grants[2])
    page = (await opened.waiting(first=3, after=page["next"])).json()
    assert [one["id"] for one in page["waiting"]] == grants[3:6]
    page = (await opened.waiting(first=3, after=page["next"])).json()
    assert ([one["id"] for one in page["waiting"]], page["next"]) == (grants[6:], None)
    for grant in (grants[0], grants[5], grants[3]):
        opened.time.now += 1
        await opened.review(grant)
    page = await opened.reviewed(first=2)
    assert [one["id"] for one in page["reviewed"]] == [grants[3], grants[5]]
    page = await opened.reviewed(first=2, after=page["next"])
    assert ([one["id"] for one in page["reviewed"]], page["next"]) == ([grants[0], grants[2]], None)


@pytest.mark.parametrize("wrong", [{"first": 0}, {"first": 1_001}, {"after": "x"}, {"after": "1_"}, {"more": 1}])
async def test_a_page_of_another_form_is_none(opened: Emergency, wrong: dict[str, Any]) -> None:
    """400 with what is wanted."""
    response = await opened.waiting(**wrong)
    assert (response.status_code, code_of(response)) == (400, "BAD_REQUEST")
    assert "Give first (1 to 1000) and after" in response.text


async def test_who_opened_it_does_not_review_it(opened: Emergency) -> None:
    """Whatever roles the consumer has: the florist has both. Nor does the employee by another consumer's token."""
    grant = (await opened.break_glass(token=FLORIST)).json()["id"]
    response = await opened.review(grant)
    assert (response.status_code, code_of(response)) == (403, "ROLE_NEEDED")
    other = (await opened.break_glass()).json()["id"]
    for actor in (ASKED["actor"], str(ASKED["actor"]).upper()):
        response = await opened.review(other, {"outcome": "justified", "reference": "R-1", "actor": actor})
        assert (response.status_code, code_of(response)) == (403, "ROLE_NEEDED")
    assert (await opened.review(other)).status_code == 200
    assert [one["id"] for one in (await opened.waiting()).json()["waiting"]] == [grant]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"outcome": "fine", "reference": "R-1", "actor": "dpo-1"},
        {"outcome": "justified"},
        {"outcome": "justified", "reference": "", "actor": "dpo-1"},
        {"outcome": ["justified"], "reference": "R-1", "actor": "dpo-1"},
        {"outcome": "justified", "reference": "R-1", "actor": "dpo-1", "more": 1},
        {"outcome": "justified", "reference": "R-1"},
        {"outcome": "justified", "reference": "R-1", "actor": "Ada Lovelace"},
    ],
)
async def test_a_review_of_another_form_is_none(opened: Emergency, body: Any) -> None:
    """400 with the form that is wanted."""
    grant = (await opened.break_glass()).json()["id"]
    response = await opened.review(grant, body)
    assert (response.status_code, code_of(response)) == (400, "BAD_REQUEST")
    assert (
        'Send {"outcome": "justified", "reference": "...", "actor": "..."}' in response.json()["errors"][0]["message"]
    )


@pytest.mark.parametrize("grant", ["bg_000000000000000000000000", "x", "%2e%2e", "bg_ä"])
async def test_a_grant_that_is_none_is_not_reviewed(opened: Emergency, grant: str) -> None:
    """404, whether its form is that of one or not."""
    await opened.break_glass()
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
    assert (await opened.waiting()).json() == NOTHING


async def test_a_line_of_nonsense_hides_nothing_that_waits(opened: Emergency) -> None:
    """Each is listed itself, as far as it can be read."""
    grant = (await opened.break_glass()).json()["id"]
    (file,) = (opened.folder / "audit").iterdir()
    framed = '{"writer":"x","seq":1,"at":"2027-01-15T08:00:0%s","kind":"break-glass.opened","happened":5,"mac":"%s"}'
    lines = [framed % (zone, "0" * 64) for zone in ("0", "0Z")]
    file.write_text(file.read_text() + "\n".join(lines) + "\n")
    waiting = (await opened.waiting()).json()["waiting"]
    assert (len({one["id"] for one in waiting}), grant in {one["id"] for one in waiting}) == (3, True)
    for one in waiting:
        assert (await opened.review(one["id"])).status_code == 200
    assert (await opened.waiting()).json() == NOTHING


async def test_what_stands_is_made_of_the_records_off_the_event_loop(
    opened: Emergency, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There may be many of them, and nobody else waits for that."""
    grant = (await opened.break_glass()).json()["id"]
    made = list[int]()

    def noting(work: Any) -> Any:
        def noted(*given: Any) -> Any:
            made.append(threading.get_ident())
            return work(*given)

        return noted

    for name in ("standing", "opening_of", "first_review", "outcomes"):
        monkeypatch.setattr(reviewing, name, noting(getattr(reviewing, name)))
    assert (await opened.waiting()).status_code == 200
    assert (await opened.review(grant)).status_code == 200
    assert len((await opened.reviewed())["reviewed"]) == 1
    service = opened.house.gateway._opened()
    assert service.reviewing is not None
    assert [*(await service.reviewing.outcomes({grant}))] == [grant]
    assert await service.reviewing.outcomes(()) == {}
    assert (len(made), threading.get_ident() in made) == (5, False)


async def test_an_audit_that_is_gone_is_told(opened: Emergency) -> None:
    """503: an empty list would say that nothing waits."""
    gone = opened.folder / "elsewhere"
    (opened.folder / "audit").rename(gone)
    response = await opened.waiting()
    gone.rename(opened.folder / "audit")
    assert (response.status_code, code_of(response)) == (503, "AUDIT_UNAVAILABLE")


async def test_what_waits_stays_on_the_list_however_old_it_is(opened: Emergency) -> None:
    """A year on, with everything else that was recorded since."""
    grant = (await opened.break_glass()).json()["id"]
    for _ in range(13):
        opened.time.now += 30 * DAY
        await opened.query(None)
    (waiting,) = (await opened.waiting()).json()["waiting"]
    assert (waiting["id"], waiting["isOverdue"], waiting["brokenAt"]) == (grant, True, "2027-01-15T08:00:00Z")


async def test_what_waits_outlasts_its_record(tmp_path: Path, nothing_else_installed: None) -> None:
    """Records are dropped after three days: of what waits one is written again first, as often as it takes; who-saw
    finds it by the same reference, and its review ends it."""
    async with emergency(tmp_path, audit_days=3) as opened:
        waits = (await opened.break_glass()).json()["id"]
        reviewed = (await opened.break_glass({**ASKED, "customer": {"id": "p2"}})).json()["id"]
        await opened.review(reviewed)
        (first, _) = records(tmp_path, "break-glass.opened")
        before = (await opened.waiting()).json()
        for _ in range(4):
            opened.time.now += 5 * DAY
            await opened.query(None)
            await opened.drop_old()
            assert (await opened.waiting()).json()["waiting"] == [{**before["waiting"][0], "isOverdue": True}]
        assert records(tmp_path, "break-glass.opened") == []
        assert (await opened.reviewed())["reviewed"] == []  # as long as the records are kept, and no longer
        carried = records(tmp_path, "break-glass.carried")[-1]
        assert carried["customer"] == first["customer"]
        assert carried["happened"] == {**first["happened"], "opened_at": "2027-01-15T08:00:00Z"}
        assert verify_audit(tmp_path / "audit", keys_of(tmp_path), tmp_path / "anchors").holds
        assert (await opened.review(waits)).status_code == 200
    async with emergency(tmp_path, opened.time) as later:
        assert (await later.waiting()).json() == NOTHING
        (told,) = (await later.reviewed())["reviewed"]
        assert (told["id"], told["brokenAt"]) == (waits, "2027-01-15T08:00:00Z")


async def test_it_is_written_again_once_though_two_processes_drop(tmp_path: Path, nothing_else_installed: None) -> None:
    """Each finds what the other has written."""
    async with emergency(tmp_path, audit_days=3) as one, emergency(tmp_path, one.time, audit_days=3) as other:
        grant = (await one.break_glass()).json()["id"]
        one.time.now += 5 * DAY
        for each in (one, other):
            await each.query(None)
            await each.drop_old()
        assert [told["id"] for told in (await other.waiting()).json()["waiting"]] == [grant]
        assert len(records(tmp_path, "break-glass.carried")) == 1


async def test_a_review_outlasts_its_record_while_the_opening_is_kept(
    tmp_path: Path, nothing_else_installed: None
) -> None:
    """The process that opened it goes on with its file, the one that reviewed it does not: the opening never comes back
    to the list."""
    async with emergency(tmp_path, audit_days=3) as one:
        grant = (await one.break_glass()).json()["id"]
        async with emergency(tmp_path, one.time) as other:
            assert (await other.review(grant)).status_code == 200
        one.time.now += 5 * DAY
        async with emergency(tmp_path, one.time, audit_days=3) as other:
            await other.drop_old()
            (review,) = records(tmp_path, "break-glass.reviewed")
            assert (review["at"][:10], review["happened"]["at"]) == ("2027-01-20", "2027-01-15T08:00:00Z")
            assert (await other.waiting()).json() == NOTHING
            (told,) = (await other.reviewed())["reviewed"]
            assert told["reviewedAt"] == "2027-01-15T08:00:00Z"

"""`customer-view audit verify`: what holds and what does not, in words, and by its exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.gateway.audit.books import Books, disclosure
from tests.gateway.audit.commands import audit


def test_an_audit_that_holds_is_told_in_a_line(kept: Books) -> None:
    """How much there is, and that anchors cover it."""
    kept.written(disclosure("cus_1"), disclosure("cus_2"))
    ran = audit("verify")
    assert (ran.code, ran.out.splitlines()) == (
        0,
        ["All holds: 4 records, 1 segment, 1 chain.", "Every record is covered by an anchor."],
    )


def test_a_break_is_told_with_its_file_and_line(kept: Books) -> None:
    """As a table for people, and as JSON for programs; the exit code says so too."""
    kept.written(*(disclosure(f"cus_{number}") for number in range(4)))
    (file,) = kept.files
    file.write_bytes(file.read_bytes().replace(b'"T-1"', b'"T-7"', 1))
    ran = audit("verify")
    assert ran.code == 1
    assert file.name in ran.out
    assert "the record was changed" in ran.out
    assert "Not all holds" in ran.out
    told = json.loads(audit("verify", "--json").out)
    assert (told["holds"], told["breaks"]) == (
        False,
        [{"file": str(file), "line": 3, "text": "the record was changed"}],
    )


async def test_what_no_anchor_covers_is_said(kept: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a process that still writes, and where no anchors are given."""
    async with kept.opened() as log:
        log._syncing.settle()
        kept.written()
        await log.record(disclosure("cus_1"))
        assert "1 record stands behind the newest anchors" in audit("verify").out
    monkeypatch.delenv("CUSTOMER_VIEW_AUDIT_ANCHORS")
    assert "No anchors were given" in audit("verify", str(kept.folder)).out
    assert "covered by an anchor" in audit("verify", str(kept.folder), "--anchors", str(kept.anchors)).out


def test_a_torn_end_is_said(kept: Books) -> None:
    """It is what a killed process leaves."""
    kept.written(disclosure("cus_1"))
    (file,) = kept.files
    with file.open("ab") as opened:
        opened.write(b'{"writer":')
    ran = audit("verify")
    assert ran.code == 0
    assert f"{file.name} ends in the middle of a record" in ran.out


@pytest.mark.parametrize("arguments", [["verify"], ["verify", "--json"]])
def test_a_folder_without_records_is_not_said_to_hold(kept: Books, arguments: list[str]) -> None:
    """It may be the wrong one."""
    ran = audit(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert f"got {kept.folder}, in which there are no records" in ran.err


def test_records_that_are_gone_are_missed_where_anchors_tell_of_them(kept: Books) -> None:
    """An empty folder is none to which nothing happened."""
    kept.written(disclosure("cus_1"))
    (file,) = kept.files
    file.unlink()
    ran = audit("verify")
    assert ran.code == 1
    assert "is missing: 3 records were anchored" in ran.out
    assert "covered by an anchor" not in ran.out


def test_of_another_secret_it_is_said_which_one_is_needed(kept: Books, tmp_path: Path) -> None:
    """It is no break: the exit code is one of its own, and the way to mend it is told."""
    kept.written(disclosure("cus_1"))
    (tmp_path / "secrets.txt").write_text(f"1: {'B' * 43}\n")
    ran = audit("verify")
    assert (ran.code, ran.err) == (3, "")
    first, second, third, *_ = ran.out.splitlines()
    assert first == "Not all could be verified: 0 records, 1 segment, 1 chain."
    assert second == (
        f"1 chain is signed by the key {kept.keys.current}, which is not at hand. Whether they were changed cannot be "
        "told."
    )
    assert third.startswith("CUSTOMER_VIEW_SECRET_FILE has 1-")
    assert "covered by an anchor" not in ran.out
    assert json.loads(audit("verify", "--json").out)["otherKeys"] == {kept.keys.current: 1}

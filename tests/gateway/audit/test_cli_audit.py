"""`customer-view audit`: what is told of an audit on the command line."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from adapters.crossref import HkdfSecrets, SourceSystem, SqliteCrossReference
from gateway.audit import AuditKeys
from gateway.secret_file import new_secret_line
from tests.gateway.audit.books import DAY, Books, disclosure
from tests.gateway.cli_project import Ran, run


@pytest.fixture
def kept(books: Books, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Books:
    """Books of which the environment knows, with a cross-reference of two customers."""
    secrets = tmp_path / "secrets.txt"
    secrets.write_text(f"1: {'A' * 43}\n")
    secrets.chmod(0o600)
    books.keys = AuditKeys.of(HkdfSecrets({1: bytes(32)}))
    for name, value in (
        ("SECRET_FILE", secrets),
        ("AUDIT", books.folder),
        ("AUDIT_ANCHORS", books.anchors),
        ("CROSSREF", f"sqlite:///{tmp_path / 'crossref.db'}"),
    ):
        monkeypatch.setenv(f"CUSTOMER_VIEW_{name}", str(value))
    monkeypatch.setenv("COLUMNS", "160")
    return books


def linked(folder: Path, *, merged: bool = False) -> tuple[str, str]:
    """Make a cross-reference of two customers, A and B in the CRM, and return their ids."""

    async def work() -> tuple[str, str]:
        crossref = SqliteCrossReference.open(folder / "crossref.db")
        await crossref.register_source(SourceSystem("crm"), actor="t")
        one, other = [(await crossref.link("crm", key, asserted_by="t")).customer or "" for key in "AB"]
        if merged:
            await crossref.merge(other, one, actor="t")
        await crossref.aclose()
        return one, other

    return asyncio.run(work())


def audit(*arguments: str) -> Ran:
    """Run a command of the audit."""
    return run("audit", *arguments)


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


def test_what_no_anchor_covers_is_said(kept: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a process that still writes, and where no anchors are given."""
    with kept.opened() as log:
        log._syncing.settle()
        kept.written()
        with pytest.raises(StopIteration):
            log.record(disclosure("cus_1")).send(None)
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


@pytest.mark.parametrize(
    ("unset", "arguments", "said"),
    [
        ("SECRET_FILE", ["verify"], "Which secret?"),
        ("AUDIT", ["verify"], "Which audit?"),
        ("", ["verify", "/nowhere"], "which is no folder"),
        ("", ["verify", "--anchors", "/nowhere"], "which is no folder"),
        ("", ["who-saw", "crm", "A", "--since", "soon"], "got a --since that is no time"),
        ("", ["who-saw", "shop", "A"], "got a source that is not registered"),
    ],
)
def test_what_cannot_be_done_is_told(
    kept: Books, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unset: str, arguments: list[str], said: str
) -> None:
    """With what was wanted; nothing is printed besides."""
    linked(tmp_path)
    if unset:
        monkeypatch.delenv(f"CUSTOMER_VIEW_{unset}")
    ran = audit(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


def test_who_saw_what_is_printed_as_a_table(kept: Books, tmp_path: Path) -> None:
    """When, by which view and for what, who, in which case, and what was shown, masked and withheld."""
    anne, _ = linked(tmp_path)
    kept.written(disclosure(anne), disclosure(anne, case="T-2"), apart=DAY)
    ran = audit("who-saw", "crm", "A")
    assert ran.code == 0
    for text in (
        "2026-11-22 12:00:00Z",
        "support-call@3",
        "CustomerCare",
        "agent-desktop",
        "e-17",
        "T-2",
        "shown Customer.segment",
        "masked Customer.name",
        "withheld Customer.accounts",
    ):
        assert text in ran.out
    assert ran.out.index("T-2") < ran.out.index("T-1")
    since = json.loads(audit("who-saw", anne, "--since", "2026-11-23", "--json").out)
    assert [one["situation"]["case"] for one in since] == ["T-2"]
    until = json.loads(audit("who-saw", anne, "--until", "2026-11-23T12:00+01:00", "--json").out)
    assert [one["situation"]["case"] for one in until] == ["T-1"]


def test_merged_ids_are_followed(kept: Books, tmp_path: Path) -> None:
    """Whichever is asked for; which records name the customer by another id is said."""
    anne, ben = linked(tmp_path, merged=True)
    kept.written(disclosure(anne), disclosure(ben))
    for who in ((anne,), (ben,), ("crm", "A"), ("crm", "B")):
        assert len(json.loads(audit("who-saw", *who, "--json").out)) == 2
    assert f"Some records name the customer as {ben}." in audit("who-saw", anne).out


def test_nobody_and_nothing_are_told_apart(kept: Books, tmp_path: Path) -> None:
    """Who is not known, and of whom nothing was seen."""
    anne, _ = linked(tmp_path)
    kept.written()
    ran = audit("who-saw", anne)
    assert (ran.code, ran.out.strip()) == (0, "No record tells of this customer.")
    ran = audit("who-saw", "crm", "Z")
    assert (ran.code, ran.out) == (1, "")
    assert "Nobody is known by that" in ran.err


def test_records_that_are_not_as_written_are_marked(kept: Books, tmp_path: Path) -> None:
    """With what to do about it."""
    anne, _ = linked(tmp_path)
    kept.written(disclosure(anne))
    (file,) = kept.files
    file.write_bytes(file.read_bytes().replace(b'"T-1"', b'"T-9"'))
    ran = audit("who-saw", anne)
    assert "not as it was written" in ran.out
    assert "1 record not as written: run `customer-view audit verify`." in ran.out


def test_another_secret_finds_nobody(kept: Books, tmp_path: Path) -> None:
    """A customer's reference is made with the secret: without it nobody can look for anybody."""
    anne, _ = linked(tmp_path)
    kept.written(disclosure(anne))
    (tmp_path / "secrets.txt").write_text(f"{new_secret_line()}\n")
    assert "No record tells of this customer." in audit("who-saw", anne).out

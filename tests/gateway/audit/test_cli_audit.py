"""`customer-view audit`: what is told of an audit on the command line."""

from __future__ import annotations

import asyncio
import csv
import getpass
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.crossref import HkdfSecrets, SourceSystem, SqliteCrossReference
from gateway.audit import AuditKeys
from gateway.secret_file import new_secret_line
from resolvers.disclosure import Disclosed
from schema.grants import Grant
from schema.verification import Level
from tests.gateway.audit.books import DAY, SHOWN, Books, disclosure
from tests.gateway.audit.commands import audit
from tests.gateway.empty_crossref import make_crossref


def told_of_requests(*arguments: str) -> list[Any]:
    """Return what who-saw tells as JSON, without what was asked by it before."""
    told = json.loads(audit("who-saw", *arguments, "--json").out)
    return [one for one in told if one["kind"] == "request"]


def linked(folder: Path, *, merged: bool = False) -> tuple[str, str]:
    """Make a cross-reference of two customers, A and B in the CRM, and return their ids."""

    async def work() -> tuple[str, str]:
        crossref = SqliteCrossReference.open(make_crossref(folder))
        await crossref.register_source(SourceSystem("crm"), actor="t")
        one, other = [(await crossref.link("crm", key, asserted_by="t")).customer or "" for key in "AB"]
        if merged:
            await crossref.merge(other, one, actor="t")
        await crossref.aclose()
        return one, other

    return asyncio.run(work())


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


@pytest.mark.parametrize("width", [80, 120])
def test_who_saw_what_is_printed_as_a_table(
    kept: Books, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    """When, who, by which view and for what, in which case, and what; no word is cut, also in 80 columns."""
    monkeypatch.setenv("COLUMNS", str(width))
    anne, _ = linked(tmp_path)
    kept.written(disclosure(anne), disclosure(anne, case="T-2"), apart=DAY)
    ran = audit("who-saw", "crm", "A")
    assert ran.code == 0
    assert max(map(len, ran.out.splitlines())) <= width
    for text in (
        "2026-11-22",
        "12:00:00",
        "agent-desktop, e-17",
        "support-call@3",
        "CustomerCare, A6-1-b",
        "T-2, voice",
        "verified V2",
        "shown Customer: segment",
        "masked Customer: name",
        "withheld 1:",
        "VERIFICATION_REQUIRED",
    ):
        assert text in ran.out
    assert ran.out.index("T-2") < ran.out.index("T-1")


def test_records_of_a_time_and_a_view_are_told(kept: Books, tmp_path: Path) -> None:
    """So many as are wanted; a view is named with its version or without."""
    anne, _ = linked(tmp_path)
    newsletter = disclosure(anne, case="T-9", view="newsletter@1")
    kept.written(disclosure(anne), disclosure(anne, case="T-2"), newsletter, apart=DAY)

    def cases(*arguments: str) -> list[str]:
        return [one["situation"]["case"] for one in told_of_requests(anne, *arguments)]

    assert cases("--since", "2026-11-23") == ["T-9", "T-2"]
    assert cases("--until", "2026-11-23T12:00+01:00") == ["T-1"]
    assert cases("--view", "support-call") == cases("--view", "support-call@3") == ["T-2", "T-1"]
    assert cases("--view", "support-call@2") == []
    assert cases("--limit", "2") == ["T-9", "T-2"]
    ran = audit("who-saw", anne, "--limit", "2")
    assert "T-1" not in ran.out
    assert "There are more, which are older: give --until, or a --limit above 2" in ran.out
    assert "There are more" not in audit("who-saw", anne, "--limit", "2", "--view", "support-call").out


@pytest.mark.parametrize("time", ["0001-01-01T00:00+01:00", "9999-12-31T23:59-01:00", "999999-01-01", "P9999999999D"])
@pytest.mark.parametrize("option", ["--since", "--until"])
def test_a_time_of_no_year_is_refused(kept: Books, tmp_path: Path, option: str, time: str) -> None:
    """In words, and nobody is looked up."""
    linked(tmp_path)
    ran = audit("who-saw", "crm", "A", option, time)
    assert (ran.code, ran.out) == (2, "")
    assert f"got a {option} that is no time; wanted a date or a time of the years 1 to 9999" in ran.err


def test_records_that_differ_in_their_time_alone_are_one_row(kept: Books, tmp_path: Path) -> None:
    """Those of a day that follow each other."""
    anne, _ = linked(tmp_path)
    kept.written(*(disclosure(anne) for _ in range(5)), disclosure(anne, case="T-2"), disclosure(anne), apart=60.0)
    out = audit("who-saw", anne).out
    assert out.count("support-call@3") == 3
    assert out.count("5 times") == 1
    assert "since 12:00:00" in out


def test_all_of_it_is_told_as_csv(kept: Books, tmp_path: Path) -> None:
    """A line a record, and no cell that a spreadsheet takes for a formula."""
    anne, _ = linked(tmp_path)
    grant = Grant("bg_1", "fraud-review@1", anne, "fraud-desk", "e-17", "suspected-fraud", "T-9", 0.0)
    opened = [Disclosed(anne, Level.V2, SHOWN, opened=("Customer.segment",))]
    told = replace(disclosure(case="=cmd"), customers=opened, grant=grant)
    kept.written(*(told for _ in range(30)), apart=60.0)
    rows = [*csv.DictReader(audit("who-saw", anne, "--csv").out.splitlines())]
    assert len(rows) == 30
    row = rows[0]
    assert row["at"].startswith("2026-11-22T12:29:00")
    assert [row[name] for name in ("case", "shown", "withheld", "glass", "reason", "opened", "as written")] == [
        "'=cmd",
        "Customer.segment",
        "Customer.accounts (VERIFICATION_REQUIRED+CONSENT_MISSING)",
        "bg_1",
        "suspected-fraud",
        "Customer.segment",
        "yes",
    ]
    assert audit("who-saw", anne, "--csv", "--json").code == 2


async def record_events(kept: Books, *events: tuple[str, dict[str, str]], customer: str) -> None:
    """Write down what happened beside requests."""
    async with kept.opened() as log:
        for kind, happened in events:
            await log.record_event(kind, happened, customer=customer)


def test_a_broken_glass_is_told_with_what_it_has_opened_and_its_review(kept: Books, tmp_path: Path) -> None:
    """Until it was reviewed it is said that it was not; and that it was presented where it has opened nothing."""
    anne, _ = linked(tmp_path)
    grant = Grant("bg_1", "fraud-review@1", anne, "fraud-desk", "e-17", "suspected-fraud", "T-9", 0.0)
    shown = Disclosed(anne, Level.V0, SHOWN, opened=("Customer.segment",), acting_for=("child-3",))
    happened = {
        "grant": "bg_1",
        "view": "fraud-review@1",
        "consumer": "fraud-desk",
        "actor": "e-17",
        "reason": "suspected-fraud",
        "reference": "T-9",
        "until": "2026-11-22T12:30:00Z",
        "review_by": "2026-11-23T12:00:00Z",
    }
    asyncio.run(record_events(kept, ("break-glass.opened", happened), customer=anne))
    kept.at += 60
    kept.written(replace(disclosure(), customers=[shown], grant=grant), replace(disclosure(), grant=grant), apart=60.0)
    out = audit("who-saw", anne).out
    for text in (
        "glass bg_1",
        "reason suspected-fraud, T-9",
        "opened Customer: segment",
        "opened nothing",
        "review not yet",
    ):
        assert text in out
    assert f"acting for {kept.keys.reference('child-3')[:8]}..." in out
    assert "child-3" not in out
    review = {"grant": "bg_1", "consumer": "officer", "actor": "o-1", "outcome": "justified", "reference": "DPO-1"}
    asyncio.run(record_events(kept, ("break-glass.reviewed", review), customer=anne))
    out = audit("who-saw", anne).out
    assert (out.count("review justified"), "not yet" in out) == (3, False)
    told = told_of_requests(anne, "--view", "support-call")
    assert [one["review"]["outcome"] for one in told] == ["justified", "justified"]
    assert [one.get("opened") for one in told] == [None, ["Customer.segment"]]


@pytest.mark.parametrize("form", ["--csv", "--json"])
@pytest.mark.parametrize("requests", [1, 300])
def test_whoever_reads_no_more_of_it_ends_it_quietly(kept: Books, tmp_path: Path, form: str, requests: int) -> None:
    """As a pipe to `head` does: nothing is said of it, and the exit code is that of programs ended by SIGPIPE."""
    anne, _ = linked(tmp_path)
    kept.written(*(disclosure(anne) for _ in range(requests)))
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "gateway.cli", "audit", "who-saw", anne, form]
    ran = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert ran.returncode == 141
    assert ran.stderr.splitlines() == [f"That you asked is recorded in the audit, of cli:{getpass.getuser()}."]


@pytest.mark.parametrize("form", ["--csv", "--json", "--limit=9"])
def test_a_view_of_which_there_is_no_record_is_told_so(kept: Books, tmp_path: Path, form: str) -> None:
    """With the view that is there by a like name: nobody takes a misspelt one for nothing having been seen."""
    anne, ben = linked(tmp_path)
    kept.written(disclosure(anne), disclosure(anne, view="newsletter@1"))
    for wrong, meant in (("suport-call", "support-call"), ("support-call@9", "support-call@3")):
        ran = audit("who-saw", anne, "--view", wrong, form)
        said = f"No record of this customer is of the view {wrong}: did you mean '{meant}'?"
        assert (ran.code, said in ran.err) == (0, True)
        assert "support-call@3" not in ran.out
    other = audit("who-saw", anne, "--view", "xyz", form).err
    assert "of the view xyz: records of this customer are of newsletter@1, support-call@3." in other
    assert "of the view desk: none of them is of any view." in audit("who-saw", ben, "--view", "desk", form).err
    assert "of the view" not in audit("who-saw", anne, "--view", "support-call", form).err


def test_what_was_narrowed_is_said_where_nothing_is_found(kept: Books, tmp_path: Path) -> None:
    """Else it would be taken for nothing at all."""
    anne, _ = linked(tmp_path)
    kept.written(disclosure(anne))
    assert "No record of the view desk tells of this customer." in audit("who-saw", anne, "--view", "desk").out
    assert "No record of this time tells of this customer." in audit("who-saw", anne, "--since", "2099-01-01").out


def test_that_it_was_asked_is_recorded_before_it_is_told(kept: Books, tmp_path: Path) -> None:
    """By which login, on the command line, of whom; the next one is told of it. The chain of it holds."""
    anne, _ = linked(tmp_path)
    ran = audit("who-saw", anne, "--json")
    assert (ran.code, json.loads(ran.out)) == (0, [])
    login = f"cli:{getpass.getuser()}"
    assert ran.err.strip() == f"That you asked is recorded in the audit, of {login}."
    (told,) = json.loads(audit("who-saw", "crm", "A", "--json").out)
    assert (told["kind"], told["consumer"], told["actor"]) == ("who-saw.asked", "command line", login)
    (row, _) = csv.DictReader(audit("who-saw", "crm", "A", "--csv").out.splitlines())
    assert (row["kind"], row["consumer"], row["actor"], row["happened"]) == ("who-saw.asked", "command line", login, "")
    report = kept.verified()
    assert (report.holds, report.chains, report.unanchored) == (True, 3, 0)
    assert audit("who-saw", "crm", "Z").code == 1
    assert sum(b"who-saw.asked" in line for line in kept.lines) == 4


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("copied", "these are not the records that CUSTOMER_VIEW_AUDIT names"),
        ("no anchors", "there is no CUSTOMER_VIEW_AUDIT_ANCHORS"),
        ("anchors gone", "where there is no folder"),
        ("full", "No space left on device"),
    ],
)
def test_where_it_cannot_be_recorded_it_is_said(
    kept: Books, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: str, said: str
) -> None:
    """And told all the same: whoever has the files and the secret could read them by other means."""
    anne, _ = linked(tmp_path)
    kept.written(disclosure(anne))
    before, arguments = len(kept.files), ["who-saw", anne]
    if harm == "copied":
        shutil.copytree(kept.folder, tmp_path / "copy")
        arguments += ["--folder", str(tmp_path / "copy")]
    elif harm == "no anchors":
        monkeypatch.delenv("CUSTOMER_VIEW_AUDIT_ANCHORS")
    elif harm == "anchors gone":
        shutil.rmtree(kept.anchors)
    else:
        monkeypatch.setattr("gateway.audit.files.SystemFiles.write", _full)
    ran = audit(*arguments)
    assert ran.code == 0
    assert ran.err.startswith("That you asked is not recorded: ")
    assert said in ran.err
    assert "support-call@3" in ran.out
    assert len(kept.files) == before


def _full(*_: object) -> int:
    raise OSError(28, "No space left on device")


def test_merged_ids_are_followed(kept: Books, tmp_path: Path) -> None:
    """Whichever is asked for; which records name the customer by another id is said."""
    anne, ben = linked(tmp_path, merged=True)
    kept.written(disclosure(anne), disclosure(ben))
    for who in ((anne,), (ben,), ("crm", "A"), ("crm", "B")):
        assert len(told_of_requests(*who)) == 2
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


def test_another_secret_finds_nobody_and_writes_nothing(kept: Books, tmp_path: Path) -> None:
    """A customer's reference is made with the secret: without it nobody can look for anybody."""
    anne, _ = linked(tmp_path)
    kept.written(disclosure(anne))
    (tmp_path / "secrets.txt").write_text(f"{new_secret_line()}\n")
    ran = audit("who-saw", anne)
    assert (ran.code, ran.out, len(kept.files)) == (2, "", 1)
    assert f"and records by {kept.keys.current}; set CUSTOMER_VIEW_SECRET_FILE" in ran.err


def test_lines_that_cannot_be_read_are_told_with_their_file(kept: Books, tmp_path: Path) -> None:
    """Whoever they were about."""
    anne, ben = linked(tmp_path)
    kept.written(disclosure(anne), disclosure(anne))
    (file,) = kept.files
    file.write_bytes(file.read_bytes().replace(b'"at":', b'"ta":'))
    ran = audit("who-saw", anne)
    assert f"{file.name}: line 3 and 1 other in it cannot be read" in " ".join(ran.out.split())
    assert "No record tells of this customer." in audit("who-saw", ben).out


def test_who_saw_finds_nobody_in_the_records_of_another_tenant(kept: Books, tmp_path: Path) -> None:
    """The tenant is named as the cross-reference's is: nothing is read, or written, by the keys of the wrong one."""
    anne, _ = linked(tmp_path)
    kept.keys = AuditKeys.of(HkdfSecrets({1: bytes(32)}), "north")
    kept.written(disclosure(anne))
    ran = audit("who-saw", anne)
    assert (ran.code, ran.out, len(kept.files)) == (2, "", 1)
    assert "got the tenant default, and records of north; name the tenant by --tenant" in ran.err

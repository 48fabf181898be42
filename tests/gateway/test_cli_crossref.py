"""`customer-view crossref`: looked at and written from the command line, over a real file."""

from __future__ import annotations

import io
import json
import os
import re
import sqlite3
import stat
import sys
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from adapters.crossref import (
    KeyFormat,
    KeyNews,
    Linked,
    Method,
    Restriction,
    Standing,
    StoredCrossReference,
    StoreError,
)
from adapters.crossref.operations.deciding import CandidateStatus
from gateway.cli import app
from gateway.cli.crossref import candidate_commands, write_commands
from gateway.cli.crossref import commands as read_commands
from gateway.secret_file import new_secret_line
from tests.gateway.cli_crossref import CTRL_C, Place, at_terminal, make_place
from tests.gateway.cli_project import Project, make_project, run, spawn

UNKNOWN = "cus_" + "0" * 32


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOGNAME", "anna")
    return make_place(tmp_path)


def listed(place: Place) -> list[dict[str, str]]:
    """The candidates that are open."""
    candidates: list[dict[str, str]] = place.json("candidates", "list")["candidates"]
    return candidates


def commands(group: TyperGroup, *before: str) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for name, command in group.commands.items():
        inside = commands(command, *before, name) if isinstance(command, TyperGroup) else [(*before, name)]
        found += inside
    return found


def all_commands() -> list[tuple[str, ...]]:
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    crossref = group.commands["crossref"]
    assert isinstance(crossref, TyperGroup)
    return commands(crossref)


@pytest.mark.parametrize("words", all_commands(), ids=" ".join)
def test_every_command_explains_itself(words: tuple[str, ...]) -> None:
    """With where the cross-reference is named; a write with who writes and why, and an example or that of its group."""
    ran = run("crossref", *words, "--help")
    assert ran.code == 0
    assert "--crossref" in ran.out
    helped = ran.out + (run("crossref", words[0], "--help").out if len(words) > 1 else "")
    assert f"Example: customer-view crossref {words[0]}" in helped
    assert "Exit codes: 0" in helped


def test_help_says_why_keys_are_not_to_be_arguments() -> None:
    """It is where people look first."""
    said = " ".join(run("crossref", "--help").out.split())
    assert "the shell's history and in the list of processes" in said


def test_help_says_what_becomes_of_an_id_that_nobody_has(place: Place, tmp_path: Path) -> None:
    """It begins a customer, which a slip does too."""
    assert "one that nobody has yet begins a customer" in " ".join(place.run("load", "--help").out.split())
    (tmp_path / "rows.csv").write_text(f"customer,crm\n{UNKNOWN},C-1\n")
    assert place.run("load", str(tmp_path / "rows.csv")).code == 0
    assert place.who("crm", "C-1") == UNKNOWN


def test_words_that_are_offered_are_those_of_the_operations() -> None:
    """They are written out in the commands, so that --help need not load what they are of."""
    text = Path(str(read_commands.__file__)).read_text("utf-8")
    assert all(f'"{form}"' in text for form in KeyFormat)
    text = Path(str(candidate_commands.__file__)).read_text("utf-8")
    assert all(f'"{status}"' in text for status in CandidateStatus)
    text = Path(str(write_commands.__file__)).read_text("utf-8")
    assert all(f'"{method}"' in text for method in Method if method not in ("merge", "split", "import"))


def test_who_is_meant_is_told_with_all_keys(place: Place) -> None:
    """By key, by id, and by an id that was merged."""
    first, second = place.link("crm", "C-1"), place.link("billing", "100 007")
    place.past(lambda crossref: crossref.merge(second.customer, first.customer, actor="anna"))
    shown = place.run("resolve", "billing", "100-007")
    assert shown.code == 0
    assert all(word in shown.out for word in (first.customer, "C-1", "100007"))
    told = place.json("resolve", second.customer)
    keys = {source: [one["key"] for one in keys] for source, keys in told["subject"].pop("keys").items()}
    assert keys == {"billing": ["100007"], "crm": ["C-1"]}
    assert told == {"subject": {"customer": first.customer, "redirected": True, "restrictions": []}, "version": 2}


def test_a_key_is_read_from_standard_input(place: Place) -> None:
    """What stands on a command line can be seen by others."""
    linked = place.link("crm", "C-1")
    assert place.json("resolve", "crm", "-", stdin="C-1\n")["subject"]["customer"] == linked.customer
    assert place.json("resolve", "-", stdin=f"{linked.customer}\r\n")["subject"]["customer"] == linked.customer
    missing = place.run("resolve", "crm", "-", stdin="")
    assert (missing.code, missing.out) == (2, "")
    assert "no line on standard input for the key of crm" in missing.err


def test_nobody_is_told_apart_from_wrong_use(place: Place) -> None:
    """Scripts go by the exit code."""
    for arguments in (("resolve", "crm", "C-9"), ("resolve", UNKNOWN), ("history", UNKNOWN), ("export", UNKNOWN)):
        ran = place.run(*arguments)
        assert (ran.code, ran.out) == (1, "")
        assert "Nobody is known by that" in ran.err


@pytest.mark.parametrize(
    ("time", "code"),
    [
        ("2020-01-01", 1),
        ("2999-01-01T00:00:00", 2),
        ("yesterday", 2),
        ("2026-13-01", 2),
        ("0001-01-01T00:00+14:00", 2),
    ],
)
def test_who_was_meant_at_a_time_is_told(place: Place, time: str, code: int) -> None:
    """One to come, or none at all, is wrong use."""
    place.link("crm", "C-1")
    assert place.run("resolve", "crm", "C-1", "--as-of", time).code == code


def test_a_time_may_name_its_zone(place: Place) -> None:
    """Without one it is in UTC; with one it is that moment, not those digits."""
    place.link("crm", "C-1")
    linked = place.json("history", "crm", "C-1")["entries"][0]["at"]
    just, hours = datetime.fromisoformat(linked), timedelta(hours=5)
    there = just.astimezone(timezone(hours)).isoformat()
    assert place.run("resolve", "crm", "C-1", "--as-of", there).code == 0
    assert place.run("resolve", "crm", "C-1", "--as-of", just.replace(tzinfo=None).isoformat()).code == 0
    earlier = just.replace(tzinfo=timezone(hours)).isoformat()
    assert place.run("resolve", "crm", "C-1", "--as-of", earlier).code == 1
    assert place.json("resolve", "crm", "C-1", "--as-of", there)["version"] is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("cmr", "C-1"), "did you mean 'crm'?"),
        (("warehouse", "C-1"), "wanted one of: billing, crm, one"),
        (("crm",), "got the source crm without a key"),
        (("C-1",), "got what is no id of a customer; wanted one such as cus_"),
        (("C-1", "crm"), "got a source that is not registered"),
        (("billing", "letters"), "got what can be no key of billing, whose keys are digits"),
    ],
    ids=" ".join,
)
def test_a_slip_is_told_apart_from_nobody(place: Place, words: tuple[str, ...], said: str) -> None:
    """By every command that looks up; and what was typed in the wrong place may be a key, so it is not shown."""
    for command in ("resolve", "history", "export"):
        ran = place.run(command, *words)
        assert (ran.code, ran.out) == (2, "")
        assert said in " ".join(ran.err.split())
        assert "C-1" not in ran.err


def test_many_are_resolved_at_once(place: Place, tmp_path: Path) -> None:
    """By keys and ids, each with the number of its line; the exit code says whether all are known."""
    first, second = place.link("crm", "C,1"), place.link("billing", "7")
    (tmp_path / "who.csv").write_text(f'\ufeffcrm,"C,1"\n\nbilling,7\r\n{second.customer}\n', "utf-8")
    ran = place.run("resolve-many", "who.csv")
    assert ran.code == 0
    assert ran.out.splitlines() == [
        f"       1  {first.customer}  crm C,1",
        f"       3  {second.customer}  billing 7",
        f"       4  {second.customer}  billing 7",
    ]
    assert "3 of 3 are known." in ran.err
    piped = place.run("resolve-many", "-", "--json", stdin=f"\ufeffcrm,C-9\n{first.customer}\n")
    assert piped.code == 1
    told = [json.loads(line) for line in piped.out.splitlines()]
    assert [one["line"] for one in told] == [1, 2]
    assert (told[0]["subject"], told[1]["subject"]["keys"]["crm"][0]["key"]) == (None, "C,1")
    assert place.run("resolve-many", "-", "--as-of", "2020-01-01", stdin=first.customer).out.endswith("nobody\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"crm,C-1\ncmr,C-2\n", "line 2: got a source that is not registered; did you mean 'crm'?"),
        (b"crm,C-1,C-2\n", "line 1 has 3 cells"),
        (b"crm,\xff\n", "line 1 is no line of CSV in UTF-8"),
        (b'crm,"C-1\n', "is no line of CSV in UTF-8"),
        (b"crm,C-1\n" + b"C-1" * 10_000, "line 2 has more than 16384 characters"),
        (None, "who.csv cannot be read (FileNotFoundError)"),
    ],
)
def test_a_file_of_who_is_meant_that_is_wrong_is_told(
    place: Place, tmp_path: Path, text: bytes | None, said: str
) -> None:
    """By the number of the line, and never by what stands in it."""
    if text is not None:
        (tmp_path / "who.csv").write_bytes(text)
    ran = place.run("resolve-many", "who.csv")
    assert ran.code == 2
    assert said in ran.err
    assert "C-1" not in ran.err


def test_an_identifier_is_looked_up(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the secrets of the secret file, and alone."""
    secret = tmp_path / "secrets.txt"
    secret.write_text(f"{new_secret_line()}\n")
    monkeypatch.setenv("CUSTOMER_VIEW_SECRET_FILE", str(secret))
    assert place.run("resolve", "--identifier", "email", "-", stdin="anna@example.org\n").code == 1
    assert place.run("resolve-many", "--identifier", "email", "-", stdin="anna@example.org\n").code == 1
    assert place.run("resolve-many", "--identifier", "email", "-", stdin="crm,C-1\n").code == 2
    unlike = place.run("resolve", "--identifier", "email", "-", stdin="anna\n")
    assert (unlike.code, "got what is no email" in unlike.err, "anna" in unlike.err) == (2, True, False)
    wrong = place.run("resolve", "--identifier", "email", "crm", "C-1")
    assert wrong.code == 2
    assert "wanted the identifier alone" in wrong.err


def test_links_are_made_moved_replaced_and_ended(place: Place) -> None:
    """Each write prints where the customer stands, under the login's name."""
    made = place.json("link", "crm", "-", stdin="C-1\n")
    assert made["version"] == 1
    other = place.json("link", "billing", "7", "--method", "deterministic", "--confidence", "0.9")
    moved = place.json("relink", "billing", "-", made["customer"], stdin="7\n")
    assert moved["customer"] == made["customer"]
    replaced = place.run("replace-key", "crm", "-", "-", stdin="C-1\nC-2\n")
    assert replaced.code == 0
    said = rf"{made['customer']}  version 3, event \d+\n  a key of crm was replaced by a new one\n"
    assert re.fullmatch(said, replaced.out)
    assert place.run("unlink", "billing", "7").code == 0
    assert place.who("billing", "7") is None
    told = place.json("history", "crm", "C-2")["entries"]
    assert {entry["actor"] for entry in told} == {"cli:anna"}
    assert [entry["type"] for entry in told] == ["customer.created", "link.moved", "key.replaced", "link.closed"]
    assert place.json("history", other["customer"])["entries"][0]["type"] == "customer.created"


def test_what_comes_with_a_write_is_written(place: Place) -> None:
    """Who and why stand in the history; the same key makes it once, and another version keeps it from being made."""
    given = ("--actor", "ops", "--reason-code", "dup", "--reason-ref", "T-1", "--idempotency-key", "k1")
    first, again = (place.json("link", "crm", "C-1", *given) for _ in range(2))
    assert first == again
    (entry,) = place.json("history", "crm", "C-1")["entries"]
    assert (entry["actor"], entry["reasonCode"], entry["reasonRef"]) == ("ops", "dup", "T-1")
    reused = place.run("link", "crm", "C-2", *given)
    assert reused.code == 2
    assert "IDEMPOTENCY_KEY_REUSED" in reused.err
    late = place.run("unlink", "crm", "C-1", "--expected-version", "7")
    assert (late.code, late.out) == (1, "")
    assert "refused VERSION_MISMATCH" in late.err


def test_a_write_that_had_nothing_to_do_says_so(place: Place) -> None:
    """It is not told by the event of another, as if it were its own."""
    first, second = place.link("crm", "C-1"), place.link("crm", "C-2")
    place.json("link", "billing", "7", first.customer)
    place.json("merge", first.customer, second.customer, "--yes")
    repeated = (
        ("link", "billing", "7", first.customer),
        ("merge", first.customer, second.customer, "--yes"),
    )
    for words in repeated:
        ran = place.run(*words)
        said = r"Nothing to do: it stands so already \(since event \d+ or before\)\.\n"
        assert re.fullmatch(rf"{said}{first.customer}  version 3\n", ran.out), ran.out
    assert place.run("erase", first.customer, "--yes").out.startswith(first.customer)
    assert place.run("erase", first.customer, "--yes").out.startswith("Nothing to do")


def test_a_write_that_could_not_do_what_was_asked_for_says_so(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slip does not look like a thing that was done before; what was done besides is told too."""
    (tmp_path / "secrets").write_text(new_secret_line())
    monkeypatch.setenv("CUSTOMER_VIEW_SECRET_FILE", str(tmp_path / "secrets"))
    person = place.link("crm", "C-1").customer
    blocked = ("identifiers", "note", person, "crm", "email", "noreply@example.org")
    notes = (
        (("lift", person, "gdpr-art-81"), "no restriction of this ground is in force"),
        (
            ("non-match", "clear", "crm", "C-1", "billing", "7"),
            "nobody has asserted that these two keys are never one person's",
        ),
        (blocked, "1 not noted: the rules say it is nobody's"),
    )
    for words, note in notes:
        ran = place.run(*words)
        assert (ran.code, ran.out) == (0, f"Nothing was written: {note}.\n{person}  version 1\n")
        assert place.json(*words)["note"] == note
    ran = place.run(*blocked, "email", "anna@example.org")
    assert "  noted 1 of email as crm shows\n  1 not noted: the rules say it is nobody's\n" in ran.out


def test_nobody_is_merged_with_itself(place: Place) -> None:
    """Whether by its id or by its key; two keys of one customer say that the merge is done."""
    person = place.link("crm", "C-1").customer
    place.json("link", "billing", "7", person)
    for words in ((person, person), ("crm", "C-1", "crm", "C-1")):
        for more in (("--yes",), ("--dry-run",), ()):
            ran = place.run("merge", *words, *more)
            assert (ran.code, ran.out) == (2, "")
            assert "got one customer twice" in ran.err
    done = place.run("merge", "crm", "C-1", "billing", "7", "--yes")
    assert (done.code, done.out.split("(")[0]) == (0, "Nothing to do: it stands so already ")
    told = place.run("merge", "crm", "C-1", "billing", "7", "--dry-run")
    assert (told.code, told.out) == (0, f"They are one already: {person}\n")


def test_a_write_says_what_it_has_done(place: Place) -> None:
    """What was the same several times is told once; under an idempotency key it is told again."""
    first, second = place.link("crm", "C-1"), place.link("crm", "C-2")
    place.json("link", "crm", "C-3", second.customer)
    merged = place.json("merge", first.customer, second.customer, "--yes")
    for _ in range(2):
        undone = place.run("undo-merge", str(merged["seq"]), "--idempotency-key", "k1").out
        apart = f"{second.customer} is apart from {first.customer} again; 2 keys moved back"
        assert f"  the merge of event {merged['seq']}: {apart}\n" in undone
    split = place.run("split", second.customer, "crm", "C-3").out
    assert re.search(rf"\n  1 key moved from {second.customer} to cus_\w+, new\n", split)
    place.run("link", "crm", "C-1", second.customer)
    (candidate,) = listed(place)
    place.json("link", "crm", "C-4", second.customer)
    rejected = place.run("candidates", "reject", candidate["candidateId"], "--non-match").out.splitlines()
    assert rejected[1:] == [
        f"  {candidate['candidateId']} rejected",
        "  a key of crm and one of crm are never one person's (2 times)",
    ]
    assert "\n  1 link erased" in place.run("erase", first.customer, "--yes").out


def test_what_was_written_stands_whether_it_can_be_told_or_not(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reading that fails is no write that failed."""

    async def fail(*_: object, **__: object) -> None:
        raise StoreError("database failed")

    monkeypatch.setattr(StoredCrossReference, "changes", fail)
    ran = place.run("link", "crm", "C-1")
    assert (ran.code, ran.err) == (0, "")
    assert re.fullmatch(r"cus_\w+  version 1, event 4\n", ran.out)


def test_what_can_be_no_id_is_told_before_anything_is_asked(place: Place) -> None:
    """With which of two it is, and how to find the id; it is not shown, for it may be a key."""
    person = place.link("crm", "C-1").customer
    wrong = (
        (("merge", "C-4", person), "as the first"),
        (("merge", person, "C-4"), "as the other"),
        (("link", "crm", "C-9", "C-4"), "as the customer"),
        (("relink", "crm", "C-1", "C-4"), "as the customer"),
        (("split", "C-4", "crm", "C-1"), "as the customer"),
        (("split", person, "crm", "C-1", "--into", "C-4"), "as --into"),
        (("restrict", "C-4", "gdpr-art-18", "*"), "as the customer"),
        (("lift", "C-4", "gdpr-art-18"), "as the customer"),
        (("erase", "C-4"), "as the customer"),
    )
    for words, name in wrong:
        ran = place.run(*words)
        assert (ran.code, ran.out) == (2, "")
        assert f"got what is no id of a customer {name}; wanted one such as cus_" in ran.err
        assert "crossref resolve SOURCE KEY` finds, or where the command takes them a source and its key" in ran.err
        assert "C-4" not in ran.err
    for pair, which in (((UNKNOWN, person), "first id"), ((person, UNKNOWN), "second id")):
        assert f"no customer has the {which}; both have to be known" in place.run("merge", *pair).err


def test_a_conflict_is_told_with_its_candidate(place: Place) -> None:
    """It is no wrong use: a steward decides."""
    place.link("crm", "C-1")
    other = place.link("crm", "C-2")
    ran = place.run("link", "crm", "C-1", other.customer)
    assert (ran.code, ran.out) == (1, "")
    (candidate,) = re.findall(r"cand_[0-9a-f]{32}", ran.err)
    assert "KEY_OWNED_BY_OTHER" in ran.err
    assert [one["candidateId"] for one in listed(place)] == [candidate]


@pytest.mark.parametrize("what", ["link", "merge"])
def test_a_version_is_never_newer_than_what_is_shown(place: Place, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """What is written while it is read: the keys are those of the version or newer, so that nothing is missed by it."""
    first, second = place.link("crm", "C-1"), place.link("crm", "C-2")
    right, done = StoredCrossReference.standing, list[Linked]()

    async def busy(crossref: StoredCrossReference, customer: str) -> Standing | None:
        found = await right(crossref, customer)
        if not done and what == "link":
            done.append(await crossref.link("crm", "C-9", second.customer, asserted_by="feed"))
        elif not done:
            done.append(await crossref.merge(second.customer, first.customer, actor="anna"))
        return found

    monkeypatch.setattr(StoredCrossReference, "standing", busy)
    resolved = place.json("resolve", "crm", "C-2")
    told, keys = resolved["subject"], [one["key"] for one in resolved["subject"]["keys"]["crm"]]
    if what == "link":
        assert (told["customer"], resolved["version"], keys) == (second.customer, 1, ["C-9", "C-2"])
    else:
        assert (told["customer"], resolved["version"], keys) == (first.customer, 2, ["C-1", "C-2"])


def test_a_merge_is_told_first_and_asked_about(place: Place) -> None:
    """No writes nothing, yes merges into the oldest, and the event can be undone."""
    first, second = place.link("crm", "C-1"), place.link("crm", "C-2")
    asked = place.run("merge", second.customer, first.customer, stdin="n\n")
    assert asked.code == 1
    assert "keys of crm that would move" in asked.err
    assert place.run("merge", second.customer, first.customer, stdin="").code == 2
    assert place.who("crm", "C-2") == second.customer
    done = place.run("merge", second.customer, first.customer, "--json", stdin="y\n")
    assert done.code == 0
    merged = json.loads(done.out.partition("y\n")[2])  # the answer is shown as it would be typed
    assert merged["customer"] == first.customer == place.who("crm", "C-2")
    undone = place.json("undo-merge", str(merged["seq"]))
    assert undone["customer"] == second.customer == place.who("crm", "C-2")


@pytest.mark.parametrize("which", [0, 1])
def test_a_merge_is_of_what_was_shown(place: Place, monkeypatch: pytest.MonkeyPatch, which: int) -> None:
    """What either of them gets while the question stands is not merged unseen; a repeated write stays what it was."""
    first, second = pair = place.link("crm", "C-1"), place.link("crm", "C-2")

    def answer(*_: object, **__: object) -> bool:
        place.link("crm", "C-3", pair[which].customer)
        return True

    monkeypatch.setattr("typer.confirm", answer)
    late = place.run("merge", first.customer, second.customer)
    assert (late.code, "VERSION_MISMATCH" in late.err, pair[which].customer in late.err) == (1, True, True)
    for _ in range(2):
        done = place.run("merge", first.customer, second.customer, "--idempotency-key", "k1", "--json")
        assert json.loads(done.out)["version"] == 3


def test_a_merge_can_expect_both_versions(place: Place) -> None:
    """As a dry run tells them; a candidate is accepted so too."""
    first, second = place.link("crm", "C-1"), place.link("crm", "C-2")
    place.run("link", "crm", "C-1", second.customer)
    (candidate,) = listed(place)
    told = place.json("merge", first.customer, second.customer, "--dry-run")
    assert (told["version"], told["loserVersion"]) == (1, 1)
    place.link("crm", "C-3", second.customer)
    expected = ("--yes", "--expected-version", "1", "--expected-loser-version")
    for command in (("merge", first.customer, second.customer), ("candidates", "accept", candidate["candidateId"])):
        late = place.run(*command, *expected, "1")
        assert (late.code, f"(customer {second.customer})" in late.err) == (1, True)
    assert place.run("candidates", "accept", candidate["candidateId"], *expected, "2").code == 0


def test_a_merge_can_be_tried(place: Place) -> None:
    """A dry run writes nothing, and its exit code says whether it could be."""
    first, second, third = (place.link("one", f"X-{number}") for number in range(3))
    told = place.run("merge", first.customer, second.customer, "--dry-run", "--json")
    assert told.code == 1
    preview = json.loads(told.out)
    assert (preview["loser"], preview["survivor"]) == (second.customer, first.customer)
    assert [one["code"] for one in preview["conflicts"]] == ["LIMIT_EXCEEDED"]
    tried = place.run("merge", first.customer, second.customer, "--dry-run").out
    assert "against it LIMIT_EXCEEDED of one\nWith --force" in tried
    forced = place.run("merge", first.customer, second.customer, "--dry-run", "--force")
    assert (forced.code, "forced LIMIT_EXCEEDED of one" in forced.out) == (0, True)
    assert place.run("merge", first.customer, second.customer).code == 1
    assert place.who("one", "X-1") == second.customer
    chosen = place.json("merge", first.customer, third.customer, "--into", third.customer, "--force", "--yes")
    assert chosen["customer"] == third.customer
    assert "They are one already" in place.run("merge", first.customer, third.customer).err
    assert place.run("merge", first.customer, third.customer, "--into", second.customer).code == 2


def test_keys_are_split_off(place: Place) -> None:
    """As pairs of a source and a key."""
    person = place.link("crm", "C-1")
    place.link("billing", "7", person.customer)
    split = place.json("split", person.customer, "billing", "-", stdin="7\n")
    assert split["customer"] == place.who("billing", "7") != person.customer
    assert place.run("split", person.customer, "billing").code == 2
    empty = place.run("split", person.customer, "crm", "C-1")
    assert (empty.code, "SPLIT_EMPTY" in empty.err) == (2, True)


def test_restrictions_are_made_and_lifted(place: Place) -> None:
    """They stand with who is meant."""
    person = place.link("crm", "C-1")
    place.json("restrict", person.customer, "gdpr-art-18", "Customer.email", "Customer.name")
    restricted = {"ground": "gdpr-art-18", "coordinates": ["Customer.email", "Customer.name"]}
    assert place.json("resolve", "crm", "C-1")["subject"]["restrictions"] == [restricted]
    assert "restricted gdpr-art-18: Customer.email, Customer.name" in place.run("resolve", "crm", "C-1").out
    place.json("lift", person.customer, "gdpr-art-18")
    assert place.json("resolve", "crm", "C-1")["subject"]["restrictions"] == []
    assert place.run("restrict", person.customer, "because she asked", "Customer.email").code == 2


def test_a_misspelt_coordinate_is_refused_where_the_model_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Taken, it hides the whole customer: without a model it is, and that is said."""
    made = make_project(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    there = make_place(tmp_path)
    asked = ("crossref", "restrict", there.link("crm", "C-1").customer, "gdpr-art-18")
    refused = run(*asked, "Customer.name", "Customer.segmnet", "--app", made.app)
    assert (refused.code, there.json("resolve", "crm", "C-1")["subject"]["restrictions"]) == (2, [])
    said = "coordinate 2 is none that the model has: did you mean 'Customer.segment'? Correct it; nothing was written"
    assert said in refused.err
    assert run(*asked, "Customer.segment", "*", "--app", made.app).err == ""
    known = ("--crossref", f"sqlite:///{there.path}")
    assert "Warning: whether there are such coordinates was not verified" in run(*asked, "Customer.x", *known).err
    assert run(*asked, "*", *known).err == ""


def test_an_erasure_wants_the_id_twice(place: Place) -> None:
    """Nothing brings it back, so what goes is told first: all, where the id was merged."""
    person, other = place.link("crm", "C-1"), place.link("billing", "7")
    place.past(lambda crossref: crossref.merge(other.customer, person.customer, actor="anna"))
    wrong = place.run("erase", other.customer, stdin="cus_1\n")
    assert wrong.code == 1
    assert "nothing was erased" in wrong.err
    assert f"was merged into {person.customer}: all of it would be erased" in wrong.err
    assert all(f"keys of {source}" in wrong.err for source in ("crm", "billing"))
    assert "Erase at the sources first" in wrong.err
    unanswered = place.run("erase", person.customer, stdin="")
    assert (unanswered.code, "--yes" in unanswered.err) == (2, True)
    assert place.who("crm", "C-1") == person.customer
    assert place.run("erase", person.customer, stdin=f"{person.customer}\n").code == 0
    assert place.who("crm", "C-1") is None
    assert place.run("erase", person.customer).code == 0
    scripted = place.run("erase", place.link("crm", "C-1").customer, "--yes")
    assert (scripted.code, "Erase at the sources first" in scripted.err) == (0, True)
    unknown = place.run("erase", UNKNOWN)
    assert (unknown.code, "CUSTOMER_UNKNOWN" in unknown.err) == (2, True)


def test_an_erasure_is_of_what_was_shown(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A customer that is merged into it while the id is typed is another person's, perhaps."""
    person = place.link("crm", "C-1")

    def answer(*_: object, **__: object) -> str:
        place.link("crm", "C-2", person.customer)
        return person.customer

    monkeypatch.setattr("typer.prompt", answer)
    late = place.run("erase", person.customer)
    assert (late.code, "VERSION_MISMATCH" in late.err) == (1, True)
    assert place.who("crm", "C-2") == person.customer


def test_non_matches_are_added_and_cleared(place: Place) -> None:
    """They stand against a link, and then do not."""
    person = place.link("crm", "C-1")
    place.json("non-match", "add", "crm", "-", "billing", "-", stdin="C-1\n7\n")
    refused = place.run("link", "billing", "7", person.customer)
    assert (refused.code, "NON_MATCH_ASSERTED" in refused.err) == (1, True)
    place.json("non-match", "clear", "crm", "C-1", "billing", "7")
    assert place.run("link", "billing", "7", person.customer).code == 0
    assert "no customer" in place.run("non-match", "add", "crm", "new", "billing", "8").out


def conflict_of(place: Place) -> tuple[str, Linked, Linked]:
    """Make a candidate of two customers."""
    first, second = place.link("crm", "C-1"), place.link("crm", "C-2")
    place.run("link", "crm", "C-2", first.customer)
    (candidate,) = listed(place)
    return candidate["candidateId"], first, second


def test_candidates_are_shown_side_by_side_and_accepted(place: Place) -> None:
    """With sources, codes and counts, and no key; accepting is asked about as a merge is."""
    candidate, first, second = conflict_of(place)
    listed = place.run("candidates", "list")
    shown = place.run("candidates", "show", candidate)
    assert listed.out.splitlines()[0] == f"{candidate}  KEY_OWNED_BY_OTHER of crm"
    assert "There may be more: --after 6" in place.run("candidates", "list", "--limit", "1").out
    assert re.search(r"keys of crm +│ 1, since \d{4}-\d\d-\d\d by feed", shown.out)
    assert "(manual)" in shown.out
    assert all(one.customer in listed.out and one.customer in shown.out for one in (first, second))
    assert "KEY_OWNED_BY_OTHER" in shown.out
    assert "keys of crm" in shown.out
    assert "C-1" not in shown.out + listed.out
    assert place.run("candidates", "accept", candidate, stdin="n\n").code == 1
    assert place.run("candidates", "accept", candidate, stdin="y\n").code == 0
    assert place.who("crm", "C-2") == first.customer
    told = place.json("candidates", "show", candidate)
    assert told["status"] == "accepted"
    assert [[link["source"] for link in one["links"]] for one in told["outlines"]] == [["crm", "crm"]] * 2
    assert "accepted by cli:anna" in place.run("candidates", "show", candidate).out
    assert place.run("candidates", "accept", candidate).code == 0
    assert second.customer != first.customer


def test_candidates_are_rejected_for_good(place: Place) -> None:
    """With --non-match the question does not come again."""
    candidate, first, second = conflict_of(place)
    place.json("candidates", "reject", candidate, "--non-match")
    assert place.json("candidates", "list") == {"candidates": [], "next": None}
    assert place.run("merge", first.customer, second.customer, "--yes").code == 1
    assert "No candidate is superseded." in place.run("candidates", "list", "--status", "superseded").out
    wrong = place.run("candidates", "accept", candidate)
    assert (wrong.code, "CANDIDATE_DECIDED" in wrong.err) == (2, True)


def test_what_a_source_says_of_a_key_is_decided(place: Place) -> None:
    """It is asked about in its own words; one for whom nobody is known any more is shown all the same."""
    person = place.link("crm", "C-1")
    link_id = place.past(lambda crossref: crossref.outline(person.customer)).links[0].link_id  # type: ignore[union-attr]
    place.past(lambda crossref: crossref.hear([KeyNews(link_id, "C-2")], actor="crm"))
    (candidate,) = listed(place)
    asked = place.run("candidates", "accept", candidate["candidateId"], stdin="n\n")
    assert (asked.code, "Put the new key in its place?" in asked.err) == (1, True)
    assert place.run("candidates", "accept", candidate["candidateId"], stdin="y\n").code == 0
    assert place.who("crm", "C-2") == person.customer


def test_a_candidate_of_one_customer_cannot_be_accepted(place: Place) -> None:
    """And one whose customer has lost its keys is shown without."""
    person = place.link("one", "X-1")
    assert place.run("link", "one", "X-2", person.customer).code == 1
    (candidate,) = listed(place)
    wrong = place.run("candidates", "accept", candidate["candidateId"])
    assert (wrong.code, "CANDIDATE_ONE_SIDED" in wrong.err) == (2, True)
    assert re.search("keys of one +│ 1, since", place.run("candidates", "show", candidate["candidateId"]).out)
    first, second = place.link("crm", "C-1"), place.link("billing", "7")
    place.run("link", "billing", "7", first.customer)
    shown = place.run("candidates", "show", listed(place)[1]["candidateId"]).out
    assert re.search("keys of billing +│ none", shown)
    assert second.customer in shown


def test_a_candidate_that_is_none_is_wrong_use(place: Place) -> None:
    """The message says where to find them."""
    assert "candidates list" in place.run("candidates", "show", "cand_1").err
    for words in (("show",), ("accept",), ("accept", "--yes"), ("reject",)):
        assert place.run("candidates", words[0], "cand_1", *words[1:]).code == 2


def test_a_history_is_a_timeline_without_keys(place: Place) -> None:
    """Days apart, each event with who did it and why."""
    person = place.link("crm", "SECRET-KEY")
    place.json("restrict", person.customer, "gdpr-art-18", "*", "--reason-ref", "T-17")
    shown = place.run("history", "crm", "SECRET-KEY").out
    assert re.match(r"\d{4}-\d\d-\d\d\n  \d\d:\d\d:\d\d  ●  customer.created  event 4\n", shown)
    assert "│  1 key of crm linked\n" in shown
    assert "by cli:anna for T-17" in shown
    assert "restricted for gdpr-art-18 (*)" in shown
    assert "SECRET-KEY" not in shown
    assert len(place.json("history", person.customer, "--after", "4")["entries"]) == 1
    later = place.run("history", person.customer, "--after", "99")
    assert (later.code, "Nothing has happened since." in later.out) == (0, True)


def test_a_long_history_is_whole(place: Place) -> None:
    """It is read page by page."""
    person = place.link("crm", "C-1")

    async def live(crossref: StoredCrossReference) -> None:
        for number in range(1005):
            await crossref.restrict(person.customer, Restriction(f"ground-{number}", frozenset("*")), actor="feed")

    place.past(live)
    told = place.json("history", person.customer)["entries"]
    assert [entry["seq"] for entry in told] == list(range(4, 4 + 1006))
    assert len(place.json("history", person.customer, "--after", "9")["entries"]) == 1000


def test_a_history_says_how_a_merge_is_undone(place: Place) -> None:
    """As long as it can be."""
    first, second = place.link("crm", "C-1"), place.link("crm", "C-2")
    merged = place.past(lambda crossref: crossref.merge(second.customer, first.customer, actor="anna"))
    assert f"crossref undo-merge {merged.seq}`" in place.run("history", first.customer).out
    place.json("undo-merge", str(merged.seq))
    assert "undo-merge" not in place.run("history", first.customer).out


def test_a_merge_that_leads_elsewhere_now_is_not_offered_to_be_undone(place: Place) -> None:
    """Its loser was merged into somebody else since; in the history of that one the later merge is offered."""
    first, second, third = (place.link("crm", f"C-{number}").customer for number in range(3))
    for survivor in (first, third):
        merged = place.json("merge", second, survivor, "--into", survivor, "--yes")
        if survivor == first:
            place.json("undo-merge", str(merged["seq"]))
    assert "undo-merge" not in place.run("history", first).out
    assert f"crossref undo-merge {merged['seq']}`" in place.run("history", third).out
    assert "undo-merge" not in place.run("history", first, "--after", "7").out
    place.json("erase", third, "--yes")
    assert "undo-merge" not in place.run("history", third).out


def test_an_export_is_a_file_for_its_owner_alone(place: Place, tmp_path: Path) -> None:
    """It holds the keys, and never takes the place of another file."""
    person = place.link("crm", "C-1")
    done = place.run("export", "crm", "C-1")
    file = tmp_path / f"{person.customer}.json"
    assert done.code == 0
    assert "C-1" not in done.out
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    told = json.loads(file.read_text())
    assert [link["key"] for link in told["links"]] == ["C-1"]
    assert told["customer"] == person.customer
    again = place.run("export", "crm", "C-1")
    assert (again.code, "is there already" in again.err) == (2, True)
    assert place.run("export", person.customer, "--out", "other.json").code == 0
    assert place.run("export", person.customer, "--out", "no/such/folder.json").code == 2
    piped = place.run("export", person.customer, "--out", "-")
    assert json.loads(piped.out)["links"] == told["links"]


def test_an_export_that_is_not_whole_says_so(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """With where the rest is; a pipe gets the export alone."""
    person = place.link("crm", "C-1")
    place.link("crm", "C-2", person.customer)
    monkeypatch.setattr("adapters.crossref.past.exporting._MOST_ENTRIES", 1)
    ran = place.run("export", person.customer, "--out", "-")
    assert json.loads(ran.out)["isWhole"] is False
    assert "crossref history --json" in ran.err


def test_half_an_export_is_not_left(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would look like a whole one."""
    person = place.link("crm", "C-1")

    class Full(io.StringIO):
        def write(self, _: str) -> int:
            raise OSError

    def opened(made: int, *_: object, **__: object) -> Full:
        os.close(made)
        return Full()

    monkeypatch.setattr("gateway.cli.crossref.exporting.os.fdopen", opened)
    ran = place.run("export", person.customer)
    assert (ran.code, "cannot be written (OSError)" in ran.err) == (2, True)
    assert not [*tmp_path.glob("cus_*")]


def test_changes_are_told_line_by_line(place: Place) -> None:
    """For people and for programs."""
    person = place.link("crm", "C-1")
    lines = place.run("changes", "--after", "3").out.splitlines()
    assert len(lines) == 1
    assert re.fullmatch(
        rf"\s+4  \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\dZ  customer.created\s+{person.customer} 1 key of crm linked", lines[0]
    )
    told = [json.loads(line) for line in place.run("changes", "--json").out.splitlines()]
    assert [one["seq"] for one in told] == [1, 2, 3, 4]
    assert place.run("changes", "--after", "99").code == 2


@pytest.mark.processes
def test_changes_are_followed_until_ctrl_c(place: Place, tmp_path: Path) -> None:
    """In a process of its own: each line comes when it has happened."""
    arguments = ("crossref", "changes", "--follow", "--json", "--crossref", f"sqlite:///{place.path}")
    process = spawn(*arguments, folder=tmp_path)
    assert process.stdout is not None
    seen = [json.loads(process.stdout.readline())["seq"] for _ in range(3)]
    place.link("crm", "C-1")
    assert [*seen, json.loads(process.stdout.readline())["seq"]] == [1, 2, 3, 4]
    process.send_signal(2)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")


@pytest.mark.processes
def test_a_pipe_that_nobody_reads_ends_it(place: Place, tmp_path: Path) -> None:
    """Without a traceback, as `| head` does."""
    place.past(lambda crossref: crossref.load(((None, {"crm": [f"C-{n}"]}) for n in range(500)), actor="feed"))
    process = spawn("crossref", "changes", "--json", "--crossref", f"sqlite:///{place.path}", folder=tmp_path)
    assert process.stdout is not None
    assert process.stderr is not None
    assert json.loads(process.stdout.readline())["seq"] == 1
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    process.wait(timeout=30)


@pytest.mark.processes
def test_ctrl_c_at_a_question_does_nothing(place: Place, tmp_path: Path) -> None:
    """At a real terminal."""
    person = place.link("crm", "C-1")
    code, shown = at_terminal(
        tmp_path, place, "erase", person.customer, when="Type the id again:", keys=CTRL_C, again=True
    )
    assert code == 130
    assert "keys of crm" in shown
    assert "Traceback" not in shown
    assert place.who("crm", "C-1") == person.customer


@pytest.mark.processes
def test_a_key_is_asked_for_at_a_terminal(place: Place, tmp_path: Path) -> None:
    """Where it is given as -."""
    person = place.link("crm", "C-1")
    code, shown = at_terminal(tmp_path, place, "resolve", "crm", "-", when="the key of crm:", keys=b"C-1\n")
    assert code == 0
    assert person.customer in shown


@pytest.mark.processes
def test_ctrl_c_stops_a_verification(place: Place, tmp_path: Path) -> None:
    """Though a thread is reading: its end is not waited for."""
    place.past(lambda crossref: crossref.load(((None, {"crm": [f"C-{n}"]}) for n in range(30_000)), actor="feed"))
    code, shown = at_terminal(tmp_path, place, "verify", when="Verifying events", keys=CTRL_C)
    assert code == 130
    assert "All holds" not in shown
    assert "Traceback" not in shown


def test_sources_are_registered_and_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Registering makes the cross-reference where there is none."""
    place = Place(tmp_path / "new.db")
    assert place.run("register", "billing", "--format", "digits", "--max-live", "2", "--priority", "7").code == 0
    billing = {"name": "billing", "keyFormat": "digits", "keyMode": "plain", "maxLive": 2, "priority": 7}
    assert place.json("sources") == {"sources": [billing]}
    assert place.json("register", "billing") == {**billing, "overLimit": 0}
    assert "digits" in place.run("sources").out
    kept = place.run("register", "billing", "--priority", "8")
    assert kept.out == "billing is registered: digits keys, kept plain, at most 2 for each customer, priority 8.\n"
    assert "any number for each" in place.run("register", "billing", "--max-live", "0").out
    alike = place.run("register", "Billing")
    assert (alike.code, "Billing is another source than billing" in alike.err) == (0, True)
    assert place.run("register", "mailing").err == ""
    fixed = place.run("register", "billing", "--format", "uuid")
    assert (fixed.code, "SOURCE_FIXED" in fixed.err) == (2, True)
    assert place.run("register", "billing", "--max-live", "2", "--priority", "7").code == 0
    sealed = place.run("register", "mail", "--sealed")
    assert (sealed.code, "CUSTOMER_VIEW_SECRET_FILE" in sealed.err) == (2, True)
    secret = tmp_path / "secrets.txt"
    secret.write_text(f"{new_secret_line()}\n")
    monkeypatch.setenv("CUSTOMER_VIEW_SECRET_FILE", str(secret))
    assert place.run("register", "mail", "--sealed").code == 0
    assert {one["name"] for one in place.json("sources")["sources"] if one["keyMode"] == "sealed"} == {"mail"}


def test_all_that_holds_is_verified(place: Place) -> None:
    """And a row that somebody has changed is told, with exit code 1."""
    place.link("crm", "C-1")
    fine = place.run("verify")
    assert fine.code == 0
    assert re.match(r"All holds: 4 events, 1 commitment, \d+ rows\.", fine.out)
    with closing(sqlite3.connect(place.path)) as connection:
        connection.execute("UPDATE link SET asserted_by = 'mallory'")
        connection.commit()
    wrong = place.run("verify")
    assert wrong.code == 1
    assert "Not all holds" in wrong.out
    told = json.loads(place.run("verify", "--json").out)
    assert (told["holds"], len(told["problems"])) == (False, 1)
    assert told["problems"][0]["rowId"].startswith("lnk_")
    place.past(lambda crossref: crossref.load(((None, {"crm": [f"M-{n}"]}) for n in range(120)), actor="feed"))
    with closing(sqlite3.connect(place.path)) as connection:
        connection.execute("UPDATE link SET asserted_by = 'mallory'")
        connection.commit()
    assert "These are the first 100; there may be more." in place.run("verify").out


def test_the_cross_reference_is_that_of_a_setting_or_of_an_application(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is named comes before what is set; with none of them the message says what to give."""
    nothing = run("crossref", "sources")
    assert nothing.code == 2
    assert "Which cross-reference? give --crossref, --app, or set CUSTOMER_VIEW_CROSSREF" in nothing.err
    monkeypatch.setenv("CUSTOMER_VIEW_CROSSREF", f"sqlite:///{place.path}")
    assert len(json.loads(run("crossref", "sources", "--json").out)["sources"]) == 3
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(project)
    made: Project = make_project(project)
    assert "No source is registered" in run("crossref", "sources", "--app", made.app).out
    made.edit(f"{made.module}.py", 'crossref="sqlite:///crossref.db"', "crossref=object()")
    other = made.module + "_other"
    (project / f"{made.module}.py").rename(project / f"{other}.py")
    opened = run("crossref", "sources", "--app", f"{other}:gateway")
    assert (opened.code, "that it opens itself" in opened.err) == (2, True)


def test_a_tenant_has_its_own(place: Place) -> None:
    """What is another tenant's is not told; one of which nothing is registered is a slip."""
    place.link("crm", "C-1")
    slip = place.run("resolve", "crm", "C-1", "--tenant", "other")
    assert (slip.code, "got a tenant of whom nothing is here; correct its name, or begin" in slip.err) == (2, True)
    with closing(sqlite3.connect(place.path)) as database:
        assert database.execute("SELECT tenant_id FROM tenant").fetchall() == [("default",)]
    assert place.run("register", "crm", "--tenant", "other").code == 0
    assert place.run("resolve", "crm", "C-1", "--tenant", "other").code == 1


def test_identifiers_are_noted_and_forgotten(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As pairs of a type and a value, which is shown by nothing; digests follow the versions of the secret."""
    secret = tmp_path / "secrets.txt"
    secret.write_text(f"{new_secret_line()}\n")
    monkeypatch.setenv("CUSTOMER_VIEW_SECRET_FILE", str(secret))
    person = place.link("crm", "C-1")
    given = ("identifiers", "note", person.customer, "crm", "email", "-", "phone", "-", "--country", "DE")
    noted = place.json(*given, stdin="anna@example.org\n0171 2345678\n")
    assert noted["customer"] == person.customer
    found = place.json("resolve", "--identifier", "phone", "-", stdin="+49 171 2345678\n")
    assert found["subject"]["customer"] == person.customer
    assert "noted 1 of email, 1 of phone as crm shows" in place.run("history", person.customer).out
    place.json("identifiers", "forget", person.customer, "phone", "-", "--country", "DE", stdin="0171 2345678\n")
    assert place.run("resolve", "--identifier", "phone", "+49 171 2345678").code == 1
    secret.write_text(f"{secret.read_text()}{new_secret_line(2)}\n")
    assert place.run("identifiers", "wrap", "1").out == "1 digest of version 1 wrapped.\n"
    assert place.run("identifiers", "retire", "1", stdin="n\n").code == 1
    assert place.run("resolve", "--identifier", "email", "anna@example.org").code == 0
    assert place.run("identifiers", "retire", "1", "--yes").out == "1 identifier of version 1 forgotten.\n"
    assert place.run("resolve", "--identifier", "email", "anna@example.org").code == 1
    assert place.run("identifiers", "retire", "2", "--yes").code == 2
    assert place.run("identifiers", "forget", person.customer, "all", "--source", "crm").code == 0


def test_what_the_rules_block_is_not_noted(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are in the file that the gateway reads too."""
    (tmp_path / "secrets").write_text(new_secret_line())
    (tmp_path / "rules.yaml").write_text("blocked: {email: ['@shop.example']}")
    monkeypatch.setenv("CUSTOMER_VIEW_SECRET_FILE", str(tmp_path / "secrets"))
    monkeypatch.setenv("CUSTOMER_VIEW_IDENTIFIER_RULES", str(tmp_path / "rules.yaml"))
    person = place.link("crm", "C-1")
    for email in ("anna@shop.example", "anna@example.org"):
        assert place.run("identifiers", "note", person.customer, "crm", "email", email).code == 0
    assert place.run("resolve", "anna@example.org", "--identifier", "email").code == 0
    assert place.run("resolve", "anna@shop.example", "--identifier", "email").code == 1


def test_identifiers_that_cannot_be_are_told(place: Place) -> None:
    """Never by what was given: it may stand in another's place."""
    person = place.link("crm", "C-1")
    for words in (("email", "anna"), ("anna@example.org", "email"), ("email",), ("all",)):
        ran = place.run("identifiers", "note", person.customer, "crm", *words)
        assert (ran.code, ran.out) == (2, "")
        assert "anna" not in ran.err


@pytest.mark.parametrize(
    ("revision", "said"),
    [
        ("0002", "bring them up to date with `customer-view crossref upgrade`"),
        ("0999", "use the release that wrote them, or newer"),
    ],
)
def test_tables_of_another_release_are_told(place: Place, revision: str, said: str) -> None:
    """With what is to be done about it."""
    with closing(sqlite3.connect(place.path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
        connection.commit()
    ran = place.run("sources")
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


def test_tables_are_brought_up_to_date(place: Place, tmp_path: Path) -> None:
    """Also those of an empty file; a path that is wrong makes none."""
    (tmp_path / "empty.db").touch()
    empty = Place(tmp_path / "empty.db")
    assert "got no tables" in empty.run("sources").err
    assert empty.run("upgrade").out == "The tables are those of this release.\n"
    assert empty.json("sources") == {"sources": []}
    assert place.run("upgrade").code == 0
    assert Place(tmp_path / "none.db").run("upgrade").code == 2


@pytest.mark.parametrize("content", [b"hello", b""], ids=["a text", "a folder"])
def test_what_is_no_cross_reference_is_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    """By every command that makes or changes tables, too."""
    file = tmp_path / "notes"
    file.write_bytes(content) if content else file.mkdir()
    for words in (("sources",), ("register", "crm"), ("upgrade",), ("load", str(file))):
        ran = Place(file).run(*words)
        assert (ran.code, ran.out) == (2, "")
        assert "correct the path (it was left as it is)" in ran.err
    assert file.is_dir() or file.read_bytes() == content


def test_a_database_that_is_down_is_told() -> None:
    """Without its URL, which may hold a password."""
    ran = run("crossref", "sources", "--crossref", "postgresql://anna:s3cr3t@127.0.0.1:9/x")
    assert (ran.code, "cannot be reached" in ran.err, "s3cr3t" in ran.err) == (2, True, False)


def test_a_file_that_is_not_there_is_not_made_by_a_look(tmp_path: Path) -> None:
    """A wrong path would be an empty cross-reference, in which everybody is unknown."""
    ran = Place(tmp_path / "none.db").run("resolve", "crm", "C-1")
    assert (ran.code, ran.out) == (2, "")
    assert "There is no file" in ran.err
    assert not (tmp_path / "none.db").exists()


def test_a_url_that_cannot_be_is_not_shown(place: Place) -> None:
    """It may hold a password."""
    ran = run("crossref", "sources", "--crossref", "mysql://anna:s3cr3t@db/x")
    assert ran.code == 2
    assert "s3cr3t" not in ran.err


def test_a_login_without_a_name_has_to_say_who_writes(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container's user may have none."""

    def nobody() -> str:
        raise KeyError

    monkeypatch.setattr("getpass.getuser", nobody)
    ran = place.run("link", "crm", "C-1")
    assert (ran.code, "--actor" in ran.err) == (2, True)
    assert place.run("link", "crm", "C-1", "--actor", "ops").code == 0


def test_no_key_is_in_a_message(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages end up in logs of jobs."""
    key = "anna@example.org"
    first, second = place.link("crm", key), place.link("crm", "C-2")
    place.link("one", "X-1", first.customer)
    said = [
        place.run("link", "crm", key, second.customer),
        place.run("unlink", "crm", f"no-{key}"),
        place.run("unlink", "nowhere", key),
        place.run("link", "one", key, first.customer),
        place.run("split", first.customer, "crm", key, "one", "X-1"),
        place.run("merge", key, first.customer, "--yes"),
        place.run("erase", key, "--yes"),
        place.run("non-match", "add", "crm", key, "crm", key),
    ]
    for ran in said:
        assert ran.code in (1, 2)
        assert key not in ran.out + ran.err

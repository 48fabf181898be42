"""The parts of a view's file do not contradict one another."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from schema.part_check import verify_parts
from schema.problems import Level
from schema.view_files import load_views
from tests.schema.declared import SUPPORT_CALL, sentence, write_view

TODAY = date(2026, 6, 1)
ON_CALL = "{relationship: active-interaction, refusal_ms: 300}"
NOT_TOLD = (
    "got active-interaction, and a situation without an interaction; wanted the interaction told: without it nothing "
    "is shown, and nobody is asked; to mend: add `interaction: required` to `situation:`"
)
VERIFIED = "verification: {methods: [otp]}\nsituation: {interaction: required}\n"


def found(
    folder: Path, parts: str, *, fields: str = "", lookups: str = "id, crm", level: Level = Level.ERROR
) -> list[str]:
    """Return line and finding of each problem of this level in a view with these parts."""
    text = SUPPORT_CALL.replace("  Customer.segment: {}\n", f"  Customer.segment: {{{fields}}}\n")
    write_view(folder, text.replace("[id, crm]", f"[{lookups}]").replace("owner: ", f"{parts}owner: "))
    problems = verify_parts(load_views(folder).views[0], TODAY)
    return [f"{each.line} {sentence(each)}" for each in problems if each.level is level]


@pytest.mark.parametrize(
    ("parts", "fields", "lookups"),
    [
        ("", "", "id, crm"),
        (VERIFIED, "min: V1", "id, crm"),
        (f"{VERIFIED}subject: {{bound: true}}\n", "", "id"),
        ("subject: {relationship: open-case, refusal_ms: 1400}\n", "", "id, crm"),
        (f"subject: {ON_CALL}\nsituation: {{interaction: optional}}\n", "", "id"),
        ("break_glass: {roles: [lead], reasons: [vital-interest], minutes: 30}\n", "break_glass: true", "id"),
        ("prohibited: [DirectMarketing, CommunicationForCustomerCare]\n", "", "id"),
        ("processing: [Store]\nretention: A year, for the accounts\n", "", "id"),
        ("processing: [Consult, Display]\nvalid_from: 2026-06-01\nvalid_until: 2026-06-01\n", "", "id"),
        ("objection: {purpose: DirectMarketing}\nprohibited: [DirectMarketing]\n", "", "id"),
    ],
)
def test_parts_that_hold_together_are_no_problem(tmp_path: Path, parts: str, fields: str, lookups: str) -> None:
    """Neither an error nor a note."""
    for level in Level:
        assert found(tmp_path, parts, fields=fields, lookups=lookups, level=level) == []


@pytest.mark.parametrize(
    ("parts", "fields", "problem"),
    [
        (
            "verification: {methods: [otp]}\n",
            "min: V1",
            "6 got verification, and a situation without an interaction; wanted the interaction told: an assertion "
            "holds for one interaction alone; to mend: add `interaction: required` to `situation:`",
        ),
        (
            f"{VERIFIED}subject: {{bound: true}}\n",
            "",
            "14 got a bound view with look-ups by crm; wanted look-ups by id alone: whoever is meant by another key "
            "would have to be looked up first; to mend: write `lookups: [id]`, without identifiers",
        ),
        (
            "subject: {relationship: open-case}\n",
            "",
            "6 got a relationship without refusal_ms; wanted the time at which every refusal leaves, for its own time "
            "would tell who exists; to mend: add `refusal_ms:`, longer than the source that knows of it takes",
        ),
        (
            "subject: {refusal_ms: 300}\n",
            "",
            "6 got refusal_ms without a relationship; wanted both: without a gate refusals take no time that tells; "
            "to mend: remove refusal_ms, or add a relationship",
        ),
        (
            "subject: {relationship: open-case, refusal_ms: 1401}\n",
            "",
            "6 got refusal_ms 1401, which leaves no time to send a refusal before the deadline; wanted at most 1400: "
            "of the view's deadline_ms, 1500, the rest is for making the answer; to mend: lower it, or raise "
            "deadline_ms",
        ),
        (
            f"subject: {ON_CALL}\n",
            "",
            f"6 {NOT_TOLD}",
        ),
        (
            "",
            "relationship: active-interaction",
            f"14 {NOT_TOLD}",
        ),
        (
            "break_glass: {roles: [lead], reasons: [vital-interest], minutes: 30}\n",
            "",
            "6 got break_glass, which opens nothing; wanted a field with `break_glass: true`; to mend: mark the fields "
            "that it opens, or remove it",
        ),
        (
            "prohibited: [CustomerManagement]\n",
            "",
            "9 got the purpose CustomerCare, while CustomerManagement is prohibited; wanted a purpose that is not "
            "prohibited, nor any broader one; to mend: correct the purpose, or `prohibited:`",
        ),
        (
            "prohibited: [Marketing]\nconsent: {purpose: DirectMarketing}\n",
            "",
            "7 got the purpose DirectMarketing, while Marketing is prohibited; wanted a purpose that is not "
            "prohibited, nor any broader one; to mend: correct the purpose, or `prohibited:`",
        ),
        (
            "prohibited: [Marketing]\n",
            "consent: {purpose: Marketing}",
            "15 got the purpose Marketing, while Marketing is prohibited; wanted a purpose that is not prohibited, nor "
            "any broader one; to mend: correct the purpose, or `prohibited:`",
        ),
        (
            "processing: [Consult, Store, Download]\n",
            "",
            "6 got Download, Store without a retention; wanted how long what is kept is kept, and why; to mend: "
            "say so in `retention:`, or correct the list",
        ),
        (
            "processing: [CrossBorderTransfer]\n",
            "",
            "6 got CrossBorderTransfer without transfers; wanted the countries, recipients and safeguards; to mend: "
            "list them in `transfers:`, or remove it",
        ),
        (
            "valid_from: 2027-02-01\nvalid_until: 2027-01-31\n",
            "",
            "7 got valid_until 2027-01-31, before valid_from 2027-02-01; wanted a last day that is not before the "
            "first; to mend: correct one of them",
        ),
    ],
)
def test_a_contradiction_is_named_with_its_line(tmp_path: Path, parts: str, fields: str, problem: str) -> None:
    """What was got, what was wanted, how to mend it."""
    assert found(tmp_path, parts, fields=fields) == [problem]


def test_a_bound_view_has_assertions_and_no_identifiers(tmp_path: Path) -> None:
    """Nothing is looked up before it is known who may be shown."""
    assert found(tmp_path, "identifiers: [email]\nsubject: {bound: true}\n", lookups="id") == [
        "13 got a bound view with look-ups by email; wanted look-ups by id alone: whoever is meant by another key "
        "would have to be looked up first; to mend: write `lookups: [id]`, without identifiers",
        "7 got a bound view without verification; wanted verification: the assertion says who may be shown; "
        "to mend: add `verification:`",
    ]


@pytest.mark.parametrize(
    ("parts", "note"),
    [
        (
            VERIFIED,
            "6 got verification, which nothing in the view asks for; wanted a field with min, or a bound subject; "
            "to mend: give fields a level, or remove `verification:`",
        ),
        (
            "valid_until: 2026-05-31\n",
            "6 got a view whose last day was 2026-05-31; wanted a view that is served; to mend: nothing, where that is "
            "meant: it is not served today",
        ),
        (
            "valid_from: 2026-06-02\n",
            "6 got a view whose first day is 2026-06-02; wanted a view that is served; to mend: nothing, where that is "
            "meant: it is not served today",
        ),
    ],
)
def test_the_owner_is_told_what_may_not_be_meant(tmp_path: Path, parts: str, note: str) -> None:
    """Notes stop nothing."""
    assert found(tmp_path, parts, level=Level.NOTE) == [note]
    assert found(tmp_path, parts) == []


def test_without_a_day_nothing_is_said_of_the_days(tmp_path: Path) -> None:
    """Whether a view is served today is asked only by those who serve."""
    write_view(tmp_path, SUPPORT_CALL.replace("owner: ", "valid_until: 2020-01-01\nowner: "))
    assert list(verify_parts(load_views(tmp_path).views[0])) == []


def test_a_limit_that_says_more_than_can_be_asked_is_a_note(tmp_path: Path) -> None:
    """A view of one customer a request may say so in its limits, too."""
    assert found(tmp_path, "subject: {mode: single}\n", level=Level.NOTE) == [
        "17 got customers: 50, and subject: {mode: single}; wanted customers: 1, which is what holds; "
        "to mend: write `customers: 1`, or remove `mode: single`"
    ]
    assert found(tmp_path, "subject: {mode: single}\n") == []

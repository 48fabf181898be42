"""`customer-view register`: the record of the published views, printed or written to a file."""

from __future__ import annotations

import csv
import json
import sys
from io import StringIO
from pathlib import Path

import pytest

from tests.gateway.cli_project import Project, make_project

SAID = {
    "CUSTOMER_VIEW_CONTROLLER": "Example Ltd",
    "CUSTOMER_VIEW_CONTROLLER_CONTACT": "privacy@example.com",
    "CUSTOMER_VIEW_DATA_PROTECTION_OFFICER": "Jane Doe",
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project in the current folder; who answers for the processing is said."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(tmp_path)
    for name, value in SAID.items():
        monkeypatch.setenv(name, value)
    return make_project(tmp_path)


def test_the_record_is_printed_as_markdown(project: Project) -> None:
    """With who answers for it, and every published view; nothing else is on standard output."""
    ran = project.run("register", project.app)
    assert ran.code == 0
    assert ran.out.startswith("# Record of processing activities\n")
    assert "| Controller | Example Ltd |" in ran.out
    assert "## Support call: support-call@1" in ran.out
    assert "## Debt collection: debt-collection@1" in ran.out


def test_a_draft_is_not_in_the_record(project: Project) -> None:
    """What is not served is not processed."""
    text = (project.views / "support-call@1.yaml").read_text("utf-8")
    (project.views / "support-call@7.yaml").write_text(text.replace("version: 1", "version: 7"), "utf-8")
    assert "support-call@7" not in project.run("register", project.app).out
    assert project.run("publish", project.app, "support-call@7").code == 0
    assert "support-call@7" in project.run("register", project.app).out


def test_the_record_is_written_to_a_file(project: Project) -> None:
    """A table of which every line ends as spreadsheets have it; on standard error, how much it holds."""
    ran = project.run("register", project.app, "--format", "csv", "--out", "register.csv")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err.startswith("register.csv holds the record of ")
    text = (project.folder / "register.csv").read_bytes().decode("utf-8")
    assert text.count("\r\n") == text.count("\n")
    views = [row["view"] for row in csv.DictReader(StringIO(text, newline=""))]
    assert {"support-call@1", "debt-collection@1"} <= set(views)


def test_programs_get_the_record_as_json(project: Project) -> None:
    """As `--json` of other commands."""
    told = json.loads(project.run("register", project.app, "--format", "json").out)
    assert told["controller"]["dataProtectionOfficer"] == "Jane Doe"
    assert "support-call@1" in {one["view"] for one in told["activities"]}


def test_it_is_said_what_the_record_lacks(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who answers for the processing is not for the gateway to know."""
    monkeypatch.delenv("CUSTOMER_VIEW_CONTROLLER_CONTACT")
    monkeypatch.setenv("CUSTOMER_VIEW_CONTROLLER", "")
    ran = project.run("register", project.app)
    assert ran.code == 0
    assert "| Controller | *not said* |" in ran.out
    unsaid = (
        "to whom the data goes (say it by recipients in the next version); to which other countries it goes (say it by "
        "transfers in the next version); for how long those who receive it keep it (say it by retention in the next "
        "version)"
    )
    assert ran.err.splitlines() == [
        "The record is not complete. Nobody has said:",
        "  the settings: the name of the controller (set CUSTOMER_VIEW_CONTROLLER); how the controller is reached (set "
        "CUSTOMER_VIEW_CONTROLLER_CONTACT)",
        f"  debt-collection@1 (Head of receivables): {unsaid}",
        f"  support-call@1 (Head of customer care): {unsaid}",
    ]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--format", "xml"], "got the --format 'xml'; wanted one of: markdown, csv, json"),
        (["--format", "makdown"], "got the --format 'makdown'; did you mean 'markdown'?"),
        (["--out", "nowhere/register.md"], "nowhere/register.md cannot be written (No such file or directory); name"),
    ],
)
def test_wrong_use_is_told(project: Project, options: list[str], said: str) -> None:
    """And nothing is printed."""
    ran = project.run("register", project.app, *options)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"customer-view: {said}")


def test_views_that_are_wrong_stop_the_record(project: Project) -> None:
    """A record of what cannot be served would be none; what the gateway lacks to serve them stops nothing."""
    project.edit("views/support-call@1.yaml", "owner: Head of customer care\n", "")
    assert project.run("register", project.app).code == 2


def test_what_a_gateway_lacks_to_serve_a_view_stops_no_record(project: Project) -> None:
    """The record is made where there are no verifiers, too: on the desk of who keeps it."""
    text = (project.views / "debt-collection@1.yaml").read_text("utf-8")
    text = text.replace("version: 1", "version: 9").replace("  Name.display:", "  Name.display: {min: V1}")
    text += "verification: {methods: [otp]}\nsituation: {interaction: required}\naudit: required\n"
    (project.views / "debt-collection@9.yaml").write_text(text, "utf-8")
    assert project.run("publish", project.app, "debt-collection@9").code == 0
    ran = project.run("register", project.app)
    assert ran.code == 0
    assert "Shown from level V1 on, when the customer was verified well enough: Name.display." in ran.out
    checked = project.run("check", project.app)
    assert checked.code == 1
    assert "CUSTOMER_VIEW_VERIFIERS" in checked.out

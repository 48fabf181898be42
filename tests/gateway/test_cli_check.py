"""`customer-view check`: what is declared wrongly, told so that it can be mended."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from schema.view_check import Paths
from tests.gateway.cli_project import SECRETS, Project, make_project

Break = Callable[[Project], None]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(tmp_path)
    return make_project(tmp_path)


def add_clash(project: Project) -> None:
    """Install another distribution that brings a package named schema."""
    folder = project.folder / "another-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: another\nVersion: 1.0\n")
    (folder / "top_level.txt").write_text("schema\n")
    sys.path.insert(0, str(project.folder))


BROKEN: dict[str, tuple[Break, str, tuple[str, str, str]]] = {
    "bad YAML": (
        lambda project: project.edit("views/support-call@1.yaml", "title: Support", "title: [Support"),
        "views/support-call@1.yaml:",
        ("text that is no YAML", "YAML", "check indents and quotes"),
    ),
    "an unknown coordinate": (
        lambda project: project.edit("views/support-call@1.yaml", "Customer.segment:", "Customer.segmnt:"),
        "views/support-call@1.yaml:21",
        ("Customer.segmnt, which the model does not have", "a coordinate of the model", "mean 'Customer.segment'?"),
    ),
    "an unknown key": (
        lambda project: project.edit("views/support-call@1.yaml", "owner:", "ownr:"),
        "views/support-call@1.yaml:8",
        ("the unknown key 'ownr'", "one of: ", "did you mean 'owner'?"),
    ),
    "a changed published view": (
        lambda project: project.edit("views/support-call@1.yaml", "calls: 20", "calls: 21"),
        "views/support-call@1.yaml:2",
        ("the published view support-call@1 with digest", "as views.lock holds it", "support-call@2.yaml"),
    ),
    "a name clash": (
        add_clash,
        "schema",
        ("the package schema of another", "that of customer-view-gateway alone", "an environment of its own"),
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_problem_is_told_with_place_got_wanted_and_mend(project: Project, name: str) -> None:
    """Every error names the file, the line, what was got, what was wanted, how to mend it; the exit code is 1."""
    do, place, parts = BROKEN[name]
    do(project)
    ran = project.run("check", project.app, "--no-notes")
    assert ran.code == 1
    assert f"error {place}" in ran.out
    for word, part in zip(("got", "wanted", "mend"), parts, strict=True):
        assert any(line.split()[0] == word and part in line for line in ran.out.splitlines()), part
    assert "Not in order: " in ran.out


@pytest.mark.parametrize("name", BROKEN)
def test_a_problem_in_json_has_the_same_members(project: Project, name: str) -> None:
    """Programs get what people get."""
    do, place, parts = BROKEN[name]
    do(project)
    ran = project.run("check", project.app, "--json")
    told = json.loads(ran.out)
    errors = [one for one in told["problems"] if one["level"] == "error"]
    assert (ran.code, told["ok"], told["errors"]) == (1, False, len(errors))
    assert any(
        f"{one['file']}:{one['line']}".startswith(place.rstrip(":"))
        and all(part in one[word] for word, part in zip(("got", "wanted", "mend"), parts, strict=True))
        for one in errors
    )


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318", "a URL, such as http://127.0.0.1:4318"),
        ("OTEL_TRACES_EXPORTER", "jaeger", "otlp or none"),
        ("OTEL_METRICS_EXPORTER", "statsd", "otlp or prometheus or none"),
        ("OTEL_TRACES_SAMPLER_ARG", "hunter2", "a number from 0 to 1"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "a minute", "a whole number of milliseconds from 100 to 86400000"),
    ],
)
def test_a_variable_of_telemetry_that_would_stop_the_start_is_an_error(
    project: Project, monkeypatch: pytest.MonkeyPatch, name: str, value: str, wanted: str
) -> None:
    """What was got is not shown: a secret may stand in the wrong variable."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "traceidratio")
    monkeypatch.setenv(name, value)
    ran = project.run("check", project.app, "--no-notes")
    assert (ran.code, value in ran.out) == (1, False)
    told = [" ".join(line.split()) for line in ran.out.splitlines()]
    assert told[:2] == [f"error {name}", "got a value that cannot be used"]
    assert told[2:4] == [f"wanted {wanted}", f"mend correct or unset the variable {name}"]


def test_variables_of_telemetry_keep_nobody_from_what_sends_none(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who explains a query or prints a schema serves nothing."""
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "jaeger")
    assert project.run("sdl", project.app, "support-call@1").code == 0


def test_a_coordinate_that_no_adapter_serves_is_an_error_at_its_line(project: Project) -> None:
    """A view that lists what nothing can answer must not start."""
    more = "  Customer.segment:\n  Customer.consents:\n  Consent.status:"
    project.edit("views/support-call@1.yaml", "  Customer.segment:", more)
    ran = project.run("check", project.app, "--no-notes")
    assert ran.code == 1
    assert "error views/support-call@1.yaml:22" in ran.out
    assert "Customer.consents, which no adapter serves (reached by customer.consents)" in ran.out


def test_a_gateway_in_order_is_told_so(project: Project) -> None:
    """Notes do not count as errors."""
    ran = project.run("check", project.app)
    assert ran.code == 0
    assert ran.out.splitlines()[-1].startswith("In order: 0 errors, ")
    assert ran.out.splitlines()[-1].endswith(" in 2 views (2 published), 3 adapters.")


def test_fields_that_no_adapter_serves_take_one_line_a_type(project: Project) -> None:
    """Fifty notes of one kind would hide the others."""
    out = project.run("check", project.app).out
    assert "fields of the model that no adapter serves" in out
    assert [line.split() for line in out.splitlines() if line.strip().startswith("OrderLine")] == [
        ["OrderLine", "product,", "sku,", "quantity,", "unitPrice,", "total"]
    ]
    assert "Order.number, which no adapter serves" not in out


def test_json_holds_every_note(project: Project) -> None:
    """What is shown in short is all there for programs."""
    told = json.loads(project.run("check", project.app, "--json").out)
    notes = [one for one in told["problems"] if one["level"] == "note"]
    assert told["notes"] == len(notes) > 40
    assert "Order.number, which no adapter serves" in {one["got"] for one in notes}
    assert told["views"] == [
        {"view": "debt-collection@1", "published": True},
        {"view": "support-call@1", "published": True},
    ]


def test_errors_stand_before_notes(project: Project) -> None:
    """What stops the start is read first, by people and in JSON."""
    project.edit("views/support-call@1.yaml", "Customer.segment:", "Customer.segmnt:")
    lines = project.run("check", project.app).out.splitlines()
    words = [line.split()[0] for line in lines if line.startswith(("error ", "note "))]
    assert words == sorted(words)
    assert set(words) == {"error", "note"}
    levels = [one["level"] for one in json.loads(project.run("check", project.app, "--json").out)["problems"]]
    assert levels == sorted(levels)


def test_files_that_hold_no_view_are_counted_too(project: Project) -> None:
    """Both numbers are told where they differ."""
    project.edit("views/support-call@1.yaml", "owner:", "ownr:")
    line = project.run("check", project.app).out.splitlines()[-1]
    assert " in 1 view of 2 files (1 published), " in line


def test_a_view_whose_limits_are_too_small_for_all_of_it_has_a_note(project: Project) -> None:
    """No request shows all that it lists: told with the counts and the largest parts; that is no error."""
    text = (project.views / "support-call@1.yaml").read_text().replace("calls: 20", "calls: 1")
    (project.views / "support-call@2.yaml").write_text(text.replace("version: 1", "version: 2"))
    problems = json.loads(project.run("check", project.app, "--json").out)["problems"]
    found = [one for one in problems if "all that the view lists" in one["got"]]
    assert [(one["level"], Path(one["file"]).name) for one in found] == [("note", "support-call@2.yaml")]
    assert re.search(r"of one customer: calls [2-9], most of it [0-9] by \w+\.", found[0]["got"])
    assert (found[0]["wanted"], found[0]["mend"].partition(",")[0]) == (
        "at most 1, which is the view's limit",
        "raise limits.calls",
    )


def test_notes_can_be_left_out(project: Project) -> None:
    """How many there are is told all the same."""
    ran = project.run("check", project.app, "--no-notes")
    (line,) = ran.out.splitlines()
    notes = json.loads(project.run("check", project.app, "--json").out)["notes"]
    assert line == f"In order: 0 errors ({notes} notes not shown) in 2 views (2 published), 3 adapters."
    assert json.loads(project.run("check", project.app, "--no-notes", "--json").out)["problems"] == []


def test_notes_are_counted_as_they_are_shown(project: Project) -> None:
    """Those that are shown as one count as one, and it is told how many there are in all."""
    text = (project.views / "support-call@1.yaml").read_text().replace("version: 1", "version: 2")
    (project.views / "support-call@2.yaml").write_text(text)
    out = project.run("check", project.app).out
    notes = json.loads(project.run("check", project.app, "--json").out)["notes"]
    shown = sum(line.startswith("note ") for line in out.splitlines())
    assert out.splitlines()[-1].startswith(f"In order: 0 errors, {shown} notes ({notes} in all) in 3 views")


def test_a_draft_is_a_note_with_the_command_that_publishes_it(project: Project) -> None:
    """Notes of another kind stand on their own."""
    text = (project.views / "support-call@1.yaml").read_text().replace("version: 1", "version: 2")
    (project.views / "support-call@2.yaml").write_text(text)
    ran = project.run("check", project.app)
    assert ran.code == 0
    assert "note  views/support-call@2.yaml" in ran.out
    assert "customer-view publish APP support-call@2" in ran.out


def test_an_offer_that_does_not_echo_its_key_is_listed(project: Project) -> None:
    """Such a source is trusted to answer for whom it was asked: the owner ought to know."""
    source = (project.folder / f"{project.module}.py").read_text()
    source += """
crm = gateway.declared.adapters[0]
object.__setattr__(crm.offers[0], "key", None)
"""
    (project.folder / f"{project.module}.py").write_text(source)
    assert "the offer crm.customers, whose records do not echo their key" in project.run("check", project.app).out


def test_every_path_to_a_coordinate_is_printed_on_wish(project: Project) -> None:
    """A rule stands on a coordinate, so its owner must see where it is reached."""
    out = project.run("check", project.app, "--paths", "--no-notes").out
    assert "support-call@1: where each coordinate can be reached" in out
    assert any(line.split() == ["Company.status", "customer.company.status"] for line in out.splitlines())


def test_json_holds_the_paths_on_wish(project: Project) -> None:
    """As lists, and whether they are all."""
    told = json.loads(project.run("check", project.app, "--paths", "--json").out)
    debts = told["views"][0]
    assert debts["paths"]["Money.amount"] == ["customer.accounts.balance.amount"]
    assert debts["pathsComplete"] is True


def test_paths_that_are_too_many_are_said_to_be_cut(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list that is not whole must not look whole."""
    monkeypatch.setattr("gateway.cli.check.paths", lambda view, model: Paths({"Customer.id": ("customer.id",)}, False))
    assert "and more, which are not listed" in project.run("check", project.app, "--paths").out


def test_a_model_that_cannot_be_built_has_no_paths(project: Project) -> None:
    """What can still be read is checked all the same."""
    source = (project.folder / f"{project.module}.py").read_text()
    (project.folder / f"{project.module}.py").write_text(source.replace("model=Customer", "model=int"))
    ran = project.run("check", project.app, "--paths")
    assert ran.code == 1
    assert "where each coordinate" not in ran.out


def test_no_credential_is_printed(project: Project) -> None:
    """An adapter's credential stands in no output of check."""
    out = project.run("check", project.app, "--json", "--paths").out + project.run("check", project.app).out
    assert not [secret for secret in (*SECRETS, project.token) if secret in out]


def test_documents_are_verified_too(project: Project) -> None:
    """As they would be at the start; without their folder nothing is said of them."""
    folder = project.folder / "documents" / "support-call"
    folder.mkdir(parents=True)
    (folder / "one.graphql").write_text('{ customer(by: {id: "1"}) { segment } }')
    assert project.run("check", project.app).code == 0
    ran = project.run("check", project.app, "--documents", "documents", "--no-notes")
    assert ran.code == 1
    assert "error documents/support-call/one.graphql\n" in ran.out
    assert "Pass keys and texts as variables." in ran.out
    assert ran.out.splitlines()[-1].startswith("Not in order: 1 error")

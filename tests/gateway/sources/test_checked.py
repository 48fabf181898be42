"""What commands make of a file of sources that is wrong: it is told, stops a start, and nothing else."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from gateway.sources import SourcesFile
from tests.gateway.cli_project import Project, make_project, run


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project whose operator has misspelt a source."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sources.yaml").write_text("billing: {timeout: 2}\ncmr: {timeout: 3}\n")
    monkeypatch.setenv("CUSTOMER_VIEW_SOURCES", "sources.yaml")
    return make_project(tmp_path)


def test_check_tells_it_with_its_line(project: Project, nothing_else_installed: None) -> None:
    """And the exit code is 1; mended, it is 0."""
    ran = project.run("check", project.app, "--json")
    (problem,) = [one for one in json.loads(ran.out)["problems"] if one["level"] == "error"]
    assert (ran.code, problem["file"], problem["line"]) == (1, "sources.yaml", 2)
    assert problem["got"] == "the source 'cmr', which no adapter is for"
    assert problem["mend"] == "did you mean 'crm'?"
    project.edit("sources.yaml", "cmr", "crm")
    assert project.run("check", project.app).code == 0


def test_a_gateway_does_not_start_with_it(project: Project) -> None:
    """Nothing listened, and the command says what is wrong."""
    ran = project.run("serve", project.app, "--port", "0")
    assert (ran.code, ran.out) == (2, "")
    assert "the source 'cmr', which no adapter is for" in " ".join(ran.err.split())


def test_what_asks_no_source_is_not_stopped_by_it(project: Project) -> None:
    """Whoever looks at a view needs no limits."""
    assert project.run("explain", project.app, "support-call@1").code == 0
    assert project.run("sdl", project.app, "support-call@1").code == 0


def test_the_json_schema_is_printed() -> None:
    """For editors."""
    ran = run("sources-schema")
    assert (ran.code, json.loads(ran.out)) == (0, SourcesFile.json_schema())

"""The reference model and the sandbox's views change only by what breaks nobody."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.gateway.cli_project import ROOT, Project, make_project

KEPT = ROOT / "docs" / "model.graphql"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return make_project(tmp_path, is_whole=True)


def test_the_reference_model_breaks_nobody_who_has_the_kept_one(project: Project) -> None:
    """What has to break is written to docs/model.graphql by `customer-view sdl`, where a review sees it."""
    ran = project.run("sdl", project.app, "--diff", str(KEPT), "--json")
    (compared,) = json.loads(ran.out)["compared"]
    assert (ran.code, compared["breaking"]) == (0, 0), compared["changes"]


def test_no_shipped_view_breaks_the_published_version_before_it(project: Project) -> None:
    """Every view that is shipped has been compared where it has an earlier version, and is published."""
    ran = project.run("sdl", project.app, "--diff", "--json")
    compared = json.loads(ran.out)["compared"]
    assert ran.code == 0
    assert {one["after"] for one in compared} == {"debt-collection@2", "support-call@2"}
    assert {(one["published"], one["breaking"]) for one in compared} == {(True, 0)}

"""The sandbox's views: what is published stays as it is, and the newest versions fit what the demo asks."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from gateway.demo.workplace import CONSUMERS, declare_gateway, open_cross_reference, read_query, write_access
from schema.lock import Lock
from schema.problems import Level
from schema.view_files import load_views
from tests.gateway.cli_project import ROOT, Project, make_project
from tests.gateway.sandbox_adapters import sandbox_adapters

VIEWS = ROOT / "adapters" / "sandbox" / "views"
FIRST = {
    "debt-collection@1": "3e0796c6344099a131fabca623a74c9fe73062971026799a1ffd8c4324b04c59",
    "support-call@1": "de30d7e1ebf1619732b3667a865b3dadcb78c1f63eccd6e24f83517d6156f0de",
}
"""The digests of the first versions, for good."""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project of all five sources and every version."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(tmp_path)
    return make_project(tmp_path, is_whole=True)


def plan(project: Project, view: str, query: str, variables: dict[str, Any]) -> dict[str, Any]:
    ran = project.run(
        "explain", project.app, view, "--query", "-", "--variables", json.dumps(variables), "--json", stdin=query
    )
    assert ran.code == 0, ran.err
    told: dict[str, Any] = json.loads(ran.out)
    return told


def test_the_first_versions_are_published_as_they_ever_were() -> None:
    """Beside them stand the later ones: every file is published, and none was changed."""
    lock = Lock.read(VIEWS)
    ever = {f"{view}@{version}" for view in CONSUMERS.values() for version in (1, 2)}
    assert ever | {"support-call@3", "newsletter@1", "self-service@1", "fraud-review@1"} <= set(lock.digests)
    assert {loaded.view.id for loaded in lock.published(load_views(VIEWS))} == set(lock.digests)
    assert {view: digest[-64:] for view, digest in lock.digests.items() if view in FIRST} == FIRST


def test_the_project_is_in_order(project: Project) -> None:
    """All views over all sources."""
    ran = project.run("check", project.app, "--no-notes")
    assert ran.code == 0, ran.out
    assert "in 4 views (4 published), 5 adapters" in ran.out


@pytest.mark.parametrize(
    ("view", "calls"),
    [
        ("support-call", {"crm": 1, "register": 1, "support": 150, "orders": 1}),
        ("debt-collection", {"crm": 1, "register": 1, "billing": 2, "orders": 1}),
    ],
)
def test_what_the_demo_asks_of_one_customer_may_be_asked_of_fifty(
    project: Project, view: str, calls: dict[str, int]
) -> None:
    """The newest version's limits allow it: support is asked a customer a call, and a ticket a call."""
    one = plan(project, view, read_query(view), {"by": {"id": "x"}})
    assert one["view"] == f"{view}@2"
    query = read_query(view).replace("CustomerBy!", "[CustomerBy!]!").replace("customer(by", "customers(by")
    fifty = plan(project, view, query, {"by": [{"id": f"x{number}"} for number in range(50)]})
    assert {source: told["calls"] for source, told in fifty["sources"].items()} == calls
    assert fifty["calls"] <= fifty["limits"]["calls"]


def test_the_second_version_breaks_nothing_of_the_first(project: Project) -> None:
    """A query of the first is answered by the second."""
    for view in CONSUMERS.values():
        ran = project.run("sdl", project.app, f"{view}@2", "--diff", f"{view}@1", "--json")
        (compared,) = json.loads(ran.out)["compared"]
        assert (compared["breaking"], compared["dangerous"]) == (0, 0), ran.out
        assert compared["safe"] > 0


async def test_the_demos_gateway_is_in_order_with_every_view(tmp_path: Path) -> None:
    """It has whoever verifies customers, and the sources that own consents and cases."""
    write_access(tmp_path)
    open_cross_reference(tmp_path).close()
    adapters = sandbox_adapters()
    problems = declare_gateway(tmp_path, adapters).check().problems
    assert [str(one) for one in problems if one.level is Level.ERROR] == []
    for adapter in adapters:
        await adapter.aclose()

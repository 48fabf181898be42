"""The rooms are the four packages, imported one way, and nothing else is in the house."""

from __future__ import annotations

from importlib.metadata import packages_distributions
from typing import Any

from tests.architecture.code import PACKAGES, ROOT, files, imported, pyproject

OUTERMOST_FIRST = ["gateway", "resolvers", "adapters", "schema"]
LARGE = ["adapters.crossref", "adapters.graphql", "adapters.http", "adapters.sql", "resolvers.shapes"]


def contracts(kind: str) -> list[dict[str, Any]]:
    return [one for one in pyproject()["tool"]["importlinter"]["contracts"] if one["type"] == kind]


def test_the_packages_at_the_top_are_the_layers() -> None:
    """A fifth package would be in no contract; import-linter itself cannot tell of one."""
    found = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert found == {*PACKAGES, "tests"}
    rooms = next(one for one in contracts("layers") if "containers" not in one)
    assert rooms["layers"] == OUTERMOST_FIRST
    assert sorted(rooms["layers"]) == list(PACKAGES)


def test_every_list_of_the_packages_names_the_same() -> None:
    """Contracts, wheel, type check and coverage."""
    tool = pyproject()["tool"]
    assert tool["importlinter"]["root_packages"] == list(PACKAGES)
    assert tool["hatch"]["build"]["targets"]["wheel"]["packages"] == list(PACKAGES)
    assert tool["coverage"]["run"]["source"] == list(PACKAGES)
    assert tool["mypy"]["packages"] == [*PACKAGES, "tests"]


def test_the_layers_inside_each_package_are_all_its_modules() -> None:
    """Exhaustive: a new module has to say where it belongs."""
    inside = {one["containers"][0]: one for one in contracts("layers") if "containers" in one}
    assert {*PACKAGES, *LARGE} <= {*inside}
    for package, contract in inside.items():
        folder = ROOT / package.replace(".", "/")
        assert contract["exhaustive"] is True
        named = [name.strip() for layer in contract["layers"] for name in layer.split("|")]
        modules = {path.stem for path in folder.glob("*.py")} - {"__init__"}
        modules |= {path.parent.name for path in folder.glob("*/__init__.py")}
        assert sorted(named) == sorted(modules)


def test_the_product_does_not_import_its_tests() -> None:
    """What ships stands alone."""
    assert [file for file in files(*PACKAGES) if "tests" in imported(file)] == []


def test_no_other_distribution_brings_a_package_of_these_names() -> None:
    """They are generic: one installed package of the same name would hide ours. An editable install lists none."""
    installed = packages_distributions()
    for package in PACKAGES:
        assert set(installed.get(package, ())) <= {"customer-view-gateway"}

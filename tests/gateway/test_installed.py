"""Which installed distributions bring a package."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from gateway.installed import distributions_of

OURS = ("adapters", "gateway", "resolvers", "schema")


def test_it_is_said_as_the_standard_library_says_it() -> None:
    """Of packages and modules that a distribution names, that its files tell, and of one that nobody brings."""
    installed = packages_distributions()
    packages = ("annotated_types", "fastapi", "graphql", "httpx", "pytest", "typing_extensions", "yaml", "nobodys")
    told = distributions_of(packages)
    assert {package: {*brought} for package, brought in told.items()} == {
        package: {*installed.get(package, ())} for package in packages
    }
    assert [package for package, brought in told.items() if not brought] == ["nobodys"]


@pytest.mark.parametrize(
    "files",
    [
        {"RECORD": "adapters.py,,\n"},
        {"RECORD": "adapters/__init__.py,sha256=x,0\n"},
        {"RECORD": "adapters/inner/one.py,,\n"},
        {"RECORD": '"adapters/a,b.py",,\n'},
        {"RECORD": "./adapters.py,,\n"},
        {"RECORD": "schema.py,,\ngateway/one.py,,\n"},
        {"RECORD": "my_adapters.py,,\nadapters_of/one.py,,\none/adapters.py,,\nadapters.txt,,\nadapters.d/x.py,,\n"},
        {"RECORD": "adapters.py,,\n", "top_level.txt": "others\n"},
        {"RECORD": "others.py,,\n", "top_level.txt": "adapters\nothers\n"},
        {"RECORD": "adapters.py,,\n", "top_level.txt": ""},
        {"top_level.txt": "adapters\n"},
        {},
    ],
)
def test_a_module_alone_is_found_as_a_package_is(
    files: Mapping[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the standard library finds it: by the names that a distribution gives, else by its files."""
    place = tmp_path / "others-1.0.dist-info"
    place.mkdir()
    (place / "METADATA").write_text("Metadata-Version: 2.1\nName: others\nVersion: 1.0\n")
    for name, text in files.items():
        (place / name).write_text(text)
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    told = distributions_of(OURS)
    installed = packages_distributions()
    assert told == {package: installed.get(package, []) for package in OURS}


def test_what_is_imported_in_place_of_ours_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module alone hides a package; so the names that are found are those of the distribution."""
    place = tmp_path / "other_adapters-1.0.dist-info"
    place.mkdir()
    (place / "METADATA").write_text("Metadata-Version: 2.1\nName: other-adapters\nVersion: 1.0\n")
    (place / "RECORD").write_text("adapters.py,,\nother_adapters-1.0.dist-info/RECORD,,\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert distributions_of(OURS) == {"adapters": ["other-adapters"], "gateway": [], "resolvers": [], "schema": []}

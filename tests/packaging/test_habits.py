"""Habits of the repository: what no file of it holds, and what its lists agree on."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from tests.docs.pages import ROOT

# built from parts, so that this file does not hold them itself
REGISTRIES = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("python" + "hosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("docker", "io"),
        ("ghcr", "io"),
        ("quay", "io"),
        ("debian", "org"),
        ("golang", "org"),
        ("crates", "io"),
        ("anaconda", "org"),
    )
]
WORKPLACES = [
    "DESIGN" + ".md",
    "STYLE" + ".md",
    "traps" + ".md",
    "/" + "work/",
    "/" + "root/",
    "/" + "home/",
    "/" + "Users/",
    "C:" + "\\",
]
UNFINISHED = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME"]) + r")\b")
TARGET = re.compile(r"^([a-z-]+):.*$", re.MULTILINE)


def git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def files() -> list[Path]:
    """Return the files that belong to the repository, those that are not added yet included."""
    names = git("ls-files", "--cached", "--others", "--exclude-standard").splitlines()
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def texts() -> dict[str, str]:
    return {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in files()}


def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


@pytest.mark.parametrize("unwanted", [*REGISTRIES, *WORKPLACES])
def test_no_file_names_a_registry_or_a_workplace(unwanted: str) -> None:
    """Where packages come from is the machine's affair; where somebody works, and by which notes, is nobody's."""
    assert [name for name, text in texts().items() if unwanted in text] == []


def test_nothing_is_left_unfinished() -> None:
    """What is to be done stands in no file."""
    assert [name for name, text in texts().items() if UNFINISHED.search(text)] == []


def test_every_file_is_plain_text_that_ends_with_a_line() -> None:
    """UTF-8, line ends of Unix, at most half a megabyte: everything can be read and compared."""
    for name, text in texts().items():
        assert len(text) <= 500_000, name
        assert "\r" not in text, name
        assert not text or text.endswith("\n"), name


def test_the_changelog_tells_of_this_version() -> None:
    """Its first version is that of pyproject.toml, and something stands below it."""
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    first = re.search(
        r"^## \[(?P<version>[^\]]+)\] - (?P<day>unreleased|\d{4}-\d\d-\d\d)$(?P<said>.*)", text, re.M | re.S
    )
    assert first is not None
    assert first["version"] == pyproject()["project"]["version"]
    assert re.search(r"^### (Added|Changed|Deprecated|Removed|Fixed|Security)\n\n- \w", first["said"], re.M)


def test_every_target_says_what_it_does() -> None:
    """`make help` lists them all, and all are commands and not files."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = TARGET.findall(makefile)
    assert {"check", "demo", "test"} <= set(targets)
    listed = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert [line.split()[1] for line in listed.splitlines()] == targets
    assert all(len(line.split()) > 3 for line in listed.splitlines())
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.M)
    assert phony is not None
    assert set(phony[1].split()) == set(targets)


def test_ci_runs_the_same_commands_as_people() -> None:
    """It is a script that can be run, and it checks and tests by make, by the target that tells coverage too."""
    script = ROOT / ".ci" / "run"
    assert shutil.which(script) is not None
    assert {"make check", "make coverage"} <= set(script.read_text("utf-8").splitlines())


def test_coverage_runs_the_tests_that_are_run_without_it() -> None:
    """And the same way: what passes here passes there."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    recipes = re.search(r"^test:(.*?)\n\t@(.*)\n\ncoverage:(.*?)\n\t@(.*)\n", makefile, re.M)
    assert recipes is not None
    wanted, tested, covered_wanted, covered = (part.partition("  ##")[0] for part in recipes.groups())
    assert covered_wanted == wanted
    assert covered.replace(" --cov --cov-report=term", "") == tested


def test_every_list_of_the_packages_is_the_same() -> None:
    """Wheel, layers, types and coverage: a fifth package would be in all or none of them."""
    tools = pyproject()["tool"]
    packages = sorted(tools["hatch"]["build"]["targets"]["wheel"]["packages"])
    (layers,) = [
        each["layers"]
        for each in tools["importlinter"]["contracts"]
        if "containers" not in each and each["type"] == "layers"
    ]
    assert sorted(tools["importlinter"]["root_packages"]) == packages
    assert sorted(layers) == packages
    assert sorted(tools["coverage"]["run"]["source"]) == packages
    assert sorted(tools["mypy"]["packages"]) == sorted([*packages, "tests"])
    assert sorted({path.parts[len(ROOT.parts)] for path in files() if path.suffix == ".py"}) == sorted(
        [*packages, "tests"]
    )


def test_every_dependency_is_constrained() -> None:
    """constraints.txt holds one exact version for each, within the bounds of pyproject.toml, and no URL."""
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pinned = {one.name.lower().replace("_", "-"): one for one in map(Requirement, lines)}
    assert all(one.url is None and str(one.specifier).startswith("==") for one in pinned.values())
    project = pyproject()["project"]
    named = [*project["dependencies"], *(each for extra in project["optional-dependencies"].values() for each in extra)]
    for wanted in map(Requirement, named):
        (version,) = pinned[wanted.name.lower().replace("_", "-")].specifier
        assert wanted.specifier.contains(version.version), wanted.name

from __future__ import annotations

from pathlib import Path

import pytest

from schema.problems import ConfigurationError
from schema.view_files import MAX_VIEWS, load_views, read_views
from tests.schema.declared import SUPPORT_CALL, problems_of, view_with, write_view


def version(number: int, name: str = "support-call") -> str:
    return SUPPORT_CALL.replace("version: 1", f"version: {number}").replace("name: support-call", f"name: {name}")


def test_a_folder_holds_its_views_by_name_and_version(tmp_path: Path) -> None:
    """Versions are ordered as numbers, not as text; hidden and other files are left alone."""
    for number in (10, 2, 1):
        write_view(tmp_path, version(number), f"support-call@{number}.yaml")
    write_view(tmp_path, version(1, "audit"), "audit@1.yaml")
    write_view(tmp_path, "!", ".audit@1.yaml")
    write_view(tmp_path, "!", "README.md")
    folder = load_views(tmp_path)
    assert [loaded.view.id for loaded in folder.views] == [
        "audit@1",
        "support-call@1",
        "support-call@2",
        "support-call@10",
    ]
    assert [loaded.view.version for loaded in folder.versions("support-call")] == [1, 2, 10]
    assert folder.versions("none") == ()
    found = folder.get("support-call@2")
    assert found is not None
    assert found.path == tmp_path / "support-call@2.yaml"
    assert folder.get("support-call@3") is None


def test_a_loaded_view_knows_the_line_of_each_field(tmp_path: Path) -> None:
    """What is found wrong later is named with its line too."""
    assert view_with(tmp_path).line_of_field("Customer.segment") == 14


def test_the_problems_of_all_files_are_named_at_once(tmp_path: Path) -> None:
    """Syntax, keys and file names of every file, not only of the first."""
    write_view(tmp_path, "a: [", "a@1.yaml")
    write_view(tmp_path, version(1, "b").replace("owner", "ownr"), "b@1.yaml")
    write_view(tmp_path, version(2), "support-call@1.yaml")
    write_view(tmp_path, version(1, "d"), "d@1.yml")
    write_view(tmp_path, version(1, "e"), "e@1.yaml")
    with pytest.raises(ConfigurationError) as raised:
        load_views(tmp_path)
    assert problems_of(raised.value) == [
        (None, "the ending .yml"),
        (1, "text that is no YAML (expected the node content, but found '<stream end>')"),
        (6, "the unknown key 'ownr' (ownr)"),
        (3, "support-call@2 in a file named support-call@1.yaml"),
    ]
    usable, problems = read_views(tmp_path)
    assert [loaded.view.id for loaded in usable.views] == ["e@1"]
    assert problems == raised.value.problems


def test_a_folder_knows_what_its_broken_files_may_declare(tmp_path: Path) -> None:
    """So that nothing is called missing that only cannot be read."""
    write_view(tmp_path, "a: [", "a@1.yaml")
    write_view(tmp_path, version(2), "support-call@1.yaml")
    folder, _ = read_views(tmp_path)
    asked = ("a", "a@1", "a@2", "support-call", "support-call@1", "support-call@2", "b")
    assert [folder.may_declare(name) for name in asked] == [True, True, False, True, True, True, False]
    assert read_views(tmp_path / "nowhere")[0].may_declare("anything")
    write_view(tmp_path, version(1), "support-call@1.yaml")
    whole, _ = read_views(tmp_path)
    assert not whole.may_declare("support-call")
    doubted = whole.without(frozenset({"support-call@1"}))
    assert (doubted.views, doubted.may_declare("support-call")) == ((), True)


def test_a_version_declared_twice_is_a_problem(tmp_path: Path) -> None:
    """A copied file whose version was not raised is named beside the file that it repeats."""
    write_view(tmp_path)
    write_view(tmp_path, SUPPORT_CALL, "support-call@2.yaml")
    with pytest.raises(ConfigurationError) as raised:
        load_views(tmp_path)
    assert problems_of(raised.value) == [(3, "support-call@1, which support-call@1.yaml declares too")]


def test_a_missing_folder_is_a_problem(tmp_path: Path) -> None:
    """No views is not the same as no folder."""
    with pytest.raises(ConfigurationError, match="got no folder; wanted the folder of views"):
        load_views(tmp_path / "none")
    assert load_views(tmp_path).views == ()


def test_a_folder_of_too_many_files_is_refused_unread(tmp_path: Path) -> None:
    """Everything is bounded."""
    for number in range(MAX_VIEWS + 1):
        (tmp_path / f"{number}.yaml").touch()
    with pytest.raises(ConfigurationError) as raised:
        load_views(tmp_path)
    assert problems_of(raised.value) == [(None, f"{MAX_VIEWS + 1} files")]

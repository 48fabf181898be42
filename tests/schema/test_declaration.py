from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pytest
from pydantic import BaseModel, Field, RootModel

from schema.declaration import read_declaration, shown
from schema.problems import ConfigurationError
from schema.yaml_file import load_yaml


class Entry(BaseModel):
    """An entry."""

    digest: Annotated[str, Field(pattern="^[0-9]+$", description="digits", json_schema_extra={"writeOnly": True})]


class Entries(RootModel[tuple[Entry, ...]]):
    """a list of entries"""


def read(folder: Path, text: str) -> Entries:
    path = folder / "entries.yaml"
    path.write_text(text)
    return read_declaration(load_yaml(path), Entries)


def test_what_is_declared_is_returned(tmp_path: Path) -> None:
    """A document that meets its model is an instance of it."""
    assert read(tmp_path, "- digest: '12'\n").root[0].digest == "12"


def test_a_value_marked_write_only_is_never_shown(tmp_path: Path) -> None:
    """Somebody may have put the secret itself where its digest belongs."""
    with pytest.raises(ConfigurationError) as raised:
        read(tmp_path, "- digest: '1'\n- digest: secret\n")
    problem = raised.value.problems[0]
    assert (problem.line, problem.got, problem.wanted) == (2, "a value that is not shown ([2].digest)", "digits")


def test_a_document_of_another_shape_is_told_the_shape(tmp_path: Path) -> None:
    """The model's own sentence says what its root is."""
    with pytest.raises(ConfigurationError, match="got a mapping; wanted a list of entries; to mend: correct the value"):
        read(tmp_path, "digest: 1\n")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "nothing"),
        ("short", "'short'"),
        ("x" * 46, "a text of 46 characters"),
        ({}, "a mapping"),
        ([], "an empty list"),
        ([1], "a list"),
        (True, "true"),
        (1.5, "1.5"),
    ],
)
def test_a_message_shows_short_values_and_the_kind_of_others(value: object, words: str) -> None:
    """A token is longer than what is shown."""
    assert shown(value) == words

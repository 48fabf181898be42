"""The page of what misbehaving sources cost holds every kind of every base, and tells nothing that is not held."""

from __future__ import annotations

import pytest

from tests.docs.pages import section
from tests.misbehaving.sources import WAYS, Way


@pytest.mark.parametrize("way", WAYS, ids=lambda way: str(way.title))
def test_every_kind_of_misbehaviour_was_measured(way: Way) -> None:
    """In the order in which they are declared: `python -m tests.misbehaving.table --write` writes the page."""
    rows = [
        line.split("`")[1] for line in section("misbehaving.md", f"## {way.title}").splitlines() if line[:3] == "| `"
    ]
    assert rows == list(way.wrongs)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: str(way.title))
def test_other_sources_were_whole_in_every_answer(way: Way) -> None:
    """By each row."""
    rows = [line.split("|") for line in section("misbehaving.md", f"## {way.title}").splitlines() if line[:3] == "| `"]
    assert all(right == asked for right, _, asked in (row[3].strip().partition(" of ") for row in rows))

"""The temporary file in which a check keeps what the events tell."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from adapters.crossref import StoreError
from adapters.crossref.verification.beside import Beside


@pytest.fixture
def beside() -> Iterator[Beside]:
    with closing(Beside()) as made:
        yield made


def test_a_row_is_kept_changed_and_taken_once(beside: Beside) -> None:
    """By its table and id; another row of the same id takes its place."""
    beside.put("link", "a", {"n": 1})
    beside.put("link", "a", {"n": 2})
    beside.put("customer", "a", {"n": 3})
    beside.change("link", "a", {"n": 4})
    assert beside.get("link", "a") == {"n": 4}
    assert (beside.take("link", "a"), beside.take("link", "a"), beside.get("link", "a")) == ({"n": 4}, None, None)
    assert list(beside.all("customer")) == [("a", {"n": 3})]


def test_rows_of_a_customer_are_taken_together(beside: Beside) -> None:
    """Those of their table alone."""
    for row_id, customer in (("a", "C"), ("b", "C"), ("c", "D")):
        beside.put("restriction", row_id, {"id": row_id}, customer)
    beside.put("identifier", "a", {"id": "other"}, "C")
    assert sorted(row["id"] for row in beside.take_of("restriction", "C")) == ["a", "b"]
    assert beside.take_of("restriction", "C") == []
    assert [row_id for row_id, _ in beside.all("restriction")] == ["c"]


def test_a_full_disk_is_told_with_what_mends_it(beside: Beside) -> None:
    """The file is not the cross-reference's own, so its folder is named otherwise."""
    beside._file.execute("PRAGMA max_page_count = 10")
    with pytest.raises(StoreError, match=r"SQLITE_FULL.*TMPDIR"):
        beside.put("link", "a", {"text": "x" * 500_000})

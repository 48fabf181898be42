from __future__ import annotations

from pathlib import Path
from typing import cast

from tests.bench.kept import documents, measure_lookups
from tests.bench.product.reference import REFERENCE
from tests.bench.running import Bench
from tests.bench.tables import Table


def cells(table: Table, column: int) -> list[str]:
    return [row[column] for row in table.rows]


def test_a_new_document_costs_more_than_one_that_is_known() -> None:
    """It is parsed, checked, planned and compiled: several times as much, so that no noise hides it."""
    new, prepared, kept = documents(5)
    assert new > 2 * prepared > 0
    assert new > kept > 0


def test_lookups_are_measured_for_one_and_for_fifty(tmp_path: Path) -> None:
    """In the file that the gateway uses."""
    REFERENCE.load(tmp_path, range(10))

    class Running:
        folder, seconds, turns = tmp_path, 0.01, 1

        def advance(self, what: str) -> None:
            assert what

    (table,) = measure_lookups(cast("Bench", Running()))
    assert cells(table, 0) == ["1", "50"]
    assert all(float(cell) > 0 for cell in cells(table, 1))

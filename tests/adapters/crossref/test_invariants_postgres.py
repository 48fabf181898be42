"""What holds after any sequence of writes, on a real PostgreSQL; fewer than on SQLite, for each takes longer."""

from __future__ import annotations

import random

import pytest

from tests.adapters.crossref.houses import PostgresHouse
from tests.adapters.crossref.machine import run_machine
from tests.adapters.crossref.postgres_tables import PostgresTables

pytestmark = [pytest.mark.postgres, pytest.mark.no_cover]  # what it covers the tests of each part cover


def test_invariants_hold_on_postgresql(tables: PostgresTables) -> None:
    """One owner a key, redirects one step long, repeats without events, and all else that the other file lists."""
    met = run_machine(lambda: PostgresHouse(tables), examples=50, number=4)
    assert met["steps"] == 50 * 50


@pytest.mark.long
def test_invariants_hold_on_postgresql_after_many_writes(tables: PostgresTables) -> None:
    """Ten times as many, on demand, and others each time."""
    run_machine(lambda: PostgresHouse(tables), examples=500, number=random.getrandbits(32))

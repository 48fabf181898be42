"""Look-ups in cross-references of different sizes: what is filled is found, kept for the next run, and told."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import cast

import pytest

from adapters.crossref import Lookup, SqliteCrossReference
from tests.bench.linked.filling import sqlite_file
from tests.bench.linked.growth import measure_links
from tests.bench.linked.rows import SOURCES, key_of
from tests.bench.linked.turns import Filled, look_up_first, look_up_for
from tests.bench.load import WrongAnswerError
from tests.bench.running import Bench
from tests.bench.tables import Table


class Running:
    links, seconds, turns = (400, 800), 0.002, 1

    def __init__(self) -> None:
        self.told: list[str] = []

    def advance(self, what: str) -> None:
        self.told.append(what)


def cells(table: Table, column: int) -> list[str]:
    return [row[column] for row in table.rows]


async def test_every_customer_has_a_key_of_each_source(tmp_path: Path) -> None:
    """And every key is somebody's; those of one source are different customers'."""
    store = SqliteCrossReference.open(await sqlite_file(tmp_path, 400))
    for source in SOURCES:
        found = await store.resolve_many([Lookup(source, key_of(number)) for number in range(100)])
        assert len({subject.customer_id for subject in found if subject}) == 100
        assert {len(subject.keys) for subject in found if subject} == {4}
    assert await store.resolve(Lookup("crm", key_of(100))) is None
    await store.aclose()


async def test_the_tables_are_those_of_any_cross_reference(tmp_path: Path) -> None:
    """With all indexes, and statistics."""
    store = SqliteCrossReference.open(tmp_path / "empty.db")
    await store.aclose()
    made = []
    for file in (tmp_path / "empty.db", await sqlite_file(tmp_path, 400)):
        with closing(sqlite3.connect(file)) as connection:
            made.append(
                set(connection.execute("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_stat%'"))
            )
    assert made[0] == made[1]
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_stat1 WHERE tbl = 'link'").fetchone() >= (4,)


async def test_a_file_is_filled_once(tmp_path: Path) -> None:
    """And anew when it was made for other tables, which do not stay."""
    file = await sqlite_file(tmp_path, 400)
    made_at = file.stat().st_mtime_ns
    assert (await sqlite_file(tmp_path, 400)).stat().st_mtime_ns == made_at
    before = file.rename(tmp_path / "400-of-before.db")
    assert await sqlite_file(tmp_path, 400) == file
    assert not before.exists()


async def test_a_customer_who_is_not_found_is_told(tmp_path: Path) -> None:
    """The figures would be of something else."""
    store = SqliteCrossReference.open(tmp_path / "empty.db")
    with pytest.raises(WrongAnswerError, match="remove build/bench-links"):
        await look_up_for(Filled(400, store, time.process_time), 1, 0.001)
    with pytest.raises(WrongAnswerError):
        await look_up_first(Filled(400, store, time.process_time))
    await store.aclose()


def test_look_ups_in_sqlite_are_held_beside_those_in_the_smallest(tmp_path: Path) -> None:
    """For one customer, for fifty, and for one who is kept."""
    running = Running()
    table = next(measure_links(cast("Bench", running), tmp_path))
    assert cells(table, 0) == ["1", "1", "50", "50", "1, kept", "1, kept"]
    assert cells(table, 1) == ["400", "800"] * 3
    assert [cells(table, 3)[place] for place in (0, 2, 4)] == ["1.00"] * 3
    assert all(float(cell.replace(",", "")) > 0 for cell in cells(table, 2) + cells(table, 4))
    assert "SQLite, 800 links, 1, kept" in running.told


@pytest.mark.postgres
def test_look_ups_in_postgresql_too(tmp_path: Path) -> None:
    """With the CPU of the server."""
    *_, table = measure_links(cast("Bench", Running()), tmp_path)
    assert "PostgreSQL" in table.title
    assert cells(table, 1) == ["400", "800"] * 3
    assert float(cells(table, 2)[0].replace(",", "")) > 20

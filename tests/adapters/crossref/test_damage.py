"""A file of SQLite that is damaged: verifying tells it, without a value, and ends when nobody wants the rest."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from adapters.crossref import SourceSystem, SqliteCrossReference, StoreError
from adapters.crossref.sqlite import damage


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    with closing(SqliteCrossReference.open(tmp_path / "crossref.db")) as store:
        for name in ("crm", "billing"):
            await store.register_source(SourceSystem(name), actor="admin")
        await store.load([(None, {"crm": [f"canary{n}"], "billing": [f"{n}"]}) for n in range(300)], actor="feed")
    return tmp_path / "crossref.db"


def overwrite_first_page(path: Path, index: str) -> None:
    """Put nonsense into the first page of an index."""
    with closing(sqlite3.connect(path)) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (index,)).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as opened:
        opened.seek((root - 1) * size)
        opened.write(b"\xa5" * 400)


def cut(path: Path) -> None:
    """Leave the first half of the pages."""
    with path.open("r+b") as opened:
        opened.truncate(path.stat().st_size // 2 // 4096 * 4096)


@pytest.fixture
def store(path: Path) -> Iterator[SqliteCrossReference]:
    with closing(SqliteCrossReference.open(path)) as opened:
        yield opened


async def test_a_damaged_page_is_told(path: Path) -> None:
    """Though no row that the events tell stands on it. Nothing else is told of the file then, and no key."""
    overwrite_first_page(path, "link_closed_customer")
    with closing(SqliteCrossReference.open(path)) as store:
        report = await store.verify()
    assert not report.holds
    assert (report.events, report.rows) == (0, 0)
    assert 0 < len(report.problems) <= 100
    assert all(one.text.startswith("the database is damaged: ") for one in report.problems)
    assert "canary" not in str(report)


async def test_an_index_that_lacks_rows_is_told(path: Path) -> None:
    """Look-ups by it would find nobody; a hundred faults are told of many."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        # the rows go while the index is of another condition: afterwards it lacks them
        (sql,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'link_closed_customer'").fetchone()
        connection.execute(
            "UPDATE sqlite_master SET sql = ? WHERE name = 'link_closed_customer'",
            (sql.replace("valid_to IS NOT NULL", "valid_to IS NULL"),),
        )
        connection.commit()
    with closing(SqliteCrossReference.open(path)) as store:
        report = await store.verify()
    assert len(report.problems) == 100
    assert all("missing from index link_closed_customer" in one.text for one in report.problems)


async def test_looking_ends_when_nobody_wants_the_rest(
    store: SqliteCrossReference, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is told how far it is ends it by raising, in the middle of a file of any size."""
    monkeypatch.setattr(damage, "_STEPS", 100)
    told = list[tuple[object, ...]]()

    def tell(*how_far: object) -> None:
        told.append(how_far)
        if len(told) == 3:
            raise KeyError("enough")

    with pytest.raises(KeyError, match="enough"):
        await store.verify(tell)
    assert told == [("pages", 1, 0)] * 3
    assert (await store.verify()).holds


async def test_others_write_meanwhile(store: SqliteCrossReference, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is read as of one moment, and nobody waits for that."""
    monkeypatch.setattr(damage, "_STEPS", 100)
    written = list[str]()

    def write(what: str, *_: int) -> None:
        if what == "pages" and len(written) < 3:
            with closing(sqlite3.connect(path, timeout=0)) as connection, connection:
                connection.execute("UPDATE source_system SET priority = priority")
            written.append(what)

    assert (await store.verify(write)).holds
    assert written == ["pages"] * 3


async def test_a_file_that_was_cut_off_says_how_to_go_on(path: Path) -> None:
    """By restoring a backup, and verifying that."""
    cut(path)
    with pytest.raises(StoreError) as caught, closing(SqliteCrossReference.open(path)) as store:
        await store.verify()
    said = str(caught.value)
    assert "failed (SQLITE_CORRUPT); the file is damaged or cut off" in said
    assert all(word in said for word in ("PRAGMA integrity_check", "restore", "crossref verify"))


async def test_a_cross_reference_that_is_closed_is_not_looked_at(path: Path) -> None:
    """As with everything that is asked of it."""
    store = SqliteCrossReference.open(path)
    store.close()
    with pytest.raises(StoreError, match="open it again"):
        await store.verify()

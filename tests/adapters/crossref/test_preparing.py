"""Files that are no cross-reference of this release: told in our words, and left as they are."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from adapters.crossref import SchemaOutdatedError, SqliteCrossReference, StoreError
from adapters.crossref.connecting import connect_writer
from adapters.crossref.migrations import HEAD, upgrade
from adapters.crossref.sqlite.preparing import make_current
from tests.adapters.crossref.contract import Backdoor


def refused(path: Path, *, kind: type[StoreError] = StoreError) -> str:
    """Open a file that is refused and stays byte for byte as it is; return what is said."""
    before, beside = path.read_bytes(), sorted(path.parent.iterdir())
    with pytest.raises(StoreError) as caught:
        SqliteCrossReference.open(path)
    assert type(caught.value) is kind
    assert caught.value.__cause__ is None
    assert (path.read_bytes(), sorted(path.parent.iterdir())) == (before, beside)
    assert str(path) not in str(caught.value)
    return str(caught.value)


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    """What else it is is not known; that it is not SQLite is."""
    path.write_bytes(b"certainly not a database, but long enough to be taken for one" * 20)
    said = refused(path)
    assert said.startswith("got a file that is no database of SQLite; wanted the file of a cross-reference")
    assert "correct the path" in said


@pytest.mark.parametrize(
    "tables",
    [
        "CREATE TABLE orders (id)",
        "CREATE TABLE alembic_version (version_num)",
        "CREATE TABLE alembic_version (version_num); INSERT INTO alembic_version VALUES ('a1b2c3d4e5f6')",
        f"CREATE TABLE alembic_version (version_num); INSERT INTO alembic_version VALUES ('{HEAD}')",
        "CREATE TABLE alembic_version (other); CREATE TABLE customer (id); CREATE TABLE link (id)",
    ],
)
def test_a_database_of_another_application_is_refused(path: Path, backdoor: Backdoor, tables: str) -> None:
    """Also of one that uses Alembic, and has a revision of the same name; its journal is not changed to WAL."""
    for statement in tables.split(";"):
        backdoor(statement)
    assert refused(path).startswith("got a database of another application; wanted")
    assert backdoor("PRAGMA journal_mode") == [("delete",)]


def test_the_log_of_another_application_is_not_folded_into_its_file(path: Path, tmp_path: Path) -> None:
    """What a process that crashed left in its log is for that application to take up."""
    with closing(sqlite3.connect(tmp_path / "theirs.db", isolation_level=None)) as theirs:
        theirs.executescript("PRAGMA journal_mode = WAL; CREATE TABLE orders (id)")
        log = Path(f"{path}-wal")
        log.write_bytes((tmp_path / "theirs.db-wal").read_bytes())
        path.write_bytes((tmp_path / "theirs.db").read_bytes())
    before = path.read_bytes(), log.read_bytes()
    with pytest.raises(StoreError, match="another application"):
        SqliteCrossReference.open(path)
    assert (path.read_bytes(), log.read_bytes()) == before


def test_what_is_no_plain_file_is_refused(path: Path) -> None:
    """A pipe would be waited for without end."""
    os.mkfifo(path)
    with pytest.raises(StoreError, match="got what is no plain file"):
        SqliteCrossReference.open(path)


def test_a_file_that_is_broken_is_told(path: Path) -> None:
    """With the header of SQLite (its bytes 18 and 19 say that it has no WAL) and nothing of sense behind it."""
    SqliteCrossReference.open(path).close()
    header = path.read_bytes()[:100]
    path.write_bytes(header[:18] + b"\x01\x01" + header[20:] + b"x" * 8092)
    assert refused(path).startswith("the cross-reference's database failed (SQLITE_CORRUPT); the file is damaged")


def test_a_file_that_is_put_there_meanwhile_is_told(path: Path) -> None:
    """The writing connection is closed again."""
    path.write_bytes(b"something else than what was looked at" * 20)
    with pytest.raises(StoreError, match="DatabaseError"):
        connect_writer(path)


def test_an_empty_file_becomes_a_cross_reference(path: Path) -> None:
    """It is what is there for a moment when two processes make one at once."""
    path.touch()
    SqliteCrossReference.open(path).close()
    SqliteCrossReference.open(path, migrate=False).close()


@pytest.mark.parametrize(
    ("revision", "said"),
    [
        ("'9999'", f"got tables of revision 9999; wanted {HEAD}: use the release that wrote them, or newer"),
        ("'a1b2c3'", f"got tables of no known revision; wanted {HEAD} or older: restore a backup, or correct the path"),
        ("x'00ff'", f"got tables of no known revision; wanted {HEAD} or older: restore a backup, or correct the path"),
    ],
)
def test_tables_of_another_revision_are_refused(path: Path, backdoor: Backdoor, revision: str, said: str) -> None:
    """An older release does not write tables that it does not know."""
    SqliteCrossReference.open(path).close()
    backdoor(f"UPDATE alembic_version SET version_num = {revision}")
    with pytest.raises(SchemaOutdatedError) as caught:
        SqliteCrossReference.open(path)
    assert str(caught.value) == said


def test_tables_whose_revision_is_gone_are_refused(path: Path, backdoor: Backdoor) -> None:
    """Nobody knows what they are; making them a second time would fail."""
    SqliteCrossReference.open(path).close()
    backdoor("DELETE FROM alembic_version")
    with pytest.raises(SchemaOutdatedError, match="no known revision"):
        SqliteCrossReference.open(path)


def test_a_revision_that_comes_up_meanwhile_is_told(path: Path, backdoor: Backdoor) -> None:
    """A newer release has upgraded the file between the look at it and the change of it."""
    SqliteCrossReference.open(path).close()
    backdoor("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SchemaOutdatedError, match="use the release that wrote them") as caught:
        make_current(path)
    assert caught.value.__suppress_context__


def test_an_upgrade_that_is_kept_out_raises_what_sqlite_does(path: Path) -> None:
    """No error of a library in between is seen by callers."""
    with closing(sqlite3.connect(path, isolation_level=None)) as blocker:
        blocker.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            upgrade(path, busy_ms=1)

"""A file before it is written: whether it is a cross-reference, and whether its tables are those of this release."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from adapters.crossref.connecting import BUSY_MS, connect_reader, translated
from adapters.crossref.errors import StoreError
from adapters.crossref.migrations import upgrade
from adapters.crossref.revisions import are_ours, checked, is_head

__all__ = ["is_current", "make_current"]


def is_current(path: Path, *, migrate: bool) -> bool:
    """Return whether the tables are those of this release; False where revisions are to be applied, or nothing is yet.

    It only reads: a file of something else stays as it is. Raises StoreError for such a file, and SchemaOutdatedError
    for tables of a newer release, with `migrate` False of an older one too.
    """
    with translated():
        revision = _revision(path)
    return is_head(revision, migrate=migrate)


def make_current(path: Path) -> None:
    """Make the tables, or apply the revisions that are missing."""
    with translated():
        upgrade(path, busy_ms=BUSY_MS)


def _revision(path: Path) -> str | None:
    """Return the revision of a cross-reference, None when there is no file or nothing in it."""
    if not path.exists():
        return None
    if not path.is_file():
        raise _foreign("what is no plain file")
    with closing(connect_reader(path, busy_ms=BUSY_MS)) as connection:
        try:
            tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_NOTADB:
                raise _foreign("a file that is no database of SQLite") from None
            raise
        return _revision_in(connection, tables) if tables else None


def _revision_in(connection: sqlite3.Connection, tables: set[str]) -> str:
    if not are_ours(tables):
        raise _foreign("a database of another application")
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return checked(row[0] if row else None)


def _foreign(got: str) -> StoreError:
    wanted = "the file of a cross-reference, or a path where nothing is yet"
    return StoreError(f"got {got}; wanted {wanted}: correct the path (it was left as it is)")

"""What can go wrong with an SQLite file: each kind by its name, with what it means and what it may cost."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from adapters.testing.wrongs import ERROR, LATE, RIGHT, Reasons, Wrong
from schema.reasons import Reason

__all__ = ["SQLITE_WRONGS", "FileWrong", "overwrite"]

Spoil = Callable[[Path], sqlite3.Connection | None]
"""Spoils a file. A connection that it returns is to be held for as long."""


@dataclass(frozen=True, slots=True)
class FileWrong(Wrong):
    """One way in which an SQLite file goes wrong."""

    spoil: Spoil


def _run(*statements: str) -> Spoil:
    def run(path: Path) -> None:
        with closing(sqlite3.connect(path)) as database, database:
            for statement in statements:
                database.execute(statement)

    return run


def _view(select: str) -> Spoil:
    return _run("ALTER TABLE label RENAME TO kept", f"CREATE VIEW label AS {select}")


def _written(change: Callable[[bytes], bytes]) -> Spoil:
    def write(path: Path) -> None:
        overwrite(path, change(path.read_bytes()))

    return write


def overwrite(path: Path, content: bytes) -> None:
    """Write a file in the place of one that others have open, and have them see that it is another."""
    if content.startswith(b"SQLite"):
        # the "file change counter" (SQLite's file format, 1.3.7), greater than any before
        content = content[:24] + (time.monotonic_ns() // 1_000_000 % 2**31).to_bytes(4, "big") + content[28:]
    path.write_bytes(content)


def _at(place: int, *others: int) -> Callable[[bytes], bytes]:
    """Exchange bytes of the file."""
    return lambda whole: whole[:place] + bytes(others) + whole[place + len(others) :]


def _lock(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    database.execute("BEGIN EXCLUSIVE")
    return database


def _remove(path: Path) -> None:
    path.unlink()


_FOREVER = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000) SELECT count(*) FROM n"
_FAILS = "CAST(abs(-9223372036854775807 - 1) AS text)"
_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)"
_MANY_ROWS = f"{_NUMBERS} INSERT INTO label SELECT 'K-0001', 'x', 'x' FROM n"
_INVALID: Reasons = frozenset({Reason.VALUE_INVALID})
_MISMATCH: Reasons = frozenset({Reason.SOURCE_MISMATCH})
_MISSING: Reasons = frozenset({Reason.SOURCE_RECORD_MISSING})
_PAGE_SIZE, _FORMAT, _FIRST_PAGE = 16, 18, 4_096
"""Where the header tells the length of pages and how the file is read (SQLite's file format, 1.3), and that length."""

_IGNORING_CASE = (
    "ALTER TABLE label RENAME TO kept",
    "CREATE TABLE label (id TEXT COLLATE NOCASE, label TEXT, provenance TEXT)",
    "INSERT INTO label SELECT lower(id), label, provenance FROM kept",
)

_FILE_WRONGS = (
    FileWrong("no database", "is a file of another kind", ERROR, _written(lambda _: b"no database" * 1_000)),
    FileWrong("no table", "has lost its table", ERROR, _run("DROP TABLE label")),
    FileWrong("no column", "has lost a column", ERROR, _run("ALTER TABLE label DROP COLUMN label")),
    FileWrong(
        "runtime error",
        "fails while it answers",
        ERROR,
        _view(f"SELECT id, {_FAILS} AS label, provenance FROM kept"),
    ),
    FileWrong("slow", "takes very long", LATE, _view(f"SELECT id, label, provenance FROM kept WHERE 0 < ({_FOREVER})")),
    FileWrong("double rows", "has two rows of a key", ERROR, _run("INSERT INTO label SELECT * FROM label")),
    FileWrong(
        "rows without end",
        "has very many rows",
        ERROR,
        _run(_MANY_ROWS),
    ),
    FileWrong("wrong types", "has bytes where a text is wanted", _INVALID, _run("UPDATE label SET label = x'ff00'")),
    FileWrong(
        "no UTF-8", "has a text that is no UTF-8", _INVALID, _run("UPDATE label SET label = CAST(x'61ff62' AS TEXT)")
    ),
    FileWrong(
        "huge cell", "has a text of 64 MiB", ERROR, _run("UPDATE label SET label = printf('%.*c', 67108864, 'x')")
    ),
    FileWrong(
        "large cells",
        "has texts that come to 64 MiB",
        ERROR,
        _run("UPDATE label SET label = printf('%.*c', 12000000, 'x')"),
    ),
    FileWrong("empty file", "is an empty file", ERROR, _written(lambda _: b"")),
    FileWrong(
        "cut file", "has lost the second half of its file", ERROR, _written(lambda whole: whole[: len(whole) // 2])
    ),
    FileWrong(
        "blank page",
        "has a page of blanks",
        ERROR,
        _written(lambda whole: whole[:_FIRST_PAGE] + bytes(len(whole) - _FIRST_PAGE)),
    ),
    FileWrong("page size", "has a header that tells a wrong length of pages", ERROR, _written(_at(_PAGE_SIZE, 3, 3))),
    FileWrong("future format", "is written in a format to come", ERROR, _written(_at(_FORMAT, 9, 9))),
    FileWrong(
        "broken schema",
        "has a schema that is no SQL",
        ERROR,
        _run(
            "PRAGMA writable_schema = ON",
            "UPDATE sqlite_schema SET sql = 'CREATE nonsense'",
            "PRAGMA schema_version = 99",
        ),
    ),
    FileWrong(
        "broken view",
        "has a view of a table that is gone",
        ERROR,
        _run("DROP TABLE label", "CREATE VIEW label AS SELECT * FROM gone"),
    ),
    FileWrong("no rows", "has lost its rows", _MISSING, _run("DELETE FROM label")),
    FileWrong("null keys", "has lost its keys", _MISSING, _run("UPDATE label SET id = NULL")),
    FileWrong("keys of bytes", "has bytes as keys", _MISSING, _run("UPDATE label SET id = CAST(id AS BLOB)")),
    FileWrong("other case", "finds a key that is written otherwise", _MISMATCH, _run(*_IGNORING_CASE)),
    FileWrong("locked", "is locked by a writer", ERROR | LATE, _lock),
    FileWrong("gone", "has lost its file", ERROR | RIGHT, _remove),
)

SQLITE_WRONGS: Mapping[str, FileWrong] = {wrong.name: wrong for wrong in _FILE_WRONGS}
"""Every way in which the file is spoilt by its name."""

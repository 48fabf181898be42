"""Whether a file of SQLite is whole: its pages, and whether each index has the rows of its table."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from adapters.crossref.connecting import connect_reader, translated

__all__ = ["find_damage"]

_STEPS = 100_000
"""Steps of SQLite's machine between two calls: some milliseconds."""

_LONGEST = 200
"""Characters of what is said of one fault."""


def find_damage(path: Path, most: int, still: Callable[[], None] | None) -> Sequence[str]:
    """Return what SQLite says of a damaged file, at most so many faults; nothing of one that is whole.

    It names pages, tables, indexes and numbers of rows, never a value. The file is read as of one moment, all of it;
    others read and write meanwhile. `still` is called now and again, and ends it by raising. Raises StoreError when the
    file cannot be read at all.
    """
    stopped: list[BaseException] = []
    with closing(connect_reader(path)) as connection:
        connection.set_progress_handler(_ending(still, stopped), _STEPS)
        with translated():  # one statement reads one moment
            try:
                rows = connection.execute(f"PRAGMA integrity_check({most})").fetchall()
            except sqlite3.DatabaseError as error:
                if stopped:
                    raise stopped[0] from None
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_CORRUPT:
                    raise
                return [f"SQLite cannot read it to its end ({error.sqlite_errorname})"]
    faults = [line for (text,) in rows for line in str(text).splitlines() if not line.startswith("***")]
    return [] if faults == ["ok"] else [_shown(line) for line in faults[:most]]


def _ending(still: Callable[[], None] | None, stopped: list[BaseException]) -> Callable[[], bool]:
    def tell() -> bool:
        try:
            if still is not None:
                still()
        except BaseException as error:  # noqa: BLE001 - SQLite would swallow it
            stopped.append(error)
        return bool(stopped)

    return tell


def _shown(line: str) -> str:
    return "".join(letter for letter in line[:_LONGEST] if letter.isprintable())

"""Rows kept beside the database while it is checked: on disk where they are many, and gone when the check is over."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any

from adapters.crossref.errors import StoreError

__all__ = ["Beside", "RowTold"]

_TABLES = """
CREATE TABLE told (kind TEXT, id TEXT, customer TEXT, content TEXT, PRIMARY KEY (kind, id)) WITHOUT ROWID;
CREATE INDEX told_of ON told (kind, customer) WHERE customer IS NOT NULL;
"""

RowTold = dict[str, Any]
"""Column -> value, as JSON has it."""


class Beside:
    """Rows by table and id, in a temporary file of SQLite's own that has no name; `customer` is by whom to find them.

    However many rows there are, 32 MB of them are in memory. Who puts a key in has to hide it first. Every method
    raises StoreError when there is no room.
    """

    def __init__(self) -> None:
        self._file = sqlite3.connect("", isolation_level=None)
        self._file.executescript(f"PRAGMA journal_mode = OFF; PRAGMA cache_size = -32768; {_TABLES} BEGIN")

    def close(self) -> None:
        """Forget everything."""
        self._file.close()

    def __len__(self) -> int:
        """Return how many rows there are."""
        return int(self._file.execute("SELECT count(*) FROM told").fetchone()[0])

    def put(self, kind: str, row_id: str, row: Mapping[str, object], customer: str | None = None) -> None:
        """Keep a row in place of the one that has its id."""
        self._run("INSERT OR REPLACE INTO told VALUES (?, ?, ?, ?)", kind, row_id, customer, _content(row))

    def change(self, kind: str, row_id: str, row: Mapping[str, object]) -> None:
        """Keep another content of a row that is kept."""
        self._run("UPDATE told SET content = ? WHERE kind = ? AND id = ?", _content(row), kind, row_id)

    def get(self, kind: str, row_id: str) -> RowTold | None:
        """Return the row of this id."""
        found = self._run("SELECT content FROM told WHERE kind = ? AND id = ?", kind, row_id)
        return _row(found[0][0]) if found else None

    def take(self, kind: str, row_id: str) -> RowTold | None:
        """Return the row of this id, and keep it no longer."""
        found = self._run("DELETE FROM told WHERE kind = ? AND id = ? RETURNING content", kind, row_id)
        return _row(found[0][0]) if found else None

    def take_of(self, kind: str, customer: str) -> list[RowTold]:
        """Return the rows of this customer, and keep them no longer."""
        found = self._run("DELETE FROM told WHERE kind = ? AND customer = ? RETURNING content", kind, customer)
        return [_row(content) for (content,) in found]

    def all(self, kind: str) -> Iterator[tuple[str, RowTold]]:
        """Return the rows of a table with their ids, one after the other; nothing may be kept or taken meanwhile."""
        for row_id, content in self._file.execute("SELECT id, content FROM told WHERE kind = ?", (kind,)):
            yield row_id, _row(content)

    def _run(self, statement: str, *values: str | None) -> list[tuple[str, ...]]:
        try:
            return self._file.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise StoreError(
                f"the temporary file of the check cannot be written ({error.sqlite_errorname}); give its folder more "
                "room, or name another folder in TMPDIR"
            ) from None


def _content(row: Mapping[str, object]) -> str:
    return json.dumps(row, separators=(",", ":"))


def _row(content: str) -> RowTold:
    row: RowTold = json.loads(content)
    return row

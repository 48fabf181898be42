"""The text of the one statement that asks a table for some keys. Nothing that a caller sends is ever part of it."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Statement", "check_identifier", "quoted"]

_IDENTIFIER = re.compile(r"[^\W\d][\w$ -]{0,62}")
_LONGEST = 63
"""Bytes of an identifier that PostgreSQL keeps; it cuts off the rest in silence."""


def check_identifier(name: str, where: str) -> None:
    """Raise ValueError unless the name of a table or column is one that can be declared; `where` says whose it is."""
    if not _IDENTIFIER.fullmatch(name) or len(name.encode()) > _LONGEST:
        raise ValueError(
            f"{where}: got the name {name!r}; wanted a letter or underscore, then letters, digits, _, $, - or spaces, "
            f"{_LONGEST} bytes at most, spelt as the database spells it. Give an odd one a plain name in a view or in "
            "query="
        )


def quoted(*names: str) -> str:
    """Return the names as one quoted identifier: `"billing"."account"`."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


@dataclass(frozen=True, slots=True)
class Statement:
    """A SELECT that waits for its keys, made from a declaration alone.

    `columns` are what is asked, `relation` is the FROM clause's text, `key` the column that the keys are compared
    with, `key_type` its PostgreSQL type, `order` the columns that put rows in order, `limit` the most rows to take.
    Columns are written `t."name"`: SQLite takes a plain "name" that is no column for a text.
    """

    columns: tuple[str, ...]
    relation: str
    key: str
    key_type: str
    order: tuple[str, ...]
    limit: int

    def on_postgres(self) -> str:
        """Return the text for PostgreSQL; `$1` is an array of the keys."""
        return self._text(f"= ANY($1::{self.key_type}[])")

    def on_sqlite(self, keys: int) -> str:
        """Return the text for SQLite, with one parameter for each of that many keys."""
        return self._text(f"IN ({','.join('?' * keys)})")

    def _text(self, condition: str) -> str:
        select = ", ".join(_column(name) for name in self.columns)
        order = f" ORDER BY {', '.join(_column(name) for name in self.order)}" if self.order else ""
        where = f"WHERE {_column(self.key)} {condition}"
        return f"SELECT {select} FROM {self.relation} AS t {where}{order} LIMIT {self.limit}"  # noqa: S608  declared


def _column(name: str) -> str:
    return f"t.{quoted(name)}"

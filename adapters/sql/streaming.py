"""Rows of a whole statement, one after the other: for loading from a source, never for an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass

from adapters.sql.postgres import PostgresRows
from adapters.sql.sqlite import SqliteRows

__all__ = ["Streamed", "streamed"]

_TOGETHER = 1000
"""Rows that are fetched at once, and held."""

_SQLITE = "sqlite:///"
_POSTGRES = ("postgresql://", "postgres://")


@dataclass(frozen=True, slots=True)
class Streamed:
    """The names of a statement's columns and its rows, which may be read once, in any one thread."""

    names: Sequence[str]
    rows: Iterator[Sequence[object]]


@contextmanager
def streamed(url: str, statement: str) -> Iterator[Streamed]:
    """Run a statement that reads, on `sqlite:///path` or `postgresql://user:password@host/database`.

    Raises ValueError when the URL is neither, and SendError, reading the rows too, when the database fails.
    """
    if url.startswith(_SQLITE):
        with closing(SqliteRows(url.removeprefix(_SQLITE), statement)) as found:
            yield Streamed(found.names, _rows(found.fetch))
    elif url.startswith(_POSTGRES):
        with asyncio.Runner() as runner:
            opened = runner.run(PostgresRows.open(url, statement))
            try:
                yield Streamed(opened.names, _rows(lambda most: runner.run(opened.fetch(most))))
            finally:
                runner.run(opened.aclose())
    else:
        raise ValueError(
            "got a database of another kind; wanted sqlite:///path or postgresql://user:password@host/name"
        )


def _rows(fetch: Callable[[int], Sequence[Sequence[object]]]) -> Iterator[Sequence[object]]:
    while rows := fetch(_TOGETHER):
        yield from rows

"""What a load reads: a file, a pipe, or the rows of a statement of a source."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

from adapters.crossref import LoadRow, RefusalCode
from adapters.crossref.files import Columns, CsvRows, ParquetRows
from adapters.sending import SendError
from adapters.sql.streaming import Streamed, streamed
from gateway.command_error import CommandError

__all__ = ["Input", "QueryRows", "open_csv", "open_parquet", "open_query"]


class Input(Protocol):
    """Rows, read one after the other. `rows` counts those read, `offset` is the byte behind them; 0 where none is told.

    `total` is None where nobody knows. `undecoded` counts lines that were no UTF-8.
    """

    columns: Columns
    rows: int
    offset: int
    undecoded: int

    @property
    def total(self) -> int | None:
        """How many rows there are."""

    def __iter__(self) -> Iterator[LoadRow | RefusalCode]:
        """Return the rows."""

    def go_on(self, rows: int, offset: int, /) -> None:
        """Begin where so many rows and bytes have been read before."""


class QueryRows:
    """The rows of a statement, whose columns are named as those of a file are."""

    def __init__(self, found: Streamed, known: Collection[str], separator: str) -> None:
        self._found = found
        self.rows, self.offset, self.undecoded, self.total = 0, 0, 0, None
        self.columns = Columns.of(found.names, known, separator)

    def __iter__(self) -> Iterator[LoadRow | RefusalCode]:
        """Return the rows. Raises CommandError when the database fails."""
        with _told():
            for cells in self._found.rows:
                self.rows += 1
                yield self.columns.row(cells)

    def go_on(self, rows: int, offset: int, /) -> None:
        """Begin with the first row: what was read before may have changed."""


@contextmanager
def open_csv(file: Path | None, known: Collection[str], separator: str, delimiter: str) -> Iterator[Input]:
    """Open a CSV file, or with None standard input. Raises CommandError: it cannot be read."""
    if file is None:
        yield CsvRows(sys.stdin.buffer, known, separator=separator, delimiter=delimiter)
        return
    try:
        opened = file.open("rb")
    except OSError as error:
        raise CommandError(f"{file} cannot be read ({type(error).__name__}); correct its name or its rights") from None
    with opened:
        yield CsvRows(opened, known, separator=separator, delimiter=delimiter)


@contextmanager
def open_parquet(file: Path, known: Collection[str], separator: str) -> Iterator[Input]:
    """Open a Parquet file."""
    opened = ParquetRows(file, known, separator=separator)
    try:
        yield opened
    finally:
        opened.close()


@contextmanager
def open_query(url: str, statement: str, known: Collection[str], separator: str) -> Iterator[Input]:
    """Run a statement that reads. Raises CommandError when it cannot be run."""
    with ExitStack() as stack:
        with _told():
            found = stack.enter_context(streamed(url, statement))
        yield QueryRows(found, known, separator)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise CommandError(str(error)) from None
    except SendError as error:
        raise CommandError(f"The statement of --query: {error}; correct it, or the URL of --database") from None

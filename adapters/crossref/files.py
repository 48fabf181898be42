"""Rows for a bulk load from files: CSV and Parquet, read as a stream, from the beginning or from where one stopped.

A column is a source and holds its keys; the column `customer`, if there is one, holds canonical ids.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Self
from uuid import UUID

from adapters.crossref.errors import InputError, RefusalCode
from adapters.crossref.operations.loading import LoadRow
from schema.suggest import did_you_mean

__all__ = ["CUSTOMER", "Columns", "CsvRows", "ParquetRows"]

CUSTOMER = "customer"
"""The column of canonical ids."""

_LONGEST_LINE = 2**20
"""Bytes of the longest line of a CSV file."""

_BATCH = 4096
"""Rows of a Parquet file that are held at once."""

_DELIMITERS = (";", "\t", "|", ",")
"""What else stands between cells; a source's name has none of them."""

_WANTED = f"wanted a column for each source, named as it is registered, and perhaps one named {CUSTOMER}"


@dataclass(frozen=True, slots=True)
class Columns:
    """What stands in which column. Several keys in one text stand between `separator`; with an empty one there is one
    key in each, whatever it contains."""

    names: tuple[str, ...]
    customer: int | None
    sources: tuple[tuple[int, str], ...]
    separator: str

    @classmethod
    def of(cls, names: Sequence[str], known: Collection[str], separator: str) -> Self:
        """Return the columns of these names; `known` are the sources registered.

        Raises InputError when a name is none of them, comes twice, or no column is a source's.
        """
        for place, name in enumerate(names):
            if name != CUSTOMER and name not in known:
                # the name is not shown: in a file without a line of names it is a key
                raise _wrong(f"got column {place + 1} named as no registered source; {_meant(name, known)}")
            if name in names[:place]:
                raise _wrong(f"got the column {name} twice; wanted each once: join the keys by the separator")
        sources = tuple((place, name) for place, name in enumerate(names) if name != CUSTOMER)
        if not sources:
            raise _wrong(f"got no column of a source; {_WANTED}")
        return cls(tuple(names), names.index(CUSTOMER) if CUSTOMER in names else None, sources, separator)

    def row(self, cells: Sequence[object]) -> LoadRow | RefusalCode:
        """Return a row of a load, or ROW_INVALID where there are more or fewer cells than columns.

        A cell is a text, a whole number, a UUID, a list of these, or None. Raises InputError for anything else.
        """
        if len(cells) != len(self.names):
            return RefusalCode.ROW_INVALID
        given = {name: self._keys(name, cell) for place, name in self.sources if (cell := cells[place]) is not None}
        customer = None if self.customer is None else cells[self.customer]
        return (None if customer in (None, "") else _text(CUSTOMER, customer)), given

    def _keys(self, name: str, cell: object) -> list[str]:
        if isinstance(cell, str):
            if not self.separator or self.separator not in cell:
                return [cell] if cell else []
            return [key for key in cell.split(self.separator) if key]
        if isinstance(cell, list | tuple):
            return [_text(name, one) for one in cell if one is not None]
        return [_text(name, cell)]


class CsvRows:
    """The rows of a CSV file (RFC 4180) in UTF-8, whose first line names the columns.

    `rows` counts those read, `offset` is the byte behind them, `undecoded` counts lines that were no UTF-8. What is
    not UTF-8 costs its own key alone, which then is none. Empty lines are passed over. A last line without a line break
    is ROW_INVALID: the file may have been cut off in it, and what is left of a key can be somebody else's.
    """

    def __init__(self, stream: BinaryIO, known: Collection[str], *, separator: str = ";", delimiter: str = ",") -> None:
        self._stream, self._delimiter = stream, delimiter
        self.rows, self.offset, self.undecoded, self.total = 0, 0, 0, None
        self._is_cut = False
        self.columns = Columns.of(self._header(), known, separator)

    def go_on(self, rows: int, offset: int) -> None:
        """Begin where so many rows and bytes have been read before."""
        self._stream.seek(offset)
        self.rows, self.offset = rows, offset

    def __iter__(self) -> Iterator[LoadRow | RefusalCode]:
        """Return the rows, the cells of each in the order of the columns."""
        row = self.columns.row
        for cells in self._records():
            if cells:
                self.rows += 1
                # the line that was read last is the last one of this row
                yield RefusalCode.ROW_INVALID if self._is_cut else row(cells)

    def _header(self) -> list[str]:
        names = next(self._records(), [])
        if names and names[0].startswith("\N{ZERO WIDTH NO-BREAK SPACE}"):
            names[0] = names[0][1:]
        self._check_delimiter(names)
        if any("\0" in name or not name.isprintable() for name in names):
            raise _wrong("got a first line that is no text in UTF-8; wanted the names of the columns: save it as UTF-8")
        return names

    def _check_delimiter(self, names: Sequence[str]) -> None:
        """Raise InputError when the first line is one cell, which another character would part into several."""
        found = [one for one in _DELIMITERS if len(names) == 1 and one != self._delimiter and one in names[0]]
        if found:
            shown = found[0] if found[0].isprintable() else "a tab"
            raise _wrong(
                f"got a first line of one column with {shown} in its name; wanted the names of the columns between "
                f"{self._delimiter}: is it the delimiter? give it as --delimiter"
            )

    def _records(self) -> Iterator[list[str]]:
        reader = csv.reader(self._lines(), delimiter=self._delimiter, strict=True)
        try:
            yield from reader
        except csv.Error:
            raise _wrong(
                f"got a quote after row {self.rows} that is not closed, or not where a cell begins or ends, a carriage "
                f"return alone, or a cell of more than {csv.field_size_limit()} characters; wanted lines that end in "
                'line feeds, and "a quoted ""cell""": correct it, and begin anew'
            ) from None

    def _lines(self) -> Iterator[str]:
        while line := self._stream.readline(_LONGEST_LINE):
            if len(line) == _LONGEST_LINE:
                raise _wrong(
                    f"got a line of more than {_LONGEST_LINE} bytes after row {self.rows}; wanted lines of rows"
                )
            self.offset += len(line)
            self._is_cut = not line.endswith(b"\n")
            yield self._decoded(line)

    def _decoded(self, line: bytes) -> str:
        try:
            return line.decode()
        except UnicodeDecodeError:
            self.undecoded += 1
            return line.decode("utf-8", "surrogateescape")  # what can be no key, so that it costs its own cell


class ParquetRows:
    """The rows of a Parquet file, by pyarrow. Columns hold texts, whole numbers or lists of them.

    `rows` counts those read, of `total`.
    """

    def __init__(self, path: Path, known: Collection[str], *, separator: str = ";") -> None:
        self._arrow = _arrow()
        self.rows, self.offset, self.undecoded = 0, 0, 0
        with self._translated():
            self._file = self._arrow.parquet.ParquetFile(path, pre_buffer=False)
        self.total = int(self._file.metadata.num_rows)
        self.columns = Columns.of(self._file.schema_arrow.names, known, separator)
        for field in self._file.schema_arrow:
            if not self._can_be_keys(field.type):
                raise _wrong(
                    f"got the column {field.name} of {field.type}; wanted texts, whole numbers or lists of them: "
                    "write it so"
                )

    def go_on(self, rows: int, _offset: int) -> None:
        """Begin where so many rows have been read before; the row groups in which they are alone are not read."""
        self.rows = rows

    def __iter__(self) -> Iterator[LoadRow | RefusalCode]:
        """Return the rows."""
        row = self.columns.row
        for cells in self._records():
            self.rows += 1
            yield row(cells)

    def close(self) -> None:
        """Give the file back."""
        self._file.close()

    def _records(self) -> Iterator[tuple[object, ...]]:
        skipped = self.rows
        for group in range(self._file.metadata.num_row_groups):
            held = self._file.metadata.row_group(group).num_rows
            if skipped >= held:
                skipped -= held
                continue
            for batch in self._batches(group):
                yield from zip(*(column.to_pylist() for column in batch.slice(skipped).columns), strict=True)
                skipped = max(0, skipped - batch.num_rows)

    def _batches(self, group: int) -> Iterator[Any]:
        with self._translated():
            yield from self._file.iter_batches(_BATCH, row_groups=[group], use_threads=False)

    def _can_be_keys(self, kind: Any) -> bool:
        types = self._arrow.types
        if types.is_list(kind) or types.is_large_list(kind) or types.is_dictionary(kind):
            return self._can_be_keys(kind.value_type)
        return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_integer(kind))

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (self._arrow.lib.ArrowException, OSError) as error:
            raise _wrong(
                f"got what cannot be read as a Parquet file after row {self.rows} ({type(error).__name__}); "
                "wanted a whole one: write it anew"
            ) from None


def _arrow() -> Any:
    try:
        import pyarrow.parquet
        import pyarrow.types
    except ImportError:
        raise _wrong(
            "got a Parquet file, and no pyarrow; install customer-view-gateway[parquet], or give a CSV file"
        ) from None
    return pyarrow


def _text(name: str, cell: object) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, int | UUID) and not isinstance(cell, bool):
        return str(cell)
    raise _wrong(
        f"got a {type(cell).__name__} in the column {name}; wanted a text or a whole number: write it as a text"
    )


def _meant(name: str, known: Collection[str]) -> str:
    wanted = f"{_WANTED} ({', '.join(sorted(known)) or 'none is'}): rename it, or leave it out"
    return did_you_mean(name, [*known, CUSTOMER], wanted)


def _wrong(text: str) -> InputError:
    return InputError(RefusalCode.FILE_INVALID, text)

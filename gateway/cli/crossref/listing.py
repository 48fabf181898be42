"""The list of what a load left out: a CSV file with row, code, source and candidate; never a key."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Self, TextIO

from adapters.crossref import RowProblem
from gateway.command_error import CommandError

__all__ = ["Listing"]

_COLUMNS = ("row", "code", "source", "candidate")


class Listing:
    """The file, which is made when there is something to list, for its owner alone."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: TextIO | None = None
        self._size = 0

    def __enter__(self) -> Self:
        """Raise CommandError when there is no such folder: not only when, perhaps hours later, something is listed."""
        try:
            is_folder = self.path.parent.is_dir()
        except OSError as error:
            raise self._unwritten(error) from None
        if not is_folder:
            raise CommandError(f"{self.path.parent} is no folder; name another file with --conflicts")
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def go_on(self, size: int) -> None:
        """Go on behind so many bytes of a file that is there; what stands behind them is of rows that come again."""
        self._size = size

    def add(self, problems: Iterable[RowProblem], rows_before: int) -> int:
        """List what was left out, by rows that count on from those before, and return the size of the file in bytes.

        Raises CommandError when the file cannot be written.
        """
        try:
            for problem in problems:
                self._file = self._file or self._opened()
                row = (problem.row + rows_before, problem.code, problem.source or "", problem.candidate or "")
                _write(self._file, row)
            if self._file is not None:
                self._file.flush()
                os.fsync(self._file.fileno())  # the bookmark is about to tell how long it is
                self._size = self._file.tell()
        except OSError as error:
            raise self._unwritten(error) from None
        return self._size

    def _unwritten(self, error: OSError) -> CommandError:
        return CommandError(f"{self.path} cannot be written ({type(error).__name__}); name another with --conflicts")

    def _opened(self) -> TextIO:
        opened = os.fdopen(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600), "r+", encoding="utf-8", newline="")
        end = min(self._size, os.fstat(opened.fileno()).st_size)
        opened.seek(end)
        opened.truncate(end)
        if end == 0:
            _write(opened, _COLUMNS)
        return opened


def _write(file: TextIO, row: Sequence[object]) -> None:
    csv.writer(file, lineterminator="\n").writerow(row)  # which is what the tools of a shell take

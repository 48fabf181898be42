"""Lines of the log, printed without waiting for a reader: one that has stopped would stop every request."""

from __future__ import annotations

import logging
import os
import select
from collections.abc import Iterator
from contextlib import suppress
from io import UnsupportedOperation
from typing import TextIO

__all__ = ["LineHandler"]

_PATIENCE_MS = 20
"""Milliseconds that a reader has who is slow but there. After that, until it reads again, it has none."""


class LineHandler(logging.StreamHandler[TextIO]):
    """Prints a line of each record on a stream. Lines that it does not take are left out; how many those were is told
    when it does again.

    Of a record that cannot be printed it is told whose it was: the standard library would print its text and what was
    to be filled in.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._descriptor, self._poll = _descriptor(stream), select.poll()
        if self._descriptor is not None:
            self._poll.register(self._descriptor, select.POLLOUT)
        self._left_out, self._is_cut = 0, False

    def emit(self, record: logging.LogRecord) -> None:
        """Print the record's line, if it is taken."""
        try:
            self._print(f"{self.format(record)}\n")
        except Exception:  # noqa: BLE001  whatever it is, whose record it was is told, and nothing of it
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  the standard library's name
        """Tell that a record is lost, where that can be told."""
        with suppress(OSError, ValueError):
            self._print(f"a line of {record.name} could not be logged\n")

    def _print(self, line: str) -> None:
        if self._descriptor is None:
            self.stream.write(line)
            self.flush()
            return
        before = f"{self._left_out} lines were left out: nobody read them\n" if self._left_out else ""
        end = "\n" if self._is_cut else ""
        for piece in _pieces(f"{end}{before}{line}"):
            if not self._poll.poll(0 if self._left_out else _PATIENCE_MS):
                self._left_out += 1
                return
            os.write(self._descriptor, piece)
            self._is_cut = not piece.endswith(b"\n")
        self._left_out = 0


def _descriptor(stream: TextIO) -> int | None:
    """Return where the stream writes, None where that is in memory: nobody reads it meanwhile."""
    try:
        return stream.fileno()
    except (AttributeError, UnsupportedOperation):
        return None


def _pieces(text: str) -> Iterator[bytes]:
    """Yield the text in pieces that a pipe takes at once and whole if it takes any (POSIX: PIPE_BUF)."""
    whole = text.encode(errors="backslashreplace")
    for start in range(0, len(whole), select.PIPE_BUF):
        yield whole[start : start + select.PIPE_BUF]

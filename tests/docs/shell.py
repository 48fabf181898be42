"""A shell in which commands are run as a reader runs them: one after the other, in one process, with its jobs."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

__all__ = ["Shell", "opened"]

_MARK = "-- that was all --"
_PATIENCE = 120.0
"""Seconds after which a shell is ended, with all that it started."""


class Shell:
    """A bash that ends at the first command that fails. `log` is where it and its jobs write their errors."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self._process, self._log = process, log

    def run(self, commands: str) -> str:
        """Run the commands and return what they printed. Fails when one of them failed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{commands}\necho; echo '{_MARK}'\n")
        self._process.stdin.flush()
        printed: list[str] = []
        for line in self._process.stdout:
            if line.rstrip("\n") == _MARK:
                return "".join(printed).removesuffix("\n")
            printed.append(line)
        raise AssertionError(f"the shell ended after:\n{commands}\n{''.join(printed)}\n{self.errors()}")

    def errors(self) -> str:
        """Return what was written to standard error so far, also by jobs in the background."""
        return self._log.read_text("utf-8")


@contextmanager
def opened(folder: Path, environment: Mapping[str, str], log: Path) -> Iterator[Shell]:
    """Open a shell in the folder; at the end, whatever it started is ended too."""
    with log.open("w") as errors:
        process = subprocess.Popen(
            ["bash", "--noprofile", "--norc", "-eu"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=folder,
            env={**os.environ, **environment},
            text=True,
            start_new_session=True,
        )
    with process:
        late = Timer(_PATIENCE, os.killpg, (process.pid, signal.SIGKILL))
        late.start()
        try:
            yield Shell(process, log)
        finally:
            late.cancel()
            os.killpg(process.pid, signal.SIGKILL)

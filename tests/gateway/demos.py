"""Runs the demo as a person does: real processes, what they print, and curl lines pasted from it."""

from __future__ import annotations

import json
import os
import re
import select
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.gateway.cli_project import spawn

__all__ = [
    "PATIENCE",
    "bearer",
    "chapters",
    "pasted",
    "read_until",
    "rows",
    "running_demo",
    "still_running",
]

PATIENCE = 60.0
"""Seconds in which the demo has to start on a busy machine."""

_ENDING = 5.0
"""Seconds in which a process has to end."""


@dataclass(frozen=True, slots=True)
class Demo:
    """A demo that stays up: its process, what it has printed, and the processes that it has started."""

    process: subprocess.Popen[str]
    out: str
    children: Sequence[psutil.Process]

    @property
    def lines(self) -> list[str]:
        """The curl lines that can be pasted."""
        return [line for line in self.out.splitlines() if line.startswith("curl ")]

    def line(self, part: str) -> str:
        """Return the first of them with this part."""
        return next(line for line in self.lines if part in line)

    def stop(self, signum: signal.Signals) -> int:
        """Signal the process group, as Ctrl-C does, and return the exit code."""
        os.killpg(self.process.pid, signum)
        self.process.communicate(timeout=PATIENCE)
        return self.process.returncode


@contextmanager
def running_demo(folder: Path, *options: str, **environment: str) -> Iterator[Demo]:
    process = spawn("demo", *options, folder=folder, TMPDIR=str(folder / "t"), **environment)
    try:
        out = read_until(process, "stays up until Ctrl-C.")
        yield Demo(process, out, psutil.Process(process.pid).children(recursive=True))
    finally:
        process.kill()
        process.communicate()


def read_until(process: subprocess.Popen[str], last: str) -> str:
    """Return what the process printed up to these words; fail when it ends, or is silent for too long."""
    assert process.stdout is not None
    assert process.stderr is not None
    out, until = "", time.monotonic() + PATIENCE
    while last not in out:
        ready, _, _ = select.select([process.stdout], [], [], max(0.0, until - time.monotonic()))
        chunk = os.read(process.stdout.fileno(), 65536).decode() if ready else ""
        if not chunk:
            process.kill()
            pytest.fail(f"the demo ended or hung after:\n{out}\n{process.stderr.read()}")
        out += chunk
    return out


def pasted(line: str) -> dict[str, Any]:
    """Return what a line of the demo prints when it is pasted into a shell elsewhere."""
    done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, timeout=PATIENCE, check=True, cwd="/")
    return dict(json.loads(done.stdout))


def bearer(line: str) -> dict[str, str]:
    """Return the header with the token of a curl line."""
    (header,) = [word for word in shlex.split(line) if word.startswith("Authorization: ")]
    return dict([header.split(": ")])


def still_running(processes: Sequence[psutil.Process]) -> list[psutil.Process]:
    """Return those that have not ended after a while; one that nobody has waited for yet has ended."""
    until = time.monotonic() + _ENDING
    while (alive := [process for process in processes if _is_alive(process)]) and time.monotonic() < until:
        time.sleep(0.01)
    return alive


def _is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def chapters(out: str) -> dict[str, str]:
    """Return what is told under each heading, by its number and first words."""
    parts = re.split(r"^(\d+  [^─\n]*)─*$", out, flags=re.MULTILINE)
    return {heading.strip(): text for heading, text in zip(parts[1::2], parts[2::2], strict=True)}


def rows(table: str) -> list[list[str]]:
    """Return the cells of each line of the tables in a text."""
    lines = [line.strip("│").split("│") for line in table.splitlines() if line.startswith("│")]
    return [[cell.strip() for cell in line] for line in lines]

"""Programs that are measured: each pinned to one processor, its CPU time counted by the kernel to the nanosecond."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.bench.machine import cpu_of

__all__ = ["GATEWAY_CPU", "LOAD_CPU", "NotStartedError", "Running", "pinned", "running", "settle", "until_up"]

_CPUS = sorted(os.sched_getaffinity(0))
GATEWAY_CPU, LOAD_CPU = _CPUS[0], _CPUS[-1]
"""One processor for the gateway alone, another for the sources and the load."""

_NICE = ["nice", "-n", "-15"] if os.geteuid() == 0 else []
_STARTS_WITHIN = 60.0
_SETTLES_WITHIN = 120.0

_LOOK, _QUIET_LOOKS, _LITTLE = 0.01, 10, 0.001
"""A program has settled when it was seen quiet ten times, 10 ms apart, taking less than 1 ms of CPU each time."""


class NotStartedError(Exception):
    """A program that was to be measured does not answer; the message ends with the end of what it wrote."""


@dataclass(frozen=True, slots=True)
class Running:
    """A program that runs, with the children it has."""

    process: psutil.Process

    def cpu(self) -> float:
        """Return the seconds of CPU that it and its children have taken."""
        return sum(map(_cpu_of, self._tree()))

    def peak_memory_mb(self) -> float:
        """Return the most memory that was ever resident, in MB of 2**20 bytes, children included."""
        return sum(_memory_of(pid, "VmHWM") for pid in self._tree()) / 1024

    def own_memory_mb(self) -> float:
        """Return the memory that is resident now and is no part of a file, in MB, children included."""
        return sum(_memory_of(pid, "RssAnon") for pid in self._tree()) / 1024

    def wants_cpu(self) -> bool:
        """Return whether one of its threads runs, or would run if it were its turn."""
        return any(_runs(task) for pid in self._tree() for task in Path(f"/proc/{pid}/task").glob("*"))

    def _tree(self) -> list[int]:
        with suppress(psutil.NoSuchProcess):
            return [self.process.pid, *(child.pid for child in self.process.children(recursive=True))]
        return []


def _cpu_of(pid: int) -> float:
    with suppress(OSError):
        return cpu_of(pid)
    return 0.0


def _runs(task: Path) -> bool:
    with suppress(OSError):
        return (task / "stat").read_text().rpartition(")")[2].split()[0] == "R"
    return False


def _memory_of(pid: int, name: str) -> int:
    """Return a figure of the process's memory in kB."""
    with suppress(OSError):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return next((int(line.split()[1]) for line in lines if line.startswith(f"{name}:")), 0)
    return 0


def pinned(command: Sequence[str], cpu: int) -> list[str]:
    """Return the command so that it runs on this processor alone, and before others where we may say so."""
    return [*_NICE, "taskset", "-c", str(cpu), *command]


@contextmanager
def running(
    command: Sequence[str], cpu: int, log: Path, *, folder: Path | None = None, env: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """Run a program for as long as the context lasts. What it writes goes to `log`."""
    with log.open("wb") as written:
        child = subprocess.Popen(
            pinned(command, cpu),
            cwd=folder,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=written,
            start_new_session=True,
        )
    try:
        yield Running(psutil.Process(child.pid))
    finally:
        _stop(child)


def _stop(child: subprocess.Popen[bytes]) -> None:
    with suppress(psutil.NoSuchProcess):
        for one in psutil.Process(child.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                one.kill()
    child.kill()
    child.wait()


def until_up(child: Running, answers: Callable[[], object], log: Path) -> float:
    """Wait until the program answers; return the seconds. Raises NotStartedError when it ends, or takes a minute."""
    began = time.monotonic()
    while time.monotonic() - began < _STARTS_WITHIN:
        with suppress(OSError, ValueError):
            answers()
            return time.monotonic() - began
        if not child.process.is_running() or child.process.status() == psutil.STATUS_ZOMBIE:
            break
        time.sleep(0.05)
    raise NotStartedError(f"it does not answer. The end of {log.name}: {log.read_text(errors='replace')[-600:]}")


def settle(*programs: Running) -> None:
    """Wait until they have worked off what they were sent: for a tenth of a second none has run or wanted to.

    That a program takes no CPU does not tell: on a busy machine it may be waiting for its turn. Raises NotStartedError
    after two minutes, for nothing measured from then on would be of what was asked.
    """
    quiet, ends = 0, time.monotonic() + _SETTLES_WITHIN
    before = sum(one.cpu() for one in programs)
    while quiet < _QUIET_LOOKS:
        if time.monotonic() > ends:
            raise NotStartedError(f"a gateway is busy {_SETTLES_WITHIN:.0f} s after it was asked for the last time")
        time.sleep(_LOOK)
        now = sum(one.cpu() for one in programs)
        is_quiet = now - before < _LITTLE and not any(one.wants_cpu() for one in programs)
        quiet, before = quiet + 1 if is_quiet else 0, now

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

__all__ = ["GATEWAY_CPU", "LOAD_CPU", "NotStartedError", "Running", "pinned", "running", "settle"]

_CPUS = sorted(os.sched_getaffinity(0))
GATEWAY_CPU, LOAD_CPU = _CPUS[0], _CPUS[-1]
"""One processor for the gateway alone, another for the sources and the load."""

_NICE = ["nice", "-n", "-15"] if os.geteuid() == 0 else []
_PROCESS_CLOCK = 2
"""Which clock of a process: what the scheduler gave it, threads that have ended included (CPUCLOCK_SCHED)."""

_STARTS_WITHIN = 60.0


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
        return sum(map(_peak_of, self._tree())) / 1024

    def _tree(self) -> list[int]:
        with suppress(psutil.NoSuchProcess):
            return [self.process.pid, *(child.pid for child in self.process.children(recursive=True))]
        return []


def _cpu_of(pid: int) -> float:
    with suppress(OSError):
        return time.clock_gettime((~pid << 3) | _PROCESS_CLOCK)
    return 0.0


def _peak_of(pid: int) -> int:
    with suppress(OSError):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)
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


def settle(one: Running, quiet: float = 0.002) -> None:
    """Wait until it has worked off what it was sent: it takes less than `quiet` seconds of CPU in 50 ms."""
    for _ in range(200):
        before = one.cpu()
        time.sleep(0.05)
        if one.cpu() - before < quiet:
            return

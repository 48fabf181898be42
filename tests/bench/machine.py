"""What the system says of its processors and processes, beyond what Python's library asks for."""

from __future__ import annotations

import platform
import time
from pathlib import Path

__all__ = ["cpu_of", "processor"]

_PROCESS_CLOCK = 2
"""Which clock of a process: what the scheduler gave it, threads that have ended included (Linux, CPUCLOCK_SCHED)."""

_TOLD = Path("/proc/cpuinfo")


def cpu_of(pid: int) -> float:
    """Return the seconds of CPU that a process has taken, to the nanosecond. Raises OSError where it is not told."""
    return time.clock_gettime((~pid << 3) | _PROCESS_CLOCK)


def processor() -> str:
    """Return the processor's name, as Linux tells it; elsewhere as Python does."""
    lines = _TOLD.read_text().splitlines() if _TOLD.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())

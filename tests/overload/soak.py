"""Half load for long, over sources that are slow and down by turns.

    python -m tests.overload.soak [--minutes 10] [--rate 100]

It ends with 1 when a value is of another customer, a null has no reason, something withheld is shown, anything else
than an answer came, more than a hundredth of them is late, or memory grows on: its slope over the second half, put
forth for as long again, is to stay under a twentieth of what the process has.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.overload.running import Came, Stage, came_of, printed, stage, tell, told_by

__all__ = ["Soaked", "slope", "soak", "table"]

_FAULTS: Sequence[dict[str, Any]] = (
    {},
    {"latency_ms": 50},
    {"down": "crm"},
    {},
    {"down": "billing"},
    {"latency_ms": 300},
    {"down": "register"},
)
_EACH = 7.0
_SHARES = (("desk", "whole", 0.4), ("desk", "levels", 0.3), ("batch", "levels", 0.3))
_EVERY = 1.0


@dataclass(frozen=True, slots=True)
class Soaked:
    """What came of it, and the memory in MB, sample by sample: when, and how much."""

    came: Came
    memory: Sequence[tuple[float, float]]

    @property
    def growth(self) -> float:
        """Return the MB by which memory would grow in as long as was measured, by the slope of the second half."""
        half = self.memory[len(self.memory) // 2 :]
        return slope(half) * (self.memory[-1][0] - self.memory[0][0])

    def faults(self) -> list[str]:
        """Return what ought not to be so."""
        told = [f"{name}: {self.came.says}" for name in ("wrong", "failed") if getattr(self.came, name)]
        if self.came.late > 0.01 * self.came.sent:
            told.append(f"{self.came.late:.1f} a second are late; wanted a hundredth of what is sent at most")
        if self.growth > 0.05 * self.memory[-1][1]:
            told.append(f"memory grows by {self.growth:.1f} MB; wanted under a twentieth of {self.memory[-1][1]:.0f}")
        return told


def slope(samples: Sequence[tuple[float, float]]) -> float:
    """Return by how much the second number grows with the first: the line of least squares."""
    if len(samples) < 2:
        return 0.0
    mean_x, mean_y = (sum(one[place] for one in samples) / len(samples) for place in (0, 1))
    over = sum((x - mean_x) * (y - mean_y) for x, y in samples)
    under = sum((x - mean_x) ** 2 for x, _ in samples)
    return over / under if under else 0.0


def soak(on: Stage, rate: float, seconds: float) -> Soaked:
    """Send so many a second for so long, while sources are slow and down by turns."""
    child = on.started([(rate, seconds)], shares=_SHARES, faults=True)
    began, memory = time.monotonic(), []
    while (passed := time.monotonic() - began) < seconds:
        on.hold(**_FAULTS[int(passed / _EACH) % len(_FAULTS)])
        memory.append((passed, on.gateway.memory_mb()))
        time.sleep(_EVERY)
    on.hold()
    return Soaked(came_of(told_by(child), 0, 1e9), memory)


def table(came: Soaked) -> str:
    """Return it as a table."""
    one, first, last = came.came, came.memory[len(came.memory) // 2][1], came.memory[-1][1]
    title = (
        f"{one.seconds} s over sources that fail by turns: memory {first:.0f} MB at half time, {last:.0f} at the end."
    )
    columns = ["sent/s", "right, in time/s", "503/s", "late/s", "wrong/s", "failed/s", "p50 ms", "p99 ms", "growth MB"]
    told = [one.sent, one.good, one.shed, one.late, one.wrong, one.failed, one.p50, one.p99, came.growth]
    return printed(title, columns, [[f"{each:.1f}" for each in told]])


def main(arguments: Sequence[str]) -> int:
    """Measure, print the table, and return 1 where something ought not to be so."""
    parser = argparse.ArgumentParser(prog="python -m tests.overload.soak")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--rate", type=float, default=100.0)
    given: Any = parser.parse_args(arguments)
    with stage() as on:
        came = soak(on, given.rate, given.minutes * 60)
    return tell(table(came), came.faults())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

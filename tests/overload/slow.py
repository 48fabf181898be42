"""Slow clients beside usual ones: what usual ones wait for grows by half at most.

    python -m tests.overload.slow [--seconds 60] [--clients 1000] [--rate 100]

The slow ones are as many as the gateway takes connections. They come and go, a quarter of a minute each time, and what
usual ones wait for meanwhile is compared with what they wait for in between, nine seconds each: so what else the
machine does falls on both. It ends with 1 when the 99th percentile of the usual ones is more than one and a half times
what it is without them, or any of theirs is not answered.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import psutil

from tests.bench.servers import Server
from tests.overload.running import Came, Stage, came_of, finished, printed, stage, tell

__all__ = ["Beside", "beside", "table"]

_CONNECTIONS = 50
_STARTS = 6.0
"""Seconds that the processes take to begin."""
_ALONE, _TOGETHER = 9.0, 15.0
_SETTLES = 3.0
"""Seconds after slow ones have come or gone that are not counted."""

Window = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Beside:
    """What came of the usual requests without slow clients, and beside so many; p99 is the median of the seconds', and
    `cpu` the part of a processor that the gateway and the slow clients had."""

    clients: int
    alone: Came
    together: Came
    p99: tuple[float, float]
    cpu: tuple[Sequence[float], Sequence[float]]
    hung_up: int

    def faults(self) -> list[str]:
        """Return what ought not to be so."""
        told = []
        if self.p99[1] > 1.5 * self.p99[0]:
            told.append(f"the 99th percentile is {self.p99[1] / self.p99[0]:.2f} times what it is without slow clients")
        if self.together.good < self.together.sent:
            came = self.together
            told.append(
                f"not all are right and in time: of {came.sent:.0f} a second {came.late:.1f} were late, "
                f"{came.shed:.1f} refused, {came.failed + came.cut:.1f} failed: {came.says}"
            )
        return told


def beside(on: Stage, rate: float, clients: int, seconds: int) -> Beside:
    """Send so many usual requests a second, for so many seconds beside slow clients, and in between without them."""
    usual = {"connections": _CONNECTIONS}
    on.load([(rate, 3)], **usual)
    alone, together = _windows(time.monotonic() + _STARTS, seconds)
    load = on.started([(rate, together[-1][1] - time.monotonic())], **usual)
    slow = _started(on.gateway.port, clients, together)
    taken = [
        _taken((on.gateway, Server("", psutil.Process(slow.pid))), pair) for pair in zip(alone, together, strict=True)
    ]
    told, hung_up = json.loads(finished(load)), int(finished(slow))
    rows = [_within(told["seconds"], told["began"], each) for each in (alone, together)]
    p99 = [median(one["p99"] for one in each) for each in rows]
    usually, meanwhile = (came_of(each, 0, 1e9) for each in rows)
    cpu = [[median(part) for part in zip(*each, strict=True)] for each in zip(*taken, strict=True)]
    return Beside(clients, usually, meanwhile, (p99[0], p99[1]), (cpu[0], cpu[1]), hung_up)


def _windows(begin: float, seconds: int) -> tuple[list[Window], list[Window]]:
    """Return when there are no slow clients, and when there are, in turn."""
    alone, together = list[Window](), list[Window]()
    for _ in range(max(1, round(seconds / _TOGETHER))):
        alone.append((begin, begin + _ALONE))
        together.append((begin + _ALONE, begin + _ALONE + _TOGETHER))
        begin += _ALONE + _TOGETHER
    return alone, together


def _started(port: int, clients: int, windows: Sequence[Window]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.overload.slow_clients", str(port), str(clients)]
    told = [f"{begin},{end}" for begin, end in windows]
    return subprocess.Popen([*command, *told], stdout=subprocess.PIPE, text=True)


def _taken(servers: Sequence[Server], windows: Sequence[Window]) -> list[list[float]]:
    """Wait for each window, and return what part of a processor each of these had in it."""
    parts = []
    for begin, end in windows:
        time.sleep(max(0.0, begin + _SETTLES - time.monotonic()))
        before, since = [one.cpu() for one in servers], time.monotonic()
        time.sleep(max(0.0, end - 0.1 - time.monotonic()))
        passed = time.monotonic() - since
        parts.append([(one.cpu() - then) / passed for one, then in zip(servers, before, strict=True)])
    return parts


def _within(rows: Sequence[Mapping[str, Any]], began: float, windows: Sequence[Window]) -> list[Mapping[str, Any]]:
    """Return the seconds that lie in one of the windows, from when it has settled on."""
    return [one for one in rows if any(begin + _SETTLES <= began + one["at"] <= end - 1 for begin, end in windows)]


def table(came: Beside) -> str:
    """Return it as a table."""
    title = (
        f"{came.clients} slow clients beside usual ones: p99 {came.p99[1] / came.p99[0]:.2f} times. "
        f"Slow ones were hung up on {came.hung_up} times."
    )
    named = zip(("without", f"beside {came.clients}"), (came.alone, came.together), came.p99, came.cpu, strict=True)
    rows = [
        [name, one.seconds, f"{one.sent:.0f}", f"{one.good:.0f}", f"{one.p50:.1f}", f"{p99:.1f}"]
        + [f"{part:.0%}" for part in cpu]
        for name, one, p99, cpu in named
    ]
    columns = ["slow clients", "seconds", "sent/s", "right, in time/s", "p50 ms", "p99 ms"]
    return printed(title, [*columns, "CPU of the gateway", "of the slow clients"], rows)


def main(arguments: Sequence[str]) -> int:
    """Measure, print the table, and return 1 where something ought not to be so."""
    parser = argparse.ArgumentParser(prog="python -m tests.overload.slow")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--clients", type=int, default=1_000)
    parser.add_argument("--rate", type=float, default=100.0)
    given: Any = parser.parse_args(arguments)
    with stage() as on:
        came = beside(on, given.rate, given.clients, given.seconds)
    return tell(table(came), came.faults())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

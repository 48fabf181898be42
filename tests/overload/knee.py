"""Three times the knee: what is answered stays what it was at its best, the rest is refused at once.

    python -m tests.overload.knee [--seconds 60] [--bulk]

The knee is the most requests a second that are all answered, with a hundredth of them in more than a quarter of the
deadline at most; it is found by going up in steps. Then three times as many come, twenty seconds at a time, and between
as many as were answered most: processors that others share are at times half as quick as at others, so that one is only
to be held against the other of the same minute. It ends with 1 when less than nine tenths of the peak were right and in
time, when a hundredth of what was answered or more was late, when anything else came than these and 503 with
Retry-After, or when it takes more than five seconds until all is as before. Kept connections that are closed while a
request is on its way are told apart: more than one in a thousand is a fault too.

What each process had of the processors is told too: where the gateway had less than all of one, what is measured is the
sources, the load, or what else the machine does. Right answers for a second of the gateway's CPU do not depend on that.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Any

from tests.overload.product import DEADLINE_MS
from tests.overload.running import Came, Stage, came_of, printed, stage, tell

__all__ = ["Knee", "Overloaded", "find_knee", "overload", "table"]

_FIRST, _STEP, _MOST = 150.0, 1.25, 20_000.0
_IN_STEP = 6
"""Seconds: in three more than can be answered were, for what is left over was not yet late."""
_FAILURES = 2
"""Steps one after the other in which not all are answered in time: one alone may be somebody else's doing."""
_WARM_UP = 3
_IN_TURN, _AT_PEAK, _SETTLES = 20, 8, 2
"""Seconds of three times the knee at a time, of the peak between, and those of the latter that are not counted."""
_AFTER = 10
_TIMES = 3.0
_FEW_LATE = DEADLINE_MS / 4
_FEW_CUT = 0.001
_FALLS = ("wrong", "failed")
_SHARES = (("desk", "whole", 1.0),)
_MIXED = (("desk", "whole", 0.5), ("batch", "whole", 0.5))


@dataclass(frozen=True, slots=True)
class Knee:
    """The most requests a second that are all answered in time, and how many were sent when most were answered."""

    rate: float
    best: float


@dataclass(frozen=True, slots=True)
class Overloaded:
    """What came of the requests before, at the peak, during and after; and how many seconds after there were any
    refused. `peak_cpu` and `cpu` are the parts of a processor that gateway, sources and load had at the peak and under
    three times the knee."""

    knee: Knee
    before: Came
    peak: Came
    during: Came
    after: Came
    back_after: int
    classes: Mapping[str, Came]
    peak_cpu: Sequence[float]
    cpu: Sequence[float]
    behind: float

    @property
    def of_peak(self) -> float:
        """Return the part of the peak that is right and in time."""
        return self.during.good / self.peak.good

    @property
    def of_cpu(self) -> float:
        """Return the part of it for a second of the gateway's CPU."""
        return (self.during.good / self.cpu[0]) / (self.peak.good / self.peak_cpu[0])

    def faults(self) -> list[str]:
        """Return what ought not to be so."""
        told = []
        if self.of_peak < 0.9:
            told.append(f"{self.during.good:.0f} a second are right and in time; wanted nine tenths of the peak")
        if self.during.late > 0.01 * self.during.good:
            told.append(f"{self.during.late:.1f} a second are late; wanted a hundredth of what is in time at most")
        fell = [name for name in _FALLS if getattr(self.during, name) or getattr(self.after, name)]
        told += [f"{name}: {self.during.says + self.after.says}" for name in fell]
        if self.during.cut > _FEW_CUT * self.during.sent:
            told.append(f"{self.during.cut:.1f} connections a second were closed under a request")
        if self.back_after > 5:
            told.append(f"it took {self.back_after} s until none was refused any more")
        return told


def find_knee(on: Stage, first: float = _FIRST) -> Knee:
    """Go up in steps until requests are refused or come late, and return the last rate at which none did."""
    on.load([(first, _WARM_UP)])
    rate, knee, best, most, failures = first, first, first, 0.0, 0
    while rate < _MOST and failures < _FAILURES:
        came = came_of(on.load([(rate, _IN_STEP)]), 0, _IN_STEP)
        if came.good > most:
            best, most = rate, came.good
        if came.good < 0.97 * came.sent or came.p99 > _FEW_LATE:
            failures += 1
        else:
            knee, failures = rate, 0
        rate *= _STEP
    return Knee(knee, best)


def overload(on: Stage, knee: Knee, seconds: int, *, is_mixed: bool = False) -> Overloaded:
    """Send half the knee, then the rate of the peak and three times the knee in turn, the latter for so many seconds in
    all, and half the knee again."""
    half, times = knee.rate / 2, max(1, round(seconds / _IN_TURN))
    turns = [(knee.best, _AT_PEAK), (knee.rate * _TIMES, seconds // times)] * times
    watched = on.watched([(half, _WARM_UP), *turns, (half, _AFTER)], shares=_MIXED if is_mixed else _SHARES)
    windows = _windows(turns)
    end, rows = windows[-1][1], watched.rows
    peak, during = (_within(rows, windows[place::2]) for place in (0, 1))
    taken = [[watched.cpu(*each) for each in windows[place::2]] for place in (0, 1)]
    peak_cpu, cpu = ([mean(part) for part in zip(*each, strict=True)] for each in taken)
    refused = [one["at"] - end + 1 for one in rows if one["at"] >= end and one["good"] < one["sent"]]
    return Overloaded(
        knee,
        came_of(rows, 0, _WARM_UP),
        came_of(peak, 0, end),
        came_of(during, 0, end),
        came_of(rows, end + 5, end + _AFTER),
        max(refused, default=0),
        {name: came_of(during, 0, end, name) for name in ("desk", "batch")} if is_mixed else {},
        peak_cpu,
        cpu,
        watched.behind,
    )


def _windows(turns: Sequence[tuple[float, int]]) -> list[tuple[int, int]]:
    """Return from which second to which each turn lasts; that of a peak from when it has settled on."""
    windows, at = list[tuple[int, int]](), _WARM_UP
    for place, (_, seconds) in enumerate(turns):
        windows.append((at if place % 2 else at + _SETTLES, at + seconds))
        at += seconds
    return windows


def _within(rows: Sequence[Mapping[str, Any]], windows: Sequence[tuple[int, int]]) -> Sequence[Mapping[str, Any]]:
    return [one for one in rows if any(begin <= one["at"] < end for begin, end in windows)]


def table(came: Overloaded) -> str:
    """Return it as a table."""
    during = ("three times the knee", came.during)
    rows = [("before", came.before), ("the peak", came.peak), during, ("after", came.after)]
    rows += [(f"of these, {name}", each) for name, each in came.classes.items()]
    columns = [
        "",
        "seconds",
        "sent/s",
        "right, in time/s",
        "503/s",
        "late/s",
        "wrong/s",
        "failed/s",
        "connections closed/s",
        "p50 ms",
        "p99 ms",
    ]
    gateway, sources, load = (f"{each:.0%}" for each in came.cpu)
    title = (
        f"Requests for ten customers. Knee {came.knee.rate:.0f} requests a second, peak {came.peak.good:.0f}. "
        f"Under three times the knee {came.of_peak:.0%} of the peak are right and in time, and {came.of_cpu:.0%} of it "
        f"for a second of the gateway's CPU; {came.back_after} s later none is refused any more. Of a processor the "
        f"gateway had {gateway}, the sources {sources} and the load {load}, which was {came.behind * 1000:.0f} ms late "
        "to send at the 99th percentile."
    )
    return printed(title, columns, [_row(name, one) for name, one in rows])


def _row(name: str, came: Came) -> Sequence[object]:
    counted = [came.sent, came.good, came.shed, came.late, came.wrong, came.failed, came.cut, came.p50, came.p99]
    return [name, came.seconds, *(f"{one:.0f}" for one in counted)]


def main(arguments: Sequence[str]) -> int:
    """Measure, print the table, and return 1 where something ought not to be so."""
    parser = argparse.ArgumentParser(prog="python -m tests.overload.knee")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--bulk", action="store_true", help="half of the requests are of the class bulk")
    given: Any = parser.parse_args(arguments)
    with stage() as on:
        came = overload(on, find_knee(on), given.seconds, is_mixed=given.bulk)
    return tell(table(came), came.faults())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Overload on a processor of virtual time: what comes of it does not depend on what else this machine does.

    python -m tests.overload.simulated [--seconds 60]

A whole gateway in this process. What it computes takes no time here, and what it is charged for instead takes as long
as is said: to read the head of a request, to take it, to begin its work, to make a call, to end it. So time passes for
that, and while nothing is left to run. Requests come at random moments, whether or not earlier ones have been answered.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from gateway.admission import Admission, LoopLag
from gateway.gateway import Gateway
from gateway.settings import Settings
from schema.deadline import Clock
from tests.bench import inside
from tests.bench.inside import Inside
from tests.bench.product.reference import REFERENCE
from tests.overload.product import DEADLINE_MS, TOKENS, path_of, prepare
from tests.overload.running import printed, tell
from tests.overload.values import body_of, expected

__all__ = ["Costs", "Overloaded", "Second", "Simulated", "overload", "simulated"]

_PATH = path_of("whole")
_HEADERS = [(b"authorization", b"Bearer " + TOKENS["desk"].encode())]
_CUSTOMERS = 900
_BEFORE, _AFTER, _IN_STEP = 3, 10, 4


class Processor(inside.VirtualLoop):
    """An event loop whose time passes while it waits and while it works; `worked` tells how long it has."""

    def __init__(self) -> None:
        super().__init__()
        self._worked = 0.0

    def work(self, seconds: float) -> None:
        """Work for so long: whatever is due meanwhile is late."""
        self._worked += seconds
        self._skipping.skipped += seconds

    def worked(self) -> float:
        """Return the seconds of work."""
        return self._worked


@dataclass(frozen=True, slots=True)
class Costs:
    """Seconds of work: for the head of a request, with the look whether it is shed; to take it, or to refuse it later;
    to begin, to make a call, to end. `latency` is how long a source takes for its answer.

    A request takes what one for ten customers takes; heads and refusals take more than they do.
    """

    head: float = 0.0001
    take: float = 0.0003
    begin: float = 0.003
    call: float = 0.0005
    end: float = 0.002
    latency: float = 0.02


@dataclass(slots=True)
class Second:
    """What came of the requests of one second: `late_shed` are those of the shed that were taken first."""

    sent: int = 0
    good: int = 0
    late: int = 0
    wrong: int = 0
    shed: int = 0
    late_shed: int = 0
    says: str = ""


@dataclass(slots=True)
class Simulated:
    """A gateway on a processor, and what comes of requests to it."""

    inside: Inside
    gateway: Gateway
    loop: Processor
    costs: Costs
    chance: random.Random
    seconds: dict[int, Second] = field(default_factory=dict)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def run(self, phases: Sequence[tuple[float, float]]) -> list[Second]:
        """Send so many a second for so many seconds, phase by phase; return what came of it, second by second."""
        self.seconds = {}
        self.inside.run(self._run(phases))
        return [self.seconds.get(each, Second()) for each in range(int(sum(seconds for _, seconds in phases)))]

    async def _run(self, phases: Sequence[tuple[float, float]]) -> None:
        began = at = self.loop.time()
        for rate, seconds in phases:
            end = at + seconds
            while (at := at + self.chance.expovariate(rate)) < end:
                if (left := at - self.loop.time()) > 0:  # what came meanwhile is all there in the loop's next turn
                    await asyncio.sleep(left)
                self._arrive(at, self.seconds.setdefault(int(at - began), Second()))
            at = end
        await asyncio.gather(*self.tasks)

    def _arrive(self, due: float, second: Second) -> None:
        second.sent += 1
        number = self.chance.randrange(_CUSTOMERS)
        self.loop.work(self.costs.head)
        if self.gateway.shedding(b"POST", _PATH.encode(), _HEADERS) is not None:
            second.shed += 1
            return
        task = self.loop.create_task(self._answer(due, number, second))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _answer(self, due: float, number: int, second: Second) -> None:
        self.loop.work(self.costs.take)
        status, answered = await self.inside.exchange(body_of(number, 1), _PATH, _HEADERS)
        self.loop.work(self.costs.end if status == 200 else self.costs.take)
        if status == 503 and b'"OVERLOADED"' in answered:
            second.shed += 1
            second.late_shed += 1
        elif answered != expected("whole", number, 1):
            second.wrong += 1
            second.says = f"{status} {answered[-300:]!r}"
        elif self.loop.time() - due > DEADLINE_MS / 1000:
            second.late += 1
        else:
            second.good += 1


@contextmanager
def simulated(costs: Costs = Costs(), seed: int = 1) -> Iterator[Simulated]:
    """Open a gateway on a processor for as long as the context lasts."""
    loop = Processor()
    made: list[Gateway] = []

    def delay() -> float:
        loop.work(costs.call)
        return costs.latency

    with inside.opened(loop, partial(_prepared, made, loop, costs)) as opened:
        loop.script.delay = delay
        yield Simulated(opened, made[0], loop, costs, random.Random(seed))


def _prepared(made: list[Gateway], loop: Processor, costs: Costs, folder: Path, clock: Clock) -> Gateway:
    prepare(folder)
    settings = Settings(verifiers=folder / "verifiers.yaml")
    gateway = REFERENCE.gateway(inside.SOURCES, folder, clock=clock, settings=settings)
    _charge(gateway.admission, loop, costs.begin)
    made.append(gateway)
    return gateway


def _charge(admission: Admission, loop: Processor, seconds: float) -> None:
    """Have a request take so long when its turn has come, and the lag be told by this processor."""
    enter, wait = admission.enter, admission.wait

    def entered(*, is_urgent: bool) -> bool:
        has_turn = enter(is_urgent=is_urgent)
        loop.work(seconds if has_turn else 0.0)
        return has_turn

    async def waited(*, is_urgent: bool, seconds: float) -> None:
        await wait(is_urgent=is_urgent, seconds=seconds)
        loop.work(begin)

    begin = seconds
    vars(admission).update(enter=entered, wait=waited, _lag=LoopLag(admission._look, loop.time, loop.worked))


@dataclass(frozen=True, slots=True)
class Overloaded:
    """What came of it; `peak` are those that were answered a second when all were."""

    peak: float
    during: Sequence[Second]
    after: Sequence[Second]

    @property
    def good(self) -> float:
        """Return how many a second were right and in time."""
        return sum(one.good for one in self.during) / len(self.during)

    @property
    def back_after(self) -> int:
        """Return after how many seconds all were answered again."""
        return max([second + 1 for second, one in enumerate(self.after) if one.good < one.sent], default=0)

    def count(self, name: str) -> int:
        """Return how many there were of `sent`, `good`, `late`, `wrong`, `shed` or `late_shed`, with those after."""
        return sum(getattr(one, name) for one in (*self.during, *self.after))


def overload(on: Simulated, knee: float, times: float, seconds: int) -> Overloaded:
    """Send the knee, half of it, so many times the knee for so many seconds, and half again."""
    at_knee = on.run([(knee, _IN_STEP)])
    rows = on.run([(knee / 2, _BEFORE), (knee * times, seconds), (knee / 2, _AFTER)])
    peak = sum(one.good for one in at_knee) / _IN_STEP
    end = _BEFORE + seconds
    return Overloaded(peak, rows[_BEFORE:end], rows[end:])


_LARGE = Costs(begin=0.015, call=0.002, end=0.01)
_CASES = (
    ("3 times what can be answered", 3.0, Costs(), 170.0),
    ("3 times, sources that take 2 ms, and not 20", 3.0, Costs(latency=0.002), 170.0),
    ("3 times, sources that take 300 ms", 3.0, Costs(latency=0.3), 170.0),
    ("3 times, large requests", 3.0, _LARGE, 36.0),
    ("10 times, large requests", 10.0, _LARGE, 36.0),
    ("10 times: a fifth of the CPU goes into reading heads", 10.0, Costs(), 170.0),
)


def main(arguments: Sequence[str]) -> int:
    """Simulate each case and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.overload.simulated")
    parser.add_argument("--seconds", type=int, default=60)
    given: Any = parser.parse_args(arguments)
    rows = []
    for name, times, costs, knee in _CASES:
        with simulated(costs) as on:
            came = overload(on, knee, times, given.seconds)
        fell = came.count("late") + came.count("wrong")
        rows.append([name, f"{came.good / came.peak:.0%}", fell, f"{came.back_after} s"])
    columns = ["overload", "right and in time", "late or wrong", "all answered again after"]
    return tell(printed(f"{given.seconds} s of overload on a virtual processor.", columns, rows), [])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

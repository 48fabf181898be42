"""How much of the machine other programs took while something was measured: what makes a figure doubtful."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from tests.bench.peers.processes import Running

__all__ = ["Foreign", "foreign_share"]


@dataclass(slots=True)
class Foreign:
    """The processors, as a number, that programs other than ours took. It is known when the context has ended."""

    share: float = 0.0


@contextmanager
def foreign_share(*own: Running) -> Iterator[Foreign]:
    """Count the CPU of the whole machine but for these programs, and what this process starts and waits for."""
    found = Foreign()
    began, before = time.monotonic(), _all() - _mine(own)
    yield found
    found.share = max(0.0, _all() - _mine(own) - before) / (time.monotonic() - began)


def _all() -> float:
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system + times.irq + times.softirq)


def _mine(own: tuple[Running, ...]) -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.cpu() for one in own) + sum(one.ru_utime + one.ru_stime for one in used)

"""What turns of load cost, and what is made of several: medians, and ratios of turns that lay side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

__all__ = ["Turn", "middle", "percentile", "ratio", "spread"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What one turn cost: microseconds of gateway CPU a request, requests a second, milliseconds of latency.

    `calls` and `bytes` are what the sources were asked and answered, a request. `load_share` is the part of a processor
    that the load took: near 1 it was the load, and not the gateway, that set the pace.
    """

    cpu_us: float
    per_second: float
    p50_ms: float
    p99_ms: float
    calls: float
    bytes: float
    load_share: float

    @classmethod
    def of(
        cls, latencies: Sequence[float], *, cpu: float, seconds: float, told: Mapping[str, int], load_cpu: float
    ) -> Turn:
        """Return the turn of requests that took so many seconds each. Raises ValueError when there was none."""
        requests = len(latencies)
        if not requests:
            raise ValueError("got a turn without a request; wanted one or more: give it more seconds")
        return cls(
            cpu_us=cpu / requests * 1e6,
            per_second=requests / seconds,
            p50_ms=percentile(latencies, 50) * 1000,
            p99_ms=percentile(latencies, 99) * 1000,
            calls=told["calls"] / requests,
            bytes=told["bytes"] / requests,
            load_share=load_cpu / seconds,
        )


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the least value that so many of a hundred do not exceed (nearest rank); `values` has one or more."""
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]


def middle(turns: Sequence[object], name: str = "cpu_us") -> float:
    """Return the median of one figure over the turns, of whatever kind they are."""
    return float(median(getattr(turn, name) for turn in turns))


def ratio(theirs: Sequence[object], mine: Sequence[object], name: str = "cpu_us") -> float:
    """Return how many times as much theirs is: the median over the rounds, each turn by the one beside it."""
    return float(median(getattr(a, name) / getattr(b, name) for a, b in zip(theirs, mine, strict=True)))


def spread(turns: Sequence[Turn], name: str = "cpu_us") -> tuple[float, float]:
    """Return the least and the most of one figure over the turns."""
    values = [getattr(turn, name) for turn in turns]
    return min(values), max(values)

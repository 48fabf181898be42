"""What this gateway is meant to reach, and what it has: each goal with its target and its figure, in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from tests.bench.peers import reasons
from tests.bench.peers.figures import Cell, Figures
from tests.bench.peers.programs import NODE, PEERS, SINGLE_PEERS

__all__ = ["Goal", "goals"]

OURS = "ours"
TITLES = {one.name: one.title for one in (*PEERS, *SINGLE_PEERS)}

_LEVEL = 0.95
"""How far two figures may lie apart that are called level: as far as two runs of one program do."""

_SLACK = 1.15
"""What two measurements of a growing query may differ by: they are of different queries, at one connection."""

_SLOW_MS = 20

_ONE_FIELD = 40 + 110
"""Bytes: the record of one customer with the key and the balance, and the head of the answer that brings it, shared by
nobody."""


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal, its target, the figure that was measured and whether it is enough; None: it was not measured.

    `why` says what keeps it back where it is not enough. `is_stretched` tells that the farther target, where there is
    one, is reached too. `is_tested` marks a goal that no run measures, for a test of every build holds it.
    """

    wanted: str
    target: str
    figure: str = ""
    is_met: bool | None = None
    why: str = ""
    is_stretched: bool = False
    is_tested: bool = False

    @property
    def verdict(self) -> str:
        """Return the verdict in a few words."""
        if self.is_tested:
            return "held by a test"
        if self.is_met is None:
            return "not measured"
        return "reached, stretch too" if self.is_stretched else "reached" if self.is_met else "not reached"


def goals(figures: Figures) -> list[Goal]:
    """Return every goal, in the order in which they count."""
    return [
        *(_cpu(figures, "q1", connections, 1.5, 2.0) for connections in (50, 200)),
        _cpu(figures, "q1", 8, 1 / 1.3, _LEVEL),
        *(_cpu(figures, "q2", connections, 1.5, 2.0) for connections in (50, 200)),
        _cpu(figures, "q3", 50, _LEVEL),
        _single(figures),
        _latency(figures),
        _calls(figures),
        _tokens(),
        _bytes(figures),
        _by_hand(figures),
        _memory(figures),
        _down(figures),
        _growing(figures, "customers", "q1", "customer"),
        _growing(figures, "fields", "wide", "field"),
    ]


def best(figures: Figures, cell: Cell, name: str = "cpu_us") -> tuple[str, float] | None:
    """Return the other gateway that costs least in a cell, and how many times ours that is; None: not measured."""
    found = [(program, figures.ratio(cell, program, name)) for program in programs(figures, cell)]
    there = [(program, value) for program, value in found if value is not None]
    return min(there, key=lambda one: one[1], default=None)


def programs(figures: Figures, cell: Cell) -> list[str]:
    """Return the other gateways that were measured in a cell."""
    return [program for key, program in figures.turns if key == cell.key and not program.startswith(OURS)]


def _cpu(figures: Figures, query: str, connections: int, least: float, stretch: float | None = None) -> Goal:
    wanted = f"{query.upper()} at {connections} connections: CPU next to the best other gateway"
    target = _factor(least) if least >= _LEVEL else f"at most {_factor(least)}"
    if stretch is not None:
        target += f"; stretch: {_factor(stretch)}"
    found = best(figures, Cell("closed", query, connections))
    if found is None:
        return Goal(wanted, target)
    program, times = found
    link = "with" if _is_level(times) else "than" if times > 1 else "as"
    told = f"{_factor(times, 2)} {link} {TITLES[program]}"
    is_stretched = stretch is not None and times >= stretch
    return Goal(wanted, target, told, times >= least, reasons.of_peer(program), is_stretched)


def _is_level(times: float) -> bool:
    return _LEVEL <= times <= 1 / _LEVEL


def _factor(times: float, digits: int = 1) -> str:
    """Return our cost next to one that is so many times ours, with so many digits behind the point."""
    if _is_level(times):
        return "level"
    factor = round(max(times, 1 / times), digits)
    return f"{factor:g} times less" if times > 1 else f"{factor:g} times as much"


def _single(figures: Figures) -> Goal:
    cell = Cell("single", "q1", 50)
    wanted, target = "Q1 at 50 connections, sources that take one key a call: CPU next to Apollo Server", "less"
    times, strongest = (figures.ratio(cell, one) for one in ("apollo-single", "mercurius-undici-single"))
    if times is None:
        return Goal(wanted, target)
    is_stretched = strongest is not None and strongest >= _LEVEL
    target = f"{target}; stretch: level with Mercurius and undici"
    return Goal(wanted, target, _factor(times, 2), times > 1, reasons.ONE_KEY, is_stretched and times > 1)


def _latency(figures: Figures) -> Goal:
    cell = Cell("slow", "q1", 1)
    wanted, target = f"Q1 at one connection, sources of {_SLOW_MS} ms: p50 beyond theirs", "the best other + 0.4 ms"
    mine = figures.value(cell, OURS, "p50_ms")
    others = [(value, one) for one in programs(figures, cell) if (value := figures.value(cell, one, "p50_ms"))]
    if mine is None or not others:
        return Goal(wanted, target)
    least, program = min(others)
    told = f"{mine - _SLOW_MS:.2f} ms; {TITLES[program]} {least - _SLOW_MS:.2f} ms"
    return Goal(wanted, target, told, mine - least <= 0.4, reasons.LATENCY)


def _calls(figures: Figures) -> Goal:
    calls = figures.value(Cell("closed", "q1", 50), OURS, "calls")
    wanted, target = "Q1 at 50 connections, one credential: calls to sources for a request", "under 0.3"
    return Goal(wanted, target) if calls is None else Goal(wanted, target, f"{calls:.2f}", calls < 0.3, reasons.CALLS)


def _tokens() -> Goal:
    wanted = "Callers' own tokens forwarded: calls for 20 callers at once"
    return Goal(wanted, "20, each with its own token", "20, with 20 tokens", is_tested=True)


def _bytes(figures: Figures) -> Goal:
    cell = Cell("closed", "q3", 50)
    sent = figures.value(cell, OURS, "bytes")
    wanted, target = "Q3: what the source is asked for", "the one field, and its key"
    if sent is None:
        return Goal(wanted, target)
    whole = figures.value(cell, "mercurius-undici", "bytes")
    told = f"{sent:.0f} bytes a request" + ("" if whole is None else f"; {whole:.0f} for the whole record")
    return Goal(wanted, target, told, sent <= _ONE_FIELD, reasons.BYTES)


def _by_hand(figures: Figures) -> Goal:
    times = figures.ratio(Cell("closed", "q1", 50), "strawberry")
    wanted = "Strawberry by hand, Q1 at 50 connections: CPU next to it"
    target = "60 times less; stretch: 100 times less"
    if times is None:
        return Goal(wanted, target)
    return Goal(wanted, target, _factor(times, 0), times >= 60, reasons.BY_HAND, times >= 100)


def _memory(figures: Figures) -> Goal:
    wanted, target = "Peak memory next to the leanest gateway on Node", "no more"
    mine = figures.fact("memory", OURS)
    others = [(figures.fact("memory", one)["peak"], one) for one in NODE if figures.fact("memory", one)]
    if mine is None or not others:
        return Goal(wanted, target)
    least, program = min(others)
    told = f"{mine['peak']:.0f} MB; {TITLES[program]} {least:.0f} MB"
    return Goal(wanted, target, told, mine["peak"] <= least, reasons.MEMORY)


def _down(figures: Figures) -> Goal:
    times = figures.ratio(Cell("down", "q1", 50), OURS)
    wanted, target = "One of three sources down, Q1 at 50 connections: CPU next to all well", "at most 1.5 times"
    if times is None:
        return Goal(wanted, target)
    return Goal(wanted, target, f"{times:.2f} times", times <= 1.5, reasons.DOWN)


def _growing(figures: Figures, kind: str, query: str, what: str) -> Goal:
    """The cost of one may not be more than it was among fewer, but for what two measurements differ by."""
    costs = list(_costs(figures, kind, query))
    most = "1,000" if kind == "customers" else "200"
    wanted, target = f"From 1 {what} in a query to {most}: CPU a {what}", "flat or falling"
    if len(costs) < 2:
        return Goal(wanted, target)
    is_flat = all(cost <= least * _SLACK for cost, least in zip(costs, accumulate(costs, min), strict=True))
    return Goal(wanted, target, f"from {costs[0]:.1f} to {costs[-1]:.1f} us", is_flat, reasons.GROWING)


def _costs(figures: Figures, kind: str, query: str) -> Iterator[float]:
    for load in figures.loads(kind, query):
        cost = figures.value(Cell(kind, query, load), OURS)
        if cost is not None:
            yield cost / load

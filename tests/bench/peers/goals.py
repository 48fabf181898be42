"""What this gateway is meant to reach, and what it has: each goal with the figures, in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from tests.bench.peers.figures import Cell, Figures
from tests.bench.peers.programs import PEERS, SINGLE_PEERS

__all__ = ["Goal", "goals"]

OURS = "ours"
TITLES = {one.name: one.title for one in (*PEERS, *SINGLE_PEERS)}
NODE = ("apollo", "apollo-undici", "grafast-undici", "mercurius", "mercurius-fields", "mercurius-undici")

_LEVEL = 0.95
"""How far two figures may lie apart that are called level: as far as two runs of one program do."""


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal, what was reached, and whether that is enough; None: it was not measured.

    `is_tested` marks a goal that no run measures, for a test of every build holds it.
    """

    wanted: str
    reached: str
    is_met: bool | None
    is_tested: bool = False

    @property
    def verdict(self) -> str:
        """Return the verdict in a few words."""
        if self.is_tested:
            return "held by a test"
        return "not measured" if self.is_met is None else "reached" if self.is_met else "behind"


def goals(figures: Figures) -> list[Goal]:
    """Return every goal, in the order in which they count."""
    return [
        *(_cpu(figures, "q1", connections, 1.5) for connections in (50, 200)),
        _cpu(figures, "q1", 8, 1 / 1.3),
        *(_cpu(figures, "q2", connections, 1.5) for connections in (50, 200)),
        _cpu(figures, "q3", 50, _LEVEL),
        _single(figures),
        _latency(figures),
        _calls(figures),
        _tokens(),
        _bytes(figures),
        _by_hand(figures),
        _memory(figures),
        _down(figures),
        _growing(figures, "customers", "q1", "customer", 1.15),
        _growing(figures, "fields", "wide", "field", 1.15),
    ]


def best(figures: Figures, cell: Cell, name: str = "cpu_us") -> tuple[str, float] | None:
    """Return the other gateway that costs least in a cell, and how many times ours that is; None: not measured."""
    found = [(program, figures.ratio(cell, program, name)) for program in programs(figures, cell)]
    there = [(program, value) for program, value in found if value is not None]
    return min(there, key=lambda one: one[1], default=None)


def programs(figures: Figures, cell: Cell) -> list[str]:
    """Return the other gateways that were measured in a cell."""
    return [program for key, program in figures.turns if key == cell.key and not program.startswith(OURS)]


def _cpu(figures: Figures, query: str, connections: int, least: float) -> Goal:
    most = "at most " if least < _LEVEL else ""
    wanted = f"{query.upper()} at {connections} connections: CPU {most}{_factor(least)} the best other gateway"
    found = best(figures, Cell("closed", query, connections))
    if found is None:
        return Goal(wanted, "", None)
    program, times = found
    return Goal(wanted, f"{_factor(times)} {TITLES[program]}", times >= least)


def _factor(times: float) -> str:
    if _LEVEL <= times <= 1 / _LEVEL:
        return "level with"
    return f"{times:.1f} times less than" if times > 1 else f"{1 / times:.1f} times that of"


def _single(figures: Figures) -> Goal:
    times = figures.ratio(Cell("single", "q1", 50), "apollo-single")
    wanted = "Q1 on sources that take one key a call, 50 connections: less CPU than Apollo Server with fetch"
    return Goal(wanted, "", None) if times is None else Goal(wanted, f"{_factor(times)} its", times >= 1)


def _latency(figures: Figures) -> Goal:
    cell = Cell("slow", "q1", 1)
    wanted = "Added latency, Q1, one connection, sources of 20 ms: p50 at most 0.4 ms above the best"
    mine = figures.value(cell, OURS, "p50_ms")
    others = [(figures.value(cell, one, "p50_ms") or 0.0, one) for one in programs(figures, cell)]
    if mine is None or not others:
        return Goal(wanted, "", None)
    least, program = min(others)
    return Goal(wanted, f"{mine - 20:.2f} ms, {TITLES[program]} {least - 20:.2f} ms", mine - least <= 0.4)


def _calls(figures: Figures) -> Goal:
    calls = figures.value(Cell("closed", "q1", 50), OURS, "calls")
    wanted = "Calls to sources for a request, Q1 at 50 connections: fewer than 0.3"
    return Goal(wanted, "", None) if calls is None else Goal(wanted, f"{calls:.3f}", calls < 0.3)


_ONE_FIELD = 40 + 110
"""Bytes: the record of one customer with the key and the balance, and the head of the answer that brings it, shared by
nobody."""


def _tokens() -> Goal:
    return Goal(
        "Callers' own tokens forwarded: one call a caller, each with its own token",
        "20 callers, 20 calls, 20 tokens",
        is_met=None,
        is_tested=True,
    )


def _bytes(figures: Figures) -> Goal:
    cell = Cell("closed", "q3", 50)
    sent = figures.value(cell, OURS, "bytes")
    wanted = "Q3: the source is asked for the one field, and its key"
    if sent is None:
        return Goal(wanted, "", None)
    whole = figures.value(cell, "mercurius-undici", "bytes")
    told = f"{sent:.0f} bytes a request" + ("" if whole is None else f", {whole:.0f} without projection")
    return Goal(wanted, told, sent <= _ONE_FIELD)


def _by_hand(figures: Figures) -> Goal:
    times = figures.ratio(Cell("closed", "q1", 50), "strawberry")
    wanted = "Strawberry, FastAPI, httpx and DataLoader by hand, Q1 at 50 connections: 60 times the CPU"
    return Goal(wanted, "", None) if times is None else Goal(wanted, f"{times:.0f} times", times >= 60)


def _memory(figures: Figures) -> Goal:
    wanted = "Peak memory: no more than the leanest gateway on Node"
    mine = figures.fact("memory", OURS)
    others = [(figures.fact("memory", one)["peak"], one) for one in NODE if figures.fact("memory", one)]
    if mine is None or not others:
        return Goal(wanted, "", None)
    least, program = min(others)
    return Goal(wanted, f"{mine['peak']:.0f} MB, {TITLES[program]} {least:.0f} MB", mine["peak"] <= least)


def _down(figures: Figures) -> Goal:
    times = figures.ratio(Cell("down", "q1", 50), OURS)
    wanted = "One of three sources down, Q1 at 50 connections: at most 1.5 times the CPU of when all are well"
    return Goal(wanted, "", None) if times is None else Goal(wanted, f"{times:.2f} times", times <= 1.5)


def _growing(figures: Figures, kind: str, query: str, what: str, slack: float) -> Goal:
    """The cost of one may not be more than it was among fewer, but for what two measurements differ by (`slack`)."""
    costs = list(_costs(figures, kind, query))
    wanted = f"CPU a {what}, from 1 to {'1,000' if kind == 'customers' else '200'} in a query: flat or falling"
    if len(costs) < 2:
        return Goal(wanted, "", None)
    is_flat = all(cost <= least * slack for cost, least in zip(costs, accumulate(costs, min), strict=True))
    return Goal(wanted, " > ".join(f"{cost:.1f}" for cost in costs) + " us", is_flat)


def _costs(figures: Figures, kind: str, query: str) -> Iterator[float]:
    for load in loads(figures, kind, query):
        cost = figures.value(Cell(kind, query, load), OURS)
        if cost is not None:
            yield cost / load


def loads(figures: Figures, kind: str, query: str) -> Sequence[int]:
    """Return the loads at which a query was measured, ascending."""
    keys = {key.split("/", 2)[2] for key, _ in figures.turns if key.startswith(f"{kind}/{query}/")}
    return sorted(map(int, keys))

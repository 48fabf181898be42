"""What is measured, in the order in which it counts: a run that is interrupted has the most telling figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from tests.bench.peers.asking import WrongAnswerError, check_answers
from tests.bench.peers.figures import Cell, Figures
from tests.bench.peers.measuring import Measuring, Subject
from tests.bench.peers.probes import merging, mixed_tokens
from tests.bench.peers.processes import NotStartedError
from tests.bench.peers.programs import FORWARDING, OURS_SINGLE, OURS_VARIANTS, SINGLE_PEERS, Program, serving
from tests.bench.peers.sources import Sources
from tests.bench.peers.workload import QUERIES, of_customers, of_fields

__all__ = ["ALONE", "FULL", "QUICK", "RUNS", "Bench", "Scale", "start"]

ALONE = 1
"""Connections at which the cost of a customer and of a field is measured: nothing is shared with other requests."""

SLOW_MS, OPEN_MS = 20, 5
"""Milliseconds that the sources take in the runs of slow sources, and in the open loop."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured: seconds a turn, turns a figure, seconds of warming up, and the loads."""

    seconds: float
    rounds: int
    warm: float
    connections: Sequence[int]
    slow_connections: Sequence[int]
    rates: Sequence[int]
    open_seconds: float
    customers: Sequence[int]
    fields: Sequence[int]


FULL = Scale(
    seconds=1.0,
    rounds=3,
    warm=3.0,
    connections=(50, 200, 8, 1),
    slow_connections=(50,),
    rates=(200, 1_000, 4_000),
    open_seconds=3.0,
    customers=(1, 3, 10, 30, 100, 300, 1_000),
    fields=(1, 3, 10, 30, 100, 200),
)
QUICK = Scale(
    seconds=0.3,
    rounds=1,
    warm=0.5,
    connections=(50,),
    slow_connections=(50,),
    rates=(200,),
    open_seconds=1.0,
    customers=(1, 1_000),
    fields=(1, 200),
)


@dataclass(frozen=True, slots=True)
class Bench:
    """Everything that runs: the sources, our gateway, the others, and what measures them."""

    sources: Sources
    built: Path
    mine: Subject
    peers: Sequence[Subject]
    measuring: Measuring
    scale: Scale
    console: Console

    @property
    def figures(self) -> Figures:
        """Return what has been measured."""
        return self.measuring.figures

    @property
    def quick_peers(self) -> list[Subject]:
        """Return the gateways that are measured in every cell."""
        return [peer for peer in self.peers if not peer.served.program.is_slow]


def start(stack: ExitStack, program: Program, bench_sources: Sources, built: Path, console: Console) -> Subject | None:
    """Start a gateway and compare its answers with the sources'; None, and a line, when it cannot be measured."""
    with ExitStack() as own:
        try:
            subject = Subject.of(own.enter_context(serving(program, bench_sources.url, built)))
            check_answers(subject.name, subject.served.port, subject.dialect, bench_sources)
        except (NotStartedError, WrongAnswerError, OSError) as error:
            console.print(f"{program.title} is left out: {error}", markup=False)
            return None
        stack.push(own.pop_all())
        return subject


def healthy(bench: Bench, queries: Sequence[str] = ("q1", "q2", "q3", "q0")) -> None:
    """Measure the queries at every number of connections, on sources that answer at once."""
    for name in queries:
        for connections in bench.scale.connections:
            slow_too = connections in bench.scale.slow_connections
            peers = bench.peers if slow_too else bench.quick_peers
            bench.measuring.beside(Cell("closed", name, connections), QUERIES[name], peers, bench.mine)


def slow_sources(bench: Bench) -> None:
    """Measure the latency that is added to that of slow sources, and what 200 connections do to it."""
    with bench.sources.holding(latency_ms=SLOW_MS):
        for name, connections in (("q1", 1), ("q2", 1), ("q3", 1), ("q1", 200)):
            cell = Cell("slow", name, connections)
            bench.measuring.beside(cell, QUERIES[name], bench.quick_peers, bench.mine)


def one_key_a_call(bench: Bench) -> None:
    """Measure Q1 on sources that take one customer a call."""
    with ExitStack() as stack:
        programs = (OURS_SINGLE, *SINGLE_PEERS)
        started = [start(stack, one, bench.sources, bench.built, bench.console) for one in programs]
        mine, *peers = started
        stack.enter_context(bench.sources.holding(batching=False))
        if mine is not None:
            for connections in bench.scale.connections:
                cell = Cell("single", "q1", connections)
                bench.measuring.beside(cell, QUERIES["q1"], [one for one in peers if one], mine)


def receipts(bench: Bench) -> None:
    """Measure what receipts cost: none, those of the sources alone, and those of every field."""
    served = bench.mine.served
    others = [Subject(one.name, served, one.dialect) for one in OURS_VARIANTS]
    for name in ("q1", "q2"):
        bench.measuring.beside(Cell("receipt", name, 50), QUERIES[name], others, bench.mine)


def one_down(bench: Bench) -> None:
    """Measure what a source that is down costs."""
    for subject in (bench.mine, *bench.quick_peers):
        bench.measuring.with_one_down(Cell("down", "q1", 50), QUERIES["q1"], subject, "billing")


def at_random(bench: Bench) -> None:
    """Measure the open loop."""
    with bench.sources.holding(latency_ms=OPEN_MS):
        for rate in bench.scale.rates:
            cell = Cell("open", "q1", rate)
            bench.measuring.arriving(cell, QUERIES["q1"], bench.quick_peers, bench.mine, bench.scale.open_seconds)


def growing(bench: Bench) -> None:
    """Measure the cost of more customers in a query, and of more fields of a record."""
    strongest = [peer for peer in bench.quick_peers if peer.name == "mercurius-undici"]
    for count in bench.scale.customers:
        query = of_customers(count)
        for subject in (bench.mine, *strongest):
            bench.measuring.alone(Cell("customers", "q1", count), query, subject, ALONE)
    for count in bench.scale.fields:
        cell = Cell("fields", "wide", count)
        bench.measuring.alone(cell, of_fields(count), bench.mine, ALONE)


def probing(bench: Bench) -> None:
    """Find out who merges what many ask at once, and whose token is sent."""
    for subject in (bench.mine, *bench.peers):
        found = merging(subject.served, subject.dialect, bench.sources)
        bench.figures.tell("merging", subject.name, found)
    with ExitStack() as stack:
        forwarding = start(stack, FORWARDING, bench.sources, bench.built, bench.console)
        if forwarding is not None:
            found = mixed_tokens(forwarding.served, forwarding.dialect, bench.sources)
            bench.figures.tell("tokens", forwarding.name, found)


def ending(bench: Bench) -> None:
    """Compare the answers once more, and read how much memory was taken at the most."""
    for subject in (bench.mine, *bench.peers):
        check_answers(subject.name, subject.served.port, subject.dialect, bench.sources)
        served = subject.served
        memory = {"idle": served.idle_mb, "start": served.start_s}
        memory |= {"peak": served.running.peak_memory_mb(), "own": served.running.own_memory_mb()}
        bench.figures.tell("memory", subject.name, memory)


RUNS: dict[str, Callable[[Bench], None]] = {
    "closed": healthy,
    "receipt": receipts,
    "single": one_key_a_call,
    "slow": slow_sources,
    "down": one_down,
    "open": at_random,
    "growing": growing,
    "probes": probing,
}
"""The runs by name; `ending` follows them all."""

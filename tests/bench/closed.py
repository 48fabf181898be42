"""What is measured under load: the queries, with a source down, sources that take one key a call, and slow sources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from statistics import median

from tests.bench.comparing import check_equal
from tests.bench.figures import Turn, middle, ratio, spread
from tests.bench.load import closed_loop, request_bytes
from tests.bench.running import BARE, BY_HAND, ONE_FLIGHT, ONE_KEY, OURS, TUNED, Bench, gateways_of
from tests.bench.tables import Table
from tests.bench.workload import QUERIES, Query, crm_key

__all__ = ["measure_arrivals", "measure_down", "measure_latency", "measure_query", "measure_single"]

_CONNECTIONS = (8, 50)
_LATENCY_MS = 20
_LEAST_SECONDS = 0.6
_SHORT_MS = 5
_DOWN = "billing"

CALLS = "calls: to all sources together, for each request; under one, where requests share them."
"""What is said below tables that count calls."""

Turns = Mapping[str, Sequence[Turn]]


def measure_query(bench: Bench, name: str) -> Iterator[Table]:
    """Yield what a query costs each gateway, at 8 and at 50 connections; their answers are compared first."""
    query = QUERIES[name]
    gateways = gateways_of(bench, OURS, BARE, BY_HAND, TUNED)
    check_equal(gateways, query)
    yield _compared(query.title, {load: bench.rounds(gateways, query, load) for load in _CONNECTIONS})


def measure_single(bench: Bench) -> Iterator[Table]:
    """Yield what one customer costs where the sources take one key a call."""
    gateways = gateways_of(bench, OURS + ONE_KEY, BY_HAND + ONE_KEY, TUNED + ONE_KEY)
    check_equal(gateways, QUERIES["one"])
    measured = {load: bench.rounds(gateways, QUERIES["one"], load) for load in _CONNECTIONS}
    named = {
        load: {name.removesuffix(ONE_KEY): turns for name, turns in each.items()} for load, each in measured.items()
    }
    yield _compared("one customer, sources that take one key a call", named)


def measure_down(bench: Bench) -> Iterator[Table]:
    """Yield what requests cost while billing is down, beside what they cost while all is well."""
    title = f"CPU a request while {_DOWN} is down, beside the same gateway's while all is well: medians"
    headings, rows = ("query", "gateway", "well us", "down us", "down / well", "p99 ms down"), []
    gateways = gateways_of(bench, OURS, BY_HAND, TUNED)
    for query in (QUERIES["one"], QUERIES["fifty"]):
        with bench.holding(down=_DOWN):
            check_equal(gateways, query)
        for gateway in gateways:
            well, down = _beside(bench, gateway.name, query)
            times = f"{ratio(down, well):.2f}"
            cells = f"{middle(well):,.0f}", f"{middle(down):,.0f}", times, f"{middle(down, 'p99_ms'):.1f}"
            rows.append((query.title, gateway.name, *cells))
    yield Table(title, headings, rows, keys=2)


def _beside(bench: Bench, name: str, query: Query) -> tuple[list[Turn], list[Turn]]:
    well, down = [], []
    for _ in range(bench.turns):
        well.append(bench.turn(bench.gateways[name], query, _CONNECTIONS[-1]))
        with bench.holding(down=_DOWN):
            down.append(bench.turn(bench.gateways[name], query, _CONNECTIONS[-1], with_errors=True))
    return well, down


def measure_latency(bench: Bench) -> Iterator[Table]:
    """Yield the time that each gateway adds to that of sources 20 ms away, at one connection."""
    title = f"Latency at one connection, sources {_LATENCY_MS} ms away, and what the gateway adds: medians"
    headings, rows = ("query", "gateway", "p50 ms", "sources ms", "added ms"), []
    longer = replace(bench, seconds=max(_LEAST_SECONDS, bench.seconds))
    with bench.holding(latency_ms=_LATENCY_MS):
        for query in (QUERIES["field"], QUERIES["one"]):
            for gateway in gateways_of(bench, OURS, BY_HAND, TUNED):
                pairs = [
                    (_of_sources(longer) * query.rounds, longer.turn(gateway, query, 1)) for _ in range(bench.turns)
                ]
                base, p50 = median(one for one, _ in pairs), middle([turn for _, turn in pairs], "p50_ms")
                added = median(turn.p50_ms - one for one, turn in pairs)
                rows.append((query.title, gateway.name, f"{p50:.2f}", f"{base:.2f}", f"{added:.2f}"))
    yield Table(title, headings, rows, keys=2)


def _of_sources(bench: Bench) -> float:
    """Return the milliseconds that a source takes to answer when it is asked without a gateway: the median."""
    requests = [request_bytes(f"/crm?ids={crm_key(number)}", {}) for number in range(100)]
    answered = closed_loop(bench.sources.port, requests, connections=1, seconds=bench.seconds)
    return median(answered.latencies) * 1000


def measure_arrivals(bench: Bench) -> Iterator[Table]:
    """Yield what happens when requests arrive at random, whether or not earlier ones are answered."""
    headings, rows = ("gateway", "a second", "CPU us", "calls", "p50 ms", "p99 ms"), []
    asked = (
        (OURS, 100),
        (TUNED, 100),
        (OURS, 500),
        (OURS + ONE_FLIGHT, 500),
        (OURS, 1_000),
        (OURS + ONE_FLIGHT, 1_000),
    )
    with bench.holding(latency_ms=_SHORT_MS):
        for name, per_second in asked:
            gateway = bench.gateways[name]
            turns = [bench.arrivals(gateway, QUERIES["one"], per_second) for _ in range(min(3, bench.turns))]
            cells = f"{middle(turns, 'calls'):.2f}", f"{middle(turns, 'p50_ms'):.1f}", f"{middle(turns, 'p99_ms'):.1f}"
            rows.append((name, f"{per_second:,}", f"{middle(turns):,.0f}", *cells))
    yield Table(f"Poisson arrivals, one customer, sources {_SHORT_MS} ms away", headings, rows, CALLS, keys=2)


def _compared(title: str, measured: Mapping[int, Turns]) -> Table:
    """Return a row for each gateway at each number of connections; the first is what the others are compared with."""
    rows = []
    for connections, by_name in measured.items():
        first = next(iter(by_name.values()))
        rows += [(str(connections), name, *_cells(turns, first)) for name, turns in by_name.items()]
    several = len(first) > 1
    headings = (
        "connections",
        "gateway",
        "CPU us",
        *(["least to most"] if several else []),
        "ratio",
        "p50 ms",
        "p99 ms",
    )
    told = "CPU a request, median of the turns" if several else "CPU a request, in one turn"
    return Table(f"{title}: {told}", (*headings, "calls", "source KB", "load CPU"), rows, CALLS, keys=2)


def _cells(turns: Sequence[Turn], first: Sequence[Turn]) -> Iterator[str]:
    yield f"{middle(turns):,.0f}"
    if len(turns) > 1:
        yield "{:,.0f} to {:,.0f}".format(*spread(turns))
    yield f"{ratio(turns, first):.2f}"
    yield f"{middle(turns, 'p50_ms'):.2f}"
    yield f"{middle(turns, 'p99_ms'):.2f}"
    yield f"{middle(turns, 'calls'):.2f}"
    yield f"{middle(turns, 'bytes') / 1024:.2f}"
    yield f"{middle(turns, 'load_share'):.0%}"

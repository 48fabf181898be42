"""What is measured under load: the queries, with a source down, sources that take one key a call, and slow sources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from statistics import median

from rich.table import Table

from tests.bench.comparing import check_equal
from tests.bench.figures import Turn, middle, ratio, spread
from tests.bench.load import closed_loop, request_bytes
from tests.bench.running import BARE, BY_HAND, ONE_FLIGHT, ONE_KEY, OURS, TUNED, Bench, gateways_of
from tests.bench.workload import QUERIES, Query, crm_key

__all__ = ["measure_arrivals", "measure_down", "measure_latency", "measure_query", "measure_single"]

_CONNECTIONS = (8, 50)
_LATENCY_MS = 20
_LEAST_SECONDS = 0.6
_SHORT_MS = 5
_DOWN = "billing"

Turns = Mapping[str, Sequence[Turn]]


def measure_query(bench: Bench, name: str) -> Iterator[Table]:
    """Yield what a query costs each gateway, at 8 and at 50 connections; their answers are compared first."""
    query = QUERIES[name]
    gateways = gateways_of(bench, OURS, BARE, BY_HAND, TUNED)
    check_equal(gateways, query)
    table = _table(query.title)
    for connections in _CONNECTIONS:
        _add(table, connections, bench.rounds(gateways, query, connections))
    yield table


def measure_single(bench: Bench) -> Iterator[Table]:
    """Yield what one customer costs where the sources take one key a call."""
    gateways = gateways_of(bench, OURS + ONE_KEY, BY_HAND + ONE_KEY, TUNED + ONE_KEY)
    check_equal(gateways, QUERIES["one"])
    table = _table("one customer, sources that take one key a call")
    for connections in _CONNECTIONS:
        measured = bench.rounds(gateways, QUERIES["one"], connections)
        _add(table, connections, {name.removesuffix(ONE_KEY): turns for name, turns in measured.items()})
    yield table


def measure_down(bench: Bench) -> Iterator[Table]:
    """Yield what requests cost while billing is down, beside what they cost while all is well."""
    table = Table(title=f"CPU a request while {_DOWN} is down, beside the same gateway's while all is well: medians")
    for heading in ("query", "gateway", "well us", "down us", "down / well", "p99 ms down"):
        table.add_column(heading, justify="left" if heading in ("query", "gateway") else "right")
    gateways = gateways_of(bench, OURS, BY_HAND, TUNED)
    for query in (QUERIES["one"], QUERIES["fifty"]):
        with bench.holding(down=_DOWN):
            check_equal(gateways, query)
        for gateway in gateways:
            well, down = _beside(bench, gateway.name, query)
            times = f"{ratio(down, well):.2f}"
            cells = f"{middle(well):,.0f}", f"{middle(down):,.0f}", times, f"{middle(down, 'p99_ms'):.1f}"
            table.add_row(query.title, gateway.name, *cells)
    yield table


def _beside(bench: Bench, name: str, query: Query) -> tuple[list[Turn], list[Turn]]:
    well, down = [], []
    for _ in range(bench.turns):
        well.append(bench.turn(bench.gateways[name], query, _CONNECTIONS[-1]))
        with bench.holding(down=_DOWN):
            down.append(bench.turn(bench.gateways[name], query, _CONNECTIONS[-1], with_errors=True))
    return well, down


def measure_latency(bench: Bench) -> Iterator[Table]:
    """Yield the time that each gateway adds to that of sources 20 ms away, at one connection."""
    table = Table(title=f"Latency at one connection, sources {_LATENCY_MS} ms away, and what the gateway adds: medians")
    for heading in ("query", "gateway", "p50 ms", "sources ms", "added ms"):
        table.add_column(heading, justify="left" if heading in ("query", "gateway") else "right")
    longer = replace(bench, seconds=max(_LEAST_SECONDS, bench.seconds))
    with bench.holding(latency_ms=_LATENCY_MS):
        for query in (QUERIES["field"], QUERIES["one"]):
            for gateway in gateways_of(bench, OURS, BY_HAND, TUNED):
                pairs = [
                    (_of_sources(longer) * query.rounds, longer.turn(gateway, query, 1)) for _ in range(bench.turns)
                ]
                base, p50 = median(one for one, _ in pairs), middle([turn for _, turn in pairs], "p50_ms")
                added = median(turn.p50_ms - one for one, turn in pairs)
                table.add_row(query.title, gateway.name, f"{p50:.2f}", f"{base:.2f}", f"{added:.2f}")
    yield table


def _of_sources(bench: Bench) -> float:
    """Return the milliseconds that a source takes to answer when it is asked without a gateway: the median."""
    requests = [request_bytes(f"/crm?ids={crm_key(number)}", {}) for number in range(100)]
    answered = closed_loop(bench.sources.port, requests, connections=1, seconds=bench.seconds)
    return median(answered.latencies) * 1000


def measure_arrivals(bench: Bench) -> Iterator[Table]:
    """Yield what happens when requests arrive at random, whether or not earlier ones are answered."""
    table = Table(title=f"Poisson arrivals, one customer, sources {_SHORT_MS} ms away")
    for heading in ("gateway", "a second", "CPU us", "calls a request", "p50 ms", "p99 ms"):
        table.add_column(heading, justify="left" if heading == "gateway" else "right")
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
            table.add_row(name, f"{per_second:,}", f"{middle(turns):,.0f}", *cells)
    yield table


def _table(title: str) -> Table:
    table = Table(title=f"{title}: gateway CPU a request, median (least to most), and the ratio turn by turn")
    table.add_column("connections", justify="right")
    table.add_column("gateway")
    for heading in ("CPU us", "ratio", "p50 ms", "p99 ms", "calls", "source KB", "load CPU"):
        table.add_column(heading, justify="right")
    return table


def _add(table: Table, connections: int, measured: Turns) -> None:
    """Add a row for each gateway; the first is what the others are compared with."""
    first = next(iter(measured.values()))
    for name, turns in measured.items():
        least, most = spread(turns)
        table.add_row(
            str(connections),
            name,
            f"{middle(turns):,.0f} ({least:,.0f} to {most:,.0f})",
            f"{ratio(turns, first):.2f}",
            f"{middle(turns, 'p50_ms'):.2f}",
            f"{middle(turns, 'p99_ms'):.2f}",
            f"{middle(turns, 'calls'):.2f}",
            f"{middle(turns, 'bytes') / 1024:.2f}",
            f"{middle(turns, 'load_share'):.0%}",
        )
    table.add_section()

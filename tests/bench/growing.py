"""How the cost of a request grows with the customers and with the fields that it asks for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.bench.closed import CALLS
from tests.bench.figures import Turn, middle
from tests.bench.running import OURS, Bench
from tests.bench.tables import Table
from tests.bench.workload import Query, many, wide

__all__ = ["measure_customers", "measure_fields"]

_CUSTOMERS = (1, 10, 50, 200, 1_000)
_FIELDS = (1, 10, 50, 100, 200)
_CONNECTIONS = 8


def measure_customers(bench: Bench) -> Iterator[Table]:
    """Yield the CPU per customer, from one in a query to a thousand."""
    yield _grown(bench, "customer", [many(count) for count in _CUSTOMERS], _CUSTOMERS)


def measure_fields(bench: Bench) -> Iterator[Table]:
    """Yield the CPU per field of one record, from one in a query to two hundred."""
    yield _grown(bench, "field", [wide(fields) for fields in _FIELDS], _FIELDS)


def _grown(bench: Bench, each: str, queries: Sequence[Query], counts: Sequence[int]) -> Table:
    title = f"This gateway: CPU per {each} as a query asks for more of them, {_CONNECTIONS} connections"
    headings, rows = (f"{each}s", "CPU us a request", f"CPU us a {each}", "beside the first", "calls"), []
    measured = _in_turns(bench, queries)
    first = middle(measured[0]) / counts[0]
    for count, turns in zip(counts, measured, strict=True):
        cpu = middle(turns)
        cells = f"{cpu:,.0f}", f"{cpu / count:,.1f}", f"{cpu / count / first:.2f}", f"{middle(turns, 'calls'):.2f}"
        rows.append((f"{count:,}", *cells))
    return Table(title, headings, rows, CALLS)


def _in_turns(bench: Bench, queries: Sequence[Query]) -> list[list[Turn]]:
    """Return the turns of each query, round by round, after one that warms up."""
    rounds = [
        [bench.turn(bench.gateways[OURS], query, _CONNECTIONS) for query in queries] for _ in range(bench.turns + 1)
    ]
    return [list(turns) for turns in zip(*rounds[1:], strict=True)]

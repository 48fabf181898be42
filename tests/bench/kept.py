"""What is kept between requests: look-ups of the cross-reference, and documents that were read before."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from statistics import median

from adapters.crossref import Lookup, SqliteCrossReference
from tests.bench import inside
from tests.bench.product.declared import open_crossref
from tests.bench.running import Bench
from tests.bench.tables import Table
from tests.bench.workload import CUSTOMERS, QUERIES, customer_id

__all__ = ["measure_documents", "measure_lookups"]

_DOCUMENTS = 30
_AT_ONCE = (1, 50)


def measure_lookups(bench: Bench) -> Iterator[Table]:
    """Yield the CPU that it takes to look customers up by their ids, in a file of SQLite."""
    bench.advance("look-ups of the cross-reference")
    title = f"Cross-reference of {CUSTOMERS:,} customers in SQLite: CPU of a look-up, median of turns"
    rows = []
    crossref = open_crossref(bench.folder)
    try:
        for count in _AT_ONCE:
            cpu = median(asyncio.run(_look_up(crossref, count, bench.seconds / 2)) for _ in range(bench.turns)) * 1e6
            rows.append((str(count), f"{cpu:.1f}", f"{cpu / count:.2f}"))
    finally:
        crossref.close()
    yield Table(title, ("customers", "CPU us", "CPU us a customer"), rows)


async def _look_up(crossref: SqliteCrossReference, count: int, seconds: float) -> float:
    asked = [
        [Lookup(None, customer_id((start + place * 7) % CUSTOMERS)) for place in range(count)]
        for start in range(0, CUSTOMERS, 97)
    ]
    times, began, ends = 0, time.process_time(), time.perf_counter() + seconds
    while not times or time.perf_counter() < ends:
        for lookups in asked:
            await crossref.resolve_many(lookups)
        times += len(asked)
    return (time.process_time() - began) / times


def measure_documents(bench: Bench) -> Iterator[Table]:
    """Yield the CPU of a request whose document is new, was prepared, or was asked before."""
    bench.advance("documents that are new, prepared and kept")
    new, prepared, kept = documents(_DOCUMENTS)
    measured = {"new: parsed, checked, planned, compiled": new, "prepared with Engine.prepare": prepared}
    rows = [(which, f"{cpu:,.0f}") for which, cpu in {**measured, "asked before": kept}.items()]
    title = "A request for one customer, in this process: CPU by whether its document is known"
    yield Table(title, ("document", "CPU us"), rows)


def documents(count: int) -> tuple[float, float, float]:
    """Return the microseconds of CPU for documents that are new, prepared and kept: the medians of so many."""
    texts = [QUERIES["one"].document.replace("One", f"One{number}", 1) for number in range(2 * count)]
    bodies = [replace(QUERIES["one"], document=text).body(number, "fields") for number, text in enumerate(texts)]
    with inside.opened(inside.FastLoop()) as gateway:
        gateway.ask(QUERIES["one"].body(0))  # the view is cut, and the connections are made
        new = [_cpu(gateway, body) for body in bodies[:count]]
        for text in texts[count:]:
            gateway.service.engine.prepare(gateway.service.views[0], text)
        prepared = [_cpu(gateway, body) for body in bodies[count:]]
        kept = [_cpu(gateway, body) for body in bodies]
    return median(new), median(prepared), median(kept)


def _cpu(gateway: inside.Inside, body: bytes) -> float:
    began = time.process_time()
    gateway.ask(body)
    return (time.process_time() - began) * 1e6

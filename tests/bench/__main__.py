"""`make bench`: what requests cost this gateway, beside the same schema written by hand. Only Python is needed.

    python -m tests.bench --only one,fifty --turns 3 --seconds 0.2

Each gateway runs in a process of its own on the same sources, this one as its own command serves it. They are measured
in turns, A B C A B C; what is told is the median of the turns, and the median of their ratios turn by turn. Machines
differ and are noisy: only the ratios say something.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from tests.bench.closed import measure_arrivals, measure_down, measure_latency, measure_query, measure_single
from tests.bench.disclosure.measuring import measure_disclosure
from tests.bench.growing import measure_customers, measure_fields
from tests.bench.kept import measure_documents, measure_lookups
from tests.bench.limits import measure_limits
from tests.bench.linked.growth import measure_links
from tests.bench.machine import processor
from tests.bench.running import BARE, ONE_FLIGHT, ONE_KEY, Bench, bench
from tests.bench.tables import Table
from tests.bench.workload import QUERIES

__all__ = ["PARTS", "main", "parts_of"]

PARTS: Mapping[str, Callable[[Bench], Iterable[Table]]] = {
    **{name: partial(measure_query, name=name) for name in QUERIES},
    "down": measure_down,
    "single": measure_single,
    "latency": measure_latency,
    "disclosure": measure_disclosure,
    "limits": measure_limits,
    "arrivals": measure_arrivals,
    "customers": measure_customers,
    "fields": measure_fields,
    "lookups": measure_lookups,
    "links": measure_links,
    "documents": measure_documents,
}
_LINKS = "10000,1000000,10000000"
_LINKS_HELP = (
    f"how many links the cross-references of the part links have ({_LINKS}); to fill those of ten million takes about "
    "five minutes and 10 GB of disk, half of which stays in build/bench-links for the next run"
)
_PACKAGES = ("strawberry-graphql", "graphql-core", "fastapi", "uvicorn", "uvloop", "httpx", "httpx-aiohttp", "aiohttp")


def parts_of(given: str) -> list[str]:
    """Return the parts that are named, in the order of PARTS. Raises ArgumentTypeError for one that is none."""
    named = [one for one in given.split(",") if one]
    if unknown := [one for one in named if one not in PARTS]:
        raise argparse.ArgumentTypeError(f"got {', '.join(unknown)}; wanted some of {','.join(PARTS)}")
    return [one for one in PARTS if one in named]


def _seconds(given: str) -> float:
    value = float(given)
    if not 0.01 <= value <= 60:
        raise argparse.ArgumentTypeError(f"got {given}; wanted 0.01 to 60 seconds")
    return value


def _turns(given: str) -> int:
    value = int(given)
    if not 1 <= value <= 100:
        raise argparse.ArgumentTypeError(f"got {given}; wanted 1 to 100 turns")
    return value


def _links(given: str) -> list[int]:
    sizes = sorted({int(one) for one in given.split(",")})
    if not 400 <= sizes[0] <= sizes[-1] <= 100_000_000:
        raise argparse.ArgumentTypeError(f"got {given}; wanted numbers of 400 to 100000000, as {_LINKS}")
    return sizes


def _chosen(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure CPU per request.")
    parser.add_argument("--only", type=parts_of, default=list(PARTS), help=f"some of {','.join(PARTS)}")
    parser.add_argument("--turns", type=_turns, default=5, help="how many turns make a figure (5)")
    parser.add_argument("--seconds", type=_seconds, default=0.5, help="how long a turn of load is (0.5)")
    parser.add_argument("--links", type=_links, default=_LINKS, help=_LINKS_HELP)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    chosen, started = _chosen(arguments), time.monotonic()
    console = Console(width=None if sys.stdout.isatty() else 130)
    console.print(_machine(), highlight=False)
    columns = SpinnerColumn(), TextColumn("{task.completed}/{task.total} {task.description}"), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=len(chosen.only))

        def advance(what: str) -> None:
            progress.update(task, description=what)

        without = _unneeded(chosen.only)
        with bench(
            seconds=chosen.seconds, turns=chosen.turns, links=chosen.links, advance=advance, without=without
        ) as running:
            for name in chosen.only:
                for table in PARTS[name](running):
                    console.print(table)
                progress.advance(task)
            _tell_end(running, console)
    took = time.monotonic() - started
    console.print(
        f"{chosen.turns} turn{'' if chosen.turns == 1 else 's'} of {chosen.seconds:g} s for each figure; "
        f"{took:.0f} s in all.",
        highlight=False,
    )


def _unneeded(only: Sequence[str]) -> list[str]:
    """Return how the names of those gateways end that none of the parts asks."""
    return [ending for part, ending in (("single", ONE_KEY), ("arrivals", ONE_FLIGHT)) if part not in only]


def _tell_end(running: Bench, console: Console) -> None:
    servers = {name: gateway.server for name, gateway in running.gateways.items() if name != BARE}
    memory = ", ".join(f"{name} {server.memory_mb():.0f} MB" for name, server in servers.items())
    console.print(f"Memory at the end: {memory}.", highlight=False)
    apart = "a processor of their own" if running.is_apart else "no processor of their own, so figures vary more"
    console.print(
        f"The gateways had {apart}. Load CPU near 100% would say that the load set the pace.\n"
        "This gateway checks token, view, restrictions and limits, and knows each source's keys from its table; those "
        "written by hand (Strawberry, FastAPI, httpx, DataLoader) do none of it.",
        highlight=False,
    )


def _machine() -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} processors, {processor()}, {platform.system()}, "
        f"Python {platform.python_version()}\n{versions}"
    )


if __name__ == "__main__":
    main()

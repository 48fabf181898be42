"""`make bench`: CPU per request for one customer and for fifty, beside the same schema written by hand.

Both gateways run in one process each on the same sources, in turns, A B A B; what is quoted is the median of the
turns and their ratio. Machines differ and are noisy: only the ratios say something.
"""

from __future__ import annotations

import asyncio
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from tests.bench import product, workload
from tests.bench.servers import Server, serve, settle

ROUNDS = 5
CONNECTIONS = 8


@dataclass(frozen=True)
class Load:
    """One query: how it is sent, and how many requests a turn has."""

    title: str
    query: str
    variables: Callable[[int], dict[str, Any]]
    requests: int


LOADS = (
    Load("one customer", workload.ONE, lambda n: {"id": workload.customer_id(n % workload.CUSTOMERS)}, 600),
    Load(
        "fifty customers",
        workload.FIFTY,
        lambda n: {"by": [{"id": workload.customer_id((n * 50 + place) % workload.CUSTOMERS)} for place in range(50)]},
        60,
    ),
)


@dataclass(frozen=True)
class Gateway:
    """A gateway that is measured: its process and where it answers."""

    title: str
    server: Server
    path: str

    async def ask(self, session: aiohttp.ClientSession, load: Load, number: int) -> Any:
        """Return the data of one answer; anything but a whole answer ends the run."""
        body = {"query": load.query, "variables": load.variables(number)}
        headers = {"Authorization": f"Bearer {workload.TOKEN}"}
        async with session.post(self.server.url + self.path, json=body, headers=headers) as response:
            answer = await response.json(content_type=None)
        if response.status != 200 or answer.get("errors") or not answer.get("data"):
            raise SystemExit(f"{self.title} answered {response.status}: {str(answer)[:300]}")
        return answer["data"]


def turn(gateway: Gateway, load: Load, requests: int) -> float:
    """Return the CPU milliseconds that the gateway took per request."""
    settle(gateway.server)
    before = gateway.server.cpu()
    asyncio.run(_closed_loop(gateway, load, requests))
    settle(gateway.server)
    return (gateway.server.cpu() - before) / requests * 1000


async def _closed_loop(gateway: Gateway, load: Load, requests: int) -> None:
    numbers = count()
    async with aiohttp.ClientSession() as session:

        async def connection() -> None:
            while (number := next(numbers)) < requests:
                await gateway.ask(session, load, number)

        await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))


async def _same_answers(gateways: list[Gateway]) -> None:
    async with aiohttp.ClientSession() as session:
        for load in LOADS:
            for number in range(3):
                answers = [await gateway.ask(session, load, number) for gateway in gateways]
                if answers[0] != answers[1]:
                    raise SystemExit(f"the answers differ for {load.title}:\n{answers[0]}\n{answers[1]}")


async def _until_up(gateways: list[Gateway]) -> None:
    async with aiohttp.ClientSession() as session:
        for gateway in gateways:
            await gateway.ask(session, LOADS[0], 0)


def measure(gateways: list[Gateway], console: Console) -> dict[tuple[str, str], list[float]]:
    """Return the CPU milliseconds per request of every turn, by load and gateway."""
    figures: dict[tuple[str, str], list[float]] = {}
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("measuring", total=len(LOADS) * len(gateways) * (ROUNDS + 1))
        for load in LOADS:
            for number in range(ROUNDS + 1):
                for gateway in gateways:
                    spent = turn(gateway, load, load.requests if number else load.requests // 4)
                    if number:  # the first turn warms up
                        figures.setdefault((load.title, gateway.title), []).append(spent)
                    progress.advance(task)
    return figures


def show(figures: dict[tuple[str, str], list[float]], gateways: list[Gateway], console: Console) -> None:
    """Print the table."""
    ours, theirs = gateways
    table = Table(title="Gateway CPU per request, milliseconds: median (least to most)")
    for heading in ("query", ours.title, theirs.title, "ratio (turn by turn)"):
        table.add_column(heading, justify="left" if heading == "query" else "right")
    for load in LOADS:
        mine, other = figures[load.title, ours.title], figures[load.title, theirs.title]
        ratios = [b / a for a, b in zip(mine, other, strict=True)]
        cells = [f"{statistics.median(one):.2f} ({min(one):.2f} to {max(one):.2f})" for one in (mine, other)]
        table.add_row(load.title, *cells, f"{statistics.median(ratios):.1f} x less")
    console.print(table)
    for gateway in gateways:
        console.print(f"Memory of {gateway.title} at the end: {gateway.server.peak_memory_mb():.0f} MB.")


def main() -> None:
    """Run the benchmark."""
    console = Console(width=None if sys.stdout.isatty() else 100)
    started = time.monotonic()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="customer-view-bench-")))
        console.print(f"Loading a cross-reference of {workload.CUSTOMERS:,} customers ...")
        product.prepare(folder)
        sources = stack.enter_context(serve("tests.bench.sources:app", {}))
        env = {"BENCH_SOURCES": sources.url, "BENCH_FOLDER": str(folder)}
        ours = stack.enter_context(serve("tests.bench.product:app", env, factory=True))
        theirs = stack.enter_context(serve("tests.bench.hand_written:app", env))
        gateways = [
            Gateway("this gateway", ours, "/views/bench/graphql"),
            Gateway("written by hand", theirs, "/graphql"),
        ]
        asyncio.run(_until_up(gateways))
        asyncio.run(_same_answers(gateways))
        show(measure(gateways, console), gateways, console)
    packages = ", ".join(
        f"{name} {version(name)}" for name in ("strawberry-graphql", "graphql-core", "httpx", "aiohttp")
    )
    console.print(
        f"{CONNECTIONS} connections, {ROUNDS} turns each, {platform.machine()}, Python {platform.python_version()}, "
        f"{packages}; {datetime.now(UTC):%Y-%m-%d}, {time.monotonic() - started:.0f} s.\n"
        "This gateway checks token, view, restrictions and limits and knows each source's keys from its table; the one "
        "written by hand does none of it: Strawberry, FastAPI, httpx, DataLoader."
    )


if __name__ == "__main__":
    main()

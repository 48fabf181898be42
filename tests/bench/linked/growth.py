"""How the cost of a look-up grows with the links that there are, in SQLite and in PostgreSQL."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil
import uvloop

from adapters.crossref import PostgresCrossReference, SqliteCrossReference
from adapters.crossref.postgres.database import connected
from adapters.sandbox.postgres import PostgresServer
from tests.bench.figures import middle, ratio
from tests.bench.linked.filling import fill_postgres, sqlite_file
from tests.bench.linked.turns import Filled, Looked, forget_files, keep, look_up_first, look_up_for, read_files
from tests.bench.running import Bench
from tests.bench.servers import Server
from tests.bench.tables import Table

__all__ = ["measure_links"]

BUILT = Path(__file__).parents[3] / "build" / "bench-links"

_KEPT_BYTES = 33_554_432
_HOT = 200
_LISTENING = 0.5
"""Seconds in which connections are made that listen for writes, whose CPU counts too."""

_NOTE = f"""\
CPU is this process's and the server's. Customers are taken at random from all, but from {_HOT} where look-ups are kept
in the process. Files are in the machine's memory as far as it has room, PostgreSQL's in its own, a quarter of that;
from disk: the mean of the first look-ups when they are in neither. The rows were made in the tables, and no events."""

_EVICT = "CREATE EXTENSION IF NOT EXISTS pg_buffercache; CHECKPOINT; SELECT pg_buffercache_evict_all()"

_WARM = """
CREATE EXTENSION IF NOT EXISTS pg_prewarm;
SELECT pg_prewarm(oid) FROM pg_class
WHERE relname IN ('customer', 'link')
  OR oid IN (SELECT indexrelid FROM pg_index WHERE indrelid IN ('customer'::regclass, 'link'::regclass))
"""


@dataclass(frozen=True, slots=True)
class _Asking:
    """How many customers are looked up at once, and whether they are kept."""

    count: int
    is_kept: bool = False

    @property
    def title(self) -> str:
        return f"{self.count}, kept" if self.is_kept else str(self.count)


_ASKINGS = (_Asking(1), _Asking(50), _Asking(1, is_kept=True))


@dataclass(frozen=True, slots=True)
class _Place:
    """A cross-reference of so many links, by whether look-ups are kept.

    `forget` has it read from the disk when it is next read, and returns whether that can be had; `warm` reads it all.
    """

    filled: Mapping[bool, Filled]
    forget: Callable[[], Awaitable[bool]]
    warm: Callable[[], Awaitable[None]]

    @property
    def links(self) -> int:
        return self.filled[False].links


_Measured = Mapping[_Asking, Sequence[Sequence[Looked]]]


def measure_links(bench: Bench, built: Path = BUILT) -> Iterator[Table]:
    """Yield what look-ups cost, for one customer and for fifty, beside those in the smallest cross-reference."""
    for name, opened in (("SQLite", _in_sqlite), ("PostgreSQL", _in_postgres)):
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            yield runner.run(_measure(bench, name, opened(bench, built)))


@asynccontextmanager
async def _in_sqlite(bench: Bench, built: Path) -> AsyncIterator[Sequence[_Place]]:
    async with AsyncExitStack() as stack:
        places = []
        for links in bench.links:
            bench.advance(f"SQLite, filling {links:,} links unless they are in {built.name}")
            file = await sqlite_file(built, links)
            filled = {}
            for kept in (False, True):
                store = SqliteCrossReference.open(file, kept_bytes=kept * _KEPT_BYTES)
                stack.push_async_callback(store.aclose)
                filled[kept] = Filled(links, store, time.process_time)
            places.append(_Place(filled, partial(_forget, [file]), partial(asyncio.to_thread, read_files, [file])))
        yield places


@asynccontextmanager
async def _in_postgres(bench: Bench, _: Path) -> AsyncIterator[Sequence[_Place]]:
    quarter = psutil.virtual_memory().total // 4 // 2**20
    with PostgresServer.start(shared_buffers=f"{quarter}MB", autovacuum="off", max_wal_size="8GB") as server:
        for links in bench.links:
            bench.advance(f"PostgreSQL, filling {links:,} links")
            await _run(server.url("postgres"), f"CREATE DATABASE links_{links}")
            await fill_postgres(server.url(f"links_{links}"), links)
        async with AsyncExitStack() as stack:
            stores = {links: await _opened(server.url(f"links_{links}"), stack) for links in bench.links}
            await asyncio.sleep(_LISTENING)
            cpu = _cpu_with(server)
            yield [_in_database(server, cpu, links, both) for links, both in stores.items()]


async def _opened(url: str, stack: AsyncExitStack) -> Mapping[bool, PostgresCrossReference]:
    """Return the cross-reference by whether look-ups are kept, its connections made."""
    stores = {}
    for kept in (False, True):
        stores[kept] = await PostgresCrossReference.open(url, connections=1, kept_bytes=kept * _KEPT_BYTES)
        stack.push_async_callback(stores[kept].aclose)
    return stores


def _in_database(
    server: PostgresServer, cpu: Callable[[], float], links: int, stores: Mapping[bool, PostgresCrossReference]
) -> _Place:
    url = server.url(f"links_{links}")

    async def forget() -> bool:
        await _run(url, _EVICT)
        return await _forget([file for file in (server.directory / "data" / "base").rglob("*") if file.is_file()])

    return _Place(
        {kept: Filled(links, store, cpu) for kept, store in stores.items()}, forget, partial(_run, url, _WARM)
    )


async def _run(url: str, statements: str) -> None:
    async with connected(url) as driver:
        await driver.execute(statements)


async def _forget(files: Sequence[Path]) -> bool:
    return forget_files(files)


def _cpu_with(server: PostgresServer) -> Callable[[], float]:
    """Return what tells the CPU of this process and of those of the server that run now; one that ends counts on."""
    processes = [Server("", one) for one in psutil.Process(server.process).children()]
    spent = [0.0] * len(processes)

    def cpu() -> float:
        for place, one in enumerate(processes):
            with suppress(psutil.NoSuchProcess):
                spent[place] = one.cpu()
        return time.process_time() + sum(spent)

    return cpu


async def _measure(bench: Bench, name: str, opened: AbstractAsyncContextManager[Sequence[_Place]]) -> Table:
    async with opened as places:
        first = [await _from_disk(place) for place in places]
        for place in places:
            await place.warm()
        return _table(name, places, first, await _rounds(bench, name, places))


async def _from_disk(place: _Place) -> str:
    await place.filled[False].store.resolve_many(place.filled[False].asked(1))  # what is read once is read
    return f"{await look_up_first(place.filled[False]):,.0f}" if await place.forget() else ""


async def _rounds(bench: Bench, name: str, places: Sequence[_Place]) -> _Measured:
    """Return the turns of each place by how it is asked, round by round, after one that warms up."""
    turns: dict[_Asking, list[list[Looked]]] = {asking: [[] for _ in places] for asking in _ASKINGS}
    for number in range(bench.turns + 1):
        for asking in _ASKINGS:
            for place, done in zip(places, turns[asking], strict=True):
                bench.advance(f"{name}, {place.links:,} links, {asking.title}")
                filled, among = place.filled[asking.is_kept], _HOT if asking.is_kept else None
                if among is not None:
                    await keep(filled, among)
                turn = await look_up_for(filled, asking.count, bench.seconds / 2, among)
                if number:
                    done.append(turn)
    return turns


def _table(name: str, places: Sequence[_Place], first: Sequence[str], measured: _Measured) -> Table:
    rows = []
    for asking, by_place in measured.items():
        for place, turns, from_disk in zip(places, by_place, first, strict=True):
            times = f"{ratio(turns, by_place[0]):.2f}"
            told = from_disk if asking == _ASKINGS[0] else ""
            cells = f"{middle(turns):,.1f}", times, f"{middle(turns, 'p50_us'):,.1f}", told
            rows.append((asking.title, f"{place.links:,}", *cells))
    title = f"Cross-reference in {name}, four links a customer: a look-up by key, medians of the turns"
    headings = ("customers", "links", "CPU us", "beside the first", "p50 us", "from disk us")
    return Table(title, headings, rows, _NOTE, keys=2)

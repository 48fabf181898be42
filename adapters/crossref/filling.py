"""How a cross-reference is filled: many customers with their keys, from rows that are read as a stream."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from adapters.crossref.database import Connection
from adapters.crossref.errors import RefusalCode
from adapters.crossref.keys.sources import SourceSystem
from adapters.crossref.ledger import read_sources
from adapters.crossref.noting import Noting
from adapters.crossref.operations.loading import Load, LoadReport, LoadRow, LoadStep, chunks
from adapters.crossref.operations.writes import act_of
from adapters.crossref.port import Lookup, Restriction

__all__ = ["Filling"]


class Filling(Noting):
    """One tenant's database, filled."""

    async def sources(self) -> Mapping[str, SourceSystem]:
        """Return the sources that are registered, by name."""
        return await self._database.read(lambda connection: read_sources(connection, self._tenant))

    async def load(
        self,
        rows: Iterable[LoadRow | RefusalCode],
        *,
        actor: str,
        restrictions: Mapping[Lookup, Sequence[Restriction]] | None = None,
        progress: Callable[[int], None] | None = None,
        noted: Callable[[LoadStep], None] | None = None,
    ) -> LoadReport:
        """Load many customers with their keys, and restrictions by who they are for; loading them again adds nothing.

        Conflicts and rows that cannot be are left out and counted, the rest is written in transactions of 1,000 rows; a
        code in place of a row says why there is none. The rows are read in another thread. There `progress` is called
        with the rows done so far, and `noted` with what each transaction did, once it stands.
        """
        load = Load(act_of(actor), restrictions or {})
        async with self._database.filling():
            await self._fill(load, rows, [progress and _with_rows(progress, load), noted])
        await self._database.analyse()
        return load.report()

    async def _fill(
        self, load: Load, rows: Iterable[LoadRow | RefusalCode], told: Sequence[Callable[[LoadStep], None] | None]
    ) -> None:
        await self._write(load.normalise)
        load.take(await self._write(load.restrict_known))
        thread = ThreadPoolExecutor(1, thread_name_prefix="crossref-load")
        in_thread = partial(asyncio.get_running_loop().run_in_executor, thread)
        try:
            await self._load(load, rows, in_thread, told)
        finally:
            await asyncio.to_thread(thread.shutdown)  # who gives the rows may take them back now
        load.take(await self._write(load.restrict_known))

    async def has_event(self, seq: int, digest: bytes | None) -> bool:
        """Return whether the event of this number has this hash, as it has in no other database, nor in a backup made
        before it. None is the hash of no event, whose number is 0."""

        async def work(connection: Connection) -> bool:
            row = await connection.fetch_one(
                "SELECT hash FROM xref_event WHERE tenant_id = ? AND seq = ?", self._tenant, seq
            )
            return row is not None and digest is not None and hmac.compare_digest(row[0], digest)

        return await self._database.read(work) or (seq == 0 and digest is None)

    async def _load(
        self,
        load: Load,
        rows: Iterable[LoadRow | RefusalCode],
        in_thread: Callable[..., asyncio.Future[Any]],
        told: Sequence[Callable[[LoadStep], None] | None],
    ) -> None:
        # one thread for all rows: what gives them may be bound to the thread in which it began
        rest = chunks(rows)
        while chunk := await in_thread(next, rest, None):
            done = await self._write(partial(load.write, chunk=chunk))
            load.take(done)
            if load.is_first_of_all:
                await self._database.analyse()  # what was planned for empty tables is slow for full ones
            for tell in told:
                if tell is not None:
                    await in_thread(tell, done.step())


def _with_rows(progress: Callable[[int], None], load: Load) -> Callable[[LoadStep], None]:
    return lambda _: progress(load.rows)

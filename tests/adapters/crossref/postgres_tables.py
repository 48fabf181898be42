"""A cross-reference's tables on a real PostgreSQL, made once and emptied for every test; looked at past the store."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from threading import Thread
from typing import Any, Self, TypeVar

from adapters.crossref import PostgresCrossReference
from adapters.crossref.postgres.database import PostgresConnection, PostgresDatabase, connected
from adapters.sandbox.postgres import PostgresServer
from tests.adapters.crossref.contract import SECRETS, SteppedClock, register_all

T = TypeVar("T")

TABLES = (
    *("tenant", "source_system", "customer", "link", "restriction", "identifier_hash", "identifier_version"),
    *("non_match", "non_match_past"),
    *("match_candidate", "xref_event", "event_customer", "event_secret", "idempotency"),
)


async def make_database(server: PostgresServer, name: str) -> None:
    async with connected(server.url("postgres")) as admin:
        await admin.execute(f"CREATE DATABASE {name} STRATEGY file_copy")


class _Looking(PostgresConnection):
    """A connection that is no store's."""


class PostgresTables:
    """Runs on an event loop of its own, in a thread, so that tests of any kind can look without waiting for theirs."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever)
        self._thread.start()

    def __enter__(self) -> Self:
        self.database = self.run(PostgresDatabase.open(self.url, tenant="default", connections=1))
        self.run(self._make())
        return self

    def __exit__(self, *_: object) -> None:
        self.run(self.database.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def look(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        async def work() -> list[tuple[Any, ...]]:
            async with self.database._acquired() as driver:
                return [tuple(row) for row in await _Looking(driver).fetch(statement, *values)]

        return self.run(work())

    def script(self, statements: str) -> None:
        async def work() -> None:
            async with self.database._acquired() as driver:
                await driver.execute(statements)

        self.run(work())

    def restore(self) -> None:
        """Bring back the tables with the sources registered, and nothing else."""
        emptied = [f"DELETE FROM {table}" for table in reversed(TABLES)]
        # customers refer to each other, which one statement may undo as a whole
        self.script(";".join([*emptied, *(f"INSERT INTO {table} SELECT * FROM saved.{table}" for table in TABLES)]))

    async def _make(self) -> None:
        store = await PostgresCrossReference.open(self.url, clock=SteppedClock(), secrets=SECRETS)
        await register_all(store)
        await store.aclose()
        async with self.database._acquired() as driver:
            copies = [f"CREATE TABLE saved.{table} AS TABLE {table}" for table in TABLES]
            await driver.execute(";".join(["CREATE SCHEMA saved", *copies]))

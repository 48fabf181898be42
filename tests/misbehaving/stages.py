"""How the source of each base is staged: behind a wire that a kit has misbehave, or as a file that is spoilt."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any, Protocol

from adapters.sandbox.postgres import PostgresServer
from adapters.sql.postgres import connected
from adapters.testing import HTTP_WRONGS, POSTGRES_WRONGS, HttpWire, PostgresWire
from adapters.testing.wrongs import Wrong
from tests.misbehaving.bases import BASES, label_of
from tests.misbehaving.file_wrongs import SQLITE_WRONGS, FileWrong, overwrite
from tests.misbehaving.record_wrongs import GRAPHQL_WRONGS, RECORD_WRONGS

__all__ = ["WRONGS", "Stage", "fill_postgres", "fill_sqlite", "staged"]

_KEYS = ("K-0001", "K-0002")


class Stage(Protocol):
    """A source that can be told to misbehave. `calls` counts what it was asked; -1 where that cannot be seen."""

    calls: int

    async def go_wrong(self, wrong: Any) -> None:
        """Misbehave from now on."""


@asynccontextmanager
async def staged(name: str, place: PostgresServer | Path | None = None) -> AsyncIterator[tuple[Stage, str]]:
    """Stage the source of a base, and yield it with the URL at which its adapter asks."""
    if isinstance(place, PostgresServer):
        async with PostgresWire(place.socket) as wire:
            yield wire, f"postgresql://sick:sick@{wire.place}/postgres"
    elif isinstance(place, Path):
        fill_sqlite(place)
        with closing(_File(place)) as file:
            yield file, f"sqlite:///{place}"
    else:
        async with HttpWire(BASES[name].answer) as http:
            yield http, http.url


def fill_postgres(server: PostgresServer) -> None:
    """Make the table of labels, and who may read it."""

    async def fill() -> None:
        async with connected(server.url("postgres")) as admin:
            await admin.execute("CREATE TABLE label (id text, label text, provenance text)")
            await admin.execute("CREATE ROLE sick LOGIN PASSWORD 'sick'; GRANT SELECT ON label TO sick")
            await admin.copy_records_to_table("label", records=_rows())

    asyncio.run(fill())


def fill_sqlite(path: Path) -> None:
    """Make the file that holds the labels."""
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE label (id TEXT, label TEXT, provenance TEXT)")
        database.executemany("INSERT INTO label VALUES (?, ?, ?)", _rows())


def _rows() -> Sequence[tuple[str, str, str]]:
    return [(key, label_of(key), f"bought as {key}") for key in _KEYS]


class _File:
    """An SQLite file."""

    calls = -1

    def __init__(self, path: Path) -> None:
        self._path, self._whole = path, path.read_bytes()
        self._held: sqlite3.Connection | None = None

    async def go_wrong(self, wrong: FileWrong | None) -> None:
        """Spoil the file; None is good order again."""
        self.close()
        if wrong is None:
            await asyncio.to_thread(overwrite, self._path, self._whole)
        else:
            self._held = await asyncio.to_thread(wrong.spoil, self._path)

    def close(self) -> None:
        """Let go of what a kind holds."""
        if self._held is not None:
            self._held.close()
            self._held = None


WRONGS: Mapping[str, Mapping[str, Wrong]] = {
    "REST": {**HTTP_WRONGS, **RECORD_WRONGS},
    "GraphQL": {**HTTP_WRONGS, **RECORD_WRONGS, **GRAPHQL_WRONGS},
    "PostgreSQL": POSTGRES_WRONGS,
    "SQLite": SQLITE_WRONGS,
}
"""The kinds of each base."""

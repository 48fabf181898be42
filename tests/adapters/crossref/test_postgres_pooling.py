"""A pooler between the cross-reference and PostgreSQL: one that shares sessions is refused when it is opened."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import asyncpg
import pytest

from adapters.crossref import Lookup, PostgresCrossReference, SourceSystem, StoreError
from adapters.crossref.postgres.database import _translated
from adapters.crossref.postgres.pooling import POOLED, check_session
from adapters.crossref.trying import try_crossref
from adapters.sandbox.postgres import PostgresServer
from tests.adapters.crossref.contract import SECRETS
from tests.adapters.crossref.pooler import Mode, Pooler, pooler
from tests.adapters.crossref.postgres_tables import PostgresTables


class Told:
    """A connection that says which process it is given to, statement by statement."""

    def __init__(self, named: int, *backends: int) -> None:
        self.named, self.backends = named, [*backends]

    def get_server_pid(self) -> int:
        return self.named

    def transaction(self) -> Any:
        return nullcontext()

    async def fetchval(self, query: str) -> int:
        assert query == "SELECT pg_backend_pid()"
        return self.backends.pop(0)


async def checked(first: Told, *others: Told) -> None:
    """Check the first with the others beside; everything that was to be told has to have been asked for."""
    several = iter(others)

    @asynccontextmanager
    async def beside() -> AsyncIterator[Told]:
        yield next(several)

    try:
        await check_session(first, beside)
    finally:
        assert not any(one.backends for one in (first, *others))
        assert next(several, None) is None


async def test_a_server_itself_is_asked_once() -> None:
    """It names its own process; no second connection is made."""
    await checked(Told(7, 7))


async def test_a_pool_that_keeps_sessions_is_taken() -> None:
    """Two connections are two processes, and the first one's stays."""
    await checked(Told(4001, 7, 7), Told(4002, 8))


async def test_a_session_that_is_given_away_is_refused() -> None:
    """To the second connection, or in exchange for another one."""
    with pytest.raises(StoreError, match="behind a pooler that shares sessions"):
        await checked(Told(4001, 7), Told(4002, 7))
    with pytest.raises(StoreError, match="behind a pooler that shares sessions"):
        await checked(Told(4001, 7, 9), Told(4002, 8))


@pytest.mark.parametrize(
    "error", [asyncpg.InvalidSQLStatementNameError("__asyncpg_1__"), asyncpg.DuplicatePreparedStatementError("x")]
)
def test_a_statement_that_is_anothers_is_told_as_what_it_is(error: Exception) -> None:
    """Of sessions that nobody shares none goes: so it is told where a pooler begins to share later."""
    with pytest.raises(StoreError) as caught, _translated():
        raise error
    assert POOLED in str(caught.value)
    assert "asyncpg" not in str(caught.value)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a path short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="pooler-") as made:
        yield Path(made)


@asynccontextmanager
async def pooled(mode: Mode, tables: PostgresTables, server: PostgresServer, folder: Path) -> AsyncIterator[Pooler]:
    tables.script("DROP SCHEMA IF EXISTS pooled CASCADE; CREATE SCHEMA pooled")
    async with pooler(mode, server.socket, folder) as made:
        yield made
    tables.script("DROP SCHEMA IF EXISTS pooled CASCADE")


def url_of(tables: PostgresTables, folder: Path) -> str:
    return f"{tables.url.partition('?')[0]}?{urlencode({'host': folder, 'search_path': 'pooled'})}"


def made_in(tables: PostgresTables) -> list[tuple[Any, ...]]:
    return tables.look("SELECT tablename FROM pg_tables WHERE schemaname = ?", "pooled")


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("transaction", f"the cross-reference's database {POOLED}"),
        (
            "without settings",
            f"the cross-reference's database {POOLED}: this one takes no settings of a session either (08P01)",
        ),
    ],
)
async def test_a_pooler_that_shares_sessions_is_refused(
    tables: PostgresTables, postgres: PostgresServer, folder: Path, mode: Mode, said: str
) -> None:
    """Before anything is made, with how to mend it; so it is when it is only tried."""
    async with pooled(mode, tables, postgres, folder) as between:
        for opening in (PostgresCrossReference.open, try_crossref):
            with pytest.raises(StoreError) as caught:
                await opening(url_of(tables, folder))
            assert str(caught.value) == said
            assert caught.value.__cause__ is None
        assert between.clients == (4 if mode == "transaction" else 2)
        assert made_in(tables) == []


@pytest.mark.postgres
async def test_a_pooler_that_keeps_sessions_is_used(
    tables: PostgresTables, postgres: PostgresServer, folder: Path
) -> None:
    """Its tables are made, and it is written, read and listened to."""
    async with pooled("session", tables, postgres, folder):
        url = url_of(tables, folder)
        store = await PostgresCrossReference.open(url, secrets=SECRETS, kept_bytes=100_000)
        await store.register_source(SourceSystem("crm"), actor="admin")
        linked = await store.link("crm", "C1", asserted_by="feed")
        subject = await store.resolve(Lookup("crm", "C1"))
        assert subject is not None
        assert subject.customer_id == linked.customer
        await store.aclose()
        await try_crossref(url, secrets=SECRETS)

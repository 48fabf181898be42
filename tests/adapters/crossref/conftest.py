"""Stores to test with."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from adapters.crossref import Secrets, SqliteCrossReference
from adapters.sandbox.postgres import PostgresServer
from tests.adapters.crossref.contract import SECRETS, Backdoor, Open, SteppedClock, Store, register_all
from tests.adapters.crossref.plans import PostgresPlans, SqlitePlans
from tests.adapters.crossref.postgres_tables import PostgresTables, make_database


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cross reference #1.db"


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def stores() -> Iterator[list[SqliteCrossReference]]:
    opened: list[SqliteCrossReference] = []
    yield opened
    for store in opened:
        store.close()


@pytest.fixture
def open_for(path: Path, clock: SteppedClock, stores: list[SqliteCrossReference]) -> Open:
    async def opened(tenant: str = "default", *, secrets: Secrets | None = SECRETS, kept_bytes: int = 0) -> Store:
        store = SqliteCrossReference.open(path, tenant=tenant, clock=clock, secrets=secrets, kept_bytes=kept_bytes)
        stores.append(store)
        return store

    return opened


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A database with the sources registered, made once."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    store = SqliteCrossReference.open(path, clock=SteppedClock(), secrets=SECRETS)
    asyncio.run(register_all(store))
    store.close()
    return path.read_bytes()


@pytest.fixture
def store(path: Path, template: bytes, clock: SteppedClock, stores: list[SqliteCrossReference]) -> SqliteCrossReference:
    path.write_bytes(template)
    stores.append(SqliteCrossReference.open(path, clock=clock, secrets=SECRETS))
    return stores[-1]


@pytest.fixture
def file(path: Path, template: bytes) -> str:
    """The URL of a file with the sources registered, for several who open it themselves."""
    path.write_bytes(template)
    return f"sqlite:///{path}"


@pytest.fixture
def backdoor(path: Path) -> Backdoor:
    def run(statement: str, *values: object) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            return connection.execute(statement, values).fetchall()

    return run


@pytest.fixture(scope="session")
def sqlite_plans(tmp_path_factory: pytest.TempPathFactory) -> SqlitePlans:
    """Files in which it is looked how statements are carried out."""
    return SqlitePlans(tmp_path_factory.mktemp("plans"))


@pytest.fixture(scope="session")
def postgres_plans(postgres: PostgresServer) -> Iterator[PostgresPlans]:
    """A database in which it is looked how statements are carried out."""
    asyncio.run(make_database(postgres, "plans"))
    with PostgresPlans(postgres.url("plans")) as plans:
        yield plans


@pytest.fixture(scope="session")
def all_tables(postgres: PostgresServer) -> Iterator[PostgresTables]:
    """A database of its own on the server, for the tests of all modules."""
    asyncio.run(make_database(postgres, "crossref"))
    with PostgresTables(postgres.url("crossref")) as made:
        yield made


@pytest.fixture
def tables(all_tables: PostgresTables) -> PostgresTables:
    """The tables with the sources registered, and nothing else."""
    all_tables.restore()
    return all_tables

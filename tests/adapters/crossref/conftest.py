"""Stores to test with."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from adapters.crossref import HkdfSecrets, KeyFormat, KeyMode, SourceSystem, SqliteCrossReference
from tests.adapters.crossref.contract import Backdoor, Open, SteppedClock

SECRETS = HkdfSecrets({1: b"one secret of thirty-two bytes.."})
SOURCES = (
    SourceSystem("crm"),
    SourceSystem("billing"),
    SourceSystem("one", max_live=1),
    SourceSystem("mail", KeyFormat.LOWER, KeyMode.SEALED),
)


async def register_all(store: SqliteCrossReference) -> None:
    for source in SOURCES:
        await store.register_source(source, actor="admin")


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
    def opened(tenant: str) -> SqliteCrossReference:
        stores.append(SqliteCrossReference.open(path, tenant=tenant, clock=clock, secrets=SECRETS))
        return stores[-1]

    return opened


@pytest.fixture
def open_without_secrets(path: Path, stores: list[SqliteCrossReference]) -> Open:
    def opened(tenant: str) -> SqliteCrossReference:
        stores.append(SqliteCrossReference.open(f"sqlite:///{path}", tenant=tenant))
        return stores[-1]

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
def store(path: Path, template: bytes, open_for: Open) -> SqliteCrossReference:
    path.write_bytes(template)
    return open_for("default")


@pytest.fixture
def backdoor(path: Path) -> Backdoor:
    def run(statement: str, *values: object) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            return connection.execute(statement, values).fetchall()

    return run

"""What the tests of misbehaving sources share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.sandbox.postgres import PostgresServer
from tests.misbehaving.house import prepare
from tests.misbehaving.stages import fill_postgres

DEADLINE_MS = 1_000


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the view of every house."""
    return prepare(tmp_path_factory.mktemp("house"), deadline=DEADLINE_MS)


@pytest.fixture(scope="session")
def filled_postgres() -> Iterator[PostgresServer]:
    """A real PostgreSQL that holds the labels."""
    with PostgresServer.start(scram_iterations="1") as server:
        fill_postgres(server)
        yield server

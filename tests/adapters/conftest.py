"""What the adapters' tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from adapters.sandbox.postgres import PostgresServer


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A real PostgreSQL, started once in a session; each test connects, and need not prove its password 4096 times."""
    with PostgresServer.start(scram_iterations="1") as server:
        yield server

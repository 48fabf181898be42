"""The part of the contract that is about PostgreSQL's wire: a real server, whose messages are exchanged on the way.

    class TestBillingWire(PostgresWireContract):
        @asynccontextmanager
        async def under_test(self):
            yield BillingOnTheWire(server)

What the adapter may make of each kind stands with it, in `POSTGRES_WRONGS`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from adapters.testing.postgres_wire import PostgresWire
from adapters.testing.postgres_wrongs import POSTGRES_WRONGS, PostgresWrong
from adapters.testing.wired import WireContract, WiredUnderTest, add_tests, asking

__all__ = ["PostgresUnderTest", "PostgresWireContract"]


class PostgresUnderTest(WiredUnderTest):
    """A PostgreSQL database with a table of the source's, filled by `put`. Its adapter is asked for by `host:port`."""

    @property
    @abstractmethod
    def server(self) -> Path | tuple[str, int]:
        """The server's Unix socket, or its host and port."""


class PostgresWireContract(WireContract[PostgresUnderTest, PostgresWrong]):
    """Inherit it in a class named `Test...`; `under_test` yields a PostgresUnderTest."""

    @asynccontextmanager
    async def opened(self, source: PostgresUnderTest) -> AsyncIterator[PostgresWire]:
        """Stand before the server."""
        async with PostgresWire(source.server) as wire, asking(source, wire.place):
            yield wire


add_tests(PostgresWireContract, POSTGRES_WRONGS)

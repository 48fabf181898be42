"""The part of the contract that is about PostgreSQL's wire: a real server, whose messages are exchanged on the way.

    class TestBillingWire(PostgresWireContract):
        @asynccontextmanager
        async def under_test(self):
            yield BillingOnTheWire(server)

What the adapter may make of each kind stands with it, in `POSTGRES_WRONGS`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from adapters.adapter import Adapter
from adapters.testing.postgres_wire import PostgresWire
from adapters.testing.postgres_wrongs import POSTGRES_WRONGS, PostgresWrong
from adapters.testing.source import SeenCall, SourceUnderTest
from adapters.testing.wired import WireContract, add_tests

__all__ = ["PostgresUnderTest", "PostgresWireContract"]


class PostgresUnderTest(SourceUnderTest):
    """A PostgreSQL database with a table of the source's; `put` fills it, `adapter` is set by the kit."""

    @property
    @abstractmethod
    def server(self) -> Path | tuple[str, int]:
        """The server's Unix socket, or its host and port."""

    @abstractmethod
    def adapter_at(self, place: str) -> Adapter:
        """Return a new adapter, with its ordinary settings, whose database is at this `host:port`."""

    async def seen(self) -> Sequence[SeenCall]:
        """Return none: the wire counts the statements itself."""
        return ()


class PostgresWireContract(WireContract[PostgresUnderTest, PostgresWrong]):
    """Inherit it in a class named `Test...`; `under_test` yields a PostgresUnderTest."""

    @asynccontextmanager
    async def opened(self, source: PostgresUnderTest) -> AsyncIterator[PostgresWire]:
        """Stand before the server."""
        async with PostgresWire(source.server) as wire:
            source.adapter = source.adapter_at(wire.place)
            try:
                yield wire
            finally:
                await source.adapter.aclose()


add_tests(PostgresWireContract, POSTGRES_WRONGS)

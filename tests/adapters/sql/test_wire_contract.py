"""SqlAdapter keeps the contract of PostgreSQL's wire: every kind of wrong answer of a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.adapter import Adapter
from adapters.answers import Facts, Key, Page
from adapters.records import Record
from adapters.sandbox.postgres import PostgresServer
from adapters.sql import SqlAdapter, SqlOffer
from adapters.sql.postgres import connected
from adapters.testing import PostgresUnderTest, PostgresWireContract


class Leaf(Record):
    name: str | None
    height: int | None


ONE = SqlOffer(name="leaves", serves="Leaf", record=Leaf, table="leaf", key="tree", max_batch=5)
LISTED = replace(ONE, serves="Tree.leaves", order_by=("name",), absent=Page)


class LeavesOnTheWire(PostgresUnderTest):
    """A table of leaves, one row of a key, or two where the offer is a list."""

    offer: SqlOffer

    def __init__(self, postgres: PostgresServer, *, is_list: bool) -> None:
        self.offer = LISTED if is_list else ONE
        self.postgres = postgres
        self.adapter = self.adapter_at("127.0.0.1:9")

    @property
    def server(self) -> Path:
        return self.postgres.socket

    def adapter_at(self, place: str) -> Adapter:
        return SqlAdapter("leaves", [self.offer], url=f"postgresql://leaves:of%20leaves@{place}/postgres")

    async def put(self, keys: Sequence[Key]) -> None:
        rows = [(key, *self._row(key, line).values()) for key in keys for line in range(1 + self.offer.is_list)]
        async with connected(self.postgres.url("postgres")) as admin:
            await admin.execute("DELETE FROM leaf")
            await admin.copy_records_to_table("leaf", records=rows)

    def facts(self, key: Key) -> Facts | Sequence[Facts]:
        rows = [self._row(key, line) for line in range(2)]
        return rows if self.offer.is_list else rows[0]

    def _row(self, key: Key, line: int) -> Facts:
        return {"name": f"leaf {line} of {key}", "height": len(key)}


@pytest.mark.postgres
class OnTheWire(PostgresWireContract):
    is_list: bool

    @pytest.fixture(autouse=True)
    def _server(self, postgres: PostgresServer) -> None:
        self.postgres = postgres

    @asynccontextmanager
    async def under_test(self) -> AsyncIterator[LeavesOnTheWire]:
        async with connected(self.postgres.url("postgres")) as admin:
            await admin.execute("CREATE TABLE leaf (tree text, name text, height integer)")
            await admin.execute("CREATE ROLE leaves LOGIN PASSWORD 'of leaves'; GRANT SELECT ON leaf TO leaves")
            try:
                yield LeavesOnTheWire(self.postgres, is_list=self.is_list)
            finally:
                await admin.execute("DROP TABLE leaf; DROP ROLE leaves")


class TestFacts(OnTheWire):
    is_list = False


class TestLists(OnTheWire):
    is_list = True

"""What every store of the cross-reference has to do, in parts; a store's tests inherit them and give it by fixtures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import pytest

from adapters.crossref import (
    ChainReport,
    ConflictError,
    HkdfSecrets,
    KeyFormat,
    KeyMode,
    Linked,
    LoadReport,
    LoadRow,
    Secrets,
    SourceSystem,
    StoredCrossReference,
)

SECRETS = HkdfSecrets({1: b"one secret of thirty-two bytes.."})
SOURCES = (
    SourceSystem("crm"),
    SourceSystem("billing"),
    SourceSystem("one", max_live=1),
    SourceSystem("mail", KeyFormat.LOWER, KeyMode.SEALED),
)
START = datetime(2026, 11, 1, 12, tzinfo=UTC)
ID_A, ID_B, ID_C = (f"cus_{digit * 32}" for digit in "abc")


class SteppedClock:
    """A clock that stands still until it is told to go."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def go(self, **time: float) -> None:
        self.now += timedelta(**time)


class Backdoor(Protocol):
    """Runs a statement with `?` parameters past the store, for what the store itself cannot do or show."""

    def __call__(self, statement: str, *values: object) -> list[tuple[Any, ...]]: ...


Store = StoredCrossReference


class Open(Protocol):
    """Opens the same database, for a tenant and with secrets; it is closed after the test."""

    async def __call__(
        self, tenant: str = "default", *, secrets: Secrets | None = SECRETS, kept_bytes: int = 0
    ) -> Store: ...


async def register_all(store: Store) -> None:
    for source in SOURCES:
        await store.register_source(source, actor="admin")


def keys_of(subject: object, source: str) -> list[str]:
    return [linked.key for linked in subject.keys[source]]  # type: ignore[attr-defined]


async def rows_of(store: Store, rows: list[LoadRow], **more: object) -> LoadReport:
    return await store.load(rows, actor="feed", **more)  # type: ignore[arg-type]


def close(backdoor: Backdoor, customer: str, status: str) -> None:
    """Retire or erase a customer in the tables, as those operations will."""
    backdoor("UPDATE link SET valid_to = valid_from, closed_seq = 1000000 WHERE customer_id = ?", customer)
    backdoor("UPDATE customer SET status = ? WHERE customer_id = ?", status, customer)


class CrossReferenceContract:
    """What the parts share. `store` has the sources crm, billing, `one` with max_live 1, and mail, which is sealed."""

    async def link(self, store: Store, source: str, key: str, customer: str | None = None) -> Linked:
        return await store.link(source, key, customer, asserted_by="tester")

    async def conflict(self, store: Store, source: str, key: str, customer: str) -> ConflictError:
        with pytest.raises(ConflictError) as caught:
            await self.link(store, source, key, customer)
        return caught.value

    async def events(self, store: Store) -> int:
        report: ChainReport = await store.verify_chain()
        assert report.holds, report.problems
        return report.events

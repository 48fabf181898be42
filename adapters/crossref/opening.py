"""The one place where a URL chooses the store of the cross-reference."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.crossref.postgres import PostgresCrossReference
from adapters.crossref.secrets import Secrets
from adapters.crossref.sqlite import SqliteCrossReference
from adapters.crossref.stored import Now, StoredCrossReference, utc_now
from adapters.crossref.urls import file_of

__all__ = ["open_crossref"]


@asynccontextmanager
async def open_crossref(
    place: str,
    *,
    tenant: str = "default",
    clock: Now = utc_now,
    secrets: Secrets | None = None,
    migrate: bool = True,
) -> AsyncIterator[StoredCrossReference]:
    """Open the cross-reference at `sqlite:///path` (or a path) or `postgresql://user:password@host/database`.

    It is open for as long as the context lasts, and belongs to the event loop in which it was opened. Tables are made
    where there are none, and brought up to date; with `migrate` False tables of another revision raise
    SchemaOutdatedError. `secrets` is needed when a source's keys are sealed; SecretError says so at once. Raises
    StoreError when the place cannot be one, or its database cannot be opened.
    """
    store: StoredCrossReference
    if file_of(place) is None:
        store = await PostgresCrossReference.open(place, tenant=tenant, clock=clock, secrets=secrets, migrate=migrate)
    else:
        store = SqliteCrossReference.open(place, tenant=tenant, clock=clock, secrets=secrets, migrate=migrate)
    try:
        yield store
    finally:
        await store.aclose()

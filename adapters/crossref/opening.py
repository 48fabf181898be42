"""The one place where a URL chooses the store of the cross-reference."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.crossref.identifiers.blocking import USUAL_RULES, IdentifierRules
from adapters.crossref.keys.secrets import Secrets
from adapters.crossref.postgres.store import PostgresCrossReference
from adapters.crossref.sqlite.store import SqliteCrossReference
from adapters.crossref.stored import Now, StoredCrossReference, utc_now
from adapters.crossref.urls import file_of

__all__ = ["open_crossref"]

_KEPT_BYTES = 33_554_432


@asynccontextmanager
async def open_crossref(
    place: str,
    *,
    tenant: str = "default",
    clock: Now = utc_now,
    secrets: Secrets | None = None,
    migrate: bool = True,
    make_tenant: bool = True,
    beside_others: bool = True,
    kept_bytes: int | None = 0,
    identifier_rules: IdentifierRules = USUAL_RULES,
) -> AsyncIterator[StoredCrossReference]:
    """Open the cross-reference at `sqlite:///path` (or a path) or `postgresql://user:password@host/database`.

    It is open for as long as the context lasts, and belongs to the event loop in which it was opened. Tables are made
    where there are none, and brought up to date; with `migrate` False tables of another revision raise
    SchemaOutdatedError. A tenant that is not there begins; with `make_tenant` False TenantUnknownError is raised, and
    nothing written. So it is, with `beside_others` False, for a tenant of whom nothing is written where something of
    another one is: its name may be a slip. `secrets` is needed when a source's keys are sealed; SecretError says so at
    once. Look-ups are kept in up to `kept_bytes` of memory; with None in 32 MiB on PostgreSQL, and on SQLite, where it
    gains little, not at all. By `identifier_rules` some values are nobody's identifiers. Raises StoreError when the
    place cannot be one, or the tenant's name, or the database cannot be opened.
    """
    store: StoredCrossReference
    if file_of(place) is None:
        kept = _KEPT_BYTES if kept_bytes is None else kept_bytes
        store = await PostgresCrossReference.open(
            place,
            tenant=tenant,
            clock=clock,
            secrets=secrets,
            migrate=migrate,
            make_tenant=make_tenant,
            beside_others=beside_others,
            kept_bytes=kept,
            identifier_rules=identifier_rules,
        )
    else:
        store = SqliteCrossReference.open(
            place,
            tenant=tenant,
            clock=clock,
            secrets=secrets,
            migrate=migrate,
            make_tenant=make_tenant,
            beside_others=beside_others,
            kept_bytes=kept_bytes or 0,
            identifier_rules=identifier_rules,
        )
    try:
        yield store
    finally:
        await store.aclose()

"""The cross-reference on SQLite: an embedded file, read on the event loop and written by one thread at a time."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Self

from adapters.crossref.connecting import connect_reader, connect_writer, database_path
from adapters.crossref.database import Connection, finished
from adapters.crossref.identifiers.blocking import USUAL_RULES, IdentifierRules
from adapters.crossref.kept_lookups import Kept, KeptLookups, WatchedDatabase
from adapters.crossref.keys.sealing import Keyring
from adapters.crossref.keys.secrets import Secrets
from adapters.crossref.reading import Reader
from adapters.crossref.secrets_in_use import check_secrets
from adapters.crossref.sqlite.database import SqliteDatabase
from adapters.crossref.sqlite.finding import SqliteFinder
from adapters.crossref.sqlite.preparing import is_current, make_current
from adapters.crossref.sqlite.watching import SqliteWatch
from adapters.crossref.stored import Now, StoredCrossReference, utc_now
from adapters.crossref.tenants import begin_tenant, check_tenant, is_begun
from adapters.crossref.verification.verifying import KEPT_PROBLEMS, Progress
from schema.deadline import Clock

__all__ = ["SqliteCrossReference"]


class SqliteCrossReference(StoredCrossReference):
    """One tenant's cross-reference in an SQLite file. Made by `open`, given back by `close` or `aclose`.

    Reads run where they are called, on a read-only connection: 20 us for one customer with three keys, 0.55 ms for
    fifty, and 25 us and 0.7 ms among 900,000 (two cores, November 2026); handing them to a thread would cost more.
    Writes run in a thread.
    """

    def __init__(
        self,
        database: SqliteDatabase,
        tenant: str,
        keyring: Keyring,
        clock: Now,
        *,
        kept_bytes: int,
        ticks: Clock,
        rules: IdentifierRules = USUAL_RULES,
    ) -> None:
        finder = SqliteFinder(connect_reader(database.path), tenant, tells_state=kept_bytes > 0)
        self._file, self._finder = database, finder
        self._watch: SqliteWatch | None = None
        try:
            reader = Reader(finder, keyring, finished(finder.sources()))
        except BaseException:
            finder.close()
            raise
        if not kept_bytes:
            super().__init__(database, reader, tenant, keyring, clock, rules)
            return
        kept = Kept(kept_bytes)
        self._watch = SqliteWatch(finder, kept, ticks)
        watched = WatchedDatabase(database, self._watch.settle, self._watch.aclose)
        super().__init__(watched, KeptLookups(reader, self._watch, kept), tenant, keyring, clock, rules)

    @classmethod
    def open(
        cls,
        place: str | Path,
        *,
        tenant: str = "default",
        clock: Now = utc_now,
        secrets: Secrets | None = None,
        migrate: bool = True,
        make_tenant: bool = True,
        beside_others: bool = True,
        kept_bytes: int = 0,
        ticks: Clock = time.monotonic,
        identifier_rules: IdentifierRules = USUAL_RULES,
    ) -> Self:
        """Open or make the file (a path, or `sqlite:///path`) and bring its tables up to date.

        With `migrate` False tables of another revision raise SchemaOutdatedError. A tenant that is not there begins;
        with `make_tenant` False TenantUnknownError is raised, as it is with `beside_others` False for a tenant of whom
        nothing is written where something of another one is. A file of something else raises StoreError and is left as
        it is. `secrets` is needed when a source's keys are sealed, in every version with which live keys are;
        SecretError says so at once.

        With `kept_bytes` look-ups are kept, in about so many bytes of memory, until anybody writes to the file; `ticks`
        counts seconds, and nothing is kept for long when nobody asks.
        """
        check_tenant(tenant)
        path, keyring = database_path(place), Keyring(tenant, secrets)
        current = is_current(path, migrate=migrate)
        database = SqliteDatabase(path, connect_writer(path))
        try:
            if not current:
                make_current(path)
            looked = partial(is_begun, tenant=tenant, make_tenant=make_tenant, beside_others=beside_others)
            database.write_now(lambda connection: _begin(connection, tenant, keyring, looked))
            return cls(database, tenant, keyring, clock, kept_bytes=kept_bytes, ticks=ticks, rules=identifier_rules)
        except BaseException:
            database.close()
            raise

    def close(self) -> None:
        """Give the file back, after the write that is under way. What is asked afterwards raises StoreError."""
        if self._watch is not None:
            self._watch.close()
        self._finder.close()
        self._file.close()  # the writer last: only the last one to leave can fold the log into the file

    async def _damage(self, progress: Progress | None) -> Sequence[str]:
        still = None if progress is None else partial(progress, "pages", 1, 0)  # nobody knows how far SQLite is
        return await self._file.damage(KEPT_PROBLEMS, still)

    async def aclose(self) -> None:
        """Give the file back, as `close` does, without keeping the event loop."""
        self._finder.close()
        await self._database.aclose()


async def _begin(
    connection: Connection, tenant: str, keyring: Keyring, looked: Callable[[Connection], Awaitable[bool]]
) -> None:
    if not await looked(connection):
        await begin_tenant(connection, tenant)
    await check_secrets(connection, tenant, keyring)

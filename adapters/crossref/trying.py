"""Whether a cross-reference that is there could be opened: it is read, and nothing is made, changed or brought up to
date."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from pathlib import Path

from adapters.crossref.connecting import connect_reader, reading, translated
from adapters.crossref.database import Connection, finished
from adapters.crossref.errors import StoreError
from adapters.crossref.keys.sealing import Keyring
from adapters.crossref.keys.secrets import Secrets
from adapters.crossref.postgres.database import PostgresDatabase, connected
from adapters.crossref.postgres.pooling import check_session
from adapters.crossref.postgres.preparing import is_prepared
from adapters.crossref.secrets_in_use import check_secrets
from adapters.crossref.sqlite.database import SqliteConnection
from adapters.crossref.sqlite.preparing import is_current
from adapters.crossref.tenants import check_tenant, is_begun
from adapters.crossref.urls import file_of

__all__ = ["try_crossref"]


async def try_crossref(place: str, *, tenant: str = "default", secrets: Secrets | None = None) -> None:
    """Raise what opening the cross-reference at this URL or path would raise, for its tables or for the secrets.

    Of tables that are to be brought up to date first, the secrets are not verified.

    Raises:
        StoreError: There is none, it cannot be read, or it is something else. SchemaOutdatedError: of a newer release.
            TenantUnknownError: it has nothing of the tenant, and something of another one.
        SecretError: The secrets are not those that its keys and identifiers need.
    """
    check_tenant(tenant)
    file, keyring = file_of(place), Keyring(tenant, secrets)
    if file is None:
        await _try_postgres(place, tenant, keyring)
    else:
        _try_file(file, tenant, keyring)


def _try_file(path: Path, tenant: str, keyring: Keyring) -> None:
    with translated():
        is_there = path.exists()
    if not is_there:
        raise StoreError("got no file of a cross-reference; wanted one that is loaded: correct the path")
    if not is_current(path, migrate=True):
        return
    with closing(connect_reader(path)) as connection, reading(connection):
        finished(_check(SqliteConnection(connection), tenant, keyring))


async def _try_postgres(url: str, tenant: str, keyring: Keyring) -> None:
    async with connected(url) as driver:
        await check_session(driver, partial(connected, url))
    database = await PostgresDatabase.open(url, tenant=tenant, connections=1)
    try:
        if await database.read(is_prepared):
            await database.read(lambda connection: _check(connection, tenant, keyring))
    finally:
        await database.aclose()


async def _check(connection: Connection, tenant: str, keyring: Keyring) -> None:
    await is_begun(connection, tenant, beside_others=False)
    await check_secrets(connection, tenant, keyring)

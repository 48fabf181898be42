"""A PostgreSQL database before it is written: whether it is a cross-reference, and its tables brought up to date."""

from __future__ import annotations

import asyncio
from functools import partial

from adapters.crossref.database import Connection
from adapters.crossref.errors import StoreError
from adapters.crossref.migrations import script
from adapters.crossref.postgres.database import PostgresConnection, connected
from adapters.crossref.postgres.pooling import check_session
from adapters.crossref.revisions import are_ours, checked, is_head

__all__ = ["is_prepared", "prepare"]

_LOCK = int.from_bytes(b"crossref")
"""The number of the advisory lock under which one process at a time changes tables."""


async def prepare(url: str, *, migrate: bool) -> None:
    """Make the tables, or apply the revisions that are missing, in one transaction; processes wait for each other.

    Where the tables are those of this release it only reads. Raises StoreError for a schema of something else, which
    stays as it is, and behind a pooler that shares sessions; SchemaOutdatedError for tables of a newer release, with
    `migrate` False of an older one too.
    """
    async with connected(url) as driver:
        await check_session(driver, partial(connected, url))
        connection = PostgresConnection(driver)
        await _check_encoding(connection)
        if is_head(await _revision(connection), migrate=migrate):
            return
        async with driver.transaction(isolation="read_committed"):
            await connection.execute("SELECT pg_advisory_xact_lock(?)", _LOCK)
            revision = await _revision(connection)
            if not is_head(revision, migrate=migrate):
                # made in a thread, for Alembic takes a quarter of a second to be imported
                await driver.execute(await asyncio.to_thread(script, revision))


async def is_prepared(connection: Connection) -> bool:
    """Return whether the tables are those of this release; it only reads, and raises as `prepare` does."""
    await _check_encoding(connection)
    return is_head(await _revision(connection), migrate=True)


async def _check_encoding(connection: Connection) -> None:
    row = await connection.fetch_one("SHOW server_encoding")
    if row is None or row[0] != "UTF8":
        raise StoreError("got a database that is not in UTF8, and could not keep every key; make one that is")


async def _revision(connection: Connection) -> str | None:
    """Return the revision of the cross-reference in the schema in use, None when nothing is in it."""
    row = await connection.fetch_one("SELECT current_schema()")
    if row is None or row[0] is None:
        raise StoreError("got no schema to use; make the one that the search path names, or name another in the URL")
    tables = {
        row[0] for row in await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
    }
    if not tables:
        return None
    if not are_ours(tables):
        raise StoreError(
            "got a schema with tables of another application; wanted an empty one, or that of a cross-reference: "
            "make one, and name it in the URL by ?search_path= (the tables were left as they are)"
        )
    told = await connection.fetch_one("SELECT version_num FROM alembic_version")
    return checked(told[0] if told else None)

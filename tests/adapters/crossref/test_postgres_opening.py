"""Opening a cross-reference on PostgreSQL: tables made once, schemas of something else left alone, faults told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator

import pytest

from adapters.crossref import PostgresCrossReference, SchemaOutdatedError, StoreError, open_crossref
from adapters.crossref.migrations import HEAD, script
from adapters.crossref.postgres.database import connected
from adapters.sandbox.postgres import PostgresServer
from tests.adapters.crossref.contract import SECRETS, Backdoor
from tests.adapters.crossref.postgres_tables import TABLES, PostgresTables

pytestmark = pytest.mark.postgres


@pytest.fixture
def schema(tables: PostgresTables) -> Iterator[str]:
    """The URL of a schema with nothing in it."""
    tables.script("DROP SCHEMA IF EXISTS fresh CASCADE; CREATE SCHEMA fresh")
    yield f"{tables.url}&search_path=fresh"
    tables.script("DROP SCHEMA IF EXISTS fresh CASCADE")


async def refused(url: str, *, migrate: bool = True, kind: type[StoreError] = StoreError) -> str:
    with pytest.raises(StoreError) as caught:
        await PostgresCrossReference.open(url, migrate=migrate)
    assert type(caught.value) is kind
    assert caught.value.__cause__ is None
    return str(caught.value)


def tables_in(look: Backdoor, schema: str = "fresh") -> set[str]:
    return {row[0] for row in look("SELECT tablename FROM pg_tables WHERE schemaname = ?", schema)}


async def test_processes_that_start_at_once_make_the_tables_once(schema: str, tables: PostgresTables) -> None:
    """From nothing: one makes them, the others wait and find them; opening again changes nothing."""
    for store in await asyncio.gather(*(PostgresCrossReference.open(schema) for _ in range(5))):
        await store.aclose()
    assert tables_in(tables.look) == {*TABLES, "alembic_version"}
    assert tables.look("SELECT version_num FROM fresh.alembic_version") == [(HEAD,)]
    assert tables.look("SELECT count(*) FROM fresh.tenant") == [(1,)]


async def test_tables_are_made_only_when_wanted(schema: str, tables: PostgresTables) -> None:
    """With migrate=False a schema without our tables is refused, and none is made."""
    assert "migrate=True" in await refused(schema, migrate=False, kind=SchemaOutdatedError)
    assert tables_in(tables.look) == set()
    async with open_crossref(schema):
        pass
    async with open_crossref(schema, migrate=False):
        pass


@pytest.mark.parametrize("theirs", ["orders", "customer", "alembic_version"])
async def test_a_schema_of_something_else_is_left_as_it_is(schema: str, tables: PostgresTables, theirs: str) -> None:
    """Also of an application that uses Alembic, or has a table of the same name."""
    tables.script(f"CREATE TABLE fresh.{theirs} (id int)")
    assert (await refused(schema)).startswith("got a schema with tables of another application; wanted an empty one")
    assert tables_in(tables.look) == {theirs}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE {} SET version_num = '9999'", f"got tables of revision 9999; wanted {HEAD}: use the release that"),
        ("UPDATE {} SET version_num = 'a1b2c3'", "got tables of no known revision; wanted"),
        ("DELETE FROM {}", "got tables of no known revision; wanted"),
    ],
)
async def test_tables_of_another_revision_are_refused(
    schema: str, tables: PostgresTables, change: str, said: str
) -> None:
    """An older release does not write tables that it does not know."""
    async with open_crossref(schema):
        pass
    tables.script(change.format("fresh.alembic_version"))
    assert (await refused(schema, kind=SchemaOutdatedError)).startswith(said)


def test_what_is_written_out_starts_at_the_revision_that_is_there() -> None:
    """At the newest there is nothing to do."""
    assert "CREATE TABLE link" in script(None)
    assert "CREATE TABLE" not in script(HEAD)
    assert "BEGIN" not in script(None)


async def test_a_failed_change_of_tables_leaves_nothing(
    schema: str, tables: PostgresTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of it or none: the next start begins from the beginning."""
    broken = script(None) + "; SELECT nonsense"
    with monkeypatch.context() as patched:
        patched.setattr("adapters.crossref.postgres.preparing.script", lambda _: broken)
        assert "failed; see its log (42703)" in await refused(schema)
    assert tables_in(tables.look) == set()
    async with open_crossref(schema):
        pass


async def test_a_search_path_to_nowhere_is_told(tables: PostgresTables) -> None:
    """Tables are made in no schema by chance."""
    assert "got no schema to use" in await refused(f"{tables.url}&search_path=nowhere")


async def test_a_database_that_cannot_keep_every_key_is_refused(postgres: PostgresServer) -> None:
    """Keys are in UTF-8."""
    async with connected(postgres.url("postgres")) as admin:
        await admin.execute("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' STRATEGY file_copy")
    assert "not in UTF8" in await refused(postgres.url("latin"))


@pytest.mark.parametrize(
    ("database", "user", "password", "said"),
    [
        ("crossref", "postgres", "hunter2", "refused the login; correct user and password in its URL (28P01)"),
        ("crossref", "hunter2", "hunter2", "refused the login; correct user and password in its URL (28P01)"),
        ("hunter2", "postgres", None, "is not there; make it, or correct its name in the URL (3D000)"),
    ],
)
async def test_what_the_server_refuses_is_told(
    tables: PostgresTables,
    postgres: PostgresServer,
    caplog: pytest.LogCaptureFixture,
    *,
    database: str,
    user: str,
    password: str | None,
    said: str,
) -> None:
    """In our words, and with nothing of the URL in text or log."""
    caplog.set_level(logging.DEBUG)
    assert (await refused(postgres.url(database, user=user, password=password))).endswith(said)
    assert "hunter2" not in caplog.text


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://me:hunter2@127.0.0.1:1/db", "cannot be reached; see that it runs, and try again"),
        ("postgresql:///db?host=/nowhere/hunter2", "cannot be reached; see that it runs, and try again"),
        ("postgresql:///db?host=127.0.0.1&port=hunter2", "has a URL that cannot be used; correct its options"),
        ("postgresql://me:hunter2@127.0.0.1/db?sslmode=hunter2", "has a URL that cannot be used; correct its options"),
        ("postgresql://me:hunter2@/db", "got a URL of PostgreSQL without a host"),
        ("sqlite:///hunter2", "got what is no URL of PostgreSQL"),
    ],
)
async def test_a_url_that_leads_nowhere_is_told(url: str, said: str) -> None:
    """Without the URL, its host or its password."""
    text = await refused(url)
    assert said in text
    assert "hunter2" not in text
    assert "127.0.0.1" not in text


async def test_no_repr_shows_the_url(tables: PostgresTables) -> None:
    """Nothing that is handed out prints a password."""
    store = await PostgresCrossReference.open(tables.url, secrets=SECRETS)
    parts = [store, store._database, store._reader, store._database._pool]  # type: ignore[attr-defined]
    password = tables.url.split(":")[2].split("@")[0]
    assert password not in repr([*parts, *(vars(part) for part in parts[:3])])
    await store.aclose()

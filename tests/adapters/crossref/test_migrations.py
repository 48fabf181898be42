"""The revisions: what they make on SQLite and on PostgreSQL, and that they are not undone."""

from __future__ import annotations

import io
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory

import adapters.crossref.migrations as migrations
from adapters.crossref import SqliteCrossReference
from adapters.sandbox.postgres import PostgresServer
from adapters.sql.postgres import connected

TABLES = {
    *("tenant", "source_system", "customer", "link", "restriction", "identifier_hash", "non_match", "match_candidate"),
    *("xref_event", "event_secret", "idempotency"),
}


@pytest.fixture
def scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    return ScriptDirectory.from_config(config)


def test_head_is_the_newest_revision(scripts: ScriptDirectory) -> None:
    """The constant that saves a start the reading of revisions says what they say."""
    assert scripts.get_current_head() == migrations.HEAD


def test_every_table_is_there_from_the_start(path: Path) -> None:
    """Opening makes all tables, in one go, and opening again changes nothing."""
    for _ in range(2):
        SqliteCrossReference.open(path).close()
        with closing(sqlite3.connect(path)) as connection:
            names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            assert names - {"alembic_version"} == TABLES
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_the_tables_of_links_are_not_dropped(scripts: ScriptDirectory) -> None:
    """The first revision refuses to be undone and says what to do instead."""
    with pytest.raises(RuntimeError, match="restore a backup"):
        scripts.get_revision("0001").module.downgrade()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE link SET valid_to = '2000-01-01T00:00:00.000000Z', closed_seq = opened_seq + 1",
        "UPDATE link SET valid_to = valid_from, closed_seq = opened_seq",
        "UPDATE link SET valid_to = valid_from",
        "UPDATE link SET confidence = 2",
        "UPDATE customer SET status = 'merged'",
        "UPDATE customer SET status = 'merged', survivor_id = customer_id",
    ],
)
def test_the_tables_refuse_what_cannot_be(path: Path, statement: str) -> None:
    """Intervals end after they begin, in time and in events; who is merged has a survivor, another one."""
    store = SqliteCrossReference.open(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript(
            "INSERT INTO source_system (tenant_id, source_id) VALUES ('default', 'crm');"
            "INSERT INTO customer (tenant_id, customer_id, status, created_at, changed_seq) "
            "VALUES ('default', 'c', 'active', '2026-01-01T00:00:00.000000Z', 1);"
            "INSERT INTO link (link_id, tenant_id, source_id, key_lookup, customer_id, valid_from, asserted_by, "
            "method, opened_seq) "
            "VALUES ('l', 'default', 'crm', 'k', 'c', '2026-01-01T00:00:00.000000Z', 't', 'import', 1);"
        )
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute(statement)
    store.close()


@pytest.mark.postgres
async def test_the_revision_makes_the_tables_on_postgresql(scripts: ScriptDirectory, postgres: PostgresServer) -> None:
    """The same revision, written out for PostgreSQL, runs there."""
    written = io.StringIO()
    context = MigrationContext.configure(
        dialect_name="postgresql", opts={"as_sql": True, "output_buffer": written, "literal_binds": True}
    )
    with Operations.context(context):
        scripts.get_revision("0001").module.upgrade()
    async with connected(postgres.url("postgres")) as connection:
        await connection.execute("CREATE SCHEMA crossref; SET search_path TO crossref")
        await connection.execute(written.getvalue())
        rows = await connection.fetch(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'crossref'"
        )
        await connection.execute("DROP SCHEMA crossref CASCADE")
    assert {row[0] for row in rows} == TABLES

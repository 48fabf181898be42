"""The revisions: what they make on SQLite and on PostgreSQL, and that they are not undone."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

import adapters.crossref.migrations as migrations
from adapters.crossref import Lookup, SchemaOutdatedError, SqliteCrossReference
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


FILLED = """
INSERT INTO tenant (tenant_id) VALUES ('default');
INSERT INTO source_system (tenant_id, source_id) VALUES ('default', 'crm');
INSERT INTO customer (tenant_id, customer_id, status, created_at, changed_seq)
  VALUES ('default', 'c', 'active', '2026-01-01T00:00:00.000000Z', 1);
INSERT INTO link (link_id, tenant_id, source_id, key_lookup, customer_id, valid_from, asserted_by, method, opened_seq)
  VALUES ('l', 'default', 'crm', 'k', 'c', '2026-01-01T00:00:00.000000Z', 't', 'import', 1);
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);
INSERT INTO alembic_version VALUES ('0001');
"""


def run_on(path: Path, act: Callable[[], None]) -> None:
    """Run a step of a revision on the file."""
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        act()


def indexes_of(path: Path) -> dict[str, str]:
    with closing(sqlite3.connect(path)) as connection:
        return dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"))


async def test_a_file_of_the_first_revision_is_brought_up_to_date(path: Path, scripts: ScriptDirectory) -> None:
    """Its indexes become those of a new file, who is in it is found, and with migrate=False it is refused."""
    run_on(path, scripts.get_revision("0001").module.upgrade)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(FILLED)
    first = indexes_of(path)
    with pytest.raises(SchemaOutdatedError, match="migrate=True"):
        SqliteCrossReference.open(path, migrate=False)
    with closing(SqliteCrossReference.open(path)) as store:
        by_key, by_id = await store.resolve_many([Lookup("crm", "k"), Lookup(None, "c")])
    assert by_key is not None
    assert by_key == by_id
    assert [one.key for one in by_key.keys["crm"]] == ["k"]
    fresh = path.with_name("fresh.db")
    SqliteCrossReference.open(fresh).close()
    assert indexes_of(path) == indexes_of(fresh) != first
    run_on(path, scripts.get_revision("0002").module.downgrade)
    assert indexes_of(path) == first


def test_the_second_revision_leaves_postgresql_as_it_is() -> None:
    """It tells its number and changes nothing else."""
    (written,) = [line for line in migrations.script("0001").splitlines() if line and not line.startswith("--")]
    assert written.startswith("UPDATE alembic_version SET version_num='0002'")


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

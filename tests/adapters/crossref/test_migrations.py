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
from adapters.crossref import (
    ConflictError,
    KeyNews,
    Lookup,
    PostgresCrossReference,
    Restriction,
    SchemaOutdatedError,
    SqliteCrossReference,
)
from adapters.sandbox.postgres import PostgresServer
from adapters.sql.postgres import connected
from tests.adapters.crossref.contract import ID_A, ID_B, ID_C, SECRETS, Store, register_all, rows_of
from tests.adapters.crossref.postgres_tables import TABLES, PostgresTables


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
            assert names - {"alembic_version"} == {*TABLES}
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


@pytest.mark.parametrize("revision", ["0001", "0003"])
def test_what_stands_nowhere_else_is_not_dropped(scripts: ScriptDirectory, revision: str) -> None:
    """A revision that makes tables refuses to be undone and says what to do instead."""
    with pytest.raises(RuntimeError, match="restore a backup"):
        scripts.get_revision(revision).module.downgrade()


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
  VALUES ('default', '<c>', 'active', '2026-01-01T00:00:00.000000Z', 1);
INSERT INTO link (link_id, tenant_id, source_id, key_lookup, customer_id, valid_from, asserted_by, method, opened_seq)
  VALUES ('l', 'default', 'crm', 'k', '<c>', '2026-01-01T00:00:00.000000Z', 't', 'import', 1);
INSERT INTO xref_event (tenant_id, seq, at, type, customer_id, actor, body, hash) VALUES
  ('default', 1, '2026-01-01T00:00:00.000000Z', 'customers.merged', '<c>', 't',
   '{"loser": "d", "survivor": "<c>", "moved": [], "repointed": ["e", "f"], "candidates": []}', ''),
  ('default', 2, '2026-01-01T00:00:00.000000Z', 'candidate.opened', '<c>', 't', '{"customers": ["<c>", null]}', ''),
  ('default', 3, '2026-01-01T00:00:00.000000Z', 'candidate.opened', '<c>', 't', '{"customers": ["<c>", "g"]}', '');
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);
INSERT INTO alembic_version VALUES ('{}');
""".replace("<c>", ID_C)
CONCERNED = [("d", 1, ID_C), ("e", 1, ID_C), ("f", 1, ID_C), ("g", 3, None)]
OLDER = [("0001",), ("0001", "0002")]


def run_on(path: Path, act: Callable[[], None]) -> None:
    """Run a step of a revision on the file."""
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        act()


def written(scripts: ScriptDirectory, *revisions: str) -> str:
    """What the revisions are for PostgreSQL."""
    text = io.StringIO()
    context = MigrationContext.configure(
        dialect_name="postgresql", opts={"as_sql": True, "output_buffer": text, "literal_binds": True}
    )
    with Operations.context(context):
        for revision in revisions:
            scripts.get_revision(revision).module.upgrade()
    return text.getvalue()


def made_in(path: Path) -> dict[str, str]:
    """What the revisions have made, by name: tables and indexes."""
    ours = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name <> 'alembic_version'"
    with closing(sqlite3.connect(path)) as connection:
        return dict(connection.execute(ours))


@pytest.mark.parametrize("revisions", OLDER)
async def test_a_file_of_an_older_release_is_brought_up_to_date(
    path: Path, scripts: ScriptDirectory, revisions: tuple[str, ...]
) -> None:
    """Its tables become those of a new file, who is in it is found, and with migrate=False it is refused."""
    for revision in revisions:
        run_on(path, scripts.get_revision(revision).module.upgrade)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(FILLED.replace("{}", revisions[-1]))
    with pytest.raises(SchemaOutdatedError, match="migrate=True"):
        SqliteCrossReference.open(path, migrate=False)
    with closing(SqliteCrossReference.open(path)) as store:
        by_key, by_id = await store.resolve_many([Lookup("crm", "k"), Lookup(None, ID_C)])
    assert by_key is not None
    assert by_key == by_id
    assert [one.key for one in by_key.keys["crm"]] == ["k"]
    fresh = path.with_name("fresh.db")
    SqliteCrossReference.open(fresh).close()
    assert made_in(path) == made_in(fresh)
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT customer_id, seq, leads_to FROM event_customer ORDER BY seq, customer_id")
        assert rows.fetchall() == CONCERNED


async def fill(store: Store) -> str:
    """Let the store write rows of every kind that the release before has written; return the id that was merged."""
    await register_all(store)
    await rows_of(store, [(ID_A, {"crm": ["C1"], "mail": ["a@example.org"]}), (ID_B, {"crm": ["C2"]})])
    objection = Restriction("gdpr-art-21", frozenset({"Customer.segment"}))
    restrictions = {Lookup("crm", "C3"): [objection]}
    await rows_of(store, [(ID_C, {"crm": ["C3"], "one": ["X1"]})], restrictions=restrictions)
    for source, key, customer in (("crm", "C1", ID_C), ("one", "X2", ID_C), ("crm", "C2", ID_A)):
        with pytest.raises(ConflictError):
            await store.link(source, key, customer, asserted_by="feed")
    await store.merge(ID_B, ID_A, actor="anna", reason_ref="T-1")
    return ID_B


async def looks_whole(store: Store, merged: str) -> None:
    """The log tells every row, all are found, and what comes after works on what was there before."""
    report = await store.verify()
    assert report.holds, report.problems
    by_merged, by_mail, restricted = await store.resolve_many(
        [Lookup(None, merged), Lookup("mail", "a@example.org"), Lookup("one", "X1")]
    )
    assert by_merged is not None
    assert by_mail is not None
    assert restricted is not None
    assert by_merged.redirected
    assert by_merged.customer_id == by_mail.customer_id
    assert [one.ground for one in restricted.restrictions] == ["gdpr-art-21"]
    pair, limit = await store.candidates()
    assert (pair.kind, limit.kind, limit.other) == ("key_conflict", "limit_exceeded", None)
    (seq,) = [one.seq for one in await store.changes(0) if one.type == "customers.merged"]
    await store.undo_merge(seq, actor="anna")
    await store.hear([KeyNews(restricted.keys["one"][0].link_id, "X9")], actor="gateway")
    await store.accept(pair.candidate_id, actor="anna")
    await store.reject(limit.candidate_id, actor="anna")
    await store.erase(ID_C, actor="anna")
    report = await store.verify()
    assert report.holds, report.problems


async def test_a_file_full_of_what_the_release_before_has_written(path: Path, scripts: ScriptDirectory) -> None:
    """Rows of every kind are in it: sealed keys, restrictions, candidates, a merge, and what opens commitments."""
    newer = path.with_name("newer.db")
    with closing(SqliteCrossReference.open(newer, secrets=SECRETS)) as store:
        merged = await fill(store)
    for revision in ("0001", "0002"):
        run_on(path, scripts.get_revision(revision).module.upgrade)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("ATTACH ? AS newer", (str(newer),))
        for table in before(*[row[0] for row in connection.execute("SELECT name FROM main.sqlite_master")]):
            names = ", ".join(row[1] for row in connection.execute(f"PRAGMA main.table_info({table})"))
            connection.execute(f"INSERT INTO main.{table} ({names}) SELECT {names} FROM newer.{table}")
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
        connection.execute("INSERT INTO alembic_version VALUES ('0002')")
    with closing(SqliteCrossReference.open(path, secrets=SECRETS)) as store:
        await looks_whole(store, merged)


@pytest.mark.postgres
async def test_a_schema_full_of_what_the_release_before_has_written(
    tables: PostgresTables, scripts: ScriptDirectory
) -> None:
    """The same on PostgreSQL."""
    tables.script("DROP SCHEMA IF EXISTS older CASCADE; DROP SCHEMA IF EXISTS newer CASCADE; CREATE SCHEMA newer")
    filled = await PostgresCrossReference.open(f"{tables.url}&search_path=newer", secrets=SECRETS)
    merged = await fill(filled)
    await filled.aclose()
    made = written(scripts, "0001", "0002")
    tables.script(f"CREATE SCHEMA older; SET search_path TO older; {made}; RESET search_path")
    there = [row[0] for row in tables.look("SELECT tablename FROM pg_tables WHERE schemaname = 'older'")]
    for table in before(*there):
        told = f"SELECT attname FROM pg_attribute WHERE attrelid = 'older.{table}'::regclass AND attnum > 0"
        names = ", ".join(row[0] for row in tables.look(told))
        tables.script(f"INSERT INTO older.{table} ({names}) SELECT {names} FROM newer.{table}")
    tables.script("CREATE TABLE older.alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    tables.script("INSERT INTO older.alembic_version VALUES ('0002')")
    store = await PostgresCrossReference.open(f"{tables.url}&search_path=older", secrets=SECRETS)
    await looks_whole(store, merged)
    await store.aclose()
    tables.script("DROP SCHEMA older CASCADE; DROP SCHEMA newer CASCADE")


def before(*there: str) -> list[str]:
    """The tables into which the release before has written, those that others refer to first."""
    written_to = [name for name in TABLES if name not in ("identifier_hash", "non_match", "idempotency")]
    return [name for name in written_to if name in there]


def test_the_second_revision_is_undone(path: Path, scripts: ScriptDirectory) -> None:
    """The indexes of before are put in their place again."""
    run_on(path, scripts.get_revision("0001").module.upgrade)
    first = made_in(path)
    run_on(path, scripts.get_revision("0002").module.upgrade)
    assert made_in(path) != first
    run_on(path, scripts.get_revision("0002").module.downgrade)
    assert made_in(path) == first


def test_the_second_revision_leaves_postgresql_as_it_is(scripts: ScriptDirectory) -> None:
    """It changes nothing there."""
    assert written(scripts, "0002") == ""


@pytest.mark.postgres
@pytest.mark.parametrize("revisions", OLDER)
async def test_a_schema_of_an_older_release_is_brought_up_to_date(
    tables: PostgresTables, scripts: ScriptDirectory, revisions: tuple[str, ...]
) -> None:
    """The same on PostgreSQL: who is in it is found, and whom the events of before concern is known."""
    made = written(scripts, *revisions) + FILLED.replace("{}", revisions[-1])
    tables.script(f"DROP SCHEMA IF EXISTS older CASCADE; CREATE SCHEMA older; SET search_path TO older; {made}")
    tables.script("RESET search_path")
    url = f"{tables.url}&search_path=older"
    with pytest.raises(SchemaOutdatedError, match="migrate=True"):
        await PostgresCrossReference.open(url, migrate=False)
    store = await PostgresCrossReference.open(url)
    by_key, by_id = await store.resolve_many([Lookup("crm", "k"), Lookup(None, ID_C)])
    await store.aclose()
    assert by_key is not None
    assert by_key == by_id
    rows = tables.look("SELECT customer_id, seq, leads_to FROM older.event_customer ORDER BY seq, customer_id")
    there = tables.look("SELECT tablename FROM pg_tables WHERE schemaname = 'older'")
    tables.script("DROP SCHEMA older CASCADE")
    assert rows == CONCERNED
    assert {row[0] for row in there} == {*TABLES, "alembic_version"}


@pytest.mark.postgres
async def test_the_revisions_make_the_tables_on_postgresql(scripts: ScriptDirectory, postgres: PostgresServer) -> None:
    """The same revisions, written out for PostgreSQL, run there."""
    async with connected(postgres.url("postgres")) as connection:
        await connection.execute("CREATE SCHEMA crossref; SET search_path TO crossref")
        await connection.execute(written(scripts, "0001", "0002", "0003"))
        rows = await connection.fetch(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'crossref'"
        )
        await connection.execute("DROP SCHEMA crossref CASCADE")
    assert {row[0] for row in rows} == {*TABLES}

"""Rows of a whole statement, read one after the other from either database."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from adapters.sandbox.postgres import PostgresServer
from adapters.sending import SendError
from adapters.sql.streaming import streamed
from schema.reasons import Reason

MANY = 2500


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "source.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE account (crm TEXT, number INTEGER)")
        rows = ((f"C-{number}", number) for number in range(MANY))
        connection.executemany("INSERT INTO account VALUES (?, ?)", rows)
        connection.commit()
    return f"sqlite:///{path}"


def test_sqlite_gives_its_rows_in_order(file: str) -> None:
    """With the names that the statement gives its columns."""
    with streamed(file, "SELECT crm, number AS billing FROM account ORDER BY number") as found:
        assert list(found.names) == ["crm", "billing"]
        assert [*found.rows] == [(f"C-{number}", number) for number in range(MANY)]


def test_sqlite_is_only_read(file: str) -> None:
    """A statement that writes is refused."""
    with pytest.raises(SendError) as caught, streamed(file, "DELETE FROM account"):
        pass
    assert caught.value.reason is Reason.SOURCE_ERROR


@pytest.mark.parametrize("statement", ["SELECT", "SELECT no_such FROM account", "SELECT 1; SELECT 2"])
def test_a_statement_that_cannot_be_run_is_told_without_its_text(file: str, statement: str) -> None:
    """It may hold a value."""
    with pytest.raises(SendError) as caught, streamed(file, statement):
        pass
    assert "no_such" not in str(caught.value)


def test_a_text_that_is_not_utf_8_costs_no_other_row(file: str) -> None:
    """It becomes what can be no key."""
    with streamed(file, "SELECT CAST(X'ff31' AS TEXT) AS crm UNION ALL SELECT 'C-1'") as found:
        (bad, good) = [row[0] for row in found.rows]
    assert isinstance(bad, str)
    assert not bad.isprintable()
    assert good == "C-1"


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """It is not made."""
    with pytest.raises(SendError), streamed(f"sqlite:///{tmp_path / 'none.db'}", "SELECT 1"):
        pass
    assert not (tmp_path / "none.db").exists()


def test_a_database_of_another_kind_is_refused_without_its_url() -> None:
    """It may hold a password."""
    with (
        pytest.raises(ValueError, match="got a database of another kind") as caught,
        streamed("mysql://anna:s3cr3t@db/x", "SELECT 1"),
    ):
        pass
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.postgres
def test_postgres_gives_its_rows_by_a_cursor(postgres: PostgresServer) -> None:
    """More than are fetched at once; a list comes as one."""
    statement = f"SELECT 'C-' || n AS crm, ARRAY[n, n + 1] AS billing FROM generate_series(0, {MANY - 1}) AS n"
    with streamed(postgres.url("postgres"), statement) as found:
        assert list(found.names) == ["crm", "billing"]
        assert [*found.rows] == [(f"C-{number}", [number, number + 1]) for number in range(MANY)]


@pytest.mark.postgres
@pytest.mark.parametrize("statement", ["CREATE TABLE made (x int)", "SELECT no_such", "SELECT 1; SELECT 2"])
def test_postgres_is_only_read(postgres: PostgresServer, statement: str) -> None:
    """A statement that writes is refused by the server, and one that is none too."""
    with pytest.raises(SendError) as caught, streamed(postgres.url("postgres"), statement) as found:
        list(found.rows)
    assert "no_such" not in str(caught.value)


@pytest.mark.postgres
def test_a_failure_in_the_middle_is_told(postgres: PostgresServer) -> None:
    """Rows before it were given."""
    statement = "SELECT 1 / (1500 - n) AS crm FROM generate_series(1, 2000) AS n"
    given: list[object] = []
    with streamed(postgres.url("postgres"), statement) as found, pytest.raises(SendError):
        given.extend(found.rows)
    assert len(given) == 1000

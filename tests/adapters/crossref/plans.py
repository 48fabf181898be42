"""How the databases carry out what the cross-reference asks of them: by an index that leads to what is wanted."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any, Self

import pytest

from adapters.crossref import SqliteCrossReference
from adapters.crossref.postgres.database import PostgresConnection, _spelled
from adapters.crossref.sqlite.database import SqliteConnection
from tests.adapters.crossref.postgres_tables import PostgresTables

__all__ = ["PostgresPlans", "SqlitePlans", "noted"]

_METHODS = ("fetch", "fetch_one", "execute", "execute_many")

_PLANNED = ("DELETE", "INSERT", "SELECT", "UPDATE", "WITH")

_SMALL = ("tenant", "source_system", "identifier_version", "alembic_version")
"""Tables of few rows: one a tenant, one a source, one each time that a secret was wrapped, and one."""

_ALLOWED = {
    "SEARCH e USING INDEX sqlite_autoindex_xref_event_1 (tenant_id=?)": "the last event: one step from the end",
    "SEARCH n USING COVERING INDEX non_match_id (tenant_id=?)": "whether there is a non-match at all: one step",
    "SCAN among": "what a LIMIT has bounded",
    "SEARCH counted USING COVERING INDEX link_current_customer (tenant_id=?)": "all links, when a limit is lowered",
    "SCAN over_it": "whom that has counted",
    "SCAN a": "the two customers and those merged into them",
    "SCAN named": "the two customers and those merged into them",
    "SCAN c": "the customer and those merged into it",
    "SCAN r VIRTUAL TABLE INDEX 1:": "the elements of one value",
}
"""Steps that look like more than they are, each with its reason."""


def noted(monkeypatch: pytest.MonkeyPatch, kind: type[SqliteConnection] | type[PostgresConnection]) -> set[str]:
    """Return a set in which every statement is from now on that goes through connections of this kind."""
    found: set[str] = set()

    def noting(method: Callable[..., Any]) -> Callable[..., Any]:
        async def run(self: object, statement: str, *values: object) -> Any:
            if type(self) is kind and statement.startswith(_PLANNED):
                found.add(statement)
            return await method(self, statement, *values)

        return run

    for name in _METHODS:
        monkeypatch.setattr(kind, name, noting(getattr(kind, name)))
    return found


class SqlitePlans:
    """Two files with all tables: an empty one without statistics, and a filled one that was analysed.

    A statement is looked at once.
    """

    def __init__(self, folder: Path) -> None:
        self._files = (folder / "empty.db", folder / "analysed.db")
        self._seen: set[str] = set()
        for file in self._files:
            SqliteCrossReference.open(file).close()
        _fill(self._files[1])

    def wrong(self, statements: Iterable[str]) -> list[str]:
        """Return each statement, with its plan, that reads a whole table, or all that is a tenant's."""
        new = {*statements} - self._seen
        self._seen |= new
        return [
            f"{file.stem}: {statement}\n  {step}"
            for file in self._files
            if new
            for statement, step in _steps(file, sorted(new))
            if _is_wrong(step)
        ]


def _fill(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("INSERT INTO source_system (tenant_id, source_id) VALUES ('default', 'crm')")
        connection.execute("INSERT INTO source_system (tenant_id, source_id) VALUES ('default', 'billing')")
        connection.executescript(_filled("sqlite", "BLOB"))


def _steps(file: Path, statements: Iterable[str]) -> Iterator[tuple[str, str]]:
    with closing(sqlite3.connect(file)) as connection:
        for statement in statements:
            values = [None] * (statement.count("?") if "?1" not in statement else 3)
            yield from ((statement, row[3]) for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values))


_NUMBERS = "CREATE TEMPORARY TABLE numbers (n INTEGER);\nINSERT INTO numbers "
_COUNTED = {
    "sqlite": "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 3000) SELECT n FROM c",
    "postgresql": "SELECT n FROM generate_series(1, 3000) AS n",
}

_ROWS = """
INSERT INTO customer (tenant_id, customer_id, status, survivor_id, created_at, changed_seq)
  SELECT 'default', 'cus_' || n, 'active', NULL, {at}, n FROM numbers;
INSERT INTO customer (tenant_id, customer_id, status, survivor_id, created_at, changed_seq)
  SELECT 'default', 'old_' || n, 'merged', 'cus_' || n, {at}, n FROM numbers;
INSERT INTO link (link_id, tenant_id, source_id, key_lookup, customer_id, valid_from, asserted_by, method, opened_seq)
  SELECT 'lnk_' || n, 'default', 'crm', 'k' || n, 'cus_' || n, {at}, 't', 'import', n FROM numbers;
INSERT INTO link (link_id, tenant_id, source_id, key_lookup, customer_id, valid_from, valid_to, asserted_by, method,
    opened_seq, closed_seq)
  SELECT 'end_' || n, 'default', 'crm', 'k' || n, 'cus_' || n, {at}, {at}, 't', 'import', n, n + 1 FROM numbers;
INSERT INTO restriction (restriction_id, tenant_id, customer_id, ground, coordinates, valid_from)
  SELECT 'res_' || n, 'default', 'cus_' || n, 'g', '[]', {at} FROM numbers;
INSERT INTO match_candidate (tenant_id, candidate_id, customer_a, customer_b, kind, grade, evidence, opened_seq)
  SELECT 'default', 'cand_' || n, 'cus_' || n, 'cut_' || n, 'key_conflict', 'possible', '{{}}', n FROM numbers;
INSERT INTO match_candidate (tenant_id, candidate_id, customer_a, kind, grade, evidence, opened_seq, source_id, link_id,
    key_lookup)
  SELECT 'default', 'news_' || n, 'cus_' || n, 'source_says_replaced', 'possible', '{{}}', n, 's' || n % 100,
    'lnk_' || n, 'k' || n FROM numbers;
INSERT INTO non_match (tenant_id, source_a, key_a, source_b, key_b, non_match_id, asserted_by, seq)
  SELECT 'default', 'billing', 'k' || n, 'crm', 'k' || n, 'non_' || n, 't', n FROM numbers;
INSERT INTO non_match_past (tenant_id, source_id, key_lookup, non_match_id)
  SELECT 'default', 'crm', 'k' || n, 'non_' || n FROM numbers;
INSERT INTO identifier_hash (identifier_id, tenant_id, id_type, key_version, digest, customer_id, source_id, seen_at,
    seq)
  SELECT 'idn_' || n, 'default', CASE WHEN n % 2 = 0 THEN 'email' ELSE 'phone' END, n % 50, CAST('d' || n AS {bytes}),
    'cus_' || n, 'crm', {at}, n FROM numbers;
INSERT INTO xref_event (tenant_id, seq, at, type, customer_id, actor, body, hash)
  SELECT 'default', n + 100, {at}, 'link.added', 'cus_' || n, 't', '{{}}', '' FROM numbers;
INSERT INTO event_customer (tenant_id, customer_id, seq, at, leads_to)
  SELECT 'default', 'old_' || n, n + 100, {at}, 'cus_' || n FROM numbers;
INSERT INTO event_secret (tenant_id, seq, link_id, salt, key)
  SELECT 'default', n + 100, 'lnk_' || n, '', '' FROM numbers;
INSERT INTO idempotency (tenant_id, idem_key, request_hash, customer_id, other_id, response, at)
  SELECT 'default', 'k' || n, '', 'cus_' || n, 'cut_' || n, '{{}}', {at} FROM numbers;
ANALYZE
"""


def _filled(dialect: str, type_of_bytes: str) -> str:
    rows = _ROWS.format(at="'2026-11-01T12:00:00.000000Z'", bytes=type_of_bytes)
    return f"{_NUMBERS}{_COUNTED[dialect]};\n{rows}"


_ONE_STEP = ("using xref_event_pkey on xref_event e ", "using non_match_id on non_match n ")
"""The last event, and whether there is a non-match at all: what is bound by the tenant alone, and ends at once."""


def _is_wrong(step: str) -> bool:
    table = step.split()[1] if step.startswith(("SCAN ", "SEARCH ")) else ""
    if step in _ALLOWED or table in (*_SMALL, "t"):
        return False
    return (step.startswith("SCAN ") and "CONSTANT" not in step) or step.endswith("(tenant_id=?)")


class PostgresPlans:
    """A database with some thousand rows a table and statistics of them.

    Plans are made as the store's own sessions make them: those that hold for all values. A statement is looked at once.
    """

    def __init__(self, url: str) -> None:
        self._tables, self._seen, self._names = PostgresTables(url), set[str](), count()

    def __enter__(self) -> Self:
        self._tables.__enter__()
        for statement in _filled("postgresql", "bytea").split(";\n"):  # each in its own time
            self._tables.script(statement)
        return self

    def __exit__(self, *told: object) -> None:
        self._tables.__exit__(*told)

    def wrong(self, statements: Iterable[str]) -> list[str]:
        """Return each statement, with its plan, that reads a whole table, or all that is a tenant's."""
        new = {*statements} - self._seen
        self._seen |= new
        return [
            f"{statement}\n{plan}"
            for statement in sorted(new)
            for plan in [self._plan(statement)]
            if "Seq Scan" in plan or any(_is_wide(line) for line in _scans(plan))
        ]

    def _plan(self, statement: str) -> str:
        name, spelled = f"planned{next(self._names)}", _spelled(statement)
        values = ", ".join(["NULL"] * len({*re.findall(r"\$[0-9]+", spelled)}))
        self._tables.script(f"PREPARE {name} AS {spelled}")
        rows = self._tables.look(f"EXPLAIN EXECUTE {name}" + (f"({values})" if values else ""))
        self._tables.script(f"DEALLOCATE {name}")
        return "\n".join(row[0] for row in rows)


def _scans(plan: str) -> Iterator[str]:
    """Yield each step that goes by an index, with its condition."""
    lines = [line.strip() for line in plan.splitlines()]
    for at, line in enumerate(lines):
        if "Index" in line and " Scan using " in line:
            yield " ".join(lines[at : at + 2])


def _is_wide(scan: str) -> bool:
    condition = scan.partition("Index Cond: ")[2]
    is_bound = " AND " in condition or (condition and "tenant_id" not in condition)  # or by an id that is one tenant's
    return not is_bound and not any(one in scan for one in (*_ONE_STEP, *(f" on {table}" for table in _SMALL)))

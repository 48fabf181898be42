"""How what is told is read: by index on both databases, however full or empty the tables are."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from itertools import count
from pathlib import Path
from types import ModuleType

import pytest

from adapters.crossref import SqliteCrossReference, outlining
from adapters.crossref.asking import MAX_PAGE
from adapters.crossref.operations import deciding
from adapters.crossref.past import as_of, exporting, feed, history, names, superseding
from adapters.crossref.past.feed import Change, follow
from tests.adapters.crossref.contract import START
from tests.adapters.crossref.postgres_tables import PostgresTables

FILLED = """
INSERT INTO customer (tenant_id, customer_id, status, created_at, changed_seq)
  SELECT 'default', 'cus_' || n, 'active', now(), n FROM generate_series(1, 2000) AS n;
INSERT INTO xref_event (tenant_id, seq, at, type, customer_id, actor, body, hash)
  SELECT 'default', 100 + n, now(), 'link.added', 'cus_' || n % 2000 + 1, 't', '{}', ''
  FROM generate_series(1, 8000) AS n;
INSERT INTO event_customer (tenant_id, customer_id, seq, at, leads_to)
  SELECT 'default', 'cus_' || n, 100 + n, now(), 'cus_' || n % 200 + 1 FROM generate_series(1, 2000) AS n;
INSERT INTO link (link_id, tenant_id, source_id, key_lookup, customer_id, valid_from, valid_to, asserted_by, method,
    opened_seq, closed_seq)
  SELECT 'lnk_' || n, 'default', 'crm', 'k' || n, 'cus_' || n % 2000 + 1, now(), CASE WHEN n % 2 = 0 THEN now() END,
    't', 'import', n, CASE WHEN n % 2 = 0 THEN n + 1 END FROM generate_series(1, 8000) AS n;
INSERT INTO restriction (restriction_id, tenant_id, customer_id, ground, coordinates, valid_from)
  SELECT 'res_' || n, 'default', 'cus_' || n, 'g', '[]', now() FROM generate_series(1, 2000) AS n;
INSERT INTO match_candidate (tenant_id, candidate_id, customer_a, kind, grade, evidence, status, opened_seq)
  SELECT 'default', 'cand_' || n, 'cus_' || n, 'key_conflict', 'possible', '{}', 'rejected', n
  FROM generate_series(1, 2000) AS n;
ANALYZE customer, xref_event, event_customer, link, restriction, match_candidate
"""
MODULES = (as_of, deciding, exporting, feed, history, names, outlining, superseding)


def statements(module: ModuleType) -> list[str]:
    """What a module asks for, for two values at a time."""
    texts = [value for value in vars(module).values() if isinstance(value, str) and " WHERE " in value]
    assert texts
    return [text.replace("?*", "?, ?") for text in texts if "= ?" in text and text == text.strip()]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_what_is_told_is_found_by_index(store: SqliteCrossReference, path: Path, module: ModuleType) -> None:
    """No statement scans a table of SQLite, or a tenant's part of one."""
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements(module):
            values = [None] * statement.count("?")
            plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
            assert not [line for line in plan if line.startswith("SCAN")], (statement, plan)
            searches = [line for line in plan if line.startswith("SEARCH")]
            assert searches
            assert all(line.count("=?") + line.count(">?") >= (1 if "link_1" in line else 2) for line in searches), plan


@pytest.mark.postgres
def test_what_is_told_is_found_by_index_on_postgresql(tables: PostgresTables) -> None:
    """The same there, by the plans that hold for all values; among few rows any index is as good as another."""
    tables.script(FILLED)
    for statement in [one for module in MODULES for one in statements(module)]:
        tables.script(f"PREPARE told AS {numbered(statement)}")
        values = ", ".join(["NULL"] * statement.count("?"))
        plan = "\n".join(row[0] for row in tables.look(f"EXPLAIN EXECUTE told({values})"))
        tables.script("DEALLOCATE told")
        conditions = [line for line in plan.splitlines() if "Index Cond" in line]
        assert "Seq Scan" not in plan
        assert conditions
        assert all(" AND " in line or "link_id" in line for line in conditions), plan


def numbered(statement: str) -> str:
    """A statement as PostgreSQL has it."""
    numbers = count(1)
    return re.sub(r"\?", lambda _: f"${next(numbers)}", re.sub(r" INDEXED BY \w+", "", statement))


async def test_a_follower_waits_at_the_end_alone() -> None:
    """Behind a whole page there may be more at once; after a shorter one it waits before it looks again."""
    told = [Change(seq, START, "link.added", (), {}) for seq in range(1, MAX_PAGE + 2)]
    waited: list[int] = []

    async def changes(after: int) -> list[Change]:
        return told[after : after + MAX_PAGE]

    async def pause() -> None:
        waited.append(len(seen))
        told.append(Change(len(told) + 1, START, "link.added", (), {}))

    seen: list[int] = []
    async for change in follow(changes, 0, pause):
        seen.append(change.seq)
        if change.seq == MAX_PAGE + 3:
            break
    assert seen == [*range(1, MAX_PAGE + 4)]
    assert waited == [MAX_PAGE + 1, MAX_PAGE + 2]

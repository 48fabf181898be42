"""Rows inserted together: the statement that is given a column at a time."""

from __future__ import annotations

import pytest

from adapters.crossref.postgres.inserting import insert_together, inserts_rows


def test_values_become_columns_and_constants_stay() -> None:
    """Each column is an array of the type that its parameter has."""
    statement = "INSERT INTO customer (tenant_id, status, seq) VALUES (?, 'active', ?)"
    assert inserts_rows(statement)
    assert insert_together(statement, ["text", "int8"]) == (
        "INSERT INTO customer (tenant_id, status, seq) SELECT r.p1, 'active', r.p2 "
        "FROM unnest($1::text[], $2::int8[]) AS r (p1, p2)"
    )


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO link (a) SELECT ? FROM link WHERE b = ?",
        "INSERT INTO tenant (a) VALUES (?) ON CONFLICT DO NOTHING",
        "UPDATE link SET a = ? WHERE b = ?",
    ],
)
def test_other_statements_are_run_once_a_row(statement: str) -> None:
    """They do more than insert what they are given."""
    assert not inserts_rows(statement)

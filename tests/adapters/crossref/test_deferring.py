"""Rows kept until something is read: which go together, in which order, and what sends them."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.crossref.database import Row
from adapters.crossref.deferring import Deferring


class Told:
    """A connection that tells what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, object]] = []

    async def fetch(self, statement: str, *values: object) -> Sequence[Row]:
        self.asked.append((statement, values))
        return [("row",)]

    async def fetch_one(self, statement: str, *values: object) -> Row | None:
        self.asked.append((statement, values))
        return ("row",)

    async def execute(self, statement: str, *values: object) -> None:
        raise AssertionError

    async def execute_many(self, statement: str, rows: Sequence[Sequence[object]]) -> None:
        self.asked.append((statement, list(rows)))


LINK, CUSTOMER, EVENT = (f"INSERT INTO {table} (x) VALUES (?)" for table in ("link", "customer", "xref_event"))


async def test_rows_go_together_in_the_order_of_their_references() -> None:
    """A link refers to a customer, so customers go first, also those that came later."""
    told = Told()
    connection = Deferring(told)
    await connection.execute_many(LINK, [("l1",), ("l2",)])
    await connection.execute(CUSTOMER, "c1")
    await connection.execute(EVENT, "e1")
    await connection.execute_many(LINK, [("l3",)])
    assert told.asked == []
    assert await connection.fetch_one("SELECT") == ("row",)
    sent = [(EVENT, [("e1",)]), (CUSTOMER, [("c1",)]), (LINK, [("l1",), ("l2",), ("l3",)])]
    assert told.asked == [*sent, ("SELECT", ())]


async def test_what_is_kept_goes_before_everything_else() -> None:
    """Reads, changes, and rows of tables that are not kept; and nothing goes twice."""
    told = Told()
    connection = Deferring(told)
    await connection.execute(LINK, "l1")
    assert await connection.fetch("SELECT", 1) == [("row",)]
    await connection.execute(LINK, "l2")
    await connection.execute("UPDATE link SET x = ?", "u")
    await connection.execute(LINK, "l3")
    await connection.execute("INSERT INTO tenant (x) VALUES (?)", "t")
    await connection.execute(LINK, "l4")
    await connection.flush()
    await connection.flush()
    assert [statement.split()[0] + str(values) for statement, values in told.asked] == [
        *("INSERT[('l1',)]", "SELECT(1,)", "INSERT[('l2',)]", "UPDATE[('u',)]"),
        *("INSERT[('l3',)]", "INSERT[('t',)]", "INSERT[('l4',)]"),
    ]

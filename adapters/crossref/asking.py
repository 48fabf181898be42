"""Statements that ask for many values at once, and the bounds of what is asked for page by page."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from adapters.crossref.database import Connection, Row
from adapters.crossref.errors import InputError, RefusalCode

__all__ = ["MAX_PAGE", "check_page", "fetch_each"]

MAX_PAGE = 1000
"""The most entries of one page."""

_TOGETHER = 100
"""Values that are asked for by one statement."""

_MOST = 2**63 - 1
"""The largest sequence number."""


async def fetch_each(
    connection: Connection, statement: str, before: Iterable[object], asked: Iterable[object], *after: object
) -> list[Row]:
    """Return the rows of a statement that asks for `IN (?*)`, run for a hundred of the values at a time.

    The parameters of what stands before and behind the list are given in their order.
    """
    several, first = list(dict.fromkeys(asked)), tuple(before)
    rows: list[Row] = []
    for start in range(0, len(several), _TOGETHER):
        part = several[start : start + _TOGETHER]
        size = 1 if len(part) == 1 else _TOGETHER  # two statements, which stay prepared
        filled = (*part, *[None] * (size - len(part)))
        rows += await connection.fetch(_sized(statement, size), *first, *filled, *after)
    return rows


@cache
def _sized(statement: str, size: int) -> str:
    return statement.replace("?*", ", ".join("?" * size))


def check_page(after: int, limit: int) -> None:
    """Raise InputError unless a page can begin after this sequence number and have so many entries."""
    if not 0 <= after <= _MOST:
        raise InputError(
            RefusalCode.VALUE_INVALID, "after is no sequence number; give that of the last entry seen, or 0 to begin"
        )
    if not 1 <= limit <= MAX_PAGE:
        raise InputError(RefusalCode.VALUE_INVALID, f"got limit={limit}; wanted 1 to {MAX_PAGE}, and further pages")

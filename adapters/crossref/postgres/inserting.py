"""Many rows inserted into PostgreSQL by one statement, which is given a column at a time: for bulk loads."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import count

__all__ = ["FEWEST", "insert_together", "inserts_rows"]

FEWEST = 16
"""Rows from which on it is worth the while."""

_INSERT = re.compile(r"(?P<into>INSERT INTO \w+ \([\w, ]+\)) VALUES \((?P<values>[^()]*)\)")

_TOGETHER = "{into} SELECT {values} FROM unnest({arrays}) AS r ({names})"


def inserts_rows(statement: str) -> bool:
    """Return whether a statement, with `?` for each value, inserts one row and does nothing else."""
    return _INSERT.fullmatch(statement) is not None


def insert_together(statement: str, types: Sequence[str]) -> str:
    """Return the statement that inserts many rows in place of one; its parameters are arrays of these types.

    What stands in place of a value in the one statement, a constant, is in every row.
    """
    parts = _INSERT.fullmatch(statement)
    assert parts is not None
    numbers = count(1)
    values = re.sub(r"\?", lambda _: f"r.p{next(numbers)}", parts["values"])
    arrays = ", ".join(f"${place}::{kind}[]" for place, kind in enumerate(types, 1))
    names = ", ".join(f"p{place}" for place in range(1, len(types) + 1))
    return _TOGETHER.format(into=parts["into"], values=values, arrays=arrays, names=names)

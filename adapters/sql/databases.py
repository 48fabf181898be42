"""What the SQL adapter needs of a database: rows for a statement, its keys and its values."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Protocol

from adapters.sending import Ready
from adapters.sql.columns import Values
from adapters.sql.statements import Statement

__all__ = ["Database", "Rows"]

Rows = Sequence[Mapping[str, object]]
"""Rows by column name, in the order in which the database gave them."""


class Database(Protocol):
    """One database, with connections of its own."""

    async def rows(
        self,
        statement: Statement,
        keys: Sequence[str | int],
        values: Values,
        ready: Ready | None = None,
        *,
        seconds: float = math.inf,
    ) -> Rows:
        """Return the rows of these keys, or raise SendError. Cancelling it ends the statement on the server too.

        They are waited for for so many `seconds`; a server that can end a statement by itself is told about how many.
        `ready` is called when the statement can run at once, right before its keys are sent: see `last_look`.
        """

    async def aclose(self) -> None:
        """Close the connections. Afterwards no statement can be sent."""

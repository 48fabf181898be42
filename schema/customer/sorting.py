"""The order in which lists are given."""

from __future__ import annotations

from enum import Enum

import strawberry

__all__ = ["Sort"]


@strawberry.enum
class Sort(Enum):
    """The order in which the entries of a list are given."""

    NEWEST_FIRST = "NEWEST_FIRST"
    """The latest entry comes first."""
    OLDEST_FIRST = "OLDEST_FIRST"
    """The earliest entry comes first."""

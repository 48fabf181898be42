"""Which nulls were given which reason, and the compact form in which a client is told.

One entry stands for one coordinate and reason, with the paths of its nulls. Where the reason holds at every place of
a pattern of paths (the same fields of every customer of a list), the pattern stands once, with `*` for the index.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from graphql.pyutils import Path

from schema.reasons import Place, Reason

__all__ = ["Notes", "compact_path"]

ResponsePath = tuple[str | int, ...]


def compact_path(path: Path, *more: str | int) -> ResponsePath:
    """Return a response path as a tuple of response names and list indexes."""
    return (*path.as_list(), *more)


class Notes:
    """Collects the nulls of one answer."""

    def __init__(self) -> None:
        self._visits: Counter[tuple[str, ResponsePath]] = Counter()
        self._nulls: dict[tuple[str, Reason], dict[ResponsePath, str]] = {}
        self._reasons: dict[ResponsePath, Reason] = {}

    def visit(self, coordinate: str, path: ResponsePath) -> None:
        """Note that a coordinate was asked for at a path."""
        self._visits[coordinate, _pattern(path)] += 1

    def null(self, coordinate: str, reason: Reason, path: ResponsePath, *, asked: str | None = None) -> None:
        """Note a null. `asked` is the coordinate that stands at the path, where a coordinate below it is the cause."""
        self._nulls.setdefault((coordinate, reason), {})[path] = asked or coordinate
        self._reasons.setdefault(path, reason)

    def reason(self, path: ResponsePath) -> Reason | None:
        """Return the first reason that was noted for a path, None when none was."""
        return self._reasons.get(path)

    def entries(self, place: Place) -> list[dict[str, Any]]:
        """Return the entries that stand in one place of the answer, in the order in which they first came."""
        return [
            {
                "coordinate": coordinate,
                "code": str(reason),
                "message": reason.message,
                "remedy": reason.remedy,
                "paths": self._compact(paths),
            }
            for (coordinate, reason), paths in self._nulls.items()
            if reason.place is place
        ]

    def _compact(self, paths: dict[ResponsePath, str]) -> list[list[str | int]]:
        places = Counter((asked, _pattern(path)) for path, asked in paths.items())
        everywhere = {place for place, count in places.items() if count == self._visits[place]}
        told: dict[ResponsePath, None] = {}
        for path, asked in paths.items():
            pattern = _pattern(path)
            told[pattern if (asked, pattern) in everywhere else path] = None
        return [list(path) for path in told]


def _pattern(path: ResponsePath) -> ResponsePath:
    return tuple("*" if isinstance(step, int) else step for step in path)

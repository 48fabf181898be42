"""Which nulls were given which reason, and the compact form in which a client is told.

One entry stands for one coordinate and reason, with the paths of its nulls. Where the reason holds at every place of
a pattern of paths (the same fields of every customer of a list), the pattern stands once, with `*` for the index.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from graphql.pyutils import Path

from schema.reasons import Place, Reason

__all__ = ["Notes", "ResponsePath", "response_path"]

ResponsePath = tuple[str | int, ...]


def response_path(path: Path, *more: str | int) -> ResponsePath:
    """Return a response path as a tuple of response names and list indexes."""
    return (*path.as_list(), *more)


class Notes:
    """Collects the nulls of one answer."""

    def __init__(self) -> None:
        self._nulls: dict[tuple[str, Reason], dict[ResponsePath, None]] = {}
        self._reasons: dict[ResponsePath, Reason] = {}

    def null(self, coordinate: str, reason: Reason, path: ResponsePath) -> None:
        """Note a null at a path, and the coordinate that is its cause: the one that stands there, or one below it."""
        self._nulls.setdefault((coordinate, reason), {})[path] = None
        self._reasons.setdefault(path, reason)

    def reason(self, path: ResponsePath) -> Reason | None:
        """Return the first reason that was noted for a path, None when none was."""
        return self._reasons.get(path)

    def entries(self, place: Place, data: object) -> list[dict[str, Any]]:
        """Return the entries that stand in one place of the answer, in the order in which they first came."""
        return [
            {
                "coordinate": coordinate,
                "code": str(reason),
                "message": reason.message,
                "remedy": reason.remedy,
                "paths": _compact(paths, data),
            }
            for (coordinate, reason), paths in self._nulls.items()
            if reason.place is place
        ]


def _compact(paths: Iterable[ResponsePath], data: object) -> list[list[str | int]]:
    """Return the paths, those that are all of one pattern in the data as the pattern."""
    counts = Counter(map(_pattern, paths))
    everywhere = {pattern for pattern, count in counts.items() if count == _places(data, pattern)}
    told = dict.fromkeys(pattern if (pattern := _pattern(path)) in everywhere else path for path in paths)
    return [list(path) for path in told]


def _pattern(path: ResponsePath) -> ResponsePath:
    return tuple("*" if isinstance(step, int) else step for step in path)


def _places(data: object, pattern: ResponsePath) -> int:
    """Return at how many places of the data the pattern's paths end."""
    if not pattern:
        return 1
    step, *rest = pattern
    if step == "*":
        return sum(_places(item, tuple(rest)) for item in data) if isinstance(data, list) else 0
    return _places(data[step], tuple(rest)) if isinstance(data, dict) and step in data else 0

"""Which nulls and masked values were given which reason, and the compact form in which a client is told.

One entry stands for one coordinate and reason, with the paths of its nulls, or of its values. Where the reason holds at
every place of a pattern of paths (the same fields of every customer of a list), the pattern stands once, with `*` for
the index.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from graphql.pyutils import Path

from schema.reasons import Place, Reason

__all__ = ["Notes", "ResponsePath", "response_path"]

ResponsePath = tuple[str | int, ...]


def response_path(path: Path, *more: str | int) -> ResponsePath:
    """Return a response path as a tuple of response names and list indexes."""
    return (*path.as_list(), *more)


class Notes:
    """Collects the nulls of one answer, and what is shown in another form."""

    def __init__(self) -> None:
        self._noted: dict[tuple[str, Reason], dict[ResponsePath, None]] = {}
        self._reasons: dict[ResponsePath, Reason] = {}

    def null(self, coordinate: str, reason: Reason, path: ResponsePath) -> None:
        """Note a null at a path, and the coordinate that is its cause: the one that stands there, or one below it."""
        self._noted.setdefault((coordinate, reason), {})[path] = None
        self._reasons.setdefault(path, reason)

    def shown(self, coordinate: str, reason: Reason, path: ResponsePath) -> None:
        """Note a value at a path that is shown in another form than its own."""
        self._noted.setdefault((coordinate, reason), {})[path] = None

    def reason(self, path: ResponsePath) -> Reason | None:
        """Return the first reason that was noted for a path, None when none was."""
        return self._reasons.get(path)

    def entries(self, place: Place, data: object) -> list[dict[str, Any]]:
        """Return the entries that stand in one place of the answer, in the order in which they first came.

        Those of masked values speak of values alone: one that a null further up took along is not told, and a null is
        no place at which the mask does not hold.
        """
        noted = [(*key, list(paths)) for key, paths in self._noted.items() if key[1].place is place]
        if place is Place.MASKED:
            noted = [(coordinate, reason, _values(paths, data)) for coordinate, reason, paths in noted]
        return [
            {
                "coordinate": coordinate,
                "code": str(reason),
                "message": reason.message,
                "remedy": reason.remedy,
                "paths": _compact(paths, data, nulls=place is not Place.MASKED),
            }
            for coordinate, reason, paths in noted
            if paths
        ]


def _values(paths: Iterable[ResponsePath], data: object) -> list[ResponsePath]:
    """Return the paths at which the data has a value."""
    return [path for path in paths if _places(data, path, nulls=False)]


def _compact(paths: Sequence[ResponsePath], data: object, *, nulls: bool) -> list[list[str | int]]:
    """Return the paths, those that are all of one pattern in the data as the pattern; `nulls`: nulls are places too."""
    counts = Counter(map(_pattern, paths))
    everywhere = {pattern for pattern, count in counts.items() if count == _places(data, pattern, nulls=nulls)}
    told = dict.fromkeys(pattern if (pattern := _pattern(path)) in everywhere else path for path in paths)
    return [list(path) for path in told]


def _pattern(path: ResponsePath) -> ResponsePath:
    return tuple("*" if isinstance(step, int) else step for step in path)


def _places(data: object, path: ResponsePath, *, nulls: bool) -> int:
    """Return at how many places of the data the path, or the paths of the pattern, end."""
    if not path:
        return int(nulls or data is not None)
    step, rest = path[0], path[1:]
    if step == "*":
        return sum(_places(item, rest, nulls=nulls) for item in data) if isinstance(data, list) else 0
    if isinstance(step, int):
        return _places(data[step], rest, nulls=nulls) if isinstance(data, list) else 0
    return _places(data[step], rest, nulls=nulls) if isinstance(data, dict) and step in data else 0

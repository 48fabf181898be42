"""Which nulls and masked values were given which reason, and the compact form in which a client is told.

One entry stands for one coordinate and reason, with the paths of its nulls, or of its values. Where the reason holds at
every place of a pattern of paths (the same fields of every customer of a list), the pattern stands once, with `*` for
the index.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from graphql.pyutils import Path

from schema.reasons import Place, Reason
from schema.verification import StepUp
from schema.withheld import Withheld

__all__ = ["Decided", "Notes", "ResponsePath", "response_path"]

ResponsePath = tuple[str | int, ...]

_Noted = tuple[str, Reason, StepUp | None, str | None, Place]
"""A coordinate, a reason, what would change it where better verification does, the gate that is meant where the reason
is one of several, and where it stands: what one entry is about. That the customer was verified too long ago is a reason
for a null, and for a mask."""

_ANY = "*"


class Decided(Protocol):
    """A verdict that is told: that a value is shown in another form."""

    @property
    def reason(self) -> Reason:
        """Return the reason."""

    @property
    def step_up(self) -> StepUp | None:
        """Return what would change it, where better verification does."""


def response_path(path: Path, *more: str | int) -> ResponsePath:
    """Return a response path as a tuple of response names and list indexes."""
    return (*path.as_list(), *more)


class Notes:
    """Collects the nulls of one answer, and what is shown in another form. It is false while there is nothing."""

    def __init__(self) -> None:
        self._noted: dict[_Noted, dict[ResponsePath, ResponsePath | None]] = {}
        self._reasons: dict[ResponsePath, Reason] = {}
        self._masked: set[ResponsePath] = set()
        self._hidden: set[ResponsePath] = set()

    def __bool__(self) -> bool:
        """Return whether anything was noted."""
        return bool(self._noted)

    def null(self, coordinate: str, reason: Reason, path: ResponsePath, pattern: ResponsePath | None = None) -> None:
        """Note a null at a path, and the coordinate that is its cause: the one that stands there, or one below it.

        `pattern` is the path with `*` for its indexes, where it is known already.
        """
        self._noted.setdefault((coordinate, reason, None, None, reason.place), {})[path] = pattern
        self._reasons.setdefault(path, reason)

    def withheld(
        self, coordinate: str, verdict: Withheld, path: ResponsePath, pattern: ResponsePath | None = None
    ) -> None:
        """Note a null at a path that a verdict on the coordinate is the cause of."""
        self._noted.setdefault(_withheld(coordinate, verdict), {})[path] = pattern
        self._reasons.setdefault(path, verdict.reason)

    def withheld_everywhere(self, coordinate: str, verdict: Withheld, pattern: ResponsePath) -> None:
        """Note that at each path of a pattern there is a null that a verdict on the coordinate is the cause of."""
        self._noted.setdefault(_withheld(coordinate, verdict), {})[pattern] = pattern
        self._hidden.add(pattern)

    def shown(self, coordinate: str, transform: Decided, path: ResponsePath) -> None:
        """Note a value at a path that is shown in another form than its own."""
        self._noted.setdefault(_masked(coordinate, transform), {})[path] = None

    def shown_everywhere(self, coordinate: str, transform: Decided, pattern: ResponsePath) -> None:
        """Note that each value at the paths of a pattern is shown in another form; there is one at least."""
        self._noted.setdefault(_masked(coordinate, transform), {})[pattern] = pattern
        self._masked.add(pattern)

    def reason(self, path: ResponsePath) -> Reason | None:
        """Return the first reason that was noted for a path, None when none was."""
        return self._reasons.get(path)

    def entries(self, place: Place, data: object) -> list[dict[str, Any]]:
        """Return the entries that stand in one place of the answer, in the order in which they first came.

        Those of masked values speak of values alone: one that a null further up took along is not told, and a null is
        no place at which the mask does not hold.
        """
        noted = [(key, paths) for key, paths in self._noted.items() if key[-1] is place]
        if place is Place.MASKED:
            noted = [(key, self._values(paths, data)) for key, paths in noted]
        return [
            {**_told(key), "paths": self._compact(paths, data, nulls=place is not Place.MASKED)}
            for key, paths in noted
            if paths
        ]

    def _values(
        self, paths: Mapping[ResponsePath, ResponsePath | None], data: object
    ) -> dict[ResponsePath, ResponsePath | None]:
        """Return the paths at which the data has a value."""
        return {
            path: pattern for path, pattern in paths.items() if path in self._masked or _places(data, path, nulls=False)
        }

    def _compact(
        self, paths: Mapping[ResponsePath, ResponsePath | None], data: object, *, nulls: bool
    ) -> list[list[str | int]]:
        """Return the paths, those that are all of one pattern in the data as the pattern; `nulls`: nulls are places
        too."""
        counts: dict[ResponsePath, int] = {}
        patterns = [pattern or _pattern(path) for path, pattern in paths.items()]
        for pattern, (path, known) in zip(patterns, paths.items(), strict=True):
            # a null further up may have taken the place along: then it is none of those at which others are shown
            is_there = known is not None or not nulls or _places(data, path, nulls=True)
            counts[pattern] = counts.get(pattern, 0) + bool(is_there)
        everywhere_known = self._hidden if nulls else self._masked
        everywhere = {
            pattern
            for pattern, count in counts.items()
            if pattern in everywhere_known or 0 < count == _places(data, pattern, nulls=nulls)
        }
        if len(everywhere) == len(counts):
            return [list(pattern) for pattern in counts]
        told = zip(paths, patterns, strict=True)
        return [
            list(one) for one in dict.fromkeys(pattern if pattern in everywhere else path for path, pattern in told)
        ]


def _withheld(coordinate: str, verdict: Withheld) -> _Noted:
    return coordinate, verdict.reason, verdict.step_up, verdict.gate, verdict.reason.place


def _masked(coordinate: str, transform: Decided) -> _Noted:
    return coordinate, transform.reason, transform.step_up, None, Place.MASKED


def _told(noted: _Noted) -> dict[str, Any]:
    """Return what an entry tells beside its paths."""
    coordinate, reason, step_up, gate, _ = noted
    told = {"coordinate": coordinate, "code": str(reason), "message": reason.message, "remedy": reason.remedy}
    if gate is not None:
        told["gate"] = gate
    if step_up is None:
        return told
    if reason is Reason.VALUE_MASKED:  # better verification shows it whole, in this very view
        told["remedy"] = Reason.VERIFICATION_REQUIRED.remedy
    return {**told, "stepUp": step_up.told()}


def _pattern(path: ResponsePath) -> ResponsePath:
    return tuple([_ANY if isinstance(step, int) else step for step in path])


def _places(data: object, path: ResponsePath, *, nulls: bool) -> int:
    """Return at how many places of the data the path, or the paths of the pattern, end."""
    held = [data]
    for step in path:
        if step == _ANY:
            held = [item for one in held if isinstance(one, list) for item in one]
        elif isinstance(step, int):
            held = [one[step] for one in held if isinstance(one, list)]
        else:
            held = [one[step] for one in held if isinstance(one, dict) and step in one]
    return len(held) if nulls else sum(one is not None for one in held)

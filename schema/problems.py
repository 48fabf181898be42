"""What is wrong with a declaration, said so that it can be mended."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["ConfigurationError", "Level", "Problem", "problem_at"]


class Level(StrEnum):
    """How bad a problem is: an error stops the start, a note does not."""

    ERROR = "error"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing found in a declaration.

    `file` is a path as given, or the dotted name of a Python object; `line` counts from 1, None where there is
    none; `got`, `wanted` and `mend` are sentences or words for people.
    """

    file: str
    line: int | None
    got: str
    wanted: str
    mend: str
    level: Level = Level.ERROR

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.level}: got {self.got}; wanted {self.wanted}; to mend: {self.mend}"


def problem_at(
    where: type, got: str, wanted: str, mend: str, level: Level = Level.ERROR, *, attribute: str = ""
) -> Problem:
    """Return a problem that stands where a class is written, or in an attribute of it."""
    place = f"{where.__module__}.{where.__qualname__}"
    return Problem(f"{place}.{attribute}" if attribute else place, _line_of(where), got, wanted, mend, level)


def _line_of(where: type) -> int | None:
    try:
        return inspect.getsourcelines(where)[1]
    except (OSError, TypeError):
        return None


class ConfigurationError(Exception):
    """A declaration cannot be used. `problems` holds every error found, not only the first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))

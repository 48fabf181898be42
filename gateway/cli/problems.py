"""Prints what is wrong with a declaration, so that it can be mended: file and line, got, wanted, mend."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from schema.problems import Level, Problem

__all__ = ["as_members", "print_problems"]

_UNSERVED = re.compile(r"(?P<type>\w+)\.(?P<field>\w+), which no adapter serves")
_COLOURS = {Level.ERROR: "bold red", Level.NOTE: "bold yellow"}


def as_members(problem: Problem) -> dict[str, Any]:
    """Return a problem as the members of a JSON object."""
    return {
        "level": str(problem.level),
        "file": problem.file,
        "line": problem.line,
        "got": problem.got,
        "wanted": problem.wanted,
        "mend": problem.mend,
    }


def print_problems(console: Console, problems: Sequence[Problem]) -> int:
    """Print problems, errors first, and return how many notes that made.

    Fields that no adapter serves make one note, with a line for each type.
    """
    notes = [problem for problem in problems if problem.level is Level.NOTE]
    unserved = {id(note): found for note in notes if (found := _UNSERVED.fullmatch(note.got))}
    for problem in (*(problem for problem in problems if problem.level is Level.ERROR), *notes):
        if id(problem) not in unserved:
            _print_problem(console, problem)
    _print_unserved(console, list(unserved.values()))
    return len(notes) - max(0, len(unserved) - 1)


def _print_problem(console: Console, problem: Problem) -> None:
    place = problem.file if problem.line is None else f"{problem.file}:{problem.line}"
    console.print(Text.assemble((f"{problem.level!s:<6}", _COLOURS[problem.level]), place), soft_wrap=True)
    for word, text in (("got", problem.got), ("wanted", problem.wanted), ("mend", problem.mend)):
        console.print(Text.assemble((f"      {word:<8}", "dim"), text), soft_wrap=True)


def _print_unserved(console: Console, found: Sequence[re.Match[str]]) -> None:
    if not found:
        return
    by_type: dict[str, list[str]] = defaultdict(list)
    for one in found:
        by_type[one["type"]].append(one["field"])
    said = f"{len(found)} fields of the model that no adapter serves; nothing to do until a view is to list them"
    console.print(Text.assemble(("note  ", _COLOURS[Level.NOTE]), said), soft_wrap=True)
    for line in _lines(by_type):
        console.print(line, soft_wrap=True)


def _lines(by_type: Mapping[str, Sequence[str]]) -> Sequence[Text]:
    width = max(map(len, by_type))
    return [Text.assemble((f"      {name:<{width}}  ", "dim"), ", ".join(fields)) for name, fields in by_type.items()]

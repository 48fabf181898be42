"""`customer-view check`: every declaration of a gateway verified, and what was found printed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from gateway.checking import Checked
from gateway.cli.application import load_gateway
from gateway.cli.problems import as_members, print_problems
from gateway.gateway import Gateway
from gateway.opening import crossref_problems
from gateway.terminal import open_console
from schema.problems import Level, Problem
from schema.view_check import Paths, paths
from schema.views import View

__all__ = ["run_check"]


def run_check(app: str, documents: Path | None, *, as_json: bool, notes: bool, with_paths: bool) -> bool:
    """Print what was found, and return whether the gateway can start: no problem is an error.

    `documents` is the folder of documents to verify instead of the declared one.
    """
    gateway = load_gateway(app)
    checked = gateway.check()
    opening = asyncio.run(crossref_problems(gateway.declared, checked, gateway.tenant))
    documented = gateway.check_documents(checked, documents)
    told = [*checked.problems, *gateway.check_variables(), *opening, *documented]
    checked = replace(checked, problems=told)
    ordered = sorted(checked.problems, key=lambda each: each.level is not Level.ERROR)
    problems = [each for each in ordered if notes or each.level is Level.ERROR]
    ways = _ways(checked) if with_paths else {}
    if as_json:
        print(json.dumps(_members(checked, problems, ways), indent=2))
    else:
        _print(open_console(), gateway, checked, problems, ways)
    return not checked.errors


def _ways(checked: Checked) -> Mapping[str, Paths]:
    if checked.model is None:
        return {}
    return {view.id: paths(view, checked.model) for view in checked.views}


def _members(checked: Checked, problems: Sequence[Problem], ways: Mapping[str, Paths]) -> dict[str, Any]:
    counted = [problem.level for problem in checked.problems]
    return {
        "ok": not checked.errors,
        "errors": counted.count(Level.ERROR),
        "notes": counted.count(Level.NOTE),
        "problems": [as_members(problem) for problem in problems],
        "views": [_view(view, checked, ways) for view in checked.views],
    }


def _view(view: View, checked: Checked, ways: Mapping[str, Paths]) -> dict[str, Any]:
    told: dict[str, Any] = {"view": view.id, "published": view in checked.published}
    found = ways.get(view.id)
    if found is not None:
        told["paths"] = {coordinate: list(each) for coordinate, each in found.by_coordinate.items()}
        told["pathsComplete"] = found.complete
    return told


def _print(
    console: Console, gateway: Gateway, checked: Checked, problems: Sequence[Problem], ways: Mapping[str, Paths]
) -> None:
    for view_id, found in ways.items():
        _print_paths(console, view_id, found)
    shown = print_problems(console, problems)
    errors, notes = len(checked.errors), len(checked.problems) - len(checked.errors)
    word, colour = ("Not in order", "bold red") if errors else ("In order", "bold green")
    counts = f"{_count(errors, 'error')}{_told_notes(shown, notes)}"
    unusable = "" if checked.files == len(checked.views) else f" of {_count(checked.files, 'file')}"
    read = f"{_count(len(checked.views), 'view')}{unusable} ({len(checked.published)} published), "
    read += _count(len(gateway.declared.adapters), "adapter")
    console.print(Text.assemble((word, colour), f": {counts} in {read}."), soft_wrap=True)


def _print_paths(console: Console, view_id: str, found: Paths) -> None:
    console.print(Text(f"{view_id}: where each coordinate can be reached", "bold"), soft_wrap=True)
    for coordinate, each in found.by_coordinate.items():
        console.print(Text.assemble(f"  {coordinate:<28}", (" ".join(each), "cyan")), soft_wrap=True)
    if not found.complete:
        console.print("  and more, which are not listed")
    console.print()


def _told_notes(shown: int, notes: int) -> str:
    """Return how many notes stand above; several of one kind are shown as one, and all can be left out."""
    if notes and not shown:
        return f" ({_count(notes, 'note')} not shown)"
    return f", {_count(shown, 'note')}" + (f" ({notes} in all)" if shown < notes else "")


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"

"""The demo's tables: answers beside each other, what came of several requests, and lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from gateway.demo.asking import Withheld
from gateway.demo.comparing import Cell, Kind

__all__ = ["grid", "list_table", "outcomes", "reasons"]

_COLOURS = {Kind.SHOWN: "green", Kind.MASKED: "yellow", Kind.SHUT: "red"}


def grid(
    corner: str,
    columns: Sequence[str],
    rows: Mapping[str, Sequence[Cell]],
    below: Mapping[str, Sequence[Cell]],
) -> Table:
    """Return fields by answers; what is `below` has a line above it, and no colour."""
    table = Table(box=box.ROUNDED, expand=True)
    table.add_column(corner, style="cyan", no_wrap=True)
    for column in columns:
        table.add_column(column, ratio=1, overflow="fold")
    for name, cells in rows.items():
        table.add_row(name, *(Text(cell.text, _COLOURS[cell.kind]) for cell in cells))
    if below:
        table.add_section()
    for name, cells in below.items():
        table.add_row(Text(name, "dim"), *(cell.text for cell in cells))
    return table


def outcomes(names: Sequence[str], came: Iterable[tuple[Sequence[str], Cell, str]]) -> Table:
    """Return what was asked, what came of it, and the calls that it took."""
    table = Table(box=box.ROUNDED, expand=True)
    for name in names:
        table.add_column(name, no_wrap=True)
    table.add_column("answer", ratio=1, overflow="fold")
    table.add_column("calls", no_wrap=True)
    for words, cell, calls in came:
        table.add_row(*words, Text(cell.text, _COLOURS[cell.kind]), calls.replace(", ", "\n"))
    return table


def reasons(told: Iterable[Withheld]) -> Table:
    """Return why things are withheld or masked, and what to do."""
    table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    table.add_column(style="yellow", no_wrap=True)
    table.add_column(ratio=1)
    for one in told:
        table.add_row(one.code, f"{one.message} {one.remedy}{_how(one)}")
    return table


def _how(one: Withheld) -> str:
    if one.opens_at is None or one.max_age is None:
        return ""
    by = f"By {_either(one.methods)}" if one.methods else f"To {one.opens_at}"
    return f" {by}, at most {one.max_age // 60} minutes ago."


def _either(words: Sequence[str]) -> str:
    return " or ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def list_table(names: Sequence[str], rows: Iterable[Sequence[str]], wide: Sequence[str]) -> Table:
    """Return a list, with a line between its rows; columns that are `wide` share what room there is, and wrap."""
    table = Table(box=box.ROUNDED, expand=True, show_lines=True)
    for name in names:
        is_wide = name in wide
        table.add_column(name, no_wrap=not is_wide, overflow="fold", ratio=1 if is_wide else None)
    for row in rows:
        table.add_row(*map(Text, row))
    return table

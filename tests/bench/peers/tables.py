"""Tables that are printed to a terminal and written as Markdown alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.markup import escape
from rich.table import Table as RichTable

__all__ = ["Table", "markdown", "rich_table"]


@dataclass(frozen=True, slots=True)
class Table:
    """A title, what is said before the rows, the headings, and the rows: texts all."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]] = field(default_factory=list)
    note: str = ""


def markdown(table: Table) -> str:
    """Return the table as a section of a page; its first column is text, the others are figures."""
    head = f"## {table.title}\n\n" + (f"{table.note}\n\n" if table.note else "")
    lines = [_line(table.headings), _line(["---", *["---:"] * (len(table.headings) - 1)])]
    return head + "\n".join([*lines, *map(_line, table.rows)]) + "\n"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', ' ') for cell in cells)} |"


def rich_table(table: Table) -> RichTable:
    """Return the table as the terminal shows it."""
    shown = RichTable(title=escape(table.title), caption=escape(table.note) or None, title_justify="left")
    for place, heading in enumerate(table.headings):
        shown.add_column(escape(heading), justify="right" if place else "left")
    for row in table.rows:
        shown.add_row(*map(escape, row))
    return shown

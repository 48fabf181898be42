"""Tables as sections of the page that `make bench-peers` writes, aligned in its text too."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill

from rich.cells import cell_len

from tests.bench.tables import Table

__all__ = ["WIDTH", "markdown"]

WIDTH = 120
"""How long lines of text are; tables are as wide as they have to be."""

_LEAST = 3
"""A column's dashes: fewer are none."""


def markdown(table: Table) -> str:
    """Return the table as a section of a page: its note, then the rows; its keys are text, the others are figures."""
    rows = [[cell.replace("|", " ") for cell in row] for row in (table.headings, *table.rows)]
    widths = [max(_LEAST, *map(cell_len, column)) for column in zip(*rows, strict=True)]
    dashes = ["-" * width if place < table.keys else "-" * (width - 1) + ":" for place, width in enumerate(widths)]
    head, *body = [_line(row, widths, table.keys) for row in rows]
    said = [fill(table.note, WIDTH), ""] if table.note else []
    lines = [f"## {table.title}", "", *said, head, _line(dashes, widths, 0), *body]
    return "\n".join(lines) + "\n"


def _line(cells: Sequence[str], widths: Sequence[int], keys: int) -> str:
    padded = (
        " " * (width - cell_len(cell)) + cell if place >= keys else cell + " " * (width - cell_len(cell))
        for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return f"| {' | '.join(padded)} |"

"""Tables as sections of the page that `make bench-peers` writes."""

from __future__ import annotations

from collections.abc import Sequence

from tests.bench.tables import Table

__all__ = ["markdown"]


def markdown(table: Table) -> str:
    """Return the table as a section of a page; its keys are text, the others are figures."""
    head = f"## {table.title}\n\n" + (f"{table.note}\n\n" if table.note else "")
    lines = [_line(table.headings), _line([*["---"] * table.keys, *["---:"] * (len(table.headings) - table.keys)])]
    return head + "\n".join([*lines, *map(_line, table.rows)]) + "\n"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', ' ') for cell in cells)} |"

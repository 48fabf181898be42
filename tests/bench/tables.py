"""Tables of figures on the terminal: however narrow it is, no figure is cut."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType
from rich.table import Table as RichTable
from rich.text import Text

__all__ = ["Table"]

_FRAME = 3
"""How much wider a column is than its text: a blank on each side, and the line beside it."""


@dataclass(frozen=True, slots=True)
class Table:
    """A title, the headings, the rows (texts all), and a note.

    The first `keys` columns say what a row is about; the others are figures. Where they do not fit side by side the
    figures stand in several tables, one below the other, each with the keys. Rows with the same first key of several
    stand together.
    """

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]] = field(default_factory=list)
    note: str = ""
    keys: int = 1

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        yield Text(self.title, "bold")
        for figures in self._parts(options.max_width):
            yield self._part(figures)
        if self.note:
            yield Text(self.note, "dim")
        yield Text()

    def _parts(self, room: int) -> list[list[int]]:
        """Return the columns of figures that stand side by side, table by table."""
        parts: list[list[int]] = [[]]
        start = used = 1 + sum(min(self._width(key), room // 2 // self.keys) + _FRAME for key in range(self.keys))
        for column in range(self.keys, len(self.headings)):
            width = self._width(column) + _FRAME
            if parts[-1] and used + width > room:
                parts.append([])
                used = start
            parts[-1].append(column)
            used += width
        return parts

    def _width(self, column: int) -> int:
        """Return how wide a column has to be: headings are broken between words, what stands in the rows is not."""
        words = self.headings[column].split()
        return max(cell_len(text) for text in (*words, *(row[column] for row in self.rows)))

    def _part(self, figures: Sequence[int]) -> RichTable:
        shown = RichTable(box=box.ROUNDED)
        for column in range(self.keys):
            shown.add_column(Text(self.headings[column]), overflow="fold")
        for column in figures:
            shown.add_column(Text(self.headings[column]), justify="right", width=self._width(column))
        for place, row in enumerate(self.rows):
            ends = self.keys > 1 and place + 1 < len(self.rows) and self.rows[place + 1][0] != row[0]
            shown.add_row(*(Text(row[column]) for column in (*range(self.keys), *figures)), end_section=ends)
        return shown

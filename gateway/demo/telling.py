"""Prints the demo for people: what runs, each question with its answer and receipt, refusals, and what to try next."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from textwrap import indent
from typing import Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from adapters.crossref import LoadReport
from gateway.demo.asking import Answer, Question, Withheld
from gateway.demo.comparing import Cell
from gateway.demo.sources import Started
from gateway.demo.tables import grid, list_table, outcomes, reasons

__all__ = ["Telling"]

_BESIDE = 90
"""From this width on, in characters, question and answer stand side by side, and fields in the receipt's table."""

_QUESTION, _ANSWER = 44, 56
"""How they share the width."""

_FRAME = 5
"""How much of a panel's width is no room for text."""

_COLOURS = "ansi_dark"


class Telling:
    """Tells the demo on a console."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._chapter = 0

    def say(self, text: str = "") -> None:
        """Print one line, however long."""
        self._console.print(text, soft_wrap=True)

    def tell(self, text: str, *logged: str) -> None:
        """Print a paragraph, wrapped, with an empty line before it, and what stood in the log."""
        self.say()
        self.note(text, *logged)

    def note(self, text: str, *logged: str) -> None:
        """Print a paragraph, wrapped, and what stood in the log."""
        self._console.print(text)
        for line in logged:
            self._console.print(Padding(Text(line, "dim"), (0, 0, 0, 2)))

    def line(self, about: str, line: str) -> None:
        """Print a line for a shell, however long, below what it is about; an empty line before both."""
        self.say()
        self._console.print(Text(about, "cyan"))
        self.say(line)

    def heading(self, text: str) -> None:
        """Print the heading of the next chapter, with its number."""
        self._chapter += 1
        self.say()
        self._console.rule(Text(f"{self._chapter}  {text}", "bold"), align="left")

    @contextmanager
    def progress(self, total: int) -> Iterator[Progress]:
        """Show a bar while customers are loaded, where there is a terminal to show it."""
        columns = (TextColumn("Linking customers"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, console=self._console, transient=True, disable=not self._console.is_terminal) as bar:
            bar.add_task("", total=total)
            yield bar

    def sources(self, started: Sequence[Started], loaded: LoadReport) -> None:
        """Print what runs, and what the gateway itself keeps."""
        table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
        for name in ("source", "what", "where", "process"):
            table.add_column(name, header_style="dim", overflow="fold")
        for source in started:
            table.add_row(Text(source.name, "cyan"), source.kind, source.place, str(source.process or "-"))
        self._console.print(table)
        for source in started:
            if source.note:
                self.tell(source.note)
        self.tell(
            f"The gateway keeps no copy, only the cross-reference: {loaded.created:,} customers, {loaded.links:,} keys."
        )

    def exchange(self, question: Question, answer: Answer) -> None:
        """Print a question, its answer, the receipt, and the nulls with their reasons."""
        variables = _code(_as_text(dict(question.variables), self._room(_QUESTION)), "json")
        asked = Group(
            Panel(_code(question.query.strip(), "graphql"), title="query"), Panel(variables, title="variables")
        )
        self.say(f"{question.consumer} sends POST {question.url}")
        told = _code(_as_text(answer.body.get("data", answer.body), self._room(_ANSWER)), "json")
        self._console.print(self._beside(asked, Panel(told, title="answer")))
        if answer.receipt is not None:
            self._receipt(answer.receipt)
            self._keys_only(answer.receipt)
        self._nulls(answer)

    def refusal(self, question: Question, answer: Answer) -> None:
        """Print how a question was refused."""
        self.say(f"{question.consumer} sends POST {question.url}")
        table = Table(
            box=box.ROUNDED, title=f"refused, HTTP {answer.status}", title_justify="left", title_style="bold red"
        )
        table.add_column("code", overflow="fold")
        table.add_column("message", overflow="fold", ratio=1)
        for code, message in answer.errors:
            table.add_row(code, message)
        self._console.print(table)
        if answer.status == 200:
            self._console.print("HTTP 200 is how GraphQL over HTTP refuses a document in application/json.")

    def grid(
        self,
        corner: str,
        columns: Sequence[str],
        rows: Mapping[str, Sequence[Cell]],
        below: Mapping[str, Sequence[Cell]] | None = None,
    ) -> None:
        """Print fields by answers: each shown, masked or shut. What is `below` has a line above it."""
        self._console.print(grid(corner, columns, rows, below or {}))

    def outcomes(self, names: Sequence[str], came: Iterable[tuple[Sequence[str], Cell, str]]) -> None:
        """Print what was asked, what came of it, and the calls that it took."""
        self._console.print(outcomes(names, came))

    def reasons(self, told: Iterable[Withheld]) -> None:
        """Print why things are withheld or masked, and what to do."""
        self._console.print(reasons(told))

    def table(self, names: Sequence[str], rows: Iterable[Sequence[str]], *, wide: Sequence[str] = ()) -> None:
        """Print a list; columns that are `wide` share what room there is, and wrap."""
        self._console.print(list_table(names, rows, wide))

    def _room(self, share: int) -> int:
        """Return how many characters a line of JSON can have in the panel that has this share of the width."""
        width = self._console.width
        return (width if width < _BESIDE else width * share // (_QUESTION + _ANSWER)) - _FRAME

    def _beside(self, left: RenderableType, right: RenderableType) -> RenderableType:
        if self._console.width < _BESIDE:
            return Group(left, right)
        grid = Table.grid(expand=True)
        grid.add_column(ratio=_QUESTION)
        grid.add_column(ratio=_ANSWER)
        grid.add_row(left, right)
        return grid

    def _receipt(self, receipt: Mapping[str, Any]) -> None:
        """Print the receipt; where a column is too narrow for the fields' names they stand below."""
        is_wide = self._console.width >= _BESIDE
        self._console.print(_receipt(receipt, with_fields=is_wide))
        for source in () if is_wide else receipt["sources"]:
            self._console.print(f"{source['source']}.{source['offer']}: {_fields(source) or '-'}")

    def _keys_only(self, receipt: Mapping[str, Any]) -> None:
        for entry in receipt.get("fields", ()):
            if entry["use"] == "key":
                self.say(f"{entry['coordinate']} was read from {entry['source']} as a key only: it is not shown.")

    def _nulls(self, answer: Answer) -> None:
        nulls = answer.nulls()
        if not nulls:
            self.say("No field is null.")
        for null in nulls:
            self._console.print(Text.assemble((f"null  {null.path}", "yellow"), f"  {null.code}  {null.message}"))


def _code(text: str, language: str) -> Syntax:
    return Syntax(text, language, theme=_COLOURS, background_color="default", word_wrap=True)


def _as_text(value: Any, room: int, before: int = 0) -> str:
    """Return JSON with each object and list on one line where there is room for it; one of one entry takes none.

    Elsewhere plain values share a line. `before` is how many characters stand before it on its first line.
    """
    line = json.dumps(value, ensure_ascii=False)
    if not value or not isinstance(value, (dict, list)) or before + len(line) < room:
        return line
    start, end = "{}" if isinstance(value, dict) else "[]"
    if len(value) == 1:
        (inside,) = _inside(value, room, before + 1)
        return f"{start}{inside}{end}"
    body = indent(",\n".join(_packed(value, room - 2)), "  ")
    return f"{start}\n{body}\n{end}"


def _packed(value: dict[str, Any] | list[Any], room: int) -> Sequence[str]:
    """Return the members or entries, plain values on a line together where there is room for them."""
    lines: list[str] = []
    is_open = False
    inside = zip(value.values() if isinstance(value, dict) else value, _inside(value, room, 0), strict=True)
    for one, text in inside:
        is_plain = not isinstance(one, (dict, list))
        if is_plain and is_open and len(lines[-1]) + len(text) + 2 < room:
            lines[-1] += f", {text}"
        else:
            lines.append(text)
        is_open = is_plain
    return lines


def _inside(value: dict[str, Any] | list[Any], room: int, before: int) -> Iterator[str]:
    """Yield the members or entries."""
    if isinstance(value, list):
        yield from (_as_text(each, room, before) for each in value)
        return
    for name, each in value.items():
        start = f"{json.dumps(name)}: "
        yield f"{start}{_as_text(each, room, before + len(start))}"


def _receipt(receipt: Mapping[str, Any], *, with_fields: bool) -> Table:
    title = f"receipt: {receipt['view']} for {receipt['purpose']}, {receipt['ms']} ms"
    table = Table(box=box.ROUNDED, title=title, title_justify="left", title_style="bold", expand=with_fields)
    for name in ("source", "offer"):
        table.add_column(name, overflow="fold")
    for name in ("calls", "keys"):
        table.add_column(name, justify="right", no_wrap=True)
    if with_fields:
        table.add_column("fields", ratio=1, overflow="fold")
    table.add_column("ms", justify="right", no_wrap=True)
    table.add_column("outcome", overflow="fold")
    for source in receipt["sources"]:
        counts = (str(source["calls"]), str(source["keys"]))
        fields = (_fields(source),) if with_fields else ()
        outcome = Text(source["outcome"], "green" if source["outcome"] == "OK" else "red")
        table.add_row(source["source"], source["offer"], *counts, *fields, str(source["ms"]), outcome)
    return table


def _fields(source: Mapping[str, Any]) -> str:
    return ", ".join(source["fields"])

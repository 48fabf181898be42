"""`customer-view crossref load`: rows of a file or a query, with a bar, a bookmark and a list of what was left out."""

from __future__ import annotations

import time
from collections.abc import Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from adapters.crossref import LoadReport
from gateway.cli.crossref.filling import Filling
from gateway.cli.crossref.inputs import Input, open_csv, open_parquet, open_query
from gateway.cli.crossref.keys import READ
from gateway.cli.crossref.listing import Listing
from gateway.cli.crossref.loading_bar import LoadingBar
from gateway.cli.crossref.opening import actor_of, work_on
from gateway.cli.crossref.options import Place
from gateway.cli.crossref.printed import print_json, table
from gateway.command_error import CommandError
from gateway.settings import Settings
from gateway.terminal import open_console

__all__ = ["Asked", "StoppedError", "run_load"]

_PARQUET = (".parquet", ".pq")
_LISTED = "load.conflicts.csv"


class StoppedError(Exception):
    """A load was stopped by Ctrl-C; what is done stands."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be loaded, and how. Raises CommandError when that cannot be."""

    file: str | None
    query: str | None = field(default=None, repr=False)
    database: str | None = field(default=None, repr=False)
    separator: str = ";"
    delimiter: str = ","
    conflicts: Path | None = None
    anew: bool = False
    actor: str | None = None

    def __post_init__(self) -> None:
        if (self.file is None) == (self.query is None):
            raise CommandError("What is to be loaded? Give a file, - for standard input, or --query and --database")
        if len(self.delimiter) != 1 or self.delimiter in '"\r\n':
            raise CommandError("got a --delimiter that is no one character; wanted such as , or ;")

    @property
    def path(self) -> Path | None:
        """The file, None for a pipe and a query, which cannot be gone on with."""
        return None if self.file in (None, READ) else Path(str(self.file))

    @property
    def listing(self) -> Path:
        """Where what was left out is listed."""
        if self.conflicts is not None:
            return self.conflicts
        return Path(_LISTED) if self.path is None else self.path.with_name(f"{self.path.name}.conflicts.csv")

    def opened(self, known: Collection[str]) -> AbstractContextManager[Input]:
        """Return the rows; `known` are the sources registered."""
        if self.query is not None:
            return open_query(self._database(), self.query, known, self.separator)
        if self.path is not None and self.path.suffix.lower() in _PARQUET:
            return open_parquet(self.path, known, self.separator)
        return open_csv(self.path, known, self.separator, self.delimiter)

    def _database(self) -> str:
        url = self.database or Settings.from_environment().load_database
        if url is None:
            raise CommandError("Which database? Give --database, or set CUSTOMER_VIEW_LOAD_DATABASE")
        return url


def run_load(place: Place, asked: Asked, *, as_json: bool) -> bool:
    """Load, print the report, and return whether nothing was left out.

    Raises:
        StoppedError: Ctrl-C has stopped it.
        CommandError: What was given cannot be loaded; the rows before the one that is told are.
    """
    actor, begun = actor_of(asked.actor), time.monotonic()
    with LoadingBar(open_console(stderr=True)) as bar, Listing(asked.listing) as listing:
        filling = Filling(asked.path, asked.opened, (asked.separator, asked.delimiter), bar, listing)
        try:
            report = work_on(place, lambda crossref: filling.run(crossref, actor, anew=asked.anew), migrate=True)
        except KeyboardInterrupt:
            raise StoppedError(f"Stopped after {filling.rows:,} rows, which stand. {filling.advice}") from None
    listed = asked.listing if report.counts else None
    if as_json:
        print_json(_members(report, listed))
    else:
        _print(open_console(), report, listed, time.monotonic() - begun, filling.undecoded)
    return not report.counts


def _members(report: LoadReport, listed: Path | None) -> dict[str, Any]:
    return {
        "rows": report.rows,
        "created": report.created,
        "links": report.links,
        "joined": report.joined,
        "fillers": dict(report.fillers),
        "leftOut": dict(report.counts),
        "conflicts": None if listed is None else str(listed),
    }


def _print(console: Console, report: LoadReport, listed: Path | None, seconds: float, undecoded: int) -> None:
    shown = table("what", "how many")
    shown.columns[1].justify = "right"
    for word, count in (("rows read", report.rows), ("customers made", report.created), ("keys added", report.links)):
        shown.add_row(word, f"{count:,}")
    if report.joined:
        shown.add_row(Text("rows that joined a customer there already", "yellow"), f"{report.joined:,}")
    for source, count in report.fillers.items():
        shown.add_row(Text(f"keys of {source} like NULL, 0 or -", "yellow"), f"{count:,}")
    for code, count in report.counts.items():
        shown.add_row(Text(f"left out: {code}", "yellow"), f"{count:,}")
    console.print(shown)
    console.print(f"It took {seconds:,.1f} s.")
    _warn(console, report, undecoded)
    if listed is not None:
        console.print(f"{listed} lists what was left out, by row, code, source and candidate.", soft_wrap=True)


def _warn(console: Console, report: LoadReport, undecoded: int) -> None:
    if report.joined:
        said = "A row joins whoever has one of its keys: a key that two persons share makes them one customer."
        console.print(f"{said} See with `customer-view crossref changes` which keys were added.", soft_wrap=True)
    if report.fillers:
        said = "What looks like a mark for no key was taken as a key, and all who have it are one customer."
        console.print(f"{said} Leave such cells empty.", soft_wrap=True)
    if undecoded:
        lines = "1 line is" if undecoded == 1 else f"{undecoded:,} lines are"
        console.print(f"{lines} not in UTF-8, and keys there are KEY_INVALID. Save the file as UTF-8.", soft_wrap=True)

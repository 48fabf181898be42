"""`customer-view crossref verify`: the events and the tables that they tell, checked, with what is wrong as a table."""

from __future__ import annotations

from threading import Event

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from adapters.crossref import ChainReport, StoredCrossReference
from adapters.crossref.verification.verifying import KEPT_PROBLEMS
from gateway.cli.crossref.opening import work_on
from gateway.cli.crossref.options import Place
from gateway.cli.crossref.printed import members, print_json, table
from gateway.cli.crossref.telling import counted
from gateway.crossref.answers import Verified
from gateway.terminal import open_console

__all__ = ["run_verify"]


class _StoppedError(Exception):
    """Nobody wants the rest."""


def run_verify(place: Place, *, as_json: bool) -> bool:
    """Print what is wrong, and return whether nothing is. Raises CommandError: it cannot be read."""
    stopped = Event()
    shown = open_console(stderr=True)
    columns = (TextColumn("Verifying {task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=shown, transient=True, disable=not shown.is_terminal) as bar:
        task = bar.add_task("events", total=None, visible=False)  # shown when it is so far that Ctrl-C is heeded

        def tell(what: str, total: int, done: int) -> None:
            if stopped.is_set():
                raise _StoppedError
            bar.update(task, description=what, total=total, completed=done, visible=True)

        async def work(crossref: StoredCrossReference) -> ChainReport:
            try:
                return await crossref.verify(tell)
            finally:
                stopped.set()  # after Ctrl-C a thread may still read, for minutes

        report = work_on(place, work)
    if as_json:
        print_json(members(Verified.of(report)))
    else:
        _print(open_console(), report)
    return report.holds


def _print(console: Console, report: ChainReport) -> None:
    if report.problems:
        shown = table("#event", "row", "what is wrong")
        for problem in report.problems:
            shown.add_row(str(problem.seq), Text(problem.row_id or ""), Text(problem.text))
        console.print(shown)
    if len(report.problems) == KEPT_PROBLEMS:
        console.print(f"These are the first {KEPT_PROBLEMS}; there may be more.")
    word, colour = ("All holds", "bold green") if report.holds else ("Not all holds", "bold red")
    numbers = ((report.events, "event"), (report.commitments, "commitment"), (report.rows, "row"))
    told = ", ".join(counted(number, what) for number, what in numbers)
    why = ", as an erasure leaves it" if report.holds else ""
    erased = f"; of {counted(report.erased, 'key')} only the commitment is left{why}" if report.erased else ""
    console.print(Text.assemble((word, colour), f": {told}{erased}."), soft_wrap=True)

"""`make bench-peers`: sets up, measures, prints tables and writes docs/performance.md.

    python -m tests.bench.peers                               everything, up to an hour
    python -m tests.bench.peers --quick                       a minute or two, of a few gateways: to see that it works
    python -m tests.bench.peers --quick --runs closed --queries q1 --peers mercurius-undici --seconds 2 --connections 50
    python -m tests.bench.peers --report                      tables of what has been measured; nothing is run

What is measured is kept in build/bench-peers as it comes: in unfinished.jsonl, which becomes figures.jsonl when a whole
run has come to its end, or in part.jsonl. So an interrupted run loses nothing, neither its own figures nor the last
whole ones. A whole run writes the page; --report --write writes it of one that was interrupted, if none was whole.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from tests.bench.peers.asking import WrongAnswerError
from tests.bench.peers.figures import Figures
from tests.bench.peers.installing import ProgramMissingError, install, require_tools
from tests.bench.peers.machine import machine
from tests.bench.peers.measuring import Measuring
from tests.bench.peers.options import QUICK_PEERS, is_part, options, scale_of
from tests.bench.peers.processes import NotStartedError
from tests.bench.peers.programs import OURS, PEERS, Program
from tests.bench.peers.report import page, show
from tests.bench.peers.runs import RUNS, Bench, ending, healthy, start
from tests.bench.peers.sources import build_sources, sources
from tests.bench.peers.workload import CUSTOMERS
from tests.bench.product.declared import is_loaded, read_through
from tests.bench.product.plain import PLAIN

__all__ = ["main"]

ROOT = Path(__file__).parents[3]
BUILT = ROOT / "build" / "bench-peers"
PAGE = ROOT / "docs" / "performance.md"

_WHOLE, _UNFINISHED, _PART = "figures.jsonl", "unfinished.jsonl", "part.jsonl"


class NothingMeasuredError(Exception):
    """There are no figures that could be told."""


def main(given: Sequence[str] | None = None) -> None:
    """Run the command."""
    console = Console(width=None if sys.stdout.isatty() else 140)
    wanted = options(given)
    signal.signal(signal.SIGTERM, _interrupt)  # so that what was started is stopped
    try:
        figures = _kept(wanted) if wanted.report else _measure(wanted, console)
    except (NotStartedError, ProgramMissingError, NothingMeasuredError) as error:
        console.print(str(error), markup=False)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        console.print("Interrupted before anything was measured.")
        raise SystemExit(1) from None
    show(figures, console)
    if wanted.write or figures.fact("whole", ""):
        PAGE.write_text(page(figures), encoding="utf-8")
        console.print(f"Written to {PAGE.relative_to(ROOT)}.")


def _kept(wanted: argparse.Namespace) -> Figures:
    """Return what was measured last: of a part, of everything, or else of a whole run that was interrupted."""
    files = [_PART] if is_part(wanted) else [_WHOLE, _UNFINISHED]
    for file in files:
        if figures := Figures.load(BUILT / file):
            return figures
    raise NothingMeasuredError("Nothing is measured yet: make bench-peers")


def _chosen(wanted: argparse.Namespace) -> list[Program]:
    names = wanted.peers or (QUICK_PEERS if wanted.quick else [one.name for one in PEERS])
    return [one for one in PEERS if one.name in names]


def _measure(wanted: argparse.Namespace, console: Console) -> Figures:
    """Set up, start everything and measure it; an earlier whole run is replaced by the next one that comes to its end.

    Raises KeyboardInterrupt when it is interrupted before there are figures.
    """
    for folder in ("logs", "product"):
        (BUILT / folder).mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        bench = _started(stack, wanted, console)
        return measured(bench, partial(_run_all, bench, wanted), is_whole=not is_part(wanted))


def measured(bench: Bench, run: Callable[[], None], *, is_whole: bool) -> Figures:
    """Run it, and return the figures in their last place: those of a whole run that was interrupted stay apart."""
    figures = bench.figures
    try:
        run()
    except KeyboardInterrupt:
        if not figures:
            raise
        where = figures.file.relative_to(ROOT)
        bench.console.print(f"Interrupted: here is what was measured. It is kept in {where}.", soft_wrap=True)
        return figures
    figures.tell("whole", "", is_whole)
    return figures.moved(BUILT / _WHOLE) if is_whole else figures


def _started(stack: ExitStack, wanted: argparse.Namespace, console: Console) -> Bench:
    """Install and start everything, and begin a file of figures."""
    require_tools(console)
    program = build_sources(BUILT)
    prepare(console)
    served = stack.enter_context(sources(program, BUILT / "logs"))
    ready, chosen = install(BUILT, served.url, console), _chosen(wanted)
    console.print(f"Starting {len(chosen) + 1} gateways and comparing their answers with the sources' ...")
    mine = start(stack, OURS, served, BUILT, console)
    if mine is None:
        raise NotStartedError("Without our own gateway there is nothing to compare.")
    there = [one for one in chosen if one.installed is None or one.installed in ready]
    peers = [one for one in (start(stack, each, served, BUILT, console) for each in there) if one is not None]
    figures, scale = begun(is_whole=not is_part(wanted)), scale_of(wanted)
    advance = stack.enter_context(_telling(console))
    measuring = Measuring(served, figures, scale.seconds, scale.rounds, scale.warm, advance)
    return Bench(served, BUILT, mine, peers, measuring, scale, console)


def begun(*, is_whole: bool) -> Figures:
    """Return figures in a new file, which is not that of the last whole run."""
    file = BUILT / (_UNFINISHED if is_whole else _PART)
    file.unlink(missing_ok=True)
    figures = Figures(file)
    figures.tell("machine", "", machine(BUILT))
    return figures


def _run_all(bench: Bench, wanted: argparse.Namespace) -> None:
    for name in wanted.runs:
        if name == "closed" and wanted.queries:
            _run(partial(healthy, queries=wanted.queries), bench)
        else:
            _run(RUNS[name], bench)
    _run(ending, bench)


def _run(run: Callable[[Bench], None], bench: Bench) -> None:
    """Run one part; what fails in it costs the rest of this part only."""
    try:
        run(bench)
    except (NotStartedError, WrongAnswerError, OSError, ValueError) as error:
        name = getattr(run, "__name__", "closed")
        bench.console.print(f"{name} was broken off: {type(error).__name__}: {error}", markup=False)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def prepare(console: Console) -> None:
    """Write our view, and load the cross-reference unless an earlier run has."""
    folder = BUILT / "product"
    PLAIN.write_view(folder)
    if not is_loaded(folder):
        with Progress(console=console) as progress:
            task = progress.add_task(f"Loading a cross-reference of {CUSTOMERS:,} customers (once)", total=CUSTOMERS)
            everyone = range(1, CUSTOMERS + 1)
            seconds = PLAIN.load(folder, everyone, progress=lambda done: progress.update(task, completed=done))
        console.print(f"Loaded in {seconds:.0f} s into {folder.relative_to(ROOT)}.")
    read_through(folder)


@contextmanager
def _telling(console: Console) -> Iterator[Callable[[str], None]]:
    """Show what is being measured, in one line."""
    columns = (SpinnerColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("measuring")
        yield lambda what: progress.update(task, description=what)

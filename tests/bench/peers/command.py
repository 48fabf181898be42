"""`make bench-peers`: sets up, measures, prints tables and writes docs/performance.md.

    python -m tests.bench.peers                               everything, up to an hour
    python -m tests.bench.peers --quick                       a minute or two, of a few gateways: to see that it works
    python -m tests.bench.peers --quick --runs closed --queries q1 --peers mercurius-undici --seconds 2 --connections 50
    python -m tests.bench.peers --report                      tables of what has been measured; nothing is run

What is measured is kept in build/bench-peers as it comes, so that an interrupted run loses nothing. A whole run writes
the page; --write writes it of what there is.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from tests.bench.peers.asking import WrongAnswerError
from tests.bench.peers.figures import Figures
from tests.bench.peers.installing import ProgramMissingError, install, require_tools
from tests.bench.peers.machine import machine
from tests.bench.peers.measuring import Measuring
from tests.bench.peers.processes import NotStartedError
from tests.bench.peers.product.prepare import load_customers, write_view
from tests.bench.peers.programs import OURS, PEERS, Program
from tests.bench.peers.report import page, show
from tests.bench.peers.runs import FULL, QUICK, RUNS, Bench, Scale, ending, healthy, start
from tests.bench.peers.sources import build_sources, sources
from tests.bench.peers.workload import CUSTOMERS, QUERIES

__all__ = ["main"]

ROOT = Path(__file__).parents[3]
BUILT = ROOT / "build" / "bench-peers"
PAGE = ROOT / "docs" / "performance.md"
QUICK_PEERS = ("mercurius-undici", "tailcall", "apollo")


def main(given: Sequence[str] | None = None) -> None:
    """Run the command."""
    console = Console(width=None if sys.stdout.isatty() else 140)
    wanted = _parser().parse_args(given)
    signal.signal(signal.SIGTERM, _interrupt)  # so that what was started is stopped
    for folder in ("logs", "product"):
        (BUILT / folder).mkdir(parents=True, exist_ok=True)
    if not wanted.report:
        try:
            _measure(wanted, console)
        except (NotStartedError, ProgramMissingError) as error:
            console.print(str(error), markup=False)
            raise SystemExit(1) from None
        except KeyboardInterrupt:
            console.print("Interrupted: here is what was measured.")
    figures = Figures.load(figures_file(quick=_is_part(wanted)))
    show(figures, console)
    if wanted.write or figures.fact("whole", ""):
        PAGE.write_text(page(figures), encoding="utf-8")
        console.print(f"Written to {PAGE.relative_to(ROOT)}.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.peers", description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a smoke run: few gateways, short turns")
    parser.add_argument("--report", action="store_true", help="print the tables of what has been measured")
    parser.add_argument("--write", action="store_true", help="write the page also where a part is missing")
    parser.add_argument("--peers", type=_words, help="these gateways alone, joined by commas")
    parser.add_argument("--runs", type=_words, default=[*RUNS], help=f"of {', '.join(RUNS)}")
    parser.add_argument("--queries", type=_words, help=f"of {', '.join(QUERIES)}: the run `closed` on these alone")
    parser.add_argument("--connections", type=_numbers, help="such as 50,200")
    parser.add_argument("--seconds", type=float, help="seconds of a turn")
    parser.add_argument("--warm", type=float, help="seconds of warming up")
    parser.add_argument("--rounds", type=int, help="turns of a figure")
    return parser


def _words(text: str) -> list[str]:
    return text.split(",")


def _numbers(text: str) -> list[int]:
    return [int(word) for word in text.split(",")]


def _scale(wanted: argparse.Namespace) -> Scale:
    scale = QUICK if wanted.quick else FULL
    said = {name: getattr(wanted, name) for name in ("seconds", "warm", "rounds", "connections")}
    return replace(scale, **{name: value for name, value in said.items() if value is not None})


def _chosen(wanted: argparse.Namespace) -> list[Program]:
    names = wanted.peers or (QUICK_PEERS if wanted.quick else [one.name for one in PEERS])
    unknown = sorted({*names} - {one.name for one in PEERS})
    if unknown:
        known = ", ".join(one.name for one in PEERS)
        raise ProgramMissingError(f"No gateway is called {', '.join(unknown)}. There are {known}.")
    return [one for one in PEERS if one.name in names]


def _measure(wanted: argparse.Namespace, console: Console) -> None:
    """Set up, start everything and measure it."""
    chosen, file = _chosen(wanted), figures_file(quick=_is_part(wanted))
    require_tools(console)
    program = build_sources(BUILT)
    prepare(console)
    with ExitStack() as stack:
        served = stack.enter_context(sources(program, BUILT / "logs"))
        ready = install(BUILT, served.url, console)
        console.print(f"Starting {len(chosen) + 1} gateways and comparing their answers with the sources' ...")
        mine = start(stack, OURS, served, BUILT, console)
        if mine is None:
            raise NotStartedError("Without our own gateway there is nothing to compare.")
        there = [one for one in chosen if one.installed is None or one.installed in ready]
        peers = [one for one in (start(stack, each, served, BUILT, console) for each in there) if one is not None]
        file.unlink(missing_ok=True)
        figures = Figures(file)
        figures.tell("machine", "", machine(BUILT))
        advance = stack.enter_context(_telling(console))
        scale = _scale(wanted)
        measuring = Measuring(served, figures, scale.seconds, scale.rounds, scale.warm, advance)
        _run_all(Bench(served, BUILT, mine, peers, measuring, scale, console), wanted)
        figures.tell("whole", "", not _is_part(wanted))


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


def _is_part(wanted: argparse.Namespace) -> bool:
    return bool(wanted.quick or wanted.peers or wanted.queries or wanted.runs != [*RUNS])


def figures_file(*, quick: bool) -> Path:
    """Return where figures are kept: those of a part do not overwrite those of everything."""
    return BUILT / ("part.jsonl" if quick else "figures.jsonl")


def prepare(console: Console) -> None:
    """Write our view, and load the cross-reference unless an earlier run has."""
    folder = BUILT / "product"
    write_view(folder)
    file = folder / "crossref.db"
    if file.exists():
        return
    with Progress(console=console) as progress:
        task = progress.add_task(f"Loading a cross-reference of {CUSTOMERS:,} customers (once)", total=CUSTOMERS)
        seconds = load_customers(file, CUSTOMERS, lambda done: progress.update(task, completed=done))
    size = file.stat().st_size / 2**20
    console.print(f"Loaded in {seconds:.0f} s: {size:,.0f} MB in {file.relative_to(ROOT)}.")


@contextmanager
def _telling(console: Console) -> Iterator[Callable[[str], None]]:
    """Show what is being measured, in one line."""
    columns = (SpinnerColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("measuring")
        yield lambda what: progress.update(task, description=what)

"""What was measured, on the terminal and as the page docs/performance.md."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import fill

from rich.console import Console

from tests.bench.peers.figures import Figures
from tests.bench.peers.goals import Goal, goals
from tests.bench.peers.markdown import WIDTH, markdown
from tests.bench.peers.tables import tables
from tests.bench.peers.words import HEAD, TAIL, machine_line, versions

__all__ = ["page", "show"]

_BEHIND = "Where it is behind, and why"


def show(figures: Figures, console: Console) -> None:
    """Print every table that has a row, and what keeps goals back."""
    first, *others = tables(figures)
    console.print(first)
    console.print(_BEHIND, style="bold")
    for line in _behind(goals(figures)):
        console.print(f"* {line}", markup=False)
    console.print()
    for table in others:
        console.print(table)
    for line in _doubts(figures):
        console.print(line, markup=False)


def page(figures: Figures) -> str:
    """Return the page: the goals, where it is behind and why, the tables, how they were made, and what is doubtful."""
    machine = figures.fact("machine", "")
    first, *others = map(markdown, tables(figures))
    behind = "\n".join(_bullet(line) for line in _behind(goals(figures)))
    doubts = "".join(_bullet(line) + "\n" for line in _doubts(figures))
    sections = "\n".join([first, f"## {_BEHIND}\n\n{behind}\n", *others])
    return f"{HEAD}{machine_line(machine)}\n{sections}\n{TAIL}\n## What is doubtful\n\n{doubts}{versions(machine)}"


def _bullet(line: str) -> str:
    return fill(f"* {line}", WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def _behind(reached: Sequence[Goal]) -> list[str]:
    """Return the goals that are not reached, those of one reason together, with the reason."""
    by_reason: dict[str, list[str]] = {}
    for goal in reached:
        if goal.is_met is False:
            by_reason.setdefault(goal.why, []).append(f"{goal.wanted.partition(':')[0]} ({goal.figure})")
    told = [f"{'; '.join(wanted)}. {why}" for why, wanted in by_reason.items()]
    measured = sum(goal.is_met is not None for goal in reached)
    return told or [f"Nowhere: of {measured} goals that were measured each is reached."]


def _doubts(figures: Figures) -> Iterator[str]:
    """Yield what makes single turns doubtful."""
    turns = sum(map(len, figures.turns.values()))
    doubtful, failed = figures.doubtful(), figures.failed()
    yield (
        f"In {len(doubtful)} of {turns} turns other programs took more than 0.15 of a processor"
        + (f", at most {max(share for *_, share in doubtful):.2f}." if doubtful else ".")
    )
    told = sorted({f"{program} in {cell}" for cell, program, _ in failed})
    many = "turn" if len(failed) == 1 else "turns"
    yield f"Requests failed in {len(failed)} {many}" + (f": {', '.join(told)}." if told else ".")

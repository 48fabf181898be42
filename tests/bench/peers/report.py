"""What was measured, as tables on the terminal and as the page docs/performance.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from rich.console import Console

from tests.bench.peers.figures import Cell, Figures
from tests.bench.peers.goals import goals, loads
from tests.bench.peers.programs import FORWARDING, OURS_SINGLE, OURS_VARIANTS, PEERS, SINGLE_PEERS
from tests.bench.peers.programs import OURS as OUR_PROGRAM
from tests.bench.peers.tables import markdown
from tests.bench.peers.words import HEAD, TAIL, told_machine
from tests.bench.peers.workload import QUERIES
from tests.bench.tables import Table

__all__ = ["page", "show", "tables"]

_ORDER = (OUR_PROGRAM, *OURS_VARIANTS, *PEERS, OURS_SINGLE, *SINGLE_PEERS, FORWARDING)
TITLES = {one.name: one.title for one in _ORDER}

Show = Callable[[Cell, str], str]


def show(figures: Figures, console: Console) -> None:
    """Print every table that has a row."""
    for table in tables(figures):
        console.print(table)
    for line in _doubts(figures):
        console.print(line, markup=False)


def page(figures: Figures) -> str:
    """Return the page: where it stands, goal by goal, then the tables, and what to bear in mind."""
    doubts = "".join(f"* {line}\n" for line in _doubts(figures))
    sections = "\n".join(map(markdown, tables(figures)))
    return f"{HEAD}\n{told_machine(figures.fact('machine', ''))}\n{sections}\n{TAIL}{doubts}"


def tables(figures: Figures) -> list[Table]:
    """Return the tables that have rows."""
    made = [
        _goals(figures),
        *(_query(figures, name) for name in ("q1", "q2", "q3", "q0")),
        _single(figures),
        _slow(figures),
        _open(figures),
        _asked(figures),
        _down(figures),
        _receipts(figures),
        _merging(figures),
        _memory(figures),
        _growing(figures, "customers", "q1", "CPU a customer, by customers in the query, microseconds"),
        _growing(figures, "fields", "wide", "CPU a field, by fields of one record, microseconds"),
    ]
    return [table for table in made if table.rows]


def _goals(figures: Figures) -> Table:
    rows = [[goal.wanted, goal.reached, goal.verdict] for goal in goals(figures)]
    note = "CPU is that of the gateway's process for each request, next to another's in the same run."
    return Table("Goals", ["goal", "this gateway", "verdict"], rows, note)


def _query(figures: Figures, name: str) -> Table:
    """CPU and latency of one query at every number of connections."""
    measured = loads(figures, "closed", name)

    def cpu(cell: Cell, program: str) -> str:
        cost, times = figures.value(cell, program), figures.ratio(cell, program)
        return _number(cost) + ("" if times is None else f" ({times:.2g} x)")

    def told(cell: Cell, program: str) -> str:
        values = [figures.value(cell, program, one) for one in ("per_second", "p50_ms", "p99_ms")]
        return "" if values[0] is None else f"{values[0]:,.0f}; {_number(values[1])}, {_number(values[2])}"

    headings = [f"CPU us at {load}" for load in measured] + [f"requests/s; p50, p99 ms at {load}" for load in measured]
    cells = [(Cell("closed", name, load), show) for show in (cpu, told) for load in measured]
    note = "Closed loop, sources that answer at once. In brackets: how many times ours, turn by turn."
    return Table(QUERIES[name].title, ["gateway", *headings], list(_rows(figures, cells)), note)


def _rows(figures: Figures, cells: Sequence[tuple[Cell, Show]]) -> Iterator[list[str]]:
    """Yield a row for each gateway that was measured in one of the cells."""
    keys = {cell.key for cell, _ in cells}
    for program in _ORDER:
        if any((key, program.name) in figures.turns for key in keys):
            yield [program.title, *(show(cell, program.name) for cell, show in cells)]


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _single(figures: Figures) -> Table:
    measured = loads(figures, "single", "q1")

    def cpu(cell: Cell, program: str) -> str:
        times = figures.ratio(cell, program)
        return _number(figures.value(cell, program)) + ("" if times is None else f" ({times:.2g} x)")

    cells: list[tuple[Cell, Show]] = [(Cell("single", "q1", load), cpu) for load in measured]
    headings = ["gateway", *(f"CPU us at {load}" for load in measured)]
    return Table("Q1 on sources that take one key a call", headings, list(_rows(figures, cells)))


def _slow(figures: Figures) -> Table:
    def added(cell: Cell, program: str) -> str:
        values = [figures.value(cell, program, one) for one in ("p50_ms", "p99_ms")]
        return ", ".join("" if one is None else f"{one - 20:.2f}" for one in values)

    def told(cell: Cell, program: str) -> str:
        values = [figures.value(cell, program, one) for one in ("per_second", "p50_ms", "p99_ms")]
        return "; ".join(map(_number, values))

    cells: list[tuple[Cell, Show]] = [(Cell("slow", name, 1), added) for name in ("q1", "q2", "q3")]
    cells.append((Cell("slow", "q1", 200), told))
    headings = ["gateway", "Q1 added p50, p99 ms", "Q2", "Q3", "Q1 at 200: requests/s; p50; p99 ms"]
    note = "Sources that take 20 ms; what is added to them at one connection, and Q1 at 200 connections."
    return Table("Slow sources", headings, list(_rows(figures, cells)), note)


def _open(figures: Figures) -> Table:
    def told(cell: Cell, program: str) -> str:
        names = ("cpu_us", "calls", "p50_ms", "p99_ms")
        return "; ".join(_number(figures.value(cell, program, name)) for name in names)

    measured = loads(figures, "open", "q1")
    cells: list[tuple[Cell, Show]] = [(Cell("open", "q1", rate), told) for rate in measured]
    headings = ["gateway", *(f"at {rate:,}/s: CPU us; calls; p50; p99 ms" for rate in measured)]
    note = (
        "Q1 at random moments (Poisson), sources of 5 ms. Latency counts from the moment at which a request was due; "
        "calls are those to sources, a request."
    )
    return Table("Open loop", headings, list(_rows(figures, cells)), note)


def _asked(figures: Figures) -> Table:
    def told(cell: Cell, program: str) -> str:
        calls, size = (figures.value(cell, program, name) for name in ("calls", "bytes"))
        return "" if calls is None or size is None else f"{calls:.2f} ({size:,.0f})"

    places = [(name, load) for name in ("q1", "q2", "q3") for load in loads(figures, "closed", name) if load in (1, 50)]
    cells: list[tuple[Cell, Show]] = [(Cell("closed", name, load), told) for name, load in places]
    headings = ["gateway", *(f"{name.upper()} at {load}" for name, load in places)]
    return Table("Calls to sources for a request, and bytes that they answer", headings, list(_rows(figures, cells)))


def _down(figures: Figures) -> Table:
    cell = Cell("down", "q1", 50)

    def cpu(cell: Cell, program: str) -> str:
        return _number(figures.value(cell, program))

    def times(cell: Cell, program: str) -> str:
        value = figures.ratio(cell, program)
        return "" if value is None else f"{value:.2f}"

    headings = ["gateway", "CPU us", "times its own when all are well"]
    note = "Q1 at 50 connections while billing answers 503 to everything."
    return Table("One of three sources down", headings, list(_rows(figures, [(cell, cpu), (cell, times)])), note)


def _receipts(figures: Figures) -> Table:
    def cpu(cell: Cell, program: str) -> str:
        times = figures.ratio(cell, program)
        return _number(figures.value(cell, program)) + ("" if times is None else f" ({times:.2g} x)")

    cells: list[tuple[Cell, Show]] = [(Cell("receipt", name, 50), cpu) for name in ("q1", "q2")]
    note = "At 50 connections. All other tables are with receipts that tell every field; in brackets: times that."
    return Table("Receipts, CPU us", ["asked for", "Q1", "Q2"], list(_rows(figures, cells)), note)


def _merging(figures: Figures) -> Table:
    rows = []
    for program in _ORDER:
        found = figures.fact("merging", program.name)
        if found:
            rows.append([program.title, *(str(found[one]) for one in ("same", "others", "keys_of_ten"))])
    tokens = figures.fact("tokens", FORWARDING.name)
    note = "20 callers ask Q1 at once: three calls each if nothing is shared."
    if tokens:
        note += (
            f" {FORWARDING.title}: {tokens['callers']} callers, each with a token of its own, came to "
            f"{tokens['calls']} calls with {tokens['tokens']} of the tokens."
        )
    headings = [
        "gateway",
        "calls, one customer",
        "calls, 20 customers",
        "keys asked, one customer ten times in a request",
    ]
    return Table("What is shared by those who ask at once", headings, rows, note)


def _memory(figures: Figures) -> Table:
    rows = []
    for program in _ORDER:
        found = figures.fact("memory", program.name)
        if found:
            rows.append(
                [program.title, *(f"{found[one]:.0f}" for one in ("idle", "peak", "own")), f"{found['start']:.1f}"]
            )
    return Table(
        "Memory and start",
        ["gateway", "MB at start", "MB at most", "MB of no file, at the end", "seconds to start"],
        rows,
    )


def _growing(figures: Figures, kind: str, query: str, title: str) -> Table:
    measured = loads(figures, kind, query)

    def share(cell: Cell, program: str) -> str:
        cost = figures.value(cell, program)
        return "" if cost is None else _number(cost / cell.load)

    cells: list[tuple[Cell, Show]] = [(Cell(kind, query, load), share) for load in measured]
    return Table(title, ["gateway", *map(str, measured)], list(_rows(figures, cells)), "At one connection.")


def _doubts(figures: Figures) -> Iterator[str]:
    """Yield what makes single turns doubtful."""
    turns = sum(map(len, figures.turns.values()))
    doubtful, failed = figures.doubtful(), figures.failed()
    yield (
        f"In {len(doubtful)} of {turns} turns other programs took more than 0.15 of a processor"
        + (f", at most {max(share for *_, share in doubtful):.2f}." if doubtful else ".")
    )
    told = sorted({f"{program} in {cell}" for cell, program, _ in failed})
    yield f"Requests failed in {len(failed)} turns" + (f": {', '.join(told)}." if told else ".")

"""The tables of what was measured: a sentence, and a row for each gateway."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from tests.bench.peers.figures import Cell, Figures
from tests.bench.peers.goals import goals
from tests.bench.peers.programs import FORWARDING, OURS_SINGLE, OURS_VARIANTS, PEERS, SINGLE_PEERS
from tests.bench.peers.programs import OURS as OUR_PROGRAM
from tests.bench.peers.runs import OPEN_MS, SLOW_MS
from tests.bench.peers.workload import QUERIES
from tests.bench.tables import Table

__all__ = ["tables"]

_ORDER = (OUR_PROGRAM, *OURS_VARIANTS, *PEERS, OURS_SINGLE, *SINGLE_PEERS, FORWARDING)

_PACED_AT = 50

Show = Callable[[Cell, str], str]


def tables(figures: Figures) -> list[Table]:
    """Return the tables that have rows."""
    made = [
        _goals(figures),
        *(_query(figures, name) for name in ("q1", "q2", "q3", "q0")),
        _pace(figures),
        _single(figures),
        _slow(figures),
        _open(figures),
        _asked(figures),
        _down(figures),
        _receipts(figures),
        _merging(figures),
        _memory(figures),
        _growing(figures, "customers", "q1", "customer"),
        _growing(figures, "fields", "wide", "field"),
    ]
    return [table for table in made if table.rows]


def _goals(figures: Figures) -> Table:
    rows = [[goal.wanted, goal.target, goal.figure, goal.verdict] for goal in goals(figures)]
    note = (
        "CPU is that of the gateway's process for each request; Q1 asks for one customer from three sources, Q2 for "
        "fifty, Q3 for one field of one source."
    )
    return Table("Goals", ["goal", "target", "this gateway", "verdict"], rows, note, keys=4)


def _cpu_with_ratio(figures: Figures) -> Show:
    """Return what shows microseconds of CPU, and how many times ours that is."""

    def cpu(cell: Cell, program: str) -> str:
        times = figures.ratio(cell, program)
        return _number(figures.value(cell, program)) + ("" if times is None else f" ({times:.2f} x)")

    return cpu


def _figure(figures: Figures, name: str, less: float = 0.0) -> Show:
    """Return what shows one figure, less what it is to be told without."""

    def told(cell: Cell, program: str) -> str:
        value = figures.value(cell, program, name)
        return "" if value is None else _number(value - less)

    return told


def _query(figures: Figures, name: str) -> Table:
    """CPU of one query at every number of connections."""
    measured = figures.loads("closed", name)
    cells = [(Cell("closed", name, load), _cpu_with_ratio(figures)) for load in measured]
    headings = ["gateway", *(f"at {load}" for load in measured)]
    note = "CPU a request in microseconds, by connections; in brackets, how many times ours it is."
    return Table(QUERIES[name].title, headings, list(_rows(figures, cells)), note)


def _pace(figures: Figures) -> Table:
    """Requests a second and latency of the closed loop, which says less than CPU: another processor makes the load."""
    names = [name for name in ("q1", "q2", "q3") if _PACED_AT in figures.loads("closed", name)]
    kinds = (("per_second", "/s"), ("p50_ms", "p50 ms"), ("p99_ms", "p99 ms"))
    cells = [(Cell("closed", name, _PACED_AT), _figure(figures, kind)) for name in names for kind, _ in kinds]
    headings = ["gateway", *(f"{name.upper()} {word}" for name in names for _, word in kinds)]
    note = f"Requests a second and their latency at {_PACED_AT} connections, on sources that answer at once."
    return Table("Pace and latency", headings, list(_rows(figures, cells)), note)


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
    measured = figures.loads("single", "q1")
    cells = [(Cell("single", "q1", load), _cpu_with_ratio(figures)) for load in measured]
    headings = ["gateway", *(f"at {load}" for load in measured)]
    note = "CPU a request in microseconds, by connections, when each key costs a call of its own."
    return Table("Q1 on sources that take one key a call", headings, list(_rows(figures, cells)), note)


def _slow(figures: Figures) -> Table:
    beyond = [
        (Cell("slow", name, 1), _figure(figures, f"{kind}_ms", SLOW_MS))
        for name in ("q1", "q2", "q3")
        for kind in ("p50", "p99")
    ]
    crowded = [(Cell("slow", "q1", 200), _figure(figures, kind)) for kind in ("per_second", "p50_ms", "p99_ms")]
    headings = [f"{name} {kind}" for name in ("Q1", "Q2", "Q3") for kind in ("p50", "p99")]
    headings = ["gateway", *headings, "Q1 at 200 /s", "its p50", "its p99"]
    note = (
        f"Milliseconds that are added at one connection to the {SLOW_MS} of the sources; then Q1 at 200 connections, "
        "with theirs."
    )
    return Table("Slow sources", headings, list(_rows(figures, [*beyond, *crowded])), note)


def _open(figures: Figures) -> Table:
    rows = []
    for rate in figures.loads("open", "q1"):
        cell = Cell("open", "q1", rate)
        names = ("cpu_us", "calls", "p50_ms", "p99_ms")
        told = _rows(figures, [(cell, _figure(figures, name)) for name in names])
        rows += [[f"{rate:,}", *row] for row in told]
    headings = ["arrivals a second", "gateway", "CPU us", "calls", "p50 ms", "p99 ms"]
    note = (
        f"Q1 at random moments (Poisson) over sources of {OPEN_MS} ms; latency counts from the moment at which a "
        "request was due, calls are those to sources for each."
    )
    return Table("Open loop", headings, rows, note, keys=2)


def _asked(figures: Figures) -> Table:
    def told(cell: Cell, program: str) -> str:
        calls, size = (figures.value(cell, program, name) for name in ("calls", "bytes"))
        return "" if calls is None or size is None else f"{calls:.2f} ({size:,.0f})"

    places = [(name, load) for name in ("q1", "q2", "q3") for load in figures.loads("closed", name) if load in (1, 50)]
    cells: list[tuple[Cell, Show]] = [(Cell("closed", name, load), told) for name, load in places]
    headings = ["gateway", *(f"{name.upper()} at {load}" for name, load in places)]
    note = "Calls to all sources for a request, by connections; in brackets, the bytes that they answer."
    return Table("What sources are asked", headings, list(_rows(figures, cells)), note)


def _down(figures: Figures) -> Table:
    cell = Cell("down", "q1", 50)

    def times(cell: Cell, program: str) -> str:
        value = figures.ratio(cell, program)
        return "" if value is None else f"{value:.2f}"

    headings = ["gateway", "CPU us", "times its own when all are well"]
    note = "Q1 at 50 connections while billing answers 503 to everything."
    rows = list(_rows(figures, [(cell, _figure(figures, "cpu_us")), (cell, times)]))
    return Table("One of three sources down", headings, rows, note)


def _receipts(figures: Figures) -> Table:
    cells = [(Cell("receipt", name, 50), _cpu_with_ratio(figures)) for name in ("q1", "q2")]
    note = (
        "CPU a request in microseconds at 50 connections, by how much of a receipt is asked for; all other tables are "
        "with receipts of every field."
    )
    return Table("Receipts", ["asked for", "Q1", "Q2"], list(_rows(figures, cells)), note)


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
            f" {FORWARDING.title}: {tokens['callers']} callers with a token each; calls: {tokens['calls']}, "
            f"tokens sent: {tokens['tokens']}."
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
    headings = ["gateway", "MB at start", "MB at most", "MB of no file, at the end", "seconds to start"]
    return Table("Memory and start", headings, rows, "Resident memory, children included, over the whole run.")


def _growing(figures: Figures, kind: str, query: str, what: str) -> Table:
    measured = figures.loads(kind, query)

    def share(cell: Cell, program: str) -> str:
        cost = figures.value(cell, program)
        return "" if cost is None else _number(cost / cell.load)

    cells: list[tuple[Cell, Show]] = [(Cell(kind, query, load), share) for load in measured]
    headings = ["gateway", *(f"{load:,}" for load in measured)]
    note = f"CPU a {what} in microseconds, by the {kind} in a query, at one connection."
    return Table(f"More {kind} in a query", headings, list(_rows(figures, cells)), note)

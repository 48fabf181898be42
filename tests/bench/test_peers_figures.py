"""What is made of turns: medians, ratios of turns that lay side by side, goals, and the page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tests.bench.figures import middle, ratio
from tests.bench.peers.figures import Cell, Figures, Turn
from tests.bench.peers.goals import Goal, goals
from tests.bench.peers.markdown import markdown
from tests.bench.peers.programs import PEERS
from tests.bench.peers.report import page, show
from tests.bench.peers.tables import tables
from tests.bench.tables import Table

CELL = Cell("closed", "q1", 50)


def turn(cpu_us: float, **more: Any) -> Turn:
    return replace(Turn(cpu_us=cpu_us, per_second=1_000, p50_ms=1.0, p99_ms=2.0, requests=100), **more)


@pytest.fixture
def figures(tmp_path: Path) -> Figures:
    return Figures(tmp_path / "figures.jsonl")


def beside(figures: Figures, cell: Cell, program: str, theirs: float, own: float, **more: Any) -> None:
    figures.add(cell, program, turn(theirs, **more), turn(own))
    if program != "ours":
        figures.add(cell, "ours", turn(own))


def verdict(figures: Figures, words: str) -> Goal:
    (found,) = [goal for goal in goals(figures) if words in goal.wanted]
    return found


def test_a_figure_is_the_median_of_its_turns() -> None:
    """One slow turn among three says nothing."""
    assert middle([turn(10), turn(900), turn(12)], "cpu_us") == 12


def test_a_ratio_is_of_turns_side_by_side() -> None:
    """When the machine is slower for a while, both are: 2, 2 and 3 times, and not the ratio of the medians."""
    theirs, own = [turn(20), turn(200), turn(90)], [turn(10), turn(100), turn(30)]
    assert ratio(theirs, own) == 2.0
    assert middle(theirs, "cpu_us") / middle(own, "cpu_us") == 3.0


def test_turns_that_were_not_side_by_side_are_not_compared() -> None:
    """A round that is missing would shift all later ones."""
    with pytest.raises(ValueError, match="shorter"):
        ratio([turn(1), turn(2)], [turn(1)])


def test_what_was_measured_is_read_again(figures: Figures) -> None:
    """Every line is kept as it comes."""
    beside(figures, CELL, "apollo", 30, 10)
    beside(figures, CELL, "apollo", 50, 10)
    figures.tell("memory", "apollo", {"peak": 100})
    again = Figures.load(figures.file)
    assert (again.turns, again.beside, again.facts) == (figures.turns, figures.beside, figures.facts)
    assert again.ratio(CELL, "apollo") == 4.0
    assert again.value(CELL, "ours") == 10


def test_a_run_that_was_cut_off_keeps_all_but_its_last_line(figures: Figures) -> None:
    """A program that is killed may leave half a line."""
    beside(figures, CELL, "apollo", 30, 10)
    text = figures.file.read_text()
    figures.file.write_text(text + '{"cell": "closed/q1')
    assert Figures.load(figures.file).ratio(CELL, "apollo") == 3.0


def test_what_was_not_measured_has_no_figure(figures: Figures) -> None:
    """And not nought."""
    assert (figures.value(CELL, "apollo"), figures.ratio(CELL, "apollo"), figures.fact("memory", "apollo")) == (
        None,
    ) * 3
    assert {goal.verdict for goal in goals(figures) if "tokens" not in goal.wanted} == {"not measured"}


@pytest.mark.parametrize(
    ("theirs", "own", "reached", "word"),
    [
        (20.0, 10.0, "2 times less than Apollo Server", "reached, stretch too"),
        (15.0, 10.0, "1.5 times less than Apollo Server", "reached"),
        (14.6, 10.0, "1.46 times less than Apollo Server", "not reached"),
        (10.0, 10.0, "level with Apollo Server", "not reached"),
        (5.0, 10.0, "2 times as much as Apollo Server", "not reached"),
    ],
)
def test_a_goal_is_judged_by_the_best_of_the_others(
    figures: Figures, theirs: float, own: float, reached: str, word: str
) -> None:
    """The one that costs least; and being behind is said in plain words."""
    beside(figures, CELL, "hive", 300, own)
    beside(figures, CELL, "apollo", theirs, own)
    goal = verdict(figures, "Q1 at 50 connections: CPU next to the best")
    assert (goal.figure, goal.verdict) == (reached, word)


def test_variants_of_ours_are_not_the_best_of_the_others(figures: Figures) -> None:
    """Without receipts it is quicker, and still ours."""
    beside(figures, CELL, "ours-off", 1, 10)
    assert verdict(figures, "Q1 at 50 connections: CPU next to the best").is_met is None


@pytest.mark.parametrize(("costs", "is_met"), [((100, 50, 51), True), ((100, 50, 90), False)])
def test_the_cost_of_one_more_customer_may_not_grow(figures: Figures, costs: tuple[int, ...], is_met: bool) -> None:
    """From one number of customers to the next, but for the noise of two measurements."""
    for load, cost in zip((1, 100, 1_000), costs, strict=True):
        figures.add(Cell("customers", "q1", load), "ours", turn(cost * load))
    assert verdict(figures, "CPU a customer").is_met is is_met


def test_a_goal_that_a_test_holds_is_not_told_as_measured(figures: Figures) -> None:
    """Before and after a run it is the test that says so."""
    assert verdict(figures, "tokens forwarded").verdict == "held by a test"
    whole(figures)
    assert verdict(figures, "tokens forwarded").verdict == "held by a test"


def whole(figures: Figures) -> None:
    """Measure something of everything."""
    for name in ("q0", "q1", "q2", "q3"):
        for load in (1, 50):
            beside(figures, Cell("closed", name, load), "apollo", 30, 10, bytes=400)
            beside(figures, Cell("closed", name, load), "strawberry", 900, 10)
    beside(figures, Cell("single", "q1", 50), "apollo-single", 30, 10)
    beside(figures, Cell("slow", "q1", 1), "apollo", 30, 10, p50_ms=20.4)
    beside(figures, Cell("down", "q1", 50), "ours", 12, 10)
    beside(figures, Cell("open", "q1", 200), "apollo", 30, 10)
    beside(figures, Cell("receipt", "q1", 50), "ours-off", 8, 10)
    for load in (1, 200):
        figures.add(Cell("customers", "q1", load), "ours", turn(load))
        figures.add(Cell("fields", "wide", load), "ours", turn(load))
    for program in ("ours", "apollo"):
        figures.tell("memory", program, {"idle": 50, "peak": 100, "own": 60, "start": 0.5})
        figures.tell("merging", program, {"same": 3, "others": 60, "keys_of_ten": 3})
    figures.tell("tokens", "tailcall-forwarding", {"callers": 20, "calls": 1, "tokens": 1})


def test_the_page_has_every_table_and_says_what_is_doubtful(figures: Figures) -> None:
    """Goals first; a turn during which others took the processors, and one with failures, are told."""
    whole(figures)
    beside(figures, Cell("closed", "q1", 8), "apollo", 30, 10, foreign=0.5, broken=2)
    written = page(figures)
    titles = [table.title for table in tables(figures)]
    assert len(titles) == 16
    sections = [line[3:] for line in written.splitlines() if line.startswith("## ")]
    behind, rest = "Where it is behind, and why", "The workload, and how it is measured"
    assert sections == [titles[0], behind, *titles[1:], rest, "What differs between them", "What is doubtful"]
    assert "In 1 of " in written
    assert "at most 0.50" in written
    assert "Requests failed in 1 turn: apollo in closed/q1/8." in written
    assert "20 callers with a token each; calls: 1, tokens sent: 1." in " ".join(written.split())


def test_every_row_is_as_long_as_its_headings(figures: Figures) -> None:
    """Or Markdown would drop cells."""
    whole(figures)
    for table in tables(figures):
        assert {len(row) for row in table.rows} == {len(table.headings)}


def test_every_table_has_its_sentence_and_lines_that_align(figures: Figures) -> None:
    """In the page's own text too."""
    whole(figures)
    for table in tables(figures):
        assert table.note.endswith(".")
        rows = [line for line in markdown(table).splitlines() if line.startswith("|")]
        assert len({*map(len, rows)}) == 1


def test_where_it_is_behind_is_told_with_the_reason(figures: Figures) -> None:
    """Goals that one reason keeps back stand together."""
    for load in (50, 200):
        beside(figures, Cell("closed", "q1", load), "tailcall", 5, 10)
    told = " ".join(page(figures).split())
    together = (
        "Q1 at 50 connections (2 times as much as Tailcall); Q1 at 200 connections (2 times as much as Tailcall)."
    )
    assert f"* {together} Tailcall is compiled Rust" in told
    assert told.count("compiled Rust") == 1


@pytest.mark.parametrize("program", [one.name for one in PEERS])
def test_there_is_a_reason_whichever_other_gateway_is_ahead(figures: Figures, program: str) -> None:
    """Compiled code, or code for this workload alone."""
    beside(figures, CELL, program, 5, 10)
    assert verdict(figures, "Q1 at 50 connections: CPU next to the best").why


def test_where_it_is_behind_nowhere_the_page_says_so(figures: Figures) -> None:
    """With how many goals that says something of."""
    beside(figures, CELL, "apollo", 30, 10)
    assert "* Nowhere: of 2 goals that were measured each is reached." in page(figures)


@pytest.mark.parametrize(
    ("theirs", "strongest", "word"),
    [(11, 10, "reached, stretch too"), (11, 5, "reached"), (11, None, "reached"), (9, 10, "not reached")],
)
def test_sources_without_batches_have_a_farther_target(
    figures: Figures, theirs: float, strongest: float | None, word: str
) -> None:
    """Less than Apollo Server; level with Mercurius and undici."""
    cell = Cell("single", "q1", 50)
    beside(figures, cell, "apollo-single", theirs, 10)
    if strongest is not None:
        beside(figures, cell, "mercurius-undici-single", strongest, 10)
    assert verdict(figures, "sources that take one key a call").verdict == word


def test_the_terminal_shows_what_there_is(figures: Figures) -> None:
    """Of a part of a run, that part's tables."""
    beside(figures, CELL, "mercurius-undici", 30, 10)
    console = Console(record=True, width=200, file=(figures.file.parent / "shown").open("w"))
    with console.file:
        show(figures, console)
        shown = console.export_text()
    assert "Mercurius with undici" in shown
    assert "Slow sources" not in shown


def test_markdown_keeps_a_cell_in_its_cell() -> None:
    """A bar in a text would begin another one."""
    written = markdown(Table("T", ["a", "b"], [["x|y", "1"]]))
    assert written == "## T\n\n| a   |   b |\n| --- | --: |\n| x y |   1 |\n"


def test_every_gateway_has_a_name_of_its_own() -> None:
    """Figures are kept by it; ours begin with `ours`."""
    names = [program.name for program in PEERS]
    assert len({*names}) == len(names)
    assert not [name for name in names if name.startswith("ours")]

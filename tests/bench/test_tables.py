"""Tables of figures, wide and narrow."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from tests.bench.tables import Table

TABLE = Table(
    "one customer: CPU a request",
    (
        "connections",
        "gateway",
        "CPU us",
        "least to most",
        "ratio",
        "p50 ms",
        "p99 ms",
        "calls",
        "source KB",
        "load CPU",
    ),
    [
        (load, name, "4,512", "4,321 to 14,987", "56.12", "123.45", "234.56", "3.00", "12.34", "100%")
        for load in ("8", "50")
        for name in ("this gateway", "by hand, tuned")
    ],
    "calls: to all sources.",
    keys=2,
)


def shown(table: Table, width: int) -> str:
    console = Console(file=StringIO(), width=width)
    with console.capture() as captured:
        console.print(table)
    return captured.get()


@pytest.mark.parametrize("width", [40, 60, 80, 100, 130])
def test_however_narrow_the_terminal_no_figure_is_cut(width: int) -> None:
    """Columns that do not fit stand in a further table; no line is longer than the terminal."""
    told = shown(TABLE, width)
    for figure in TABLE.rows[0][2:]:
        assert told.count(f" {figure} ") == 4
    assert "\u2026" not in told
    assert max(map(len, told.splitlines())) <= width


def test_where_there_is_room_it_is_one_table_with_its_title_once() -> None:
    """Rows of the same first key stand together."""
    told = shown(TABLE, 130)
    assert told.startswith("one customer: CPU a request\n")
    assert (told.count("\u256d"), told.count("\u251c")) == (1, 2)
    assert told.rstrip().endswith("calls: to all sources.")


def test_each_further_table_says_what_its_rows_are_about() -> None:
    """The title stands once, the keys in each."""
    told = shown(TABLE, 80)
    parts = told.count("\u256d")
    assert parts > 1
    assert told.count("by hand, tuned") == 2 * parts
    assert told.count("one customer: CPU a request") == 1


def test_what_looks_like_markup_is_shown_as_it_is() -> None:
    """Names of gateways are texts."""
    assert "[bold]x[/]" in shown(Table("t", ("a", "b"), [("[bold]x[/]", "1")]), 80)

from __future__ import annotations

import argparse

import pytest

from tests.bench.__main__ import PARTS, main, parts_of


def test_parts_are_chosen_by_name() -> None:
    """In their own order, whichever they are named in."""
    assert parts_of("fifty,one") == ["one", "fifty"]
    assert parts_of(",".join(PARTS)) == list(PARTS)


def test_a_part_that_there_is_not_is_refused() -> None:
    """With those that there are."""
    with pytest.raises(argparse.ArgumentTypeError, match="got two; wanted some of one,fifty,"):
        parts_of("one,two")


@pytest.mark.parametrize(
    "arguments",
    [["--turns", "0"], ["--turns", "x"], ["--seconds", "0"], ["--only", "two"], ["--links", "399"], ["--links", "x"]],
    ids=" ".join,
)
def test_what_cannot_be_measured_is_refused_at_once(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is started."""
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert "error: argument" in capsys.readouterr().err


@pytest.mark.long
@pytest.mark.processes
def test_everything_is_measured_and_told(capfd: pytest.CaptureFixture[str]) -> None:
    """Every part once, in turns so short that the figures say nothing; answers are compared on the way."""
    main(["--turns", "1", "--seconds", "0.05", "--links", "400,800"])
    shown = capfd.readouterr().out
    for wanted in ("{ __typename }", "billing is down", "one key a call", "20 ms away", "Poisson", "CPU per customer"):
        assert wanted in shown
    for wanted in (
        "CPU per field",
        "Cross-reference of",
        "Cross-reference in PostgreSQL",
        "prepared with",
        "processors",
        "strawberry-graphql",
    ):
        assert wanted in shown

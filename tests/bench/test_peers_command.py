"""The command's options, what it chooses by them, and what it says of the machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.peers import command
from tests.bench.peers.figures import Cell, Figures, Turn
from tests.bench.peers.installing import ProgramMissingError
from tests.bench.peers.machine import machine
from tests.bench.peers.programs import PEERS
from tests.bench.peers.runs import FULL, QUICK, RUNS
from tests.bench.peers.words import told_machine


def test_without_options_everything_is_measured() -> None:
    """All gateways, all runs."""
    wanted = command._parser().parse_args([])
    assert command._chosen(wanted) == [*PEERS]
    assert (command._scale(wanted), wanted.runs, command._is_part(wanted)) == (FULL, [*RUNS], False)


def test_a_quick_run_is_a_part() -> None:
    """Its figures are kept apart from those of everything."""
    wanted = command._parser().parse_args(["--quick"])
    assert [one.name for one in command._chosen(wanted)] == ["mercurius-undici", "tailcall", "apollo"]
    assert command._scale(wanted) == QUICK
    assert command.figures_file(quick=command._is_part(wanted)) != command.figures_file(quick=False)


def test_a_part_is_said_by_options() -> None:
    """Gateways, runs, queries, connections and times."""
    words = "--runs closed --queries q1 --peers hive,apollo --seconds 2 --connections 50,8 --rounds 5 --warm 1"
    wanted = command._parser().parse_args(words.split())
    scale = command._scale(wanted)
    assert [one.name for one in command._chosen(wanted)] == ["apollo", "hive"]
    assert (scale.seconds, scale.connections, scale.rounds, scale.warm) == (2.0, [50, 8], 5, 1.0)
    assert command._is_part(wanted)


def test_a_gateway_that_nobody_knows_is_told() -> None:
    """With those that there are."""
    wanted = command._parser().parse_args(["--peers", "cosmo"])
    with pytest.raises(ProgramMissingError, match=r"No gateway is called cosmo\. There are mercurius-undici, "):
        command._chosen(wanted)


def test_the_tables_of_an_earlier_run_can_be_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is started; the page is written where that is asked for."""
    page = tmp_path / "performance.md"
    monkeypatch.setattr(command, "BUILT", tmp_path)
    monkeypatch.setattr(command, "ROOT", tmp_path)
    monkeypatch.setattr(command, "PAGE", page)
    figures = Figures(tmp_path / "figures.jsonl")
    turn = Turn(cpu_us=10.0, per_second=1.0, p50_ms=1.0, p99_ms=1.0, requests=1)
    figures.add(Cell("closed", "q1", 50), "apollo", turn, turn)
    command.main(["--report"])
    assert "Apollo Server" in capsys.readouterr().out
    assert not page.exists()
    command.main(["--report", "--write"])
    assert page.read_text().startswith("# Performance\n")


def test_the_machine_is_told_with_versions(tmp_path: Path) -> None:
    """Of what is there; a package that was not installed is left out."""
    told = told_machine(machine(tmp_path))
    assert "strawberry-graphql 0." in told
    assert "mercurius" not in told
    assert told_machine(None) == ""

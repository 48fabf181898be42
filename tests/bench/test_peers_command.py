"""The command's options, what it chooses by them, and what it says of the machine."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any, cast

import pytest
from rich.console import Console

from tests.bench.peers import command
from tests.bench.peers.figures import Cell, Figures, Turn
from tests.bench.peers.installing import ProgramMissingError
from tests.bench.peers.machine import machine
from tests.bench.peers.measuring import Measuring
from tests.bench.peers.options import is_part, options, scale_of
from tests.bench.peers.programs import PEERS
from tests.bench.peers.runs import FULL, QUICK, RUNS, Bench
from tests.bench.peers.words import machine_line, versions

TURN = Turn(cpu_us=10.0, per_second=1.0, p50_ms=1.0, p99_ms=1.0, requests=1)
CELL = Cell("closed", "q1", 50)


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where figures are kept for the time of the test."""
    folder = tmp_path / "built"
    for name, path in (("BUILT", folder), ("ROOT", tmp_path), ("PAGE", tmp_path / "performance.md")):
        monkeypatch.setattr(command, name, path)
    return folder


def bench_of(figures: Figures, console: Console) -> Bench:
    """Return a bench that nothing runs in: for what becomes of its figures."""
    measuring = Measuring(cast("Any", None), figures, 1.0, 1, 0.0, print)
    return Bench(cast("Any", None), Path(), cast("Any", None), (), measuring, FULL, console)


def test_without_options_everything_is_measured() -> None:
    """All gateways, all runs."""
    wanted = options([])
    assert command._chosen(wanted) == [*PEERS]
    assert (scale_of(wanted), wanted.runs, is_part(wanted)) == (FULL, [*RUNS], False)


def test_a_quick_run_is_a_part() -> None:
    """Its figures are kept apart from those of everything."""
    wanted = options(["--quick"])
    assert [one.name for one in command._chosen(wanted)] == ["mercurius-undici", "tailcall", "apollo"]
    assert (scale_of(wanted), is_part(wanted)) == (QUICK, True)


def test_a_part_is_said_by_options() -> None:
    """Gateways, runs, queries, connections and times; names come in their own order."""
    words = "--runs down,closed --queries q1 --peers hive,apollo --seconds 2 --connections 50,8,50 --rounds 5 --warm 1"
    wanted = options(words.split())
    scale = scale_of(wanted)
    assert [one.name for one in command._chosen(wanted)] == ["apollo", "hive"]
    assert (scale.seconds, scale.connections, scale.rounds, scale.warm) == (2.0, (50, 8), 5, 1.0)
    assert (wanted.runs, wanted.queries) == (["closed", "down"], ["q1"])


@pytest.mark.parametrize(
    "given", ["--seconds 2", "--rounds 1", "--warm 0", "--connections 50", "--runs closed", "--peers hive"]
)
def test_whatever_measures_less_or_otherwise_is_a_part(given: str) -> None:
    """A run of toy turns must not be taken for the whole."""
    assert is_part(options(given.split()))


def test_options_that_say_what_is_usual_make_no_part() -> None:
    """Every run, every gateway, the usual times."""
    given = ["--runs", ",".join(RUNS), "--peers", ",".join(one.name for one in PEERS), "--rounds", "3", "--seconds=1"]
    assert not is_part(options([*given, "--connections", "50,200,8,1", "--queries", "q0,q1,q2,q3"]))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("--runs closd", "argument --runs: got 'closd'; wanted some of closed,receipt,"),
        ("--queries q9", "argument --queries: got 'q9'; wanted some of q0,q1,q2,q3"),
        ("--peers cosmo", "argument --peers: got 'cosmo'; wanted some of mercurius-undici,tailcall,"),
        ("--report --peers hive,", "argument --peers: got ''; wanted some of"),
        ("--rounds 0", "argument --rounds: got '0'; wanted a whole number from 1 to 100"),
        ("--rounds 1.5", "argument --rounds: got '1.5'; wanted a whole number from 1 to 100"),
        ("--seconds -3", "argument --seconds: got '-3'; wanted a number from 0.05 to 60"),
        ("--seconds nan", "argument --seconds: got 'nan'; wanted a number from 0.05 to 60"),
        ("--warm x", "argument --warm: got 'x'; wanted a number from 0 to 60"),
        ("--connections 50,0", "argument --connections: got '0'; wanted a whole number from 1 to 1000"),
        ("--runs down --queries q1", "argument --queries: got it without the run `closed`"),
        ("--quick --write", "argument --write: got it with a part; wanted a whole run"),
    ],
)
def test_what_cannot_be_measured_is_refused_at_once(
    given: str, said: str, built: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is installed, started or deleted; with what there is."""
    with pytest.raises(SystemExit, match="2"):
        command.main(given.split())
    assert said in capsys.readouterr().err
    assert not built.exists()


def test_the_help_tells_names_defaults_and_what_is_installed(capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody has to read the code to name a gateway."""
    with pytest.raises(SystemExit, match="0"):
        options(["--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert [one.name for one in PEERS if one.name not in told] == []
    for wanted in ("0.05 to 60 (1; with --quick 0.3)", "(50,200,8,1; with --quick 50)", "wrk, gcc, Node and npm"):
        assert wanted in told


@pytest.mark.parametrize("given", [["--report"], ["--report", "--quick"]], ids=" ".join)
def test_where_nothing_is_measured_the_report_says_so(
    given: list[str], built: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It tells no table of goals that nobody measured, and makes no folder."""
    with pytest.raises(SystemExit, match="1"):
        command.main(given)
    assert capsys.readouterr().out == "Nothing is measured yet: make bench-peers\n"
    assert not built.exists()


def test_the_tables_of_an_earlier_run_can_be_printed(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is started; the page is written where that is asked for."""
    built.mkdir()
    Figures(built / "unfinished.jsonl").add(CELL, "apollo", TURN, TURN)
    command.main(["--report"])
    assert "Apollo Server" in capsys.readouterr().out
    assert not command.PAGE.exists()
    command.main(["--report", "--write"])
    assert command.PAGE.read_text().startswith("# Performance\n")


def test_a_whole_run_takes_the_place_of_the_last_one_at_its_end(built: Path) -> None:
    """While it runs, and when it is interrupted, the last one stays; the interrupted one's figures are kept too."""
    built.mkdir()
    last = Figures(built / "figures.jsonl")
    last.add(CELL, "hive", TURN, TURN)
    console = Console(file=StringIO())

    def interrupted() -> None:
        bench.figures.add(CELL, "apollo", TURN, TURN)
        raise KeyboardInterrupt

    bench = bench_of(command.begun(is_whole=True), console)
    found = command.measured(bench, interrupted, is_whole=True)
    assert found.of(CELL, "apollo") == [TURN]
    assert Figures.load(last.file).turns == last.turns
    assert Figures.load(built / "unfinished.jsonl").turns == found.turns
    assert "kept in built/unfinished.jsonl" in cast("StringIO", console.file).getvalue()

    bench = bench_of(command.begun(is_whole=True), console)
    found = command.measured(bench, lambda: bench.figures.add(CELL, "tailcall", TURN, TURN), is_whole=True)
    assert [program for _, program in Figures.load(last.file).turns] == ["tailcall"]
    assert (found.file, found.fact("whole", "")) == (last.file, True)
    assert not (built / "unfinished.jsonl").exists()


def test_a_part_touches_no_figures_of_everything(built: Path) -> None:
    """It begins its own file anew."""
    built.mkdir()
    Figures(built / "figures.jsonl").add(CELL, "hive", TURN, TURN)
    Figures(built / "part.jsonl").add(CELL, "hive", TURN, TURN)
    bench = bench_of(command.begun(is_whole=False), Console(file=StringIO()))
    found = command.measured(bench, lambda: bench.figures.add(CELL, "apollo", TURN, TURN), is_whole=False)
    assert [program for _, program in Figures.load(built / "part.jsonl").turns] == ["apollo"]
    assert (found.file, found.fact("whole", "")) == (built / "part.jsonl", False)
    assert (CELL.key, "hive") in Figures.load(built / "figures.jsonl").turns


@pytest.mark.parametrize(
    ("raised", "said"),
    [(KeyboardInterrupt(), "Interrupted before anything"), (ProgramMissingError("wrk not found"), "wrk not found")],
)
def test_a_run_that_ends_before_it_measures_says_why(
    raised: BaseException,
    said: str,
    built: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Exit code 1; the figures of earlier runs are as they were."""
    built.mkdir()
    kept = {name: built / name for name in ("figures.jsonl", "unfinished.jsonl", "part.jsonl")}
    for file in kept.values():
        Figures(file).add(CELL, "hive", TURN, TURN)
    before = {name: file.read_bytes() for name, file in kept.items()}

    def require_tools(_: Console) -> None:
        raise raised

    monkeypatch.setattr(command, "require_tools", require_tools)
    with pytest.raises(SystemExit, match="1"):
        command.main([])
    assert said in capsys.readouterr().out
    assert {name: file.read_bytes() for name, file in kept.items()} == before


def test_a_run_interrupted_without_a_turn_is_told_as_such(built: Path) -> None:
    """There is nothing to show."""
    built.mkdir()
    bench = bench_of(command.begun(is_whole=True), Console(file=StringIO()))
    with pytest.raises(KeyboardInterrupt):
        command.measured(bench, lambda: command._interrupt(), is_whole=True)


def test_the_machine_is_told_with_versions(tmp_path: Path) -> None:
    """Of what is there; a package that was not installed is left out."""
    found = machine(tmp_path)
    assert f"Measured on {found['date']} on " in " ".join(machine_line(found).split())
    told = versions(found)
    assert "strawberry-graphql 0." in told
    assert "mercurius" not in told
    assert (machine_line(None), versions(None)) == ("", "")

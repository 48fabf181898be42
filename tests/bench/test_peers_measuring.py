"""The harness at work: programs that are started, load that is made, and what is read of both."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.bench.peers.asking import WrongAnswerError, check_answer, check_answers
from tests.bench.peers.figures import Cell, Figures
from tests.bench.peers.measuring import Measuring, Subject
from tests.bench.peers.probes import merging, mixed_tokens
from tests.bench.peers.processes import LOAD_CPU, NotStartedError, running, settle, until_up
from tests.bench.peers.programs import PEERS, serving
from tests.bench.peers.sources import Sources
from tests.bench.peers.workload import PEER, QUERIES

pytestmark = pytest.mark.processes
BUSY = """
import sys, time
end = time.process_time() + float(sys.argv[1])
while time.process_time() < end: pass
time.sleep(60)
"""


@pytest.fixture(scope="module")
def bare(running_sources: Sources, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subject]:
    """The simplest of the gateways that are measured; it needs nothing but Python."""
    built = tmp_path_factory.mktemp("built")
    (built / "logs").mkdir()
    (program,) = [one for one in PEERS if one.name == "pycore"]
    with serving(program, running_sources.url, built) as served:
        yield Subject.of(served)


@pytest.fixture
def measuring(running_sources: Sources, tmp_path: Path) -> Measuring:
    if shutil.which("wrk") is None:
        pytest.skip("needs wrk: on Debian, apt-get install wrk")
    figures = Figures(tmp_path / "figures.jsonl")
    return Measuring(running_sources, figures, seconds=0.1, rounds=2, warm=0.05, advance=lambda _: None)


def test_cpu_is_counted_until_a_program_has_settled(tmp_path: Path) -> None:
    """On a busy machine it may wait for its turn: it has not settled then, though it takes no time."""
    with running([sys.executable, "-c", BUSY, "0.3"], LOAD_CPU, tmp_path / "log") as child:
        settle(child)
        assert 0.3 <= child.cpu() < 1.0
        assert not child.wants_cpu()
        assert child.peak_memory_mb() > 5


def test_a_program_that_ends_is_told_with_what_it_wrote(tmp_path: Path) -> None:
    """And not waited for."""
    log, began = tmp_path / "log", time.monotonic()

    def refuses() -> None:
        raise ConnectionRefusedError

    with (
        running([sys.executable, "-c", "raise SystemExit('no such setting')"], LOAD_CPU, log) as child,
        pytest.raises(NotStartedError, match="no such setting"),
    ):
        until_up(child, refuses, log)
    assert time.monotonic() - began < 20


def has_ended(process: psutil.Process) -> bool:
    """Whether it is gone within some seconds, or waits only for its parent to take notice."""
    ends = time.monotonic() + 10
    while time.monotonic() < ends:
        with suppress(psutil.NoSuchProcess):
            if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                time.sleep(0.01)
                continue
        return True
    return False


def test_nothing_is_left_running(tmp_path: Path) -> None:
    """Children of a program end with it."""
    starts_another = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BUSY!r}, '0'])"
    with running([sys.executable, "-c", starts_another], LOAD_CPU, tmp_path / "log") as child:
        ends = time.monotonic() + 10
        while not (children := child.process.children()) and time.monotonic() < ends:
            time.sleep(0.01)
    assert children
    assert all(map(has_ended, (child.process, *children)))


def test_turns_lie_side_by_side_and_tell_what_was_asked(measuring: Measuring, bare: Subject) -> None:
    """Every request is answered and counted, with the calls that it came to."""
    cell, mine = Cell("closed", "q1", 4), Subject("ours", bare.served, bare.dialect)
    measuring.beside(cell, QUERIES["q1"], [bare], mine)
    turns = [*measuring.figures.of(cell, "pycore"), *measuring.figures.of(cell, "ours")]
    assert len(turns) == 4
    for turn in turns:
        assert (turn.refused, turn.broken) == (0, 0)
        assert turn.requests >= 4
        assert turn.calls == 3.0
        assert 1_000 < turn.bytes < 2_500
        assert 0 < turn.p50_ms <= turn.p99_ms
        assert 20 < turn.cpu_us < 50_000
    sides = zip(measuring.figures.of(cell, "pycore"), measuring.figures.of(cell, "ours"), strict=True)
    in_turn = [theirs.cpu_us / ours.cpu_us for theirs, ours in sides]
    ratio = measuring.figures.ratio(cell, "pycore")
    assert ratio is not None
    assert min(in_turn) <= ratio <= max(in_turn)


def test_a_source_that_is_down_is_well_again_for_the_next_turn(measuring: Measuring, bare: Subject) -> None:
    """Turns with and without it alternate."""
    cell = Cell("down", "q1", 2)
    measuring.with_one_down(cell, QUERIES["q1"], bare, "support")
    bytes_down = [turn.bytes for turn in measuring.figures.of(cell, "pycore")]
    bytes_well = [turn.bytes for turn in measuring.figures.beside[cell.key, "pycore"]]
    assert max(bytes_down) < min(bytes_well)


def test_the_open_loop_sends_what_was_said(measuring: Measuring, bare: Subject) -> None:
    """So many in so many seconds, whatever the gateway does."""
    cell = Cell("open", "q1", 100)
    mine = Subject("ours", bare.served, bare.dialect)
    measuring.arriving(cell, QUERIES["q1"], [bare], mine, seconds=0.3)
    for name in ("pycore", "ours"):
        (turn,) = measuring.figures.of(cell, name)
        assert (turn.requests, turn.refused, turn.broken, turn.calls) == (30, 0, 0, 3.0)


def test_probes_count_what_reaches_the_sources(running_sources: Sources, bare: Subject) -> None:
    """This gateway shares nothing between requests, and forwards no token."""
    assert merging(bare.served, bare.dialect, running_sources) == {"same": 60, "others": 60, "keys_of_ten": 3}
    assert mixed_tokens(bare.served, bare.dialect, running_sources) == {"callers": 20, "calls": 20, "tokens": 0}


def test_answers_are_compared_with_the_sources(running_sources: Sources, bare: Subject) -> None:
    """A gateway that answers for another customer is not measured."""
    check_answers("pycore", bare.served.port, bare.dialect, running_sources, rounds=1)
    with pytest.raises(WrongAnswerError, match="pycore answers q1 otherwise"):
        check_answer("pycore", bare.served.port, PEER, Shifted(running_sources), QUERIES["q1"], [7])


class Shifted(Sources):
    """Sources that tell of the next customer."""

    def __init__(self, served: Sources) -> None:
        super().__init__(served.url, served.program)

    def get(self, path: str) -> object:
        return super().get(path.replace("=7", "=8"))

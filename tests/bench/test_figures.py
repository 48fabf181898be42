from __future__ import annotations

from dataclasses import replace

import pytest

from tests.bench.figures import Turn, middle, percentile, ratio, spread

TURN = Turn(cpu_us=100, per_second=50, p50_ms=1, p99_ms=2, calls=3, bytes=400, load_share=0.2)


def test_a_turn_is_told_by_the_request() -> None:
    """CPU, calls and bytes are shared out to the requests; latencies are in milliseconds."""
    told = {"calls": 8, "bytes": 400}
    turn = Turn.of([0.001, 0.002, 0.003, 0.010], cpu=0.002, seconds=0.5, told=told, load_cpu=0.1)
    assert (turn.cpu_us, turn.p50_ms, turn.p99_ms) == pytest.approx((500, 2, 10))
    assert (turn.per_second, turn.calls, turn.bytes, turn.load_share) == (8, 2, 100, 0.2)


def test_a_turn_without_a_request_is_no_turn() -> None:
    """Nothing can be told of it, and the message says how to mend that."""
    with pytest.raises(ValueError, match=r"without a request.*more seconds"):
        Turn.of([], cpu=0.1, seconds=1, told={"calls": 0, "bytes": 0}, load_cpu=0)


@pytest.mark.parametrize(
    ("values", "percent", "wanted"),
    [([5.0], 50, 5.0), ([3.0, 1.0, 2.0, 4.0], 50, 2.0), ([1.0, 2.0, 3.0], 99, 3.0), ([1.0, 2.0], 0, 1.0)],
)
def test_a_percentile_is_one_of_the_values(values: list[float], percent: float, wanted: float) -> None:
    """The least value that so many of a hundred do not exceed."""
    assert percentile(values, percent) == wanted


def test_several_turns_are_told_by_their_median() -> None:
    """One turn that was disturbed does not count; the least and the most are told beside it."""
    turns = [replace(TURN, cpu_us=each) for each in (100, 900, 110)]
    assert middle(turns) == 110
    assert spread(turns) == (100, 900)
    assert middle(turns, "calls") == 3


def test_a_ratio_is_of_turns_that_lay_side_by_side() -> None:
    """What slows both turns of a round leaves their ratio as it was."""
    mine = [replace(TURN, cpu_us=each) for each in (100, 1000, 100)]
    theirs = [replace(TURN, cpu_us=each) for each in (200, 2000, 300)]
    assert ratio(theirs, mine) == 2

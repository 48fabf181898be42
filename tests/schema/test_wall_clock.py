"""The time of day never goes back, whatever the system's clock does."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.wall_clock import WallClock

NOON = 1_800_000_000.0
YEAR = 31_536_000.0


class Times:
    """A system's clock, and one that runs evenly."""

    def __init__(self) -> None:
        self.system, self.steady = NOON, 100.0

    def wall_clock(self) -> WallClock:
        """Return one that goes by both."""
        return WallClock(lambda: self.system, lambda: self.steady)

    def pass_by(self, seconds: float) -> None:
        """Let time pass for both."""
        self.system += seconds
        self.steady += seconds


@pytest.fixture
def times() -> Times:
    return Times()


def test_it_tells_the_time_of_the_system(times: Times) -> None:
    """To the digit, while that runs evenly, and when it is put forward by seconds."""
    clock = times.wall_clock()
    for _ in range(3):
        assert clock() == times.system
        times.pass_by(0.1)
    times.system += 5
    assert clock() == times.system
    assert abs(WallClock()() - time.time()) < 60


def test_an_hour_back_is_not_followed(times: Times, caplog: pytest.LogCaptureFixture) -> None:
    """Time goes on evenly from where it was, and the operator is told once."""
    clock = times.wall_clock()
    times.pass_by(60)
    assert clock() == NOON + 60
    times.system -= 3_600
    for passed in (0, 1, 2):
        assert clock() == pytest.approx(NOON + 60 + passed, abs=0.001)
        times.pass_by(1)
    (record,) = caplog.records
    assert record.levelname == "ERROR"
    assert "went back by 3600.0 s" in record.getMessage()


def test_it_follows_the_system_again_that_has_come_there(times: Times, caplog: pytest.LogCaptureFixture) -> None:
    """And tells of the next step back as of the first."""
    clock = times.wall_clock()
    for _ in range(2):
        times.system -= 100
        assert clock() > times.system + 99
        times.system += 104
        assert clock() == times.system
    assert len(caplog.records) == 2


def test_a_small_correction_is_followed_by_standing_still(times: Times, caplog: pytest.LogCaptureFixture) -> None:
    """Else a thousand of them would put the time ahead for good."""
    clock = times.wall_clock()
    first = clock()
    times.system -= 0.5
    assert clock() == first
    times.pass_by(1)
    assert clock() == times.system
    assert not caplog.records


def test_a_leap_ahead_of_a_moment_is_not_followed(times: Times, caplog: pytest.LogCaptureFixture) -> None:
    """Time goes on evenly: else it would stay two years ahead, and all that holds for a while would be over."""
    clock = times.wall_clock()
    times.pass_by(1)
    times.system += 2 * YEAR
    for passed in (0, 30, 59):
        assert clock() == pytest.approx(NOON + 1 + passed, abs=0.001)
        times.pass_by(30 if passed == 0 else 29)
    times.system = NOON + 1 + 88
    assert clock() == times.system
    times.pass_by(86_400)
    assert clock() == times.system
    (record,) = caplog.records
    assert record.levelname == "ERROR"
    assert "went ahead by 63072000.0 s" in record.getMessage()


def test_a_leap_ahead_is_taken_that_the_system_stands_by(times: Times, caplog: pytest.LogCaptureFixture) -> None:
    """For a minute; it may have slept, or been wrong before. The next one is told again."""
    clock = times.wall_clock()
    for told in (1, 2):
        times.system += 3_600
        before = clock()
        assert before == pytest.approx(times.system - 3_600, abs=0.001)
        times.pass_by(59.9)
        assert clock() == pytest.approx(before + 59.9, abs=0.001)
        times.pass_by(0.1)
        assert clock() == times.system
        assert len(caplog.records) == told


def test_a_leap_to_another_time_has_to_last_by_itself(times: Times) -> None:
    """Nor is one taken that was gone in between: a clock that says now this and now that knows no time."""
    clock = times.wall_clock()
    for leaps in ((3_600, 7_200, 3_600), (3_600, 0, 3_600)):
        for leap in leaps:
            times.system += leap
            assert clock() == pytest.approx(times.system - leap, abs=0.001)
            times.pass_by(40)
            assert clock() == pytest.approx(times.system - leap, abs=0.001)
            times.system -= leap
        assert clock() == times.system


def test_a_step_back_after_a_leap_is_told_too(times: Times, caplog: pytest.LogCaptureFixture) -> None:
    """They are two faults."""
    clock = times.wall_clock()
    for step in (100, -200, 200):
        times.system += step
        assert clock() == NOON
    assert ["ahead" in record.getMessage() for record in caplog.records] == [True, False, True]


@given(st.lists(st.tuples(st.floats(0, 1e5), st.floats(-1e6, 1e6)), max_size=50))
def test_it_never_goes_back(steps: list[tuple[float, float]]) -> None:
    """Whatever jumps the system's clock makes; nor does it stand still while the even one goes on a second."""
    times = Times()
    clock = times.wall_clock()
    told = clock()
    for passed, jump in steps:
        times.pass_by(passed)
        times.system += jump
        before, told = told, clock()
        assert told >= before + max(0.0, passed - 1.001)


@given(st.lists(st.tuples(st.floats(0, 1.1), st.floats(-1e6, 1e6)), max_size=50))
def test_within_a_minute_it_goes_ahead_by_seconds_alone(steps: list[tuple[float, float]]) -> None:
    """Whatever jumps the system's clock makes."""
    times = Times()
    clock = times.wall_clock()
    told = clock()
    for passed, jump in steps:
        times.pass_by(passed)
        times.system += jump
        before, told = told, clock()
        assert told <= before + passed + 5.001 + 1.001

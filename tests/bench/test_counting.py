from __future__ import annotations

import sys

from tests.bench.counting import count_calls, count_instructions, measure_peak


def shorter(number: int) -> int:
    return number - 1


def work(times: int) -> None:
    number = times
    while number:
        number = shorter(number)


def empty() -> None:
    return


def test_calls_are_counted_in_python_and_in_c() -> None:
    """One for the work itself, one for each function that it calls."""
    nothing = count_calls(empty)
    assert count_calls(lambda: work(10)) - count_calls(lambda: work(3)) == 7
    assert count_calls(lambda: len(())) - count_calls(lambda: None) == 1
    assert count_calls(empty, {__file__}) < nothing


def test_instructions_are_counted() -> None:
    """As many for each time, and none of the files that are left out."""
    one, two, three = (count_instructions(lambda times=times: work(times)) for times in (1, 2, 3))  # type: ignore[misc]
    assert three - two == two - one > 5
    assert count_instructions(lambda: work(3), {__file__}) == 0


def test_memory_is_measured_at_its_most() -> None:
    """Also what was given back before the end."""
    assert 1_000_000 < measure_peak(lambda: len(bytes(1_000_000))) < 1_010_000


def test_what_watched_before_watches_again() -> None:
    """A debugger or a coverage tool loses nothing but the work that is counted."""
    profiled, traced = sys.getprofile(), sys.gettrace()
    count_calls(empty)
    count_instructions(empty)
    measure_peak(empty)
    assert (sys.getprofile(), sys.gettrace()) == (profiled, traced)

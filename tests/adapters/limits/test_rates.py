"""The models of a source's rate: what their books let go, and when."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.limits.rates import Books, Bucket, Execution, Points, Rate, Window

GAPS = st.lists(st.floats(0.0, 3.0, allow_subnormal=False), min_size=1, max_size=60)


def starts(books: Books, gaps: Sequence[float], cost: float = 1.0) -> list[float]:
    """When calls start that are asked for with these gaps between them, each of them booked."""
    now, started = 100.0, []
    for gap in gaps:
        now += gap
        at = now + books.wait(now, cost)
        books.book(at, cost)
        started.append(at)
    return started


@settings(deadline=None, max_examples=200)
@given(st.integers(1, 8), st.floats(0.5, 5.0), GAPS)
def test_a_window_has_never_more_calls_than_it_may(calls: int, seconds: float, gaps: Sequence[float]) -> None:
    """In whatever window of that length one looks."""
    started = starts(Window(calls, seconds).opened(1.0), gaps)
    for first, later in zip(started, started[calls:], strict=False):
        assert later - first >= seconds - 1e-6


@settings(deadline=None, max_examples=200)
@given(st.integers(1, 8), st.floats(0.5, 5.0), GAPS)
def test_a_bucket_gives_its_size_and_what_ran_in_since(size: int, rate: float, gaps: Sequence[float]) -> None:
    """Between any two of its calls."""
    started = starts(Bucket(size, rate).opened(1.0), gaps)
    for one in range(len(started)):
        for other in range(one, len(started)):
            assert other - one + 1 <= size + (started[other] - started[one]) * rate + 1e-6


def test_nobody_waits_while_there_is_room() -> None:
    """What is booked is all that counts."""
    for rate in (Window(3, 1.0), Bucket(3, 1.0), Points(3, 1.0)):
        assert starts(rate.opened(1.0), [0.0, 0.0, 0.0]) == [100.0, 100.0, 100.0]


def test_who_waits_is_told_when_the_turn_comes() -> None:
    """The fourth of a window of three waits for the first to leave it, the next one for the second."""
    assert starts(Window(3, 10.0).opened(1.0), [0.0, 1.0, 1.0, 1.0, 0.0]) == [100.0, 101.0, 102.0, 110.0, 111.0]
    assert starts(Bucket(2, 4.0).opened(1.0), [0.0, 0.0, 0.0, 0.0]) == [100.0, 100.0, 100.25, 100.5]


def test_a_call_of_points_costs_what_it_costs() -> None:
    """And one that costs more than there can be goes when the bucket is full."""
    books = Points(100, 10.0).opened(1.0)
    books.book(0.0, books.wait(0.0, 80.0) + 80.0)
    assert books.wait(0.0, 50.0) == pytest.approx(3.0)
    assert books.wait(0.0, 1_000.0) == pytest.approx(8.0)
    assert books.wait(8.0, 1_000.0) == 0.0


@pytest.mark.parametrize("rate", [Window(2, 5.0), Bucket(2, 0.4), Points(2, 0.4)])
def test_what_was_not_sent_is_given_back(rate: Rate) -> None:
    """The next call goes as if it had never been booked."""
    books = rate.opened(1.0)
    books.book(0.0, 1.0)
    books.book(0.0, 1.0)
    assert books.wait(0.0, 1.0) > 0.0
    books.unbook(0.0, 1.0)
    assert books.wait(0.0, 1.0) == 0.0
    books.unbook(17.0, 1.0)  # of a window, a moment at which nothing was booked
    assert books.wait(0.0, 1.0) == 0.0


@pytest.mark.parametrize("rate", [Window(10, 5.0), Bucket(10, 1.0), Points(10, 1.0)])
def test_the_sources_word_is_taken_where_it_has_less_left(rate: Rate) -> None:
    """Others use the same credential. More than our own books have left is not believed."""
    books = rate.opened(1.0)
    books.left(0.0, 1_000_000)
    books.left(0.0, 1)
    assert books.wait(0.0, 1.0) == 0.0
    books.book(0.0, 1.0)
    assert books.wait(0.0, 1.0) > 0.0
    books.left(0.0, -5)
    books.left(0.0, 10)
    assert books.wait(0.0, 1.0) > 0.0


@pytest.mark.parametrize("rate", [Window(10, 5.0), Bucket(10, 2.0), Points(10, 2.0), Execution(10.0, 5.0)])
def test_each_of_several_processes_has_its_share(rate: Rate) -> None:
    """Of a rate of ten, five processes have two each."""
    books = rate.opened(0.2)
    for _ in range(2):
        assert books.wait(0.0, 1.0) == 0.0
        books.book(0.0, 1.0)
        books.spent(0.0, 1.0)
    assert books.wait(0.0, 1.0) > 0.0


def test_time_of_execution_is_counted_when_a_call_has_ended() -> None:
    """While there is some left calls go, whatever they will take; then they wait until enough of it is long ago."""
    books = Execution(10.0, 100.0).opened(1.0)
    books.book(0.0, 1.0)
    assert books.wait(0.0, 1.0) == 0.0
    books.spent(5.0, 6.0)
    assert books.wait(5.0, 1.0) == 0.0
    books.spent(50.0, 6.0)
    assert books.wait(50.0, 1.0) == pytest.approx(5.0 + 101.0 - 50.0)
    assert books.wait(106.5, 1.0) == 0.0


def test_time_of_execution_is_kept_in_little_room() -> None:
    """However many calls there were."""
    books = Execution(1e6, 100.0).opened(1.0)
    for number in range(20_000):
        books.spent(number / 100, 0.001)
    assert len(books._took) <= 102  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "make",
    [
        lambda: Window(0, 1.0),
        lambda: Window(1_000_000, 1.0),
        lambda: Window(1, 0.0),
        lambda: Bucket(0.5, 1.0),
        lambda: Bucket(1, 0.0),
        lambda: Execution(0.0, 1.0),
        lambda: Execution(1.0, 100_000.0),
        lambda: Execution(math.nan, 1.0),
        lambda: Execution(math.inf, 1.0),
    ],
)
def test_a_rate_that_cannot_be_is_refused(make: object) -> None:
    """With what was got and what was wanted."""
    with pytest.raises(ValueError, match=r"got .*wanted"):
        make()  # type: ignore[operator]


def test_a_rate_prints_what_was_declared() -> None:
    """As it is written."""
    rates = [Window(100, 10.0), Bucket(2, 4.0), Points(2_000, 100.0), Execution(1_200.0, 300.0)]
    assert str(rates) == "[Window(100, 10), Bucket(2, 4), Points(2000, 100), Execution(1200, 300)]"


@pytest.mark.parametrize("rate", [Window(10, 5.0), Bucket(10, 2.0), Points(10, 2.0)])
def test_a_source_that_says_less_than_nothing_is_left_has_said_nothing_is(rate: Rate) -> None:
    """Its next word may be long after: what it says is worth no more than the whole of its rate."""
    books = rate.opened(1.0)
    assert books.wait(0.0, 1.0) == 0.0
    books.left(0.0, -1e300)
    assert 0.0 < books.wait(0.0, 1.0) <= 5.0


def test_what_a_source_says_is_left_of_many_calls_is_taken_in_no_time() -> None:
    """Where calls are planned for later, too."""
    books = Window(100_000, 300.0).opened(1.0)
    books.book(10.0, 1.0)
    start = time.process_time()
    for _ in range(10):
        books.left(0.0, 5.0)
    assert time.process_time() - start < 1.0
    assert len(books._starts) == 99_995  # type: ignore[attr-defined]
    assert list(books._starts)[-1] == 10.0  # type: ignore[attr-defined]

"""How many requests are worked on together, by how far the event loop lags behind."""

from __future__ import annotations

import asyncio

from gateway.admission import LoopLag, Width
from tests.virtual_time import run_virtually


def grown(most: int = 1_000) -> Width:
    """Return one that has grown to the most, for all of it was in use and nothing lagged."""
    width = Width(most)
    lagged(width, 0.0, times=30)
    assert width.limit == most
    return width


def lagged(width: Width, seconds: float, times: int, under_way: int = 1_000) -> int:
    for _ in range(times):
        width.lagged(seconds, seconds, min(under_way, width.limit))
    return width.limit


def test_not_all_that_come_at_once_are_begun_at_once() -> None:
    """It begins with sixty-four and is doubled with each look, so that a burst is seen while it is small."""
    width = Width(1_000)
    assert [lagged(width, 0.0, times=1) for _ in range(5)] == [129, 259, 519, 1_000, 1_000]


def test_what_is_not_in_use_does_not_grow() -> None:
    """Else a quiet hour would let a thousand in at once."""
    width = Width(1_000)
    assert lagged(width, 0.0, times=50, under_way=31) == 64
    assert lagged(width, 0.0, times=1, under_way=32) == 129


def test_a_loop_that_lags_behind_has_less_to_do_at_once() -> None:
    """From what was under way, not from what might have been: it is right after a few looks."""
    width = grown()
    assert lagged(width, 0.1, times=1) == 1_000
    assert lagged(width, 0.1, times=1) == 700
    assert lagged(width, 0.1, times=3, under_way=50) == 35


def test_a_great_lag_counts_at_once() -> None:
    """Three looks that come seconds too late would be too many: a quarter is left after one."""
    width = grown()
    assert lagged(width, 3.0, times=1) == 250
    assert lagged(width, 3.0, times=2) == 16


def test_after_a_lag_it_grows_by_tenths() -> None:
    """What it can be is nearly known then."""
    width = grown()
    lagged(width, 3.0, times=1)
    assert lagged(width, 0.0, times=1) == 276


def test_there_are_never_fewer_than_sixteen_nor_more_than_the_most() -> None:
    """With fewer, the sources' time would be all that is waited for."""
    width = grown()
    assert lagged(width, 5.0, times=200) == 16
    assert lagged(width, 0.0, times=200) == 1_000
    assert lagged(Width(4), 5.0, times=200) == 4


def test_one_pause_of_the_process_changes_nothing() -> None:
    """A collection of garbage holds up one look; the median of three is not moved by it."""
    width = grown()
    for seconds in (0.0, 0.0, 0.15, 0.0, 0.0, 0.15, 0.0):
        width.lagged(seconds, seconds, 1_000)
    assert width.limit == 1_000


def test_slow_sources_alone_are_no_overload() -> None:
    """Requests that wait for sources are many, and cost nothing: without a lag there are as many as may be."""
    width = grown()
    lagged(width, 0.2, times=30, under_way=100)
    small = width.limit
    assert small < 100
    assert lagged(width, 0.001, times=60) == 1_000


def test_a_processor_that_others_have_is_no_reason_to_do_less() -> None:
    """The loop was late, and has had little to do: fewer requests at once would only wait longer for their sources."""
    width = grown()
    for _ in range(30):
        width.lagged(0.2, 0.001, 200)
    assert width.limit == 1_000


def test_the_lag_is_the_time_that_ready_work_takes() -> None:
    """What is due waits for all that is ready to run: that is told, look by look, until nobody wants to know."""

    async def run() -> list[tuple[float, float]]:
        loop, told, worked = asyncio.get_running_loop(), list[tuple[float, float]](), [0.0]

        def take(late: float, work: float) -> bool:
            told.append((round(late, 2), round(work, 3)))
            return len(told) < 3

        def busy() -> None:
            worked[0] += 0.05

        lag = LoopLag(take, lambda: loop.time() + worked[0], lambda: worked[0])
        lag.start()
        lag.start()
        loop.call_later(0.0199, loop.call_soon, busy)
        await asyncio.sleep(1.0)
        return told

    told = run_virtually(run())
    assert len(told) == 3
    assert sorted(told) == [(0.0, 0.0), (0.0, 0.0), (0.05, 0.03)], "twenty milliseconds may be those before it was due"

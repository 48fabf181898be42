"""Whose turn it is to call a source."""

from __future__ import annotations

import asyncio
import time

import pytest

from adapters.limits.turns import FullError, Turns
from tests.virtual_time import run_virtually


class Line:
    """Turns, and in which order those that waited had them."""

    def __init__(self, most: int = 1, queue: int = 10) -> None:
        self.most, self.order = most, list[str]()
        self.turns = Turns(lambda: self.most, queue)

    async def wait(self, name: str, seconds: float = 10.0, *, is_urgent: bool = True) -> None:
        await self.turns.wait(seconds, is_urgent=is_urgent)
        self.order.append(name)


def test_so_many_have_a_turn_and_no_more() -> None:
    """Until one gives it back."""
    turns = Turns(lambda: 2, 10)
    assert [turns.take() for _ in range(3)] == [True, True, False]
    turns.give_back()
    assert (turns.take(), turns.take(), turns.under_way) == (True, False, 2)


def test_who_has_waited_longest_is_next() -> None:
    """And nobody who comes later gets in between."""

    async def story() -> None:
        line = Line()
        assert line.turns.take()
        waiting = [asyncio.ensure_future(line.wait(name)) for name in "abc"]
        await asyncio.sleep(0)
        assert line.turns.waiting == 3
        for expected in ("a", "ab", "abc"):
            line.turns.give_back()
            assert not line.turns.take()
            await asyncio.sleep(0.001)
            assert "".join(line.order) == expected
        await asyncio.gather(*waiting)

    run_virtually(story())


def test_the_urgent_go_first() -> None:
    """For whose answer somebody waits; among themselves both go in order."""

    async def story() -> None:
        line = Line()
        assert line.turns.take()
        waiting = [asyncio.ensure_future(line.wait(name, is_urgent=name.isupper())) for name in "aBcD"]
        for _ in "aBcD":
            await asyncio.sleep(0.001)
            line.turns.give_back()
        await asyncio.gather(*waiting)
        assert "".join(line.order) == "BDac"

    run_virtually(story())


def test_no_more_than_may_wait_do() -> None:
    """The next one is told at once."""

    async def story() -> None:
        line = Line(queue=2)
        assert line.turns.take()
        waiting = [asyncio.ensure_future(line.wait(name)) for name in "ab"]
        await asyncio.sleep(0)
        with pytest.raises(FullError):
            await line.wait("c")
        for one in waiting:
            one.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert line.turns.waiting == 0

    run_virtually(story())


def test_who_waits_too_long_leaves_the_line() -> None:
    """And is not given the turn later."""

    async def story() -> None:
        line = Line()
        assert line.turns.take()
        with pytest.raises(TimeoutError):
            await line.wait("a", 1.0)
        assert (line.turns.waiting, line.turns.under_way) == (0, 1)
        line.turns.give_back()
        assert line.turns.take()

    run_virtually(story())


def test_a_turn_that_was_granted_to_who_has_left_goes_on() -> None:
    """In the very moment in which it was granted, too."""

    async def story() -> None:
        line = Line()
        assert line.turns.take()
        first, second = (asyncio.ensure_future(line.wait(name)) for name in "ab")
        await asyncio.sleep(0)
        line.turns.give_back()
        first.cancel()
        await asyncio.gather(first, second, return_exceptions=True)
        assert (line.order, line.turns.under_way, line.turns.waiting) == (["b"], 1, 0)

    run_virtually(story())


def test_one_that_leaves_before_it_is_passed_over_is_no_trouble() -> None:
    """It is cancelled, and the turn is given back before it knows."""

    async def story() -> None:
        line = Line()
        assert line.turns.take()
        first = asyncio.ensure_future(line.wait("a"))
        await asyncio.sleep(0)
        first.cancel()
        line.turns.give_back()
        await asyncio.gather(first, return_exceptions=True)
        assert (line.turns.under_way, line.turns.waiting) == (0, 0)

    run_virtually(story())


def test_a_greater_number_lets_those_in_who_wait() -> None:
    """When it is told."""

    async def story() -> None:
        line = Line()
        assert line.turns.take()
        waiting = [asyncio.ensure_future(line.wait(name)) for name in "abc"]
        await asyncio.sleep(0)
        line.most = 3
        line.turns.grant()
        await asyncio.sleep(0.001)
        assert (line.order, line.turns.under_way) == (["a", "b"], 3)
        line.turns.give_back()
        await asyncio.gather(*waiting)

    run_virtually(story())


def test_a_smaller_number_takes_no_turn_away() -> None:
    """It holds from then on."""
    line = Line(most=3)
    assert all(line.turns.take() for _ in range(3))
    line.most = 1
    line.turns.give_back()
    line.turns.give_back()
    assert not line.turns.take()
    line.turns.give_back()
    assert line.turns.take()


def test_who_is_not_urgent_gives_its_place_to_who_is() -> None:
    """Where as many wait as may: the last to come is told so. Who is not urgent sends nobody away."""

    async def story() -> None:
        line = Line(queue=2)
        assert line.turns.take()
        waiting = [asyncio.ensure_future(line.wait(name, is_urgent=name.isupper())) for name in "abCDEf"]
        told = asyncio.gather(*waiting, return_exceptions=True)
        for _ in range(3):
            await asyncio.sleep(0.001)
            line.turns.give_back()
        assert [type(one) for one in await told] == [FullError] * 2 + [type(None)] * 2 + [FullError] * 2
        assert ("".join(line.order), line.turns.under_way, line.turns.waiting) == ("CD", 0, 0)

    run_virtually(story())


def test_who_is_not_urgent_has_a_turn_in_ten() -> None:
    """However many of the others wait."""

    async def story() -> None:
        line = Line(queue=100)
        assert line.turns.take()
        waiting = [asyncio.ensure_future(line.wait(name, is_urgent=name == "U")) for name in "b" * 3 + "U" * 40]
        for _ in waiting:
            await asyncio.sleep(0.001)
            line.turns.give_back()
        await asyncio.gather(*waiting)
        assert [place for place, name in enumerate(line.order) if name == "b"] == [9, 19, 29]

    run_virtually(story())


def test_a_long_line_that_leaves_at_once_takes_no_time() -> None:
    """As many may wait as a hundred thousand, and all may be late at the same moment."""

    async def story() -> None:
        turns = Turns(lambda: 0, 30_000)
        start = time.process_time()
        waiting = [asyncio.ensure_future(turns.wait(1.0)) for _ in range(30_000)]
        told = await asyncio.gather(*reversed(waiting), return_exceptions=True)
        assert {type(one) for one in told} == {TimeoutError}
        assert (turns.waiting, time.process_time() - start < 10.0) == (0, True)

    run_virtually(story())

"""Turns: who is worked on, who waits, who goes first, and who is refused at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from gateway.admission import Admission, OverloadedError
from schema.caller import ConsumerClass
from tests.virtual_time import run_virtually

INTERACTIVE, BULK = ConsumerClass.INTERACTIVE, ConsumerClass.BULK


def virtually(test: Callable[[], Awaitable[None]]) -> None:
    async def run() -> None:
        await test()

    run_virtually(run())


def admission(most: int = 2, chance: float = 0.0) -> Admission:
    return Admission(most, asyncio.get_running_loop().time, chance=lambda: chance)


async def work(at: Admission, seconds: float = 1.0, *, is_urgent: bool = True, whole: float = 8.0) -> float:
    """Take a turn, work for so long, and return when the turn was had."""
    if not at.enter(is_urgent=is_urgent):
        await at.wait(is_urgent=is_urgent, seconds=whole)
    try:
        had = asyncio.get_running_loop().time()
        await asyncio.sleep(seconds)
        return had
    finally:
        at.leave(is_urgent=is_urgent)


async def learnt(at: Admission) -> None:
    """Have it seen how many are answered in a second: two, with two turns of a second."""
    await asyncio.gather(*(work(at, whole=60.0) for _ in range(4)))
    assert at._rate is not None
    assert 1.5 < at._rate < 2.5


def test_while_there_are_turns_nobody_waits_and_no_timer_runs() -> None:
    """What is not overloaded pays nothing: no look at the loop, nothing counted."""

    async def run() -> None:
        at = admission(most=16)
        began = asyncio.get_running_loop().time()
        assert await asyncio.gather(*(work(at) for _ in range(15))) == [began] * 15
        assert (at.under_way, at.waiting, at._lag._next) == (0, 0, None)
        assert at.counts.shed == {INTERACTIVE: 0, BULK: 0}
        assert at.counts.waited == {INTERACTIVE: 0, BULK: 0}

    virtually(run)


def test_whoever_waits_has_a_turn_in_the_order_of_arrival() -> None:
    """First come, first served: the wait is short, and nobody overtakes."""

    async def run() -> None:
        at, order = admission(most=1), list[int]()

        async def one(number: int) -> None:
            await work(at, 0.1)
            order.append(number)

        await asyncio.gather(*map(one, range(2)))
        assert order == [0, 1]
        assert at.counts.waited[INTERACTIVE] == 1

    virtually(run)


def test_interactive_requests_go_before_bulk_that_waits_longer() -> None:
    """A turn that is given back goes to an interactive one while there is any."""

    async def run() -> None:
        at, order = admission(most=1), list[str]()

        async def one(name: str, *, is_urgent: bool) -> None:
            await work(at, 0.05, is_urgent=is_urgent)
            order.append(name)

        first = asyncio.create_task(one("first", is_urgent=True))
        await asyncio.sleep(0)
        bulk = asyncio.create_task(one("bulk", is_urgent=False))
        await asyncio.sleep(0.01)
        urgent = asyncio.create_task(one("urgent", is_urgent=True))
        await asyncio.gather(first, bulk, urgent)
        assert order == ["first", "urgent", "bulk"]

    virtually(run)


def test_bulk_has_at_most_half_of_the_turns_while_there_are_interactive_requests() -> None:
    """The rest is kept for those somebody waits for; where there are none of these, bulk has all."""

    async def run() -> None:
        at = admission(most=4)
        assert [at.enter(is_urgent=False) for _ in range(5)] == [True] * 4 + [False]
        for _ in range(4):
            at.leave(is_urgent=False)
        assert at.enter(is_urgent=True)
        assert [at.enter(is_urgent=False) for _ in range(3)] == [True, True, False]
        assert at.enter(is_urgent=True), "an interactive one finds what bulk may not take"
        at.close()

    virtually(run)


def test_what_would_wait_too_long_is_refused_at_once() -> None:
    """By how many wait and how many are answered a second; what waits already is answered."""

    async def run() -> None:
        at = admission(most=2)
        await learnt(at)
        began = asyncio.get_running_loop().time()
        tasks = [asyncio.create_task(work(at, whole=8.0)) for _ in range(20)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        refused = [one for one in tasks if one.done()]
        assert all(isinstance(one.exception(), OverloadedError) for one in refused)
        assert len(refused) >= 12, "two a second: within two seconds four can have their turn"
        assert asyncio.get_running_loop().time() == began, "it is told at once"
        had = await asyncio.gather(*tasks, return_exceptions=True)
        assert sum(isinstance(one, float) for one in had) == 20 - len(refused)
        assert at.counts.shed[INTERACTIVE] == len(refused)

    virtually(run)


def test_a_request_with_little_time_is_refused_where_one_with_much_may_wait() -> None:
    """A quarter of its time may be spent waiting: what is left is of use."""

    async def run() -> None:
        at = admission(most=2)
        await learnt(at)
        tasks = [asyncio.create_task(work(at)) for _ in range(3)]
        await asyncio.sleep(0)
        assert at.is_crowded
        assert at.refused(is_urgent=True, seconds=1.0) is not None
        assert at.refused(is_urgent=True, seconds=20.0) is None
        await asyncio.gather(*tasks)

    virtually(run)


def test_nobody_waits_past_a_quarter_of_their_time_though_the_work_has_become_slower() -> None:
    """An estimate can be wrong: whoever was to have a turn and has none is sent away then."""

    async def run() -> None:
        at = admission(most=1)
        began = asyncio.get_running_loop().time()
        slow = asyncio.create_task(work(at, 60.0))
        await asyncio.sleep(0)
        with pytest.raises(OverloadedError):
            await work(at, whole=4.0)
        assert 1.0 <= asyncio.get_running_loop().time() - began < 1.1
        await slow

    virtually(run)


def test_a_line_that_stays_is_kept_shorter_than_a_burst() -> None:
    """CoDel: what does not go away within a second is no burst, and half as long is waited from then on."""

    async def run() -> None:
        at = admission(most=2)
        await learnt(at)
        tasks = [asyncio.create_task(work(at, whole=20.0)) for _ in range(8)]
        await asyncio.sleep(0)
        assert at.refused(is_urgent=True, seconds=16.0) is None, "seven wait: under four seconds"
        await asyncio.sleep(1.5)
        assert at.waiting >= 4
        assert at.refused(is_urgent=True, seconds=16.0) is not None, "two seconds are what it may be now"
        await asyncio.gather(*tasks)

    virtually(run)


def test_bulk_is_refused_while_interactive_requests_keep_waiting() -> None:
    """Shed first: a line of interactive ones that has stood for a tenth of a second leaves no room for bulk."""

    async def run() -> None:
        at = admission(most=1)
        at._rate = 1_000.0
        tasks = [asyncio.create_task(work(at, 0.2)) for _ in range(3)]
        await asyncio.sleep(0)
        assert at.refused(is_urgent=False, seconds=60.0) is None
        await asyncio.sleep(0.15)
        at._rate = 1_000.0
        assert at.refused(is_urgent=False, seconds=60.0) is not None
        assert at.refused(is_urgent=True, seconds=60.0) is None
        assert at.counts.shed == {INTERACTIVE: 0, BULK: 1}
        await asyncio.gather(*tasks)

    virtually(run)


@pytest.mark.parametrize(("chance", "interactive", "bulk"), [(0.0, "1", "2"), (0.5, "2", "6"), (0.999, "3", "9")])
def test_retry_after_is_in_whole_seconds_and_spread(chance: float, interactive: str, bulk: str) -> None:
    """RFC 9110, 10.2.3: else all that were refused together would come back together. Bulk comes later."""

    async def run() -> None:
        at = admission(most=1, chance=chance)
        at._rate = 0.001
        tasks = [asyncio.create_task(work(at)), asyncio.create_task(work(at, whole=20.0))]
        await asyncio.sleep(0)
        refused = [at.refused(is_urgent=each, seconds=1.0) for each in (True, False)]
        assert refused == [int(interactive), int(bulk)]
        await asyncio.gather(*tasks, return_exceptions=True)

    virtually(run)
    told = OverloadedError(int(interactive))
    assert (told.status, str(told.code), told.headers) == (503, "OVERLOADED", {"Retry-After": interactive})
    assert told.about == {"remedy": f"Ask again after {interactive} s, as Retry-After says."}


def test_whoever_leaves_the_line_leaves_the_turn_to_the_next() -> None:
    """A client that hangs up, before and after its turn was granted."""

    async def run() -> None:
        at = admission(most=1)
        at._rate = 100.0
        first = asyncio.create_task(work(at, 0.1))
        await asyncio.sleep(0)
        gone, stays = (asyncio.create_task(work(at, 0.1)) for _ in range(2))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
        assert at.waiting == 1
        await first
        await stays
        assert (at.under_way, at.waiting, at.is_crowded) == (0, 0, False)

        assert at.enter(is_urgent=True)
        granted = asyncio.create_task(work(at, 0.1))
        await asyncio.sleep(0)
        at.leave(is_urgent=True)
        granted.cancel()
        await asyncio.gather(granted, return_exceptions=True)
        assert (at.under_way, at.waiting) == (0, 0)

    virtually(run)


def test_a_closed_door_refuses_those_who_wait() -> None:
    """Nobody is left waiting for ever, and no timer is left."""

    async def run() -> None:
        at = admission(most=1)
        assert at.enter(is_urgent=True)
        waiting = asyncio.create_task(work(at))
        await asyncio.sleep(0)
        at.close()
        with pytest.raises(OverloadedError):
            await waiting
        assert (at.waiting, at._lag._next) == (0, None)

    virtually(run)


def test_after_the_overload_all_that_was_learnt_is_forgotten() -> None:
    """A second of quiet, and the next burst finds every turn again: back to normal in less than five seconds."""

    async def run() -> None:
        at = admission(most=100)
        at.width._limit = 20.0
        await asyncio.gather(*(work(at, 0.05) for _ in range(30)))
        await asyncio.sleep(1.2)
        assert (at.width.limit, at._rate, at._lag._next) == (64, None, None)

    virtually(run)


def test_those_that_come_in_one_turn_of_the_loop_count_for_each_other() -> None:
    """None of them has its turn yet: of a hundred that come at once as many are let in as there is room for."""

    async def run() -> None:
        at = admission(most=20)
        for _ in range(17):
            assert at.enter(is_urgent=True)
        assert [at.has_room() for _ in range(5)] == [True, True, True, False, False]
        at._rate = 1.0

        def is_taken() -> bool:
            if at.refused(is_urgent=True, seconds=5.0) is not None:
                return False
            at.comes()
            return True

        assert [is_taken() for _ in range(4)] == [True, False, False, False]
        await asyncio.sleep(0)
        assert [at.has_room() for _ in range(4)] == [True, True, True, False]
        at.close()

    virtually(run)

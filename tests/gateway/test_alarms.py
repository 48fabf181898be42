"""Work ends when its time is over, and is told so by an error of its own."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Any

import pytest

from gateway.alarms import Alarms
from gateway.refusals import NotTakenError, RequestCode


def late() -> NotTakenError:
    return NotTakenError(504, RequestCode.DEADLINE_EXCEEDED, "Late.")


def later() -> NotTakenError:
    return NotTakenError(504, RequestCode.DEADLINE_EXCEEDED, "Later.")


async def test_what_is_done_in_time_is_done() -> None:
    """Nothing rings any more, also when its moment comes."""
    alarms = Alarms()
    with alarms.set(0.01, late):
        pass
    await asyncio.sleep(0.05)
    assert alarms._due == {}


async def test_what_takes_too_long_is_ended() -> None:
    """Not before its time, hardly later, and the error is what was asked for."""
    started = time.monotonic()
    with pytest.raises(NotTakenError, match="504 DEADLINE_EXCEEDED: Late"), Alarms().set(0.05, late):
        await asyncio.Event().wait()
    assert 0.049 < time.monotonic() - started < 2


async def test_the_error_is_that_of_the_stage_that_the_work_is_in() -> None:
    """It may be exchanged on the way."""
    alarm = Alarms().set(0.01, late)
    alarm.late = later
    with pytest.raises(NotTakenError, match="Later"), alarm:
        await asyncio.Event().wait()


async def test_alarms_of_one_moment_share_a_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred that are set together ring at two moments at most, each in its own task."""
    loop, alarms = asyncio.get_running_loop(), Alarms()
    timers: list[object] = []
    call_at = loop.call_at

    def counted(*given: Any) -> asyncio.TimerHandle:
        timers.append(given)
        return call_at(*given)

    monkeypatch.setattr(loop, "call_at", counted)

    async def wait(seconds: float) -> str:
        try:
            with alarms.set(seconds, late):
                await asyncio.Event().wait()
        except NotTakenError as error:
            return error.message
        raise AssertionError

    told = await asyncio.gather(*(wait(0.02) for _ in range(100)))
    assert told == ["Late."] * 100
    assert 1 <= len(timers) <= 2


@pytest.mark.parametrize("rings_too", [False, True])
async def test_who_else_cancels_is_obeyed(rings_too: bool) -> None:
    """The request is over then, and not late: also where both happen at once."""
    alarm = Alarms().set(5, late)

    async def work() -> None:
        with alarm:
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    if rings_too:
        alarm.ring()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_work_that_ends_in_spite_of_its_alarm_has_ended() -> None:
    """As with asyncio.timeout, and the task is not left cancelled."""
    with Alarms().set(0.01, late), suppress(asyncio.CancelledError):
        await asyncio.Event().wait()
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_an_error_of_the_works_own_is_told() -> None:
    """Only the request's time is the request's."""
    with pytest.raises(TimeoutError), Alarms().set(5, late):
        raise TimeoutError


async def test_an_alarm_can_be_moved_to_another_moment() -> None:
    """It rings then, and not at the moment for which it was set."""
    alarms, started = Alarms(), time.monotonic()
    with pytest.raises(NotTakenError), alarms.set(5, late) as alarm:  # noqa: PT012
        alarms.move(alarm, 0.05)
        await asyncio.Event().wait()
    assert 0.049 < time.monotonic() - started < 2
    assert not any(alarms._due.values())


async def test_work_can_be_ended_before_its_time() -> None:
    """With the reason that is given; what comes after that changes nothing."""
    with pytest.raises(NotTakenError, match="Later"), Alarms().set(5, late) as alarm:  # noqa: PT012
        loop = asyncio.get_running_loop()
        loop.call_soon(alarm.end, later)
        loop.call_soon(alarm.end, late)
        loop.call_soon(alarm.ring)
        await asyncio.Event().wait()
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0

"""Work ends at its deadline, and is told so by an error of its own."""

from __future__ import annotations

import asyncio

import pytest

from gateway.refusals import NotTakenError, RequestCode
from gateway.waiting import by
from schema.deadline import Deadline


def late() -> NotTakenError:
    return NotTakenError(504, RequestCode.DEADLINE_EXCEEDED, "Late.")


async def test_what_is_done_in_time_is_returned() -> None:
    """As it is."""

    async def work() -> int:
        return 7

    assert await by(Deadline.after(5), work, late) == 7


async def test_what_takes_too_long_is_ended() -> None:
    """And the error is what was asked for."""
    with pytest.raises(NotTakenError, match="504 DEADLINE_EXCEEDED: Late"):
        await by(Deadline.after(0.01), asyncio.Event().wait, late)


async def test_what_has_no_time_left_is_not_begun() -> None:
    """Nothing is read or asked for an answer that nobody waits for."""

    async def work() -> None:
        raise AssertionError

    with pytest.raises(NotTakenError, match="Late"):
        await by(Deadline.after(0), work, late)


async def test_a_time_limit_of_the_works_own_is_another_error() -> None:
    """Only the request's time is the request's."""

    async def work() -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        await by(Deadline.after(5), work, late)

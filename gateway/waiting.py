"""Work that is ended at a request's deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from gateway.refusals import NotTakenError
from schema.deadline import Deadline

__all__ = ["by"]

_T = TypeVar("_T")


async def by(deadline: Deadline, work: Callable[[], Awaitable[_T]], late: Callable[[], NotTakenError]) -> _T:
    """Return the work's result, or end it at the deadline; work whose time is over is not begun.

    Raises:
        NotTakenError: What `late` returns: the time is over.
    """
    if deadline.is_over():
        raise late()
    try:
        async with asyncio.timeout(deadline.remaining()) as scope:
            return await work()
    except TimeoutError:
        if scope.expired():
            raise late() from None
        raise

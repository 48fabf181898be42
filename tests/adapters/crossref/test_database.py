"""Work over a connection that answers at once."""

from __future__ import annotations

import asyncio

import pytest

from adapters.crossref.database import finished


async def answer() -> int:
    return 7


async def wait() -> None:
    await asyncio.sleep(0)


def test_work_that_never_waits_is_run_to_its_end() -> None:
    """Without an event loop; what it raises is raised."""

    async def work() -> int:
        return await answer() + await answer()

    async def fail() -> None:
        raise ValueError("of its own")

    assert finished(work()) == 14
    with pytest.raises(ValueError, match="of its own"):
        finished(fail())


def test_work_that_waits_is_a_fault_of_its_writer() -> None:
    """It is closed, so that nothing is left half done, and told."""
    closed: list[bool] = []

    async def work() -> None:
        try:
            await wait()
        finally:
            closed.append(True)

    with pytest.raises(RuntimeError, match="wanted work that awaits its connection alone"):
        finished(work())
    assert closed == [True]

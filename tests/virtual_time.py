"""An event loop whose time passes only while it waits, and then at once: what takes minutes is tested in no time."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

__all__ = ["VirtualLoop", "run_virtually"]

T = TypeVar("T")


class _Skipping(selectors.SelectSelector):
    """Waits for nothing: the time that would have passed is added to the loop's."""

    def __init__(self) -> None:
        super().__init__()
        self.skipped = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("nothing is left to run, and something is waited for")
        self.skipped += timeout
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """Its clock is `time`, which begins at a thousand."""

    def __init__(self) -> None:
        self._skipping = _Skipping()
        super().__init__(self._skipping)

    def time(self) -> float:
        """Return the seconds that were waited, and a thousand."""
        return 1_000.0 + self._skipping.skipped


def run_virtually(work: Coroutine[Any, Any, T]) -> T:
    """Run the work on a loop of virtual time and return its result."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)

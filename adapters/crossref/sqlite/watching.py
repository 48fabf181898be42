"""Watches what is written to a file of SQLite, by whichever process: the file itself tells, at every look-up."""

from __future__ import annotations

import asyncio

from adapters.crossref.errors import StoreError
from adapters.crossref.kept_lookups import Kept
from adapters.crossref.sqlite.finding import SqliteFinder
from schema.deadline import Clock

__all__ = ["SqliteWatch"]

_EVERY = 0.5
"""Seconds after which what others have changed is forgotten, though nobody asks for it."""

_IDLE = 5.0
"""Seconds after the last look-up in which nothing is kept any longer."""


class SqliteWatch:
    """A watch over one file. Whatever is written to it, by hand too, has everything forgotten."""

    def __init__(self, finder: SqliteFinder, kept: Kept, clock: Clock) -> None:
        self._finder, self._kept, self._clock = finder, kept, clock
        self._known, self._asked_at = -1, clock()
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None  # in which the timer runs, None when none does

    def state(self) -> int:
        """Return the file's own count of changes."""
        self._asked_at = self._clock()
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop = loop
            self._timer = loop.call_later(_EVERY, self._look)
        return self._asked()

    def is_at(self, state: int | None) -> bool:
        """Return whether nothing was changed since the look-up began."""
        return state == self._known

    async def settle(self) -> None:
        """Forget everything after a write of this process."""
        self._kept.forget(None)

    async def aclose(self) -> None:
        """Forget everything."""
        self.close()

    def close(self) -> None:
        """Forget everything."""
        if self._timer is not None:
            self._timer.cancel()
        self._kept.forget(None)

    def _asked(self) -> int:
        state = self._finder.state()
        if state != self._known:
            self._kept.forget(None)
            self._known = state
        return state

    def _look(self) -> None:
        assert self._loop is not None
        if self._clock() - self._asked_at > _IDLE:
            self._kept.forget(None)
            self._loop = None
            return
        try:
            self._asked()
        except StoreError:
            self._kept.forget(None)
        self._timer = self._loop.call_later(_EVERY, self._look)

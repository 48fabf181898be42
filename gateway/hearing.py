"""What sources say of keys while they are asked, put to the stewards when nobody waits for it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from cachetools import TTLCache

from adapters.crossref import KeyNews, StoredCrossReference
from schema.deadline import Clock

__all__ = ["ACTOR", "Hearing"]

ACTOR = "gateway"
"""Who opens the candidates, as the events say it."""

_MOST_WAITING = 1_000
"""Pieces of news that wait to be written; what comes beyond is left out, and the source says it again."""

_LONGEST = 1_024
"""Characters of a new key that waits to be written; what is longer can be none, and a source may send megabytes."""

_TOGETHER = 100
"""Pieces of news of one write."""

_PAUSE = 0.25
"""Seconds before a write, in which more comes together."""

_AFTER_FAILURE = 10.0
"""Seconds before the write that follows one that has failed."""

_MOST_REMEMBERED, _REMEMBERED = 10_000, 3_600.0
"""How many links are remembered of which something was put, and for how many seconds."""

_QUIET = 10.0
"""Seconds between two lines in the log."""

_log = logging.getLogger(__name__)


class Hearing:
    """Takes what sources say of keys, and opens candidates in the cross-reference, off the way of any request.

    What was put within the last hour is not put again. A request is never kept waiting, nor is it told when something
    is left out because more comes than can be written or the cross-reference cannot be written: that is logged, with
    its count.
    """

    def __init__(self, crossref: StoredCrossReference, *, clock: Clock = time.monotonic, pause: float = _PAUSE) -> None:
        self._crossref, self._clock, self._pause = crossref, clock, pause
        self._waiting: deque[KeyNews] = deque()
        self._has_come = asyncio.Event()
        self._put: TTLCache[tuple[str, bool], bool] = TTLCache(_MOST_REMEMBERED, _REMEMBERED, timer=clock)
        self._left_out, self._logged_at = 0, -_QUIET

    def hear(self, news: KeyNews) -> None:
        """Take a piece of news, unless it was put before. Returns at once."""
        if _name(news) in self._put:
            return
        if not _can_be_put(news.replaced_by):
            self._leave_out(1, "no key of the source")
            return
        if len(self._waiting) >= _MOST_WAITING:
            self._leave_out(1, "more comes than can be written")
            return
        self._put[_name(news)] = True
        self._waiting.append(news)
        self._has_come.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Write what is heard for as long as the context lasts. What waits at its end is forgotten."""
        writing = asyncio.create_task(self._write())
        try:
            yield
        finally:
            writing.cancel()
            with suppress(asyncio.CancelledError):
                await writing

    async def _write(self) -> None:
        while True:
            await self._has_come.wait()
            await asyncio.sleep(self._pause)
            some = [self._waiting.popleft() for _ in range(min(_TOGETHER, len(self._waiting)))]
            if not self._waiting:
                self._has_come.clear()
            if not await self._is_written(some):
                await asyncio.sleep(_AFTER_FAILURE)

    async def _is_written(self, some: Sequence[KeyNews]) -> bool:
        try:
            heard = await self._crossref.hear(some, actor=ACTOR)
        except Exception as error:  # noqa: BLE001  whatever it is, what is heard next has to be written
            for news in some:
                self._put.pop(_name(news), None)
            # never its text: only those of the cross-reference are known to hold no key
            self._leave_out(len(some), f"the cross-reference cannot be written: {type(error).__name__}")
            return False
        if heard.left_out:
            self._leave_out(heard.left_out, "no key of the source, or too many of its candidates are open")
        return True

    def _leave_out(self, count: int, why: str) -> None:
        self._left_out += count
        if self._clock() - self._logged_at >= _QUIET:
            keys = "key" if self._left_out == 1 else "keys"
            _log.warning("what sources say of %d %s is put to no steward (%s)", self._left_out, keys, why)
            self._left_out, self._logged_at = 0, self._clock()


def _can_be_put(key: object) -> bool:
    return key is None or (isinstance(key, str) and len(key) <= _LONGEST)


def _name(news: KeyNews) -> tuple[str, bool]:
    # the new key is not remembered: it is to be nowhere when its customer is erased
    return news.link_id, news.replaced_by is not None

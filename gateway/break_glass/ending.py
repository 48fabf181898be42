"""Grants that are over before their time: a privacy officer has ended them, or found that they were not justified.

Every process reads that from the records, at most once a second.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from datetime import datetime

from gateway.break_glass.ledger import Ledger
from gateway.break_glass.standing import Opening, ended
from schema.grants import Grant

__all__ = ["EndedGrants"]

_FRESH = 1.0
"""Seconds for which what was read counts."""
_LONGEST = 8 * 3_600.0
"""Seconds after which every grant is over by itself: what was written longer ago is not kept. As views may say it."""


class EndedGrants:
    """Knows which grants are ended. `now` is in seconds since 1970, `clock` tells how old a reading is."""

    def __init__(
        self, ledger: Ledger, *, now: Callable[[], float] = time.time, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ledger, self._now, self._clock = ledger, now, clock
        self._reading: asyncio.Task[frozenset[str]] | None = None
        self._begun_at = -math.inf

    async def has(self, grant: Grant) -> bool:
        """Return whether a grant is ended, by what stood in the records a second ago, or stands there by now.

        Raises:
            OSError: The records cannot be read.
            BusyError: They are being read for too many.
        """
        reading = self._reading
        if reading is None or self._clock() - self._begun_at > _FRESH:
            self._begun_at = self._clock()
            reading = self._reading = asyncio.create_task(self._read())
            reading.add_done_callback(lambda read: read.cancelled() or read.exception())  # who waits may have gone
        return grant.id in await asyncio.shield(reading)

    def is_over(self, opening: Opening) -> bool:
        """Return whether what was opened is over: by itself, or for it was ended."""
        return datetime.fromisoformat(opening.until).timestamp() <= self._now()

    def forget(self) -> None:
        """Forget what was read: something was written by this process."""
        self._reading = None

    async def _read(self) -> frozenset[str]:
        since = self._now() - _LONGEST
        return await self._ledger.read_events(lambda noted: ended(noted, since))

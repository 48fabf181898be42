"""Watches what is written for a tenant on PostgreSQL, by whichever process: what is kept may be used meanwhile.

One connection of the process listens to the notice that goes with every write. Over it the tenant's events are asked
for at each notice and ten times a second, for as long as somebody looks up. What is kept may be used if that was begun
within a quarter of a second; else, without the connection or behind a silent network, the table is read.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from adapters.crossref.database import Row
from adapters.crossref.errors import StoreError
from adapters.crossref.events import EventType
from adapters.crossref.kept_lookups import Kept
from adapters.crossref.postgres.database import PostgresDatabase
from schema.deadline import Clock

__all__ = ["PostgresWatch"]

_FRESH = 0.25
"""Seconds for which what is kept may be used after the sequence was asked for."""

_EVERY = 0.1
"""Seconds between two readings when nobody gives notice; less than `_FRESH`, for a busy loop comes late."""

_IDLE = 5.0
"""Seconds after the last look-up in which nothing is kept any longer, and nothing read."""

_PAUSES = (0.0, 0.25, 0.5, 1.0, 2.0, 5.0)
"""Seconds before each attempt to connect; the last one for all further ones, for a server that is not asked to listen,
such as a standby, refuses for good."""

_MOST = 1000
"""Events that are looked through; after more of them everything is forgotten."""

_CHANGES = """
SELECT t.next_seq, e.type, e.customer_id
FROM tenant AS t
LEFT JOIN LATERAL (
  SELECT type, customer_id FROM xref_event WHERE tenant_id = $1 AND seq >= $2 ORDER BY seq LIMIT $3
) AS e ON true
WHERE t.tenant_id = $1
"""

_BEYOND = 2**62
"""A number that no event has."""

_OF_ONE = frozenset(
    {
        EventType.SOURCE_REGISTERED,
        EventType.CUSTOMER_CREATED,
        EventType.CUSTOMER_RESTRICTED,
        EventType.RESTRICTION_LIFTED,
        EventType.LINK_ADDED,
        EventType.LINK_CLOSED,
        EventType.KEY_REPLACED,
        EventType.NON_MATCH_ASSERTED,
        EventType.NON_MATCH_CLEARED,
        EventType.IDENTIFIERS_SEEN,
        EventType.IDENTIFIERS_FORGOTTEN,
        EventType.IDENTIFIERS_REKEYED,
        EventType.CANDIDATE_OPENED,
        EventType.CANDIDATE_DECIDED,
    }
)
"""Events after which only look-ups of nobody, and of the customer that they name, can have another answer. After any
other, such as a merge, everything is forgotten: these are rare, and a kind that is not known here is safe so."""

_Fetch = Callable[..., Awaitable[Sequence[Row]]]


class PostgresWatch:
    """A watch over one tenant. Begun by `start`, ended by `aclose`; `clock` counts seconds, from wherever."""

    def __init__(self, database: PostgresDatabase, tenant: str, kept: Kept, clock: Clock) -> None:
        self._database, self._tenant, self._kept, self._clock = database, tenant, kept, clock
        self._known = 0  # the number of the next event, as of which all that is kept is
        self._read_at = self._asked_at = -math.inf
        self._wake, self._is_watching = asyncio.Event(), False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Connect and watch, in the loop that runs."""
        self._task = asyncio.create_task(self._run())

    async def aclose(self) -> None:
        """Forget everything and give the connection back."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def state(self) -> int | None:
        """Return the number of the tenant's next event; None when it was not asked for just now."""
        self._asked_at = self._clock()
        if not self._is_watching or self._asked_at - self._read_at > _FRESH:
            self._wake.set()
            return None
        return self._known if self._known >= self._database.written else None

    def is_at(self, state: int | None) -> bool:
        """Return whether this is the number that is known, and known just now."""
        return state is not None and state == self.state()

    async def settle(self) -> None:
        """Forget what was changed by a write of this process."""
        if self._is_watching:  # else nothing is kept
            try:
                await self._read(self._database.fetch)
            except StoreError:
                self._forget()

    async def _run(self) -> None:
        pauses = iter(_PAUSES)
        while True:
            await asyncio.sleep(next(pauses, _PAUSES[-1]))
            with suppress(StoreError):
                async with self._database.listening(self._wake.set) as fetch:
                    pauses = iter(_PAUSES)
                    await self._follow(fetch)

    async def _follow(self, fetch: _Fetch) -> None:
        try:
            await self._begin(fetch)
            self._is_watching = True
            while True:
                await self._pause()
                await self._read(fetch)
        finally:
            self._rest()

    async def _begin(self, fetch: _Fetch) -> None:
        # as anew: the database may be another one by now, such as a backup that was restored
        self._database.written = self._known = 0
        rows = await fetch(_CHANGES, self._tenant, _BEYOND, 0)
        self._known = rows[0][0] if rows else 0

    async def _pause(self) -> None:
        """Return when there is something to read."""
        if self._clock() - self._asked_at > _IDLE:
            self._rest()
            await self._wake.wait()
            self._is_watching = True
        else:
            with suppress(TimeoutError):
                async with asyncio.timeout(_EVERY):
                    await self._wake.wait()
        self._wake.clear()

    async def _read(self, fetch: _Fetch) -> None:
        since, began = self._known, self._clock()
        rows = await fetch(_CHANGES, self._tenant, since, _MOST + 1)
        known = rows[0][0] if rows else 0
        if known < since:
            raise StoreError("got fewer events than there were, as when a backup is restored; begin anew")
        if known > self._known:
            self._kept.forget(_changed(rows))
            self._known = known
        if known == self._known:  # else another reading was quicker
            self._read_at = max(self._read_at, began)

    def _rest(self) -> None:
        self._is_watching = False
        self._forget()

    def _forget(self) -> None:
        self._read_at = -math.inf
        self._kept.forget(None)


def _changed(rows: Sequence[Row]) -> set[str | None] | None:
    """Return whom these events concern; None when that may be anybody."""
    if len(rows) > _MOST or any(kind not in _OF_ONE for _, kind, _ in rows):
        return None
    return {customer for _, _, customer in rows}

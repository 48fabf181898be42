"""The audit of one process: records requests and what else happens, and says whether it can.

AuditUnavailableError    (of resolvers.disclosure) a record could not be written
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from gateway.audit.anchors import Anchors
from gateway.audit.calendar import Calendar
from gateway.audit.chains import DROPPED
from gateway.audit.dropping import Dropping
from gateway.audit.events import Events, Lasting
from gateway.audit.files import Files
from gateway.audit.keys import AuditKeys
from gateway.audit.reading import Entries, Entry
from gateway.audit.records import REQUEST, Refused, members_of, members_of_refusal, members_of_unwritten
from gateway.audit.segments import segments_in
from gateway.audit.syncing import Syncing
from gateway.audit.writer import ChainWriter, TooLongError
from resolvers.disclosure import Disclosure

__all__ = ["AuditLog", "Happening"]

_LOOK_EVERY = 3_600.0
"""Seconds between two looks for what is old enough to be dropped."""

_DOUBTED = (
    "audit: nothing is dropped, for the clock may have jumped ahead: it says %s, and the newest records of before are "
    "of %s. Set it right; if it is, leave the gateway running: after a day it drops what is old"
)

_log = logging.getLogger(__name__)

_T = TypeVar("_T")

Happening = Mapping[str, str | int | float | bool | Sequence[str] | None]
"""What is recorded of something that happened, besides its kind and of whom: references and codes, never values."""


class AuditLog:
    """Records in a folder that exists, with anchors in another one. Implements resolvers.disclosure.Recorder.

    `days` is for how many whole days records are kept, None: for ever; `lasting` says which events are read back, and
    are written again before they are dropped. Where `now` is the gateway's own time, `system` says that of the machine:
    what is old is so by both. A record is written on the event loop, by one write to a local file, in some
    microseconds; what may take long is done in threads.
    """

    def __init__(
        self,
        folder: Path,
        anchors: Path,
        keys: AuditKeys,
        *,
        days: int | None = None,
        now: Callable[[], float] = time.time,
        system: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
        files: Files | None = None,
        lasting: Lasting | None = None,
    ) -> None:
        self.folder, self.anchors, self.keys = folder, anchors, keys
        self._now, self._system = now, system
        self._syncing = Syncing(Anchors(anchors, keys), now, clock)
        self._writer = ChainWriter(folder, keys, self._syncing, now=now, clock=clock, files=files)
        self._dropping = None if days is None else Dropping(folder, anchors, keys, days)
        self._turn, self._calendar = asyncio.Lock(), Calendar(clock)
        self._events = Events(Entries(folder, keys), lasting or Lasting())

    @property
    def fault(self) -> str | None:
        """Return why the last record could not be written, None where it could."""
        return self._writer.fault

    @property
    def failures(self) -> int:
        """Return how many records could not be written, since this was made."""
        return self._writer.failures

    @property
    def lag(self) -> float:
        """Return for how many seconds records have been written that no anchor covers."""
        return self._syncing.lag

    @asynccontextmanager
    async def running(self) -> AsyncIterator[AuditLog]:
        """Record for as long as the context lasts: then all is synced and anchored. Where it cannot be written yet,
        every request is refused until it can."""
        self._syncing.start()
        await self._writer.try_again()
        looking = asyncio.create_task(self._drop_old()) if self._dropping else None
        try:
            yield self
        finally:
            if looking is not None:
                looking.cancel()
                await asyncio.wait([looking])
            await self._writer.close()
            await asyncio.to_thread(self._syncing.close)

    async def record(self, disclosure: Disclosure) -> None:
        """Write down what a request was shown; its answer leaves when this has returned.

        Raises:
            AuditUnavailableError: It could not be written. Where that is for its length alone, it is written in its
                place that the request was refused.
        """
        try:
            await self._writer.append(REQUEST, members_of(disclosure, self.keys.reference))
        except TooLongError as error:
            await self._writer.append(REQUEST, members_of_unwritten(disclosure, self.keys.reference, error.bytes))
            raise

    async def record_refusal(self, refused: Refused) -> None:
        """Write down that a request was refused. Raises AuditUnavailableError."""
        await self._writer.append(REQUEST, members_of_refusal(refused))

    async def record_event(self, kind: str, happened: Happening, *, customer: str | None = None) -> None:
        """Write down that something else happened: `break-glass.opened`, `who-saw.asked`.

        `customer` is the canonical id of whom it is about; a reference takes its place. Raises AuditUnavailableError.
        """
        about = {} if customer is None else {"customer": self.keys.reference(customer)}
        await self._writer.append(kind, {**about, "happened": dict(happened)})

    async def read_events(self, work: Callable[[Sequence[Entry]], _T]) -> _T:
        """Return what `work` makes, in a thread, of the events that are read back, the oldest first, of every process
        that records in this folder.

        Raises OSError: they cannot be read.
        """
        return await self._events.read(work)

    async def try_again(self) -> None:
        """See whether records can be written again, where they could not, or a file is not as it was left."""
        await self._writer.try_again()

    async def _drop_old(self) -> None:
        while True:
            try:
                await self.drop_old()
            except Exception as error:  # noqa: BLE001  whatever went wrong, the next look may be luckier
                _log.error("audit: old records could not be dropped: %s", type(error).__name__)
            await asyncio.sleep(_LOOK_EVERY)

    async def drop_old(self) -> int:
        """Drop the segments that are old enough, after recording that, and again what has to last; return how many.

        None where the machine's clock may be ahead: that is told as an error. Raises OSError, AuditUnavailableError.
        """
        async with self._turn:
            return 0 if self._dropping is None else await self._dropped(self._dropping)

    async def _dropped(self, dropping: Dropping) -> int:
        now = min(self._now(), self._system())
        today = datetime.fromtimestamp(now, UTC).date()
        days = (one.day for one in await asyncio.to_thread(segments_in, self.folder))
        newest = max((day for day in days if day < today), default=None)
        if self._calendar.is_doubted(now, newest):
            _log.error(_DOUBTED, today, newest)
            return 0
        old = await asyncio.to_thread(dropping.old, today)
        if old.segments:
            for kind, members in await self._events.to_be_written_again(old.segments):
                await self._writer.append(kind, members)
            await self._writer.append(DROPPED, {"dropped": old.told()})
            await asyncio.to_thread(self._syncing.settle)
        return await asyncio.to_thread(old.remove)

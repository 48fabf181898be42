"""The audit of one process: records requests and what else happens, and says whether it can.

AuditUnavailableError    (of resolvers.disclosure) a record could not be written
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.audit.anchors import Anchors
from gateway.audit.chains import DROPPED
from gateway.audit.dropping import Dropping
from gateway.audit.keys import AuditKeys
from gateway.audit.reading import Entries, Entry
from gateway.audit.records import REQUEST, Refused, members_of, members_of_refusal
from gateway.audit.syncing import Syncing
from gateway.audit.writer import ChainWriter, Files
from resolvers.disclosure import Disclosure

__all__ = ["AuditLog", "Happening"]

_LOOK_EVERY = 3_600.0
"""Seconds between two looks for what is old enough to be dropped."""

_log = logging.getLogger(__name__)

Happening = Mapping[str, str | int | float | bool | Sequence[str] | None]
"""What is recorded of something that happened, besides its kind and of whom: references and codes, never values."""


class AuditLog:
    """Records in a folder that exists, with anchors in another one. Implements resolvers.disclosure.Recorder.

    `days` is for how many whole days records are kept, None: for ever. A record is written on the event loop, by one
    write to a local file, in some microseconds; what may take long is done in threads.
    """

    def __init__(
        self,
        folder: Path,
        anchors: Path,
        keys: AuditKeys,
        *,
        days: int | None = None,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
        files: Files | None = None,
    ) -> None:
        self.folder, self.anchors, self.keys, self._now = folder, anchors, keys, now
        self._syncing = Syncing(Anchors(anchors, keys), now, clock)
        self._writer = ChainWriter(folder, keys, self._syncing, now=now, files=files)
        self._dropping = None if days is None else Dropping(folder, anchors, keys, days)

    @property
    def fault(self) -> str | None:
        """Return why the last record could not be written, None where it could."""
        return self._writer.fault

    @asynccontextmanager
    async def running(self) -> AsyncIterator[AuditLog]:
        """Record for as long as the context lasts: then all is synced and anchored. Where it cannot be written yet,
        every request is refused until it can."""
        self._syncing.start()
        self._writer.try_again()
        looking = asyncio.create_task(self._drop_old()) if self._dropping else None
        try:
            yield self
        finally:
            if looking is not None:
                looking.cancel()
                await asyncio.wait([looking])
            self._writer.close()
            await asyncio.to_thread(self._syncing.close)

    async def record(self, disclosure: Disclosure) -> None:
        """Write down what a request was shown; its answer leaves when this has returned.

        Raises:
            AuditUnavailableError: It could not be written.
        """
        self._writer.append(REQUEST, members_of(disclosure, self.keys.reference))

    async def record_refusal(self, refused: Refused) -> None:
        """Write down that a request was refused. Raises AuditUnavailableError."""
        self._writer.append(REQUEST, members_of_refusal(refused))

    async def record_event(self, kind: str, happened: Happening, *, customer: str | None = None) -> None:
        """Write down that something else happened: `break-glass.opened`, `who-saw.asked`.

        `customer` is the canonical id of whom it is about; a reference takes its place. Raises AuditUnavailableError.
        """
        about = {} if customer is None else {"customer": self.keys.reference(customer)}
        self._writer.append(kind, {**about, "happened": dict(happened)})

    async def events(self, kinds: Collection[str], *, days: int) -> list[Entry]:
        """Return the events of these kinds of the last so many days, today included, the oldest first.

        They are of every process that records in this folder. Raises OSError: it cannot be read.
        """
        since = datetime.fromtimestamp(self._now(), UTC).date() - timedelta(days=days - 1)
        entries = Entries(self.folder, self.keys)
        return await asyncio.to_thread(lambda: sorted(entries.of_kinds(kinds, since), key=lambda one: one.at))

    def try_again(self) -> None:
        """See whether records can be written again, where they could not, or a file is not as it was left."""
        self._writer.try_again()

    async def _drop_old(self) -> None:
        while True:
            try:
                await self.drop_old()
            except Exception as error:  # noqa: BLE001  whatever went wrong, the next look may be luckier
                _log.error("audit: old records could not be dropped: %s", type(error).__name__)
            await asyncio.sleep(_LOOK_EVERY)

    async def drop_old(self) -> int:
        """Drop the segments that are old enough, after recording that; return how many. Raises OSError,
        AuditUnavailableError."""
        if self._dropping is None:
            return 0
        today = datetime.fromtimestamp(self._now(), UTC).date()
        old = await asyncio.to_thread(self._dropping.old, today)
        if old.segments:
            self._writer.append(DROPPED, {"dropped": old.told()})
            await asyncio.to_thread(self._syncing.settle)
        return await asyncio.to_thread(old.remove)

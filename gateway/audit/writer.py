"""Writes one process's chain of records: each is in the file before its request is answered.

AuditUnavailableError    (of resolvers.disclosure) the record could not be written
└── TooLongError         for it is longer than a line may be; others can be
"""

from __future__ import annotations

import asyncio
import errno
import logging
import math
import os
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, ParamSpec, TypeVar

from gateway.audit.chains import BEGUN
from gateway.audit.files import Files, OpenFile, SystemFiles
from gateway.audit.keys import AuditKeys
from gateway.audit.lines import BEGINNING, LONGEST, Head, moment, seal
from gateway.audit.segments import Segment, day_of
from gateway.audit.syncing import Syncing
from gateway.failure_log import Repeats
from resolvers.disclosure import AuditUnavailableError
from schema.deadline import Clock

__all__ = ["ChainWriter", "TooLongError"]

_MOST_BYTES = 67_108_864
_PATIENCE = 2.0
"""Seconds for which a segment that is being made is waited for; then requests are refused until it is there."""
_AGAIN_AFTER = 1.0
"""Seconds until it is tried again to make a segment; requests are refused meanwhile."""
_MOST_MADE = 3
"""How many segments a record waits for: one may be of no use any more when it is there."""
_UNSYNCED = "the thread that syncs records has ended; restart the gateway"

P = ParamSpec("P")
T = TypeVar("T")

_log = logging.getLogger(__name__)


class TooLongError(AuditUnavailableError):
    """A record is longer than a line may be: so many `bytes`."""

    def __init__(self, size: int) -> None:
        super().__init__(f"a record of {size} bytes is longer than a line may be")
        self.bytes = size


@dataclass(slots=True)
class _Open:
    """The segment that is written to: its day, and how large it has to be."""

    segment: Segment
    day: str
    file: OpenFile
    inode: int
    size: int = 0


class ChainWriter:
    """Appends records to the chain of this process, in a folder that exists.

    A segment ends with its day (in UTC) or its size. Where the file is not as it was left, by whomever, or a disk has
    failed, the chain ends there and another one begins, with a writer's name of its own, as soon as it can be written.
    Segments are made and chains anchored by the thread that syncs; whoever records then waits for that, but no other
    request. `fault` is why the last record could not be written, None where it could; `failures` is how many could not.
    For one event loop alone.
    """

    def __init__(
        self,
        folder: Path,
        keys: AuditKeys,
        syncing: Syncing,
        *,
        now: Callable[[], float],
        clock: Clock,
        files: Files | None = None,
        most_bytes: int = _MOST_BYTES,
    ) -> None:
        self._folder, self._keys, self._syncing, self._now, self._clock = folder, keys, syncing, now, clock
        self._files, self._most_bytes = files or SystemFiles(), most_bytes
        self._open: _Open | None = None
        self._head: Head | None = None
        self._ended: Head | None = None
        self._next: Head | None = None
        self._making: asyncio.Task[None] | None = None
        self._making_until, self._again_at = -math.inf, -math.inf
        self._repeats, self._is_told = Repeats(clock), False
        self.fault: str | None = None
        self.failures = 0

    async def append(self, kind: str, members: Mapping[str, Any]) -> None:
        """Write a record; the file has it when this returns.

        Raises:
            AuditUnavailableError: It could not be written, whatever the cause; nothing of it is left in the file, or
                what is left is the torn end of a chain.
            TooLongError: It is longer than a line may be.
        """
        if self._syncing.has_ended:
            self._fail(_UNSYNCED)
        if self._syncing.is_late:
            self._fail("no anchor could be written for a minute")
        try:
            at = moment(self._now())
            opened = self._current(at)
            if opened is None:
                opened, at = await self._waited()
            assert self._head is not None
            self._head = self._put(opened, self._head, at, kind, members)
            self._syncing.wrote(opened.file, self._head)
        except TooLongError as error:
            self.failures += 1
            self._tell("%s, so its request is refused", error)
            raise
        except OSError as error:
            self._fail(error.strerror or type(error).__name__)
        self._recover()

    async def try_again(self) -> None:
        """Write a record where the last one has failed, or none could be: so it shows whether records can be again."""
        is_well = self.fault is None and not self._syncing.has_ended
        if not is_well or self._open is None or not self._is_as_left(self._open):
            self._again_at = -math.inf
            with suppress(AuditUnavailableError):
                await self.append("audit.ready", {})

    async def close(self) -> None:
        """Hand the file over to be synced and closed."""
        if self._making is not None:
            await asyncio.wait([self._making], timeout=_PATIENCE)
        self._abandon()

    # Segments

    def _current(self, at: str) -> _Open | None:
        """Return the segment to which to write, None where one has to be made: the day is another, or it is full."""
        opened = self._left()
        return opened if opened and opened.day == day_of(at) and opened.size < self._most_bytes else None

    def _left(self) -> _Open | None:
        """Return the segment that was written to, None where it is not as it was left: then its chain has ended."""
        opened = self._open
        if opened is not None and not self._is_as_left(opened):
            _log.error("audit: %s is not as it was left; another chain begins", opened.segment.path.name)
            self._abandon()
        return self._open

    async def _waited(self) -> tuple[_Open, str]:
        """Return a new segment, once it is there, and the time then. Raises OSError: it could not be made."""
        until = asyncio.get_running_loop().time() + _PATIENCE
        for _ in range(_MOST_MADE):
            await self._made(until)
            at = moment(self._now())
            opened = self._current(at)
            if opened is not None:
                return opened, at
        raise OSError(errno.EAGAIN, "the file that was made is of no use any more")

    async def _made(self, until: float) -> None:
        """Wait for a segment, which is made once for all who wait. Raises OSError: it could not be."""
        loop = asyncio.get_running_loop()
        if self._making is None:
            if self._clock() < self._again_at:
                raise OSError(errno.EAGAIN, self.fault or "it is tried again in a moment")
            self._making, self._making_until = loop.create_task(self._make()), loop.time() + _PATIENCE
        making = self._making
        done, _ = await asyncio.wait([making], timeout=max(0.0, min(until, self._making_until) - loop.time()))
        if not done:
            raise OSError(errno.ETIMEDOUT, f"no file could be made within {_PATIENCE:g} s")
        making.result()

    async def _make(self) -> None:
        try:
            await self._begin()
        except OSError:
            self._again_at = self._clock() + _AGAIN_AFTER
            raise
        finally:
            self._making = None

    async def _begin(self) -> None:
        """Make a segment and write its first record, unless the one before it is harmed meanwhile, or the day over.

        Then, and where that fails, nothing is left of it. While the file is made others may write to the one before.
        """
        before = self._left()
        after = self._head or await self._unbegun()
        number, day = before.segment.number + 1 if before else 1, day_of(moment(self._now()))
        made = await self._new(Segment.named(self._folder, day, after.writer, number), day)
        if made is None:
            return
        try:
            at = moment(self._now())
            is_of_use = self._left() is before and made.day == day_of(at)
            head = self._put(made, self._head or after, at, BEGUN, self._begun(number)) if is_of_use else None
        except BaseException:
            self._give_up(made)
            raise
        if head is None:
            self._give_up(made)
        else:
            self._enter(made, head)

    async def _new(self, segment: Segment, day: str) -> _Open | None:
        """Return the file of a new segment, None where its name is taken: then its chain ends with what it has."""
        try:
            return await self._in_thread(self._opened, segment, day)
        except FileExistsError:
            _log.error("audit: %s is there already; another chain begins", segment.path.name)
            self._abandon()
            self._next = None
            return None

    def _opened(self, segment: Segment, day: str) -> _Open:
        file = OpenFile(self._files.open(segment.path))
        return _Open(segment, day, file, os.fstat(file.descriptor).st_ino)

    def _begun(self, number: int) -> Mapping[str, Any]:
        ended = None if self._ended is None else {"writer": self._ended.writer, "seq": self._ended.seq}
        return {"segment": number, "after": ended, "tenant": self._keys.tenant}

    def _enter(self, made: _Open, head: Head) -> None:
        """Write there from now on."""
        if self._open is not None:
            self._syncing.finish(self._open.file)
        self._open, self._head, self._next, self._ended = made, head, None, None
        self._syncing.entered(self._folder)
        self._syncing.wrote(made.file, head)

    def _give_up(self, made: _Open) -> None:
        with suppress(OSError):
            made.file.close()
        self._remove(made.segment.path)

    async def _unbegun(self) -> Head:
        """Return the beginning of a chain, which is anchored before there is anything of it: so none goes missing."""
        if self._next is None:
            beginning = Head(secrets.token_hex(8), -1, BEGINNING)
            await self._in_thread(self._syncing.anchor, beginning)
            self._next = beginning
        return self._next

    async def _in_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.wrap_future(self._syncing.take(work, *args, **kwargs))

    def _remove(self, path: Path) -> None:
        try:
            path.unlink(missing_ok=True)
        except OSError:
            self._next = None  # its name is taken
            self._abandon()

    # Records

    def _put(self, opened: _Open, after: Head, at: str, kind: str, members: Mapping[str, Any]) -> Head:
        """Write one line wholly, or raise OSError with the file as it was; where it is not, the chain is given up."""
        key = self._keys.chain(self._keys.current)
        assert key is not None
        line, head = seal(key, self._keys.current, after, at, kind, members)
        if len(line) > LONGEST:
            raise TooLongError(len(line))
        try:
            if self._files.write(opened.file.descriptor, line) != len(line):
                raise OSError(errno.ENOSPC, "the file took a part of it alone")
        except OSError:
            self._cut_back(opened)
            raise
        opened.size += len(line)
        return head

    def _cut_back(self, opened: _Open) -> None:
        try:
            self._files.truncate(opened.file.descriptor, opened.size)
        except OSError:
            if opened is self._open:
                self._abandon()  # what stands at its end is told as torn, for nothing follows it

    def _is_as_left(self, opened: _Open) -> bool:
        """Return whether the file is there, is this one, and is as long as it was left."""
        if self._syncing.has_failed(opened.file):
            return False
        try:
            found = opened.segment.path.lstat()
        except OSError:
            return False
        return found.st_ino == opened.inode and found.st_size == opened.size

    def _abandon(self) -> None:
        if self._open is not None:
            self._syncing.finish(self._open.file)
            self._ended = self._head
        self._open = self._head = None

    # What is told of it

    def _fail(self, why: str) -> NoReturn:
        self.fault = why
        self.failures += 1
        self._is_told |= self._tell("records cannot be written, so nothing is shown: %s", why)
        raise AuditUnavailableError(why) from None

    def _recover(self) -> None:
        self.fault = None
        if self._is_told:
            _log.warning("audit: records can be written again")
            self._is_told = False

    def _tell(self, text: str, what: object) -> bool:
        """Tell an error, at most once in ten seconds; return whether it was."""
        times = self._repeats.untold(text)
        if times is None:
            return False
        more = f"; {times} times since it was told" if times > 1 else ""
        _log.error(f"audit: {text}%s", what, more)
        return True

"""Writes one process's chain of records: each is in the file before its request is answered.

AuditUnavailableError    (of resolvers.disclosure) the record could not be written
"""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, Protocol

from gateway.audit.chains import BEGUN
from gateway.audit.keys import AuditKeys
from gateway.audit.lines import BEGINNING, LONGEST, Head, moment, seal
from gateway.audit.segments import Segment, day_of
from gateway.audit.syncing import Syncing
from resolvers.disclosure import AuditUnavailableError

__all__ = ["ChainWriter", "Files", "SystemFiles"]

_MOST_BYTES = 67_108_864
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW

_log = logging.getLogger(__name__)


class Files(Protocol):
    """What is asked of the operating system; a test fails in its place."""

    def open(self, path: Path) -> int:
        """Make a file, which may not be there yet, and hold its lock; return its descriptor."""

    def write(self, opened: int, content: bytes) -> int:
        """Append to the file, and return how many bytes of the content it has taken."""

    def truncate(self, opened: int, size: int) -> None:
        """Cut a file to this many bytes."""


class SystemFiles:
    """The files of the operating system."""

    def open(self, path: Path) -> int:
        """Make a file that its owner alone may use, and lock it: whoever drops old files sees that it is in use."""
        opened = os.open(path, _FLAGS, 0o600)
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return opened

    def write(self, opened: int, content: bytes) -> int:
        """Append by one write(2)."""
        return os.write(opened, content)

    def truncate(self, opened: int, size: int) -> None:
        """Cut a file."""
        os.ftruncate(opened, size)


@dataclass(slots=True)
class _Open:
    """The segment that is written to: its day, and how large it has to be."""

    segment: Segment
    day: str
    opened: int
    inode: int
    size: int = 0


class ChainWriter:
    """Appends records to the chain of this process, in a folder that exists.

    A segment ends with its day (in UTC) or its size. Where the file is not as it was left, by whomever, or a disk has
    failed, the chain ends there and another one begins, with a writer's name of its own, as soon as it can be written.
    `fault` is why the last record could not be written, None where it could. Not for several threads at once.
    """

    def __init__(
        self,
        folder: Path,
        keys: AuditKeys,
        syncing: Syncing,
        *,
        now: Callable[[], float],
        files: Files | None = None,
        most_bytes: int = _MOST_BYTES,
    ) -> None:
        self._folder, self._keys, self._syncing, self._now = folder, keys, syncing, now
        self._files, self._most_bytes = files or SystemFiles(), most_bytes
        self._open: _Open | None = None
        self._head: Head | None = None
        self._ended: Head | None = None
        self._next: Head | None = None
        self.fault: str | None = None

    def append(self, kind: str, members: Mapping[str, Any]) -> None:
        """Write a record; the file has it when this returns.

        Raises:
            AuditUnavailableError: It could not be written, whatever the cause; nothing of it is left in the file, or
                what is left is the torn end of a chain.
        """
        if self._syncing.is_late:
            self._fail("no anchor could be written for a minute")
        at = moment(self._now())
        try:
            opened = self._current(at)
            assert self._head is not None
            self._head = self._put(opened, self._head, at, kind, members)
            self._syncing.wrote(opened.opened, self._head)
        except OSError as error:
            self._fail(error.strerror or type(error).__name__)
        if self.fault is not None:
            _log.warning("audit: records can be written again")
            self.fault = None

    def try_again(self) -> None:
        """Write a record where the last one has failed, or none could be: so it shows whether records can be again."""
        if self.fault is not None or self._open is None or not self._is_as_left(self._open):
            with suppress(AuditUnavailableError):
                self.append("audit.ready", {})

    def close(self) -> None:
        """Hand the file over to be synced and closed."""
        self._abandon()

    def _current(self, at: str) -> _Open:
        """Return the segment to which to write, a new one where the day is another or the file full."""
        opened = self._open
        if opened is not None and not self._is_as_left(opened):
            _log.error("audit: %s is not as it was left; another chain begins", opened.segment.path.name)
            self._abandon()
        if self._open is None or self._head is None:
            return self._begin(self._unbegun(), 1, at)
        if self._open.day == day_of(at) and self._open.size < self._most_bytes:
            return self._open
        return self._begin(self._head, self._open.segment.number + 1, at)

    def _unbegun(self) -> Head:
        """Return the beginning of a chain, which is anchored before there is anything of it: so none goes missing."""
        if self._next is None:
            beginning = Head(secrets.token_hex(8), -1, BEGINNING)
            self._syncing.anchor(beginning)
            self._next = beginning
        return self._next

    def _begin(self, after: Head, number: int, at: str) -> _Open:
        """Make a segment and write its first record; where that fails nothing is left of it."""
        segment = Segment.named(self._folder, day_of(at), after.writer, number)
        descriptor = self._files.open(segment.path)
        opened = _Open(segment, day_of(at), descriptor, os.fstat(descriptor).st_ino)
        ended = None if self._ended is None else {"writer": self._ended.writer, "seq": self._ended.seq}
        try:
            head = self._put(opened, after, at, BEGUN, {"segment": number, "after": ended})
        except OSError:
            os.close(descriptor)
            self._remove(segment.path)
            raise
        if self._open is not None:
            self._syncing.finish(self._open.opened)
        self._open, self._head, self._next, self._ended = opened, head, None, None
        self._syncing.entered(self._folder)
        self._syncing.wrote(descriptor, head)
        return opened

    def _remove(self, path: Path) -> None:
        try:
            path.unlink(missing_ok=True)
        except OSError:
            self._next = None  # its name is taken
            self._abandon()

    def _put(self, opened: _Open, after: Head, at: str, kind: str, members: Mapping[str, Any]) -> Head:
        """Write one line wholly, or raise OSError with the file as it was; where it is not, the chain is given up."""
        key = self._keys.chain(self._keys.current)
        assert key is not None
        line, head = seal(key, self._keys.current, after, at, kind, members)
        if len(line) > LONGEST:
            raise OSError(errno.EFBIG, "the record is longer than a line may be")
        try:
            if self._files.write(opened.opened, line) != len(line):
                raise OSError(errno.ENOSPC, "the file took a part of it alone")
        except OSError:
            self._cut_back(opened)
            raise
        opened.size += len(line)
        return head

    def _cut_back(self, opened: _Open) -> None:
        try:
            self._files.truncate(opened.opened, opened.size)
        except OSError:
            if opened is self._open:
                self._abandon()  # what stands at its end is told as torn, for nothing follows it

    def _is_as_left(self, opened: _Open) -> bool:
        """Return whether the file is there, is this one, and has what was written to it and nothing more."""
        if self._syncing.has_failed(opened.opened):
            return False
        try:
            found = opened.segment.path.lstat()
        except OSError:
            return False
        return found.st_ino == opened.inode and found.st_size == opened.size

    def _abandon(self) -> None:
        if self._open is not None:
            self._syncing.finish(self._open.opened)
            self._ended = self._head
        self._open = self._head = None

    def _fail(self, why: str) -> NoReturn:
        if self.fault != why:
            _log.error("audit: records cannot be written, so nothing is shown: %s", why)
        self.fault = why
        raise AuditUnavailableError(why) from None

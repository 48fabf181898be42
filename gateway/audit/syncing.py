"""What makes records last: a thread that syncs them, all that wait at once, and anchors where chains stand.

Whatever may wait for a disk or another machine is done there.
"""

from __future__ import annotations

import logging
import math
import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from threading import Condition, Lock, Thread
from typing import ParamSpec, TypeVar

from gateway.audit.anchors import Anchors
from gateway.audit.files import OpenFile
from gateway.audit.lines import Head
from gateway.failure_log import Repeats

__all__ = ["Syncing"]

_APART = 0.05
"""Seconds between two syncs: what a loss of power can take, beside the time that a sync needs. Ten times as often costs
requests twice the time (70 against 30 microseconds), for the thread takes turns with the event loop."""
_ANCHOR_EVERY = 1.0
_MOST_UNANCHORED = 60.0
"""Seconds for which records may be written that no anchor covers; then none are, as X-Road does without timestamps."""

_PATIENCE = 10.0
"""Seconds for which the thread is waited for at the end."""

P = ParamSpec("P")
T = TypeVar("T")

_log = logging.getLogger(__name__)


class Syncing:
    """Syncs files behind their writers, who never wait for it. `now` is in seconds since 1970, `clock` runs evenly.

    Files belong to their writer until it hands them over by `finish`. The thread outlives whatever goes wrong; where it
    has ended all the same, `has_ended` says so.
    """

    def __init__(self, anchors: Anchors, now: Callable[[], float], clock: Callable[[], float]) -> None:
        self._anchors, self._now, self._clock = anchors, now, clock
        self._changed, self._stepping = Condition(), Lock()
        self._written: set[OpenFile] = set()
        self._finished: list[OpenFile] = []
        self._folders: set[Path] = set()
        self._heads: dict[str, Head] = {}
        self._anchored_at, self._unanchored_since = -math.inf, math.inf
        self._failed: set[OpenFile] = set()
        self._taken: deque[Callable[[], None]] = deque()
        self._repeats = Repeats(clock)
        self._is_closing = self.has_ended = False
        self._thread: Thread | None = None

    def start(self) -> None:
        """Begin to sync in a thread, until it is closed."""
        self._thread = Thread(target=self._run, name="audit-sync", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Sync and anchor what is left, and end the thread. Blocks as long as that takes; not for a disk that hangs."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(_PATIENCE)
            if self._thread.is_alive():
                _log.error("audit: a disk does not answer, so the last records may be neither synced nor anchored")

    def settle(self) -> None:
        """Sync and anchor all that was written so far. Blocks as long as that takes."""
        self.step(anchor=True)

    def take(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Take work that may wait for a disk; return what becomes of it. Where no thread runs it is done at once."""
        promised: Future[T] = Future()

        def done() -> None:
            if not promised.set_running_or_notify_cancel():
                return
            try:
                promised.set_result(work(*args, **kwargs))
            except Exception as error:  # noqa: BLE001  whoever waits for it is told
                promised.set_exception(error)

        if self._thread is None:
            done()
        else:
            with self._changed:
                self._taken.append(done)
                self._changed.notify()
        return promised

    def anchor(self, head: Head) -> None:
        """Anchor the beginning of a chain. Raises OSError: it could not be, so nothing may be written."""
        self._anchors.append(head, self._now())

    def wrote(self, opened: OpenFile, head: Head) -> None:
        """Take to be synced what a writer has written, up to the head of its chain."""
        with self._changed:
            is_idle = not self._written
            self._written.add(opened)
            if not self._heads:
                self._unanchored_since = self._clock()
            self._heads[head.writer] = head
            if is_idle:
                self._changed.notify()

    def finish(self, opened: OpenFile) -> None:
        """Take over a file to which nothing more is written: it is synced and closed."""
        with self._changed:
            self._written.discard(opened)
            self._finished.append(opened)
            self._changed.notify()

    def entered(self, folder: Path) -> None:
        """Take to be synced that a file was made in a folder."""
        with self._changed:
            self._folders.add(folder)

    def has_failed(self, opened: OpenFile) -> bool:
        """Return whether what was written to this file may be lost: nothing more belongs there."""
        return opened in self._failed

    @property
    def lag(self) -> float:
        """Return for how many seconds records have been written that no anchor covers."""
        return max(0.0, self._clock() - self._unanchored_since)

    @property
    def is_late(self) -> bool:
        """Return whether records were written for a minute without an anchor: the other place takes none."""
        return self.lag > _MOST_UNANCHORED

    def step(self, *, anchor: bool = False) -> None:
        """Sync all that waits, and anchor once a second, or at once with `anchor`."""
        with self._stepping:
            while self._taken:
                self._taken.popleft()()
            self._step(anchor)

    def _step(self, anchor: bool) -> None:
        with self._changed:
            written, self._written = self._written, set()
            finished, self._finished = self._finished, []
            folders, self._folders = self._folders, set()
            heads = dict(self._heads)
        for folder in folders:
            self._attempt("the audit folder", _sync_folder, folder)
        for opened in written:
            if not self._attempt("an audit file", os.fdatasync, opened.descriptor):
                self._failed.add(opened)
        for opened in finished:
            self._attempt("an audit file", os.fdatasync, opened.descriptor)
            self._attempt("an audit file", opened.close)
            self._failed.discard(opened)
        if heads and (anchor or self._clock() - self._anchored_at >= _ANCHOR_EVERY):
            self._anchor(heads)

    def _anchor(self, heads: dict[str, Head]) -> None:
        self._anchored_at = self._clock()
        for writer, head in heads.items():
            if not self._attempt("an anchor", self._anchors.append, head, self._now()):
                return
            with self._changed:
                if self._heads[writer] == head:
                    del self._heads[writer]
        with self._changed:  # else a head that comes in between would never be late
            self._unanchored_since = self._clock() if self._heads else math.inf

    def _attempt(self, what: str, work: Callable[..., object], *given: object) -> bool:
        try:
            work(*given)
        except Exception as error:  # noqa: BLE001  the thread is there for all that is written, and goes on
            if self._repeats.untold(what) is not None:
                why = (isinstance(error, OSError) and error.strerror) or type(error).__name__
                _log.error("audit: %s could not be written: %s", what, why)
            return False
        return True

    def _run(self) -> None:
        try:
            self._sync()
        finally:
            self.has_ended = True

    def _sync(self) -> None:
        while not self._is_closing:
            self._attempt("what waits to be synced", self.step)
            with self._changed:
                self._changed.wait_for(self._has_work, self._until_anchor())
            if not self._is_closing:
                self._pause()
        self._attempt("what waits to be synced", self.settle)

    def _pause(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._is_closing or bool(self._taken), _APART)

    def _has_work(self) -> bool:
        return self._is_closing or bool(self._written or self._finished or self._taken)

    def _until_anchor(self) -> float | None:
        """Return the seconds until the next anchor is due, None where nothing is to be anchored."""
        if not self._heads:
            return None
        return max(0.0, self._anchored_at + _ANCHOR_EVERY - self._clock())


def _sync_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)

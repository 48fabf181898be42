"""The event loop never waits for a disk or another machine: files are made, synced and anchored in a thread."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, get_ident
from typing import Any

import pytest

from gateway.audit import AuditLog
from gateway.audit.anchors import Anchors
from gateway.audit.files import SystemFiles
from resolvers.disclosure import AuditUnavailableError
from tests.gateway.audit.books import DAY, Books, disclosure

_SLOW = ("open", "fsync", "fdatasync")
"""The calls that may wait for a disk."""


async def refused(log: AuditLog) -> str | None:
    """Record; return why it could not be, None where it was."""
    try:
        await log.record(disclosure("cus_1"))
    except AuditUnavailableError as error:
        return str(error)
    return None


@contextmanager
def called(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, int, str]]]:
    """Yield which slow calls were made, by which thread, of what."""
    made: list[tuple[str, int, str]] = []

    def noted(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def noting(what: object, *more: Any, **named: Any) -> Any:
            made.append((name, get_ident(), str(what)))
            return call(what, *more, **named)

        return noting

    with monkeypatch.context() as patched:
        for name in _SLOW:
            patched.setattr(os, name, noted(name, getattr(os, name)))
        yield made


async def test_no_file_is_opened_or_synced_in_the_thread_of_the_event_loop(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither at the start, nor for a new day, nor after a file was taken away; nor at the end."""
    with called(monkeypatch) as made:
        async with books.log().running() as log:
            assert await refused(log) is None
            books.at += DAY
            assert await refused(log) is None
            (_, newest) = books.files
            newest.unlink()
            assert await refused(log) is None
    assert {name for name, _, _ in made} == {"open", "fsync", "fdatasync"}
    of_audit = [one for one in made if one[0] != "open" or str(books.folder.parent) in one[2]]
    assert len([one for one in of_audit if one[0] == "open"]) >= 5
    assert [one for one in of_audit if one[1] == get_ident()] == []


async def test_nothing_is_opened_or_synced_in_the_loop_while_it_fails(
    books: Books, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A hundred requests come in while the other place is gone: it is tried once a second, and told once in ten."""
    books.anchors.rmdir()
    with called(monkeypatch) as made:
        async with books.log().running() as log:
            for _ in range(100):
                assert await refused(log) is not None
            tried = [one for one in made if "anchors" in one[2]]
            assert len(tried) == 1
            for _ in range(25):
                books.runs += 1.0
                assert await refused(log) is not None
            assert len([one for one in made if "anchors" in one[2]]) == 26
    assert [one for one in made if one[1] == get_ident()] == []
    told = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert len(told) == 3
    assert "; 110 times since it was told" in told[1]


async def test_requests_that_come_together_wait_for_one_file(books: Books) -> None:
    """However many: one chain begins, and all are recorded."""
    async with books.log().running() as log:
        (file,) = books.files
        file.unlink()
        assert await asyncio.gather(*(refused(log) for _ in range(50))) == [None] * 50
    (file,) = books.files
    assert len(file.read_bytes().splitlines()) == 51


class Hanging(SystemFiles):
    """The system's files, of which none can be made until it is let go."""

    def __init__(self) -> None:
        self.may_go = Event()
        self.may_go.set()

    def open(self, path: Path) -> int:
        self.may_go.wait(30)
        return super().open(path)


async def test_a_disk_that_hangs_holds_up_nobody_for_long(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes first waits for a bounded time, whoever comes later not at all; the loop turns meanwhile."""
    monkeypatch.setattr("gateway.audit.writer._PATIENCE", 0.2)
    files = Hanging()
    async with books.log(files=files).running() as log:
        files.may_go.clear()
        books.at += DAY
        first = asyncio.create_task(refused(log))
        turns = 0
        while not first.done():
            await asyncio.sleep(0.01)
            turns += 1
        assert first.result() == "no file could be made within 0.2 s"
        assert turns > 5
        begun = time.monotonic()
        assert [await refused(log) for _ in range(50)] == [first.result()] * 50
        assert time.monotonic() - begun < 0.2
        files.may_go.set()
        for _ in range(500):
            await asyncio.sleep(0.01)
            if await refused(log) is None:
                break
        assert log.fault is None
    assert books.verified().holds
    assert [file.name[:10] for file in books.files] == ["2026-11-22", "2026-11-23"]


async def test_who_is_cancelled_while_a_file_is_made_takes_it_from_nobody(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that goes away is one request; the file is there for the next."""
    files = Hanging()
    async with books.log(files=files).running() as log:
        files.may_go.clear()
        books.at += DAY
        gone, stays = asyncio.create_task(refused(log)), asyncio.create_task(refused(log))
        await asyncio.sleep(0.01)
        gone.cancel()
        await asyncio.wait([gone])
        files.may_go.set()
        assert await stays is None
    report = books.verified()
    assert (report.holds, report.chains, report.segments, report.records) == (True, 1, 2, 4)


async def test_an_error_of_the_thread_is_told_once_in_ten_seconds(
    books: Books, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Anchors fail every second; a log that is full of it hides all else."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    async with books.opened() as log:
        assert await refused(log) is None
        with monkeypatch.context() as patched:
            patched.setattr(Anchors, "append", full)
            for _ in range(35):
                books.runs += 1.0
                log._syncing.step()
    told = [record.getMessage() for record in caplog.records]
    assert told == ["audit: an anchor could not be written: No space left on device"] * 4


async def test_a_disk_that_hangs_keeps_no_process_from_ending(
    books: Books, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is told that the last records may be lost; the thread is left behind."""
    monkeypatch.setattr("gateway.audit.syncing._PATIENCE", 0.2)
    may_go, append = Event(), Anchors.append
    async with books.log().running() as log:
        thread = log._syncing._thread

        def hang(*given: Any) -> None:
            may_go.wait(30)
            append(*given)

        monkeypatch.setattr(Anchors, "append", hang)
        books.runs += 2.0
        assert await refused(log) is None
    assert "audit: a disk does not answer" in caplog.text
    may_go.set()
    assert thread is not None
    await asyncio.to_thread(thread.join, 10)
    assert not thread.is_alive()
    assert books.verified().holds


async def test_work_that_nobody_waits_for_any_more_ends_no_thread(books: Books) -> None:
    """What was given up before its turn is not begun; the thread goes on with the next."""
    async with books.log().running() as log:
        may_go, done = Event(), list[int]()
        first = log._syncing.take(may_go.wait, 10)
        second, third = (log._syncing.take(done.append, number) for number in (2, 3))
        assert second.cancel()
        may_go.set()
        await asyncio.wrap_future(third)
        assert (first.result(), done) == (True, [3])
        assert await refused(log) is None

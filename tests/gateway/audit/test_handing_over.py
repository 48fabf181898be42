"""Files that change hands: each is closed once, whatever happens meanwhile, and what fails leaves nothing."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import logging
import os
from pathlib import Path
from threading import Event

import pytest

from gateway.audit import AuditLog
from gateway.audit.anchors import Anchors
from gateway.audit.files import OpenFile, SystemFiles
from resolvers.disclosure import AuditUnavailableError
from tests.gateway.audit.books import DAY, Books, disclosure


class Held(SystemFiles):
    """The system's files, of which none is made until it is let go."""

    def __init__(self) -> None:
        self.may_go, self.asked = Event(), Event()
        self.may_go.set()

    def open(self, path: Path) -> int:
        self.asked.set()
        self.may_go.wait(30)
        return super().open(path)

    async def hold(self) -> None:
        """Make no file from now on."""
        self.may_go.clear()
        self.asked.clear()


async def refused(log: AuditLog) -> str | None:
    """Record; return why it could not be, None where it was."""
    try:
        await log.record(disclosure("cus_1"))
    except AuditUnavailableError as error:
        return str(error)
    return None


def open_files() -> int:
    """Return how many files this process has open."""
    return len([*Path("/dev/fd").iterdir()])


def syncs(log: AuditLog) -> bool:
    """Return whether the thread that syncs is there."""
    thread = log._syncing._thread
    return thread is not None and thread.is_alive()


@pytest.mark.parametrize("is_met", [True, False])
async def test_a_file_that_is_harmed_while_the_next_is_made_ends_its_chain(
    books: Books, is_met: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Whether another request meets the harm meanwhile or not: it is closed once, and another chain begins."""
    files = Held()
    async with books.log(files=files).running() as log:
        assert await refused(log) is None
        await files.hold()
        books.at += DAY
        asked = [asyncio.create_task(refused(log))]
        await asyncio.to_thread(files.asked.wait, 10)
        (old,) = books.files
        with old.open("ab") as harmed:
            harmed.write(b"junk\n")
        if is_met:
            asked.append(asyncio.create_task(refused(log)))
        await asyncio.sleep(0.01)
        files.may_go.set()
        assert await asyncio.gather(*asked) == [None] * len(asked)
        await asyncio.to_thread(log._syncing.settle)
        assert syncs(log)
        assert (await refused(log), log.fault) == (None, None)
    writers = [file.name.split("-")[3] for file in books.files]
    assert (len(writers), len({*writers})) == (2, 2)
    (found,) = books.verified().breaks
    assert found.path == old
    assert [one.getMessage() for one in caplog.records] == [
        f"audit: {old.name} is not as it was left; another chain begins"
    ]


async def test_a_record_of_the_day_before_that_comes_while_a_file_is_made_stands_in_the_chain(books: Books) -> None:
    """The new file goes on behind it: where the chain stands is asked when its first record is written."""
    files = Held()
    async with books.log(files=files).running() as log:
        assert await refused(log) is None
        await files.hold()
        books.at += DAY
        waiting = asyncio.create_task(refused(log))
        await asyncio.to_thread(files.asked.wait, 10)
        books.at -= DAY
        assert await refused(log) is None
        books.at += DAY
        files.may_go.set()
        assert await waiting is None
    report = books.verified()
    assert (report.breaks, report.chains, report.records) == ([], 1, 6)


async def test_who_waits_over_midnight_is_recorded_in_the_new_day(books: Books) -> None:
    """The time of a record is that at which it is written."""
    files = Held()
    async with books.log(files=files).running() as log:
        await files.hold()
        books.files[0].unlink()
        asked = [asyncio.create_task(refused(log)) for _ in range(3)]
        await asyncio.to_thread(files.asked.wait, 10)
        books.at += DAY
        files.may_go.set()
        assert await asyncio.gather(*asked) == [None] * 3
    (file,) = books.files
    assert file.name.startswith("2026-11-23-")
    assert file.read_bytes().count(b'"at":"2026-11-23T12:00:00.000000Z"') == 4


async def test_a_lock_that_is_not_had_leaves_no_file_and_no_descriptor(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is tried again a second later, under the same name."""
    lock = fcntl.flock

    def locked(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", locked)
    before = open_files()
    log = books.log()
    assert [await refused(log) for _ in range(2)] == ["No locks available"] * 2
    assert (books.files, open_files()) == ([], before)
    monkeypatch.setattr(fcntl, "flock", lock)
    books.runs += 1.0
    assert await refused(log) is None
    await log._writer.close()
    log._syncing.settle()
    assert books.verified().holds


async def test_a_name_that_is_taken_is_left_for_another(books: Books, caplog: pytest.LogCaptureFixture) -> None:
    """The chain ends, and another one begins: no request is refused for it."""
    async with books.log().running() as log:
        assert await refused(log) is None
        (first,) = books.files
        writer = first.name.split("-")[3]
        taken = books.folder / f"2026-11-23-{writer}-000002.jsonl"
        taken.touch()
        books.at += DAY
        assert [await refused(log) for _ in range(3)] == [None] * 3
    report = books.verified()
    assert (report.breaks, report.chains, report.records, report.torn) == ([], 2, 7, [taken])
    assert f"audit: {taken.name} is there already; another chain begins" in caplog.text


@pytest.mark.parametrize("error", [OSError(errno.EIO, "Input/output error"), ValueError("any")])
async def test_the_thread_outlives_every_error(
    books: Books, error: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is told once in ten seconds, and goes on when that is over."""

    def fail(*_: object) -> None:
        raise error

    async with books.log().running() as log:
        with monkeypatch.context() as patched:
            patched.setattr(Anchors, "append", fail)
            patched.setattr(os, "fdatasync", fail)
            assert await refused(log) is None
            for _ in range(5):
                books.runs += 1.0
                await asyncio.to_thread(log._syncing.settle)
        assert syncs(log)
        books.runs += 1.0
        assert await refused(log) is None
    told = [one.getMessage() for one in caplog.records if "an anchor could not be written" in one.getMessage()]
    assert len(told) == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_a_thread_that_has_ended_refuses_everything(
    books: Books, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing would be synced or anchored any more: `fault` says so, also before anything is recorded."""

    def end(*_: object, **__: object) -> None:
        raise SystemExit

    async with books.log().running() as log:
        assert await refused(log) is None
        thread = log._syncing._thread
        assert thread is not None
        with monkeypatch.context() as patched:
            patched.setattr(log._syncing, "step", end)
            for _ in range(100):  # what is written while it is at a step is taken by that one
                log._syncing.wrote(log._writer._open.file, log._writer._head)  # type: ignore[union-attr,arg-type]
                await asyncio.to_thread(thread.join, 0.1)
                if not thread.is_alive():
                    break
        await log.try_again()
        assert log.fault == "the thread that syncs records has ended; restart the gateway"
        assert await refused(log) == log.fault
    assert [one.levelno for one in caplog.records if "has ended" in one.getMessage()] == [logging.ERROR]


def test_a_file_is_closed_once(tmp_path: Path) -> None:
    """However often that is asked: by then its number may be another file's."""
    one = OpenFile(os.open(tmp_path, os.O_RDONLY))
    number = one.descriptor
    one.close()
    other = os.open(tmp_path, os.O_RDONLY)
    assert other == number
    one.close()
    os.fstat(other)
    os.close(other)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(one.descriptor)

"""The chain on disk when things go wrong: nothing is shown that is not written, and what is written can be verified."""

from __future__ import annotations

import errno
import logging
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson
import pytest

from gateway.audit import AuditLog
from gateway.audit.files import SystemFiles
from resolvers.disclosure import AuditUnavailableError
from tests.gateway.audit.books import DAY, Books, disclosure


@dataclass
class Failing(SystemFiles):
    """The system's files, of which writes fail: `takes` is how many bytes of a line are taken before that."""

    fails: bool = False
    takes: int = 0
    cuts: bool = True
    asked: list[str] = field(default_factory=list)

    def write(self, opened: int, content: bytes) -> int:
        self.asked.append("write")
        if not self.fails:
            return super().write(opened, content)
        if not self.takes:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(opened, content[: self.takes])

    def truncate(self, opened: int, size: int) -> None:
        self.asked.append("truncate")
        if not self.cuts:
            raise OSError(errno.EIO, "Input/output error")
        super().truncate(opened, size)


def _fault(log: AuditLog) -> str | None:
    return log.fault


async def _is_refused(log: AuditLog) -> bool:
    try:
        await log.record(disclosure("cus_1"))
    except AuditUnavailableError:
        return True
    return False


@pytest.mark.parametrize("takes", [0, 1, 100])
async def test_a_full_disk_refuses_and_recovers_by_itself(
    books: Books, takes: int, caplog: pytest.LogCaptureFixture
) -> None:
    """What was written in part is cut off; the chain goes on. It is told once, and once that it is over."""
    files = Failing()
    async with books.log(files=files).running() as log:
        assert not await _is_refused(log)
        files.fails, files.takes = True, takes
        assert [await _is_refused(log) for _ in range(3)] == [True] * 3
        assert _fault(log)
        assert log.failures == 3
        files.fails = False
        assert not await _is_refused(log)
        assert _fault(log) is None
    report = books.verified()
    assert (report.holds, report.chains, report.records, report.torn) == (True, 1, 4, [])
    told = [record.levelno for record in caplog.records]
    assert told == [logging.ERROR, logging.WARNING]


async def test_a_line_that_cannot_be_cut_off_ends_its_chain(books: Books) -> None:
    """Another chain begins, which names the one before; the torn end is told, and is no break."""
    files = Failing()
    async with books.log(files=files).running() as log:
        assert not await _is_refused(log)
        files.fails, files.takes, files.cuts = True, 40, False
        assert await _is_refused(log)
        files.fails = False
        assert not await _is_refused(log)
    report = books.verified()
    assert (report.holds, report.chains, report.records, len(report.torn)) == (True, 2, 5, 1)
    begun = [line for line in books.lines if b'"segment.begun"' in line]
    assert sum(b'"after":{"writer"' in line for line in begun) == 1


@pytest.mark.parametrize("harm", ["deleted", "appended", "cut", "replaced"])
async def test_a_file_that_is_not_as_it_was_left_is_written_to_no_more(
    books: Books, harm: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever others did to it, the next record begins another chain, and no request is refused for it; it is told,
    and what was done is found."""
    async with books.log().running() as log:
        assert not await _is_refused(log)
        (file,) = books.files
        content = file.read_bytes()
        if harm == "deleted":
            file.unlink()
        elif harm == "appended":
            file.write_bytes(content + b"{}\n")
        elif harm == "cut":
            os.truncate(file, len(content) - 300)
        else:
            file.unlink()
            file.write_bytes(content)
        assert not await _is_refused(log)
        assert _fault(log) is None
    report = books.verified()
    assert report.holds is (harm == "replaced")
    assert b'"request"' in b"".join(file.read_bytes() for file in books.files)
    assert [record.getMessage() for record in caplog.records] == [
        f"audit: {file.name} is not as it was left; another chain begins"
    ]


async def test_a_record_that_is_changed_in_its_place_is_found_by_verifying(
    books: Books, caplog: pytest.LogCaptureFixture
) -> None:
    """The gateway looks at the file's length and not at what is in it: it goes on, and has nothing to tell."""
    async with books.log().running() as log:
        assert not await _is_refused(log)
        (file,) = books.files
        with file.open("r+b") as opened:
            opened.seek(file.read_bytes().index(b"agent-desktop"))
            opened.write(b"agent-deskt0p")
        assert not await _is_refused(log)
    (found,) = books.verified().breaks
    assert (found.path, found.line, found.text) == (file, 3, "the record was changed")
    assert (len(books.files), caplog.records) == (1, [])


async def test_a_folder_that_is_deleted_refuses_until_it_is_back(books: Books) -> None:
    """No folder is made by itself: the disk that belongs there may not be mounted. That a chain is gone is found."""
    async with books.log().running() as log:
        shutil.rmtree(books.folder)
        assert await _is_refused(log)
        await log.try_again()
        assert _fault(log)
        assert not books.folder.exists()
        books.folder.mkdir()
        await log.try_again()
        assert _fault(log) is None
        assert not await _is_refused(log)
    report = books.verified()
    (missing,) = report.breaks
    assert "is missing: " in missing.text
    assert (report.chains, report.records) == (1, 3)


async def test_a_record_that_is_too_long_refuses_its_request_alone(
    books: Books, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Others are recorded as ever, and in its place it stands that the request was refused, with how long it was."""
    monkeypatch.setattr("gateway.audit.writer.LONGEST", 2_000)
    async with books.log().running() as log:
        assert not await _is_refused(log)
        for _ in range(3):
            with pytest.raises(AuditUnavailableError, match=r"a record of \d+ bytes is longer than a line may be"):
                await log.record(disclosure(*(f"cus_{number}" for number in range(100))))
            assert _fault(log) is None
        assert not await _is_refused(log)
    report = books.verified()
    assert (report.holds, report.chains, report.records) == (True, 1, 7)
    whole, *refused, last = [told for line in books.lines if (told := orjson.loads(line))["kind"] == "request"]
    assert ("code" in whole, "code" in last) == (False, False)
    for told in refused:
        assert (told["code"], told["customers"], told["consumer"]) == ("AUDIT_UNAVAILABLE", 100, "agent-desktop")
        assert (told["tooLong"] > 4_000, "shown" in told, told["calls"]) == (True, False, {"crm": 1})
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


_UNPRIVILEGED = """
import asyncio, os, sys
from pathlib import Path
from resolvers.disclosure import AuditUnavailableError
from tests.gateway.audit.books import Books, disclosure

books = Books(Path(sys.argv[1]), Path(sys.argv[2]))
if os.geteuid() == 0:
    for folder in (books.folder, books.anchors):
        os.chown(folder, 65534, 65534)
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)

async def is_refused(log):
    try:
        await log.record(disclosure("cus_1"))
    except AuditUnavailableError as error:
        return str(error)

async def main():
    books.folder.chmod(0o500)
    async with books.log().running() as log:
        print(await is_refused(log), log.fault)
        books.folder.chmod(0o700)
        books.runs += 1.0
        print(await is_refused(log), log.fault)

asyncio.run(main())
"""


@pytest.mark.processes
def test_a_read_only_folder_refuses() -> None:
    """In a process of somebody who is not root, to whom no folder is read-only. No file is left over."""
    with TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        books = Books.in_folder(Path(place))
        command = [sys.executable, "-c", _UNPRIVILEGED, str(books.folder), str(books.anchors)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.stdout.splitlines() == ["Permission denied Permission denied", "None None"], done.stderr
        assert (books.verified().holds, len(books.files), books.verified().records) == (True, 1, 2)


@pytest.mark.parametrize("number", [errno.EROFS, errno.EDQUOT, errno.EIO])
async def test_a_file_system_that_has_become_read_only_refuses(
    books: Books, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """As a disk does that has met an error; the chain goes on when it takes records again."""

    def refuse(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    async with books.log().running() as log:
        with monkeypatch.context() as patched:
            patched.setattr(os, "write", refuse)
            assert [await _is_refused(log) for _ in range(3)] == [True] * 3
            assert _fault(log) == os.strerror(number)
        assert not await _is_refused(log)
    assert (books.verified().holds, books.verified().chains, books.verified().records) == (True, 1, 3)


async def test_another_place_that_takes_no_anchor_lets_no_chain_begin(books: Books) -> None:
    """A chain of which no anchor tells could go missing unseen; nothing is left over of the attempts."""
    shutil.rmtree(books.anchors)
    async with books.log().running() as log:
        assert [await _is_refused(log) for _ in range(3)] == [True] * 3
        assert not books.files
        books.anchors.mkdir()
        books.runs += 1.0
        assert not await _is_refused(log)
    assert books.verified().holds


async def test_records_that_no_anchor_covers_are_written_for_a_minute_alone(books: Books) -> None:
    """Then nothing is shown until anchors can be written again."""
    log = books.log()
    await log.try_again()
    assert not await _is_refused(log)
    log._syncing.settle()
    shutil.rmtree(books.anchors)
    books.runs = 100.0
    assert not await _is_refused(log)
    books.runs = 159.0
    log._syncing.settle()
    assert not await _is_refused(log)
    books.runs = 161.0
    assert await _is_refused(log)
    books.anchors.mkdir()
    log._syncing.settle()
    assert not await _is_refused(log)


async def test_a_segment_ends_with_its_day(books: Books) -> None:
    """The chain goes on in the next one."""
    async with books.log().running() as log:
        for _ in range(3):
            assert not await _is_refused(log)
            books.at += DAY
    names = [file.name for file in books.files]
    assert [name[:10] for name in names] == ["2026-11-22", "2026-11-23", "2026-11-24"]
    assert [name[-12:] for name in names] == ["000001.jsonl", "000002.jsonl", "000003.jsonl"]
    assert (books.verified().holds, books.verified().records) == (True, 7)


async def test_a_segment_ends_with_its_size(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record that passes it is the last one there."""
    log = books.log()
    monkeypatch.setattr(log._writer, "_most_bytes", 1_500)
    async with log.running():
        for _ in range(12):
            assert not await _is_refused(log)
    report = books.verified()
    assert report.holds
    assert report.segments > 3
    assert max(file.stat().st_size for file in books.files) < 2_500


async def test_no_file_is_for_others(books: Books) -> None:
    """Records and anchors are their owner's alone."""
    async with books.log().running() as log:
        assert not await _is_refused(log)
    files = [*books.files, *books.anchors.iterdir()]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


_KILLED = """
import asyncio, os, resource, signal, sys
from pathlib import Path
from tests.gateway.audit.books import Books, disclosure
from resolvers.disclosure import AuditUnavailableError

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (3000, resource.RLIM_INFINITY))
books = Books(Path(sys.argv[1]), Path(sys.argv[2]))

async def main():
    async with books.log().running() as log:
        refused = 0
        for number in range(20):
            try:
                await log.record(disclosure(f"cus_{number}"))
            except AuditUnavailableError:
                refused += 1
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        await log.record(disclosure("cus_last"))
        print(refused, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


@pytest.mark.processes
def test_a_real_limit_of_a_file_and_a_killed_process_leave_a_chain_that_holds(books: Books) -> None:
    """The system takes a part of a line, as a full disk does; what was recorded then is there after a kill."""
    command = [sys.executable, "-c", _KILLED, str(books.folder), str(books.anchors)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == -9, done.stderr
    refused = int(done.stdout)
    assert 0 < refused < 20
    report = books.verified()
    assert report.holds
    assert sum(b'"kind":"request"' in line for line in books.lines) == 21 - refused
    assert report.unanchored is not None

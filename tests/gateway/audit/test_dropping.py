"""What is older than records are kept goes, in whole segments, and verifying accepts exactly that."""

from __future__ import annotations

import logging
import os

import orjson
import pytest

from gateway.audit import AuditLog
from tests.gateway.audit.books import DAY, Books, disclosure


async def _days(books: Books, number: int, log: AuditLog) -> None:
    for one in range(number):
        await log.record(disclosure(f"cus_{one}"))
        books.at += DAY
    log._syncing.settle()  # a segment that has ended is closed by now


def _told(books: Books) -> list[dict[str, object]]:
    lines = [orjson.loads(line) for line in books.lines if b'"segments.dropped"' in line]
    return [entry for line in lines for entry in line["dropped"]]


async def test_segments_older_than_the_days_are_dropped_and_that_is_recorded(books: Books) -> None:
    """Seven days are kept; of a chain that goes on, and of one that has ended, all that is older goes."""
    books.written(disclosure("cus_old"))
    with books.opened(days=7) as log:
        await _days(books, 12, log)
        await log.record(disclosure("cus_last"))
        assert len(books.files) == 14
        assert await log.drop_old() == 6
        assert await log.drop_old() == 0
    assert books.files[0].name[:10] == "2026-11-27"
    assert sorted(one["segment"] for one in _told(books)) == [1, 5]  # type: ignore[type-var]
    report = books.verified()
    assert (report.holds, report.chains, report.segments, report.unanchored) == (True, 1, 8, 0)


async def test_no_more_may_be_missing_than_was_recorded(books: Books) -> None:
    """One segment more, or the record of the dropping itself, and it is a break."""
    with books.opened(days=3) as log:
        await _days(books, 8, log)
        assert await log.drop_old() == 5
    assert books.verified().holds
    first = books.files[0]
    content = first.read_bytes()
    first.unlink()
    (found,) = books.verified().breaks
    assert found.text == "segments before this one are missing, and no record tells that they were dropped"
    first.write_bytes(content)
    assert books.verified().holds
    last = books.files[-1]
    last.write_bytes(b"".join(last.read_bytes().splitlines(keepends=True)[:-1]))
    assert not books.verified().holds


async def test_what_was_told_of_dropping_is_told_again_before_its_record_goes(books: Books) -> None:
    """A day at a time, for a month; at every moment all holds, of three chains too."""
    other = books.log(days=5)
    other.try_again()
    with books.opened(days=5) as log:
        for day in range(30):
            await log.record(disclosure(f"cus_{day}"))
            if day < 12:
                await other.record(disclosure(f"cus_{day}"))
            if day == 12:
                other._writer.close()
                other._syncing.settle()
            await log.drop_old()
            log._syncing.settle()
            report = books.verified()
            assert report.holds, (day, report.breaks)
            books.at += DAY
    assert len(books.files) == 6
    assert len({file.name[11:27] for file in books.anchors.iterdir()}) == 1
    assert len([*books.anchors.iterdir()]) <= 8


async def test_nothing_is_dropped_of_a_chain_that_does_not_hold(books: Books, caplog: pytest.LogCaptureFixture) -> None:
    """Who has changed a record cannot wait for it to be dropped; an operator is told."""
    books.written(disclosure("cus_1"))
    (file,) = books.files
    file.write_bytes(file.read_bytes().replace(b"agent-desktop", b"agent-deskt0p"))
    books.at += 30 * DAY
    with books.opened(days=7) as log:
        assert await log.drop_old() == 0
    assert file in books.files
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert file.name in caplog.text


async def test_nothing_is_dropped_of_a_segment_in_use(books: Books) -> None:
    """A process that has had nothing to record for a month still has its file."""
    idle = books.log()
    idle.try_again()
    books.at += 30 * DAY
    with books.opened(days=7) as log:
        assert await log.drop_old() == 0
        idle._writer.close()
        idle._syncing.settle()
        assert await log.drop_old() == 1
    assert books.verified().holds


async def test_anchors_that_cannot_be_removed_stay(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other place may be one where lines are only ever added."""
    books.written(disclosure("cus_1"))
    books.at += 30 * DAY
    removed = os.unlink

    def refuse(path: object, **more: object) -> None:
        if str(path).endswith(".anchors.jsonl"):
            raise PermissionError
        removed(path, **more)  # type: ignore[arg-type]

    monkeypatch.setattr("os.unlink", refuse)
    with books.opened(days=7) as log:
        assert await log.drop_old() == 1
    assert books.verified().holds
    assert len([*books.anchors.iterdir()]) == 2

"""What is older than records are kept goes, in whole segments, and verifying accepts exactly that."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass

import orjson
import pytest

from gateway.audit import AuditLog
from gateway.audit.calendar import Calendar
from tests.gateway.audit.books import DAY, NOON, Books, disclosure


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
    async with books.opened(days=7) as log:
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
    async with books.opened(days=3) as log:
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
    await other.try_again()
    async with books.opened(days=5) as log:
        for day in range(30):
            await log.record(disclosure(f"cus_{day}"))
            if day < 12:
                await other.record(disclosure(f"cus_{day}"))
            if day == 12:
                await other._writer.close()
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
    async with books.opened(days=7) as log:
        await books.trusted(log)
        caplog.clear()
        assert await log.drop_old() == 0
    assert file in books.files
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert file.name in caplog.text


async def test_nothing_is_dropped_of_a_segment_in_use(books: Books) -> None:
    """A process that has had nothing to record for a month still has its file."""
    idle = books.log()
    await idle.try_again()
    books.at += 30 * DAY
    async with books.opened(days=7) as log:
        await books.trusted(log)
        assert await log.drop_old() == 0
        await idle._writer.close()
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
    async with books.opened(days=7) as log:
        await books.trusted(log)
        assert await log.drop_old() == 1
    assert books.verified().holds
    assert len([*books.anchors.iterdir()]) == 2


async def test_nothing_is_dropped_by_a_clock_that_has_jumped_ahead(
    books: Books, caplog: pytest.LogCaptureFixture
) -> None:
    """Two years at once, and everything would be too old: it is told how to mend it, and a day later it is believed."""
    async with books.opened(days=400) as log:
        await _days(books, 5, log)
        assert await log.drop_old() == 0
        assert caplog.records == []
        books.at += 731 * DAY
        await log.record(disclosure("cus_1"))
        assert await log.drop_old() == 0
        (told,) = caplog.records
        assert told.levelno == logging.ERROR
        assert (
            "it says 2028-11-27, and the newest records of before are of 2026-11-26. Set it right" in told.getMessage()
        )
        await books.trusted(log)
        log._syncing.settle()
        assert await log.drop_old() == 5
    assert books.verified().holds


async def test_nothing_is_dropped_by_the_gateways_own_time_alone(books: Books) -> None:
    """It never goes back: once it is ahead, a day of that proves nothing while the system's clock says otherwise."""
    async with books.opened(days=400) as log:
        await _days(books, 5, log)
        books.ahead = 731 * DAY
        await log.record(disclosure("cus_1"))
        for _ in range(3):
            assert await log.drop_old() == 0
            books.at, books.runs = books.at + DAY, books.runs + DAY


async def test_a_process_that_starts_doubts_a_clock_that_is_far_ahead_of_the_records(books: Books) -> None:
    """It knows nothing of the time before it. Two days are as far as a weekend without a request."""
    books.written(disclosure("cus_1"))
    books.at += 2 * DAY
    async with books.opened(days=1) as log:
        assert await log.drop_old() == 1
    books.at += 3 * DAY
    async with books.opened(days=1) as log:
        await books.trusted(log)
        assert await log.drop_old() == 1


@dataclass
class Moment:
    """Two clocks: one that somebody sets, and one that nobody does."""

    now: float = NOON
    runs: float = 0.0


def test_a_clock_is_believed_when_it_has_gone_on_for_a_day() -> None:
    """It is doubted when it is ahead of time by more than two days, not when it goes as time does or is set back."""
    moment = Moment()
    calendar = Calendar(lambda: moment.runs)
    told = list[bool]()
    for now, runs in ((0.0, 0.0), (30 * DAY, 30 * DAY), (2 * DAY, 0.0), (-40 * DAY, 60.0), (3 * DAY, 3_600.0)):
        moment.now, moment.runs = moment.now + now, moment.runs + runs
        told.append(calendar.is_doubted(moment.now, None))
    assert told == [False, False, False, False, True]
    for passed, doubted in ((DAY - 1, True), (1.0, False)):
        moment.now, moment.runs = moment.now + passed, moment.runs + passed
        assert calendar.is_doubted(moment.now, None) is doubted

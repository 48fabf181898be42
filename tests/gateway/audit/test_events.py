"""Reading in turns, what is kept of segments, and events that outlast their records."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Sequence
from dataclasses import replace
from threading import Event
from typing import Any

import pytest

from gateway.audit import Lasting
from gateway.audit.by_segment import BySegment
from gateway.audit.reading import Entries, Entry
from gateway.audit.segments import Segment, segments_in
from gateway.audit.turns import Turns
from tests.gateway.audit.books import DAY, Books, disclosure

OPENED = "break-glass.opened"


def entries(books: Books) -> Entries:
    """The records that were written."""
    return Entries(books.folder, books.keys)


async def test_who_gives_up_waiting_gives_the_turn_back_when_the_thread_has_ended(books: Books) -> None:
    """Not before: two threads at the same records would be one too many. The thread is told that nobody waits."""
    turns, begun, may_end = Turns(), Event(), Event()
    at_once = list[bool]()

    def slow(wanted: Entries) -> None:
        begun.set()
        may_end.wait(30)
        at_once.append(wanted.is_wanted())

    reading = asyncio.create_task(turns.read(entries(books), slow))
    await asyncio.to_thread(begun.wait)
    reading.cancel()
    await asyncio.wait([reading])
    next_one = asyncio.create_task(turns.read(entries(books), lambda _: len(at_once)))
    done, _ = await asyncio.wait([next_one], timeout=0.3)
    assert not done
    may_end.set()
    assert (await next_one, at_once) == (1, [False])


async def test_who_gives_up_before_the_turn_has_come_begins_nothing(books: Books) -> None:
    """And holds up nobody."""
    turns, may_end, begun = Turns(), Event(), list[int]()
    first = asyncio.create_task(turns.read(entries(books), lambda _: may_end.wait(30)))
    waiting = [asyncio.create_task(turns.read(entries(books), lambda _: begun.append(1))) for _ in range(20)]
    await asyncio.sleep(0.01)
    for one in waiting:
        one.cancel()
    await asyncio.wait(waiting)
    may_end.set()
    assert await first
    await turns.read(entries(books), lambda _: None)
    assert begun == []


async def test_what_fails_in_the_thread_is_told_to_who_waits(books: Books) -> None:
    """And the turn goes on to the next one."""
    turns = Turns()

    def gone(_: Entries) -> None:
        raise PermissionError

    with pytest.raises(PermissionError):
        await turns.read(entries(books), gone)
    assert await turns.read(entries(books), lambda _: threading.get_ident()) != threading.get_ident()


def _found(entries: Entries, segment: Segment, start: int, end: int) -> list[str]:
    return [one.members["happened"]["grant"] for one in entries.in_segment(segment, (OPENED,), start, end)]


async def _opened(books: Books, *grants: str) -> None:
    for grant in grants:
        async with books.log().running() as log:
            await log.record_event(OPENED, {"grant": grant})
        books.at += 1.0  # else what has the same time stands in the order of the writers' names


async def test_what_is_made_of_a_segment_is_kept_and_gone_on_with(books: Books) -> None:
    """What was not read to its end is not kept, and of a file that is gone nothing is."""
    await _opened(books, "bg_0", "bg_1")
    made = list[tuple[str, int, int]]()

    def noting(entries: Entries, segment: Segment, start: int, end: int) -> int:
        made.append((segment.path.name, start, end))
        return len(_found(entries, segment, start, end))

    kept, wanted = BySegment(noting, int.__add__, room=10), entries(books)
    unwanted = replace(wanted, is_wanted=lambda: False)
    segments = segments_in(books.folder)
    assert [number for _, number in kept.of(unwanted, segments)] == [0, 0]
    for _ in range(3):
        assert [number for _, number in kept.of(wanted, segments)] == [1, 1]
    whole = [(one.path.name, 0, one.path.stat().st_size) for one in segments]
    assert made == whole * 2
    line = segments[0].path.read_bytes().splitlines(keepends=True)[-1]
    size = whole[0][2]
    for added, ends in ((line, size + len(line)), (line[:20], size + len(line)), (line[20:], size + 2 * len(line))):
        with segments[0].path.open("ab") as file:
            file.write(added)
        numbers = [number for _, number in kept.of(wanted, segments)]
        assert made[-1][2] == ends
    assert numbers == [3, 1]
    assert [start for _, start, _ in made[4:]] == [size, size + len(line), size + len(line)]
    segments[1].path.unlink()
    assert [one for one, _ in kept.of(wanted, segments)] == segments[:1]
    assert [*kept._kept] == [segments[0].path.name]


@pytest.mark.parametrize("harm", ["shorter", "replaced"])
async def test_a_file_that_did_not_only_grow_is_begun_anew(books: Books, harm: str) -> None:
    """What was made of it before counts no more."""
    await _opened(books, "bg_0")
    (segment,) = segments_in(books.folder)
    kept = BySegment(_found, list[str].__add__, room=10)
    assert [found for _, found in kept.of(entries(books), [segment])] == [["bg_0"]]
    content = segment.path.read_bytes().replace(b"bg_0", b"bg_9")
    if harm == "shorter":
        segment.path.write_bytes(content.replace(b'"prev"', b'"pre"'))
    else:
        other = segment.path.with_suffix(".other")
        other.write_bytes(content)
        other.rename(segment.path)
    assert [found for _, found in kept.of(entries(books), [segment])] == [["bg_9"]]


async def test_what_is_kept_is_bounded(books: Books) -> None:
    """What finds no room is made again each time; what is forgotten makes room."""
    await _opened(books, "bg_0", "bg_1", "bg_2")
    made = list[str]()

    def noting(_: Entries, segment: Segment, _start: int, _end: int) -> int:
        made.append(segment.path.name)
        return 2

    segments = segments_in(books.folder)
    kept, names = BySegment(noting, int.__add__, room=5, size=int), [one.path.name for one in segments]
    for _ in range(2):
        assert len([*kept.of(entries(books), segments)]) == 3
    assert (made, [*kept._kept]) == ([*names, names[2]], names[:2])
    kept.forget_all_but(segments[1:])
    assert len([*kept.of(entries(books), segments[1:])]) == 2
    assert [*kept._kept] == names[1:]


async def test_an_event_is_written_again_before_its_record_is_dropped(books: Books) -> None:
    """Those that the rule names, of those that go; it is told what stays, too."""
    asked = list[tuple[list[str], list[str]]]()

    def again(dropped: Sequence[Entry], left: Sequence[Entry]) -> Iterable[tuple[str, dict[str, Any]]]:
        asked.append(tuple([one.members["happened"]["grant"] for one in each] for each in (dropped, left)))  # type: ignore[arg-type]
        yield "break-glass.carried", {"happened": {"grant": "bg_0"}}

    await _opened(books, "bg_0", "bg_1")
    books.at += 5 * DAY
    await _opened(books, "bg_2")
    async with books.opened(days=3, lasting=Lasting((OPENED, "break-glass.carried"), again)) as log:
        await books.trusted(log)
        await log.record(disclosure())
        await log.drop_old()
        grants = [one.members["happened"]["grant"] for one in await log.read_events(list)]
    assert (asked, grants) == ([(["bg_0", "bg_1"], ["bg_2"])], ["bg_2", "bg_0"])
    assert books.verified().holds

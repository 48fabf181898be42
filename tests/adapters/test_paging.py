"""One list in several pages: as much as was asked for, in the calls that were told before, or an error."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.adapter import Batch, Slice
from adapters.answers import Answer, Found, Missing, Page, SourceError
from adapters.offers import Offer
from adapters.paging import first_slice, further_pages
from adapters.records import Record
from schema.reasons import Reason

NOW = datetime(2026, 11, 21, tzinfo=UTC)


class Thing(Record):
    name: str


def offer(**declared: Any) -> Offer:
    ordinary: dict[str, Any] = {"name": "things", "serves": "Owner.things", "record": Thing, "key": "owner"}
    return Offer(**ordinary | {"max_page": 3} | declared)


def batch(part: Slice | None, **declared: Any) -> Batch:
    return Batch(offer(**declared), ("name",), ("7",), slice=part)


def found(start: int, end: int, *, has_next: bool, cursor: str | None = "") -> Found:
    """Return a page of numbered things that is as many seconds old as things stand before it."""
    items = tuple({"name": number} for number in range(start, end))
    return Found(Page(items, str(end) if cursor == "" else cursor, has_next), NOW + timedelta(seconds=start))


class Source:
    """Holds numbered things, gives at most so many at once, and keeps what it was asked."""

    def __init__(self, count: int, most: int = 3) -> None:
        self.count, self.most, self.asked = count, most, list[Slice]()

    def page(self, part: Slice) -> Found:
        start = int(part.after or "0")
        end = min(start + min(part.first, self.most), self.count)
        return found(start, end, has_next=end < self.count)

    async def __call__(self, asked: Batch) -> Answer:
        assert asked.slice is not None
        self.asked.append(asked.slice)
        return self.page(asked.slice)


async def read(asked: Batch, source: Source) -> Answer:
    part = first_slice(asked)
    assert part is not None
    source.asked.append(part)
    return await further_pages(asked, source.page(part), source)


def numbers(answer: Answer) -> list[object]:
    assert isinstance(answer, Found)
    assert isinstance(answer.record, Page)
    return [item["name"] for item in answer.record.items]


@pytest.mark.parametrize(
    ("part", "first"),
    [
        (None, Slice(3)),
        (Slice(2), Slice(2)),
        (Slice(3, "a"), Slice(3, "a")),
        (Slice(50, "a"), Slice(3, "a")),
    ],
)
def test_the_first_call_asks_a_page_at_most(part: Slice | None, first: Slice) -> None:
    """From where the caller stands."""
    assert first_slice(batch(part)) == first


def test_a_whole_list_of_few_items_is_not_asked_for_more() -> None:
    """No more than the offer allows."""
    assert first_slice(batch(None, max_items=2)) == Slice(2)


def test_an_offer_without_pages_is_asked_for_none() -> None:
    """Whatever part the caller wants."""
    assert first_slice(batch(Slice(2), max_page=None)) is None


async def test_what_one_page_holds_is_one_call() -> None:
    """And is the page as it came."""
    source = Source(9)
    assert await read(batch(Slice(3)), source) == Found(
        Page(tuple({"name": number} for number in range(3)), "3", has_next=True, marks=((3, "3"),)), NOW
    )
    assert source.asked == [Slice(3)]


async def test_further_pages_are_asked_for_what_is_left() -> None:
    """Behind the end of the one before; the list is as old as its first page, and knows where each ended."""
    source = Source(9)
    answer = await read(batch(Slice(7, "1")), source)
    assert numbers(answer) == [1, 2, 3, 4, 5, 6, 7]
    assert source.asked == [Slice(3, "1"), Slice(3, "4"), Slice(1, "7")]
    assert isinstance(answer, Found)
    assert isinstance(answer.record, Page)
    assert (answer.fetched_at, answer.record.end_cursor) == (NOW + timedelta(seconds=1), "8")
    assert answer.record.marks == ((3, "4"), (6, "7"), (7, "8"))


async def test_a_whole_list_is_read_to_its_end() -> None:
    """In full pages, and in no more than there are."""
    source = Source(7)
    assert numbers(await read(batch(None), source)) == list(range(7))
    assert source.asked == [Slice(3), Slice(3, "3"), Slice(3, "6")]


@pytest.mark.parametrize("count", [7, 8])
async def test_a_whole_list_that_is_too_long_is_an_error(count: int) -> None:
    """After as many pages as the offer allows."""
    source = Source(count)
    answer = await read(batch(None, max_items=7), source)
    too_long = SourceError(Reason.SOURCE_ERROR, "the list held more items than the offer allows")
    assert (answer == too_long) is (count > 7)
    assert isinstance(answer, Found) is (count == 7)
    assert len(source.asked) == 3


async def test_a_source_of_shorter_pages_gives_less_and_says_so() -> None:
    """The calls were told before; the caller goes on from the end."""
    source = Source(50, most=2)
    answer = await read(batch(Slice(6)), source)
    assert numbers(answer) == [0, 1, 2, 3]
    assert isinstance(answer, Found)
    assert isinstance(answer.record, Page)
    assert (answer.record.has_next, answer.record.end_cursor, len(source.asked)) == (True, "4", 2)
    whole = await read(batch(None, max_items=6), Source(50, most=2))
    assert isinstance(whole, SourceError)
    assert whole.detail.startswith("the source's pages are shorter than the offer's max_page")


@pytest.mark.parametrize(
    "late", [SourceError(Reason.SOURCE_TIMEOUT, "late"), Missing(), found(3, 6, has_next=True, cursor=None)]
)
async def test_a_page_that_cannot_be_had_is_the_answer_of_the_list(late: Answer) -> None:
    """So is one that says that more follows, and not where."""

    async def ask(_: Batch) -> Answer:
        return late

    answer = await further_pages(batch(Slice(9)), found(0, 3, has_next=True), ask)
    if isinstance(late, Found):
        assert isinstance(answer, SourceError)
        assert answer.detail.startswith("the answer says that more follows, and not where")
    else:
        assert answer == late


@pytest.mark.parametrize("first", [3, 6])
async def test_a_list_that_goes_on_where_it_was_asked_is_an_error(first: int) -> None:
    """It never ends: the first page that says so costs the list, also where no more is wanted."""
    asked: list[Slice | None] = []

    async def ask(again: Batch) -> Answer:
        asked.append(again.slice)
        return found(3, 6, has_next=True, cursor="3")

    answer = await further_pages(batch(Slice(first, "3")), found(3, 6, has_next=True, cursor="3"), ask)
    assert isinstance(answer, SourceError)
    answer = await further_pages(batch(Slice(9)), found(0, 3, has_next=True), ask)
    assert isinstance(answer, SourceError)
    assert answer.detail.startswith("the answer says that more follows, and not where")
    assert asked == [Slice(3, "3")]


async def test_what_is_no_page_is_left_as_it_is() -> None:
    """An error, and facts where a list was wanted."""
    never: Callable[[Batch], Awaitable[Answer]] = Source(0)
    for answer in (Missing(), Found({"name": 1}, NOW)):
        assert await further_pages(batch(Slice(9)), answer, never) == answer


async def test_pages_without_cursors_have_no_marks() -> None:
    """The last page of a source that gives none."""
    answer = await further_pages(batch(Slice(9)), found(0, 3, has_next=False, cursor=None), Source(0))
    assert isinstance(answer, Found)
    assert answer.record == Page(tuple({"name": number} for number in range(3)))


@settings(deadline=None)
@given(st.integers(0, 40), st.integers(1, 7), st.lists(st.integers(1, 20), min_size=1, max_size=8))
async def test_any_sizes_join_to_the_list_in_the_calls_that_were_told(
    count: int, most: int, firsts: Sequence[int]
) -> None:
    """Nothing is lost or comes twice, and no page takes more calls than the offer says."""
    names: list[object] = []
    after: str | None = None
    for turn in range(count + 1):
        asked, source = batch(Slice(firsts[turn % len(firsts)], after), max_page=most), Source(count, most)
        answer = await read(asked, source)
        names.extend(numbers(answer))
        assert isinstance(answer, Found)
        assert isinstance(answer.record, Page)
        assert asked.slice is not None
        assert len(source.asked) <= asked.offer.pages(asked.slice.first)
        if not answer.record.has_next:
            break
        after = answer.record.end_cursor
    assert names == list(range(count))

"""Paging over HTTP: any sequence of sizes joins to the whole list, and an answer that cannot be a page is an error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import AliasPath

from adapters.adapter import Slice
from adapters.http import ByCursor, ByOffset, ByPage, InLastRecord, InLink
from adapters.http.pages import Paging, RawPage
from adapters.sending import SendError
from schema.reasons import Reason

Source = Callable[[Mapping[str, Any], int], dict[str, Any]]
"""Answers a call about a list of so many records, which are numbers."""

ANSWERED = ByCursor(size="n", cursor="c", next="next")
FLAGGED = ByCursor(size="n", cursor="c", next="next", has_more="more")
LINKED = ByCursor(size="n", cursor="c", next=InLink(AliasPath("links", "next")))
LAST = ByCursor(size="n", cursor="c", next=InLastRecord("id"), has_more="more")
ONE_MORE = ByOffset()
TOTAL = ByOffset(total="total", starts_at=1)
MORE = ByOffset(has_more="more")
PAGES = ByPage(size="n", page="p", total_pages="pages")
PAGE_TOTAL = ByPage(size="n", page="p", total="total", starts_at=0)
PAGE_MORE = ByPage(size="n", page="p", has_more="more")


NO_CURSORS: tuple[object, ...] = (True, 1.5, ["a"], {}, " ", "\n", "x" * 1_025, "\ud800", 10**2_000)
NO_FLAGS: tuple[object, ...] = (None, 1, "true", [])


def by_cursor(said: Mapping[str, Any], count: int) -> dict[str, Any]:
    start = int(said.get("c", "0"))
    end = min(start + said["n"], count)
    more = end < count
    return {
        "records": list(range(start, end)),
        "more": more,
        "next": str(end) if more else None,
        "links": {"next": f"//other.example/x?c={end}&n=1"} if more else {},
    }


def by_last(said: Mapping[str, Any], count: int) -> dict[str, Any]:
    end = min((start := int(said.get("c", "-1")) + 1) + said["n"], count)
    return {"records": [{"id": number} for number in range(start, end)], "more": end < count}


def by_offset(said: Mapping[str, Any], count: int) -> dict[str, Any]:
    start = said["offset"]
    end = min(start + said["limit"], count)
    return {"records": list(range(start, end)), "more": end < count, "total": count}


def from_one(said: Mapping[str, Any], count: int) -> dict[str, Any]:
    return by_offset({**said, "offset": said["offset"] - 1}, count)


def by_page(said: Mapping[str, Any], count: int) -> dict[str, Any]:
    size, number = said["n"], said["p"]
    end = min((number + 1) * size, count)
    pages = -(-count // size)
    return {"records": list(range(number * size, end)), "more": number + 1 < pages, "total": count, "pages": pages}


def pages_from_one(said: Mapping[str, Any], count: int) -> dict[str, Any]:
    return by_page({**said, "p": said["p"] - 1}, count)


WAYS: tuple[tuple[Paging, Source], ...] = (
    (ANSWERED, by_cursor),
    (FLAGGED, by_cursor),
    (LINKED, by_cursor),
    (LAST, by_last),
    (ONE_MORE, by_offset),
    (TOTAL, from_one),
    (MORE, by_offset),
    (PAGES, pages_from_one),
    (PAGE_TOTAL, by_page),
    (PAGE_MORE, pages_from_one),
)


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(WAYS), st.integers(0, 60), st.integers(1, 12), st.lists(st.integers(1, 12), min_size=1))
def test_any_sequence_of_sizes_joins_to_the_whole_list(
    way: tuple[Paging, Source], count: int, most: int, firsts: list[int]
) -> None:
    """Nothing is lost, nothing comes twice, no page holds more than was asked, and the end is told."""
    paging, source = way
    read: list[object] = []
    after: str | None = None
    for turn in range(count + 1):
        asked = Slice(min(firsts[turn % len(firsts)], most), after)
        answer = source(paging.parameters(asked, most), count)
        page = paging.read(asked, most, answer, answer["records"])
        assert len(page.raws) <= asked.first
        read.extend(page.raws)
        if not page.has_next:
            break
        after = page.end_cursor
    assert not page.has_next
    assert read == by_last({"n": count}, count)["records"] if paging is LAST else read == list(range(count))


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 50), st.integers(1, 50))
def test_a_numbered_page_holds_what_is_wanted_where_one_can(start: int, first: int, most: int) -> None:
    """It is the smallest that does, else the one that holds most; never larger than the source gives."""
    first = min(first, most)
    said = PAGE_MORE.parameters(Slice(first, str(start)), most)
    size, number = said["n"], said["p"]
    assert isinstance(size, int)
    assert isinstance(number, int)
    held = size - start % size
    assert (number - 1, 1 <= size <= most) == (start // size, True)
    if held < first:
        assert all(other - start % other <= held for other in range(1, most + 1))
    else:
        assert all(start % smaller + first > smaller for smaller in range(first, size))


def test_equal_pages_are_asked_as_they_are() -> None:
    """Who goes on by the size with which they began is given pages of this size, and nothing is read in vain."""
    assert PAGES.parameters(Slice(20), 100) == {"n": 20, "p": 1}
    assert PAGES.parameters(Slice(20, "40"), 100) == {"n": 20, "p": 3}
    assert PAGES.parameters(Slice(20, "30"), 100) == {"n": 25, "p": 2}


def read(paging: Paging, body: dict[str, Any], first: int = 2, after: str | None = None) -> RawPage:
    return paging.read(Slice(first, after), 10, body, body["records"])


def test_an_offset_without_a_word_about_more_asks_for_one_more() -> None:
    """Which is not given; a caller sees from it that more follows."""
    assert ONE_MORE.parameters(Slice(2), 10) == {"limit": 3, "offset": 0}
    assert read(ONE_MORE, {"records": [1, 2, 3]}) == RawPage([1, 2], "2", has_next=True)
    assert read(ONE_MORE, {"records": [1, 2]}, after="7") == RawPage([1, 2], "9", has_next=False)


def test_an_empty_page_may_be_followed_where_a_cursor_says_so() -> None:
    """Some sources filter after they have cut."""
    assert read(FLAGGED, {"records": [], "more": True, "next": 5}) == RawPage([], "5", has_next=True)


def test_a_source_that_says_that_nothing_follows_is_believed() -> None:
    """Some give a cursor with the last page too, to ask again later."""
    assert read(FLAGGED, {"records": [1], "more": False, "next": "x"}) == RawPage([1], None, has_next=False)


@pytest.mark.parametrize("none", [{}, {"next": None}, {"next": ""}])
def test_no_next_cursor_is_the_end(none: dict[str, Any]) -> None:
    """However the source writes it."""
    assert not read(ANSWERED, {"records": [1], **none}).has_next


@pytest.mark.parametrize(
    ("link", "cursor"),
    [
        ("https://crm.example/x?n=5&c=a%2Bb", "a+b"),
        ("/x?c=a+b", "a b"),
        ("?c=1#c=2", "1"),
        ("http://169.254.169.254/latest?c=x", "x"),
        ("javascript:alert(1)?c=%26n%3D999", "&n=999"),
    ],
)
def test_of_a_next_link_nothing_is_taken_but_the_cursor(link: str, cursor: str) -> None:
    """Its scheme, host and path are the source's to write, and nobody's to follow."""
    assert read(LINKED, {"records": [1], "links": {"next": link}}).end_cursor == cursor
    assert LINKED.parameters(Slice(2, cursor), 10) == {"n": 2, "c": cursor}


@pytest.mark.parametrize(
    ("paging", "body"),
    [
        *(
            (LINKED, {"links": {"next": link}})
            for link in (
                7,
                "https://crm.example/x",
                "/x?c=",
                "/x?c=%20",
                "/x?c=1&c=2",
                "/x?C=1",
                "/x?c=%ff",
                "http://[::1?c=1",
                "/x?c=1" + "&a=1" * 100,
                "/x?c=1&a=" + "1" * 9_000,
                {"href": "/x?c=1"},
            )
        ),
        *((ANSWERED, {"next": cursor}) for cursor in NO_CURSORS),
        *((FLAGGED, {"more": more, "next": "x"}) for more in NO_FLAGS),
        (FLAGGED, {"next": "x"}),
        (MORE, {}),
        (MORE, {"more": True, "records": []}),
        *((TOTAL, {"total": total}) for total in (None, True, -1, "3", 3.0)),
        (TOTAL, {"total": 9, "records": []}),
        (PAGES, {}),
        (PAGES, {"pages": 2, "records": [1]}),
        (PAGE_TOTAL, {"total": 5, "records": [1]}),
        (PAGE_MORE, {"more": True, "records": [1]}),
        *((paging, {"records": [1, 2, 3, 4], "more": False, "total": 4, "pages": 1}) for paging, _ in WAYS),
    ],
)
def test_an_answer_that_cannot_be_a_page_is_an_error(paging: Paging, body: dict[str, Any]) -> None:
    """Half a list would look like a whole one. The text holds nothing of the answer."""
    with pytest.raises(SendError) as caught:
        read(paging, {"records": [1, 2], **body})
    assert caught.value.reason is Reason.SOURCE_ERROR


@pytest.mark.parametrize(
    ("paging", "body"),
    [
        (FLAGGED, {"more": True, "next": None}),
        (FLAGGED, {"more": True}),
        (LAST, {"more": True}),
        (LAST, {"more": True, "records": []}),
    ],
)
def test_more_without_a_cursor_is_told_as_it_is(paging: Paging, body: dict[str, Any]) -> None:
    """A list that is not to be gone on with is refused where it is put together."""
    found = read(paging, {"records": [1, 2], **body})
    assert (found.end_cursor, found.has_next) == (None, True)


@pytest.mark.parametrize("cursor", ["", " ", "-1", "1.0", "01", "+1", "1e3", "\u0663", "9999999999", "1\n", "a", "0x1"])
@pytest.mark.parametrize("paging", [ONE_MORE, PAGES])
def test_a_position_that_is_none_is_refused_before_the_call(paging: Paging, cursor: str) -> None:
    """Although the seal lets only what was given come back."""
    with pytest.raises(SendError, match="no cursor"):
        paging.parameters(Slice(1, cursor), 10)


@pytest.mark.parametrize("cursor", ["", " ", "x" * 1_025, "a\udfff"])
def test_a_cursor_that_is_none_is_refused_before_the_call(cursor: str) -> None:
    """Blank, too long, or no text."""
    with pytest.raises(SendError, match="no cursor"):
        ANSWERED.parameters(Slice(1, cursor), 10)


@pytest.mark.parametrize(
    ("declare", "wanted"),
    [
        (lambda: ByCursor(size="n", cursor="c", next=InLastRecord("id")), "without has_more"),
        (lambda: ByPage(), "got 0 of total_pages"),
        (lambda: ByPage(total="a", has_more="b"), "got 2 of total_pages"),
    ],
)
def test_a_declaration_that_cannot_tell_the_end_is_refused(declare: Callable[[], Paging], wanted: str) -> None:
    """With what is missing."""
    with pytest.raises(ValueError, match=wanted):
        declare()


def test_no_record_and_no_cursor_is_printed() -> None:
    """They may tell of a customer."""
    assert repr(RawPage(["secret"], "secret", has_next=True)) == "RawPage(has_next=True)"

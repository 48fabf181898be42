"""Lists of several keys are one list: in the keys' order, nothing twice, nothing lost, half of it never."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.adapter import Slice
from adapters.answers import Answer, Denied, Fault, Found, Gone, Missing, Page, ReplacedBy, SourceError
from resolvers.arguments import Given
from resolvers.cursors import Cursor, Cursors, Stand, Stands
from resolvers.joining import Joined, join, slice_of, stand_of
from schema.reasons import Reason
from tests.resolvers.harbour import FETCHED_AT

Lists = Mapping[str, Sequence[int]]


class Source:
    """Lists by key, given in pages: with a cursor behind every page, and behind every `marked`-th item."""

    def __init__(self, lists: Lists, *, page: int = 100, marked: int = 0) -> None:
        self.lists, self.page, self.marked = lists, page, marked

    def answer(self, key: str, part: Slice | None) -> Answer:
        whole = self.lists[key]
        if part is None:
            return Found(Page([{"n": one} for one in whole]), FETCHED_AT)
        start = int(part.after or 0)
        items = whole[start : start + min(part.first, self.page)]
        end = start + len(items)
        marks = tuple((at, str(start + at)) for at in range(1, len(items)) if self.marked and at % self.marked == 0)
        return Found(Page([{"n": one} for one in items], str(end), end < len(whole), marks), FETCHED_AT)


def cursor_at(stands: Stands) -> Cursor:
    cursors = Cursors([b"1" * 64])
    cursor = cursors.opened(cursors.sealed("v1", stands, b""), b"")
    assert cursor is not None
    return cursor


def ask(source: Source, keys: Sequence[str], first: int | None, cursor: Cursor | None = None) -> Joined:
    given_ = Given(first=first, cursor=cursor)
    places = [(key, stand_of(given_, "v1", key, is_own=True)) for key in keys]
    asked = {key: slice_of(given_, stand) for key, stand in places if stand}
    joined = join(given_, places, lambda key: source.answer(key, asked[key]))
    assert isinstance(joined, Joined)
    return joined


def numbers(joined: Joined) -> list[Any]:
    return [item["n"] for item in joined.items]


def test_a_whole_list_is_all_lists_one_after_the_other() -> None:
    """In the order of the keys."""
    joined = ask(Source({"a": [3, 1], "b": [], "c": [2]}), ["a", "b", "c"], None)
    assert (numbers(joined), joined.has_next) == ([3, 1, 2], False)


@given(
    lists=st.lists(st.lists(st.integers(), max_size=7), min_size=1, max_size=4),
    firsts=st.lists(st.integers(1, 5), min_size=1, max_size=6),
    page=st.integers(5, 9),
    marked=st.integers(0, 3),
    data=st.data(),
)
def test_pages_behind_any_cursor_make_the_whole_list(
    lists: list[list[int]], firsts: list[int], page: int, marked: int, data: st.DataObject
) -> None:
    """Whatever is asked for at a time, and from whichever entry one goes on: nothing is lost, nothing comes twice."""
    keys = [f"k{number}" for number in range(len(lists))]
    source = Source(dict(zip(keys, lists, strict=True)), page=100 if not marked else page + 100, marked=marked)
    seen: list[Any] = []
    cursor, turn = None, 0
    while True:
        joined = ask(source, keys, firsts[turn % len(firsts)], cursor)
        place = data.draw(st.integers(0, max(0, len(joined.items) - 1)))
        last = not joined.has_next and place >= len(joined.items) - 1
        seen += numbers(joined)[: place + 1]
        if last or not joined.items:
            break
        cursor, turn = cursor_at(joined.stands(joined.ends[place])), turn + 1
    assert seen == [one for whole in lists for one in whole]
    end = cursor_at(joined.stands(joined.end)) if joined.end else None
    assert end is None or not ask(source, keys, 5, end).has_next


def test_a_page_that_the_source_cuts_short_is_no_end() -> None:
    """It gave less than was asked and says that more follows: what other keys have comes after it."""
    source = Source({"a": [1, 2, 3], "b": [9]}, page=2)
    first = ask(source, ["a", "b"], 10)
    assert (numbers(first), first.has_next) == ([1, 2], True)
    rest = ask(source, ["a", "b"], 10, cursor_at(first.stands(first.ends[1])))
    assert (numbers(rest), rest.has_next) == ([3, 9], False)


def test_a_page_that_shows_nothing_still_leads_on() -> None:
    """The source gave no more than what the cursor passes over, and says that more follows."""
    source = Source({"a": [1, 2, 3, 4]}, page=2)
    empty = ask(source, ["a"], 1, cursor_at((("a", Stand("0", 2)),)))
    assert (numbers(empty), empty.has_next) == ([], True)
    assert empty.end is not None
    assert numbers(ask(source, ["a"], 5, cursor_at(empty.stands(empty.end)))) == [3, 4]


def test_a_list_read_to_its_end_is_not_asked_again() -> None:
    """Its key stands in the cursor as over."""
    joined = ask(Source({"a": [1], "b": [2, 3]}), ["a", "b"], 2)
    assert joined.stands(joined.ends[1]) == (("a", Stand(is_over=True)), ("b", Stand(None, 1)))


def test_a_key_linked_since_is_read_from_its_beginning() -> None:
    """A customer's own key that the cursor does not know; for keys out of records the list is another one."""
    cursor = cursor_at((("a", Stand("1")),))
    assert stand_of(Given(first=2, cursor=cursor), "v1", "new", is_own=True) == Stand()
    assert stand_of(Given(first=2, cursor=cursor), "v1", "new", is_own=False) is None
    assert numbers(ask(Source({"new": [7], "a": [1, 2]}), ["new", "a"], 5, cursor)) == [7, 2]


@pytest.mark.parametrize(
    ("customer", "keys"), [("v2", ["a"]), ("v1", ["b"])], ids=["another customer", "none of its keys"]
)
def test_a_cursor_of_another_list_is_told_so(customer: str, keys: list[str]) -> None:
    """Nothing is asked, and the list is null with a reason."""
    given_ = Given(first=2, cursor=cursor_at((("a", Stand("1")),)))
    places = [(key, stand_of(given_, customer, key, is_own=True)) for key in keys]
    assert join(given_, places, lambda _: Missing()) == Fault(Reason.CURSOR_INVALID)


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ([], Reason.SOURCE_NOT_LINKED),
        ([Missing()], Reason.SOURCE_RECORD_MISSING),
        ([Missing(), Gone()], Reason.SOURCE_RECORD_MISSING),
        ([Gone(), Missing()], Reason.SOURCE_KEY_GONE),
        ([ReplacedBy("x")], Reason.SOURCE_KEY_REPLACED),
        ([Denied()], Reason.SOURCE_AUTH),
        ([Found({"n": 1}, FETCHED_AT)], Reason.SOURCE_ERROR),
        ([Found(Page(()), FETCHED_AT), SourceError(Reason.SOURCE_TIMEOUT)], Reason.SOURCE_TIMEOUT),
        ([Gone(), SourceError(Reason.SOURCE_TIMEOUT)], Reason.SOURCE_TIMEOUT),
    ],
)
def test_half_a_list_is_none(answers: list[Answer], reason: Reason) -> None:
    """One key that failed makes the whole null; keys that are gone do not, while another one has a list."""
    by_key = {f"k{place}": answer for place, answer in enumerate(answers)}
    assert join(Given(first=3), [(key, Stand()) for key in by_key], by_key.__getitem__) == Fault(reason)


def test_a_key_that_is_gone_does_not_hide_the_others() -> None:
    """The other keys' lists are shown."""
    by_key: dict[str, Answer] = {"a": Gone(), "b": Found(Page([{"n": 1}]), FETCHED_AT)}
    joined = join(Given(first=3), [("a", Stand()), ("b", Stand())], by_key.__getitem__)
    assert isinstance(joined, Joined)
    assert numbers(joined) == [1]

"""The part of the contract that is about pages; it does not apply to an offer whose list comes whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import cycle
from unittest import SkipTest

from adapters.adapter import Slice
from adapters.answers import Answer, Facts, Found, Key, Page, SourceError
from adapters.testing.source import HOSTILE_KEYS, SourceUnderTest
from adapters.testing.staging import Staged, ask, cut, staged

__all__ = ["PagingContract"]


class PagingContract(Staged):
    """What the engine relies on in pages: joined they are the list, whatever the sizes in which they are asked."""

    @staged
    async def test_pages_join_to_the_whole_list(self, source: SourceUnderTest) -> None:
        """Nothing is lost and nothing comes twice; each page is one call, and says whether more follows."""
        most = _most(source)
        key = await _listed(source, 2 * most + 1)
        pages = await _read_on(source, key, [most])
        assert _joined(pages) == _rows(source, key)
        assert [(len(page.items), page.has_next) for page in pages] == [(most, True), (most, True), (1, False)]
        assert [call.keys for call in await source.seen()] == [1, 1, 1]

    @staged
    async def test_pages_of_any_sizes_join_to_the_whole_list(self, source: SourceUnderTest) -> None:
        """A caller may ask for another number of entries each time."""
        most = _most(source)
        key = await _listed(source, 3 * most + 2)
        for sizes in ([1, most, 2], [most, 1], [max(1, most - 1), 2, 2 * most, 1]):
            pages = await _read_on(source, key, sizes)
            assert _joined(pages) == _rows(source, key), f"pages of {sizes} are not the list"

    @staged
    async def test_more_than_a_page_is_read_in_the_calls_that_the_offer_tells(self, source: SourceUnderTest) -> None:
        """They are one answer, from whose end the list goes on."""
        most = _most(source)
        key = await _listed(source, 3 * most)
        page = _page(await _read(source, key, 2 * most + 1))
        rows = _rows(source, key)
        assert (list(page.items), page.has_next) == (rows[: 2 * most + 1], True)
        assert len(await source.seen()) == source.offer.pages(2 * most + 1) == 3
        rest = await _read_on(source, key, [most], page.end_cursor)
        assert _joined(rest) == rows[2 * most + 1 :]

    @staged
    async def test_a_whole_list_is_read_in_its_pages(self, source: SourceUnderTest) -> None:
        """Where nobody asks for a part of it."""
        count = min(2 * _most(source) + 1, source.offer.max_items)
        key = await _listed(source, count)
        page = _page((await ask(source, [key]))[key])
        assert (list(page.items), page.has_next) == (_rows(source, key), False)
        assert len(await source.seen()) == source.offer.pages(count)

    @staged
    async def test_a_list_that_ends_with_a_page_says_so(self, source: SourceUnderTest) -> None:
        """Nobody has to ask for an empty page to know it."""
        for number, count in enumerate((_most(source), 1)):
            key = await _listed(source, count, number)
            page = _page(await _read(source, key, count))
            assert (len(page.items), page.has_next) == (count, False)

    @staged
    async def test_lists_of_several_keys_are_read_apart(self, source: SourceUnderTest) -> None:
        """Each goes on for itself, however long the others are."""
        most = _most(source)
        keys = [await _listed(source, count, number) for number, count in enumerate((2 * most, 1, most + 1))]
        answers = await ask(source, keys, part=Slice(2 * most))
        for key in keys:
            page = _page(answers[key])
            assert (list(page.items), page.has_next) == (_rows(source, key), False)

    @staged
    async def test_a_cursor_of_another_list_gives_nothing_of_that_list(self, source: SourceUnderTest) -> None:
        """The key decides whose records come; a cursor only where they begin."""
        most = _most(source)
        key, other = await _listed(source, most + 1, 1), await _listed(source, most + 1, 2)
        cursor = _page(await _read(source, other, most)).end_cursor
        _check_own(source, key, await _read(source, key, most, cursor))

    @staged
    async def test_what_is_no_cursor_gives_nothing_of_others(self, source: SourceUnderTest) -> None:
        """It is an error, or a place in the key's own list, whatever it holds; nothing is raised."""
        key, _ = await _listed(source, 2, 1), await _listed(source, 2, 2)
        for cursor in ("", "-1", "1.5", "9" * 5_000, "\ud800", *HOSTILE_KEYS):
            _check_own(source, key, await _read(source, key, 1, cursor))


def _most(source: SourceUnderTest) -> int:
    if source.offer.max_page is None:
        raise SkipTest("does not apply: the offer has no pages")
    return source.offer.max_page


async def _listed(source: SourceUnderTest, rows: int, number: int = 1) -> Key:
    _most(source)
    key = source.key(number)
    await source.put_list(key, rows)
    return key


async def _read(source: SourceUnderTest, key: Key, first: int, after: str | None = None) -> Answer:
    return (await ask(source, [key], part=Slice(first, after)))[key]


async def _read_on(source: SourceUnderTest, key: Key, sizes: Sequence[int], after: str | None = None) -> list[Page]:
    """Return the pages to the end of the list, asked in these sizes by turns."""
    pages: list[Page] = []
    turns = cycle(sizes)
    while not pages or pages[-1].has_next:
        first = next(turns)
        page = _page(await _read(source, key, first, after))
        pages.append(page)
        assert len(page.items) <= first, f"got {len(page.items)} items; at most {first} were asked"
        if page.has_next:
            assert len(pages) < len(_rows(source, key)), "got more pages than the list has rows; wanted an end"
            assert page.end_cursor is not None, "got a page that is followed without an end_cursor"
        after = page.end_cursor
    return pages


def _page(answer: Answer) -> Page:
    assert isinstance(answer, Found), f"got {answer!r} for a list that the source has; wanted Found"
    assert isinstance(answer.record, Page)
    return answer.record


def _joined(pages: Sequence[Page]) -> list[Facts]:
    return [item for page in pages for item in page.items]


def _rows(source: SourceUnderTest, key: Key) -> list[Facts]:
    return list(_all_rows(source, key))


def _all_rows(source: SourceUnderTest, key: Key) -> Iterator[Facts]:
    rows = source.facts(key)
    assert isinstance(rows, Sequence), "facts() of a list offer returns its rows"
    yield from (cut(row, source.fields) for row in rows)


def _check_own(source: SourceUnderTest, key: Key, answer: Answer) -> None:
    """Check that the answer is an error or holds rows of the key alone."""
    if not isinstance(answer, SourceError):
        own = _rows(source, key)
        assert all(item in own for item in _page(answer).items), "got a row of another key's list"

"""One list of a key, read in as many pages as it takes, within a number that is known before."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from adapters.adapter import Batch, Slice
from adapters.answers import Answer, Facts, Found, Page, SourceError
from schema.reasons import Reason

__all__ = ["first_slice", "further_pages"]

_NOWHERE = SourceError(Reason.SOURCE_ERROR, "the answer says that more follows, and not where, or where it was asked")
_TOO_LONG = SourceError(Reason.SOURCE_ERROR, "the list held more items than the offer allows")
_SHORT_PAGES = SourceError(
    Reason.SOURCE_ERROR,
    "the source's pages are shorter than the offer's max_page, and the calls for the whole list are used up",
)


def first_slice(batch: Batch) -> Slice | None:
    """Return what the first call asks of each key; None where the offer has no pages."""
    most = batch.offer.max_page
    if most is None:
        return None
    wanted = batch.slice or Slice(batch.offer.max_items)
    return Slice(min(wanted.first, most), wanted.after)


async def further_pages(batch: Batch, answer: Answer, ask: Callable[[Batch], Awaitable[Answer]]) -> Answer:
    """Return the answer of one key with the pages that follow its first one, until there is as much as was asked for.

    `ask` asks the key for one page more. A page that cannot be had is the answer of the whole list: half a list is a
    lie; so is one that says that more follows, and not where it goes on, or where it was asked. A source whose pages
    are shorter than it says gives less, and says that more follows.
    """
    offer, first = batch.offer, batch.offer.max_items if batch.slice is None else batch.slice.first
    asked = None if batch.slice is None else batch.slice.after
    pages: list[Found] = []
    while isinstance(answer, Found) and isinstance(answer.record, Page):
        pages.append(answer)
        page, left = answer.record, first - sum(len(_items(one)) for one in pages)
        if page.has_next and page.end_cursor in (None, asked):
            return _NOWHERE
        if not page.has_next or left <= 0 or len(pages) == offer.pages(first):
            is_half = page.has_next and batch.slice is None
            return (_SHORT_PAGES if left > 0 else _TOO_LONG) if is_half else _joined(pages, page)
        asked = page.end_cursor
        answer = await ask(replace(batch, slice=Slice(min(left, offer.max_page or left), asked)))
    return answer


def _items(found: Found) -> Sequence[Facts]:
    assert isinstance(found.record, Page)
    return found.record.items


def _joined(pages: Sequence[Found], last: Page) -> Found:
    """Return the pages as one, as old as the first of them."""
    items: list[Facts] = []
    marks: list[tuple[int, str]] = []
    for one in pages:
        items.extend(_items(one))
        if isinstance(one.record, Page) and one.record.end_cursor is not None:
            marks.append((len(items), one.record.end_cursor))
    page = Page(tuple(items), last.end_cursor, last.has_next, tuple(marks))
    return Found(page, pages[0].fetched_at, pages[0].as_of)

"""The lists of one or several keys as one: joined key by key in their order, and the part of it that is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from adapters.adapter import Slice
from adapters.answers import Answer, Denied, Facts, Fault, Found, Gone, Key, Missing, Page, ReplacedBy, SourceError
from resolvers.arguments import Given
from resolvers.cursors import BEGINNING, Stand, Stands
from schema.reasons import Place, Reason

__all__ = ["NOT_LINKED", "Joined", "fault_of", "join", "slice_of", "stand_of"]

NOT_LINKED = Fault(Reason.SOURCE_NOT_LINKED)
"""Stands in place of a value of a customer that the source does not know."""

_OVER = Page(())


@dataclass(frozen=True, slots=True)
class _Part:
    """The page of one key, and where it began."""

    key: Key = field(repr=False)
    stand: Stand
    page: Page

    def behind(self, count: int) -> Stand:
        """Return the place behind so many items of the page: at the nearest of the source's cursors, and further."""
        marks = self.page.marks
        if self.page.end_cursor is not None:
            marks = (*marks, (len(self.page.items), self.page.end_cursor))
        before, after = max(((at, cursor) for at, cursor in marks if at <= count), default=(0, self.stand.after))
        return Stand(after, count - before)


@dataclass(frozen=True, slots=True)
class Joined:
    """The entries that are shown of a joined list, and whether more follow.

    `ends` holds for each entry which part it is of, and how many items of that part's page stand before its end. `end`
    is that of the whole: the last entry's, or where a page ends of which nothing is shown though more follows.
    """

    items: Sequence[Facts] = field(repr=False)
    has_next: bool = False
    parts: Sequence[_Part] = field(default=(), repr=False)
    ends: Sequence[tuple[int, int]] = field(default=(), repr=False)
    end: tuple[int, int] | None = field(default=None, repr=False)

    def stands(self, end: tuple[int, int]) -> Stands:
        """Return where the list of each key stands behind an entry."""
        return tuple(self._stands(*end))

    def _stands(self, number: int, count: int) -> Iterator[tuple[Key, Stand]]:
        for place, part in enumerate(self.parts):
            if place < number:
                yield part.key, Stand(is_over=True)
            else:
                yield part.key, part.behind(count) if place == number else part.stand


def stand_of(given: Given, customer_id: str, key: Key, *, is_own: bool) -> Stand | None:
    """Return where the list of a key begins; None when the cursor that was given is of another list.

    `is_own` says that the key is one of the customer's own: then one that the cursor does not know was linked since it
    was made, and its list is read from the beginning.
    """
    cursor = given.cursor
    if cursor is None:
        return BEGINNING
    if cursor.customer_id != customer_id:
        return None
    return cursor.stand(key) or (BEGINNING if is_own else None)


def slice_of(given: Given, stand: Stand) -> Slice | None:
    """Return the part of a key's list to ask for; None for a whole list."""
    return None if given.first is None else Slice(given.first + stand.skip, stand.after)


def join(given: Given, places: Sequence[tuple[Key, Stand | None]], answer: Callable[[Key], Answer]) -> Joined | Fault:
    """Return the lists of the keys as one, or why there is none: half a list is a lie.

    `places` says where the list of each key begins, `answer` gives what came back for a key. Of a list that is read in
    pages at most `first` entries are shown.
    """
    if not _is_known(given, places):
        return Fault(Reason.CURSOR_INVALID)
    parts: list[_Part] = []
    absent = NOT_LINKED
    for key, stand in places:
        if stand is None:
            return Fault(Reason.CURSOR_INVALID)
        page = _OVER if stand.is_over else _page(answer(key))
        if isinstance(page, Page):
            parts.append(_Part(key, stand, page))
        elif page.reason.place is Place.ERROR:
            return page
        else:
            absent = page if absent is NOT_LINKED else absent
    return _shown(given.first, parts) if parts else absent


def _is_known(given: Given, places: Sequence[tuple[Key, Stand | None]]) -> bool:
    """Return whether the cursor, if there is one, is of these keys: it knows one of them at least."""
    return given.cursor is None or not places or any(given.cursor.stand(key) is not None for key, _ in places)


def _shown(first: int | None, parts: Sequence[_Part]) -> Joined:
    if first is None:
        return Joined([item for part in parts for item in part.page.items])
    items: list[Facts] = []
    ends: list[tuple[int, int]] = []
    for number, part in enumerate(parts):
        skip, here = part.stand.skip, part.page.items[part.stand.skip :]
        taken = here[: first - len(items)]
        items.extend(taken)
        ends.extend((number, skip + count) for count in range(1, len(taken) + 1))
        if len(taken) < len(here) or part.page.has_next:
            return Joined(items, True, parts, ends, ends[-1] if ends else (number, max(skip, len(part.page.items))))
    return Joined(items, False, parts, ends, ends[-1] if ends else None)


def _page(answer: Answer) -> Page | Fault:
    if isinstance(answer, Found) and isinstance(answer.record, Page):
        return answer.record
    return fault_of(answer)


def fault_of(answer: Answer) -> Fault:
    """Return what stands in place of the value of a key that was not found."""
    match answer:
        case SourceError(reason):
            return Fault(reason)
        case Missing():
            return Fault(Reason.SOURCE_RECORD_MISSING)
        case Gone():
            return Fault(Reason.SOURCE_KEY_GONE)
        case ReplacedBy():
            return Fault(Reason.SOURCE_KEY_REPLACED)
        case Denied(reason):
            return Fault(reason or Reason.SOURCE_AUTH)
    return Fault(Reason.SOURCE_ERROR)  # found, but a list where facts were asked, or facts in place of a list

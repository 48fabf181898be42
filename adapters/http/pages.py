"""How a REST source gives a list in pages: what a call for one of them says, and where the page ends.

    ByCursor    the source tells where the next page begins: Zendesk, Stripe, HubSpot, JSON:API
    ByOffset    the call says how many records to pass over: limit and offset
    ByPage      the call says the number of a page and its size

A page's cursor is the source's own for ByCursor, and for the others the number of records before the page, in digits.
A next link is read, never followed: it may name any host. Where a list changes between two pages, ByOffset and ByPage
can lose or double a record; a cursor does not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

from adapters.adapter import Slice
from adapters.http.parts import is_cursor
from adapters.records import SourcePath, is_there, read_path
from adapters.rows import Row
from adapters.sending import SendError
from schema.reasons import Reason

__all__ = ["ByCursor", "ByOffset", "ByPage", "InLastRecord", "InLink", "Paging", "RawPage"]

_LONGEST_LINK = 8_192
_MOST_PARAMETERS = 100
_POSITION = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)


@dataclass(frozen=True, slots=True)
class RawPage:
    """The raw records of one page, as many as were asked at most, and where the page ends."""

    raws: Sequence[object] = field(repr=False)
    end_cursor: str | None = field(repr=False)
    has_next: bool


@dataclass(frozen=True, slots=True)
class InLink:
    """The next cursor is a parameter of the link that stands at this place, by the name that the call uses for it."""

    at: SourcePath


@dataclass(frozen=True, slots=True)
class InLastRecord:
    """The next cursor is what the page's last record holds at this place."""

    at: SourcePath


@dataclass(frozen=True, slots=True, kw_only=True)
class ByCursor:
    """The source tells where the next page begins.

    `size` and `cursor` are the names of the parameters, which stand in the query string, or in the body with `in_body`.
    `next` is where the next cursor stands in the answer. `has_more` is where it says true or false to whether more
    follows; without it, more follows as long as there is a next cursor.

        Zendesk    ByCursor(size="page[size]", cursor="page[after]", next=AliasPath("meta", "after_cursor"),
                            has_more=AliasPath("meta", "has_more"))
        Stripe     ByCursor(size="limit", cursor="starting_after", next=InLastRecord("id"), has_more="has_more")
        HubSpot    ByCursor(size="limit", cursor="after", next=AliasPath("paging", "next", "after"))
        JSON:API   ByCursor(size="page[size]", cursor="page[after]", next=InLink(AliasPath("links", "next")))
    """

    size: str
    cursor: str
    next: SourcePath | InLink | InLastRecord
    has_more: SourcePath | None = None
    in_body: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.next, InLastRecord) and self.has_more is None:
            raise ValueError(
                "got next=InLastRecord without has_more; every page has a last record: say in has_more= where the "
                "answer tells whether more follows"
            )

    @property
    def names(self) -> tuple[str, str]:
        """Return the names of the parameters."""
        return self.size, self.cursor

    @property
    def told(self) -> Sequence[SourcePath]:
        """Return the places in an answer, outside its records, that are read."""
        match self.next:
            case InLastRecord():
                at = None
            case InLink(place):
                at = place
            case place:
                at = place
        return [one for one in (at, self.has_more) if one is not None]

    @property
    def last_record(self) -> SourcePath | None:
        """Return the place in a page's last record that is read; None for none."""
        return self.next.at if isinstance(self.next, InLastRecord) else None

    def parameters(self, asked: Slice, most: int) -> dict[str, str | int]:
        """Return what a call for this part of a list says, or raise SendError if it goes on from no cursor."""
        if asked.after is None:
            return {self.size: asked.first}
        if not is_cursor(asked.after):
            raise _error("the list is to be gone on with from what is no cursor")
        return {self.size: asked.first, self.cursor: asked.after}

    def read(self, asked: Slice, most: int, body: object, raws: Sequence[object]) -> RawPage:
        """Return the page in an answer to such a call, or raise SendError if it cannot be one."""
        _check_count(raws, asked.first)
        if self.has_more is not None and not _flag(body, self.has_more):
            return RawPage(raws, None, has_next=False)
        found = self._next(body, raws)
        if found is not None and not is_cursor(found):
            raise _error("the answer goes on at what is no cursor")
        return RawPage(raws, found, has_next=self.has_more is not None or found is not None)

    def _next(self, body: object, raws: Sequence[object]) -> str | None:
        match self.next:
            case InLink(at):
                return _from_link(read_path(body, at), self.cursor)
            case InLastRecord(at):
                return _cursor_text(_told_by(raws[-1], at) if raws else None)
        return _cursor_text(read_path(body, self.next))


@dataclass(frozen=True, slots=True, kw_only=True)
class ByOffset:
    """The call says how many records it takes, and how many it passes over.

    `size` and `offset` are the names of the parameters, which stand in the query string, or in the body with `in_body`.
    `starts_at` is the number of the first record. Whether more follows is read at `has_more` (true or false), or from
    the number of all records at `total`. Where the answer says neither, a call asks for one record more than wanted:
    the offer's `max_page` is then at most one less than what the source gives at once.
    """

    size: str = "limit"
    offset: str = "offset"
    starts_at: int = 0
    has_more: SourcePath | None = None
    total: SourcePath | None = None
    in_body: bool = False

    @property
    def names(self) -> tuple[str, str]:
        """Return the names of the parameters."""
        return self.size, self.offset

    last_record: ClassVar[None] = None

    @property
    def told(self) -> Sequence[SourcePath]:
        """Return the places in an answer, outside its records, that are read."""
        return [one for one in (self.has_more, self.total) if one is not None]

    def parameters(self, asked: Slice, most: int) -> dict[str, str | int]:
        """Return what a call for this part of a list says, or raise SendError if it goes on from no cursor."""
        return {self.size: self._size(asked), self.offset: _position(asked) + self.starts_at}

    def read(self, asked: Slice, most: int, body: object, raws: Sequence[object]) -> RawPage:
        """Return the page in an answer to such a call, or raise SendError if it cannot be one."""
        _check_count(raws, self._size(asked))
        taken, end = raws[: asked.first], _position(asked) + min(len(raws), asked.first)
        has_next = self._more(asked, end, body, raws)
        if has_next and not taken:
            raise _error("the answer says that more follows, and gives nothing")
        return RawPage(taken, str(end), has_next)

    def _size(self, asked: Slice) -> int:
        is_told = self.has_more is not None or self.total is not None
        return asked.first if is_told else asked.first + 1

    def _more(self, asked: Slice, end: int, body: object, raws: Sequence[object]) -> bool:
        if self.has_more is not None:
            return _flag(body, self.has_more)
        return len(raws) > asked.first if self.total is None else end < _count(body, self.total)


@dataclass(frozen=True, slots=True, kw_only=True)
class ByPage:
    """The call says the number of a page and how many records a page holds.

    `size` and `page` are the names of the parameters, which stand in the query string, or in the body with `in_body`.
    `starts_at` is the number of the first page. Whether more follows is read from the number of all pages at
    `total_pages`, from that of all records at `total`, or at `has_more` (true or false): one of them is needed.

    A page that begins where a caller stands need not exist: then a larger one is asked that holds what is wanted, and
    the rest of it is dropped. Where no page of at most `max_page` records holds all of it, the one that holds most is
    asked, and fewer records are given than were asked.
    """

    size: str = "page[size]"
    page: str = "page[number]"
    starts_at: int = 1
    total_pages: SourcePath | None = None
    total: SourcePath | None = None
    has_more: SourcePath | None = None
    in_body: bool = False

    def __post_init__(self) -> None:
        told = [path for path in (self.total_pages, self.total, self.has_more) if path is not None]
        if len(told) != 1:
            raise ValueError(
                f"got {len(told)} of total_pages, total and has_more; wanted one: where the answer tells whether more "
                "follows"
            )

    @property
    def names(self) -> tuple[str, str]:
        """Return the names of the parameters."""
        return self.size, self.page

    last_record: ClassVar[None] = None

    @property
    def told(self) -> Sequence[SourcePath]:
        """Return the places in an answer, outside its records, that are read."""
        return [one for one in (self.total_pages, self.total, self.has_more) if one is not None]

    def parameters(self, asked: Slice, most: int) -> dict[str, str | int]:
        """Return what a call for this part of a list says, or raise SendError if it goes on from no cursor."""
        start = _position(asked)
        size = _page_size(start, asked.first, most)
        return {self.size: size, self.page: start // size + self.starts_at}

    def read(self, asked: Slice, most: int, body: object, raws: Sequence[object]) -> RawPage:
        """Return the page in an answer to such a call, or raise SendError if it cannot be one."""
        start = _position(asked)
        size = _page_size(start, asked.first, most)
        _check_count(raws, size)
        is_followed = self._is_followed(start // size, size, body, len(raws))
        if is_followed and len(raws) < size:
            raise _error("the source's pages are shorter than asked, and their numbers stand for other records")
        skip = start % size
        taken = raws[skip : skip + asked.first]
        has_next = is_followed or len(raws) > skip + asked.first
        return RawPage(taken, str(start + len(taken)), has_next)

    def _is_followed(self, number: int, size: int, body: object, count: int) -> bool:
        if self.total_pages is not None:
            return number + 1 < _count(body, self.total_pages)
        if self.total is not None:
            return number * size + count < _count(body, self.total)
        assert self.has_more is not None
        return _flag(body, self.has_more)


Paging = ByCursor | ByOffset | ByPage


def _page_size(start: int, first: int, most: int) -> int:
    """Return the size of the smallest page that holds these records, else of the one that holds most of them."""
    sizes = (size for size in range(first, most + 1) if start % size + first <= size)
    held = next(sizes, None)
    return held or max(range(1, most + 1), key=lambda size: min(first, size - start % size))


def _position(asked: Slice) -> int:
    if asked.after is None:
        return 0
    if not _POSITION.fullmatch(asked.after):
        raise _error("the list is to be gone on with from what is no cursor")
    return int(asked.after)


def _check_count(raws: Sequence[object], most: int) -> None:
    if len(raws) > most:
        raise _error("the page held more records than were asked for")


def _flag(body: object, path: SourcePath) -> bool:
    value = read_path(body, path)
    if not isinstance(value, bool):
        raise _error("the answer does not say whether more follows where the offer says that it does")
    return value


def _count(body: object, path: SourcePath) -> int:
    value = read_path(body, path)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _error("the answer does not say how much there is where the offer says that it does")
    return value


def _told_by(record: object, at: SourcePath) -> Any:
    read = type(record).row_cursor if isinstance(record, Row) else None
    return read_path(record, at) if read is None else read(record)


def _cursor_text(value: Any) -> str | None:
    """Return a cursor as text; None for none. What can be none becomes empty, and is refused as such."""
    if not is_there(value) or value is None or value == "":
        return None
    return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""


def _from_link(link: Any, name: str) -> str | None:
    """Return the parameter of this name in a link; None for no link. Its host and path are not looked at."""
    if not is_there(link) or link is None or link == "":
        return None
    try:
        query = urlsplit(link).query if isinstance(link, str) and len(link) <= _LONGEST_LINK else ""
        pairs = parse_qsl(query, errors="strict", max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        pairs = []
    found = [value for each, value in pairs if each == name]
    return found[0] if len(found) == 1 else ""


def _error(why: str) -> SendError:
    return SendError(Reason.SOURCE_ERROR, why)

"""The REST source in memory with lists in pages, in each of the ways that an offer can declare."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from pydantic import AliasPath

from adapters.answers import Key, Page
from adapters.http import ByCursor, ByOffset, ByPage, HttpOffer, InBody, InLastRecord, InLink, InQuery
from tests.adapters.rest_source import CrmAccount, RestSource

__all__ = ["PAGED", "PagedRestSource"]

_COMMON: dict[str, Any] = {"serves": "Customer.accounts", "record": CrmAccount, "max_page": 3, "absent": Page}
_ZENDESK = ByCursor(
    size="page[size]",
    cursor="page[after]",
    next=AliasPath("meta", "after_cursor"),
    has_more=AliasPath("meta", "has_more"),
)

PAGED = {
    offer.name: offer
    for offer in (
        HttpOffer(name="zendesk", key=None, path="/users/{key}/tickets", records="tickets", paging=_ZENDESK, **_COMMON),
        HttpOffer(
            name="stripe",
            key="owner",
            path="/accounts",
            keys=InQuery("customer", separator=None),
            fields=InQuery("fields"),
            records="data",
            paging=ByCursor(size="limit", cursor="starting_after", next=InLastRecord("id"), has_more="has_more"),
            **_COMMON,
        ),
        HttpOffer(
            name="hubspot",
            key="owner",
            path="/accounts/search",
            keys=InBody("owners"),
            fields=InBody("properties"),
            records="results",
            paging=ByCursor(size="limit", cursor="after", next=AliasPath("paging", "next", "after"), in_body=True),
            **_COMMON,
        ),
        HttpOffer(
            name="jsonapi",
            key=None,
            path="/customers/{key}/accounts",
            fields=InQuery("fields[accounts]"),
            records="data",
            attributes="attributes",
            paging=ByCursor(size="page[size]", cursor="page[after]", next=InLink(AliasPath("links", "next"))),
            **_COMMON,
        ),
        HttpOffer(
            name="one_more",
            key="owner",
            path="/accounts",
            keys=InQuery("owner", separator=None),
            records="result",
            paging=ByOffset(size="sysparm_limit", offset="sysparm_offset"),
            **_COMMON,
        ),
        HttpOffer(
            name="offset_total",
            key="owner",
            path="/accounts/{key}",
            records="items",
            paging=ByOffset(size="count", offset="startIndex", starts_at=1, total="totalResults"),
            **_COMMON,
        ),
        HttpOffer(
            name="offset_more",
            key="owner",
            path="/accounts/{key}",
            records="items",
            paging=ByOffset(has_more=AliasPath("page", "more"), in_body=True),
            **_COMMON,
        ),
        HttpOffer(
            name="total_pages",
            key="owner",
            path="/accounts/{key}",
            records="data",
            paging=ByPage(total_pages=AliasPath("meta", "lastPage")),
            **_COMMON,
        ),
        HttpOffer(
            name="page_total",
            key="owner",
            path="/accounts/{key}",
            records="results",
            paging=ByPage(size="page_size", page="page", starts_at=0, total="count"),
            **_COMMON,
        ),
        HttpOffer(
            name="page_more",
            key="owner",
            path="/accounts/{key}",
            records="results",
            paging=ByPage(size="per_page", page="page", has_more="more"),
            **_COMMON,
        ),
    )
}

_Told = tuple[list[dict[str, Any]], dict[str, Any]]
"""The records of one page, and what the answer says beside them."""


@dataclass
class PagedRestSource(RestSource):
    """Answers with one page of the list of the key that was asked; 400 to a cursor that is none of this list."""

    most: int = 4

    def _told(
        self, found: list[dict[str, Any]], fields: frozenset[str] | None, said: Mapping[str, Any]
    ) -> tuple[int, bytes]:
        try:
            taken, beside = _PAGES[self.offer.name](self, found, said)
        except (ValueError, KeyError):
            return 400, b"{}"
        body = self._wrapped([self._cut(record, fields) for record in taken]) | beside
        return 200, json.dumps(body).encode()

    def _wrapped(self, found: list[Any]) -> Any:
        return {str(self.offer.records): found}

    def cursor(self, found: list[dict[str, Any]], at: int) -> str:
        return f"{_owner(found)}+&={at}"

    def at(self, found: list[dict[str, Any]], cursor: str | None) -> int:
        """Return the place that a cursor of this list stands for."""
        places = {self.cursor(found, at): at for at in range(len(found) + 1)}
        return 0 if cursor is None else places[cursor]


def _owner(found: list[dict[str, Any]]) -> Key | None:
    return found[0]["owner"] if found else None


def _zendesk(source: PagedRestSource, found: list[dict[str, Any]], said: Mapping[str, Any]) -> _Told:
    end = (start := source.at(found, said.get("page[after]"))) + int(said["page[size]"])
    meta = {"has_more": end < len(found), "after_cursor": source.cursor(found, min(end, len(found)))}
    return found[start:end], {"meta": meta}


def _stripe(source: PagedRestSource, found: list[dict[str, Any]], said: Mapping[str, Any]) -> _Told:
    after = said.get("starting_after")
    start = 0 if after is None else [record["id"] for record in found].index(after) + 1
    end = start + int(said["limit"])
    return found[start:end], {"has_more": end < len(found)}


def _hubspot(source: PagedRestSource, found: list[dict[str, Any]], said: Mapping[str, Any]) -> _Told:
    assert type(said["limit"]) is int
    end = (start := source.at(found, said.get("after"))) + said["limit"]
    return found[start:end], {"paging": {"next": {"after": source.cursor(found, end)}}} if end < len(found) else {}


def _jsonapi(source: PagedRestSource, found: list[dict[str, Any]], said: Mapping[str, Any]) -> _Told:
    end = (start := source.at(found, said.get("page[after]"))) + int(said["page[size]"])
    link = f"https://elsewhere.example/admin?page%5Bsize%5D=1&page%5Bafter%5D={quote(source.cursor(found, end))}"
    return found[start:end], {"links": {"next": link if end < len(found) else None}}


def _one_more(source: PagedRestSource, found: list[dict[str, Any]], said: Mapping[str, Any]) -> _Told:
    start = int(said["sysparm_offset"])
    return found[start : start + min(source.most, int(said["sysparm_limit"]))], {}


def _offset_total(source: PagedRestSource, found: list[dict[str, Any]], said: Mapping[str, Any]) -> _Told:
    start = int(said["startIndex"]) - 1
    return found[start : start + int(said["count"])], {"totalResults": len(found)}


def _offset_more(source: PagedRestSource, found: list[dict[str, Any]], said: Mapping[str, Any]) -> _Told:
    end = said["offset"] + said["limit"]
    return found[said["offset"] : end], {"page": {"more": end < len(found)}}


def _numbered(found: list[dict[str, Any]], number: int, size: int) -> tuple[list[dict[str, Any]], int]:
    assert 1 <= size <= 3, "no page is larger than the offer says"
    return found[number * size : (number + 1) * size], -(-len(found) // size)


def _total_pages(source: PagedRestSource, found: list[dict[str, Any]], said: Mapping[str, Any]) -> _Told:
    taken, pages = _numbered(found, int(said["page[number]"]) - 1, int(said["page[size]"]))
    return taken, {"meta": {"lastPage": pages}}


def _page_total(source: PagedRestSource, found: list[dict[str, Any]], said: Mapping[str, Any]) -> _Told:
    return _numbered(found, int(said["page"]), int(said["page_size"]))[0], {"count": len(found)}


def _page_more(source: PagedRestSource, found: list[dict[str, Any]], said: Mapping[str, Any]) -> _Told:
    taken, pages = _numbered(found, int(said["page"]) - 1, int(said["per_page"]))
    return taken, {"more": int(said["page"]) < pages}


_PAGES: Mapping[str, Callable[[PagedRestSource, list[dict[str, Any]], Mapping[str, Any]], _Told]] = {
    "zendesk": _zendesk,
    "stripe": _stripe,
    "hubspot": _hubspot,
    "jsonapi": _jsonapi,
    "one_more": _one_more,
    "offset_total": _offset_total,
    "offset_more": _offset_more,
    "total_pages": _total_pages,
    "page_total": _page_total,
    "page_more": _page_more,
}

"""Who saw what of a customer. That it was asked is recorded first."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from threading import Event
from typing import Annotated, Any

from fastapi import Query
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, Strict

from adapters.crossref import KnownAs, Lookup
from adapters.crossref.ids import is_customer_id
from gateway.audit.reading import Entries
from gateway.audit.who_saw import Place, Seen, page_of, place_of, place_told, who_saw
from gateway.crossref.requests import Moment, OutlineAsked
from gateway.privacy.asking import Asked, Asking
from gateway.privacy.operation import Operation
from gateway.privacy.told import Told
from gateway.refusals import NotTakenError, RequestCode, not_at_this_path

__all__ = ["SEEN"]

_KIND = "who-saw.asked"
_USUAL, _MOST = 100, 1_000
_TIMES = "since and until (times such as 2026-11-01T09:30Z)"
_PAGES = f"first (1 to {_MOST}) and after (the `next` of the page before)"
_WANTED = f"Give customer, the id of one, and where wanted {_TIMES}, {_PAGES}, each once."
_WANTED_BODY = (
    'Send {"by": {"customer": "cus_..."}} or {"by": {"source": "crm", "key": "..."}}, and where wanted '
    f"{_TIMES}, {_PAGES}."
)


def _customer(text: str) -> str:
    if not is_customer_id(text):
        raise ValueError("wanted the id of a customer")
    return text


def _behind(text: str) -> str:
    if place_of(text) is None:
        raise ValueError("wanted the `next` of the page before")
    return text


_After = Annotated[str, AfterValidator(_behind), Field(max_length=200)]


class SeenByIdAsked(BaseModel):
    """Of whom, by the canonical id, and of which time."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    customer: Annotated[str, AfterValidator(_customer)]
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    first: Annotated[int, Field(ge=1, le=_MOST)] = _USUAL
    after: _After | None = None


class SeenAsked(OutlineAsked):
    """Of whom, and of which time. A key means whoever has it or, when nobody has, had it last."""

    since: Moment | None = None
    until: Moment | None = None
    first: Annotated[int, Strict(), Field(ge=1, le=_MOST)] = _USUAL
    after: _After | None = None


class SeenTold(Told):
    """Who saw what: the newest first, and `next` to ask for what follows, null at the end."""

    customer: str
    known_as: list[str]
    seen: list[dict[str, Any]]
    next: str | None


async def get_who_saw(asked: Annotated[SeenByIdAsked, Query()], asking: Asked) -> SeenTold:
    """Tell who saw what of a customer, by the canonical id.

    The newest first, a page at a time. A key of a source never stands in a URL.
    """
    return await _told(asking, asked.customer, asked.since, asked.until, asked.first, asked.after)


async def tell_who_saw(body: SeenAsked, asking: Asked) -> SeenTold:
    """Tell who saw what of a customer, by an id or a source's key.

    The newest first, a page at a time, under every id by which the customer is and was known.
    """
    return await _told(asking, body.by.lookup(), body.since, body.until, body.first, body.after)


async def _told(
    asking: Asking,
    who: Lookup | str,
    since: datetime | None,
    until: datetime | None,
    first: int,
    after: str | None,
) -> SeenTold:
    if asking.service.crossref is None:
        raise not_at_this_path()
    names = await asking.service.crossref.known_as(who)
    await asking.record(_KIND, customer=names[0].customer if names else None)
    if not names:
        message = "No customer is or was known by this. Check it."
        raise NotTakenError(404, RequestCode.SUBJECT_UNKNOWN, message)
    before = None if after is None else place_of(after)
    page, is_last = await _page(asking, names, since, until, first, before)
    return SeenTold(
        customer=names[0].customer,
        known_as=[name.customer for name in names],
        seen=[one.told() for one in page],
        next=None if is_last else place_told(page[-1].place),
    )


async def _page(
    asking: Asking,
    names: Sequence[KnownAs],
    since: datetime | None,
    until: datetime | None,
    first: int,
    before: Place | None,
) -> tuple[Sequence[Seen], bool]:
    """Return one page, and whether there is no other; the records are searched in a thread."""
    stopped = Event()
    entries = Entries(asking.audit.folder, asking.audit.keys, lambda: not stopped.is_set())
    try:
        found = who_saw(entries, names, since=since, until=until, before=before)
        return await asyncio.to_thread(page_of, found, first)
    finally:
        stopped.set()  # the thread may search yet


SEEN = (
    Operation("GET", "/who-saw", get_who_saw, None, _WANTED),
    Operation("POST", "/who-saw", tell_who_saw, None, _WANTED_BODY),
)

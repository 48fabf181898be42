"""Who saw what of a customer. That it was asked is recorded first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator, Strict, WithJsonSchema

from adapters.crossref import KnownAs, Lookup
from gateway.audit.reading import Bound, Entries
from gateway.audit.who_saw import Place, Seen, grants_of, page_of, place_of, place_told, read_time, reviewed, who_saw
from gateway.privacy.asking import Asked, Asking, Reference
from gateway.privacy.operation import Operation
from gateway.references import read_customer
from gateway.refusals import NotTakenError, RequestCode, not_at_this_path
from gateway.told import Told

__all__ = ["SEEN"]

_KIND = "who-saw.asked"
_USUAL, _MOST = 100, 1_000
_MOST_SEARCHED = 512 * 1024 * 1024
"""Bytes of records that are searched for one page: some tenths of a second of a processor."""
_WANTED = (
    'Send {"customer": {"id": "..."}}, in place of id a source, and where wanted actor (the employee who asks), since '
    f"and until (such as 2026-11-01 or 2026-11-01T09:30Z), first (1 to {_MOST}) and after (the `next` of the page "
    "before)."
)


def _customer(given: object) -> Lookup:
    customer = read_customer(given)
    if customer is None:
        raise ValueError('wanted {"id": "..."}, or a source and its key')
    return Lookup(*customer)


def _time(given: object) -> datetime:
    if not isinstance(given, str):
        raise ValueError("wanted a text, such as 2026-11-01 or 2026-11-01T09:30Z")
    return read_time(given)


def _behind(text: str) -> str:
    if place_of(text) is None:
        raise ValueError("wanted the `next` of the page before")
    return text


_Customer = Annotated[
    Lookup,
    PlainValidator(_customer),
    WithJsonSchema(
        {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "minProperties": 1,
            "maxProperties": 1,
            "description": "by what the customer is meant: id, or a source, with its key",
            "examples": [{"crm": "C-000009"}],
        }
    ),
]
_Time = Annotated[
    datetime,
    PlainValidator(_time),
    WithJsonSchema({"type": "string", "description": "a date or a time, in UTC unless it names a zone"}),
]


class SeenAsked(BaseModel):
    """Of whom, by which employee, and of which time. A key means whoever has it or, when nobody has, had it last."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    customer: _Customer
    actor: Annotated[Reference, Field(examples=["e-4711"])] | None = None
    since: _Time | None = None
    until: _Time | None = None
    first: Annotated[int, Strict(), Field(ge=1, le=_MOST)] = _USUAL
    after: Annotated[str, AfterValidator(_behind), Field(max_length=200)] | None = None


class SeenTold(Told):
    """Who saw what: the newest first, and `next` to ask for what follows, null at the end.

    A page searches so much of the records as a search may take. Where that was less than all, `searched_since` is the
    day back to which it went, and the page can hold fewer than were asked for, or none: `next` goes on before that day.
    """

    customer: str
    known_as: list[str]
    seen: list[dict[str, Any]]
    next: str | None
    searched_since: date | None


async def tell_who_saw(body: SeenAsked, asking: Asked) -> SeenTold:
    """Tell who saw what of a customer, by an id or a source's key.

    The newest first, a page at a time, under every id by which the customer is and was known. A key never stands in a
    URL.
    """
    if asking.service.crossref is None:
        raise not_at_this_path()
    names = await asking.service.crossref.known_as(body.customer)
    await asking.record(_KIND, customer=names[0].customer if names else None, actor=body.actor)
    if not names:
        message = "No customer is or was known by this. Check it."
        raise NotTakenError(404, RequestCode.SUBJECT_UNKNOWN, message)
    page, is_last, reached = await _page(asking, names, body)
    return SeenTold(
        customer=names[0].customer,
        known_as=[name.customer for name in names],
        seen=[one.told() for one in page],
        next=place_told(reached) if reached else None if is_last else place_told(page[-1].place),
        searched_since=reached[0].date() + timedelta(days=1) if reached else None,
    )


async def _page(
    asking: Asking, names: Sequence[KnownAs], asked: SeenAsked
) -> tuple[Sequence[Seen], bool, Place | None]:
    """Return one page, whether there is no other, and the place before which nothing was searched, if that is why the
    page ends; the records are searched in a thread."""

    before = None if asked.after is None else place_of(asked.after)

    def search(wanted: Entries) -> tuple[Sequence[Seen], bool]:
        found = who_saw(wanted, names, since=asked.since, until=asked.until, before=before)
        return page_of(found, asked.first)

    bound = Bound(_MOST_SEARCHED)
    entries = Entries(asking.audit.folder, asking.audit.keys, bound=bound)
    page, is_last = await asking.searches.read(entries, search)
    reviewing = asking.service.reviewing
    outcomes = await reviewing.outcomes(grants_of(page)) if reviewing else {}
    return [*reviewed(page, outcomes)], is_last, bound.reached if is_last else None


SEEN = (Operation("POST", "/who-saw", tell_who_saw, None, _WANTED),)

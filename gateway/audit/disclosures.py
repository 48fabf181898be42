"""An adapter whose source is the audit: what was shown of a customer, told to that customer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain, groupby, islice
from typing import Any

from adapters.adapter import Batch, Call, Slice
from adapters.answers import Answer, Facts, Fault, Found, Key, Page, SourceError
from adapters.crossref import CrossReferenceError, KnownAs
from adapters.offers import CANONICAL_ID, Offer
from adapters.records import Record
from gateway.audit.reading import Bound, Entries
from gateway.audit.records import REQUEST
from gateway.audit.turns import BusyError, Turns
from gateway.audit.who_saw import Seen, place_of, place_told, who_saw
from schema.model import Model
from schema.reasons import Reason
from schema.views import View

__all__ = ["Disclosures", "Telling"]

_MOST_PAGE = 100
_MOST_SEARCHED = 256 * 1024 * 1024
"""Bytes of records that are searched for one page, some tenths of a second of a processor; the next page goes on."""
_MOST_WAITING = 16
_NOTHING_KEPT = SourceError(Reason.SOURCE_ERROR, "this gateway keeps no audit that can be told")
_UNREADABLE = SourceError(Reason.SOURCE_ERROR, "the audit cannot be read")
_LATE = SourceError(Reason.SOURCE_TIMEOUT, "the audit was not searched to its end in time")
_BUSY = SourceError(Reason.SOURCE_RATE_LIMITED, "the audit is searched for as many as may wait")
_CHANGED = Fault(Reason.VALUE_INVALID)
_OTHER_PLACE = SourceError(Reason.SOURCE_ERROR, "the place to go on from is none of the audit's")


class DisclosureRecord(Record):
    """What is told of one request."""

    disclosed_at: datetime | None
    shown_by: str | None
    shown_for: str | None
    shown_on_basis: str | None
    shown_to: str | None
    shown_in_case: str | None
    shown_in_emergency: str | None
    shown_whole: list[str] | None
    shown_masked: list[str] | None


@dataclass(frozen=True, slots=True)
class Telling:
    """What the adapter tells from: the records, under which ids a customer is known, and the words for them."""

    entries: Entries
    known_as: Callable[[str], Awaitable[Sequence[KnownAs]]]
    model: Model
    views: Sequence[View]


class Disclosures:
    """Answers a list such as `Customer.disclosures` by the canonical id, the newest first, a page at a time.

    It searches for one customer at a time, and for one page so much of the records as a search may take: a page can
    hold fewer than were asked for, or none, and say that more follow.

    Only requests by which something was shown are told. Who asked on the consumer's side is not: the person's own
    right to know (GDPR article 15(1)(c)) is about recipients, and does not reach to their employees by itself (Court of
    Justice of the EU, C-579/21). The gateway that it is declared to gives it what it tells from.
    """

    source = "audit"
    forwards_credential = False

    def __init__(self, serves: str = "Customer.disclosures") -> None:
        self.offers: Sequence[Offer] = (
            Offer(
                name="disclosures",
                serves=serves,
                record=DisclosureRecord,
                key="customer",
                keyspace=CANONICAL_ID,
                max_batch=1,
                at_once=2,
                in_flight=2,
                max_page=_MOST_PAGE,
                absent=Page,
            ),
        )
        self._telling: Telling | None = None
        self._turns = Turns(most_waiting=_MOST_WAITING)

    @contextmanager
    def telling(self, told_from: Telling) -> Iterator[None]:
        """Tell from these records for as long as the context lasts."""
        self._telling = told_from
        try:
            yield
        finally:
            self._telling = None

    def tell_of(self, views: Sequence[View]) -> None:
        """Tell in the words of these views from now on; where nothing is told from, nothing is."""
        if self._telling is not None:
            self._telling = replace(self._telling, views=views)

    async def fetch(self, batch: Batch, call: Call) -> Mapping[Key, Answer]:
        """Return a page of what was shown of each customer; the records are searched in a thread."""
        telling = self._telling
        if telling is None:
            return dict.fromkeys(batch.keys, _NOTHING_KEPT)
        try:
            async with asyncio.timeout(max(0.0, call.deadline.remaining())):
                return {key: await _answer(telling, batch, key, self._turns) for key in batch.keys}
        except TimeoutError:
            return dict.fromkeys(batch.keys, _LATE)
        except (OSError, CrossReferenceError):
            return dict.fromkeys(batch.keys, _UNREADABLE)
        except BusyError:
            return dict.fromkeys(batch.keys, _BUSY)

    async def aclose(self) -> None:
        """Nothing is held."""


async def _answer(telling: Telling, batch: Batch, key: Key, turns: Turns) -> Answer:
    part = batch.slice or Slice(_MOST_PAGE)
    before = None if part.after is None else place_of(part.after)
    if part.after is not None and before is None:
        return _OTHER_PLACE
    own = [name for name in await telling.known_as(key) if name.since is None]
    bound = Bound(_MOST_SEARCHED)

    def search(wanted: Entries) -> list[Seen]:
        return [*islice(_records(who_saw(wanted, own, before=before)), part.first + 1)]

    taken = await turns.read(replace(telling.entries, bound=bound), search)
    page = taken[: part.first]
    marks = tuple((number, place_told(one.place)) for number, one in enumerate(page, start=1))
    items = tuple(_facts(one, telling, batch.fields) for one in page)
    has_next, end = len(taken) > len(page), marks[-1][1] if marks else None
    if not has_next and bound.reached is not None:
        has_next, end = True, place_told(bound.reached)
    return Found(Page(items, end, has_next, marks), datetime.now(UTC))


def _records(found: Iterable[Seen]) -> Iterator[Seen]:
    """Yield each request by which something was shown, once, also where it names the person by two ids; and those of
    which that cannot be known any more, for somebody has changed the record."""
    for _, several in groupby(found, key=lambda one: one.place):
        shown = [one for one in several if one.kind == REQUEST and (one.was_shown or not one.is_signed)]
        if shown:
            yield replace(
                shown[0],
                shown=[*dict.fromkeys(chain.from_iterable(one.shown for one in shown))],
                masked=_together(one.masked for one in shown),
                grant=next((one.grant for one in shown if one.opened), shown[0].grant),
                opened=[*dict.fromkeys(chain.from_iterable(one.opened for one in shown))],
            )


def _together(masked: Iterable[Mapping[str, Sequence[str]]]) -> Mapping[str, Sequence[str]]:
    together = dict[str, dict[str, None]]()
    for codes, coordinates in chain.from_iterable(one.items() for one in masked):
        together.setdefault(codes, {}).update(dict.fromkeys(coordinates))
    return {codes: [*coordinates] for codes, coordinates in together.items()}


def _facts(one: Seen, telling: Telling, fields: Sequence[str]) -> Facts:
    """Return what is told of a record: of one that is not as it was written nothing, but that there is one."""
    if not one.is_signed:
        return dict.fromkeys(fields, _CHANGED)
    titles = {view.id: view.title for view in telling.views}
    told: dict[str, Any] = {
        "disclosed_at": one.at,
        "shown_by": titles.get(one.view or "", one.view),
        "shown_for": one.purpose,
        "shown_on_basis": one.basis,
        "shown_to": one.consumer,
        "shown_in_case": _case(one),
        "shown_in_emergency": one.grant.get("reason") if one.opened else None,
        "shown_whole": _words(one.shown, telling.model),
        "shown_masked": _words([*chain.from_iterable(one.masked.values())], telling.model),
    }
    return {name: told[name] for name in fields}


def _case(one: Seen) -> str | None:
    """Return in which case it was shown, unless others were asked about with it: it may be the case of one of them."""
    return (one.situation.get("case") or one.situation.get("interaction")) if one.is_alone else None


def _words(coordinates: Sequence[str], model: Model) -> list[str]:
    """Return coordinates in the model's own words, each once; what the model has no more is told as it was."""
    return [*dict.fromkeys(model.title(name).rstrip(".") or name for name in coordinates)]

"""An adapter whose source is the audit: what was shown of a customer, told to that customer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain, groupby, islice
from threading import Event
from typing import Any

from adapters.adapter import Batch, Call, Slice
from adapters.answers import Answer, Facts, Fault, Found, Key, Page, SourceError
from adapters.crossref import CrossReferenceError, KnownAs
from adapters.offers import CANONICAL_ID, Offer
from adapters.records import Record
from gateway.audit.reading import Entries
from gateway.audit.records import REQUEST
from gateway.audit.who_saw import Seen, place_of, place_told, who_saw
from schema.model import Model
from schema.reasons import Reason
from schema.views import View

__all__ = ["Disclosures", "Telling"]

_MOST_PAGE = 100
_NOTHING_KEPT = SourceError(Reason.SOURCE_ERROR, "this gateway keeps no audit that can be told")
_UNREADABLE = SourceError(Reason.SOURCE_ERROR, "the audit cannot be read")
_LATE = SourceError(Reason.SOURCE_TIMEOUT, "the audit was not searched to its end in time")
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

    @contextmanager
    def telling(self, told_from: Telling) -> Iterator[None]:
        """Tell from these records for as long as the context lasts."""
        self._telling = told_from
        try:
            yield
        finally:
            self._telling = None

    async def fetch(self, batch: Batch, call: Call) -> Mapping[Key, Answer]:
        """Return a page of what was shown of each customer; the records are searched in a thread."""
        telling, stopped = self._telling, Event()
        if telling is None:
            return dict.fromkeys(batch.keys, _NOTHING_KEPT)
        try:
            async with asyncio.timeout(max(0.0, call.deadline.remaining())):
                return {key: await _answer(telling, batch, key, stopped) for key in batch.keys}
        except TimeoutError:
            return dict.fromkeys(batch.keys, _LATE)
        except (OSError, CrossReferenceError):
            return dict.fromkeys(batch.keys, _UNREADABLE)
        finally:
            stopped.set()  # the thread may search yet

    async def aclose(self) -> None:
        """Nothing is held."""


async def _answer(telling: Telling, batch: Batch, key: Key, stopped: Event) -> Answer:
    part = batch.slice or Slice(_MOST_PAGE)
    before = None if part.after is None else place_of(part.after)
    if part.after is not None and before is None:
        return _OTHER_PLACE
    own = [name for name in await telling.known_as(key) if name.since is None]
    entries = replace(telling.entries, is_wanted=lambda: not stopped.is_set())
    found = _records(who_saw(entries, own, before=before))
    taken = await asyncio.to_thread(lambda: [*islice(found, part.first + 1)])
    page = taken[: part.first]
    marks = tuple((number, place_told(one.place)) for number, one in enumerate(page, start=1))
    items = tuple(_facts(one, telling, batch.fields) for one in page)
    return Found(Page(items, marks[-1][1] if marks else None, len(taken) > len(page), marks), datetime.now(UTC))


def _records(found: Iterable[Seen]) -> Iterator[Seen]:
    """Yield each request by which something was shown, once, also where it names the person by two ids; and those of
    which that cannot be known any more, for somebody has changed the record."""
    for _, several in groupby(found, key=lambda one: one.place):
        shown = [one for one in several if one.kind == REQUEST and (one.was_shown or not one.is_signed)]
        if shown:
            yield replace(shown[0], shown=[*dict.fromkeys(chain.from_iterable(one.shown for one in shown))])


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
        "shown_in_case": one.situation.get("case") or one.situation.get("interaction"),
        "shown_in_emergency": one.grant.get("reason"),
        "shown_whole": _words(one.shown, telling.model),
        "shown_masked": _words([*chain.from_iterable(one.masked.values())], telling.model),
    }
    return {name: told[name] for name in fields}


def _words(coordinates: Sequence[str], model: Model) -> list[str]:
    """Return coordinates in the model's own words, each once; what the model has no more is told as it was."""
    return [*dict.fromkeys(_word(name, model) or name for name in coordinates)]


def _word(name: str, model: Model) -> str:
    """Return the first line of what the model says of a coordinate."""
    type_name, _, field_name = name.partition(".")
    found = getattr(model.schema.type_map.get(type_name), "fields", {}).get(field_name)
    return "" if found is None else (found.description or "").partition("\n")[0].rstrip(".")

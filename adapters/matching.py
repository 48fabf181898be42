"""Which record answers which key: by the key that the record echoes, never by its position."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any

from adapters.adapter import Batch
from adapters.answers import Answer, Facts, Found, Key, Missing, Page, SourceError
from adapters.decoding import compile_decoder
from adapters.offers import Offer
from schema.reasons import Reason

__all__ = ["Ends", "PageEnd", "absent_answer", "match_answers"]

_MISMATCH = SourceError(Reason.SOURCE_MISMATCH, "the answer held a record of a key that was not asked for")
_DOUBLE = SourceError(Reason.SOURCE_ERROR, "the answer held more than one record of one key")
_NO_RECORD = SourceError(Reason.SOURCE_ERROR, "the answer held something that is no record")
_INCOMPLETE = SourceError(Reason.SOURCE_INCOMPLETE, "the answer left the key out")
_TOO_LONG = SourceError(Reason.SOURCE_ERROR, "the list held more items than the offer allows, or than were asked for")
_TOO_MANY = SourceError(Reason.SOURCE_ERROR, "the answer held far more records than keys were asked for")

_ONLY_KEY = "*"
"""Stands for the key of a call whose records do not say theirs."""

_Raw = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PageEnd:
    """The raw records of one key's page, and where the page ends: `end_cursor` is what the next one is asked with."""

    records: Sequence[_Raw] = field(repr=False)
    end_cursor: str | None = field(default=None, repr=False)
    has_next: bool = False


EndOf = Callable[[Sequence[_Raw]], PageEnd]
Ends = Callable[[Key, Sequence[_Raw]], PageEnd]
"""Tells where the page of a key ends, from the records that came for it."""


def match_answers(
    batch: Batch, keys: Sequence[Key], raws: Iterable[object], fetched_at: datetime, ends: Ends | None = None
) -> dict[Key, Answer]:
    """Return one answer for each of the keys that one call asked, from the raw records that came back.

    A record of another key is discarded. Where one came, a key that the answer leaves out is SOURCE_MISMATCH, even if
    the offer declares what an absent key means: a source that mixes up records cannot be believed on absence. Two
    records of one key answer it with SOURCE_ERROR, unless the offer answers lists; so does a list of more than the
    offer's `max_items`. Facts of a key come with at most ten records a key and a hundred more: beyond that the whole
    call is SOURCE_ERROR. What is refused is not decoded. `ends` tells where pages end; without it a list is whole. A
    page of more records than were asked is SOURCE_ERROR. Where a list is gone on with, or more is to follow, a key that
    the answer leaves out has an empty page, whatever the offer declares.
    """
    offer, most = batch.offer, 10 * len(keys) + 100
    taken = list(raws if offer.is_list else islice(raws, most + 1))
    if not offer.is_list and len(taken) > most:
        return dict.fromkeys(keys, _TOO_MANY)
    forms = {key: _ONLY_KEY if offer.key is None else offer.key_form.normal(key) for key in keys}
    owned: dict[Key, list[_Raw]] = {form: [] for form in forms.values() if form}
    strange = _dealt(offer, taken, owned)
    absent = strange or absent_answer(batch, fetched_at)
    decode = compile_decoder(offer.record, batch.fields)
    end_of = {form: ends and partial(ends, key) for key, form in forms.items()}
    answers = {
        form: _answer(batch, mine, decode, fetched_at, end_of[form])
        for form, mine in owned.items()
        if mine or (strange is None and _is_empty_page(absent, end_of[form]))
    }
    return {key: answers.get(form, absent) for key, form in forms.items()}


def _is_empty_page(absent: Answer, end_of: EndOf | None) -> bool:
    """Return whether a key without records has a page: as the offer says, or because more is to follow."""
    return end_of is not None and (isinstance(absent, Found) or end_of(()).has_next)


def _dealt(offer: Offer, raws: Iterable[object], owned: Mapping[Key, list[_Raw]]) -> Answer | None:
    """Give each raw record to the key that it echoes, and return what the last that is nobody's says of absent keys."""
    strange: Answer | None = None
    for raw in raws:
        if not isinstance(raw, Mapping):
            strange = _NO_RECORD
        elif (mine := owned.get(_ONLY_KEY if offer.key is None else offer.echoed_key(raw) or "")) is None:
            strange = _MISMATCH
        else:
            mine.append(raw)
    return strange


def _answer(
    batch: Batch,
    records: Sequence[_Raw],
    decode: Callable[[_Raw], Facts],
    fetched_at: datetime,
    end_of: EndOf | None,
) -> Answer:
    offer = batch.offer
    if not offer.is_list:
        return Found(decode(records[0]), fetched_at) if len(records) == 1 else _DOUBLE
    end = PageEnd(records) if end_of is None else end_of(records)
    if len(end.records) > (offer.max_items if batch.slice is None else batch.slice.first):
        return _TOO_LONG
    return Found(Page(tuple(map(decode, end.records)), end.end_cursor, end.has_next), fetched_at)


def absent_answer(batch: Batch, fetched_at: datetime) -> Answer:
    """Return what it means that the source has nothing of a key: what the offer says, and of a list that has begun
    that nothing follows."""
    is_gone_on = batch.slice is not None and batch.slice.after is not None
    if batch.offer.absent is Page or is_gone_on:
        return Found(Page(()), fetched_at)
    if batch.offer.absent is Missing:
        return Missing()
    return _INCOMPLETE

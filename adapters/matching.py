"""Which record answers which key: by the key that the record echoes, never by its position."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any

from adapters.adapter import Batch
from adapters.age import as_of
from adapters.answers import Answer, Facts, Found, Key, Missing, Page, SourceError
from adapters.decoding import compile_decoder
from adapters.offers import KeyForm, Offer
from adapters.rows import Row
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
    """Return one answer for each of the keys that one call asked, from the records that came back: raw ones, and rows,
    which are decoded already.

    A record of another key is discarded. Where one came, a key that the answer leaves out is SOURCE_MISMATCH, even if
    the offer declares what an absent key means: a source that mixes up records cannot be believed on absence. Two
    records of one key answer it with SOURCE_ERROR, unless the offer answers lists; so does a list of more than the
    offer's `max_items`. Facts of a key come with at most ten records a key and a hundred more: beyond that the whole
    call is SOURCE_ERROR. What is refused is not decoded. `ends` tells where pages end; without it a list is whole. A
    page of more records than were asked is SOURCE_ERROR. Where a list is gone on with, or more is to follow, a key that
    the answer leaves out has an empty page, whatever the offer declares. As of when a record holds is read where the
    offer says so; what is no moment there is a Fault, and costs no value.
    """
    offer, most = batch.offer, 10 * len(keys) + 100
    is_list = offer.is_list
    taken = list(raws if is_list else islice(raws, most + 1))
    if not is_list and len(taken) > most:
        return dict.fromkeys(keys, _TOO_MANY)
    row = _kind_of_rows(taken)
    echoes = _echoes(offer, taken, row)
    is_plain = not is_list and row is not None and offer.as_of is None
    if is_plain and (found := _one_each(offer, keys, taken, echoes)) is not None:
        if len(found) == len(keys):
            return {key: Found(found[key], fetched_at) for key in keys}
        absent = absent_answer(batch, fetched_at)
        return {key: Found(found[key], fetched_at) if key in found else absent for key in keys}
    answer = _answers_of(batch, fetched_at, tuple if row is not None else _facts_of(batch))
    return _by_the_rules(batch, _forms(offer, keys), zip(taken, echoes, strict=True), fetched_at, ends, answer)


def _forms(offer: Offer, keys: Sequence[Key]) -> Mapping[Key, Key]:
    if offer.key is None:
        return dict.fromkeys(keys, _ONLY_KEY)
    if offer.key_form is KeyForm.OPAQUE:
        return dict(zip(keys, keys, strict=True))
    return {key: offer.key_form.normal(key) for key in keys}


def _kind_of_rows(records: Sequence[object]) -> type[Row] | None:
    """Return the class of the records, where all are rows of one class."""
    kinds = set(map(type, records))
    kind = kinds.pop() if len(kinds) == 1 else None
    return kind if kind is not None and issubclass(kind, Row) else None


def _echoes(offer: Offer, records: Sequence[object], row: type[Row] | None) -> Sequence[Key | None]:
    """Return the form of the key that each record echoes: empty where it says none, None for what is no record."""
    if offer.key is not None and row is not None and row.row_key is not None and offer.key_form is KeyForm.OPAQUE:
        keys = list(map(row.row_key, records))
        if None not in keys:
            return list(map(str, keys))
    return [_echo(offer, record) for record in records]


def _echo(offer: Offer, record: object) -> Key | None:
    if not isinstance(record, Mapping):
        return None
    if offer.key is None:
        return _ONLY_KEY
    if not isinstance(record, Row):
        return offer.echoed_key(record) or ""
    read = type(record).row_key
    assert read is not None, "rows of an offer with a key hold it"
    key = read(record)
    return "" if key is None else offer.key_form.normal(str(key))


def _one_each(
    offer: Offer, keys: Sequence[Key], rows: Sequence[Any], echoes: Sequence[Key | None]
) -> Mapping[Any, Facts] | None:
    """Return the rows by key where each is of another key that was asked, and spelt as it was asked.

    So it is nearly always, and then no rule has anything to say. None: the rules decide.
    """
    found: dict[Any, Facts] = dict(zip(echoes, rows, strict=True))
    is_plain = len(found) == len(rows) and offer.key is not None and offer.key_form is KeyForm.OPAQUE
    return found if is_plain and "" not in found and found.keys() <= set(keys) else None


def _by_the_rules(
    batch: Batch,
    forms: Mapping[Key, Key],
    records: Iterable[tuple[Any, Key | None]],
    fetched_at: datetime,
    ends: Ends | None,
    answer: Callable[[Sequence[_Raw], EndOf | None], Answer],
) -> dict[Key, Answer]:
    owned: dict[Key, list[_Raw]] = {form: [] for form in forms.values() if form}
    strange = _dealt(records, owned)
    absent = strange or absent_answer(batch, fetched_at)
    if ends is None:
        answers = {form: answer(mine, None) for form, mine in owned.items() if mine}
    else:
        end_of = {form: partial(ends, key) for key, form in forms.items()}
        answers = {
            form: answer(mine, end_of[form])
            for form, mine in owned.items()
            if mine or (strange is None and _is_empty_page(absent, end_of[form]))
        }
    return {key: answers.get(form, absent) for key, form in forms.items()}


def _is_empty_page(absent: Answer, end_of: EndOf) -> bool:
    """Return whether a key without records has a page: as the offer says, or because more is to follow."""
    return isinstance(absent, Found) or end_of(()).has_next


def _dealt(records: Iterable[tuple[_Raw, Key | None]], owned: Mapping[Key, list[_Raw]]) -> Answer | None:
    """Give each record to the key that it echoes, and return what the last that is nobody's says of absent keys."""
    strange: Answer | None = None
    for record, echo in records:
        if echo is None:
            strange = _NO_RECORD
        elif (mine := owned.get(echo)) is None:
            strange = _MISMATCH
        else:
            mine.append(record)
    return strange


def _facts_of(batch: Batch) -> Callable[[Iterable[_Raw]], Sequence[Facts]]:
    """Return what makes facts of records: of rows nothing, of raw ones what the decoder does."""
    decode = compile_decoder(batch.offer.record, batch.fields)
    return lambda records: tuple([record if isinstance(record, Row) else decode(record) for record in records])


def _answers_of(
    batch: Batch, fetched_at: datetime, facts_of: Callable[[Iterable[_Raw]], Sequence[Facts]]
) -> Callable[[Sequence[_Raw], EndOf | None], Answer]:
    """Return what makes the answer of one key from its records."""
    offer = batch.offer
    most = offer.max_items if batch.slice is None else batch.slice.first

    def answer(records: Sequence[_Raw], _: EndOf | None) -> Answer:
        if len(records) != 1:
            return _DOUBLE
        return Found(facts_of(records)[0], fetched_at, None if offer.as_of is None else as_of(records[0], offer.as_of))

    def answer_list(records: Sequence[_Raw], end_of: EndOf | None) -> Answer:
        if end_of is None:
            return Found(Page(facts_of(records)), fetched_at) if len(records) <= most else _TOO_LONG
        end = end_of(records)
        if len(end.records) > most:
            return _TOO_LONG
        return Found(Page(facts_of(end.records), end.end_cursor, end.has_next), fetched_at)

    return answer_list if offer.is_list else answer


def absent_answer(batch: Batch, fetched_at: datetime) -> Answer:
    """Return what it means that the source has nothing of a key: what the offer says, and of a list that has begun
    that nothing follows."""
    is_gone_on = batch.slice is not None and batch.slice.after is not None
    if batch.offer.absent is Page or is_gone_on:
        return Found(Page(()), fetched_at)
    if batch.offer.absent is Missing:
        return Missing()
    return _INCOMPLETE

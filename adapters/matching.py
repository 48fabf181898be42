"""Which record answers which key: by the key that the record echoes, never by its position."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from adapters.adapter import Batch
from adapters.answers import Answer, Facts, Found, Key, Missing, Page, SourceError
from adapters.records import compile_decoder
from schema.reasons import Reason

__all__ = ["match_answers"]

_MISMATCH = SourceError(Reason.SOURCE_MISMATCH, "the answer held a record of a key that was not asked for")
_DOUBLE = SourceError(Reason.SOURCE_ERROR, "the answer held more than one record of one key")
_NO_RECORD = SourceError(Reason.SOURCE_ERROR, "the answer held something that is no record")
_INCOMPLETE = SourceError(Reason.SOURCE_INCOMPLETE, "the answer left the key out")


def match_answers(batch: Batch, keys: Sequence[Key], raws: Iterable[object], fetched_at: datetime) -> dict[Key, Answer]:
    """Return one answer for each of the keys that one call asked, from the raw records that came back.

    A record of another key is discarded. Where one came, a key that the answer leaves out is SOURCE_MISMATCH, even if
    the offer declares what an absent key means: a source that mixes up records cannot be believed on absence. Two
    records of one key answer it with SOURCE_ERROR, unless the offer answers lists.
    """
    decode = compile_decoder(batch.offer.record, batch.fields)
    owners = _by_normal_form(batch, keys)
    found: dict[Key, list[Facts]] = {}
    absent = _absent(batch, fetched_at)
    for raw in raws:
        if not isinstance(raw, Mapping):
            absent = _NO_RECORD
            continue
        mine = keys if batch.offer.key is None else owners.get(batch.offer.echoed_key(raw) or "", ())
        facts = decode(raw) if mine else None
        if facts is None:
            absent = _MISMATCH
            continue
        for key in mine:
            found.setdefault(key, []).append(facts)
    return {key: _answer(batch, found[key], fetched_at) if key in found else absent for key in keys}


def _by_normal_form(batch: Batch, keys: Sequence[Key]) -> dict[Key, list[Key]]:
    """Return the asked keys by their normal form: two spellings of one key share a record, and a blank has none."""
    owners: dict[Key, list[Key]] = {}
    for key in keys:
        if normal := batch.offer.key_form.normal(key):
            owners.setdefault(normal, []).append(key)
    return owners


def _answer(batch: Batch, records: list[Facts], fetched_at: datetime) -> Answer:
    if batch.offer.is_list:
        return Found(Page(tuple(records)), fetched_at)
    return Found(records[0], fetched_at) if len(records) == 1 else _DOUBLE


def _absent(batch: Batch, fetched_at: datetime) -> Answer:
    if batch.offer.absent is Missing:
        return Missing()
    if batch.offer.absent is Page:
        return Found(Page(()), fetched_at)
    return _INCOMPLETE

"""Which answer each key has in a GraphQL source's data: by the key that an object echoes, never by its position."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from adapters.adapter import Batch
from adapters.answers import Answer, Fault, Found, Key, Missing, Page, SourceError
from adapters.graphql.documents import alias
from adapters.graphql.offers import GraphQLOffer
from adapters.graphql.roots import LONGEST_CURSOR, ByIds
from adapters.http.parts import is_cursor
from adapters.matching import Ends, PageEnd, absent_answer, match_answers
from adapters.offers import Offer
from adapters.records import Record, read_path
from adapters.sending import SendError
from schema.reasons import Reason

__all__ = ["depth_of_key", "read_answers", "root_values"]

_LEFT_OUT = SourceError(Reason.SOURCE_INCOMPLETE, "the answer left the key out")


_Raw = Mapping[str, Any]


def depth_of_key(offer: GraphQLOffer) -> int:
    """Return how many steps of an error's path lead to what belongs to one key.

    In a list of entries of all keys no place but a field of an entry belongs to one.
    """
    if isinstance(offer.keys, ByIds):
        return 3 if offer.is_list and offer.at is None else 2
    return 1


def root_values(offer: GraphQLOffer, keys: int, data: Mapping[str, Any]) -> Sequence[object]:
    """Return what the root fields answer: the entries of the one list, or the value of each key's own field."""
    if not isinstance(offer.keys, ByIds):
        return [data.get(alias(at), _LEFT_OUT) for at in range(keys)]
    found = data.get(offer.keys.field)
    if not isinstance(found, list):
        raise SendError(Reason.SOURCE_ERROR, "the answer holds no list where the offer says that it stands")
    return found


def read_answers(batch: Batch, keys: Sequence[Key], values: Sequence[object], now: datetime) -> Mapping[Key, Answer]:
    """Return one answer a key from root values in which Faults stand for what the source could not tell."""
    reading = _Reading(batch, now)
    if isinstance(reading.offer.keys, ByIds):
        return reading.of_list(keys, values)
    return {key: reading.of_alias(key, value) for key, value in zip(keys, values, strict=True)}


@dataclass(frozen=True, slots=True)
class _List:
    """The entries of one list in the data, and where it ends."""

    entries: Sequence[object] = field(repr=False)
    end_cursor: str | None = field(default=None, repr=False)
    has_next: bool = False


@dataclass(frozen=True, slots=True)
class _Reading:
    """One batch's data, being read."""

    batch: Batch
    now: datetime

    @property
    def offer(self) -> GraphQLOffer:
        offer = self.batch.offer
        assert isinstance(offer, GraphQLOffer), f"got an offer of type {type(offer).__name__}; wanted GraphQLOffer"
        return offer

    def of_alias(self, key: Key, found: object) -> Answer:
        """Return the answer of a key that has a place of its own in the data."""
        if isinstance(found, SourceError):
            return found
        if isinstance(found, Fault):
            return _failed(found)
        if self.offer.is_list and self.offer.at is None:
            return self._listed(key, found)
        return self._of_objects((key,), [] if found is None else [found])[key]

    def of_list(self, keys: Sequence[Key], found: Sequence[object]) -> Mapping[Key, Answer]:
        """Return the answers of keys that were asked as one list."""
        raws = [raw for raw in found if raw is not None and not isinstance(raw, Fault)]
        answers = self._of_objects(keys, raws)
        faults = {at: raw for at, raw in enumerate(found) if isinstance(raw, Fault)}
        if not faults:
            return answers
        told = self._by_key(raws)
        silent = {key: at for at, key in enumerate(keys) if self._form(key) not in told}
        return {**answers, **{key: _failed(fault) for key, fault in self._failures(silent, faults).items()}}

    def _failures(self, silent: Mapping[Key, int], faults: Mapping[int, Fault]) -> Mapping[Key, Fault]:
        """Return what the failed entries cost, of keys without a record by where they were asked.

        Where entries stand in the order of the keys, an entry's failure is the key's that was asked there. One that is
        nobody's so, as all are without that promise, is that of every key without a record: nobody can tell whose.
        """
        assert isinstance(self.offer.keys, ByIds)
        own = {key: faults[at] for key, at in silent.items() if at in faults} if self.offer.keys.in_order else {}
        attributed = {silent[key] for key in own}
        stray = next((fault for at, fault in faults.items() if at not in attributed), None)
        return own if stray is None else {**dict.fromkeys(silent, stray), **own}

    def _of_objects(self, keys: Sequence[Key], raws: Sequence[object]) -> Mapping[Key, Answer]:
        if self.offer.at is None:
            return match_answers(self.batch, keys, raws, self.now)
        batch = replace(self.batch, offer=_holders(self.offer), fields=(), slice=None)
        holders, answers = self._by_key(raws), match_answers(batch, keys, raws, self.now)
        return {key: self._held(key, answer, holders) for key, answer in answers.items()}

    def _form(self, key: Key) -> Key:
        return "" if self.offer.key is None else self.offer.key_form.normal(key)

    def _by_key(self, raws: Sequence[object]) -> Mapping[Key | None, _Raw]:
        echo = self.offer.key is not None
        return {self.offer.echoed_key(raw) if echo else "": raw for raw in raws if isinstance(raw, Mapping)}

    def _held(self, key: Key, answer: Answer, holders: Mapping[Key | None, _Raw]) -> Answer:
        assert self.offer.at is not None
        if isinstance(answer, Found):
            return self._listed(key, read_path(holders[self._form(key)], self.offer.at))
        return absent_answer(self.batch, self.now) if isinstance(answer, Missing) else answer

    def _listed(self, key: Key, found: object) -> Answer:
        """Return the list of a key from what stands in its place; null is a list that the source does not have."""
        if found is None:
            return absent_answer(self.batch, self.now)
        try:
            listed = self._list(found)
        except SendError as error:
            return SourceError(error.reason, error.detail)
        batch = replace(self.batch, offer=_entries(self.offer))
        return match_answers(batch, (key,), listed.entries, self.now, _ends(listed))[key]

    def _list(self, found: object) -> _List:
        connection = self.offer.connection
        if connection is None:
            return _List(_entries_in(_checked(found, list)))
        page = _checked(found, dict)
        entries = _entries_in(_checked(page.get(connection.entries), list))
        if connection.entries == "edges":
            entries = _entries_in([_checked(edge, dict).get("node") for edge in entries])
        info = _checked(page.get("pageInfo"), dict)
        return _List(entries, _cursor(info.get("endCursor")), _checked(info.get("hasNextPage"), bool))


@lru_cache(maxsize=256)
def _holders(offer: GraphQLOffer) -> Offer:
    """Return the offer of the objects that hold an offer's lists; Missing stands for what the offer says of them."""
    return Offer(
        name=offer.name,
        serves=offer.entity,
        record=_Holder,
        key=offer.key,
        key_form=offer.key_form,
        max_batch=offer.max_batch,
        absent=Missing,
    )


class _Holder(Record):
    """An object of which nothing is read but its key and a list."""


@lru_cache(maxsize=256)
def _entries(offer: GraphQLOffer) -> Offer:
    """Return the offer of one key's entries, which have been found: a list without any is an empty one."""
    return Offer(
        name=offer.name,
        serves=offer.serves,
        record=offer.record,
        key=offer.key if offer.at is None else None,
        key_form=offer.key_form,
        max_batch=1,
        absent=Page,
        max_items=offer.max_items,
        max_page=offer.max_page,
    )


def _ends(listed: _List) -> Ends:
    return lambda _, records: PageEnd(records, listed.end_cursor, listed.has_next)


def _entries_in(found: list[Any]) -> Sequence[object]:
    """Return the entries that are there. One that could not be told costs the list: half a list is a lie."""
    return [_checked(entry, dict) for entry in found if entry is not None]


def _checked(found: object, wanted: type[Any]) -> Any:
    """Return what was found if it is of this type, else raise SendError: with a Fault's own reason where one stands."""
    if isinstance(found, Fault):
        raise SendError(found.reason, "the source reported an error of the list")
    if not isinstance(found, wanted):
        raise SendError(Reason.SOURCE_ERROR, "the answer holds no list where the offer says that it stands")
    return found


def _cursor(found: object) -> str | None:
    if found is None:
        return None
    if not is_cursor(_checked(found, str), LONGEST_CURSOR):
        raise SendError(Reason.SOURCE_ERROR, "the answer goes on at what is no cursor")
    return str(found)


def _failed(fault: Fault) -> SourceError:
    return SourceError(fault.reason, "the source reported an error of the key")

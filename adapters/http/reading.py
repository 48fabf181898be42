"""A REST source's body read as rows: in one decode where all fits, else record by record, else as JSON.

What comes out is the same each time; what differs is the time it takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from operator import attrgetter
from typing import Annotated, Any

from cachetools import LRUCache
from msgspec import NODEFAULT, Meta, MsgspecError, Raw, Struct
from msgspec.json import Decoder

from adapters.http.exact_json import check_size, read_decimal, read_json
from adapters.http.offers import HttpOffer
from adapters.leaves import WORD, UncoveredError, read_leaf
from adapters.records import SourcePath
from adapters.rows import Row, has_shape, keyed_row, rows_size
from adapters.structs import Members, steps_of

__all__ = ["ReadRecords", "Readers", "reader_for"]

_Read = Callable[[bytes], Any]

_MOST_BYTES = 4 * 1024 * 1024
"""What the readers of one adapter take together at most: some 220 of them for 16 fields each."""

_A_READER = 6_000
"""Bytes that a reader takes beside its rows: 5 to 5.7 KiB were measured, for 4 fields as for 24."""

_MOST_ASKED = 1_024
"""Of how many sets of fields an adapter knows that they were asked for once."""

_DOUBTS = (MsgspecError, ValueError, ArithmeticError, RecursionError)
"""What msgspec, and the readers of leaves, raise on what is out of the ordinary: the exact way decides."""

_OBJECT = b"{"


@dataclass(frozen=True, slots=True)
class ReadRecords:
    """The records in a body: rows, and as raw mappings those that are none. `told` is the rest of the body, as far as
    the offer's paging reads it."""

    records: Sequence[object] = field(repr=False)
    told: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Made:
    read: _Read
    size: int


class Readers:
    """What reads the bodies of one adapter: as rows what is asked for again, and as JSON what is asked for once.

    A reader takes up to a millisecond to make, and sets of fields come from callers, who can send ever new ones. So it
    is made when code waits for its rows, or when the same fields are asked for a second time. All readers take
    `most_bytes` at most; the one that was not used for the longest time goes first.
    """

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self._made: LRUCache[object, _Made] = LRUCache(most_bytes, getsizeof=lambda made: min(made.size, most_bytes))
        self._asked: LRUCache[int, None] = LRUCache(_MOST_ASKED)

    def reader(self, offer: HttpOffer, fields: tuple[str, ...]) -> _Read:
        """Return what reads a body for these fields of the offer, as `reader_for` does."""
        try:
            return self._made[offer, fields].read
        except KeyError:
            return self._reader(offer, fields)

    def _reader(self, offer: HttpOffer, fields: tuple[str, ...]) -> _Read:
        once = hash((offer, fields))  # to keep the fields themselves would take a kilobyte
        if once not in self._asked and not has_shape(offer.record, fields):
            self._asked[once] = None
            return read_json
        read = reader_for(offer, fields)
        self._made[offer, fields] = _Made(read, _A_READER + rows_size(fields))
        return read


def reader_for(offer: HttpOffer, fields: tuple[str, ...]) -> _Read:
    """Return what reads a body for these fields of the offer: it returns ReadRecords, or, where the body or the offer
    has no such form, the JSON as `read_json` does. It raises JsonError as that does, and nothing else."""
    last = offer.paging.last_record if offer.paging is not None else None
    row = keyed_row(offer.record, fields, offer.key, last, offer.as_of) if offer.attributes is None else None
    try:
        return read_json if row is None else _Reader(offer, row).read
    except (UncoveredError, ValueError):  # msgspec refuses names of members that hold quotes
        return read_json


class _Reader:
    """Reads the bodies of one offer for one set of fields."""

    def __init__(self, offer: HttpOffer, row: type[Row]) -> None:
        rows = Annotated[list[row | None], Meta(max_length=_most_records(offer))]  # type: ignore[valid-type]
        self._whole = _envelope(offer, rows | row)
        self._split, self._list = _split(offer)
        self._one = _decoder(row | None)

    def read(self, body: bytes) -> Any:
        """Return the body's records, or the body."""
        check_size(body)
        try:
            if not body.isascii():
                body.decode()  # msgspec looks at no byte of what it passes over
            try:
                return self._whole.read(body)
            except _DOUBTS:
                return self._read_apart(body)
        except _DOUBTS:
            return read_json(body)

    def _read_apart(self, body: bytes) -> ReadRecords:
        read = self._split.read(body)
        raw: Any = read.records[0]
        raws: list[Any] = [raw] if bytes(raw).lstrip().startswith(_OBJECT) else self._list.decode(raw)
        return ReadRecords([self._record(one) for one in raws], read.told)

    def _record(self, raw: Raw) -> object:
        try:
            return self._one.decode(raw)
        except _DOUBTS:
            return read_json(bytes(raw))


def _most_records(offer: HttpOffer) -> int:
    return offer.keys_a_call * (offer.max_items if offer.is_list else 10) + 100


def _envelope(offer: HttpOffer, annotation: Any) -> _Envelope:
    return _Envelope.of(offer.records, () if offer.paging is None else offer.paging.told, annotation)


@lru_cache(maxsize=256)
def _split(offer: HttpOffer) -> tuple[_Envelope, Decoder[list[Raw]]]:
    """Return what splits an offer's bodies into records, whatever fields are read of them: an envelope, and a list."""
    return _envelope(offer, Raw), Decoder(Annotated[list[Raw], Meta(max_length=_most_records(offer))])


@dataclass(frozen=True, slots=True)
class _Envelope:
    """What stands around the records in a body."""

    decoder: Decoder[Any]
    get: Callable[[Any], Any] | None
    told: Sequence[tuple[Sequence[str], Callable[[Any], Any]]]

    @classmethod
    def of(cls, records: SourcePath | None, told: Sequence[SourcePath], annotation: Any) -> _Envelope:
        """Return the envelope around records of this annotation, or raise UncoveredError."""
        if records is None and told:
            raise UncoveredError
        if records is None:
            return cls(_decoder(annotation), None, ())
        members = Members()
        get = attrgetter(members.put(steps_of(records), "records", annotation, NODEFAULT))
        places = [(steps, members.put(steps, "told", WORD | bool | None, None)) for steps in map(steps_of, told)]
        struct = members.struct("Envelope", Struct, {})
        return cls(_decoder(struct), get, [(steps, attrgetter(place)) for steps, place in places])

    def read(self, body: bytes) -> ReadRecords:
        """Return what the body holds; a single record or Raw as the only one."""
        found = self.decoder.decode(body)
        records = found if self.get is None else self.get(found)
        told: dict[str, Any] = {}
        for steps, read in self.told:
            _put(told, steps, read(found))
        return ReadRecords(records if type(records) is list else [records], told)


def _put(told: dict[str, Any], steps: Sequence[str], value: object) -> None:
    for step in steps[:-1]:
        told = told.setdefault(step, {})
    told[steps[-1]] = value


def _decoder(annotation: Any) -> Decoder[Any]:
    return Decoder(annotation, dec_hook=read_leaf, float_hook=read_decimal)

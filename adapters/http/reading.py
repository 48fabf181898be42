"""A REST source's body read as rows: in one decode where all fits, else record by record, else as JSON.

What comes out is the same each time; what differs is the time it takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from operator import attrgetter
from typing import Annotated, Any

from msgspec import NODEFAULT, Meta, MsgspecError, Raw, Struct
from msgspec.json import Decoder

from adapters.http.exact_json import read_decimal, read_json
from adapters.http.offers import HttpOffer
from adapters.leaves import WORD, UncoveredError, read_leaf
from adapters.records import SourcePath
from adapters.rows import Row, keyed_row
from adapters.structs import Members, steps_of

__all__ = ["ReadRecords", "reader_for"]

_DOUBTS = (MsgspecError, ValueError, ArithmeticError, RecursionError)
"""What msgspec, and the readers of leaves, raise on what is out of the ordinary: the exact way decides."""

_OBJECT = b"{"


@dataclass(frozen=True, slots=True)
class ReadRecords:
    """The records in a body: rows, and as raw mappings those that are none. `told` is the rest of the body, as far as
    the offer's paging reads it."""

    records: Sequence[object] = field(repr=False)
    told: Mapping[str, Any] = field(repr=False)


@lru_cache(maxsize=1024)
def reader_for(offer: HttpOffer, fields: tuple[str, ...]) -> Callable[[bytes], Any]:
    """Return what reads a body for these fields of the offer: it returns ReadRecords, or, where the body or the offer
    has no such form, the JSON as `read_json` does. It raises JsonError as that does, and nothing else."""
    last = offer.paging.last_record if offer.paging is not None else None
    row = keyed_row(offer.record, fields, offer.key, last) if offer.attributes is None else None
    try:
        return read_json if row is None else _Reader(offer, row).read
    except (UncoveredError, ValueError):  # msgspec refuses names of members that hold quotes
        return read_json


class _Reader:
    """Reads the bodies of one offer for one set of fields."""

    def __init__(self, offer: HttpOffer, row: type[Row]) -> None:
        most = offer.keys_a_call * (offer.max_items if offer.is_list else 10) + 100
        places = offer.paging.told if offer.paging is not None else ()
        whole = _Envelope.of(offer.records, places, Annotated[list[row | None], Meta(max_length=most)] | row)  # type: ignore[valid-type]
        split = _Envelope.of(offer.records, places, Raw)
        self._whole, self._split = whole, split
        self._list = Decoder(Annotated[list[Raw], Meta(max_length=most)])
        self._one = _decoder(row | None)

    def read(self, body: bytes) -> Any:
        """Return the body's records, or the body."""
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

"""Facts as a source's own JSON, read back as a `Row` by what reads the bodies of REST sources."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any, cast

from pydantic.fields import FieldInfo

from adapters.answers import TYPE_NAME, Facts
from adapters.http import HttpOffer
from adapters.http.reading import reader_for
from adapters.offers import Offer
from adapters.records import Record, SourcePath, is_inline, source_paths
from adapters.rows import Row, row_shape

__all__ = ["as_row"]

_KEY = "the key"


def as_row(offer: Offer, fields: tuple[str, ...], facts: Facts) -> Facts:
    """The facts as a row; as they are where no row can hold what the record declares, or its source has other words."""
    if row_shape(offer.record, fields) is None:
        return facts
    raw = {_KEY: "K", **_raw(offer.record, facts)}
    (read,) = _reader(offer, fields)(json.dumps(raw, default=_told).encode()).records
    return cast("Facts", read) if isinstance(read, Row) else facts


@lru_cache(maxsize=256)
def _reader(offer: Offer, fields: tuple[str, ...]) -> Callable[[bytes], Any]:
    """The reader of a REST source with the same records."""
    rest = HttpOffer(name=offer.name, serves=offer.serves, record=offer.record, key=_KEY, path="/records/{key}")
    return reader_for(rest, fields)


def _raw(record: type[Record], facts: Facts) -> dict[str, Any]:
    """The record as the source would have it: by its own names, in its own places."""
    raw: dict[str, Any] = {}
    for name, value in facts.items():
        if name == TYPE_NAME:
            continue
        info, nested = record.model_fields[name], record.record_nested(name)
        inner: Any = _word(info, value) if nested is None else _nested(nested, value)
        if is_inline(info):
            raw.update(inner)
        else:
            _put(raw, source_paths(name, info)[0], inner)
    return raw


def _word(info: FieldInfo, value: object) -> object:
    """A member of an enum as the source's own word, where the record reads it with a table of words: any word of it for
    what the source does not know."""
    for one in info.metadata:
        cells = getattr(getattr(one, "func", None), "__closure__", None) or ()
        for words in (cell.cell_contents for cell in cells):
            if isinstance(words, Mapping) and isinstance(value, Enum):
                return next((word for word, member in words.items() if member is value), next(iter(words)))
    return value


def _nested(record: type[Record], value: Any) -> Any:
    if isinstance(value, list):
        return [_nested(record, one) for one in value]
    return _raw(record, value) if isinstance(value, Mapping) else value


def _put(raw: dict[str, Any], path: SourcePath, value: object) -> None:
    steps = [path] if isinstance(path, str) else [str(step) for step in path.path]
    for step in steps[:-1]:
        raw = raw.setdefault(step, {})
    raw[steps[-1]] = value


def _told(value: object) -> str:
    """A leaf that JSON has no word for, as sources write it."""
    match value:
        case Enum():
            return str(value.value)
        case Decimal():
            return format(value, "f")
        case date():
            return value.isoformat()
    raise TypeError(type(value))

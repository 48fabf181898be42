"""Raw records of a source turned into facts, one field at a time, so that one bad value costs itself only."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import AwareDatetime, BeforeValidator, Field, TypeAdapter
from pydantic import ValidationError as PydanticValidationError
from pydantic.fields import FieldInfo

from adapters.answers import TYPE_NAME, Facts, Fault
from adapters.records import (
    Inline,
    Record,
    Reference,
    Shape,
    by_head,
    by_type,
    is_inline,
    is_there,
    read_path,
    shape_of,
    source_paths,
)
from schema.reasons import Reason

__all__ = ["MOST_ITEMS", "compile_decoder", "compile_leaf"]

MOST_ITEMS = 1_000
"""The most entries of a list inside a record. A longer one is a fault as a whole: decoding takes the event loop's time,
and a source's body holds hundreds of thousands of entries."""

_INVALID, _ABSENT = Fault(Reason.VALUE_INVALID), Fault(Reason.VALUE_INVALID, is_absent=True)


@lru_cache(maxsize=512)  # callers choose the fields: one of 16 fields of all kinds takes 80 us and holds 6 KiB
def compile_decoder(record: type[Record], fields: tuple[str, ...]) -> Callable[[Mapping[str, Any]], Facts]:
    """Return the function that turns one raw record of the source into facts for these fields.

    `fields` are dotted paths in the record's words, sorted. The result holds exactly the wanted fields: a value of
    the declared Python type, None, nested facts, a list of these, or Fault(VALUE_INVALID) in the place of a value that
    is missing (then it `is_absent`) or has another type, or of a list of more than MOST_ITEMS entries. Never raises on
    what a source sends. A Fault in the raw record, which a protocol has put in the place of a value, stays.
    """
    if record.record_told_by is not None:
        return _compile_variants(record, fields)
    parts = [(name, _compile_field(record, name, tuple(rests))) for name, rests in by_head(fields).items()]

    def decode(raw: Mapping[str, Any]) -> Facts:
        return {name: read(raw) for name, read in parts}

    return decode


def _compile_variants(record: type[Record], fields: tuple[str, ...]) -> Callable[[Mapping[str, Any]], Facts]:
    """Return the decoder of records that say which concrete type they are; the facts say it too, at TYPE_NAME."""
    wanted, told_by = by_type(fields), record.record_told_by or ""
    decoders = {
        word: (one.record_type_name, compile_decoder(one, wanted.get(one.record_type_name, ())))
        for word, one in record.record_variants.items()
    }

    def decode(raw: Mapping[str, Any]) -> Facts:
        word = read_path(raw, told_by)
        if not isinstance(word, str) or word not in decoders:
            return {TYPE_NAME: _INVALID}
        type_name, decode_variant = decoders[word]
        return {TYPE_NAME: type_name, **decode_variant(raw)}

    return decode


def _compile_field(record: type[Record], name: str, rests: tuple[str, ...]) -> Callable[[Mapping[str, Any]], Any]:
    shape = shape_of(record.model_fields[name].annotation)
    if shape.record is None:
        return _leaf_field(record, name)
    return _placed(name, record.model_fields[name], _compile_nested(shape, rests))


@lru_cache(maxsize=1024)
def _leaf_field(record: type[Record], name: str) -> Callable[[Mapping[str, Any]], Any]:
    """Return what reads a leaf, made once for all sets of fields: Pydantic takes 40 to 340 us for one."""
    info = record.model_fields[name]
    return _placed(name, info, compile_leaf(info))


def _placed(name: str, info: FieldInfo, read: Callable[[Any], Any]) -> Callable[[Mapping[str, Any]], Any]:
    """Return what reads a field off a raw record; `read` takes what stands in the field's place."""
    if is_inline(info):
        return read
    paths, default = source_paths(name, info), _ABSENT if info.is_required() else info.get_default()

    def read_field(raw: Mapping[str, Any]) -> Any:
        for path in paths:
            value = read_path(raw, path)
            if is_there(value):
                return value if isinstance(value, Fault) else read(value)
        return default

    return read_field


def _compile_nested(shape: Shape, rests: tuple[str, ...]) -> Callable[[Any], Any]:
    assert shape.record is not None
    decode = compile_decoder(shape.record, rests)

    def read_object(value: Any) -> Any:
        return decode(value) if isinstance(value, Mapping) else _INVALID

    def read_list(value: Any, lists: int) -> Any:
        if isinstance(value, Fault):
            return value
        if value is None and shape.has_nulls:
            return None
        if not lists:
            return read_object(value)
        if not isinstance(value, list) or len(value) > MOST_ITEMS:
            return _INVALID
        return [read_list(item, lists - 1) for item in value]

    def read_value(value: Any) -> Any:
        if value is None:
            return None if shape.is_optional else _INVALID
        return read_list(value, shape.lists)

    return read_value


def compile_leaf(info: FieldInfo) -> Callable[[Any], Any]:
    """Return what turns the raw value of a leaf into its fact: a value, None or Fault(VALUE_INVALID). Never raises."""
    metadata = [m for m in info.metadata if not isinstance(m, (Reference, Inline))]
    exact = _exact(info.annotation)
    validate = TypeAdapter(Annotated[exact, *metadata] if metadata else exact).validator.validate_python

    def read_leaf(value: Any) -> Any:
        if isinstance(value, list):
            if len(value) > MOST_ITEMS:
                return _INVALID  # before a converter of the adapter's walks through it
            if fault := next((item for item in value if isinstance(item, Fault)), None):
                return fault
        try:
            return validate(value)
        except (PydanticValidationError, ArithmeticError, ValueError, TypeError, LookupError, AttributeError):
            return _INVALID  # a converter of the adapter's may raise any of these on a source's bad value

    return read_leaf


def _only(*types: type, text: str | None = None) -> BeforeValidator:
    """Accept raw values of these types only: no True for 1, no 3.0 for "3", no number for a date.

    `text` is the pattern of a text that is accepted too. Pydantic takes far more texts than a source can have meant:
    "20240131" for seconds since 1970, "1_000" and full-width digits for numbers.
    """
    form = None if text is None else re.compile(text)

    def check(value: Any) -> Any:
        if isinstance(value, str) and form is not None and form.fullmatch(value):
            return value
        if not isinstance(value, types) or isinstance(value, bool):
            raise ValueError("the source's value has another type or another form")
        return value

    return BeforeValidator(check)


_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = r"[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?"
_ZONE = "([Zz]|[+-][0-9]{2}:[0-9]{2})"
_MOMENT = f"{_DAY}[Tt ]{_TIME}{_ZONE}"  # RFC 3339, section 5.6, with the blank for T that its note allows
_CLOCK = f"({_TIME}|[0-9]{{2}}:[0-9]{{2}}){_ZONE}?"
_PLAIN = r"[+-]?[0-9]{1,128}(\.[0-9]{1,128})?"


_EXACT: dict[Any, Any] = {
    bool: Annotated[bool, Field(strict=True)],
    int: Annotated[int, Field(strict=True, ge=-(2**31), le=2**31 - 1)],
    float: Annotated[float, _only(float, int, Decimal), Field(allow_inf_nan=False)],
    str: Annotated[str, Field(strict=True, min_length=0)],  # any length check refuses half characters too (\\ud800)
    Decimal: Annotated[Decimal, _only(Decimal, int, text=_PLAIN), Field(allow_inf_nan=False)],
    date: Annotated[date, _only(date, text=_DAY)],
    datetime: Annotated[AwareDatetime, _only(datetime, text=_MOMENT)],
    time: Annotated[time, _only(time, text=_CLOCK)],
}


def _exact(annotation: Any) -> Any:
    """Return the annotation with every plain type replaced by its exact form; the author's own converters run first."""
    if annotation in _EXACT:
        return _EXACT[annotation]
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return Annotated[_exact(args[0]), *args[1:]]
    if origin in (Union, UnionType):
        return Union[tuple(_exact(arg) for arg in args)]  # noqa: UP007  made from a tuple
    if origin is list:
        return Annotated[list[_exact(args[0])], Field(max_length=MOST_ITEMS)]  # type: ignore[misc]
    return annotation

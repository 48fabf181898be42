"""How a source's records become facts in the model's words: Pydantic declarations, decoded one field at a time.

A record class is a declaration: its field names are the model's field names, its validation aliases say where the
source keeps each value, its annotations say what the value is. It is never instantiated. From it come the
projection that is sent to the source and the decoder for the fields that were asked, so that one bad value costs
itself only.

    class CrmName(Record):
        given: str | None = Field(validation_alias="firstName")
        family: str | None = Field(validation_alias="lastName")

    class CrmCustomer(Record):
        name: Annotated[CrmName, Inline()]
        customer_since: date | None = Field(validation_alias=AliasPath("meta", "created"))
        company: Annotated[str | None, Reference("lei")] = Field(validation_alias="companyLei")

A field without a default must be in the source's record: a renamed source field is a fault, not a silent null. What
the source may leave out gets the default None.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from types import NoneType, UnionType
from typing import Annotated, Any, ClassVar, Union, get_args, get_origin

from pydantic import (
    AliasChoices,
    AliasPath,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
)
from pydantic import ValidationError as PydanticValidationError
from pydantic.fields import FieldInfo

from adapters.answers import Facts, Fault
from schema.reasons import Reason

__all__ = ["MOST_ITEMS", "Inline", "Record", "Reference", "SourcePath", "compile_decoder", "read_path", "source_fields"]

MOST_ITEMS = 1_000
"""The most entries of a list inside a record. A longer one is a fault as a whole: decoding takes the event loop's time,
and a source's body holds hundreds of thousands of entries."""

SourcePath = str | AliasPath
"""Where a source's record keeps a value: a top-level name, or a path below one."""

_INVALID = Fault(Reason.VALUE_INVALID)
_MISSING: Any = object()


@dataclass(frozen=True, slots=True)
class Inline:
    """Marks a nested record whose values the source keeps in the outer record itself, side by side."""


@dataclass(frozen=True, slots=True)
class Reference:
    """Marks a field that holds not the value but the key by which another offer is asked for it.

    `keyspace` names whose keys they are: offers that declare the same keyspace can be asked by it.
    """

    keyspace: str


class Record(BaseModel):
    """Base of all record declarations."""

    model_config: ClassVar[ConfigDict] = ConfigDict(hide_input_in_errors=True)

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse what a declaration cannot hold: validators that need an instance."""
        super().__pydantic_init_subclass__(**kwargs)
        declared = cls.__pydantic_decorators__
        if declared.field_validators or declared.model_validators or declared.computed_fields:
            message = (
                f"{cls.__qualname__}: got a validator method or a computed field; a record is decoded one field at a "
                "time and never instantiated. Write the conversion beside the type instead: "
                "Annotated[date, BeforeValidator(from_epoch)]"
            )
            raise TypeError(message)

    @classmethod
    def reference(cls, field: str) -> Reference | None:
        """Return the reference that the field holds, None when it holds a value."""
        return next((m for m in cls.model_fields[field].metadata if isinstance(m, Reference)), None)

    @classmethod
    def nested(cls, field: str) -> type[Record] | None:
        """Return the record class of a field that holds an object or a list of objects, else None."""
        return _shape(cls.model_fields[field].annotation).record

    @classmethod
    def holds_list(cls, field: str) -> bool:
        """Return whether a field holds a list."""
        return _shape(cls.model_fields[field].annotation).is_list

    @classmethod
    def leaf_type(cls, field: str) -> type | None:
        """Return the plain Python type of a field's value or of a list's entries; None when it is no single type."""
        inner, _ = _without_none(cls.model_fields[field].annotation)
        if get_origin(inner) is list:
            inner, _ = _without_none(get_args(inner)[0])
        return inner if isinstance(inner, type) else None


def read_path(raw: object, path: SourcePath) -> Any:
    """Return what the raw record holds at the path, or a private marker when there is nothing."""
    steps: Sequence[str | int] = (path,) if isinstance(path, str) else path.path
    for step in steps:
        if isinstance(raw, Mapping) and step in raw:  # noqa: SIM114  two kinds of step read better apart
            raw = raw[step]
        elif isinstance(step, int) and isinstance(raw, list) and -len(raw) <= step < len(raw):
            raw = raw[step]
        else:
            return _MISSING
    return raw


def is_there(value: object) -> bool:
    """Return whether `read_path` found something."""
    return value is not _MISSING


def source_fields(record: type[Record], fields: Iterable[str]) -> tuple[str, ...]:
    """Return the source's own top-level field names that the wanted fields need, sorted.

    `fields` are dotted paths in the record's words.
    """
    return _source_fields(record, tuple(fields))


@lru_cache(maxsize=1024)
def _source_fields(record: type[Record], fields: tuple[str, ...]) -> tuple[str, ...]:
    wanted: set[str] = set()
    for name, rests in _by_head(fields).items():
        info, nested = record.model_fields[name], record.nested(name)
        if nested is not None and _is_inline(info):
            wanted.update(_source_fields(nested, tuple(rests)))
        else:
            wanted.update(str(path if isinstance(path, str) else path.path[0]) for path in _paths(name, info))
    return tuple(sorted(wanted))


@lru_cache(maxsize=1024)
def compile_decoder(record: type[Record], fields: tuple[str, ...]) -> Callable[[Mapping[str, Any]], Facts]:
    """Return the function that turns one raw record of the source into facts for these fields.

    `fields` are dotted paths in the record's words, sorted. The result holds exactly the wanted fields: a value of
    the declared Python type, None, nested facts, a list of these, or Fault(VALUE_INVALID) in the place of a value that
    is missing or has another type, or of a list of more than MOST_ITEMS entries. Never raises on what a source sends.
    """
    parts = [(name, _compile_field(record, name, tuple(rests))) for name, rests in _by_head(fields).items()]

    def decode(raw: Mapping[str, Any]) -> Facts:
        return {name: read(raw) for name, read in parts}

    return decode


@dataclass(frozen=True, slots=True)
class _Shape:
    record: type[Record] | None
    is_list: bool
    is_optional: bool


def _shape(annotation: Any) -> _Shape:
    """Take apart `X`, `X | None`, `list[X]` and `list[X] | None` where X may be a record."""
    inner, optional = _without_none(annotation)
    is_list = get_origin(inner) is list
    item = _without_none(get_args(inner)[0])[0] if is_list else inner
    record = item if isinstance(item, type) and issubclass(item, Record) else None
    return _Shape(record, is_list, optional)


def _without_none(annotation: Any) -> tuple[Any, bool]:
    if get_origin(annotation) is Annotated:
        return _without_none(get_args(annotation)[0])
    if get_origin(annotation) not in (Union, UnionType):
        return annotation, annotation is NoneType
    rest = [arg for arg in get_args(annotation) if arg is not NoneType]
    return (_without_none(rest[0])[0] if len(rest) == 1 else annotation), len(rest) < len(get_args(annotation))


def _by_head(fields: Iterable[str]) -> dict[str, list[str]]:
    heads: dict[str, list[str]] = {}
    for path in sorted(fields):
        head, _, rest = path.partition(".")
        rests = heads.setdefault(head, [])
        if rest:
            rests.append(rest)
    return heads


def _is_inline(info: FieldInfo) -> bool:
    return any(isinstance(m, Inline) for m in info.metadata)


def _paths(name: str, info: FieldInfo) -> Sequence[SourcePath]:
    alias = info.validation_alias
    if alias is None:
        return (name,)
    return tuple(alias.choices) if isinstance(alias, AliasChoices) else (alias,)


def _compile_field(record: type[Record], name: str, rests: tuple[str, ...]) -> Callable[[Mapping[str, Any]], Any]:
    info = record.model_fields[name]
    shape = _shape(info.annotation)
    read = _compile_nested(shape, rests) if shape.record is not None else _compile_leaf(info)
    if _is_inline(info):
        return read
    paths, default = _paths(name, info), _INVALID if info.is_required() else info.get_default()

    def read_field(raw: Mapping[str, Any]) -> Any:
        for path in paths:
            value = read_path(raw, path)
            if value is not _MISSING:
                return read(value)
        return default

    return read_field


def _compile_nested(shape: _Shape, rests: tuple[str, ...]) -> Callable[[Any], Any]:
    assert shape.record is not None
    decode = compile_decoder(shape.record, rests)

    def read_object(value: Any) -> Any:
        return decode(value) if isinstance(value, Mapping) else _INVALID

    def read_value(value: Any) -> Any:
        if value is None:
            return None if shape.is_optional else _INVALID
        if not shape.is_list:
            return read_object(value)
        if not isinstance(value, list) or len(value) > MOST_ITEMS:
            return _INVALID
        return [read_object(item) for item in value]

    return read_value


def _compile_leaf(info: FieldInfo) -> Callable[[Any], Any]:
    metadata = [m for m in info.metadata if not isinstance(m, (Reference, Inline))]
    exact = _exact(info.annotation)
    validate = TypeAdapter(Annotated[exact, *metadata] if metadata else exact).validator.validate_python

    def read_leaf(value: Any) -> Any:
        if isinstance(value, list) and len(value) > MOST_ITEMS:
            return _INVALID  # before a converter of the adapter's walks through it
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

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

Records of an interface or union say where the source tells which type one is, and each type what it is told as:

    class CrmContact(Record, told_by="type"):
        at: datetime | None

    class CrmCall(CrmContact, told_as="call", type_name="PhoneCall"):
        seconds: int | None
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import NoneType, UnionType
from typing import Annotated, Any, ClassVar, Union, get_args, get_origin

from pydantic import (
    AliasChoices,
    AliasPath,
    BaseModel,
    ConfigDict,
)
from pydantic.fields import FieldInfo

from adapters.answers import Fault

__all__ = [
    "TYPE_MARK",
    "Inline",
    "Record",
    "Reference",
    "Shape",
    "SourcePath",
    "by_head",
    "by_type",
    "every_path",
    "is_inline",
    "is_there",
    "read_path",
    "shape_of",
    "source_fields",
    "source_paths",
    "top_of",
]

TYPE_MARK = ":"
"""Stands behind the concrete type in a step of a path that only records of this type have: `PhoneCall:seconds`."""

SourcePath = str | AliasPath
"""Where a source's record keeps a value: a top-level name, or a path below one."""

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
    """Base of all record declarations.

    `record_told_by` is where records of an interface or union say which type they are, None for all others;
    `record_variants` are then their declarations by the source's word. `record_type_name` is the model's name of a
    variant's type. What belongs to the declaration begins with `record_`, so that fields may have any other name.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(hide_input_in_errors=True)
    record_told_by: ClassVar[SourcePath | None] = None
    record_variants: ClassVar[dict[str, type[Record]]] = {}
    record_type_name: ClassVar[str] = ""

    def __init_subclass__(cls, **_: Any) -> None:
        """Leave the arguments of a class to Pydantic's own hook, which comes when its fields are known."""
        super().__init_subclass__()

    @classmethod
    def __pydantic_init_subclass__(
        cls, *, told_by: SourcePath | None = None, told_as: str | None = None, type_name: str = "", **kwargs: Any
    ) -> None:
        """Register a variant, and refuse what a declaration cannot hold: validators that need an instance."""
        super().__pydantic_init_subclass__(**kwargs)
        if told_as is not None:
            if not type_name or told_as in cls.record_variants or cls.record_told_by is None:
                raise TypeError(
                    f"{cls.__qualname__}: got told_as={told_as!r}, type_name={type_name!r}; wanted a word of its own, "
                    "the model's name of the type, and a base declared with told_by="
                )
            cls.record_variants[told_as] = cls
        cls.record_told_by, cls.record_variants, cls.record_type_name = told_by, {}, type_name
        declared = cls.__pydantic_decorators__
        if declared.field_validators or declared.model_validators or declared.computed_fields:
            message = (
                f"{cls.__qualname__}: got a validator method or a computed field; a record is decoded one field at a "
                "time and never instantiated. Write the conversion beside the type instead: "
                "Annotated[date, BeforeValidator(from_epoch)]"
            )
            raise TypeError(message)

    @classmethod
    def record_reference(cls, field: str) -> Reference | None:
        """Return the reference that the field holds, None when it holds a value."""
        return next((m for m in cls.model_fields[field].metadata if isinstance(m, Reference)), None)

    @classmethod
    def record_nested(cls, field: str) -> type[Record] | None:
        """Return the record class of a field that holds an object or a list of objects, else None."""
        return shape_of(cls.model_fields[field].annotation).record

    @classmethod
    def record_variant(cls, type_name: str) -> type[Record] | None:
        """Return the declaration of a concrete type: itself, but for an interface or union; None when it has none."""
        if cls.record_told_by is None:
            return cls
        return next((one for one in cls.record_variants.values() if one.record_type_name == type_name), None)

    @classmethod
    def record_holds_list(cls, field: str) -> bool:
        """Return whether a field holds a list."""
        return cls.record_lists(field) > 0

    @classmethod
    def record_lists(cls, field: str) -> int:
        """Return within how many lists the values of a field stand."""
        return shape_of(cls.model_fields[field].annotation).lists

    @classmethod
    def record_leaf_type(cls, field: str) -> type | None:
        """Return the plain Python type of a field's value or of a list's entries; None when it is no single type."""
        inner, _ = _without_none(cls.model_fields[field].annotation)
        while get_origin(inner) is list:
            inner, _ = _without_none(get_args(inner)[0])
        return inner if isinstance(inner, type) else None


def read_path(raw: object, path: SourcePath) -> Any:
    """Return what the raw record holds at the path, or a private marker when there is nothing.

    A Fault on the way, which a protocol has put there, is what the path holds.
    """
    steps: Sequence[str | int] = (path,) if isinstance(path, str) else path.path
    for step in steps:
        if isinstance(raw, Mapping) and step in raw:  # noqa: SIM114  two kinds of step read better apart
            raw = raw[step]
        elif isinstance(step, int) and isinstance(raw, list) and -len(raw) <= step < len(raw):
            raw = raw[step]
        else:
            return raw if isinstance(raw, Fault) else _MISSING
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
    wanted: set[str] = set() if record.record_told_by is None else {top_of(record.record_told_by)}
    for type_name, names in by_type(fields).items():
        wanted.update(_own_source_fields(record.record_variant(type_name) or record, names))
    return tuple(sorted(wanted))


def _own_source_fields(record: type[Record], fields: Iterable[str]) -> Iterator[str]:
    for name, rests in by_head(fields).items():
        info, nested = record.model_fields[name], record.record_nested(name)
        if nested is not None and is_inline(info):
            yield from _source_fields(nested, tuple(rests))
        else:
            yield from map(top_of, source_paths(name, info))


def top_of(path: SourcePath) -> str:
    """Return the top-level name at which a path begins."""
    return path if isinstance(path, str) else str(path.path[0])


@dataclass(frozen=True, slots=True)
class Shape:
    """What an annotation says: which record it holds, if any, within how many lists, and what may be null: the whole,
    and the entries of the lists."""

    record: type[Record] | None
    lists: int
    is_optional: bool
    has_nulls: bool = False


def shape_of(annotation: Any) -> Shape:
    """Take apart `X`, `X | None`, `list[X]`, `list[list[X]]` and so on, where X may be a record."""
    inner, optional = _without_none(annotation)
    lists, item, nulls = 0, inner, False
    while get_origin(item) is list:
        item, is_null = _without_none(get_args(item)[0])
        lists, nulls = lists + 1, nulls or is_null
    record = item if isinstance(item, type) and issubclass(item, Record) else None
    return Shape(record, lists, optional, nulls)


def _without_none(annotation: Any) -> tuple[Any, bool]:
    if get_origin(annotation) is Annotated:
        return _without_none(get_args(annotation)[0])
    if get_origin(annotation) not in (Union, UnionType):
        return annotation, annotation is NoneType
    rest = [arg for arg in get_args(annotation) if arg is not NoneType]
    return (_without_none(rest[0])[0] if len(rest) == 1 else annotation), len(rest) < len(get_args(annotation))


def by_type(fields: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return paths by the concrete type that they begin with (`PhoneCall:seconds`), without it; "" for all others."""
    types: dict[str, list[str]] = {}
    for path in fields:
        head, dot, rest = path.partition(".")
        type_name, _, name = head.rpartition(TYPE_MARK)
        types.setdefault(type_name, []).append(f"{name}{dot}{rest}")
    return {type_name: tuple(paths) for type_name, paths in types.items()}


def every_path(record: type[Record], passed: frozenset[type[Record]] = frozenset()) -> tuple[str, ...]:
    """Return the dotted paths of all values in a record, those of every variant.

    A record that holds its own kind has no end: where it is met again, its field alone is told. `passed` are the
    records on the way.
    """
    if record in passed:
        return ()
    kinds = (record, *record.record_variants.values())
    return tuple(path for one in kinds for path in _every_path(one, passed | {record}))


def _every_path(record: type[Record], passed: frozenset[type[Record]]) -> Iterator[str]:
    mark = f"{record.record_type_name}{TYPE_MARK}" if record.record_type_name else ""
    for name in record.model_fields:
        nested = record.record_nested(name)
        below = () if nested is None else every_path(nested, passed)
        yield from (f"{mark}{name}.{path}" for path in below) if below else (f"{mark}{name}",)


def by_head(fields: Iterable[str]) -> dict[str, list[str]]:
    """Return the first steps of dotted paths, each with what follows it."""
    heads: dict[str, list[str]] = {}
    for path in sorted(fields):
        head, _, rest = path.partition(".")
        rests = heads.setdefault(head, [])
        if rest:
            rests.append(rest)
    return heads


def is_inline(info: FieldInfo) -> bool:
    """Return whether a nested record's values stand in the outer one."""
    return any(isinstance(m, Inline) for m in info.metadata)


def source_paths(name: str, info: FieldInfo) -> Sequence[SourcePath]:
    """Return where the source may keep a field's value, the first that is there counting."""
    alias = info.validation_alias
    if alias is None:
        return (name,)
    return tuple(alias.choices) if isinstance(alias, AliasChoices) else (alias,)

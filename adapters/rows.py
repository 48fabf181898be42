"""Rows: facts decoded and checked straight from a source's bytes, by structs made from the records' declarations.

A row is what `compile_decoder` would make of the same JSON, or it is not made: whatever a struct refuses, a wrong type
or only an odd spelling, is left to be read there. So what is out of the ordinary costs one record the longer way.
"""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping, Sequence, ValuesView
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from threading import Lock
from typing import Any, ClassVar, Optional, cast

from cachetools import LRUCache, cached
from cachetools.keys import hashkey
from msgspec import NODEFAULT, Struct
from pydantic.fields import FieldInfo

from adapters.leaves import WORD, Leaf, UncoveredError, leaf_of, list_of
from adapters.records import Record, Shape, SourcePath, by_head, is_inline, shape_of, source_paths
from adapters.structs import Members, steps_of

__all__ = ["Row", "RowField", "RowShape", "has_shape", "keyed_row", "row_shape", "rows_size"]

_MOST_BYTES = 4 * 1024 * 1024
"""What all shapes take together at most, by `rows_size`: fields are chosen by callers, who can send ever new sets."""

_Read = Callable[["Row"], Any]


class Row(Struct, frozen=True, gc=False, eq=False, kw_only=True):
    """The facts of one record, as a read-only mapping that is equal to the dict that `compile_decoder` makes.

    It holds no Fault: a record with one is not a row. `row_of` are the record and the fields that it was made for: rows
    of equal ones hold the same in the same attributes, whichever class they are of. `row_key` returns the key that the
    record echoes, as the source spells it (text, or a whole number), `row_cursor` what its last record tells of the
    next page, `row_as_of` as of when the record holds; each is None in rows that were made without.
    """

    row_of: ClassVar[tuple[type[Record], tuple[str, ...]] | None] = None
    row_facts: ClassVar[Mapping[str, _Read]] = {}
    row_key: ClassVar[Callable[[Any], str | int | None] | None] = None
    row_cursor: ClassVar[Callable[[Any], str | int | None] | None] = None
    row_as_of: ClassVar[Callable[[Any], str | int | None] | None] = None

    def __getitem__(self, name: str) -> Any:
        return self.row_facts[name](self)

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value of one field."""
        read = self.row_facts.get(name)
        return default if read is None else read(self)

    def __contains__(self, name: object) -> bool:
        return name in self.row_facts

    def __iter__(self) -> Iterator[str]:
        return iter(self.row_facts)

    def __len__(self) -> int:
        return len(self.row_facts)

    def keys(self) -> KeysView[str]:
        """Return the names of the fields."""
        return self.row_facts.keys()

    def items(self) -> ItemsView[str, Any]:
        """Return the fields with their values."""
        return ItemsView(cast("Mapping[str, Any]", self))

    def values(self) -> ValuesView[Any]:
        """Return the values."""
        return ValuesView(cast("Mapping[str, Any]", self))

    def __eq__(self, other: object) -> bool:
        return dict(self.items()) == dict(other.items()) if isinstance(other, Mapping) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return []  # what a struct tells by itself are the values


Mapping.register(Row)


@dataclass(frozen=True, slots=True)
class RowField:
    """Where a row holds one field, and what it holds there.

    `attribute` is the path of attributes off the row object (`given_0`, `at_1.created_0`); "" for a nested record whose
    values stand in the same object. `shape` is that of a nested record, else None. `lists` is within how many lists
    values or nested rows stand. `is_optional` says that the whole may be None, `has_nulls` that entries of a list of
    nested rows may. `leaf` is the exact type of a value, or an Enum class: then the row holds the text that is the
    value of one of its members, and never another, and the facts hold the member. Entries of a list of leaves may be
    None where the record says so.
    """

    attribute: str
    shape: RowShape | None = None
    lists: int = 0
    is_optional: bool = False
    has_nulls: bool = False
    leaf: type | None = None


@dataclass(frozen=True, slots=True)
class RowShape:
    """The rows of a record for some of its fields. `fields` are by the record's names.

    What an adapter decodes are rows of subclasses of `row`, or of a class that was made anew for the same; these hold
    the key, too. `facts.row_of == shape.row.row_of` tells whether facts are such rows.
    """

    row: type[Row]
    fields: Mapping[str, RowField]


def rows_size(fields: Sequence[str]) -> int:
    """Return what the classes of rows of these fields take in memory, roughly, in bytes.

    Measured: 3.5 KiB for 4 fields that are text and 9.7 for 16; 4.7 and 13.6 for fields of all kinds.
    """
    return 2_000 + 750 * len(fields)


def _size(shape: RowShape | None) -> int:
    made_for = None if shape is None else shape.row.row_of
    return rows_size(() if made_for is None else made_for[1])


_SHAPES: LRUCache[Any, RowShape | None] = LRUCache(_MOST_BYTES, getsizeof=_size)


def has_shape(record: type[Record], fields: tuple[str, ...]) -> bool:
    """Return whether `row_shape` was asked for these of late: then something waits for such rows."""
    return hashkey(record, fields) in _SHAPES


@cached(_SHAPES, lock=Lock())
def row_shape(record: type[Record], fields: tuple[str, ...]) -> RowShape | None:
    """Return the rows of a record for these fields: dotted paths in its words, sorted, as `compile_decoder` takes them.

    None where not every field can be decoded exactly: a choice of aliases or of types, a place within a list, a list
    with a converter, a default that is not of the field's type; and for records of an interface or union.
    """
    try:
        placed, members = _place_record(record, fields)
        row: type[Row] = members.struct(record.__name__, Row, {"row_of": (record, fields), "row_facts": _reads(placed)})
    except (UncoveredError, ValueError):  # msgspec refuses names of members that hold quotes
        return None
    return RowShape(row, _fields(placed, row))


def keyed_row(
    record: type[Record],
    fields: tuple[str, ...],
    key: SourcePath | None,
    cursor: SourcePath | None,
    as_of: SourcePath | None = None,
) -> type[Row] | None:
    """Return the subclass of `row_shape(record, fields).row` that holds a record's key and cursor, too; None for none.

    `key` is where a record echoes its key, `cursor` where the last record of a page tells the cursor of the next, and
    `as_of` where a record says as of when it holds.
    """
    shape = row_shape(record, fields)
    if shape is None:
        return None
    try:
        _, members = _place_record(record, fields)
        members.seal()
        named = {
            "row_key": _beside(members, key, NODEFAULT),
            "row_cursor": _beside(members, cursor, None),
            "row_as_of": _beside(members, as_of, None),
        }
        made: type[Row] = members.further_struct(record.__name__, shape.row, named)
        return made
    except (UncoveredError, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class _Placed:
    """A field of a record, placed in a struct: a leaf, a nested record, or one kept inline."""

    attribute: str
    leaf: Leaf | None = None
    nested: RowShape | None = None
    inline: Mapping[str, _Placed] | None = None
    lists: int = 0
    is_optional: bool = False
    has_nulls: bool = False


def _place_record(record: type[Record], fields: tuple[str, ...]) -> tuple[dict[str, _Placed], Members]:
    members = Members()
    return _place_into(members, record, fields), members


def _place_into(members: Members, record: type[Record], fields: Sequence[str]) -> dict[str, _Placed]:
    if record.record_told_by is not None:
        raise UncoveredError
    return {name: _place(members, record, name, tuple(rests)) for name, rests in by_head(fields).items()}


def _place(members: Members, record: type[Record], name: str, rests: tuple[str, ...]) -> _Placed:
    info = record.model_fields[name]
    shape = shape_of(info.annotation)
    if shape.record is None:
        return _place_leaf(members, record, name)
    if not is_inline(info):
        return _place_nested(members, name, info, shape, rests)
    if shape.lists:
        raise UncoveredError
    return _Placed("", inline=_place_into(members, shape.record, rests))


def _place_leaf(members: Members, record: type[Record], name: str) -> _Placed:
    info, leaf = record.model_fields[name], _leaf(record, name)
    default = NODEFAULT if info.is_required() else leaf.default(info.get_default())
    is_plain = leaf.is_plain and default in (NODEFAULT, None)
    at = members.put(_path(name, info), name, leaf.annotation, default, is_plain=is_plain)
    return _Placed(at, leaf=leaf, lists=leaf.lists, is_optional=leaf.is_optional or default is None)


@lru_cache(maxsize=1024)
def _leaf(record: type[Record], name: str) -> Leaf:
    """Return how a leaf is decoded, found out once for all sets of fields, or raise UncoveredError."""
    return leaf_of(record.model_fields[name])


def _place_nested(members: Members, name: str, info: FieldInfo, shape: Shape, rests: tuple[str, ...]) -> _Placed:
    assert shape.record is not None
    nested = row_shape(shape.record, rests)
    if nested is None or not (info.is_required() or info.get_default() is None):
        raise UncoveredError
    default = NODEFAULT if info.is_required() else None
    at = members.put(_path(name, info), name, _nested(nested.row, shape), default, is_plain=False)
    is_optional = shape.is_optional or default is None
    return _Placed(at, None, nested, None, shape.lists, is_optional, shape.has_nulls)


def _nested(row: type[Row], shape: Shape) -> Any:
    annotation: Any = row
    for _ in range(shape.lists):
        annotation = list_of(Optional[annotation] if shape.has_nulls else annotation)  # noqa: UP045
    return Optional[annotation] if shape.is_optional else annotation  # noqa: UP045


def _path(name: str, info: FieldInfo) -> Sequence[str]:
    paths = source_paths(name, info)
    if len(paths) > 1:
        raise UncoveredError
    return steps_of(paths[0])


def _beside(members: Members, path: SourcePath | None, default: Any) -> Any:
    """Return what reads a key or cursor off a row, None where there is none to read."""
    if path is None:
        return None
    steps, annotation = steps_of(path), WORD | None if default is None else WORD
    at = members.plain(steps) or members.put(steps, "beside", annotation, default, is_plain=True)
    return attrgetter(at)


def _fields(placed: Mapping[str, _Placed], row: type[Row]) -> dict[str, RowField]:
    return {
        name: RowField(
            one.attribute,
            one.nested if one.inline is None else RowShape(row, _fields(one.inline, row)),
            one.lists,
            one.is_optional,
            one.has_nulls,
            None if one.leaf is None else one.leaf.kind,
        )
        for name, one in placed.items()
    }


def _reads(placed: Mapping[str, _Placed]) -> dict[str, _Read]:
    return {name: _read(one) for name, one in placed.items()}


def _read(one: _Placed) -> _Read:
    """Return what reads a field off a row, as the facts have it."""
    if one.inline is not None:
        reads = _reads(one.inline)
        return lambda row: {name: read(row) for name, read in reads.items()}
    get: _Read = attrgetter(one.attribute)
    if one.leaf is None or one.leaf.members is None:
        return get
    members = one.leaf.members

    def member_of(value: Any) -> Any:
        if isinstance(value, list):
            return [member_of(item) for item in value]
        return None if value is None else members[value]

    return lambda row: member_of(get(row))

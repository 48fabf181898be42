"""Rows: which records can have them, and what they are as facts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum, IntEnum
from io import StringIO
from typing import Annotated, Any, Literal, NewType

import pytest
from msgspec import MsgspecError
from msgspec.json import Decoder
from pydantic import AliasChoices, AliasPath, BeforeValidator, Field
from pydantic_core import CoreSchema, core_schema
from rich.console import Console
from rich.pretty import pprint

from adapters.answers import Found, Page
from adapters.leaves import read_leaf
from adapters.records import Inline, Record, Reference
from adapters.rows import Row, RowField, has_shape, keyed_row, row_shape

Code = NewType("Code", str)
Number = NewType("Number", int)


class Standing(Enum):
    OPEN = "open"
    NONE = ""


class Rank(IntEnum):
    FIRST = 1


class Own(Enum):
    A = "a"

    @classmethod
    def __get_pydantic_core_schema__(cls, *_: object) -> CoreSchema:
        return core_schema.any_schema()


class Void(Enum):
    pass


class Part(Record):
    word: str


class Name(Record):
    given: str | None = Field(validation_alias="first")
    code: Code | None = None


class Thing(Record):
    name: Annotated[Name, Inline()]
    since: date | None = Field(validation_alias=AliasPath("meta", "since"))
    by: str | None = Field(default=None, validation_alias=AliasPath("meta", "by"))
    lei: Annotated[str | None, Reference("lei")] = None
    standing: Standing = Standing.OPEN
    standings: list[Standing | None] | None = None
    amount: Decimal = Decimal("0.00")
    mail: str | None = Field(default=None, validation_alias=AliasPath("contact", "mail"))
    part: Part | None = None
    parts: list[list[Part | None] | None] | None = None


MOST = ("amount", "by", "lei", "mail", "name.code", "name.given", "part.word", "parts.word", "since")
FIELDS = (*MOST, "standing", "standings")


def decoded(record: type[Record], fields: tuple[str, ...], body: bytes, key: str | AliasPath | None = None) -> Any:
    row = keyed_row(record, fields, key, None)
    assert row is not None
    return Decoder(row, dec_hook=read_leaf, float_hook=Decimal).decode(body)


WHOLE = (
    b'{"id": 7, "first": "Anne", "meta": {"since": "2020-02-29"}, "standings": ["", null], "amount": 1.10,'
    b' "part": {"word": "x"}, "parts": [[{"word": "y"}, null], null], "unknown": [1]}'
)


def test_a_row_is_a_mapping_of_facts() -> None:
    """Equal to the dict of them, in the model's types, nested rows and values kept inline too."""
    row = decoded(Thing, FIELDS, WHOLE, "id")
    facts = {
        "amount": Decimal("1.10"),
        "by": None,
        "lei": None,
        "mail": None,
        "name": {"given": "Anne", "code": None},
        "part": {"word": "x"},
        "parts": [[{"word": "y"}, None], None],
        "since": date(2020, 2, 29),
        "standing": Standing.OPEN,
        "standings": [Standing.NONE, None],
    }
    assert row == facts
    assert facts == row
    assert row != facts | {"by": "x"}
    assert row != list(facts)
    assert isinstance(row, Mapping)
    assert dict(row.items()) == facts
    assert (list(row), list(row.keys()), len(row)) == (list(facts), list(facts), len(facts))
    assert list(row.values()) == list(facts.values())
    assert ("part" in row, "id" in row, row["standing"], row.get("id", 5)) == (True, False, Standing.OPEN, 5)
    assert row.get("since") == date(2020, 2, 29)


def test_a_row_cannot_be_changed_or_hashed() -> None:
    """It is shared by all who asked for it."""
    row = decoded(Thing, ("lei",), b'{"lei": "x"}')
    with pytest.raises(AttributeError):
        row.lei_0 = "y"
    with pytest.raises(TypeError, match="unhashable"):
        hash(row)


def test_no_value_of_an_answer_is_printed() -> None:
    """Nor by rich, which asks structs for their values."""
    row = decoded(Thing, ("lei",), b'{"lei": "secret-value"}')
    found = Found(row, datetime(2026, 1, 2, tzinfo=UTC))
    page = Found(Page((row,), "secret-cursor"), found.fetched_at)
    printed = StringIO()
    for one in (found, found.record, page, page.record):
        pprint(one, console=Console(file=printed))
        printed.write(repr(one))
    assert "secret" not in printed.getvalue()
    assert "Found(" in printed.getvalue()


def test_a_shape_says_where_each_field_stands() -> None:
    """By the record's own names, in attributes that we name; an enum stands as its text."""
    shape = row_shape(Thing, FIELDS)
    assert shape is not None
    row = decoded(Thing, FIELDS, WHOLE, "id")
    assert isinstance(row, shape.row)
    part = row_shape(Part, ("word",))
    assert part is not None
    assert shape.fields["part"] == RowField(shape.fields["part"].attribute, part, is_optional=True)
    assert shape.fields["parts"] == RowField(shape.fields["parts"].attribute, part, 2, is_optional=True, has_nulls=True)
    assert shape.fields["standing"] == RowField(shape.fields["standing"].attribute, leaf=Standing)
    assert getattr(row, shape.fields["standing"].attribute) == "open"
    assert (shape.fields["since"].leaf, shape.fields["since"].attribute.count(".")) == (date, 1)
    name = shape.fields["name"]
    assert name.attribute == ""
    assert name.shape is not None
    assert name.shape.row is shape.row
    assert getattr(row, name.shape.fields["given"].attribute) == "Anne"
    assert name.shape.fields["code"] == RowField(name.shape.fields["code"].attribute, is_optional=True, leaf=str)
    assert isinstance(row["part"], part.row)


def test_what_shares_a_place_is_read_once() -> None:
    """A key that is a field too, a cursor that is the key; what is on the way to one is extended."""

    class Owned(Record):
        number: str | None = Field(validation_alias="id")
        again: str | None = Field(validation_alias="id")
        owner: str | None = Field(validation_alias=AliasPath("of", "name"))

    def keys(body: bytes, key: str | AliasPath, cursor: str | AliasPath | None = None) -> tuple[Any, Any]:
        made = keyed_row(Owned, ("again", "number", "owner"), key, cursor)
        assert made is not None
        assert made.row_key is not None
        row = Decoder(made).decode(body)
        raw = json.loads(body)
        assert row == {"again": raw["id"], "number": raw["id"], "owner": raw["of"]["name"]}
        return made.row_key(row), made.row_cursor and made.row_cursor(row)

    body = b'{"id": "a", "of": {"name": "n", "id": 5}, "c": 7}'
    assert keys(body, "id", "id") == ("a", "a")
    assert keys(body, AliasPath("of", "id"), "c") == (5, 7)
    assert keys(body, AliasPath("of", "name"), AliasPath("x", "y")) == ("n", None)
    assert keys(b'{"id": null, "of": {"name": null}}', "id") == (None, None)


@pytest.mark.parametrize(
    "key", ["day", "meta", AliasPath("day", "x"), AliasPath("ids", 0), "visits", 'quo"te', AliasPath("part", "id")]
)
def test_a_key_that_cannot_be_had_beside_the_fields_makes_no_rows(key: str | AliasPath) -> None:
    """A value of another type, a default, a nested record, or an object stands there, or msgspec cannot look for it."""

    class Dated(Record):
        day: date | None
        seen: str | None = Field(validation_alias=AliasPath("meta", "seen"))
        visits: int = 0
        part: Part | None

    assert keyed_row(Dated, ("day", "part.word", "seen", "visits"), key, None) is None
    assert keyed_row(Dated, ("day",), "id", None) is not None


class Kinds(Record, told_by="kind"):
    at: int | None


class Kind(Kinds, told_as="one", type_name="One"):
    seconds: int | None


def declared(annotation: Any, **said: Any) -> type[Record]:
    return type("Declared", (Record,), {"__annotations__": {"field": annotation}, "field": Field(**said)})


@pytest.mark.parametrize(
    ("annotation", "said"),
    [
        (list[Annotated[str, BeforeValidator(str)]], {}),
        (Annotated[list[str], BeforeValidator(str.split)], {}),
        (Annotated[str | int, BeforeValidator(str)], {}),
        (str | int, {}),
        (Any, {}),
        (dict[str, int], {}),
        (bytes, {}),
        (Literal["a"], {}),
        (Number, {}),
        (Rank, {}),
        (Own, {}),
        (Void, {}),
        (str, {"validation_alias": AliasChoices("a", "b")}),
        (str, {"validation_alias": AliasPath("a", 0)}),
        (str, {"validation_alias": 'quo"te'}),
        (int, {"default": "text"}),
        (list[str], {"default": ["x"]}),
        (Part, {"default": "text"}),
        (Kinds, {}),
        (Annotated[list[Part], Inline()], {}),
    ],
    ids=repr,
)
def test_a_field_that_msgspec_cannot_read_exactly_makes_no_rows(annotation: Any, said: Mapping[str, Any]) -> None:
    """It is read the longer way; so is every record that holds it."""
    record = declared(annotation, **said)
    fields = ("field.word",) if "Part" in repr(annotation) else ("field",)
    assert row_shape(record, fields) is None
    assert keyed_row(record, fields, "id", None) is None
    assert row_shape(declared(record), tuple(f"field.{name}" for name in fields)) is None


class Converted(Record):
    standing: Annotated[Standing | None, BeforeValidator({"o": "open"}.get)]
    cents: Annotated[Decimal, BeforeValidator(lambda value: Decimal(value) / 100)] | None = None
    short: Annotated[str, Field(max_length=3)] | None = None


def test_a_converter_of_the_authors_reads_its_own_field_only() -> None:
    """From the value as the exact way sees it; what it does not make is not in a row."""
    fields = ("cents", "short", "standing")
    whole = decoded(Converted, fields, b'{"standing": "o", "cents": 1234, "short": "abc"}')
    assert whole == {"standing": Standing.OPEN, "cents": Decimal("12.34"), "short": "abc"}
    assert decoded(Converted, fields, b'{"standing": "x", "cents": 1.5}')["standing"] is None
    for bad in (b'"short": "abcd"', b'"cents": "x"', b'"cents": [1]', b'"cents": %d' % 2**64, b'"short": 5'):
        with pytest.raises(MsgspecError):
            decoded(Converted, fields, b'{"standing": "o", %s}' % bad)
    assert keyed_row(Converted, ("short",), "short", None) is None


def test_rows_hold_no_more_entries_than_records_do() -> None:
    """A longer list is for the decoder of one record, where it is a fault."""
    listed = declared(list[str])
    assert len(decoded(listed, ("field",), b'{"field": [%s]}' % b",".join([b'""'] * 1000))["field"]) == 1000
    with pytest.raises(MsgspecError):
        decoded(listed, ("field",), b'{"field": [%s]}' % b",".join([b'""'] * 1001))


def test_rows_are_made_once() -> None:
    """For one record and its fields; with the key come the key alone, and the object in which it stands."""
    shape = row_shape(Thing, ("by", "lei", "mail"))
    assert row_shape(Thing, ("by", "lei", "mail")) is shape
    assert shape is not None
    for key, new in (("id", 1), ("lei", 0), (AliasPath("meta", "id"), 1)):
        keyed = keyed_row(Thing, ("by", "lei", "mail"), key, None)
        assert keyed is not None
        assert issubclass(keyed, shape.row)
        assert len(vars(keyed)["__annotations__"]) == new
    assert issubclass(Row, Mapping)


def test_shapes_are_forgotten_when_there_are_too_many() -> None:
    """Sets of fields come from callers: what they take together is bounded, and the oldest go first."""
    wide: type[Record] = type("Wide", (Record,), {"__annotations__": {f"field_{n}": str | None for n in range(60)}})
    names = [f"field_{n}" for n in range(60)]
    sets = [tuple(sorted(set(names) - {names[n % 60], names[n // 60]})) for n in range(120)]
    assert not has_shape(wide, sets[0])
    for fields in sets:
        row_shape(wide, fields)
    assert (has_shape(wide, sets[0]), has_shape(wide, sets[-1])) == (False, True)
    assert row_shape(wide, sets[0]) is not None

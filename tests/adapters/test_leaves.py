"""Leaves: what msgspec decodes in place of a declared type, and that it takes no more than the exact way."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any

import pytest
from msgspec import MsgspecError
from msgspec.json import Decoder
from pydantic import BeforeValidator, Field
from pydantic.fields import FieldInfo

from adapters.leaves import Leaf, UncoveredError, leaf_of, list_of, read_leaf
from adapters.records import Record, Reference


class Standing(Enum):
    OPEN = "open"
    SHUT = "shut"


def declared(annotation: Any) -> FieldInfo:
    record: type[Record] = type("Declared", (Record,), {"__annotations__": {"field": annotation}})
    return record.model_fields["field"]


def read(leaf: Leaf, text: str) -> Any:
    return Decoder(leaf.annotation, dec_hook=read_leaf, float_hook=Decimal).decode(text)


@pytest.mark.parametrize(
    ("annotation", "kind", "lists", "is_optional", "is_plain"),
    [
        (str, str, 0, False, True),
        (int | None, int, 0, True, True),
        (Annotated[str | None, Reference("lei")], str, 0, True, True),
        (Standing, Standing, 0, False, True),
        (bool, bool, 0, False, False),
        (date | None, date, 0, True, False),
        (list[str], str, 1, False, False),
        (list[list[Standing | None]] | None, Standing, 2, True, False),
        (Annotated[str, BeforeValidator(str)], str, 0, False, False),
    ],
    ids=repr,
)
def test_a_leaf_says_what_it_holds(annotation: Any, kind: type, lists: int, is_optional: bool, is_plain: bool) -> None:
    """The exact type of its values, in how many lists, and whether it is text or a number just as the source has it."""
    leaf = leaf_of(declared(annotation))
    assert (leaf.kind, leaf.lists, leaf.is_optional, leaf.is_plain) == (kind, lists, is_optional, is_plain)


@pytest.mark.parametrize(
    "annotation", [str | int, Any, bytes, dict[str, int], Annotated[list[str], BeforeValidator(str.split)]]
)
def test_what_cannot_be_read_exactly_is_no_leaf(annotation: Any) -> None:
    """It is read the longer way."""
    with pytest.raises(UncoveredError):
        leaf_of(declared(annotation))


@pytest.mark.parametrize(
    ("kind", "taken", "refused"),
    [
        (Decimal, ('"1.10"', "1.10", "5", '"+1"', '"007"', '"0.0000001"'), ('"NaN"', '"1e5"', "1e301", "1" * 30, "[]")),
        (float, ("1.5", "2", "-0.0"), ('"1"', "1e999", "1" * 30, "true")),
        (
            datetime,
            ('"2020-02-29T10:00:00Z"', '"2020-02-29 10:00:00.5+01:00"'),
            ('"2020-02-29"', '"2020-02-29T10:00:00+01:60"', "5"),
        ),
        (time, ('"09:30"', '"09:30:15.25Z"'), ('"9:30"', '"25:00"', '"09:30+01:60"', "930")),
        (int, ("0", "-2147483648", "2147483647"), ("2147483648", "1.0", '"1"', "true")),
        (bool, ("true", "false"), ("1", '"true"', "null")),
    ],
    ids=repr,
)
def test_what_msgspec_takes_too_laxly_is_read_exactly(
    kind: type, taken: tuple[str, ...], refused: tuple[str, ...]
) -> None:
    """A value of exactly the type, or none."""
    leaf = leaf_of(declared(kind))
    assert [type(read(leaf, text)) for text in taken] == [kind] * len(taken)
    for text in refused:
        with pytest.raises((MsgspecError, ArithmeticError)):
            read(leaf, text)


def test_an_enum_is_read_as_the_text_of_its_member() -> None:
    """And as no other text."""
    leaf = leaf_of(declared(list[Standing | None]))
    assert read(leaf, '["open", null]') == ["open", None]
    assert leaf.members == {"open": Standing.OPEN, "shut": Standing.SHUT}
    with pytest.raises(MsgspecError):
        read(leaf, '["OPEN"]')


def test_a_converter_runs_on_what_the_exact_way_gives_it() -> None:
    """A value that is not of the declared type is not taken from it: another type, or too large a number."""
    cents = leaf_of(declared(Annotated[Decimal, BeforeValidator(lambda value: Decimal(value) / 100)]))
    assert read(cents, "1234") == Decimal("12.34")
    short = leaf_of(declared(Annotated[str, Field(max_length=3)] | None))
    assert (read(short, '"abc"'), read(short, "null")) == ("abc", None)
    for leaf, text in ((cents, "[1]"), (cents, "1" * 30), (cents, '"x"'), (short, '"abcd"'), (short, "5")):
        with pytest.raises(MsgspecError):
            read(leaf, text)


def test_a_default_is_held_as_a_value_is() -> None:
    """An enum by its text; one that is not of the type cannot be held."""
    assert leaf_of(declared(Standing)).default(Standing.SHUT) == "shut"
    assert leaf_of(declared(int)).default(7) == 7
    assert leaf_of(declared(int)).default(None) is None
    for annotation, value in ((int, "7"), (int, True), (int, 2**31), (float, float("inf")), (list[str], [])):
        with pytest.raises(UncoveredError):
            leaf_of(declared(annotation)).default(value)


def test_a_list_is_as_long_as_a_record_may_hold() -> None:
    """A longer one is for the exact way, where it is a fault."""
    decoder = Decoder(list_of(int))
    assert len(decoder.decode(b"[%s]" % b",".join([b"1"] * 1_000))) == 1_000
    with pytest.raises(MsgspecError):
        decoder.decode(b"[%s]" % b",".join([b"1"] * 1_001))

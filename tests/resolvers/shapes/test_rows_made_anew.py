"""Rows are told by what they were made for: the caches that hold their classes are bounded, and may forget them."""

from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import AfterValidator

from adapters.http import HttpOffer, InQuery
from adapters.http.reading import ReadRecords, reader_for
from adapters.records import Record
from adapters.rows import Row, row_shape
from resolvers.handed_on import OddError
from resolvers.shapes.making import known

FIELDS = ("name", "size")


class Boat(Record):
    name: str | None
    size: int | None


OFFER = HttpOffer(name="boats", serves="Vessel", record=Boat, path="/boats", key="id", keys=InQuery("ids"))


def decoded(fields: tuple[str, ...]) -> Row:
    read = reader_for(OFFER, fields)(b'[{"id": "1", "name": "Anna", "size": 3}]')
    assert isinstance(read, ReadRecords)
    (row,) = read.records
    assert isinstance(row, Row)
    return row


def test_a_row_whose_class_was_made_anew_is_the_same_kind_of_row() -> None:
    """Both have the same attributes: a shape that was compiled for the one reads the other."""
    row = decoded(FIELDS)
    row_shape.cache_clear()
    shape = row_shape(Boat, FIELDS)
    assert shape is not None
    assert not isinstance(row, shape.row)
    assert known(row, shape.row) is type(row)
    assert [getattr(row, shape.fields[name].attribute) for name in FIELDS] == ["Anna", 3]


def test_other_facts_are_another_kind() -> None:
    """Rows of other fields, and dicts."""
    shape = row_shape(Boat, FIELDS)
    assert shape is not None
    for facts in (decoded(("name",)), {"name": "Anna", "size": 3}):
        with pytest.raises(OddError):
            known(facts, shape.row)


class Scaled(Record):
    size: Annotated[int | None, AfterValidator(lambda value: value and value * 10**6)]
    share: Annotated[float | None, AfterValidator(lambda value: value and value * 1e300)]


@pytest.mark.parametrize(
    ("body", "is_row"),
    [
        (b'[{"id": "1", "size": 5, "share": 0.5}]', True),
        (b'[{"id": "1", "size": 5000, "share": 0.5}]', False),
        (b'[{"id": "1", "size": 5, "share": 1e300}]', False),
        (b'[{"id": "1", "size": null, "share": null}]', True),
    ],
)
def test_a_number_that_a_converter_makes_too_large_stands_in_no_row(body: bytes, is_row: bool) -> None:
    """Shapes trust rows: such a record is read the exact way, and its value is guarded where it is shown."""
    offer = HttpOffer(name="boats", serves="Vessel", record=Scaled, path="/boats", key="id", keys=InQuery("ids"))
    read = reader_for(offer, ("share", "size"))(body)
    assert isinstance(read, ReadRecords)
    assert isinstance(read.records[0], Row) is is_row

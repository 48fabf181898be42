"""As of when a record holds: where an offer says so it is asked for and read, and what is wrong there costs nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic import AliasPath, Field

from adapters.adapter import Batch
from adapters.answers import Answer, Fault, Found, Missing
from adapters.graphql import ByIds, GraphQLOffer
from adapters.graphql.documents import document_for
from adapters.http import HttpOffer, InQuery
from adapters.http.asks import make_ask
from adapters.http.reading import ReadRecords, reader_for
from adapters.matching import match_answers
from adapters.offers import Offer
from adapters.records import Record
from adapters.rows import Row
from adapters.sql.offers import SqlOffer, statement_for
from schema.reasons import Reason

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MOMENT = datetime(2025, 12, 24, 18, 30, tzinfo=UTC)
WRONG = Fault(Reason.VALUE_INVALID)
AT = AliasPath("meta", "changed")


class Thing(Record):
    name: str | None = None
    changed: datetime | None = Field(default=None, validation_alias=AT)


def offer(**declared: Any) -> Offer:
    plain: dict[str, Any] = {"name": "things", "serves": "Thing", "record": Thing, "key": "id", "as_of": AT}
    return Offer(**plain | declared)


def matched(asked: Offer, *records: object, fields: tuple[str, ...] = ("name",)) -> Mapping[str, Answer]:
    keys = tuple(str(number) for number in range(1, len(records) + 1))
    return match_answers(Batch(asked, fields, keys), keys, records, NOW)


def http_offer(**declared: Any) -> HttpOffer:
    plain: dict[str, Any] = {"name": "things", "serves": "Thing", "record": Thing, "key": "id", "as_of": AT}
    plain |= {"path": "/things", "keys": InQuery("ids"), "fields": InQuery("fields")}
    return HttpOffer(**plain | declared)


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        ("2025-12-24T18:30:00Z", MOMENT),
        ("2025-12-24T20:30:00.000+02:00", MOMENT),
        ("2025-12-24 18:30:00+00", MOMENT),
        (datetime(2025, 12, 24, 19, 30, tzinfo=timezone(timedelta(hours=1))), MOMENT),
        (None, None),
        ("2025-12-24T18:30:00", WRONG),
        ("2025-12-24", WRONG),
        ("yesterday", WRONG),
        ("", WRONG),
        ("2025-12-24T18:30:00Z" + " " * 100, WRONG),
        (1_766_601_000, WRONG),
        ({"at": 1}, WRONG),
        (Fault(Reason.SOURCE_ERROR), WRONG),
    ],
)
def test_a_moment_has_its_zone_and_nothing_else_is_one(told: object, wanted: datetime | Fault | None) -> None:
    """What is none is a fault of its own: the record is found, with its values."""
    answer = matched(offer(), {"id": "1", "name": "x", "meta": {"changed": told}})["1"]
    assert isinstance(answer, Found)
    assert (answer.record, answer.fetched_at, answer.as_of) == ({"name": "x"}, NOW, wanted)


@pytest.mark.parametrize("record", [{"id": "1", "name": "x"}, {"id": "1", "name": "x", "meta": None}])
def test_a_record_need_not_say_it(record: Mapping[str, Any]) -> None:
    """Then nothing is told of its age, as where the offer does not say where it would stand."""
    assert matched(offer(), record) == {"1": Found({"name": "x"}, NOW)}
    told = {**record, "meta": {"changed": "2025-12-24T18:30:00Z"}}
    assert matched(offer(as_of=None), told) == {"1": Found({"name": "x"}, NOW)}


@pytest.mark.parametrize("fields", [("name",), ("changed", "name")])
def test_rows_tell_it_as_records_do(fields: tuple[str, ...]) -> None:
    """Also where it is asked for as a value; one that tells it wrong is read the longer way, alone."""
    records = [
        {"id": str(number), "name": "x", "meta": {"changed": told}}
        for number, told in enumerate(["2025-12-24T18:30:00Z", None], start=1)
    ]
    asked = http_offer()
    read = reader_for(asked, fields)(json.dumps(records).encode())
    raws = read.records if isinstance(read, ReadRecords) else read
    answers = matched(asked, *raws, fields=fields)
    assert [one.as_of for one in answers.values() if isinstance(one, Found)] == [MOMENT, None]
    if fields == ("name",):
        assert all(isinstance(one, Row) for one in raws)
        read = reader_for(asked, fields)(json.dumps([*records, {"id": "3", "meta": {"changed": True}}]).encode())
        assert [isinstance(one, Row) for one in read.records] == [True, True, False]
        assert [one.as_of for one in matched(asked, *read.records).values() if isinstance(one, Found)][2] == WRONG


def test_it_is_asked_for() -> None:
    """Whatever else is, in the words of each protocol; where no offer says it, it is not."""
    asked, plain = http_offer(), http_offer(as_of=None)
    asks = [make_ask(one, Batch(one, ("name",), ("1",)), ("1",)) for one in (asked, plain)]
    assert [one.target.count("meta") for one in asks] == [1, 0]
    of_graphql = GraphQLOffer(
        name="things", serves="Thing", record=Thing, key="id", keys=ByIds("nodes", on="Thing"), as_of=AT
    )
    assert "... on Thing { id meta { changed } name }" in document_for(of_graphql, ("name",), 1, frozenset({"keys"}))
    of_sql = SqlOffer(name="things", serves="Thing", record=Thing, key="id", table="thing", as_of="changed_at")
    assert statement_for(of_sql, ("name",)).columns == ("changed_at", "id", "name")


def test_a_list_has_none() -> None:
    """Its entries may each be of another age."""
    with pytest.raises(ValueError, match="as_of= for a list"):
        offer(serves="Thing.parts")
    with pytest.raises(ValueError, match="got the name"):
        SqlOffer(name="t", serves="Thing", record=Thing, key="id", table="thing", as_of='x"; --')


def test_who_is_missing_has_no_age() -> None:
    """Nothing was found."""
    assert match_answers(Batch(offer(absent=Missing), ("name",), ("1",)), ("1",), [], NOW) == {"1": Missing()}

"""Bodies read as rows: equal to what the exact way reads, whatever a source sends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, time
from decimal import Decimal
from functools import cache
from random import Random
from typing import Annotated, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import AliasPath, BeforeValidator

from adapters.adapter import Batch, Slice
from adapters.answers import Answer, Found, Missing, Page
from adapters.http import ByCursor, ByOffset, ByPage, HttpAdapter, HttpOffer, HttpReply, InLastRecord, InLink, InQuery
from adapters.http.asks import HttpAsk
from adapters.http.exact_json import JsonError, read_json
from adapters.http.reading import Readers, ReadRecords, reader_for
from adapters.records import Record
from adapters.rows import Row, row_shape
from adapters.sending import SendError
from adapters.testing import every_field
from tests.adapters.http.bodies import Bodies, Thing

FIELDS = tuple(sorted(every_field(Thing)))
KEYS = ("1", "2", "3")


@cache
def offers() -> Mapping[str, HttpOffer]:
    """One offer for each form of answer: the records at once, below a name, lists, and pages of every kind."""
    facts: dict[str, Any] = {"serves": "Thing", "record": Thing, "path": "/things", "key": "id", "keys": InQuery("ids")}
    lists = facts | {"serves": "Owner.things", "records": "items", "max_items": 4}
    paged = lists | {"max_page": 2}
    after = AliasPath("links", "next")
    declared: dict[str, dict[str, Any]] = {
        "bare": facts,
        "named": facts | {"records": "items", "absent": Missing},
        "deep": facts | {"records": AliasPath("data", "items")},
        "unsaid": facts | {"key": None, "max_batch": 1},
        "list": lists,
        "cursor": paged | {"paging": ByCursor(size="n", cursor="c", next="next")},
        "link": paged | {"paging": ByCursor(size="n", cursor="c", next=InLink(after))},
        "last": paged | {"paging": ByCursor(size="n", cursor="c", next=InLastRecord("id"), has_more="more")},
        "offset": paged | {"paging": ByOffset(total="total")},
        "page": paged | {"paging": ByPage(total_pages=AliasPath("meta", "pages"))},
    }
    return {name: HttpOffer(name=name, **one) for name, one in declared.items()}


def body_for(offer: HttpOffer, bodies: Bodies) -> bytes:
    """Return a body for the offer, whose parts are odd as often as the bodies are told."""
    keys = [bodies.value(bodies.random.choice(['"1"', "2", '"3"'])) for _ in range(bodies.random.randrange(4))]
    records = ", ".join("null" if bodies.is_odd() else bodies.record(key) for key in keys)
    told = f"[{records}]" if len(keys) != 1 or bodies.random.random() < 0.5 else records
    for name in reversed([] if offer.records is None else _steps(offer.records)):
        told = bodies.object([(name, told)])
    if offer.paging is not None:
        more, number = bodies.value("true"), bodies.value("3")
        link = bodies.value('"https://x.example/?c=z"')
        further = [("items", told.removeprefix('{"items": ').removesuffix("}")), ("next", bodies.value('"z"'))]
        further += [("more", more), ("total", number), ("meta", bodies.object([("pages", number)]))]
        told = bodies.object([*further, ("links", bodies.object([("next", link)]))])
    return bodies.bytes(told)


def _steps(path: str | AliasPath) -> list[str]:
    return [path] if isinstance(path, str) else [str(step) for step in path.path]


def answers(offer: HttpOffer, fields: tuple[str, ...], body: bytes, read: Callable[[bytes], Any]) -> object:
    """Return what the adapter makes of a body, or how it fails, in a form that is equal only where all is."""
    adapter = HttpAdapter("things", "https://things.example", [offer])
    keys = KEYS[: offer.keys_a_call]
    batch = Batch(offer, fields, keys, slice=Slice(2) if offer.is_paged else None)
    try:
        reply = HttpReply(200, read(body))
        found = adapter._read(batch, keys, HttpAsk(batch, keys, "/"), reply)
    except (JsonError, SendError) as error:
        return str(error)
    return {key: exact(answer) for key, answer in found.items()}


def exact(value: Answer | object) -> object:
    """Return a value with its types; a row as the mapping it is, and a moment without who made its zone."""
    match value:
        case Found():
            return ("found", exact(value.record), value.as_of)
        case Page():
            return ("page", exact(list(value.items)), value.end_cursor, value.has_next)
        case Mapping():
            return {name: exact(item) for name, item in value.items()}
        case list():
            return [exact(item) for item in value]
        case datetime() | time():
            return (type(value), value.isoformat())
        case Decimal() | float():
            return (type(value), str(value))
    return (type(value), value)


def read(name: str, body: bytes, fields: tuple[str, ...] = ("count", "text")) -> Any:
    return reader_for(offers()[name], fields)(body)


def kinds(found: ReadRecords) -> list[str]:
    return ["row" if isinstance(one, Row) else type(one).__name__ for one in found.records]


def test_an_ordinary_body_is_read_as_rows() -> None:
    """A list or a single record, wherever it stands; null entries stay, for pages count them."""
    rows = b'[{"id": 1, "count": 7, "text": "\xc3\xa9"}, null]'
    found = read("bare", rows)
    assert kinds(found) == ["row", "NoneType"]
    assert found.records[0] == {"count": 7, "text": "\u00e9"}
    assert kinds(read("deep", b'{"data": {"items": %s, "more": 1}}' % rows)) == ["row", "NoneType"]
    assert kinds(read("named", b'{"items": {"id": 1, "count": null, "text": null}}')) == ["row"]


def test_what_the_paging_reads_stands_beside_the_rows() -> None:
    """And nothing else of the body."""
    found = read("link", b'{"items": [], "links": {"next": "x", "prev": 5}, "other": 1}')
    assert (found.records, found.told) == ([], {"links": {"next": "x"}})
    assert read("page", b'{"items": []}').told == {"meta": {"pages": None}}
    assert read("last", b'{"items": [], "more": true}').told == {"more": True}
    assert "secret" not in repr(read("cursor", b'{"items": [], "next": "secret"}'))


def test_one_bad_record_costs_that_record_only() -> None:
    """It is read the exact way, alone; the others are rows."""
    rows = [b'{"id": %d, "count": %s, "text": ""}' % one for one in ((1, b"1"), (2, b'"bad"'), (3, b"3"))]
    for name, body in (("bare", b"[%s]"), ("named", b'{"items": [%s]}')):
        found = read(name, body % b",".join(rows))
        assert kinds(found) == ["row", "dict", "row"]
        assert found.records[1] == {"id": 2, "count": "bad", "text": ""}
    assert kinds(read("bare", b' {"id": 1}')) == ["dict"]
    assert kinds(read("bare", b'[5, null, {"id": 1, "count": 1, "text": null}]')) == ["int", "NoneType", "row"]


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("named", b'{"entries": []}'),
        ("named", b'{"items": 5}'),
        ("cursor", b'{"items": [], "next": 1.5}'),
        ("bare", b"\xef\xbb\xbf[]"),
        ("bare", b'[{"id": 1, "count": 1, "text": "\\ud800"}]'),
        ("bare", b"[%s]" % b",".join([b"null"] * 601)),
        ("unsaid", b"null"),
    ],
)
def test_a_body_of_another_form_is_read_as_a_whole(name: str, body: bytes) -> None:
    """What it means is for the exact way to say."""
    assert read(name, body) == read_json(body)
    assert not isinstance(read(name, body), ReadRecords)


@pytest.mark.parametrize("body", [b"", b"[1,", b"[" * 100_000, b"[NaN]"])
def test_what_is_no_json_is_no_answer(body: bytes) -> None:
    """As the exact way says."""
    with pytest.raises(JsonError):
        read("bare", body)


def test_what_is_no_text_is_no_json_where_nobody_looks_either() -> None:
    """msgspec passes over the members that are not wanted without reading them."""
    with pytest.raises(JsonError):
        read("bare", b'[{"id": "1", "count": 1, "zzz": "\xff"}]', ("count",))


class Converted(Record):
    name: Annotated[list[str], BeforeValidator(str.split)]


@pytest.mark.parametrize(
    "declared",
    [
        {"record": Converted},
        {"records": 'quo"te'},
        {"records": AliasPath("pages", 0)},
        {"attributes": "attributes"},
        {"serves": "Owner.things", "max_page": 2, "paging": ByOffset(total="total")},
    ],
    ids=repr,
)
def test_an_offer_without_rows_reads_json(declared: dict[str, Any]) -> None:
    """A converter of the author's, a place that msgspec cannot look for, records in two parts, pages of a bare list."""
    fields = ("name",) if "record" in declared else ("text",)
    ordinary: dict[str, Any] = {"name": "x", "serves": "Thing", "record": Thing, "path": "/x", "key": "id"}
    asked = HttpOffer(**ordinary | {"keys": InQuery("ids")} | declared)
    assert reader_for(asked, fields) is read_json


def things(count: int) -> tuple[HttpOffer, list[tuple[str, ...]]]:
    """An offer whose rows nobody has asked for, and so many sets of its fields."""
    names = [f"field_{n}" for n in range(count)]
    record = type("Unseen", (Record,), {"__annotations__": dict.fromkeys(names, str | None)})
    offer = HttpOffer(name="unseen", serves="Thing", record=record, path="/x", key="id", keys=InQuery("ids"))
    return offer, [(name,) for name in names]


def test_fields_that_are_asked_for_again_are_read_as_rows() -> None:
    """And as JSON when they come for the first time: most that come once never come again. The reader is made once."""
    offer, (fields, others) = things(2)
    readers = Readers()
    assert readers.reader(offer, fields) is read_json
    assert readers.reader(offer, others) is read_json
    read = readers.reader(offer, fields)
    assert kinds(read(b'[{"id": "1", "field_0": "a"}]')) == ["row"]
    assert readers.reader(offer, fields) is read


def test_fields_whose_rows_something_waits_for_are_read_as_rows_at_once() -> None:
    """Code that was made to read them would take dicts the longer way."""
    offer, (fields,) = things(1)
    assert row_shape(offer.record, fields) is not None
    assert Readers().reader(offer, fields) is not read_json


def test_readers_take_no_more_memory_than_they_may() -> None:
    """The one that was not used for the longest time goes first, and comes back when it is asked for."""
    offer, asked = things(3)
    readers = Readers(most_bytes=20_000)  # room for two
    made = [(readers.reader(offer, fields), readers.reader(offer, fields))[1] for fields in asked[:2]]
    assert readers.reader(offer, asked[0]) is made[0]
    assert [readers.reader(offer, asked[2]) is read_json for _ in range(2)] == [True, False]
    assert readers.reader(offer, asked[0]) is made[0]
    again = readers.reader(offer, asked[1])
    assert again is not made[1]
    assert again is not read_json


def test_a_reader_that_is_larger_than_all_may_be_is_kept_alone() -> None:
    """Nothing of it is refused."""
    offer, (fields,) = things(1)
    readers = Readers(most_bytes=10)
    assert readers.reader(offer, fields) is read_json
    assert readers.reader(offer, fields) is readers.reader(offer, fields) is not read_json


def test_sets_of_fields_that_come_once_make_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are; the fields of ordinary requests stay as they are kept."""
    offer, (usual, *others) = things(40)
    readers = Readers(most_bytes=20_000)
    kept = [readers.reader(offer, usual) for _ in range(2)][1]
    monkeypatch.setattr("adapters.http.reading.reader_for", lambda *_: 1 / 0)
    assert {readers.reader(offer, fields) for fields in others} == {read_json}
    assert readers.reader(offer, usual) is kept


Seeds = st.integers(0, 2**64)


@settings(deadline=None, max_examples=400)
@given(Seeds, st.sampled_from(sorted(offers())), st.sampled_from([0.0, 0.002, 0.02, 0.1]))
def test_rows_are_what_the_exact_way_reads(seed: int, name: str, oddness: float) -> None:
    """Answers, faults and errors, for any body and any fields: nothing is taken that is refused there."""
    assert_equal(seed, name, oddness)


@pytest.mark.long
@settings(deadline=None, max_examples=40_000)
@given(Seeds, st.sampled_from(sorted(offers())), st.sampled_from([0.0, 0.002, 0.02, 0.1]))
def test_rows_are_what_the_exact_way_reads_in_many_bodies(seed: int, name: str, oddness: float) -> None:
    """As above, more often."""
    assert_equal(seed, name, oddness)


def assert_equal(seed: int, name: str, oddness: float) -> None:
    random, offer = Random(seed), offers()[name]
    fields = FIELDS if random.random() < 0.3 else tuple(sorted(random.sample(FIELDS, random.randrange(1, 6))))
    body = body_for(offer, Bodies(random, oddness))
    readers = Readers()
    _, read = (readers.reader(offer, fields) for _ in range(2))  # they are rows at the second use for certain
    assert read is not read_json
    assert answers(offer, fields, body, read) == answers(offer, fields, body, read_json), body

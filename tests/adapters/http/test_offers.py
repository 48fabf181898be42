"""What goes on the wire for a batch: a pure function of the offer, the fields and the keys."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, unquote

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import AliasPath, Field

from adapters.adapter import Batch, Slice
from adapters.answers import Page
from adapters.http import (
    AsBody,
    AsQuery,
    ByCursor,
    ByOffset,
    ByPage,
    HttpOffer,
    InBody,
    InLastRecord,
    InPath,
    InQuery,
)
from adapters.http.asks import are_plain, make_ask, unaskable
from adapters.records import Record
from adapters.testing import HOSTILE_KEYS
from schema.reasons import Reason


class Thing(Record):
    name: str | None = Field(validation_alias="title")
    city: str | None = Field(validation_alias=AliasPath("address", "city"))


def offer(**declared: Any) -> HttpOffer:
    ordinary: dict[str, Any] = {"name": "things", "serves": "Thing", "record": Thing, "key": "id", "path": "/things"}
    return HttpOffer(**ordinary | declared)


JOINED = offer(keys=InQuery("ids"))
REPEATED = offer(keys=InQuery("ids", separator=None))
BODY = offer(keys=InBody("ids"))
SINGLE = offer(path="/things/{key}")

unhurried = settings(deadline=None)

askable = st.text(min_size=1, max_size=30).filter(lambda key: unaskable(SINGLE, key) is None)


def target(asked: HttpOffer, *keys: str, fields: tuple[str, ...] = ("name",)) -> str:
    return make_ask(asked, Batch(asked, fields, keys), keys).target


def test_joined_keys_are_one_query_parameter() -> None:
    """The separator stands bare, and the name is encoded too."""
    assert target(JOINED, "1", "b c") == "/things?ids=1,b%20c"
    assert target(offer(keys=InQuery("filter[lei]", separator="|")), "1", "2") == "/things?filter%5Blei%5D=1|2"


def test_repeated_keys_are_one_parameter_each() -> None:
    """A separator in a key then means nothing."""
    assert target(REPEATED, "1", "b,c") == "/things?ids=1&ids=b%2Cc"


def test_a_key_in_the_path_is_one_segment() -> None:
    """Slashes, steps and escapes in it are encoded."""
    assert target(SINGLE, "a/../b%2F?x#y") == "/things/a%2F..%2Fb%252F%3Fx%23y"


def test_keys_in_the_body_are_a_list_and_the_request_a_post() -> None:
    """Each value bare, or wrapped in an object."""
    for place, wanted in ((InBody("ids"), ["1", "2"]), (InBody("ids", each="id"), [{"id": "1"}, {"id": "2"}])):
        asked = offer(keys=place)
        ask = make_ask(asked, Batch(asked, (), ("1", "2")), ("1", "2"))
        assert ask.target == "/things"
        assert json.loads(ask.body or b"") == {"ids": wanted}


def test_fixed_parameters_come_first_and_encoded() -> None:
    """They are the same for every call."""
    assert target(offer(keys=InQuery("ids"), params=(("a b", "c&d"),)), "1") == "/things?a%20b=c%26d&ids=1"


def test_the_fields_are_the_sources_own_and_the_echoed_key() -> None:
    """Top-level names, each once, for the wanted fields only."""
    asked = offer(keys=InQuery("ids"), fields=InQuery("fields"))
    assert target(asked, "1", fields=("name",)) == "/things?ids=1&fields=id,title"
    assert target(asked, "1", fields=("city",)) == "/things?ids=1&fields=address,id"
    assert target(asked, "1", fields=()) == "/things?ids=1&fields=id"
    nested = offer(keys=InQuery("ids"), fields=InQuery("fields"), key=AliasPath("address", "owner"))
    assert target(nested, "1", fields=("city",)) == "/things?ids=1&fields=address"
    unechoed = offer(path="/things/{key}", fields=InQuery("fields", separator=None), key=None)
    assert target(unechoed, "1", fields=("city", "name")) == "/things/1?fields=address&fields=title"


def test_fields_may_stand_in_the_body_beside_keys_in_the_path() -> None:
    """Where they stand is independent of where the keys stand."""
    asked = offer(path="/things/{key}/read", fields=InBody("properties"))
    ask = make_ask(asked, Batch(asked, ("name",), ("1",)), ("1",))
    assert (ask.target, ask.body) == ("/things/1/read", b'{"properties": ["id", "title"]}')


LISTING: dict[str, Any] = {"serves": "Owner.things", "keys": InQuery("ids"), "max_page": 10}


def test_a_page_is_asked_of_one_key_behind_everything_else() -> None:
    """An offer with pages need not say that it is asked one key a call."""
    asked = offer(**LISTING, fields=InQuery("fields"), paging=ByCursor(size="n", cursor="c", next="next"), key=None)
    assert (asked.max_batch, asked.keys_a_call) == (1, 1)
    ask = make_ask(asked, Batch(asked, ("name",), ("1",), slice=Slice(5, "a&b")), ("1",))
    assert (ask.target, ask.body) == ("/things?ids=1&fields=title&n=5&c=a%26b", None)


def test_the_field_that_holds_the_cursor_is_asked_for() -> None:
    """Where the last record holds it; beside attributes it always comes."""
    last = ByCursor(size="n", cursor="c", next=InLastRecord(AliasPath("ref", "id")), has_more="more")
    asked = offer(**LISTING, fields=InQuery("fields"), paging=last)
    batch = Batch(asked, ("name",), ("1",), slice=Slice(5))
    assert make_ask(asked, batch, ("1",)).target == "/things?ids=1&fields=id,ref,title&n=5"
    beside = offer(**LISTING, fields=InQuery("fields"), paging=last, attributes="attributes")
    assert make_ask(beside, batch, ("1",)).target == "/things?ids=1&fields=title&n=5"


@pytest.mark.parametrize(
    ("declared", "posts"),
    [
        ({"keys": InQuery("ids")}, False),
        ({"keys": InBody("ids")}, True),
        ({"keys": InQuery("ids"), "fields": InBody("fields")}, True),
        ({**LISTING, "paging": ByPage(total="total")}, False),
        ({**LISTING, "paging": ByPage(total="total", in_body=True)}, True),
        ({**LISTING, "max_page": None, "arguments": {"x": AsQuery("x")}}, False),
        ({**LISTING, "max_page": None, "arguments": {"x": AsBody("x")}}, True),
    ],
)
def test_an_offer_is_always_asked_by_one_method(declared: dict[str, Any], posts: bool) -> None:
    """Whether a call happens to say something in its body or not."""
    asked = offer(**declared)
    batch = Batch(asked, ("name",), ("1",), slice=Slice(5) if asked.is_paged else None)
    assert (make_ask(asked, batch, ("1",)).body is not None) is posts


@unhurried
@given(askable)
def test_any_key_is_one_segment_that_reads_back_as_itself(key: str) -> None:
    """And httpx passes the target on as it is: no step resolved, nothing encoded twice."""
    asked = target(SINGLE, key)
    assert asked.count("/") == 2
    assert unquote(asked.removeprefix("/things/")) == key
    assert httpx.URL("http://crm.example" + asked).raw_path.decode() == asked


@unhurried
@given(st.lists(askable.filter(lambda key: "," not in key), min_size=1, max_size=5))
def test_joined_keys_read_back_as_themselves(keys: list[str]) -> None:
    """As a source reads them: decoded, then split."""
    asked = target(JOINED, *keys)
    assert httpx.URL("http://crm.example" + asked).raw_path.decode() == asked
    assert parse_qsl(asked.partition("?")[2])[0][1].split(",") == keys


@unhurried
@given(st.lists(askable, min_size=1, max_size=5))
def test_repeated_keys_read_back_as_themselves(keys: list[str]) -> None:
    """Whatever they hold."""
    asked = target(REPEATED, *keys)
    assert httpx.URL("http://crm.example" + asked).raw_path.decode() == asked
    assert [value for _, value in parse_qsl(asked.partition("?")[2])] == keys


@unhurried
@given(st.text())
def test_a_key_is_asked_for_as_one_key_or_not_at_all(key: str) -> None:
    """A source that splits on the comma never sees one where there was one key."""
    if unaskable(JOINED, key) is None:
        assert parse_qsl(target(JOINED, key).partition("?")[2])[0][1].split(",") == [key]
    else:
        assert not key.strip() or "," in key


@pytest.mark.parametrize(
    ("asked", "key"),
    [
        (SINGLE, "."),
        (SINGLE, ".."),
        (JOINED, "a,b"),
        (JOINED, ","),
        *(
            (any_offer, key)
            for any_offer in (SINGLE, JOINED, REPEATED, BODY)
            for key in ("", " ", "x" * 1025, "a\ud800b")
        ),
    ],
    ids=lambda value: value.path if isinstance(value, HttpOffer) else ascii(value[:9]),
)
def test_a_key_that_cannot_stay_one_key_is_refused(asked: HttpOffer, key: str) -> None:
    """As an error, for nobody asked the source whether it has it; the text does not hold the key."""
    refused = unaskable(asked, key)
    assert refused is not None
    assert refused.reason is Reason.SOURCE_ERROR
    assert len(key) < 3 or key not in refused.detail


def test_other_hostile_keys_are_asked() -> None:
    """Only what cannot be said is refused."""
    for asked in (SINGLE, REPEATED, BODY):
        assert [key for key in HOSTILE_KEYS if unaskable(asked, key) is not None] == []
    for asked in (REPEATED, BODY, JOINED):
        assert unaskable(asked, "..") is None


ODD_KEYS = ["a,b", "a\nb", "\n", ".", "..", "x" * 1024, "x" * 1025, f"x\n{'y' * 1024}", "\u00e9", "a b", "", "\ud800"]


@unhurried
@given(st.lists(st.sampled_from(["1", "C-000001", *ODD_KEYS, *HOSTILE_KEYS]) | st.text(max_size=5), min_size=1))
def test_keys_that_are_plain_at_a_glance_are_refused_by_nothing(keys: list[str]) -> None:
    """A look at all of them at once takes no more than one by one; ordinary keys it knows."""
    for asked in (SINGLE, JOINED, REPEATED, BODY):
        batch = Batch(asked, ("name",), tuple(keys))
        refused = [key for key in keys if unaskable(asked, key) is not None]
        assert not (are_plain(asked, batch) and refused)
        assert are_plain(asked, Batch(asked, ("name",), ("C-000001", "7")))


def test_a_key_in_the_path_makes_one_key_a_call() -> None:
    """Whatever max_batch says; so an offer whose records do not echo their key need not say it."""
    assert SINGLE.max_batch == 1
    assert offer(path="/things/{key}", key=None, max_batch=7).max_batch == 1
    assert JOINED.max_batch == 50


@pytest.mark.parametrize(
    ("declared", "wanted"),
    [
        ({"path": "things", "keys": InQuery("ids")}, "begins with /"),
        ({"path": "/things?a=1", "keys": InQuery("ids")}, "has no query"),
        ({"path": "/things#a", "keys": InQuery("ids")}, "has no query"),
        ({"path": "/things"}, "{key} in it once"),
        ({"path": "/{key}/{key}"}, "{key} in it once"),
        ({"path": "/{tenant}/{key}"}, "no other brace"),
        ({"path": "/things/{key}", "keys": InQuery("ids")}, "no brace"),
        ({"path": "/things", "keys": InQuery("ids"), "key": None}, "set max_batch=1"),
        ({**LISTING, "paging": None}, "wanted both"),
        ({**LISTING, "max_page": None, "paging": ByOffset()}, "wanted both"),
        ({"keys": InQuery("ids"), "max_page": 9, "paging": ByOffset()}, "lists have pages"),
        ({**LISTING, "paging": ByOffset(), "limits_per_key": True}, "leave limits_per_key out"),
        ({"keys": InQuery("ids"), "arguments": {"x": AsQuery("x")}}, "only lists have arguments"),
        ({"keys": InQuery("ids"), "absent": Page}, "lists only"),
        ({"keys": InQuery("ids"), "fields": InQuery("ids")}, "the name 'ids' twice"),
        ({"keys": InQuery("ids"), "params": (("ids", "1"),)}, "the name 'ids' twice"),
        ({**LISTING, "paging": ByOffset(size="ids")}, "the name 'ids' twice"),
        ({**LISTING, "paging": ByOffset(), "arguments": {"x": AsQuery("limit")}}, "the name 'limit' twice"),
    ],
)
def test_an_offer_that_cannot_be_asked_is_refused(declared: dict[str, Any], wanted: str) -> None:
    """The message names the offer, what was got and what was wanted."""
    with pytest.raises(ValueError, match="offer things: got") as caught:
        offer(**declared)
    assert wanted in str(caught.value)


@pytest.mark.parametrize("separator", ["", "&", "a", "%2C", "+", "=", "#"])
def test_a_separator_that_a_query_uses_itself_is_refused(separator: str) -> None:
    """It would end the parameter, or could not be told from a key."""
    with pytest.raises(ValueError, match="wanted punctuation"):
        InQuery("ids", separator=separator)


def test_nothing_of_a_request_is_printed() -> None:
    """Its target and body hold keys."""
    for asked in (SINGLE, BODY):
        assert "secret-key" not in repr(make_ask(asked, Batch(asked, (), ("secret-key",)), ("secret-key",)))


def test_in_path_is_the_default() -> None:
    """The path says where the key goes."""
    assert SINGLE.keys == InPath()

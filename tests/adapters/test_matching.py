"""Which record answers which key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import json
from pydantic import BeforeValidator, Field

from adapters.adapter import Batch, Slice
from adapters.answers import Answer, Found, Missing, Page, SourceError
from adapters.matching import Ends, PageEnd, match_answers
from adapters.offers import KeyForm, Offer
from adapters.records import Record
from adapters.rows import keyed_row
from schema.reasons import Reason

NOW = datetime(2026, 1, 2, tzinfo=UTC)


class Thing(Record):
    name: str | None = None


class Decoded:
    """Passes names on as they are, and keeps those that were decoded."""

    def __init__(self) -> None:
        self.names: list[object] = []

    def __call__(self, name: object) -> object:
        self.names.append(name)
        return name


DECODED = Decoded()


def offer(**declared: Any) -> Offer:
    ordinary: dict[str, Any] = {"name": "things", "serves": "Thing", "record": Thing, "key": "id"}
    return Offer(**ordinary | declared)


def match(asked: Offer, keys: Sequence[str], *raws: object) -> Mapping[str, Answer]:
    return match_answers(Batch(asked, ("name",), tuple(keys)), keys, raws, NOW)


def thing(key: object, name: str | None = None) -> dict[str, object]:
    return {"id": key, "name": name if name is not None else f"thing {key}"}


def found(key: str) -> Found:
    return Found({"name": f"thing {key}"}, NOW)


def page(*names: str) -> Found:
    return Found(Page(tuple({"name": name} for name in names)), NOW)


def reason(answer: Answer) -> Reason | None:
    return answer.reason if isinstance(answer, SourceError) else None


def test_records_are_matched_by_the_key_they_echo() -> None:
    """In whatever order they come."""
    assert match(offer(), "abc", thing("c"), thing("a"), thing("b")) == {key: found(key) for key in "abc"}


@pytest.mark.parametrize(("absent", "answer"), [(Missing, Missing()), (None, None)])
def test_a_key_left_out_is_what_the_offer_declares(absent: type[Missing] | None, answer: Answer | None) -> None:
    """Missing, or an incomplete answer."""
    got = match(offer(absent=absent), "ab", thing("a"))
    assert got["a"] == found("a")
    assert got["b"] == answer if answer else reason(got["b"]) is Reason.SOURCE_INCOMPLETE


@pytest.mark.parametrize("foreign", [thing("z"), thing(None), thing(""), {}, {"ID": "b"}])
def test_a_record_of_another_key_makes_absence_unbelievable(foreign: object) -> None:
    """Whose it is, nobody asked; or it does not say."""
    got = match(offer(absent=Missing), "ab", thing("a"), foreign)
    assert got["a"] == found("a")
    assert reason(got["b"]) is Reason.SOURCE_MISMATCH


def test_something_that_is_no_record_is_an_error_of_the_keys_left_out() -> None:
    """The others have their records."""
    got = match(offer(absent=Missing), "ab", thing("a"), "b")
    assert got["a"] == found("a")
    assert reason(got["b"]) is Reason.SOURCE_ERROR


def test_two_records_of_one_key_are_an_error_of_that_key() -> None:
    """Even if they are alike."""
    got = match(offer(), "ab", thing("a"), thing("b"), thing("a"))
    assert reason(got["a"]) is Reason.SOURCE_ERROR
    assert got["b"] == found("b")


def test_a_list_offer_takes_all_records_of_a_key_in_the_sources_order() -> None:
    """A key without any has what the offer declares."""
    listing = offer(serves="Thing.parts", absent=Page)
    got = match(listing, "abc", thing("a", "1"), thing("b", "2"), thing("a", "3"))
    assert got == {"a": page("1", "3"), "b": page("2"), "c": page()}
    assert reason(match(listing, "ab", thing("z"))["a"]) is Reason.SOURCE_MISMATCH


def test_a_source_that_does_not_echo_is_believed_about_the_one_key_asked() -> None:
    """Whatever its records say: the declaration says that they cannot tell."""
    unechoed = offer(key=None, max_batch=1, absent=Missing)
    assert match(unechoed, ["a"], {"name": "thing a"}) == {"a": found("a")}
    assert match(unechoed, ["a"]) == {"a": Missing()}
    assert reason(match(unechoed, ["a"], "no record")["a"]) is Reason.SOURCE_ERROR
    listing = offer(key=None, max_batch=1, serves="Thing.parts")
    assert match(listing, ["a"], thing("x", "1"), thing("y", "2")) == {"a": page("1", "2")}


def test_keys_are_compared_in_the_offers_normal_form() -> None:
    """The answer stands under the key as it was asked; two spellings of one key both have it."""
    got = match(offer(key_form=KeyForm.UPPER), ["a1", "A1 ", "b2"], thing("A1", "x"), thing("b2", "y"))
    assert [(key, answer.record) for key, answer in got.items() if isinstance(answer, Found)] == [
        ("a1", {"name": "x"}),
        ("A1 ", {"name": "x"}),
        ("b2", {"name": "y"}),
    ]


def test_a_key_never_has_the_record_of_one_that_unicode_folds_onto_it() -> None:
    """The long s is not an S: the record of S1 is another customer's."""
    got = match(offer(key_form=KeyForm.UPPER, absent=Missing), ["\u017f1"], thing("S1"))
    assert reason(got["\u017f1"]) is Reason.SOURCE_MISMATCH


class Watched(Record):
    name: Annotated[str, BeforeValidator(DECODED)]


def watched(**declared: Any) -> Offer:
    DECODED.names.clear()
    return offer(record=Watched, **declared)


def test_a_list_of_more_items_than_allowed_costs_its_key_only() -> None:
    """It is not decoded; the other key's is."""
    listing = watched(serves="Thing.parts", max_items=2)
    got = match(listing, "ab", *(thing("a", "long") for _ in range(3)), thing("b", "1"), thing("b", "2"))
    too_long = "the list held more items than the offer allows, or than were asked for"
    assert got["a"] == SourceError(Reason.SOURCE_ERROR, too_long)
    assert got["b"] == page("1", "2")
    assert DECODED.names == ["1", "2"]


def test_a_list_whose_records_do_not_echo_is_bounded_too() -> None:
    """All of them are the one key's."""
    listing = watched(serves="Thing.parts", max_items=2, key=None, max_batch=1)
    assert reason(match(listing, ["a"], *(thing("x") for _ in range(3)))["a"]) is Reason.SOURCE_ERROR
    assert DECODED.names == []


LISTING = {"serves": "Thing.parts", "max_page": 2, "limits_per_key": True}


def match_pages(asked: Offer, part: Slice, ends: Ends, *raws: object) -> Mapping[str, Answer]:
    return match_answers(Batch(asked, ("name",), ("A", "b"), slice=part), ("A", "b"), raws, NOW, ends)


def test_a_page_ends_where_the_adapter_says() -> None:
    """Told the key as it was asked, and its own records; those that are not given are not decoded."""

    def ends(key: str, records: Sequence[Mapping[str, Any]]) -> PageEnd:
        return PageEnd(records[:1], f"{key}:1", has_next=len(records) > 1)

    listing = watched(**LISTING, key_form=KeyForm.UPPER)
    raws = [thing("a", "1"), thing("B", "3"), thing("a", "2")]
    got = match_pages(listing, Slice(1), ends, *raws)
    assert [(answer.record) for answer in got.values() if isinstance(answer, Found)] == [
        Page(({"name": "1"},), "A:1", has_next=True),
        Page(({"name": "3"},), "b:1", has_next=False),
    ]
    assert DECODED.names == ["1", "3"]


@pytest.mark.parametrize("absent", [None, Missing, Page])
def test_an_empty_page_can_be_followed(absent: type[Missing] | type[Page] | None) -> None:
    """Some sources filter after they have cut; without more to follow it is what the offer says of absent keys."""

    def ends(key: str, records: Sequence[Mapping[str, Any]]) -> PageEnd:
        return PageEnd(records, "x", has_next=True)

    listing = offer(**LISTING, absent=absent)
    assert match_pages(listing, Slice(2), ends)["A"] == Found(Page((), "x", has_next=True), NOW)
    assert reason(match_pages(listing, Slice(2), ends, thing("z"))["A"]) is Reason.SOURCE_MISMATCH
    got = match_pages(listing, Slice(2), lambda _, records: PageEnd(records))["A"]
    assert got == (Missing() if absent is Missing else page() if absent is Page else got)
    assert (absent is None) is isinstance(got, SourceError)


@pytest.mark.parametrize("absent", [None, Missing, Page])
def test_a_list_that_is_gone_on_with_can_have_nothing_more(absent: type[Missing] | type[Page] | None) -> None:
    """What an absent key means, the first page has told; a record of another key stays a mismatch."""

    def ends(key: str, records: Sequence[Mapping[str, Any]]) -> PageEnd:
        return PageEnd(records)

    listing = offer(**LISTING, absent=absent)
    assert match_pages(listing, Slice(2, "c"), ends)["b"] == page()
    assert reason(match_pages(listing, Slice(2, "c"), ends, thing("z"))["b"]) is Reason.SOURCE_MISMATCH


def test_a_page_of_more_than_was_asked_is_an_error_of_its_key() -> None:
    """The other key has its page."""
    raws = [thing("A", "1"), thing("A", "2"), thing("b", "3")]
    got = match_pages(offer(**LISTING), Slice(1), lambda _, records: PageEnd(records), *raws)
    assert reason(got["A"]) is Reason.SOURCE_ERROR
    assert got["b"] == page("3")


@pytest.mark.parametrize("extra", ["a", "z"])
def test_far_more_records_than_keys_are_an_error_of_the_whole_call(extra: str) -> None:
    """Ten a key and a hundred are borne; whosoever they are, none of more is decoded."""
    facts = watched()
    got = match(facts, "ab", thing("b"), *(thing(extra) for _ in range(119)))
    assert got["b"] == found("b")
    assert DECODED.names == ["thing b"]
    got = match(watched(), "ab", thing("b"), *(thing(extra) for _ in range(120)))
    assert {reason(answer) for answer in got.values()} == {Reason.SOURCE_ERROR}
    assert DECODED.names == []


def test_a_key_without_a_normal_form_is_nobodys() -> None:
    """A record that says no key, or one without digits, is not its answer."""
    digits = offer(key_form=KeyForm.DIGITS, absent=Missing)
    for raw in (thing("none"), thing(None), {"name": "x"}):
        assert reason(match(digits, ["abc"], raw)["abc"]) is Reason.SOURCE_MISMATCH
    assert match(digits, ["abc"]) == {"abc": Missing()}


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["a", "b", "c", "A ", ""])
raws = st.lists(scalars | st.lists(scalars) | st.dictionaries(st.sampled_from(["id", "name", "x"]), scalars))


@settings(deadline=None)
@given(raws, st.sampled_from(KeyForm), st.booleans())
def test_no_key_ever_has_a_record_that_does_not_echo_it(sent: list[object], form: KeyForm, is_list: bool) -> None:
    """Whatever a source sends: one answer for each key asked, and facts only from its own records."""
    asked = offer(key_form=form, serves="Thing.parts" if is_list else "Thing", absent=Missing)
    got = match(asked, ["a", "b"], *sent)
    assert set(got) == {"a", "b"}
    for key, answer in got.items():
        own = [raw for raw in sent if isinstance(raw, Mapping) and asked.echoed_key(raw) == form.normal(key) != ""]
        if isinstance(answer, Found):
            rows = answer.record.items if isinstance(answer.record, Page) else [answer.record]
            assert len(rows) == len(own)
        assert isinstance(answer, Found) == (len(own) >= 1 if is_list else len(own) == 1)


class Plain(Record):
    name: str | None = None


def row(key: object, name: str) -> Any:
    kind = keyed_row(Plain, ("name",), "id", None)
    assert kind is not None
    return json.decode(json.encode({"id": key, "name": name}), type=kind)


def test_rows_are_matched_as_raw_records_are() -> None:
    """Each of its own key, whole numbers too; beside raw records, doubles and strangers the same rules decide."""
    asked = offer(record=Plain, absent=Missing)
    one, two, three = row("a", "thing a"), row(2, "thing 2"), row("z", "thing z")
    assert match(asked, ["a", "2"], two, one) == {"a": found("a"), "2": found("2")}
    assert match(asked, ["2", "b"], two) == {"2": found("2"), "b": Missing()}
    assert match(asked, ["a", "b"], one, thing("b")) == {"a": found("a"), "b": found("b")}
    assert reason(match(asked, "ab", one, three)["b"]) is Reason.SOURCE_MISMATCH
    assert reason(match(asked, "ab", one, one)["a"]) is Reason.SOURCE_ERROR
    assert reason(match(asked, ["a", ""], one, row("", "none"))[""]) is Reason.SOURCE_MISMATCH
    shown = match(asked, "a", one)["a"]
    assert isinstance(shown, Found)
    assert shown.record is one


def test_rows_of_lists_and_of_other_forms_are_matched_as_raw_records_are() -> None:
    """In the source's order, in the offer's normal form, and of a source that does not echo."""
    listing = offer(record=Plain, serves="Thing.parts", absent=Page)
    assert match(listing, "ab", row("a", "1"), row("a", "2")) == {"a": page("1", "2"), "b": page()}
    upper = offer(record=Plain, key_form=KeyForm.UPPER)
    assert match(upper, ["a1"], row("A1 ", "thing a1")) == {"a1": found("a1")}
    unechoed = offer(record=Plain, key=None, max_batch=1)
    assert match(unechoed, ["q"], row("a", "thing q")) == {"q": found("q")}


def test_a_row_that_says_no_key_is_nobodys() -> None:
    """Also where a key is asked that is spelt like nothing."""

    class Named(Record):
        number: str | None = Field(validation_alias="id")

    kind = keyed_row(Named, ("number",), "id", None)
    assert kind is not None
    asked = offer(record=Named, absent=Missing)
    batch = Batch(asked, ("number",), ("None",))
    got = match_answers(batch, ("None",), [json.decode(b'{"id": null}', type=kind)], NOW)
    assert reason(got["None"]) is Reason.SOURCE_MISMATCH

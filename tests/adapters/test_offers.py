"""Offers: what may be declared, and how an echoed key is read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import AliasPath

from adapters.answers import Page
from adapters.offers import KeyForm, Offer
from adapters.records import Record


class Thing(Record):
    name: str


def offer(**declared: Any) -> Offer:
    ordinary: dict[str, Any] = {"name": "things", "serves": "Thing", "record": Thing, "key": "id"}
    return Offer(**ordinary | declared)


@pytest.mark.parametrize(
    ("form", "key", "normal"),
    [
        (KeyForm.OPAQUE, " aB-1 ", " aB-1 "),
        (KeyForm.LOWER, " aB-1 ", "ab-1"),
        (KeyForm.UPPER, " aB-1 ", "AB-1"),
        (KeyForm.DIGITS, " +31 (0)6-12", "310612"),
        (KeyForm.DIGITS, "none", ""),
    ],
)
def test_a_key_has_one_normal_form(form: KeyForm, key: str, normal: str) -> None:
    """In which an asked and an echoed key are compared."""
    assert form.normal(key) == normal


@pytest.mark.parametrize(
    ("form", "key", "normal"),
    [
        (KeyForm.UPPER, "ß1", "ß1"),
        (KeyForm.UPPER, "\u017f1", "\u017f1"),
        (KeyForm.UPPER, "éa", "éA"),
        (KeyForm.LOWER, "\u212a1", "\u212a1"),  # the Kelvin sign, which lower() makes a k
        (KeyForm.LOWER, "\u00a0A\u2003", "\u00a0a\u2003"),
        (KeyForm.LOWER, "\x1fA", "\x1fa"),
        (KeyForm.DIGITS, "\uff1112", ""),  # a full-width 1
    ],
)
def test_only_ascii_is_folded_stripped_or_dropped(form: KeyForm, key: str, normal: str) -> None:
    """Unicode's folding would take one customer's key for another's."""
    assert form.normal(key) == normal


@settings(deadline=None)
@given(st.sampled_from(KeyForm), st.text())
def test_a_normal_form_is_its_own_normal_form(form: KeyForm, key: str) -> None:
    """Twice is once."""
    assert form.normal(form.normal(key)) == form.normal(key)


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        ({"id": "A-1"}, "a-1"),
        ({"id": 7}, "7"),
        ({"id": True}, None),
        ({"id": 7.0}, None),
        ({"id": None}, None),
        ({"id": ["A-1"]}, None),
        ({}, None),
        ([], None),
        ("id", None),
        (None, None),
    ],
)
def test_the_echoed_key_is_text_or_a_whole_number(raw: object, key: str | None) -> None:
    """Anything else says nothing."""
    assert offer(key_form=KeyForm.LOWER).echoed_key(raw) == key


def test_the_echoed_key_may_stand_deeper() -> None:
    """By a path, through lists too."""
    deeper = offer(key=AliasPath("data", 0, "id"))
    assert deeper.echoed_key({"data": [{"id": "1"}]}) == "1"
    assert deeper.echoed_key({"data": []}) is None


@pytest.mark.parametrize(
    ("declared", "wanted"),
    [
        ({"max_batch": 0}, "each is 1 or more"),
        ({"at_once": 0}, "each is 1 or more"),
        ({"in_flight": 0}, "each is 1 or more"),
        ({"max_items": 0}, "each is 1 or more"),
        ({"key": None}, "set max_batch=1"),
        ({"absent": Page}, "lists only"),
        ({"serves": "Thing.parts", "max_page": 0}, "each is 1 or more"),
        ({"max_page": 5}, "lists have pages"),
        ({"serves": "Thing.parts", "limits_per_key": True}, "say in max_page="),
    ],
)
def test_a_contradiction_is_refused(declared: dict[str, Any], wanted: str) -> None:
    """With the offer's name, what was got and how to mend it."""
    with pytest.raises(ValueError, match="offer things: got") as caught:
        offer(**declared)
    assert wanted in str(caught.value)


def test_an_offer_is_facts_of_a_type_or_a_list_of_a_coordinate() -> None:
    """Either way it is asked by keys of one type."""
    facts, listing = offer(), offer(serves="Thing.parts", absent=Page)
    assert (facts.is_list, facts.entity) == (False, "Thing")
    assert (listing.is_list, listing.entity) == (True, "Thing")


@pytest.mark.parametrize(
    ("declared", "keys_a_call", "calls"),
    [
        ({}, 4, {(1, None): 1, (9, None): 3, (9, 500): 3}),
        ({"max_page": 10}, 1, {(1, 10): 1, (1, 11): 2, (9, 25): 27, (2, None): 10, (1, 0): 1}),
        ({"max_page": 10, "limits_per_key": True}, 4, {(1, 10): 1, (9, 10): 3, (9, 25): 3 + 18, (9, None): 3 + 36}),
    ],
)
def test_the_calls_that_a_list_takes_are_known_before(
    declared: dict[str, Any], keys_a_call: int, calls: dict[tuple[int, int | None], int]
) -> None:
    """Full batches, where one call can limit each key; then each key's further pages alone."""
    listing = offer(serves="Thing.parts", max_batch=4, max_items=50, **declared)
    assert (listing.keys_a_call, listing.is_paged) == (keys_a_call, "max_page" in declared)
    assert {asked: listing.most_calls(*asked) for asked in calls} == calls


def test_an_offer_takes_no_arguments_unless_its_protocol_says_so() -> None:
    """Those that it does are pushed to the source."""
    assert offer().takes == frozenset()


def test_an_offer_is_a_key_of_a_dict_whatever_stands_in_it() -> None:
    """It equals itself only; an AliasPath in it has no hash of its own."""
    one, other = offer(key=AliasPath("a", "b")), offer(key=AliasPath("a", "b"))
    assert {one: 1, other: 2}[one] == 1
    assert one != other

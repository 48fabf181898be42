"""What a GraphQL offer may declare, and what of it no document can have."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import AliasPath, Field

from adapters.answers import Page
from adapters.graphql import AsVariable, ByAlias, ByIds, Connection
from adapters.graphql.documents import document_for
from adapters.records import Record
from tests.adapters.graphql.shop import ARGUMENTS, FACTS, IDS, LISTS, facts_offer


@pytest.mark.parametrize(
    ("declared", "wanted"),
    [
        ({"at": "orders"}, "a list in serves="),
        ({"arguments": ARGUMENTS}, "a list in serves="),
        ({"serves": "Customer.orders", "at": "orders", "max_page": 3}, "both for a list in pages"),
        ({"serves": "Customer.orders", "at": "orders", "connection": Connection()}, "both for a list in pages"),
        ({"serves": "Customer.orders", "keys": IDS}, "in at= where the list stands"),
        (
            {"serves": "Customer.orders", "keys": ByIds("orders"), "connection": Connection(), "max_page": 3},
            "in at= a list of each key",
        ),
        ({"params": (("sort", "a b"),)}, "a GraphQL literal"),
        ({"params": (("sort by", "A"),)}, "a letter or _"),
        ({"params": (("id.of", "A"),)}, "a value or an input object"),
        ({"params": (("where", "A"), ("where.by", "B"))}, "a value or an input object"),
        ({"key": None}, "set max_batch=1"),
        ({"key": "meta"}, "read as a value in one field and as an object"),
        ({"key": "the id"}, "a letter or _"),
    ],
)
def test_an_offer_that_cannot_be_asked_is_refused(declared: dict[str, Any], wanted: str) -> None:
    """The message says what was got and what was wanted."""
    with pytest.raises(ValueError, match="got ") as caught:
        facts_offer("things", **declared)
    assert wanted in str(caught.value)


def test_a_record_that_no_document_can_select_is_refused() -> None:
    """A place is a value or an object, and names are GraphQL's."""

    class Both(Record):
        whole: str | None = Field(validation_alias="meta")
        part: str | None = Field(validation_alias=AliasPath("meta", "part"))

    class Odd(Record):
        odd: str | None = Field(validation_alias="the field { secret }")

    class Again(Record):
        a: str | None = Field(validation_alias="meta")
        b: str | None = Field(validation_alias=AliasPath("meta", "part"))

    for record in (Both, Again, Odd):
        with pytest.raises(ValueError, match="got "):
            facts_offer("things", record=record)


def test_a_record_may_hold_records_of_its_own_kind() -> None:
    """As deep as is asked."""

    class Company(Record):
        name: str | None
        parent: Company | None

    Company.model_rebuild(_types_namespace={"Company": Company})
    text = document_for(facts_offer("companies", record=Company), ("name", "parent.parent.name"), 1, frozenset())
    assert text.endswith("{ id name parent { parent { name } } } }")


@pytest.mark.parametrize(
    ("make", "wanted"),
    [
        (lambda: ByIds("nodes", type="ID!"), "a list, as all keys"),
        (lambda: ByAlias("node", type="[ID!]!"), "no list, as one key"),
        (lambda: ByAlias("node", type="ID! }"), "a type as GraphQL writes it"),
        (lambda: ByAlias("a b"), "a letter or _"),
        (lambda: ByAlias("node", argument="where."), "a letter or _"),
        (lambda: ByAlias("node", on="A B"), "a letter or _"),
        (lambda: Connection(after_type="String!"), "a letter or _"),
        (lambda: AsVariable("a", type="["), "a type as GraphQL writes it"),
        (lambda: AsVariable("a b", type="Int"), "a letter or _"),
        (lambda: AsVariable("a", type="Int", words={}, form=str), "one of them"),
    ],
)
def test_a_place_that_no_document_has_is_refused(make: Any, wanted: str) -> None:
    """With what was got and what was wanted."""
    with pytest.raises(ValueError, match="got ") as caught:
        make()
    assert wanted in str(caught.value)


def test_what_the_offer_takes_is_told_by_name() -> None:
    """The engine pushes no other argument."""
    assert LISTS["ids"].takes == {"status", "placed_from", "placed_before", "sort"}
    assert FACTS["ids"].takes == set()
    assert LISTS["rows"].absent is Page

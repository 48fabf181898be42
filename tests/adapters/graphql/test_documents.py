"""What is asked for a batch: a document made from declarations and fields alone, and its variables."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from graphql import DocumentNode, FieldNode, InlineFragmentNode, SelectionSetNode, parse, validate
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import AliasPath, Field

from adapters.adapter import Batch, Slice
from adapters.graphql import AsVariable, ByAlias, GraphQLOffer
from adapters.graphql.documents import make_ask
from adapters.records import Record
from adapters.sending import SendError
from adapters.testing import every_field
from tests.adapters.graphql.shop import (
    FACTS,
    LISTS,
    SCHEMA,
    ShippedOrder,
    ShopCustomer,
    ShopOrder,
    facts_offer,
    list_offer,
)

unhurried = settings(deadline=None)

SHIPPED = list_offer("shipped", record=ShippedOrder)


def asked(
    offer: GraphQLOffer, *keys: str, fields: tuple[str, ...] = (), part: Slice | None = None, **arguments: object
) -> Any:
    batch = Batch(offer, tuple(sorted(fields)), keys, tuple(sorted(arguments.items())), part)
    return json.loads(make_ask(offer, batch, keys).body)


def query(offer: GraphQLOffer, *keys: str, **more: Any) -> str:
    text: str = asked(offer, *keys, **more)["query"]
    return text


def test_keys_by_ids_are_one_variable() -> None:
    """In a concrete type, where the field is of an abstract one; with the echoed key and the fields wanted."""
    assert asked(FACTS["ids"], "1", "2", fields=("name.given", "since")) == {
        "query": "query ($keys: [ID!]!) { nodes(ids: $keys) { ... on Customer { firstName id meta { created } } } }",
        "variables": {"keys": ["1", "2"]},
    }


def test_keys_by_alias_are_a_variable_each() -> None:
    """And the field stands in the document once for each."""
    assert asked(FACTS["aliases"], "1", "2", fields=("segment",)) == {
        "query": "query ($k0: ID!, $k1: ID!) "
        "{ k0: customer(id: $k0) { id segment } k1: customer(id: $k1) { id segment } }",
        "variables": {"k0": "1", "k1": "2"},
    }


def test_a_list_is_asked_in_pages_below_the_object() -> None:
    """Of nodes or of edges; a page after the first says after what."""
    assert query(LISTS["ids"], "1", fields=("number",), part=Slice(3)) == (
        "query ($keys: [ID!]!, $first: Int!) { nodes(ids: $keys) { ... on Customer { bought(first: $first) "
        "{ nodes { number } pageInfo { endCursor hasNextPage } } id } } }"
    )
    said = asked(LISTS["aliases"], "1", fields=("number",), part=Slice(3, "abc"))
    assert said["query"] == (
        "query ($k0: ID!, $first: Int!, $after: String!) "
        "{ k0: customer(id: $k0) { bought(first: $first, after: $after) "
        "{ edges { node { number } } pageInfo { endCursor hasNextPage } } id } }"
    )
    assert said["variables"] == {"k0": "1", "first": 3, "after": "abc"}


def test_a_list_at_the_root_echoes_the_key_in_its_entries() -> None:
    """Plain, or in pages."""
    assert query(LISTS["rows"], "1", "2", fields=("number",)) == (
        "query ($keys: [ID!]!) { ordersOfAll(where: {customer: {_in: $keys}}) { number owner { id } } }"
    )
    assert query(LISTS["root"], "1", fields=("number",), part=Slice(3)) == (
        "query ($k0: ID!, $first: Int!) { k0: ordersOf(customer: $k0, first: $first) "
        "{ edges { node { number owner { id } } } pageInfo { endCursor hasNextPage } } }"
    )


def test_arguments_are_variables_in_their_own_types() -> None:
    """Only those that were given; dotted ones are members of one input object, words are the source's."""
    said = asked(
        LISTS["ids"],
        "1",
        fields=("number",),
        part=Slice(2),
        status=("open", "sent", "open"),
        placed_from=datetime(1997, 2, 1, tzinfo=UTC),
        placed_before=date(1997, 3, 1),
        sort="oldest",
    )
    assert "($keys: [ID!]!, $arg_placed_before: String, $arg_placed_from: String, " in said["query"]
    assert "$arg_sort: Boolean, $arg_status: [State!], $first: Int!)" in said["query"]
    placed = "placed: {before: $arg_placed_before, from: $arg_placed_from}"
    assert f"bought({placed}, newest: $arg_sort, states: $arg_status, first: $first)" in said["query"]
    assert said["variables"] == {
        "keys": ["1"],
        "arg_status": ["OPEN", "SENT"],
        "arg_placed_from": "1997-02-01T00:00:00Z",
        "arg_placed_before": "1997-03-01",
        "arg_sort": False,
        "first": 2,
    }
    assert "arg_" not in query(LISTS["ids"], "1", part=Slice(2))


def test_null_is_said_as_null() -> None:
    """It is not the same as leaving the argument out."""
    assert asked(LISTS["ids"], "1", part=Slice(2), status=None)["variables"]["arg_status"] is None


@pytest.mark.parametrize(
    ("argument", "value", "said"),
    [
        (AsVariable("a", type="Int"), 7, 7),
        (AsVariable("a", type="Float!"), Decimal("0.50"), 0.5),
        (AsVariable("a", type="Decimal"), Decimal("0.50"), "0.50"),
        (AsVariable("a", type="[Int!]!", form=lambda value: f"{value}0"), (1, 2), [10, 20]),
        (AsVariable("a", type="Boolean", words={"yes": "true"}), "yes", True),
        (AsVariable("a", type="Boolean"), False, False),
    ],
)
def test_a_value_is_said_in_the_variables_type(argument: AsVariable, value: object, said: object) -> None:
    """GraphQL's own scalars are JSON's."""
    assert argument.said(value) == said


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        (AsVariable("a", type="State", words={"open": "OPEN"}), "gone"),
        (AsVariable("a", type="Boolean", words={"yes": "yes"}), "yes"),
        (AsVariable("a", type="Int"), "seven"),
        (AsVariable("a", type="String"), object()),
    ],
)
def test_a_value_that_cannot_be_said_ends_the_call(argument: AsVariable, value: object) -> None:
    """Before it is sent."""
    with pytest.raises(SendError):
        argument.said(value)


def test_what_is_no_cursor_is_not_sent() -> None:
    """It ends the call before it is made."""
    for cursor in ("", " ", "x" * 3_000, "\ud800"):
        with pytest.raises(SendError, match="no cursor"):
            asked(LISTS["root"], "1", part=Slice(2, cursor))


def test_params_never_change() -> None:
    """They are literals of the declaration."""
    offer = list_offer("sorted", params=(("placed.from", '"1997"'), ("newest", "true")))
    text = query(offer, "1", fields=("number",), part=Slice(2), placed_before=date(1998, 1, 1))
    assert 'bought(placed: {from: "1997", before: $arg_placed_before}, newest: true, first: $first)' in text
    assert "customer(id: $k0, vip: true)" in query(facts_offer("vip", params=(("vip", "true"),)), "1")


def test_a_path_below_the_object_leads_to_the_list() -> None:
    """Beside the key, wherever that stands."""
    offer = list_offer(
        "deep", at=AliasPath("sales", "orders"), key=AliasPath("sales", "owner"), connection=None, max_page=None,
        limits_per_key=False, arguments={},
    )  # fmt: skip
    assert "k0: customer(id: $k0) { sales { orders { number } owner } }" in query(offer, "1", fields=("number",))


def test_an_offer_without_an_echoed_key_asks_for_none() -> None:
    """And something is always selected."""
    assert query(FACTS["unechoed"], "1", fields=("segment",)).endswith("{ k0: customer(id: $k0) { segment } }")
    assert query(FACTS["unechoed"], "1").endswith("{ k0: customer(id: $k0) { __typename } }")


def test_nested_records_are_nested_selections() -> None:
    """Records in lists, paths below records, both together; a record of which nothing is wanted tells its type."""
    text = query(LISTS["ids"], "1", fields=("total.amount", "currency", "lines.price.currency"), part=Slice(1))
    assert "{ nodes { lines { price { currency } } total { currency value } }" in text
    assert "lines { __typename }" in query(LISTS["ids"], "1", fields=("lines",), part=Slice(1))


def test_concrete_types_are_inline_fragments() -> None:
    """In the source's words for them, with the name of the type, which tells them apart."""
    fields = ("kind", "shipments.Letter:postage", "shipments.Parcel:carrier", "shipments.Parcel:weight")
    text = query(SHIPPED, "1", fields=fields, part=Slice(1))
    assert (
        "{ nodes { __typename shipments { ... on Mail { stamp } ... on Parcel { carrier weight } __typename } }" in text
    )
    assert validate(SCHEMA, parse(text)) == []


def test_a_type_told_by_another_field_has_no_fragment() -> None:
    """Its records are of one type in the source."""

    class Contact(Record, told_by="kind"):
        at: str | None

    class Call(Contact, told_as="call", type_name="PhoneCall"):
        seconds: int | None

    offer = facts_offer("contacts", record=Contact)
    assert Call.record_type_name == "PhoneCall"
    assert query(offer, "1", fields=("PhoneCall:seconds",)).endswith("{ id kind seconds } }")


def test_a_position_in_a_list_is_no_name() -> None:
    """What stands at it is asked of every entry."""

    class First(Record):
        sku: str | None = Field(validation_alias=AliasPath("lines", 0, "sku"))

    assert query(facts_offer("first", record=First), "1", fields=("sku",)).endswith("{ id lines { sku } } }")


def test_a_key_of_an_int_is_a_number() -> None:
    """As the source's variable wants it; what no Int can be is Missing without a call."""
    offer = facts_offer("numbered", keys=ByAlias("customer", type="Int!"))
    assert asked(offer, "7", "-2147483648")["variables"] == {"k0": 7, "k1": -(2**31)}
    for key in ("007", "+7", "7.0", "2147483648", "a", "\u0667", "9" * 20):
        assert offer.unaskable(key) is not None
    assert offer.unaskable("0") is None


# what is selected


def selected(document: DocumentNode) -> set[str]:
    """Return the dotted paths of all leaves, aliases and concrete types left out."""
    operation: Any = document.definitions[0]
    return {path for root in operation.selection_set.selections for path in _leaves(root.selection_set, "")}


def _leaves(selections: SelectionSetNode, prefix: str) -> list[str]:
    found: list[str] = []
    for node in selections.selections:
        if isinstance(node, InlineFragmentNode):
            found += _leaves(node.selection_set, prefix)
        elif isinstance(node, FieldNode) and node.selection_set is None:
            found.append(prefix + node.name.value)
        elif isinstance(node, FieldNode):
            found += _leaves(node.selection_set, f"{prefix}{node.name.value}.")  # type: ignore[arg-type]
    return found


PATHS = {
    ShopCustomer: {
        "name.given": "firstName",
        "name.family": "lastName",
        "segment": "segment",
        "since": "meta.created",
        "tags": "meta.tags",
        "credit": "credit",
    },
    ShopOrder: {
        "number": "number",
        "status": "state",
        "currency": "total.currency",
        "total.amount": "total.value",
        "total.currency": "total.currency",
        "lines.product": "lines.title",
        "lines.price.amount": "lines.price.value",
        "lines.price.currency": "lines.price.currency",
    },
}


def subsets(record: type[Record]) -> st.SearchStrategy[tuple[str, ...]]:
    assert set(PATHS[record]) == set(every_field(record))
    return st.sets(st.sampled_from(sorted(PATHS[record])), min_size=1).map(lambda paths: tuple(sorted(paths)))


@unhurried
@given(subsets(ShopCustomer), st.sampled_from(sorted(FACTS)), st.integers(1, 5))
def test_exactly_the_fields_wanted_are_selected(fields: tuple[str, ...], name: str, count: int) -> None:
    """And the key, where it is echoed, in a document that the source's schema takes."""
    offer = FACTS[name]
    document = parse(query(offer, *map(str, range(count)), fields=fields))
    assert validate(SCHEMA, document) == []
    wanted = {PATHS[ShopCustomer][path] for path in fields}
    assert selected(document) == wanted | (set() if offer.key is None else {"id"})


@unhurried
@given(subsets(ShopOrder), st.sampled_from(sorted(LISTS)), st.sampled_from([None, "3"]))
def test_exactly_the_fields_of_entries_wanted_are_selected(
    fields: tuple[str, ...], name: str, after: str | None
) -> None:
    """And the key, and where the page ends."""
    offer = LISTS[name]
    document = parse(query(offer, "1", fields=fields, part=Slice(2, after) if offer.is_paged else None))
    assert validate(SCHEMA, document) == []
    assert offer.connection is None or offer.connection.entries in ("nodes", "edges")
    entries = "" if offer.connection is None else "nodes." if offer.connection.entries == "nodes" else "edges.node."
    list_ = f"{offer.at}." if offer.at else ""
    page = {f"{list_}pageInfo.{part}" for part in ("endCursor", "hasNextPage")} if offer.connection else set()
    key = "id" if offer.at else f"{entries}owner.id"
    assert selected(document) == {f"{list_}{entries}{PATHS[ShopOrder][path]}" for path in fields} | page | {key}


def test_documents_are_kept_and_few() -> None:
    """The text depends on the declaration, the fields, the number of keys and the names of arguments alone."""
    one = query(LISTS["ids"], "1", fields=("number",), part=Slice(3), sort="newest")
    two = query(LISTS["ids"], "2", "3", "4", fields=("number",), part=Slice(1), sort="oldest")
    assert one is not two
    assert one == two


def test_nothing_of_a_request_is_printed() -> None:
    """Its body holds keys."""
    batch = Batch(FACTS["ids"], (), ("secret-key",))
    assert "secret" not in repr(make_ask(FACTS["ids"], batch, ("secret-key",)))

"""The reference model keeps its own rules."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from graphql import GraphQLEnumType, GraphQLNonNull, GraphQLSchema, build_schema

import schema.customer
from schema.customer import Customer
from schema.directives import PersonalCategory
from schema.model import Model

VALUE_OBJECTS = {"Money"}


@pytest.fixture(scope="module")
def model() -> Model:
    return Model(Customer)


def business_types(model: Model) -> set[str]:
    return {c.type_name for c in model.coordinates.values() if not model.is_plumbing(c.type_name)}


def test_the_customer_is_the_subject(model: Model) -> None:
    """Look-ups are derived from these words."""
    assert (model.subject, model.singular, model.plural) == ("Customer", "customer", "customers")


def test_what_comes_from_a_source_is_nullable(model: Model) -> None:
    """One sick source costs its own fields only; the canonical id and value objects are the exceptions."""
    non_null = {
        str(c)
        for c in model.coordinates.values()
        if isinstance(c.type, GraphQLNonNull)
        and c.type_name not in VALUE_OBJECTS
        and not model.is_plumbing(c.type_name)
    }
    assert non_null == {"Customer.id"}


def test_embedded_lists_lose_only_a_bad_entry(model: Model) -> None:
    """The entries of lists inside a record are nullable."""
    assert str(model.coordinates["Customer.contactPoints"].type) == "[ContactPoint]"
    assert str(model.coordinates["Order.lines"].type) == "[OrderLine]"
    assert str(model.coordinates["Order.deliveries"].type) == "[Delivery]"


def test_lists_that_can_exceed_a_page_are_connections(model: Model) -> None:
    """And only these; what is short is a plain list."""
    connections = {str(c): c.of for c in model.coordinates.values() if c.is_connection}
    assert connections == {
        "Customer.disclosures": "DisclosureEntry",
        "Customer.invoices": "Invoice",
        "Customer.orders": "Order",
        "Customer.payments": "Payment",
        "Customer.tickets": "Ticket",
        "Ticket.messages": "Message",
    }
    lists = {str(c) for c in model.coordinates.values() if c.is_list and not model.is_plumbing(c.type_name)}
    assert {"Customer.accounts", "Customer.consents"} <= lists


def test_every_filter_names_what_it_reads(model: Model) -> None:
    """`first` and `after` read nothing; every other argument reads a field of the entries."""
    for coordinate in model.coordinates.values():
        for argument in coordinate.arguments.values():
            if argument.name in {"first", "after"}:
                assert argument.reads is None
            else:
                assert argument.reads in model.coordinates
                assert str(argument.reads).startswith(f"{coordinate.of}.")


def test_what_tells_about_a_person_is_marked_with_its_category(model: Model) -> None:
    """Only the canonical id, a public register's facts, amounts as such and pages are unmarked."""
    unmarked = {c.type_name for c in model.coordinates.values() if not c.is_personal and str(c) != "Customer.id"}
    assert {name for name in unmarked if not model.is_plumbing(name)} == {"Company", "RegisteredAddress", "Money"}
    assert all(isinstance(c.category, PersonalCategory) for c in model.coordinates.values() if c.is_personal)


def test_a_register_s_facts_are_not_personal(model: Model) -> None:
    """They may be kept where personal values may not; who the customer acts for may not."""
    assert not any(c.is_personal for c in model.coordinates.values() if c.type_name in {"Company", "RegisteredAddress"})
    assert model.coordinates["Customer.company"].is_personal


def test_amounts_and_times_are_exact(model: Model) -> None:
    """No number with a rounding error, no time without a zone."""
    assert "Float" not in model.schema.type_map
    assert str(model.coordinates["Money.amount"].type) == "Decimal!"
    assert str(model.coordinates["Money.currency"].type) == "CurrencyCode!"
    for coordinate in model.coordinates.values():
        if coordinate.field_name.endswith("At"):
            assert coordinate.of == "DateTime"
        if coordinate.field_name.endswith("On"):
            assert coordinate.of == "Date"
    serialize = model.schema.type_map["Decimal"].serialize  # type: ignore[attr-defined]
    assert serialize(Decimal("1E+2")) == "100"


def test_an_enum_value_is_its_own_name(model: Model) -> None:
    """An adapter's mapping uses the words that clients see."""
    for named_type in model.schema.type_map.values():
        is_of_business = not named_type.name.startswith("__") and named_type.name != "PersonalCategory"
        if isinstance(named_type, GraphQLEnumType) and is_of_business:
            assert all(name == value.value for name, value in named_type.values.items())


def test_no_word_of_it_names_a_source(model: Model) -> None:
    """The model speaks the business's words."""
    assert not re.search(r"crm|billing system|salesforce|database|adapter|api\b", model.sdl(), re.IGNORECASE)


def test_its_sdl_is_a_schema(model: Model) -> None:
    """What is printed can be read by any GraphQL tool."""
    read: GraphQLSchema = build_schema(model.sdl())
    assert business_types(model) <= set(read.type_map)
    assert {"personal", "subject"} <= {directive.name for directive in read.directives}


def test_the_package_offers_its_types_in_order() -> None:
    """The list is sorted and true."""
    assert schema.customer.__all__ == sorted(schema.customer.__all__)
    assert all(hasattr(schema.customer, name) for name in schema.customer.__all__)

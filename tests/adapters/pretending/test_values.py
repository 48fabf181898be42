"""Made-up values: plausible by type and name, and only of what is set aside for examples."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NewType

import pytest
import strawberry

from adapters.pretending.chance import SEPARATOR, Chance
from adapters.pretending.imagining import Imagination
from adapters.pretending.text import text_for
from adapters.pretending.wishes import Wishing
from schema.customer import Customer
from schema.directives import Subject
from schema.model import Model
from tests.resolvers.vessels import view

MODEL = Model(Customer)
SEEDS = [f"seed {number}" for number in range(50)]


def values(coordinate: str, model: Model = MODEL) -> list[Any]:
    """Return what is made up at a coordinate for fifty customers."""
    fields = {coordinate: None}
    imagination = Imagination(model, Wishing(view(fields=fields), model))
    return [imagination.value_of(model.coordinates[coordinate], seed) for seed in SEEDS]


@pytest.mark.parametrize(
    ("name", "owner", "form"),
    [
        ("email", "Contact", r"[a-z]+\.[a-z]+@example\.com"),
        ("mobile_phone", "Contact", r"\+44207946\d{4}"),
        ("website", "Company", r"https://www\.example\.com/[a-z]+"),
        ("postal_code", "Address", r"\d{4} [A-Z]{2}"),
        ("lines", "Address", r"\d+ \w+ \w+"),
        ("tracking_number", "Delivery", r"[A-Z]{2}-\d{6}"),
        ("name", "Company", r"\w+ (Logistics|Foods|Textiles|Engineering|Media|Trading)"),
        ("name", "Customer", r"\w+ \w+"),
        ("name", "Port", r"Port \d{3}"),
        ("title", "Name", "Ms|Mr|Dr"),
        ("title", "Ticket", r".{10,}[^.?]"),
        ("shoe_size", "Customer", r"Shoe size \d{3}"),
        ("country", "Address", "[A-Z]{2}"),
        ("currency", "Money", "EUR"),
    ],
)
def test_a_text_looks_like_what_its_name_says(name: str, owner: str, form: str) -> None:
    """By the words of the field's name and of its type's."""
    assert all(re.fullmatch(form, text_for(name, owner, Chance(seed))) for seed in SEEDS)


def test_a_legal_entity_identifier_has_the_right_check_digits() -> None:
    """ISO 17442: the number made of all its characters leaves 1 when divided by 97."""
    assert {int(text_for("lei", "Company", Chance(seed))) % 97 for seed in SEEDS} == {1}


def test_a_customer_s_names_and_address_agree() -> None:
    """Whatever object they stand in; another person in a list has another name."""
    name = Chance(f"ada{SEPARATOR}name")
    contact = Chance(f"ada{SEPARATOR}contact_points{SEPARATOR}0")
    given, family = (text_for(word, "Name", name) for word in ("given", "family"))
    assert text_for("display", "Name", name) == f"{given} {family}"
    assert text_for("email", "ContactPoint", contact) == f"{given}.{family}@example.com".lower()
    household = {text_for("given", "Person", Chance(f"ada{SEPARATOR}family{SEPARATOR}{place}")) for place in range(9)}
    assert len(household) > 1


@pytest.mark.parametrize(
    ("coordinate", "kind"),
    [
        ("Customer.dateOfBirth", date),
        ("Order.placedAt", datetime),
        ("Money.amount", Decimal),
        ("OrderLine.quantity", Decimal),
        ("Account.daysOverdue", int),
        ("ContactPoint.preferred", bool),
        ("Address.country", str),
        ("Customer.language", str),
    ],
)
def test_a_value_has_the_type_of_its_scalar(coordinate: str, kind: type) -> None:
    """As the engine's guards want it, exactly."""
    assert {type(value) for value in values(coordinate)} == {kind}


def test_dates_and_counts_are_of_a_likely_size() -> None:
    """A birthday is decades ago, and nothing depends on the day of today."""
    assert all(date(1946, 1, 1) < day < date(2007, 1, 1) for day in values("Customer.dateOfBirth"))
    assert all(0 <= days <= 90 for days in values("Account.daysOverdue"))
    assert all(1 <= quantity <= 9 for quantity in values("OrderLine.quantity"))
    assert all(amount.as_tuple().exponent == -2 for amount in values("Money.amount"))


Weight = NewType("Weight", str)
Nothing = NewType("Nothing", str)


def _grams(value: object) -> str:
    if not isinstance(value, str) or not value.isdecimal():
        raise ValueError("wanted digits")
    return value


def _never(value: object) -> str:
    raise ValueError("wanted nothing")


@strawberry.type(directives=[Subject(plural="parcels")])
class Parcel:
    """A parcel."""

    id: strawberry.ID
    """The canonical id."""
    weight: Weight | None
    """In grams."""
    nothing: Nothing | None
    """What takes no value."""
    ratio: float | None
    """A number."""


def test_a_scalar_of_somebody_else_s_gets_a_value_that_it_takes() -> None:
    """Several are tried; where none is taken there is none."""
    scalars: Any = {
        Weight: strawberry.scalar(name="Weight", description="In grams.", serialize=_grams, parse_value=_grams),
        Nothing: strawberry.scalar(name="Nothing", description="None.", serialize=_never, parse_value=_never),
    }
    model = Model(Parcel, scalars=scalars)
    assert set(values("Parcel.weight", model)) == {"1"}
    assert set(values("Parcel.nothing", model)) == {None}
    assert all(isinstance(value, float) for value in values("Parcel.ratio", model))


def test_the_same_place_has_the_same_chance() -> None:
    """On every machine, and for keys that no encoding has."""
    assert Chance("ada").number("x", 1_000_000) == Chance("ada").number("x", 1_000_000)
    assert Chance("\ud800").pick("x", ["a"]) == "a"

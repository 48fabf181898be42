"""The sandbox's public data, read from the two tables in `data/`."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from importlib.resources import files
from itertools import groupby

__all__ = ["Person", "Purchase", "read_people", "read_purchases"]


@dataclass(frozen=True, slots=True)
class Person:
    """A made-up person of FEBRL's data set 4a, in ordinary spelling. `state` is an Australian state's short name."""

    given: str
    family: str
    street: str
    suburb: str
    postcode: str
    state: str
    born: date


@dataclass(frozen=True, slots=True)
class Purchase:
    """What one CDNOW customer bought on one day. `amount` is in dollars: the data name no ISO 4217 code."""

    on: date
    discs: int
    amount: Decimal


def read_people() -> tuple[Person, ...]:
    """Return the people, in the table's order."""
    return tuple(map(_person, _rows("people.csv")))


def read_purchases() -> tuple[tuple[Purchase, ...], ...]:
    """Return the purchases of each customer, oldest first, in the table's order of customers."""
    by_customer = groupby(_rows("purchases.csv"), key=lambda row: row["customer"])
    return tuple(tuple(map(_purchase, rows)) for _, rows in by_customer)


def _rows(name: str) -> Iterator[Mapping[str, str]]:
    table = (files("adapters.sandbox") / "data" / name).read_text(encoding="utf-8")
    return csv.DictReader(table.splitlines())


def _person(row: Mapping[str, str]) -> Person:
    return Person(
        row["given_name"].title(),
        row["surname"].title(),
        f"{row['street_number']} {row['address_1'].title()}",
        row["suburb"].title(),
        row["postcode"],
        row["state"].upper(),
        date.fromisoformat(row["date_of_birth"]),
    )


def _purchase(row: Mapping[str, str]) -> Purchase:
    return Purchase(date.fromisoformat(row["date"]), int(row["discs"]), Decimal(row["dollars"]))

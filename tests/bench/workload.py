"""What is measured: the customers, the sources' records and the queries, the same for every gateway."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

__all__ = [
    "COMPANIES",
    "CUSTOMERS",
    "INVALID",
    "QUERIES",
    "RECORDS",
    "RESTRICTED",
    "TWICE",
    "WIDE_FIELDS",
    "Query",
    "billing_key",
    "billing_records",
    "consent_records",
    "crm_key",
    "crm_record",
    "customer_id",
    "lei",
    "many",
    "number_of",
    "register_record",
    "wide",
    "wide_names",
    "wide_record",
]

CUSTOMERS = 10_000
COMPANIES = 300
WIDE_FIELDS = 200
_STRIDE = 7

RESTRICTED, INVALID, TWICE = 20_000, 20_001, 20_002
"""Customers of whom no query asks by itself: one with a restriction, one whose record holds a value that is none of the
model's, and one with two keys in the CRM, the next number's beside its own."""

SELECTION = """{
  id name { display given family } customerSince segment preferredChannel
  accounts { number status balance { amount currency } daysOverdue }
  company { name status }
}"""


@dataclass(frozen=True, slots=True)
class Query:
    """One question: its document, of how many customers it asks, and how many sources answer one after another.

    `count` 0 asks of nobody. `is_list` says that the customers are asked in a list; `among` is one who is always asked
    of, in place of the list's last.
    """

    name: str
    title: str
    document: str
    count: int = 1
    rounds: int = 1
    is_list: bool = False
    among: int | None = None

    def variables(self, number: int) -> dict[str, Any]:
        """Return the variables of the request with this number; requests near each other ask of other customers."""
        ids = [customer_id((number * self.count + place) * _STRIDE % CUSTOMERS) for place in range(self.count)]
        if self.among is not None:
            ids[-1] = customer_id(self.among)
        if self.is_list:
            return {"by": [{"id": one} for one in ids]}
        return {"id": ids[0]} if ids else {}

    def body(self, number: int, receipt: str | None = None) -> bytes:
        """Return the request with this number as JSON; `receipt` says how much of one is asked for."""
        asked: dict[str, Any] = {"query": self.document, "variables": self.variables(number)}
        return orjson.dumps(asked if receipt is None else {**asked, "extensions": {"receipt": receipt}})


def many(count: int, selection: str = SELECTION, rounds: int = 2) -> Query:
    """Return the question of so many customers in one list."""
    document = f"query Many($by: [CustomerBy!]!) {{ customers(by: $by) {selection} }}"
    return Query(f"of {count}", f"{count} customers", document, count, rounds, is_list=True)


def wide_names(fields: int) -> list[str]:
    """Return the names of the first fields of the wide record."""
    return [f"f{number}" for number in range(1, fields + 1)]


def wide(fields: int) -> Query:
    """Return the question of so many fields of one customer's wide record."""
    listed = " ".join(wide_names(fields))
    document = f"query Wide($id: ID!) {{ customer(by: {{id: $id}}) {{ wide {{ {listed} }} }} }}"
    return Query(f"wide {fields}", f"{fields} fields", document)


QUERIES: Mapping[str, Query] = {
    "one": Query(
        "one",
        "one customer from three sources",
        f"query One($id: ID!) {{ customer(by: {{id: $id}}) {SELECTION} }}",
        rounds=2,
    ),
    "fifty": Query("fifty", "fifty customers from three sources", many(50).document, 50, 2, is_list=True),
    "field": Query("field", "one field", "query Field($id: ID!) { customer(by: {id: $id}) { segment } }"),
    "typename": Query("typename", "{ __typename }", "{ __typename }", 0, 0),
}


def customer_id(number: int) -> str:
    """Return the canonical id of a customer."""
    return f"cus_{number:032x}"


def crm_key(number: int) -> str:
    """Return the key of a customer in the CRM."""
    return f"C-{number:06d}"


def billing_key(number: int) -> str:
    """Return the key of a customer in billing."""
    return f"B-{500_000 - number}"


def number_of(key: str) -> int:
    """Return which customer a source's key is of."""
    return int(key[2:]) if key.startswith("C-") else 500_000 - int(key[2:])


def lei(number: int) -> str:
    """Return the key of a customer's company in the register."""
    return f"LEI{number % COMPANIES:017d}"


def crm_record(key: str) -> dict[str, Any]:
    """Return the CRM's record, about 450 bytes with everything in it."""
    number = number_of(key)
    return {
        "id": key,
        "firstName": f"Given{number}",
        "lastName": f"Family{number}",
        "displayName": f"Given{number} Family{number}",
        "title": "Dr",
        "birthDate": "1970-01-31",
        "email": f"person{number}@example.com",
        "phone": f"+3161234{number:05d}",
        "street": f"{number} Long Street",
        "suburb": "Springfield",
        "postcode": "1234AB",
        "state": "ZH",
        "country": "NL",
        "segment": "PREMIUM" if number % 3 else "CONSUMER",
        "createdAt": f"20{number % 20:02d}-05-17",
        "channel": "PIGEON" if number == INVALID else "EMAIL",
        "companyLei": lei(number),
        "notes": "Prefers to be called in the afternoon.",
    }


def wide_record(key: str, fields: Sequence[str] = ()) -> dict[str, Any]:
    """Return a record of 200 values; with `fields` those alone, and the key."""
    number = number_of(key)
    names = fields or wide_names(WIDE_FIELDS)
    return {"id": key, **{name: f"value {number} of {name}" for name in names if name != "id"}}


def billing_records(key: str) -> list[dict[str, Any]]:
    """Return billing's two accounts of a customer."""
    number = number_of(key)
    return [
        {
            "customer": key,
            "number": f"A-{number}-{place}",
            "kind": "CURRENT",
            "status": "OPEN" if place else "IN_COLLECTION",
            "balance": f"{number % 977}.{place}5",
            "currency": "EUR",
            "openedOn": "2019-02-03",
            "daysOverdue": number % 91,
        }
        for place in range(2)
    ]


def consent_records(key: str) -> list[dict[str, Any]]:
    """Return what a customer has decided, as the CRM keeps it: everybody has agreed to e-mails."""
    decided = {"purpose": "DirectMarketing", "channel": "email", "status": "given", "since": "2020-01-31T00:00:00Z"}
    return [{"customer": key, **decided}]


def register_record(key: str) -> dict[str, Any]:
    """Return the register's record of a company."""
    return {"id": key, "name": f"Company {int(key[3:])}", "status": "ACTIVE", "jurisdiction": "NL"}


RECORDS: Mapping[str, Callable[[str], Any]] = {
    "crm": crm_record,
    "billing": billing_records,
    "register": register_record,
    "consent": consent_records,
}

"""What is measured: the customers, the sources' records and the two queries, the same for every gateway."""

from __future__ import annotations

from typing import Any

CUSTOMERS = 10_000
COMPANIES = 300
TOKEN = "cv_" + "b" * 43

SELECTION = """{
  id name { display given family } customerSince segment preferredChannel
  accounts { number status balance { amount currency } daysOverdue }
  company { name status }
}"""
ONE = f"query One($id: ID!) {{ customer(by: {{id: $id}}) {SELECTION} }}"
FIFTY = f"query Fifty($by: [CustomerBy!]!) {{ customers(by: $by) {SELECTION} }}"


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
        "channel": "EMAIL",
        "companyLei": lei(number),
        "notes": "Prefers to be called in the afternoon.",
    }


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


def register_record(key: str) -> dict[str, Any]:
    """Return the register's record of a company."""
    return {"id": key, "name": f"Company {int(key[3:])}", "status": "ACTIVE", "jurisdiction": "NL"}

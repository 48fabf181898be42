"""The sandbox's CRM: customers by id over REST, many at once, only the fields asked, in the words of a CRM.

    GET /customers?ids=C-000009,C-002045&fields=firstName,segmentCode      Authorization: Bearer ...
    {"customers": [{"id": "C-000009", "firstName": "Anne", "segmentCode": "B"}, ...]}

Ids that it does not know are left out of the answer, as many products do. More than 100 ids, or a field that it does
not know, refuse the whole call with 400.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request

from adapters.sandbox.chance import number
from adapters.sandbox.extracts import Person
from adapters.sandbox.people import Customer, customers
from adapters.sandbox.server import Ask, Records, project

__all__ = ["Crm", "as_crm_record", "check_token", "listed"]

_MOST_IDS = 100
_PRIVATE, _FIRMS = ("C", "C", "C", "P"), ("B", "B", "B", "E")
_CHANNELS = ("EML", "EML", "TEL", "SMS", "LTR")
_LANGUAGES = ("en-AU", "en-AU", "en-AU", "en-GB", "zh-Hans", "it", "el")


class Crm:
    """The CRM's interface and records. `token` is the credential that it wants."""

    path = "/customers"

    def __init__(self, token: str, whom: Sequence[Customer] | None = None) -> None:
        self._token = token.encode()
        self.records = {customer.crm_key: as_crm_record(customer) for customer in whom or customers()}
        self._fields = frozenset(next(iter(self.records.values())))

    def read(self, request: Request) -> Ask:
        """Return what is asked; 401 without the credential, 400 for what it cannot answer."""
        check_token(request, self._token)
        ask = Ask(listed(request, "ids"), listed(request, "fields"))
        if not 0 < len(ask.keys) <= _MOST_IDS:
            raise HTTPException(400, f"ids: 1 to {_MOST_IDS} are allowed")
        if not self._fields.issuperset(ask.fields):
            raise HTTPException(400, "fields: no such field")
        return ask

    def body(self, ask: Ask, records: Records, _: Request) -> object:
        """Return the customers with their id and the fields asked."""
        fields = {"id", *ask.fields} if ask.fields else ()
        return {"customers": [project(record, fields) for record in records]}


def as_crm_record(customer: Customer) -> Mapping[str, Any]:
    """Return the customer in the CRM's words. What is in no public data is made up from the key alone."""
    person, seed = customer.person, int(customer.crm_key[2:])
    return {
        "id": customer.crm_key,
        "displayName": f"{person.given} {person.family}",
        "firstName": person.given,
        "lastName": person.family,
        "title": None if number("title", seed, 30) else "Dr",
        "birthDate": person.born.isoformat(),
        "contacts": _contacts(person, seed),
        "street": person.street,
        "suburb": person.suburb,
        "postcode": person.postcode,
        "state": person.state,
        "country": "AU",
        "segmentCode": _choice(_FIRMS if customer.company else _PRIVATE, "segment", seed),
        "createdAt": customer.purchases[0].on.isoformat(),
        "preferredChannel": _choice(_CHANNELS, "channel", seed),
        "language": _choice(_LANGUAGES, "language", seed),
        "companyLei": customer.company.lei if customer.company else None,
    }


def _contacts(person: Person, seed: int) -> Sequence[Mapping[str, Any]]:
    """Return addresses and numbers that are kept free for examples: RFC 2606, and Australia's numbers for fiction."""
    mailbox = f"{person.given}.{person.family}.{seed}".lower().replace(" ", "")
    mail = {"type": "email", "value": f"{mailbox}@example.com", "primary": True}
    phone = {"type": "phone", "value": f"+6125550{seed:04d}", "primary": False}
    return [mail, phone] if number("phone", seed, 8) else [mail]


def _choice(words: Sequence[str], label: str, seed: int) -> str:
    return words[number(label, seed, len(words))]


def check_token(request: Request, token: bytes) -> None:
    """Refuse a call without the CRM's credential: 401."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(given.encode(), token):
        raise HTTPException(401, "invalid session", {"WWW-Authenticate": "Bearer"})


def listed(request: Request, name: str) -> tuple[str, ...]:
    """Return what a parameter lists, separated by commas."""
    return tuple(part for value in request.query_params.getlist(name) for part in value.split(",") if part)

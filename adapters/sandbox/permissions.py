"""What the sandbox's CRM keeps of what customers have agreed to: many customers at once, in the words of a CRM.

    GET /permissions?customers=C-000009,C-002045      Authorization: Bearer ...
    {"permissions": [{"customer": "C-000009", "topic": "news", "medium": "EML", "state": "Y", "since": "..."}, ...]}

A customer who was never asked has none. More than 100 customers refuse the whole call with 400.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, time
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request

from adapters.sandbox.chance import number
from adapters.sandbox.crm import check_token, listed
from adapters.sandbox.people import Customer, customers
from adapters.sandbox.server import Ask, Records

__all__ = ["Permissions", "as_permissions"]

_MOST = 100
_MEDIA = (("EML", "permission mail"), ("TEL", "news by phone"))
_STATES = ((45, "Y"), (60, "N"), (75, "X"), (85, "?"))
"""Of a hundred customers these first ones have agreed, then have not, have taken it back, and have not answered; the
rest was never asked."""


class Permissions:
    """The interface and records of permissions. `token` is the credential that it wants."""

    path = "/permissions"

    def __init__(self, token: str, whom: Sequence[Customer] | None = None) -> None:
        self._token = token.encode()
        self.records = {one.crm_key: {"permissions": as_permissions(one)} for one in whom or customers()}

    def read(self, request: Request) -> Ask:
        """Return what is asked; 401 without the credential, 400 for what it cannot answer."""
        check_token(request, self._token)
        ask = Ask(listed(request, "customers"), ())
        if not 0 < len(ask.keys) <= _MOST:
            raise HTTPException(400, f"customers: 1 to {_MOST} are allowed")
        return ask

    def body(self, ask: Ask, records: Records, _: Request) -> object:
        """Return the permissions of all customers that were asked."""
        return {"permissions": [one for record in records for one in record["permissions"]]}


def as_permissions(customer: Customer) -> Sequence[Mapping[str, Any]]:
    """Return what a customer has said to news, medium by medium. It is made up from the key alone."""
    return list(_permissions(customer, int(customer.crm_key[2:])))


def _permissions(customer: Customer, seed: int) -> Iterator[Mapping[str, Any]]:
    since = datetime.combine(customer.purchases[0].on, time(12), UTC).isoformat()
    for medium, label in _MEDIA:
        chance = number(label, seed, 100)
        state = next((state for below, state in _STATES if chance < below), None)
        if state is not None:
            yield {"customer": customer.crm_key, "topic": "news", "medium": medium, "state": state, "since": since}

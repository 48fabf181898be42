"""The sources of the workload as adapters: three records, projection on, with batches or one key a call."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import create_model
from pydantic.alias_generators import to_camel

from adapters.answers import Missing
from adapters.http import HttpAdapter, HttpOffer, InPath, InQuery
from adapters.records import Inline, Record
from tests.bench.peers.product.model import WIDE_FIELDS

__all__ = ["adapters"]

_MOST_KEYS = 1_000
"""Keys in one call: the sources take as many as the address has room for."""


class CamelRecord(Record, alias_generator=to_camel):
    """A record whose names the source writes in camel case."""


class CrmProfile(CamelRecord):
    first_name: str | None
    last_name: str | None
    email: str | None
    phone: str | None
    birth_date: str | None
    street: str | None
    city: str | None
    postcode: str | None
    country: str | None
    segment: str | None
    status: str | None
    marketing_opt_in: bool | None
    created_at: str | None
    notes: str | None


class CrmCustomer(Record):
    profile: Annotated[CrmProfile, Inline()]


class BillingInvoice(CamelRecord):
    id: str | None
    amount: float | None
    due_date: str | None
    paid: bool | None


class BillingAccount(CamelRecord):
    account_number: str | None
    balance: float | None
    currency: str | None
    status: str | None
    invoices: list[BillingInvoice] | None


class BillingCustomer(Record):
    account: Annotated[BillingAccount, Inline()]


class SupportTicket(CamelRecord):
    id: str | None
    subject: str | None
    status: str | None
    priority: str | None
    channel: str | None
    created_at: str | None


class SupportTickets(Record):
    tickets: list[SupportTicket] | None


class SupportCustomer(Record):
    support: Annotated[SupportTickets, Inline()]


_FIELDS: dict[str, Any] = {f"f{number}": (str | None, ...) for number in range(1, WIDE_FIELDS + 1)}
CrmWide: Any = create_model("CrmWide", __base__=Record, **_FIELDS)
WideCustomer: Any = create_model("WideCustomer", __base__=Record, wide=(Annotated[CrmWide, Inline()], ...))


def adapters(url: str, *, batching: bool = True, forward_credential: bool = False) -> list[HttpAdapter]:
    """Return the adapters of the sources at this URL. Without `batching` every call asks for one customer."""

    def offer(name: str, path: str, owner: str, key: str, record: type[Record]) -> HttpOffer:
        keys = InQuery(owner) if batching else InPath()
        return HttpOffer(
            name=name,
            serves="Customer",
            record=record,
            path=path if batching else f"{path}/{{key}}",
            key=key,
            keys=keys,
            fields=InQuery("fields"),
            absent=Missing,
            max_batch=_MOST_KEYS,
        )

    crm = offer("customers", "/crm/customers", "ids", "id", CrmCustomer)
    wide = offer("wide", "/crm/wide", "ids", "id", WideCustomer)
    billing = offer("accounts", "/billing/accounts", "customer_ids", "customerId", BillingCustomer)
    support = offer("tickets", "/support/tickets", "customer_ids", "customerId", SupportCustomer)
    return [
        HttpAdapter(source, url, offers, forward_credential=forward_credential)
        for source, offers in (("crm", [crm, wide]), ("billing", [billing]), ("support", [support]))
    ]

"""The model of `make bench-peers`: the customer as the other gateways have it, over three sources that project."""

from __future__ import annotations

from typing import Annotated

import strawberry
from pydantic.alias_generators import to_camel

from adapters.answers import Missing
from adapters.crossref import LoadRow
from adapters.http import HttpAdapter, HttpOffer, InPath, InQuery
from adapters.records import Inline, Record
from schema.directives import PersonalCategory, Subject, personal
from tests.bench.product.declared import Product
from tests.bench.product.plain_types import Account, Profile, Support
from tests.bench.product.wide import Wide, WideCustomer
from tests.bench.workload import WIDE_FIELDS, customer_id, wide_names

__all__ = ["PLAIN", "Customer"]

_SYSTEMS = ("crm", "billing", "support")
_FIELDS = {
    "Customer": "id profile account support wide",
    "Profile": "firstName lastName email phone birthDate street city postcode country segment status marketingOptIn "
    "createdAt notes",
    "Account": "accountNumber balance currency status invoices",
    "Invoice": "id amount dueDate paid",
    "Support": "tickets",
    "Ticket": "id subject status priority channel createdAt",
    "Wide": " ".join(wide_names(WIDE_FIELDS)),
}

_MOST_KEYS = 1_000
"""Keys in one call: the sources take as many as the address has room for."""


@strawberry.type(directives=[Subject(plural="customers")])
class Customer:
    """A customer of the workload."""

    id: strawberry.ID
    """The canonical id."""
    profile: Profile | None = personal(PersonalCategory.IDENTIFYING)
    """Who it is, from the CRM."""
    account: Account | None = personal(PersonalCategory.FINANCIAL)
    """What is owed, from billing."""
    support: Support | None = personal(PersonalCategory.COMMUNICATION)
    """What has been asked, from the support desk."""
    wide: Wide | None = personal(PersonalCategory.PREFERENCE)
    """Very many values, from the CRM."""


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


def adapters(
    url: str, *, batching: bool = True, in_flight: int = 8, forward_credential: bool = False
) -> list[HttpAdapter]:
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
            in_flight=in_flight,
        )

    crm = offer("customers", "/crm/customers", "ids", "id", CrmCustomer)
    wide = offer("wide", "/crm/wide", "ids", "id", WideCustomer)
    billing = offer("accounts", "/billing/accounts", "customer_ids", "customerId", BillingCustomer)
    support = offer("tickets", "/support/tickets", "customer_ids", "customerId", SupportCustomer)
    return [
        HttpAdapter(source, url, offers, forward_credential=forward_credential)
        for source, offers in (("crm", [crm, wide]), ("billing", [billing]), ("support", [support]))
    ]


def _row(number: int) -> LoadRow:
    return customer_id(number), dict.fromkeys(_SYSTEMS, (str(number),))


PLAIN = Product(Customer, adapters, _FIELDS, _SYSTEMS, _row)

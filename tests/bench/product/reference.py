"""The model of `make bench` and of the counted work: the reference model's types over a CRM, billing and a register."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

import strawberry
from pydantic import Field

from adapters.answers import Missing, Page
from adapters.crossref import LoadRow
from adapters.http import HttpAdapter, HttpOffer, InPath, InQuery
from adapters.limits import Limits
from adapters.records import Inline, Record, Reference
from schema.customer import Account, AccountStatus, Channel, Company, CompanyStatus, Name, Segment
from schema.directives import PersonalCategory, Subject, personal
from tests.bench import workload
from tests.bench.product.declared import Product
from tests.bench.product.wide import Wide, WideCustomer

__all__ = ["REFERENCE", "Customer"]

_FIELDS = {
    "Customer": "id name customerSince segment preferredChannel accounts company wide",
    "Name": "display given family",
    "Account": "number status balance daysOverdue",
    "Money": "amount currency",
    "Company": "name status",
    "Wide": " ".join(workload.wide_names(workload.WIDE_FIELDS)),
}


@strawberry.type(directives=[Subject(plural="customers")])
class Customer:
    """A customer of the workload."""

    id: strawberry.ID
    """The canonical id."""
    name: Name | None = personal(PersonalCategory.IDENTIFYING)
    """The name, from the CRM."""
    customer_since: date | None = personal(PersonalCategory.TRANSACTIONAL)
    """The first day, from the CRM."""
    segment: Segment | None = personal(PersonalCategory.DEMOGRAPHIC)
    """The group of customers that are served alike, from the CRM."""
    preferred_channel: Channel | None = personal(PersonalCategory.PREFERENCE)
    """How to reach the customer, from the CRM."""
    company: Company | None = personal(PersonalCategory.PROFESSIONAL)
    """The company, from the register, by the key that the CRM knows."""
    accounts: list[Account] | None = personal(PersonalCategory.FINANCIAL)
    """What is owed, from billing."""
    wide: Wide | None = personal(PersonalCategory.PREFERENCE)
    """Very many values, from the CRM."""


class CrmName(Record):
    display: str | None = Field(validation_alias="displayName")
    given: str | None = Field(validation_alias="firstName")
    family: str | None = Field(validation_alias="lastName")


class CrmCustomer(Record):
    name: Annotated[CrmName, Inline()]
    customer_since: date | None = Field(validation_alias="createdAt")
    segment: Segment | None
    preferred_channel: Channel | None = Field(validation_alias="channel")
    company: Annotated[str | None, Reference("lei")] = Field(validation_alias="companyLei")


class Balance(Record):
    amount: Decimal = Field(validation_alias="balance")
    currency: str


class BillingAccount(Record):
    number: str | None
    status: AccountStatus | None
    balance: Annotated[Balance, Inline()]
    days_overdue: int | None = Field(validation_alias="daysOverdue")


class RegisterCompany(Record):
    name: str | None
    status: CompanyStatus | None


def adapters(
    url: str,
    *,
    batching: bool = True,
    in_flight: int = 8,
    of_crm: Sequence[HttpOffer] = (),
    limits: Limits | None = None,
) -> list[HttpAdapter]:
    """Return the three adapters of the sources at this URL; `of_crm` are more offers of the CRM, `limits` are those of
    each source."""

    def offer(name: str, serves: str, record: type[Record], path: str, key: str, **more: Any) -> HttpOffer:
        how: dict[str, Any] = {"keys": InQuery("ids"), "path": path, "in_flight": in_flight}
        if not batching:
            how |= {"keys": InPath(), "path": f"{path}/{{key}}"}
        return HttpOffer(name=name, serves=serves, record=record, key=key, **how, **more)

    fields = InQuery("fields")
    crm = offer("customers", "Customer", CrmCustomer, "/crm", "id", absent=Missing)
    wide = offer("wide", "Customer", WideCustomer, "/wide", "id", absent=Missing, fields=fields)
    accounts = offer("accounts", "Customer.accounts", BillingAccount, "/billing", "customer", absent=Page)
    companies = offer("companies", "Company", RegisterCompany, "/register", "id", keyspace="lei")
    return [
        HttpAdapter(name, url, offers, limits=limits)
        for name, offers in (("crm", [crm, wide, *of_crm]), ("billing", [accounts]), ("register", [companies]))
    ]


def _row(number: int) -> LoadRow:
    crm = [workload.crm_key(number)]
    if number == workload.TWICE:
        crm.append(workload.crm_key(workload.TWICE + 1))
    return workload.customer_id(number), {"crm": crm, "billing": [workload.billing_key(number)]}


REFERENCE = Product(Customer, adapters, _FIELDS, ("crm", "billing"), _row)

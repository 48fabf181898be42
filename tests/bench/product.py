"""The product on the workload: the reference model, three adapters, one view; token, policy, limits and receipts on."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Annotated

from pydantic import Field

from adapters.answers import Missing, Page
from adapters.crossref import SourceSystem, SqliteCrossReference
from adapters.http import HttpAdapter, HttpOffer, InQuery
from adapters.records import Inline, Record, Reference
from gateway.gateway import Gateway
from schema.customer import AccountStatus, Channel, CompanyStatus, Customer, Segment
from schema.lock import publish
from tests.bench import workload

VIEW = """
name: bench
version: 1
title: Benchmark
description: The fields that the benchmark asks for.
owner: Benchmark
review_by: 2099-01-01
purpose: {dpv: CustomerCare}
lawful_basis: {gdpr: A6-1-b}
consumers: [bench]
lookups: [id]
limits: {customers: 50, deadline_ms: 10000, calls: 10, tokens: 500}
receipt: fields
fields:
  Customer.id:
  Customer.name:
  Name.display:
  Name.given:
  Name.family:
  Customer.customerSince:
  Customer.segment:
  Customer.preferredChannel:
  Customer.accounts:
  Account.number:
  Account.status:
  Account.balance:
  Money.amount:
  Money.currency:
  Account.daysOverdue:
  Customer.company:
  Company.name:
  Company.status:
"""


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


def adapters(url: str) -> list[HttpAdapter]:
    """Return the three adapters of the sources at this URL."""
    ids = InQuery("ids")
    crm = HttpOffer(
        name="customers", serves="Customer", record=CrmCustomer, path="/crm", key="id", keys=ids, absent=Missing
    )
    accounts = HttpOffer(
        name="accounts",
        serves="Customer.accounts",
        record=BillingAccount,
        path="/billing",
        key="customer",
        keys=ids,
        absent=Page,
    )
    companies = HttpOffer(
        name="companies", serves="Company", record=RegisterCompany, path="/register", key="id", keyspace="lei", keys=ids
    )
    return [
        HttpAdapter(name, url, [offer])
        for name, offer in (("crm", crm), ("billing", accounts), ("register", companies))
    ]


def prepare(folder: Path) -> None:
    """Write the view, the consumer and the cross-reference into an empty folder."""
    views = folder / "views"
    views.mkdir()
    (views / "bench@1.yaml").write_text(VIEW)
    publish(views, "bench@1")
    digest = sha256(workload.TOKEN.encode()).hexdigest()
    (folder / "consumers.yaml").write_text(f"- {{name: bench, token_sha256: {digest}, views: [bench]}}\n")
    asyncio.run(_load(folder))


async def _load(folder: Path) -> None:
    crossref = SqliteCrossReference.open(folder / "crossref.db")
    for source in ("crm", "billing"):
        await crossref.register_source(SourceSystem(source), actor="bench")
    await crossref.load(map(_row, range(workload.CUSTOMERS)), actor="bench")
    crossref.close()


def _row(number: int) -> tuple[str, Mapping[str, list[str]]]:
    keys = {"crm": [workload.crm_key(number)], "billing": [workload.billing_key(number)]}
    return workload.customer_id(number), keys


def app() -> Gateway:
    """Return the gateway over the prepared folder; made by the server that runs it."""
    folder = Path(os.environ["BENCH_FOLDER"])
    return Gateway(
        model=Customer,
        adapters=adapters(os.environ["BENCH_SOURCES"]),
        views=folder / "views",
        crossref=f"sqlite:///{folder / 'crossref.db'}",
        consumers=folder / "consumers.yaml",
    )

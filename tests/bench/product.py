"""The product on the workload: a model, three adapters, one view; token, policy, limits and receipts on.

As `customer-view serve tests.bench.product:gateway` runs it. BENCH_FOLDER and BENCH_SOURCES say over what,
BENCH_BATCHING=0 that the sources take one key a call, BENCH_IN_FLIGHT how many fetches of an offer run together.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, create_model

from adapters.answers import Missing, Page
from adapters.crossref import SourceSystem, SqliteCrossReference
from adapters.http import HttpAdapter, HttpOffer, InPath, InQuery
from adapters.records import Inline, Record, Reference
from gateway.gateway import Gateway
from schema.customer import AccountStatus, Channel, CompanyStatus, Segment
from schema.deadline import Clock
from schema.lock import publish
from tests.bench import workload
from tests.bench.model import Customer

__all__ = ["PATH", "make_gateway", "open_crossref_of", "prepare"]

PATH = "/views/bench/graphql"

_VIEW = """
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
limits: {customers: 1000, deadline_ms: 10000, calls: 4000, tokens: 1000, weight: 100000}
receipt: fields
fields:
"""
_FIELDS = {
    "Customer": "id name customerSince segment preferredChannel accounts company wide",
    "Name": "display given family",
    "Account": "number status balance daysOverdue",
    "Money": "amount currency",
    "Company": "name status",
    "Wide": " ".join(f"f{number}" for number in range(1, workload.WIDE_FIELDS + 1)),
}


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


_WIDE: dict[str, Any] = {f"f{number}": (str | None, ...) for number in range(1, workload.WIDE_FIELDS + 1)}
CrmWide: Any = create_model("CrmWide", __base__=Record, **_WIDE)
WideCustomer: Any = create_model("WideCustomer", __base__=Record, wide=(Annotated[CrmWide, Inline()], ...))


def adapters(url: str, *, batching: bool = True, in_flight: int = 8) -> list[HttpAdapter]:
    """Return the three adapters of the sources at this URL."""

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
        HttpAdapter(name, url, offers)
        for name, offers in (("crm", [crm, wide]), ("billing", [accounts]), ("register", [companies]))
    ]


def prepare(folder: Path, customers: int = workload.CUSTOMERS) -> None:
    """Write the view, the consumer and the cross-reference of so many customers into an empty folder."""
    views = folder / "views"
    views.mkdir()
    listed = [f"  {owner}.{name}:\n" for owner, names in _FIELDS.items() for name in names.split()]
    (views / "bench@1.yaml").write_text(_VIEW + "".join(listed))
    publish(views, "bench@1")
    digest = sha256(workload.TOKEN.encode()).hexdigest()
    (folder / "consumers.yaml").write_text(f"- {{name: bench, token_sha256: {digest}, views: [bench]}}\n")
    asyncio.run(_load(folder, customers))


def open_crossref_of(folder: Path) -> SqliteCrossReference:
    """Return the cross-reference in the folder; who gets it closes it."""
    return SqliteCrossReference.open(folder / "crossref.db")


async def _load(folder: Path, customers: int) -> None:
    crossref = open_crossref_of(folder)
    for source in ("crm", "billing"):
        await crossref.register_source(SourceSystem(source), actor="bench")
    await crossref.load(map(_row, range(customers)), actor="bench")
    crossref.close()


def _row(number: int) -> tuple[str, Mapping[str, list[str]]]:
    keys = {"crm": [workload.crm_key(number)], "billing": [workload.billing_key(number)]}
    return workload.customer_id(number), keys


def make_gateway(sources: str, folder: Path, *, clock: Clock = time.monotonic, **how: Any) -> Gateway:
    """Return the gateway over the sources at this URL and what `prepare` has written; `how` is what adapters take."""
    return Gateway(
        model=Customer,
        adapters=adapters(sources, **how),
        views=folder / "views",
        crossref=f"sqlite:///{folder / 'crossref.db'}",
        consumers=folder / "consumers.yaml",
        clock=clock,
    )


def __getattr__(name: str) -> Gateway:
    """Make the gateway when the command asks for it, and not for a test that imports the module."""
    if name != "gateway":
        raise AttributeError(name)
    return make_gateway(
        os.environ["BENCH_SOURCES"],
        Path(os.environ["BENCH_FOLDER"]),
        batching=os.environ.get("BENCH_BATCHING", "1") == "1",
        in_flight=int(os.environ.get("BENCH_IN_FLIGHT", "8")),
    )

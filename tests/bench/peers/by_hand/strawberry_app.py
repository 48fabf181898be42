"""Strawberry, FastAPI, httpx and DataLoader, as one writes it in an afternoon.

TUNED=1 exchanges what its users exchange when it is too slow: httpx calls by aiohttp, documents are kept parsed and
checked.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import httpx
import strawberry
from fastapi import FastAPI
from httpx_aiohttp import AiohttpTransport
from strawberry.dataloader import DataLoader
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.fastapi import GraphQLRouter

_IS_TUNED = os.environ.get("TUNED") == "1"
_LIMITS = httpx.Limits(max_connections=256, max_keepalive_connections=256)
_client = httpx.AsyncClient(
    base_url=os.environ.get("UPSTREAM", ""),
    limits=_LIMITS,
    timeout=10,
    transport=AiohttpTransport(limits=_LIMITS) if _IS_TUNED else None,
)


@strawberry.type
class Invoice:
    id: str
    amount: float
    due_date: str
    paid: bool


@strawberry.type
class Account:
    customer_id: int
    account_number: str
    balance: float
    currency: str
    status: str
    invoices: list[Invoice]


@strawberry.type
class Ticket:
    id: str
    subject: str
    status: str
    priority: str
    channel: str
    created_at: str


@strawberry.type
class Support:
    customer_id: int
    tickets: list[Ticket]


@strawberry.type
class Profile:
    id: int
    first_name: str
    last_name: str
    email: str
    phone: str
    birth_date: str
    street: str
    city: str
    postcode: str
    country: str
    segment: str
    status: str
    marketing_opt_in: bool
    created_at: str
    notes: str


def _profile(row: dict[str, Any]) -> Profile:
    return Profile(
        id=row["id"],
        first_name=row["firstName"],
        last_name=row["lastName"],
        email=row["email"],
        phone=row["phone"],
        birth_date=row["birthDate"],
        street=row["street"],
        city=row["city"],
        postcode=row["postcode"],
        country=row["country"],
        segment=row["segment"],
        status=row["status"],
        marketing_opt_in=row["marketingOptIn"],
        created_at=row["createdAt"],
        notes=row["notes"],
    )


def _account(row: dict[str, Any]) -> Account:
    return Account(
        customer_id=row["customerId"],
        account_number=row["accountNumber"],
        balance=row["balance"],
        currency=row["currency"],
        status=row["status"],
        invoices=[
            Invoice(id=one["id"], amount=one["amount"], due_date=one["dueDate"], paid=one["paid"])
            for one in row["invoices"]
        ],
    )


def _support(row: dict[str, Any]) -> Support:
    return Support(
        customer_id=row["customerId"],
        tickets=[
            Ticket(
                id=one["id"],
                subject=one["subject"],
                status=one["status"],
                priority=one["priority"],
                channel=one["channel"],
                created_at=one["createdAt"],
            )
            for one in row["tickets"]
        ],
    )


Load = Callable[[list[int]], Awaitable[Sequence[Any]]]


def _loader(path: str, owner: str, key: str, make: Callable[[dict[str, Any]], Any]) -> Load:
    async def load(ids: list[int]) -> Sequence[Any]:
        response = await _client.get(path, params={owner: ",".join(map(str, ids))})
        response.raise_for_status()
        rows = {row[key]: row for row in response.json()}
        return [make(rows[one]) if one in rows else None for one in ids]

    return load


@strawberry.type
class Customer:
    id: int

    @strawberry.field
    async def profile(self, info: strawberry.Info) -> Profile | None:
        found: Profile | None = await info.context["crm"].load(self.id)
        return found

    @strawberry.field
    async def account(self, info: strawberry.Info) -> Account | None:
        found: Account | None = await info.context["billing"].load(self.id)
        return found

    @strawberry.field
    async def support(self, info: strawberry.Info) -> Support | None:
        found: Support | None = await info.context["support"].load(self.id)
        return found


@strawberry.type
class Query:
    @strawberry.field
    def customer(self, id: int) -> Customer | None:  # noqa: A002  the argument's name in the schema
        return Customer(id=id)

    @strawberry.field
    def customers(self, ids: list[int]) -> list[Customer]:
        return [Customer(id=one) for one in ids]


async def _context() -> dict[str, Any]:
    return {
        "crm": DataLoader(_loader("/crm/customers", "ids", "id", _profile)),
        "billing": DataLoader(_loader("/billing/accounts", "customer_ids", "customerId", _account)),
        "support": DataLoader(_loader("/support/tickets", "customer_ids", "customerId", _support)),
    }


# instances, not classes: a cache that is made for each request keeps nothing
_extensions: list[Any] = [ParserCache(maxsize=256), ValidationCache(maxsize=256)] if _IS_TUNED else []
app = FastAPI()
app.include_router(
    GraphQLRouter(strawberry.Schema(query=Query, extensions=_extensions), context_getter=_context), prefix="/graphql"
)

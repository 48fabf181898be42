"""The schema of `make bench-peers` by hand, as one writes it in an afternoon; the types are those of our own model."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import strawberry
from strawberry.dataloader import DataLoader

from tests.bench.by_hand.serving import open_client, serve
from tests.bench.product.plain_types import Account, Invoice, Profile, Support, Ticket

__all__ = ["app"]

_CLIENT = open_client()


def _profile(row: dict[str, Any]) -> Profile:
    return Profile(
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
        response = await _CLIENT.get(path, params={owner: ",".join(map(str, ids))})
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


async def _loaders() -> dict[str, Any]:
    return {
        "crm": DataLoader(_loader("/crm/customers", "ids", "id", _profile)),
        "billing": DataLoader(_loader("/billing/accounts", "customer_ids", "customerId", _account)),
        "support": DataLoader(_loader("/support/tickets", "customer_ids", "customerId", _support)),
    }


app = serve(Query, _loaders)

"""The schema of `make bench` by hand, as one writes it in an afternoon.

It knows each source's key by arithmetic, checks no token, no view and no limit, and writes no receipt. With
BENCH_BATCHING=0 its sources take one key a call.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import httpx
import strawberry
from strawberry.dataloader import DataLoader

from tests.bench import workload
from tests.bench.by_hand.serving import open_client, serve

__all__ = ["app"]


@strawberry.type
class Name:
    display: str
    given: str
    family: str


@strawberry.type
class Money:
    amount: Decimal
    currency: str


@strawberry.type
class Account:
    number: str
    status: str
    balance: Money
    days_overdue: int


@strawberry.type
class Company:
    name: str
    status: str


@strawberry.type
class Customer:
    id: strawberry.ID
    number: strawberry.Private[int]

    async def _crm(self, info: strawberry.Info) -> dict[str, Any]:
        loaded: dict[str, Any] = await info.context["crm"].load(workload.crm_key(self.number))
        return loaded

    @strawberry.field
    async def name(self, info: strawberry.Info) -> Name | None:
        row = await self._crm(info)
        return Name(display=row["displayName"], given=row["firstName"], family=row["lastName"])

    @strawberry.field
    async def customer_since(self, info: strawberry.Info) -> str | None:
        return str((await self._crm(info))["createdAt"])

    @strawberry.field
    async def segment(self, info: strawberry.Info) -> str | None:
        return str((await self._crm(info))["segment"])

    @strawberry.field
    async def preferred_channel(self, info: strawberry.Info) -> str | None:
        return str((await self._crm(info))["channel"])

    @strawberry.field
    async def accounts(self, info: strawberry.Info) -> list[Account] | None:
        rows = await info.context["billing"].load(workload.billing_key(self.number))
        return [
            Account(
                number=row["number"],
                status=row["status"],
                balance=Money(amount=Decimal(row["balance"]), currency=row["currency"]),
                days_overdue=row["daysOverdue"],
            )
            for row in rows
        ]

    @strawberry.field
    async def company(self, info: strawberry.Info) -> Company | None:
        row = await info.context["register"].load((await self._crm(info))["companyLei"])
        return Company(name=row["name"], status=row["status"])


@strawberry.input(one_of=True)
class CustomerBy:
    id: strawberry.Maybe[strawberry.ID]


def _customer(by: CustomerBy) -> Customer:
    assert by.id is not None
    return Customer(id=by.id.value, number=int(by.id.value[4:], 16))


@strawberry.type
class Query:
    @strawberry.field
    def customer(self, by: CustomerBy) -> Customer | None:
        return _customer(by)

    @strawberry.field
    def customers(self, by: list[CustomerBy]) -> list[Customer | None]:
        return [_customer(one) for one in by]


Load = Callable[[list[str]], Awaitable[list[Any]]]


def _loaders(client: httpx.AsyncClient, *, batching: bool) -> Callable[[], Awaitable[dict[str, Any]]]:
    """Return what makes the loaders of one request."""

    async def get(path: str, params: dict[str, str] | None = None) -> Any:
        return (await client.get(path, params=params)).raise_for_status().json()

    def together(path: str, key: str, *, many: bool) -> Load:
        async def load(keys: list[str]) -> list[Any]:
            grouped: dict[str, list[dict[str, Any]]] = {}
            for row in await get(path, {"ids": ",".join(keys)}):
                grouped.setdefault(row[key], []).append(row)
            return [grouped.get(one, []) if many else grouped[one][0] for one in keys]

        return load

    def one_by_one(path: str) -> Load:
        async def load(keys: list[str]) -> list[Any]:
            return await asyncio.gather(*(get(f"{path}/{one}") for one in keys))

        return load

    def loader(path: str, key: str, *, many: bool = False) -> DataLoader[str, Any]:
        return DataLoader(together(path, key, many=many) if batching else one_by_one(path))

    async def loaders() -> dict[str, Any]:
        return {
            "crm": loader("/crm", "id"),
            "billing": loader("/billing", "customer", many=True),
            "register": loader("/register", "id"),
        }

    return loaders


app = serve(Query, _loaders(open_client(), batching=os.environ.get("BENCH_BATCHING", "1") == "1"))

"""Sources as real servers with 2,500 customers, a gateway before them, and what the answers have to be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from adapters.crossref import SourceSystem, SqliteCrossReference
from adapters.sandbox.billing_store import PostgresBilling
from adapters.sandbox.ledger import accounts, invoices
from adapters.sandbox.links import cross_reference, restrictions
from adapters.sandbox.misbehaviour import Misbehaviour
from adapters.sandbox.people import Customer, customers
from adapters.sandbox.postgres import PostgresServer
from adapters.sandbox.process import RunningSource, start_source
from adapters.sandbox.relay import Relay
from adapters.sandbox.sources import billing_adapter, crm_adapter, register_adapter
from gateway.consumers import new_token
from gateway.gateway import Gateway
from schema.customer import Customer as Model
from schema.lock import publish

VIEW = """
name: everything
version: 1
title: Everything that the tests ask for
description: Fields of all three sources in one view.
owner: Tests
review_by: 2099-01-01
purpose: {dpv: CustomerCare}
lawful_basis: {gdpr: A6-1-b}
consumers: [tests]
lookups: [id, crm, billing]
limits: {customers: 100, deadline_ms: DEADLINE, calls: 20, tokens: 500}
receipt: fields
fields:
  Customer.id:
  Customer.name:
  Name.display:
  Customer.accounts:
  Account.number:
  Account.daysOverdue:
  Account.balance:
  Money.amount:
  Money.currency:
  Customer.company:
  Company.name:
  Company.status:
"""

SELECTION = "{ id name { display } accounts { number balance { amount currency } } company { name } }"


@dataclass(frozen=True)
class Town:
    """The sources that run, and the customers in them."""

    whom: Sequence[Customer]
    crm: RunningSource
    register: RunningSource
    billing: PostgresBilling
    server: PostgresServer
    folder: Path
    token: str = field(repr=False)

    def truth(self, customer: Customer) -> dict[str, Any]:
        """Return the only right answer to `SELECTION`, of a customer with one key in billing at most."""
        owed = [
            {"number": one.account_no, "balance": {"amount": str(one.balance), "currency": one.currency}}
            for one in sorted(accounts([customer]), key=lambda one: one.account_no)
        ]
        return {
            "id": customer.customer_id,
            "name": {"display": f"{customer.person.given} {customer.person.family}"},
            "accounts": owed if customer.billing_keys else None,
            "company": {"name": customer.company.name} if customer.company else None,
        }

    async def behave(self, source: str, how: Misbehaviour, relay: Relay) -> None:
        """Have one source misbehave from now on."""
        if source == "billing":
            await relay.behave(how)
            await self.billing.behave(how)
        else:
            running = self.crm if source == "crm" else self.register
            await asyncio.to_thread(running.misbehave, how, 5.0)

    async def reset(self) -> None:
        """Have all sources behave and count from zero."""
        await asyncio.to_thread(self.crm.reset)
        await asyncio.to_thread(self.register.reset)
        await self.billing.behave(Misbehaviour.NONE)
        await self.billing.forget()


@dataclass(frozen=True)
class Desk:
    """A consumer in front of a running gateway."""

    client: httpx.AsyncClient
    relay: Relay

    async def ask(self, query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the response, with its receipt."""
        body = {"query": query, "variables": dict(variables or {}), "extensions": {"receipt": "fields"}}
        answer = await self.client.post("/views/everything/graphql", json=body)
        assert answer.status_code == 200, answer.text
        response: dict[str, Any] = answer.json()
        return response

    async def ask_for(self, whom: Sequence[Customer], selection: str = SELECTION) -> dict[str, Any]:
        """Return the response for these customers, looked up by their canonical ids."""
        query = f"query All($by: [CustomerBy!]!) {{ customers(by: $by) {selection} }}"
        return await self.ask(query, {"by": [{"id": one.customer_id} for one in whom]})


@contextmanager
def open_town(folder: Path) -> Iterator[Town]:
    """Start the sources, fill billing and the cross-reference, and publish the view."""
    whom = customers()
    token, digest = new_token()
    for deadline in ("3000", "400"):
        views = folder / f"views-{deadline}"
        views.mkdir()
        (views / "everything@1.yaml").write_text(VIEW.replace("DEADLINE", deadline))
        publish(views, "everything@1")
    (folder / "consumers.yaml").write_text(f"- name: tests\n  {digest}\n  views: [everything]\n")
    asyncio.run(_load(folder, whom))
    with start_source("crm") as crm, start_source("register") as register, PostgresServer.start() as server:
        billing = PostgresBilling(server)
        asyncio.run(billing.fill(accounts(whom), invoices(whom)))
        yield Town(whom, crm, register, billing, server, folder, token)


async def _load(folder: Path, whom: Sequence[Customer]) -> None:
    crossref = SqliteCrossReference.open(folder / "crossref.db")
    for source in ("crm", "billing"):
        await crossref.register_source(SourceSystem(source), actor="tests")
    await crossref.load(cross_reference(whom), actor="tests", restrictions=restrictions(whom))
    crossref.close()


@asynccontextmanager
async def at_desk(town: Town, *, deadline: int = 3000) -> AsyncIterator[Desk]:
    """Run a gateway over the town, with all sources behaving; `deadline` in milliseconds, one of 3000 and 400."""
    await town.reset()
    async with Relay(town.server.socket, delay=5.0) as relay:
        billing_url = town.billing.reader_url(host=relay.host, port=relay.port)
        gateway = Gateway(
            model=Model,
            adapters=[
                crm_adapter(town.crm.url, town.crm.token),
                billing_adapter(billing_url),
                register_adapter(town.register.url),
            ],
            views=town.folder / f"views-{deadline}",
            crossref=f"sqlite:///{town.folder / 'crossref.db'}",
            consumers=town.folder / "consumers.yaml",
        )
        headers = {"Authorization": f"Bearer {town.token}"}
        transport = httpx.ASGITransport(app=gateway)
        async with (
            gateway.running(),
            httpx.AsyncClient(transport=transport, base_url="http://gateway", headers=headers) as client,
        ):
            yield Desk(client, relay)

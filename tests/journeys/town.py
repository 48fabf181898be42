"""Sources as real servers with 2,500 customers, a gateway before them, and what the answers have to be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from adapters.crossref import SourceSystem, SqliteCrossReference
from adapters.sandbox.billing_store import PostgresBilling
from adapters.sandbox.ledger import accounts, invoices
from adapters.sandbox.links import LINKED, cross_reference, restrictions
from adapters.sandbox.misbehaviour import Misbehaviour
from adapters.sandbox.people import Customer, customers
from adapters.sandbox.postgres import PostgresServer
from adapters.sandbox.process import RunningSource, start_source
from adapters.sandbox.purchases import as_purchases
from adapters.sandbox.relay import Relay
from adapters.sandbox.sources import (
    billing_adapter,
    crm_adapter,
    orders_adapter,
    register_adapter,
    support_adapter,
)
from adapters.sandbox.tickets import as_tickets
from gateway.consumers import new_token
from gateway.gateway import Gateway
from schema.customer import Customer as Model
from schema.lock import publish

VIEW = """
name: everything
version: 1
title: Everything that the tests ask for
description: Fields of all five sources in one view.
owner: Tests
review_by: 2099-01-01
purpose: {dpv: CustomerCare}
lawful_basis: {gdpr: A6-1-b}
consumers: [tests]
lookups: [id, crm, billing]
limits: {customers: 100, deadline_ms: DEADLINE, calls: 200, tokens: 500, weight: 50000}
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
  Customer.invoices:
  Customer.invoices(first:):
  Customer.invoices(after:):
  Customer.invoices(status:):
  Customer.invoices(sort:):
  Invoice.number:
  Invoice.status:
  Invoice.issuedOn:
  Customer.orders:
  Customer.orders(first:):
  Customer.orders(after:):
  Customer.orders(sort:):
  Order.number:
  Order.placedAt:
  Order.lines:
  OrderLine.product:
  OrderLine.quantity:
  Customer.tickets:
  Customer.tickets(first:):
  Customer.tickets(after:):
  Customer.tickets(status:):
  Customer.tickets(sort:):
  Ticket.number:
  Ticket.subject:
  Ticket.status:
  Ticket.openedAt:
  Ticket.messages:
  Ticket.messages(first:):
  Ticket.messages(after:):
  Message.sentAt:
  Message.text:
"""

SELECTION = """{
  id
  name { display }
  accounts { number balance { amount currency } }
  company { name }
  invoices(first: 2) { nodes { number } }
  orders(first: 2) { nodes { number lines { product quantity } } pageInfo { hasNextPage } }
  tickets(first: 2) { nodes { number subject } }
}"""
"""What costs one call a source, billing and support apart: a list each, and a customer a call."""

_PROCESSES = ("crm", "register", "orders", "support")
"""The sources that are processes of the sandbox; billing is a database."""


@dataclass(frozen=True)
class Town:
    """The sources that run, and the customers in them."""

    whom: Sequence[Customer]
    running: Mapping[str, RunningSource]
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
            "invoices": {"nodes": _named(bills_of(customer)[:2])} if customer.billing_keys else None,
            "orders": _ordered(customer),
            "tickets": {
                "nodes": [
                    {"number": one["id"], "subject": one["subject"]} for one in reversed(as_tickets(customer)[-2:])
                ]
            },
        }

    def counters(self, source: str) -> Mapping[str, Any]:
        """Return what a source that is a process was asked."""
        return self.running[source].counters()

    async def behave(self, source: str, how: Misbehaviour, relay: Relay) -> None:
        """Have one source misbehave from now on."""
        if source == "billing":
            await relay.behave(how)
            await self.billing.behave(how)
        else:
            await asyncio.to_thread(self.running[source].misbehave, how, 5.0)

    async def reset(self) -> None:
        """Have all sources behave and count from zero."""
        for running in self.running.values():
            await asyncio.to_thread(running.reset)
        await self.billing.behave(Misbehaviour.NONE)
        await self.billing.forget()


def bills_of(customer: Customer, key: str = "") -> list[str]:
    """Return the numbers of the customer's invoices, newest first; with a key only those under it."""
    bills = [bill for bill in invoices([customer]) if key in ("", bill.customer_no)]
    newest_first = sorted(bills, key=lambda bill: (bill.issued_on, bill.invoice_no), reverse=True)
    return [bill.invoice_no for bill in newest_first]


def _named(numbers: Sequence[str]) -> list[dict[str, str]]:
    return [{"number": number} for number in numbers]


def _ordered(customer: Customer) -> dict[str, Any]:
    bought = as_purchases(customer)
    nodes = [
        {
            "number": one["reference"],
            "lines": [{"product": item["title"], "quantity": str(item["count"])} for item in one["items"]],
        }
        for one in reversed(bought[-2:])
    ]
    return {"nodes": nodes, "pageInfo": {"hasNextPage": len(bought) > 2}}


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
        return await self.ask(_ALL % selection, _by(whom))

    async def explain_for(self, whom: Sequence[Customer], selection: str = SELECTION) -> dict[str, Any]:
        """Return the plan for these customers."""
        body = {"query": _ALL % selection, "variables": _by(whom)}
        answer = await self.client.post("/views/everything/explain", json=body)
        assert answer.status_code == 200, answer.text
        plan: dict[str, Any] = answer.json()
        return plan

    async def read_on(self, customer: Customer, listed: str, first: int) -> list[list[str]]:
        """Return the numbers of a list of the customer, page by page to its end."""
        pages: list[list[str]] = []
        variables: dict[str, Any] = {"by": {"id": customer.customer_id}, "first": first, "after": None}
        while not pages or variables["after"] is not None:
            answer = await self.ask(_PAGE % listed, variables)
            page = answer["data"]["customer"][listed]
            pages.append([one["number"] for one in page["nodes"]])
            more = page["pageInfo"]
            variables["after"] = more["endCursor"] if more["hasNextPage"] else None
        return pages


_ALL = "query All($by: [CustomerBy!]!) { customers(by: $by) %s }"
_PAGE = (
    "query Page($by: CustomerBy!, $first: Int!, $after: String) { customer(by: $by) { "
    "%s(first: $first, after: $after) { nodes { number } pageInfo { hasNextPage endCursor } } } }"
)


def _by(whom: Sequence[Customer]) -> dict[str, Any]:
    return {"by": [{"id": one.customer_id} for one in whom]}


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
    (folder / "consumers.yaml").write_text(f"- name: tests\n  {digest}\n  views: [everything]\n  roles: [developer]\n")
    asyncio.run(_load(folder, whom))
    with ExitStack() as stack:
        running = {name: stack.enter_context(start_source(name)) for name in _PROCESSES}
        server = stack.enter_context(PostgresServer.start())
        billing = PostgresBilling(server)
        asyncio.run(billing.fill(accounts(whom), invoices(whom)))
        yield Town(whom, running, billing, server, folder, token)


async def _load(folder: Path, whom: Sequence[Customer]) -> None:
    crossref = SqliteCrossReference.open(folder / "crossref.db")
    for source in LINKED:
        await crossref.register_source(SourceSystem(source), actor="tests")
    await crossref.load(cross_reference(whom), actor="tests", restrictions=restrictions(whom))
    crossref.close()


@asynccontextmanager
async def at_desk(town: Town, *, deadline: int = 3000) -> AsyncIterator[Desk]:
    """Run a gateway over the town, with all sources behaving; `deadline` in milliseconds, one of 3000 and 400."""
    await town.reset()
    async with Relay(town.server.socket, delay=5.0) as relay:
        billing_url = town.billing.reader_url(host=relay.host, port=relay.port)
        crm, register, orders, support = (town.running[name] for name in _PROCESSES)
        gateway = Gateway(
            model=Model,
            adapters=[
                crm_adapter(crm.url, crm.token),
                billing_adapter(billing_url),
                orders_adapter(orders.url, orders.token),
                support_adapter(support.url, support.token),
                register_adapter(register.url),
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

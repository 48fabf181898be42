"""The sandbox's sources as servers, and the demo's gateway with its published views before them: what journeys ask."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from adapters.adapter import Adapter
from adapters.sandbox.billing_store import PostgresBilling
from adapters.sandbox.ledger import accounts, invoices
from adapters.sandbox.people import customers
from adapters.sandbox.postgres import PostgresServer
from adapters.sandbox.process import RunningSource, start_source
from adapters.sandbox.relay import Relay
from adapters.sandbox.sources import (
    billing_adapter,
    crm_adapter,
    orders_adapter,
    register_adapter,
    support_adapter,
)
from gateway.demo.workplace import AUDIT_FOLDER, Access, declare_gateway, load_customers, write_access

_PROCESSES = ("crm", "orders", "register", "support")
"""The sources that are processes of the sandbox; billing is a database."""

_KNOWN = customers()[:40]
"""Those whom the gateway and billing know, so that making an office takes no time."""


@dataclass(frozen=True)
class Sources:
    """The sources, which count what they are asked."""

    running: Mapping[str, RunningSource]
    billing: PostgresBilling
    server: PostgresServer

    def adapters(self, relay: Relay) -> Sequence[Adapter]:
        """Return how each is asked; billing is behind the relay."""
        crm, orders, register, support = (self.running[name] for name in _PROCESSES)
        return (
            crm_adapter(crm.url, crm.token),
            orders_adapter(orders.url, orders.token),
            register_adapter(register.url),
            support_adapter(support.url, support.token),
            billing_adapter(self.billing.reader_url(host=relay.host, port=relay.port)),
        )

    async def reset(self) -> None:
        """Have all sources count from zero."""
        for running in self.running.values():
            await asyncio.to_thread(running.reset)
        await self.billing.forget()

    async def counted(self) -> dict[str, list[dict[str, Any]]]:
        """Return what each source was asked, call by call, as itself counted it: keys, and fields in its own words.

        Billing counts by statement: the view that was read, how often, its columns, and how many rows came back.
        """
        asked: dict[str, list[dict[str, Any]]] = {}
        for name, running in self.running.items():
            calls = (await asyncio.to_thread(running.counters))["asked"]
            asked[name] = [{"keys": [*call["keys"]], "fields": sorted(call["fields"])} for call in calls]
        asked["billing"] = [
            {"table": one.view, "calls": one.calls, "fields": sorted(one.columns), "rows": one.rows}
            for one in await self.billing.counted()
        ]
        return {name: calls for name, calls in asked.items() if calls}


@dataclass(frozen=True)
class Office:
    """A gateway that is asked over HTTP, with its consumers' tokens and the folder of its audit."""

    client: httpx.AsyncClient
    sources: Sources
    access: Access = field(repr=False)
    audit: Path

    async def send(
        self, consumer: str, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        """Return the status and the JSON that answer a request."""
        sent = {"Authorization": f"Bearer {self.access.tokens[consumer]}", **(headers or {})}
        answer = await self.client.request(method, path, json=body, headers=sent)
        return answer.status_code, answer.json()


@contextmanager
def open_sources() -> Iterator[Sources]:
    """Start the sources, and fill billing."""
    with ExitStack() as stack:
        running = {name: stack.enter_context(start_source(name)) for name in _PROCESSES}
        server = stack.enter_context(PostgresServer.start())
        billing = PostgresBilling(server)
        asyncio.run(billing.fill(accounts(_KNOWN), invoices(_KNOWN)))
        yield Sources(running, billing, server)


@asynccontextmanager
async def open_office(sources: Sources) -> AsyncIterator[Office]:
    """Run a gateway with files of its own, before sources that count from zero."""
    with tempfile.TemporaryDirectory(prefix="office-") as name:
        folder = Path(name)
        access = write_access(folder)
        await load_customers(folder, _KNOWN, lambda _: None)
        await sources.reset()
        async with Relay(sources.server.socket) as relay:
            gateway = declare_gateway(folder, sources.adapters(relay))
            transport = httpx.ASGITransport(app=gateway)
            async with (
                gateway.running(),
                httpx.AsyncClient(transport=transport, base_url="http://gateway") as client,
            ):
                yield Office(client, sources, access, folder / AUDIT_FOLDER)

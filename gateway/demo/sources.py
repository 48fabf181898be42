"""Starts the sandbox's five sources, each a real server in a process of its own, for as long as a context lasts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from adapters.adapter import Adapter
from adapters.sandbox.billing_store import BillingStore, PostgresBilling, SqliteBilling
from adapters.sandbox.ledger import accounts, invoices
from adapters.sandbox.people import Customer
from adapters.sandbox.postgres import PostgresServer, PostgresUnavailable
from adapters.sandbox.process import RunningSource, SourceControlError, start_source
from adapters.sandbox.relay import Relay
from adapters.sandbox.sources import (
    billing_adapter,
    crm_adapter,
    orders_adapter,
    register_adapter,
    support_adapter,
)
from gateway.command_error import CommandError

__all__ = ["Sources", "Started", "start_sources"]


@dataclass(frozen=True, slots=True)
class Started:
    """One source that runs: what it is, where, and its process, if it has one.

    `note` says why it is not what it should be, for people; empty when it is.
    """

    name: str
    kind: str
    place: str
    process: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Sources:
    """All sources with their adapters."""

    started: Sequence[Started]
    adapters: Sequence[Adapter] = field(repr=False)


@asynccontextmanager
async def start_sources(whom: Sequence[Customer], folder: Path) -> AsyncIterator[Sources]:
    """Run the sources of these customers; files are made in the folder.

    Raises:
        CommandError: One of them does not start.
    """
    async with AsyncExitStack() as stack:
        named = ("crm", "orders", "support", "register")
        crm, orders, support, register = [await stack.enter_async_context(start_source(name)) for name in named]
        billing, url = await _billing(stack, whom, folder)
        for running in (crm, orders, support, register):
            await _answering(running)
        yield Sources(
            (
                _started(crm, "REST, a batch by ids"),
                billing,
                _started(orders, "GraphQL, a batch by ids"),
                _started(support, "REST, one customer a call"),
                _started(register, "REST in the shape of GLEIF's"),
            ),
            (
                crm_adapter(crm.url, crm.token),
                billing_adapter(url),
                orders_adapter(orders.url, orders.token),
                support_adapter(support.url, support.token),
                register_adapter(register.url),
            ),
        )


def _started(running: RunningSource, kind: str) -> Started:
    return Started(running.name, kind, running.url, running.process.pid)


async def _answering(running: RunningSource) -> None:
    try:
        await asyncio.to_thread(running.counters)
    except SourceControlError as error:
        message = f"The sandbox source {running.name} does not start. Its own message, if it gave one, stands above."
        raise CommandError(message) from error


async def _billing(stack: AsyncExitStack, whom: Sequence[Customer], folder: Path) -> tuple[Started, str]:
    """Return billing and the URL for the gateway: PostgreSQL where it can be had, else SQLite."""
    try:
        server = await _postgres()
    except PostgresUnavailable as error:
        file = SqliteBilling(folder / "billing.db")
        await _fill(file, whom)
        return Started("billing", "SQLite", "billing.db", note=_why(error)), file.reader_url()
    stack.push_async_callback(asyncio.to_thread, server.stop)
    store = PostgresBilling(server)
    await _fill(store, whom)
    relay = await stack.enter_async_context(Relay(server.socket))
    place = f"{relay.host}:{relay.port}"
    started = Started("billing", "PostgreSQL, behind a relay", place, server.process)
    return started, store.reader_url(host=relay.host, port=relay.port)


def _why(error: PostgresUnavailable) -> str:
    return f"Billing is on SQLite, for PostgreSQL cannot be had here: {' '.join(str(error).split())}"


async def _postgres() -> PostgresServer:
    """Start the server in a thread. Told to stop meanwhile, wait for it and stop it, so that it is not left behind."""
    starting = asyncio.create_task(asyncio.to_thread(PostgresServer.start))
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        with suppress(PostgresUnavailable):
            await asyncio.to_thread((await starting).stop)
        raise


async def _fill(store: BillingStore, whom: Sequence[Customer]) -> None:
    await store.fill(accounts(whom), invoices(whom))

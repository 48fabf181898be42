"""All that runs while the demo is told: the sources, the gateway, and those of whom it tells."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adapters.crossref import LoadReport
from adapters.sandbox.people import ANNE, Customer, customers
from adapters.sandbox.permissions import as_permissions
from gateway.demo.asking import Client, Question, open_client
from gateway.demo.disputes import leave_disputes
from gateway.demo.sources import Sources, Started, start_sources
from gateway.demo.telling import Telling
from gateway.demo.verifier import Verifier
from gateway.demo.workplace import (
    Access,
    declare_gateway,
    load_customers,
    open_cross_reference,
    write_access,
)
from gateway.gateway import Gateway
from gateway.serving import serving

__all__ = ["HOST", "Cast", "Stage", "staged"]

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Cast:
    """Of whom the demo tells: who calls, somebody else, one who has taken a consent back, and one with whom a namesake
    was merged."""

    anne: Customer
    other: Customer
    unwilling: Customer
    merged: Customer


@dataclass(frozen=True, slots=True)
class Stage:
    """All that runs: where the gateway listens and what it is, the sources, and who may ask what about whom.

    The folder has the demo's own files, and goes with it.
    """

    base: str
    folder: Path
    started: Sequence[Started]
    gateway: Gateway = field(repr=False)
    cast: Cast = field(repr=False)
    tokens: Mapping[str, str] = field(repr=False)
    verifier: Verifier
    client: Client = field(repr=False)

    def question(
        self,
        consumer: str,
        view: str,
        query: str,
        by: Any,
        *,
        situation: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Question:
        """Return what a consumer asks about whom."""
        told = (situation or {}, headers or {})
        return Question(self.base, consumer, view, query, {"by": by}, self.tokens[consumer], *told)


@asynccontextmanager
async def staged(telling: Telling, listening: socket.socket) -> AsyncIterator[Stage]:
    """Start everything, and stop it at the end; nothing is left behind.

    Raises:
        CommandError: A source does not start.
    """
    whom = customers()
    telling.note(
        "Five systems each know a part of a customer. The gateway answers each consumer the part that its view shows, "
        "live from the systems that own it, and keeps none of it."
    )
    telling.tell("Starting five sources, each a real server in its own process, and a gateway.")
    telling.say()
    with tempfile.TemporaryDirectory(prefix="customer-view-demo-") as name:
        folder = Path(name)
        access = write_access(folder)
        async with start_sources(whom, folder) as sources:
            loaded = await _load(telling, folder, whom)
            telling.sources(sources.started, loaded)
            with closing(open_cross_reference(folder)) as opened:
                cast = _cast(whom, await leave_disputes(opened, whom))
            async with _served(folder, sources, listening, access, cast) as stage:
                yield stage


async def _load(telling: Telling, folder: Path, whom: Sequence[Customer]) -> LoadReport:
    with telling.progress(len(whom)) as bar:
        return await load_customers(folder, whom, lambda done: bar.update(bar.task_ids[0], completed=done))


def _cast(whom: Sequence[Customer], merged: Customer) -> Cast:
    others = [one for one in whom if one not in (whom[ANNE], merged) and one.billing_keys and not one.is_restricted]
    unwilling = next(one for one in others if {"medium": "EML", "state": "X"}.items() <= _by_mail(one).items())
    return Cast(whom[ANNE], others[0], unwilling, merged)


def _by_mail(customer: Customer) -> Mapping[str, Any]:
    """Return what a customer has said to e-mails, nothing if never asked."""
    return next((one for one in as_permissions(customer) if one["medium"] == "EML"), {})


@asynccontextmanager
async def _served(
    folder: Path, sources: Sources, listening: socket.socket, access: Access, cast: Cast
) -> AsyncIterator[Stage]:
    gateway = declare_gateway(folder, sources.adapters)
    base = f"http://{HOST}:{listening.getsockname()[1]}"
    async with gateway.running(), serving(gateway, listening), open_client() as client:
        yield Stage(base, folder, sources.started, gateway, cast, access.tokens, access.verifier, client)

"""The support desk's adapter keeps the contract, against the desk on a real socket."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from adapters.answers import Facts, Key
from adapters.gates import INTERACTION
from adapters.http import HttpAdapter
from adapters.sandbox.misbehaviour import Misbehaviour as Way
from adapters.sandbox.serve import build_server
from adapters.sandbox.sources import support_adapter
from adapters.sandbox.support import SupportList, support_desk
from adapters.testing import HOSTILE_KEYS, AdapterContract, Misbehaviour, SeenCall, SourceUnderTest
from schema.customer import Channel, MessageAuthor, Sort, TicketPriority, TicketStatus

BEGIN = datetime(1998, 1, 1, tzinfo=UTC)
WAYS = {
    None: Way.NONE,
    Misbehaviour.SHUFFLED: Way.SHUFFLED,
    Misbehaviour.FOREIGN: Way.WRONG_CUSTOMER,
    Misbehaviour.DOWN: Way.DOWN,
    Misbehaviour.GARBAGE: Way.GARBAGE,
    Misbehaviour.SLOW: Way.SLOW,
}


class DeskUnderTest(SourceUnderTest):
    """One of the desk's lists. Beside what is put there is always somebody, whose list can come in place of another."""

    can = frozenset(way for way in WAYS if way is not None)
    missing_is_known = True
    hostile_keys = tuple(key for key in HOSTILE_KEYS if "/" not in key)  # the desk's own framework splits paths by it

    def __init__(self, adapter: HttpAdapter, desk: SupportList, serves: str, control: httpx.AsyncClient) -> None:
        (self.offer,) = [offer for offer in adapter.offers if offer.serves == serves]
        self.arguments = (("sort", Sort.OLDEST_FIRST),) if serves != INTERACTION else ()
        self.adapter, self.desk, self.control = adapter, desk, control
        self.desk.records["S-0"] = {"entries": self.entries("S-0", 1)}

    def entries(self, key: Key, count: int) -> Sequence[Mapping[str, Any]]:
        return [{**self.entry(key, BEGIN + timedelta(number)), "id": f"{key}-{number}"} for number in range(count)]

    def entry(self, key: Key, at: datetime) -> Mapping[str, Any]:
        if self.offer.serves == "Ticket.messages":
            return {"ticket": key, "writer": "client", "via": "app", "at": at, "text": f"Hello, {key}, {at.day}"}
        if self.offer.serves == INTERACTION:
            return {"client": key, "state": "held", "began": at}
        known = {"client": key, "subject": f"About {key}", "created": at, "resolved": None}
        return known | {"status": "fresh", "urgency": "p1", "origin": "chat"}

    async def put(self, keys: Sequence[Key]) -> None:
        for key in keys:
            await self.put_list(key, 1)

    async def put_list(self, key: Key, rows: int) -> None:
        self.desk.records[key] = {"entries": self.entries(key, rows)}

    def facts(self, key: Key) -> Sequence[Facts]:
        return [self.fact(entry) for entry in self.desk.records[key]["entries"]]

    def fact(self, entry: Mapping[str, Any]) -> Facts:
        if self.offer.serves == "Ticket.messages":
            words = {"author": MessageAuthor.CUSTOMER, "channel": Channel.APP}
            return words | {"sent_at": entry["at"], "text": entry["text"]}
        if self.offer.serves == INTERACTION:
            return {"reference": entry["id"], "is_active": True}
        return {
            "number": entry["id"],
            "subject": entry["subject"],
            "status": TicketStatus.NEW,
            "priority": TicketPriority.URGENT,
            "channel": Channel.CHAT,
            "opened_at": entry["created"],
            "solved_at": None,
            "messages": entry["id"],
        }

    async def seen(self) -> Sequence[SeenCall]:
        asked = (await self.control.get("/__sandbox/counters")).json()["asked"]
        return [SeenCall(len(call["keys"])) for call in asked]

    async def misbehave(self, how: Misbehaviour | None) -> None:
        await self.control.post("/__sandbox/misbehave", json={"kind": WAYS[how], "seconds": 5})


class OfDesk(AdapterContract):
    serves: str

    @asynccontextmanager
    async def under_test(self) -> AsyncIterator[SourceUnderTest]:
        desk = support_desk("sesame", [])
        server = build_server(*desk)
        with socket.create_server(("127.0.0.1", 0)) as listening:
            url = f"http://127.0.0.1:{listening.getsockname()[1]}"
            serving = asyncio.create_task(server.serve([listening]))
            try:
                async with httpx.AsyncClient(base_url=url, trust_env=False) as control:
                    which = desk[("Customer.tickets", "Ticket.messages", INTERACTION).index(self.serves)]
                    yield DeskUnderTest(support_adapter(url, "sesame"), which, self.serves, control)
            finally:
                server.should_exit = True
                await serving


class TestTickets(OfDesk):
    serves = "Customer.tickets"


class TestMessages(OfDesk):
    serves = "Ticket.messages"


class TestInteractions(OfDesk):
    serves = INTERACTION

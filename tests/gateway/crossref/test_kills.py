"""A gateway that is killed while stewards write, and one whose database is: what they were answered stands."""

from __future__ import annotations

import asyncio
import json
import random
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import httpx
import pytest

from adapters.crossref import Linked, SourceSystem, open_crossref
from tests.adapters.crossref.killed_server import KillableServer, killable_server
from tests.adapters.crossref.story import Ask, check_telling
from tests.gateway.crossref.served_office import Clients, declare_served, linked, post, served_office

pytestmark = pytest.mark.processes

BACK = 5.0
"""Seconds after the database is back in which reads and writes have to be."""

HANGS = 15.0
"""Seconds in which whoever asks is told at the latest that there is no database."""

SOURCES = (SourceSystem("crm"), SourceSystem("billing"))


async def declared(folder: Path, place: str) -> Path:
    async with open_crossref(place) as store:
        for source in SOURCES:
            await store.register_source(source, actor="admin")
    declare_served(folder, place)
    return folder


async def asked_again(client: httpx.AsyncClient, ask: Ask) -> Linked:
    return linked(await post(client, ask))


async def check(place: str, clients: Clients, before: int) -> int:
    """Check what stands; the clients ask the gateway again."""
    async with open_crossref(place) as store, clients.connected() as client:
        return await check_telling(store, clients.telling, partial(asked_again, client), before)


async def kill_gateways(folder: Path, rounds: int) -> None:
    """Kill one gateway after the other in the middle of writes; the next one answers for it."""
    place = f"sqlite:///{folder}/crossref.db"
    await declared(folder, place)
    chance, events, last = random.Random(rounds), len(SOURCES), None
    for number in range(rounds):
        with served_office(folder) as url:
            if last is not None:
                events = await check(place, replace(last, url=url), events)
            last = Clients(url, f"r{number}")
            writing = asyncio.create_task(last.write())
            await last.wait_for(chance.randrange(5, 40))
            await asyncio.sleep(chance.uniform(0, 0.03))
        await writing
        assert last.refusals == []
    with served_office(folder) as url:
        assert last is not None
        await check(place, replace(last, url=url), events)


async def read_again(clients: Clients) -> float:
    """Return when a look-up is answered again; until then the refusal says what to do."""
    async with clients.connected() as client:
        while True:
            response = await client.post("/crossref/resolve", json={"by": {"source": "crm", "key": "C-1"}})
            if response.status_code == 200:
                return time.monotonic()
            check_refusal(response.status_code, response.text)


async def written_again(clients: Clients, moment: float) -> float:
    """Return when the first write after this moment is answered."""
    while clients.answered_at <= moment:  # noqa: ASYNC110  nobody tells
        await asyncio.sleep(0.002)
    return clients.answered_at


def check_refusal(status: int, text: str) -> None:
    (error,) = json.loads(text)["errors"]
    assert (status, error["extensions"]["code"]) == (503, "UNAVAILABLE")
    assert "Ask again" in error["message"]


async def bring_down(server: KillableServer, clients: Clients, chance: random.Random) -> None:
    """Kill the server in the middle of writes and start it again; the gateway stays."""
    await clients.wait_for(chance.randrange(5, 40))
    await asyncio.sleep(chance.uniform(0, 0.03))
    server.kill()
    await asyncio.sleep(chance.uniform(0.2, 0.7))
    await asyncio.to_thread(server.start)
    back = await server.wait()
    async with asyncio.timeout(60):
        read_at, written_at = await asyncio.gather(read_again(clients), written_again(clients, back))
    assert read_at - back < BACK
    assert written_at - back < BACK
    await clients.wait_for(10)


async def kill_servers(folder: Path, server: KillableServer, rounds: int) -> None:
    await declared(folder, server.url)
    chance, events = random.Random(rounds), len(SOURCES)
    with served_office(folder) as url:
        for number in range(rounds):
            clients = Clients(url, f"r{number}")
            writing = asyncio.create_task(clients.write())
            await bring_down(server, clients, chance)
            writing.cancel()
            await asyncio.wait([writing])
            assert clients.refusals
            for seconds, status, text in clients.refusals:
                check_refusal(status, text)
                assert seconds < HANGS
            events = await check(server.url, clients, events)


async def test_a_gateway_is_killed_while_stewards_write(tmp_path: Path) -> None:
    """What it has answered stands; what it has not is made once when it is asked for again."""
    await kill_gateways(tmp_path, 3)


@pytest.mark.postgres
async def test_the_database_is_killed_under_a_gateway(tmp_path: Path) -> None:
    """Writes are refused in words meanwhile, and none hangs; within five seconds all goes on."""
    with killable_server() as server:
        await kill_servers(tmp_path, server, 3)


@pytest.mark.long
async def test_gateways_are_killed_often(tmp_path: Path) -> None:
    """In the middle of whatever is written."""
    await kill_gateways(tmp_path, 20)


@pytest.mark.long
@pytest.mark.postgres
async def test_the_database_is_killed_often_under_a_gateway(tmp_path: Path) -> None:
    """In the middle of whatever is written."""
    with killable_server() as server:
        await kill_servers(tmp_path, server, 20)

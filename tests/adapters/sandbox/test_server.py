"""A sandbox source behind its real server, in this process: what needs a connection to be shown."""

import asyncio
import socket
from collections.abc import AsyncIterator

import httpx
import pytest

from adapters.sandbox.companies import companies
from adapters.sandbox.misbehaviour import Misbehaviour
from adapters.sandbox.register import Register
from adapters.sandbox.serve import build_server, build_source

ASK = f"/api/v1/lei-records?filter[lei]={companies()[0].lei}"


@pytest.fixture
async def register() -> AsyncIterator[httpx.AsyncClient]:
    server = build_server(Register())
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        serving = asyncio.create_task(server.serve([listening]))
        async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
            yield client
        server.should_exit = True
        await serving


async def test_down_ends_the_connection_without_a_byte(register: httpx.AsyncClient) -> None:
    """The client sees that the source hung up; the next call, after a reset, is answered."""
    await register.post("/__sandbox/misbehave", json={"kind": Misbehaviour.DOWN})
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        await register.get(ASK)
    await register.post("/__sandbox/reset")
    assert (await register.get(ASK)).status_code == 200


async def test_cut_ends_the_connection_in_the_middle_of_the_body(register: httpx.AsyncClient) -> None:
    """The answer says how long it would have been, and half of it comes."""
    whole = len((await register.get(ASK)).content)
    await register.post("/__sandbox/misbehave", json={"kind": Misbehaviour.CUT})
    with pytest.raises(httpx.RemoteProtocolError, match=f"received {whole // 2} bytes, expected {whole}"):
        await register.get(ASK)


async def test_a_call_with_a_body_is_cut_as_well(register: httpx.AsyncClient) -> None:
    """What came with the request does not keep the connection alive."""
    await register.post("/__sandbox/misbehave", json={"kind": Misbehaviour.DOWN})
    with pytest.raises(httpx.RemoteProtocolError):
        await register.request("GET", ASK, content=b"x" * 100_000)


async def test_calls_that_are_under_way_together_are_counted(register: httpx.AsyncClient) -> None:
    """The most of them since the reset, also of those that are refused."""
    await register.post("/__sandbox/misbehave", json={"kind": Misbehaviour.SLOW, "seconds": 0.1})
    await asyncio.gather(*(register.get(ASK) for _ in range(3)))
    await register.get(ASK)
    assert (await register.get("/__sandbox/counters")).json()["at_once"] == 3
    await register.post("/__sandbox/reset")
    assert (await register.get("/api/v1/lei-records")).status_code == 400
    counted = (await register.get("/__sandbox/counters")).json()
    assert (counted["calls"], counted["at_once"]) == (0, 1)


@pytest.mark.parametrize(
    ("name", "paths"),
    [
        ("crm", ["/customers", "/permissions"]),
        ("register", ["/api/v1/lei-records"]),
        ("orders", ["/graphql"]),
        ("support", ["/customers/{key}/tickets", "/tickets/{key}/messages", "/customers/{key}/interactions"]),
    ],
)
def test_each_source_has_its_paths(name: str, paths: list[str]) -> None:
    """Support answers under three, and the CRM under two."""
    assert [one.path for one in build_source(name, "sesame")] == paths


def test_another_name_is_refused_with_the_names_there_are() -> None:
    """Billing is a database, and no source of this kind."""
    with pytest.raises(ValueError, match="got the source 'billing'; wanted crm, register, orders or support"):
        build_source("billing", "")

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
from adapters.sandbox.server import Ask, Behaviour

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


async def test_reset_ends_the_connection_as_a_killed_process_does(register: httpx.AsyncClient) -> None:
    """The client's system says so: RST, not an orderly end."""
    await register.post("/__sandbox/misbehave", json={"kind": Misbehaviour.RESET})
    with pytest.raises(httpx.ReadError):
        await register.get(ASK)


@pytest.mark.parametrize("how", [Misbehaviour.HANG, Misbehaviour.DRIP, Misbehaviour.HUGE])
async def test_what_never_ends_ends_with_who_asked(register: httpx.AsyncClient, how: Misbehaviour) -> None:
    """Nothing, a byte now and then, or 64 MiB of blanks and no end; the next call, after a reset, is answered."""
    await register.post("/__sandbox/misbehave", json={"kind": how})
    with pytest.raises(httpx.ReadTimeout):
        await register.get(ASK, timeout=httpx.Timeout(0.2 if how is Misbehaviour.HANG else 0.03, connect=5))
    await register.post("/__sandbox/reset")
    assert (await register.get(ASK)).status_code == 200


async def test_flapping_fails_at_every_second_call(register: httpx.AsyncClient) -> None:
    """The first of them fails."""
    await register.post("/__sandbox/misbehave", json={"kind": Misbehaviour.FLAPPING})
    assert [(await register.get(ASK)).status_code for _ in range(4)] == [500, 200, 500, 200]


@pytest.mark.parametrize(
    ("how", "status", "said"),
    [
        (Misbehaviour.THROTTLED, 429, {"retry-after": "1"}),
        (Misbehaviour.BUSY, 503, {"retry-after": "1"}),
        (Misbehaviour.REDIRECT, 302, {"location": "http://elsewhere.invalid/"}),
        (Misbehaviour.ERROR, 500, {}),
        (Misbehaviour.WRONG_TYPE, 200, {"content-type": "text/html; charset=utf-8"}),
    ],
)
async def test_what_an_answer_says_of_itself(
    register: httpx.AsyncClient, how: Misbehaviour, status: int, said: dict[str, str]
) -> None:
    """Statuses and headers as other people's servers send them."""
    await register.post("/__sandbox/misbehave", json={"kind": how})
    answer = await register.get(ASK)
    assert (answer.status_code, {name: answer.headers[name] for name in said}) == (status, said)


async def test_bodies_that_are_too_much(register: httpx.AsyncClient) -> None:
    """Half of the JSON, too many lists within lists, too many headers, 64 MiB of blanks in a few bytes."""
    whole = (await register.get(ASK)).content
    await register.post("/__sandbox/misbehave", json={"kind": Misbehaviour.TRUNCATED})
    assert (await register.get(ASK)).content == whole[: len(whole) // 2]
    await register.post("/__sandbox/misbehave", json={"kind": Misbehaviour.DEEP})
    assert (await register.get(ASK)).content == b"[" * 100_000 + b"]" * 100_000
    await register.post("/__sandbox/misbehave", json={"kind": Misbehaviour.BOMB})
    async with register.stream("GET", ASK) as bomb:
        assert int(bomb.headers["content-length"]) < 100_000
        assert sum([len(piece) async for piece in bomb.aiter_bytes()]) == 64 * 2**20


@pytest.mark.parametrize(
    ("how", "wanted"),
    [
        (Misbehaviour.NONE, [0, 1]),
        (Misbehaviour.SHUFFLED, [1, 0]),
        (Misbehaviour.MISSING, [1]),
        (Misbehaviour.DUPLICATE, [0, 1, 0]),
        (Misbehaviour.FOREIGN, [0, 1, 2]),
    ],
)
def test_which_records_answer(how: Misbehaviour, wanted: list[int]) -> None:
    """Of three that there are two are asked."""
    behaviour, records = Behaviour(), {str(number): {"id": number} for number in range(3)}
    behaviour.misbehave(how, 0)
    assert [record["id"] for record in behaviour.choose(Ask(("0", "1"), ()), records)] == wanted


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

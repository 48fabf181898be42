"""The gateway over real sockets: what a client without manners sends, byte for byte."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
import uvicorn

from tests.gateway.greenhouse import GARDENER, Greenhouse, greenhouse

BODY = b'{"query":"{ plant(by: {id: \\"p1\\"}) { label } }"}'
ANSWER = b'{"data":{"plant":{"label":"Fern"}}}'


@dataclass
class Served:
    """A gateway that listens."""

    house: Greenhouse
    port: int

    async def raw(self, *parts: bytes, pause: float = 0.0) -> bytes:
        """Send bytes as they are, and return all that comes back till the gateway closes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(pause)
            async with asyncio.timeout(5):
                return await reader.read()
        except ConnectionResetError:
            return b""
        finally:
            writer.close()


def head(*more: str, view: str = "watering", token: str = GARDENER, method: str = "POST") -> bytes:
    """A request's head."""
    lines = [
        f"{method} /views/{view}/graphql HTTP/1.1",
        "Host: greenhouse",
        f"Authorization: Bearer {token}",
        "Content-Type: application/json",
        *more,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


@pytest_asyncio.fixture
async def served(planted: Path, nothing_else_installed: None) -> AsyncIterator[Served]:
    """A gateway behind uvicorn, opened by its lifespan."""
    house = greenhouse(planted)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(house.gateway, ws="none", http="httptools", log_config=None, access_log=False)
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve([listening]))
        while not server.started:  # noqa: ASYNC110  the server tells nobody; it is asked
            await asyncio.sleep(0.001)
        yield Served(house, listening.getsockname()[1])
        server.should_exit = True
        await running
    assert house.nursery.closed == house.soil.closed == 1


async def test_a_query_is_answered_over_a_socket(served: Served) -> None:
    """The whole way, with a real client."""
    async with httpx.AsyncClient(trust_env=False) as client:
        url = f"http://127.0.0.1:{served.port}/views/watering%401/graphql"
        headers = {"authorization": f"Bearer {GARDENER}", "content-type": "application/json"}
        response = await client.post(url, content=BODY, headers=headers)
        ready = await client.get(f"http://127.0.0.1:{served.port}/health/ready")
    assert (response.status_code, response.content) == (200, ANSWER)
    assert ready.text == "ready\n"


async def test_a_body_without_a_length_is_read(served: Served) -> None:
    """Chunked transfer coding, in as many chunks as the client likes."""
    chunks = [b"%x\r\n%s\r\n" % (1, BODY[at : at + 1]) for at in range(len(BODY))]
    came = await served.raw(head("Transfer-Encoding: chunked", "Connection: close"), *chunks, b"0\r\n\r\n")
    assert came.startswith(b"HTTP/1.1 200 OK\r\n")
    assert came.endswith(ANSWER)


async def test_an_endless_body_is_cut_off(served: Served) -> None:
    """A chunked body over the limit: 413, and the connection is closed instead of read on."""
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    came = await served.raw(head("Transfer-Encoding: chunked"), *[chunk] * 5, pause=0.005)
    assert came.startswith(b"HTTP/1.1 413 ") or came == b""
    assert served.house.table.reads == 0


async def test_a_declared_length_over_the_limit_is_refused_before_the_body_comes(served: Served) -> None:
    """413 at once."""
    came = await served.raw(head("Content-Length: 1000000"))
    assert came.startswith(b"HTTP/1.1 413 ")
    assert b"\r\nconnection: close\r\n" in came
    assert served.house.table.reads == 0


async def test_a_client_that_leaves_in_the_middle_of_a_body_is_forgotten(served: Served) -> None:
    """Nothing is executed, nothing is left running, and others are served."""
    _, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(head(f"Content-Length: {len(BODY)}") + BODY[:10])
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    came = await served.raw(head(f"Content-Length: {len(BODY)}", "Connection: close") + BODY)
    assert came.endswith(ANSWER)
    assert served.house.table.reads == 1


async def test_a_client_that_leaves_before_its_answer_costs_no_more_than_the_deadline(served: Served) -> None:
    """The calls under way end by the view's deadline (0.3 s), and no task is lost."""
    served.house.soil.hangs = True
    body = b'{"query":"{ plant(by: {id: \\"p1\\"}) { bed { moisture } } }"}'
    _, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(head(f"Content-Length: {len(body)}", view="hurry") + body)
    await writer.drain()
    async with asyncio.timeout(5):
        while not served.house.soil.running:  # noqa: ASYNC110  a source in memory tells nobody
            await asyncio.sleep(0.001)
        writer.close()
        while served.house.soil.running:  # noqa: ASYNC110
            await asyncio.sleep(0.001)


async def test_a_body_that_never_comes_is_given_up(served: Served) -> None:
    """408 at the view's deadline, and the connection is closed."""
    came = await served.raw(head("Content-Length: 10", view="hurry"))
    assert came.startswith(b"HTTP/1.1 408 ")
    assert b"REQUEST_TIMEOUT" in came


async def test_a_head_request_gets_no_body(served: Served) -> None:
    """The headers say which methods there are."""
    came = await served.raw(head("Connection: close", method="HEAD"))
    start, _, rest = came.partition(b"\r\n\r\n")
    assert start.startswith(b"HTTP/1.1 405 ")
    assert b"\r\nallow: GET, POST, OPTIONS" in start
    assert rest == b""


@pytest.mark.parametrize("path", ["/views/%FF%FE/graphql", "/views/%00/graphql", "/views/a%2Fb/graphql", "//", "/%"])
async def test_a_path_of_strange_bytes_is_not_found(served: Served, path: str) -> None:
    """Whatever bytes a path holds, there is nothing there."""
    request = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {GARDENER}\r\nConnection: close\r\n\r\n"
    assert (await served.raw(request.encode())).startswith(b"HTTP/1.1 404 ")

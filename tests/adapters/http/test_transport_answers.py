"""The transport on real sockets: where an answer begins and ends."""

from __future__ import annotations

import asyncio

import pytest

from tests.adapters.http.ways import Got, Way
from tests.adapters.raw_server import Request, json_answer, serving

Writer = asyncio.StreamWriter


async def test_words_in_between_are_passed_over(client: Way) -> None:
    """Early hints and the like come before the answer, as many as a server sends."""
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
    async with serving(hints + json_answer(b"[1]")) as server, client() as http:
        assert await http.get(server.url) == Got(200, b"[1]")
        await http.get(server.url)
        assert server.connections == 1


async def test_another_protocol_is_not_changed_to(client: Way) -> None:
    """An answer that says so is the answer, and its connection is dropped."""
    switch = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\nbytes"
    async with serving(switch) as server, client() as http:
        assert await http.get(server.url) == Got(101, b"")
        await server.until(lambda: server.open == 0)


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
async def test_an_answer_without_a_body_keeps_its_connection(client: Way, status: str) -> None:
    """Whatever its headers say of a length."""
    answer = f"HTTP/1.1 {status}\r\nX-A: 1\r\n\r\n".encode()
    async with serving(answer) as server, client() as http:
        assert await http.get(server.url) == Got(int(status[:3]), b"")
        assert await http.get(server.url) == Got(int(status[:3]), b"")
        assert server.connections == 1


async def test_a_body_without_a_length_ends_with_its_connection(client: Way) -> None:
    """As HTTP/1.0 has it."""

    async def until_the_end(request: Request, writer: Writer) -> bool:
        writer.write(b"HTTP/1.0 200 OK\r\n\r\n[1,")
        await writer.drain()
        await asyncio.sleep(0.01)
        writer.write(b"2]")
        return False

    async with serving(until_the_end) as server, client() as http:
        assert await http.get(server.url) == Got(200, b"[1,2]")


async def test_a_long_body_may_be_answered_before_it_is_read(client: Way) -> None:
    """A server that refuses it reads no more of it; the refusal is the answer."""
    refusal = json_answer(b"no", status="413 Content Too Large")
    reading = asyncio.Event()

    async def refuse(reader: asyncio.StreamReader, writer: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(refusal)
        await reading.wait()
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, client() as http:
        assert await http.post(f"http://127.0.0.1:{port}/", b"x" * 8_000_000) == Got(413, b"no")
        reading.set()

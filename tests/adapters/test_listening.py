"""What stands at a port in place of a source."""

from __future__ import annotations

import asyncio
import socket

from adapters.listening import Listener


async def test_an_answer_in_two_pieces_waits_for_no_acknowledgement() -> None:
    """By Nagle's algorithm (RFC 896) the second would wait 40 ms for that of the first."""
    options: list[int] = []

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken = writer.get_extra_info("socket")
        options.append(taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    async with Listener(serve) as listener:
        reader, writer = await asyncio.open_connection(listener.host, listener.port)
        await reader.read()
        writer.close()
        await writer.wait_closed()
    assert options == [1]

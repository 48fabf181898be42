"""Slow clients, in a process of their own: they drip heads and bodies, say nothing, or never read what they asked for.

    python -m tests.overload.slow_clients PORT COUNT BEGIN,END...

They are there from each of these times, on the clock of time.monotonic, to the next. What is not read are the answers
for thirty customers: 14 kB, of which the client's buffer takes some 6. Those who ask so are slow, and ask once in half
a minute, not all together: what takes the processor is a load, whoever reads it. It prints how often the gateway hung
up on them.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import suppress

import uvloop

from tests.overload.product import TOKENS, path_of
from tests.overload.values import body_of

__all__ = ["run"]

_HEAD = (
    f"POST {path_of('whole')} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {TOKENS['desk']}\r\n"
    "Content-Type: application/json\r\n"
)
_KINDS = ("head", "body", "silent", "unread", "idle")
_PAUSE, _PATIENCE = 0.5, 30
_SPREAD = 2.0
"""Seconds in which they come: they are slow, and no burst."""
_ASKS_WITHIN = 8.0
"""Seconds in which those ask who read nothing; they are hung up on when they say nothing for ten."""
_ASKED_FOR = {"unread": 30}
"""The customers whom a request is for; the others' cost no more than usual ones."""


async def _drip(writer: asyncio.StreamWriter, data: bytes) -> None:
    for place in range(len(data)):
        writer.write(data[place : place + 1])
        await writer.drain()
        await asyncio.sleep(_PAUSE)


async def _connected(port: int, kind: str) -> None:
    """Be slow until the gateway hangs up."""
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    plain.setblocking(False)
    await asyncio.get_running_loop().sock_connect(plain, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=plain, limit=1024)
    body = body_of(0, _ASKED_FOR.get(kind, 10))
    whole = f"{_HEAD}Content-Length: {len(body)}\r\n\r\n".encode()
    try:
        if kind == "head":
            await _drip(writer, whole)
        elif kind == "body":
            writer.write(whole)
            await _drip(writer, body)
        elif kind == "unread":
            await asyncio.sleep(random.random() * _ASKS_WITHIN)
            writer.write(whole + body)
            await asyncio.sleep(3600)
        elif kind == "idle":
            writer.write(f"GET /health/live HTTP/1.1\r\nHost: {port}\r\n\r\n".encode())
        while await reader.read(1024):
            pass
    finally:
        writer.transport.abort()


async def _again_and_again(port: int, kind: str, ended: list[str], begins: float) -> None:
    await asyncio.sleep(begins)
    while True:
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                await _connected(port, kind)
        ended.append(kind)
        await asyncio.sleep(_PATIENCE if kind == "unread" else 0.1)


async def run(port: int, count: int, windows: Sequence[tuple[float, float]]) -> int:
    """Keep so many slow connections open at these times; return how many of them the gateway ended."""
    ended: list[str] = []
    for begin, end in windows:
        await asyncio.sleep(begin - time.monotonic())
        kinds = itertools.islice(itertools.cycle(_KINDS), count)
        tasks = [
            asyncio.create_task(_again_and_again(port, kind, ended, place / count * _SPREAD))
            for place, kind in enumerate(kinds)
        ]
        await asyncio.sleep(end - time.monotonic())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return len(ended)


def main(port: str, count: str, *windows: str) -> None:
    """Be slow at these times, and tell how often that came to an end."""
    between = [(float(begin), float(end)) for begin, _, end in (one.partition(",") for one in windows)]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:  # they share a processor with the load
        sys.stdout.write(f"{runner.run(run(int(port), int(count), between))}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Serves an ASGI application over HTTP until this process is told to stop.

uvicorn would take over the signals, and raise them again when it has stopped: what has to be closed after it would
never be. So signals are handled here, and explicitly: a process that a shell starts in the background has SIGINT
ignored, and Python then installs no handler of its own.
"""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

import uvicorn
import uvloop
from starlette.types import ASGIApp

from gateway.bounded_http import Bounds, bounded_http
from gateway.command_error import CommandError

__all__ = ["bind", "run_until_told", "serving"]

_GRACE = 5
"""Seconds that requests under way have to end in."""

_KEEP_ALIVE = 5
"""Seconds that a connection is kept after an answer, for the next request to begin."""

_BACKLOG = 2048

T = TypeVar("T")


def bind(host: str, port: int) -> socket.socket:
    """Return a socket that listens; port 0 takes a free one. Raises CommandError when it cannot be had."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=_BACKLOG)
    except OSError as error:
        # Python adds the address, which the message names already
        reason = (error.strerror or type(error).__name__).partition(" (while attempting")[0]
        message = f"Cannot listen on {host}:{port} ({reason}). Give another address with --host or --port."
        raise CommandError(message) from error


@asynccontextmanager
async def serving(app: ASGIApp, listening: socket.socket, bounds: Bounds | None = None) -> AsyncIterator[None]:
    """Serve the application on the socket for as long as the context lasts. Its lifespan is the caller's affair."""
    server = _Server(_config(app, bounds or Bounds()))
    running = asyncio.create_task(server.serve([listening]))
    try:
        yield
    finally:
        server.should_exit = True
        await running


def run_until_told(work: Coroutine[Any, Any, T]) -> T | None:
    """Run the work to its end and return its result; SIGINT and SIGTERM cancel it, once, and then None is returned."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_until_told(work))


async def _until_told(work: Coroutine[Any, Any, T]) -> T | None:
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, told.set)
    running, waiting = asyncio.create_task(work), asyncio.create_task(told.wait())
    await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if not waiting.cancel():
        running.cancel()
    try:
        return await running
    except asyncio.CancelledError:
        return None


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _config(app: ASGIApp, bounds: Bounds) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="none",
        http=bounded_http(bounds),
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=_GRACE,
    )

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
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, TypeVar

import uvicorn
import uvloop
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.bounded_http import Connections, Shed, bounded_http
from gateway.bounds import Bounds
from gateway.command_error import CommandError
from gateway.refusals import NotTakenError, RequestCode
from gateway.replies import raw_headers, refusal
from gateway.request_id import new_request_id

__all__ = ["KEEP_ALIVE", "Serving", "bind", "reserve", "run_until_told", "serving"]

_GRACE = 5
"""Seconds that requests under way have to end in."""

_TO_END = 1
"""Seconds that requests have to end when they are cut."""

KEEP_ALIVE = 5
"""Seconds that a connection is kept after an answer, for the next request to begin."""

_BACKLOG = 2048
_MEND = "Give another address with --host or --port."

T = TypeVar("T")


def bind(host: str, port: int, mend: str = _MEND) -> socket.socket:
    """Return a socket that listens; port 0 takes a free one. Raises CommandError when it cannot be had."""
    listening = reserve(host, port, mend)
    listening.listen(_BACKLOG)
    return listening


def reserve(host: str, port: int, mend: str = _MEND) -> socket.socket:
    """Return a socket that has the address, and does not listen yet: whoever connects is refused.

    Raises:
        CommandError: The address is not to be had; `mend` says where another one is given.
    """
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return _bound(family, address[:2])
    except OSError as error:
        # Python adds the address, which the message names already
        reason = (error.strerror or type(error).__name__).partition(" (while attempting")[0]
        raise CommandError(f"Cannot listen on {host}:{port} ({reason}). {mend}") from error


class Serving:
    """A server that serves."""

    def __init__(self, server: uvicorn.Server, connections: Connections) -> None:
        self._server, self._connections = server, connections

    def leave(self) -> None:
        """Have every connection closed behind its next answer, and told so; new ones are taken as ever."""
        self._connections.leave()

    def cut(self) -> None:
        """Close every connection and end every request, wherever it is. Nothing more is waited for."""
        self._server.should_exit = self._server.force_exit = True
        self._connections.cut()


def _bound(family: socket.AddressFamily, address: Any) -> socket.socket:
    # where the protocol is not named, asyncio sets no TCP_NODELAY, as uvloop does: a body waits 40 ms for its head
    reserved = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family is socket.AF_INET6:
            reserved.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        reserved.bind(address)
    except OSError:
        reserved.close()
        raise
    return reserved


@asynccontextmanager
async def serving(
    app: ASGIApp,
    listening: socket.socket,
    bounds: Bounds | None = None,
    *,
    keep_alive: int = KEEP_ALIVE,
    shed: Shed | None = None,
) -> AsyncIterator[Serving]:
    """Serve the application on the socket for as long as the context lasts. Its lifespan is the caller's affair.

    `keep_alive` is the seconds that a connection is kept after an answer, `shed` says which requests are refused. When
    the context ends, no connection is taken any more, idle ones are closed, and requests under way have five seconds.
    """
    connections, bounds = Connections(), bounds or Bounds()
    _hold_little(listening, bounds.unsent_bytes)
    protocol = bounded_http(bounds, shed)
    server = _Server(_config(_ended_in_order(app, connections), protocol, keep_alive))
    server.server_state = connections
    running = asyncio.create_task(server.serve([listening]))
    try:
        yield Serving(server, connections)
    finally:
        connections.leave()
        server.should_exit = True
        await running
        if cut := {*connections.tasks}:  # what they work with is closed next
            await asyncio.wait(cut, timeout=_TO_END)


def _hold_little(listening: socket.socket, unsent_bytes: int) -> None:
    """Bound what is held unsent of each connection: they have it from the socket that listens."""
    if hasattr(socket, "TCP_NOTSENT_LOWAT") and listening.family in (socket.AF_INET, socket.AF_INET6):
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, unsent_bytes)


def _ended_in_order(app: ASGIApp, connections: Connections) -> ASGIApp:
    """Return the application, whose requests are told why they end when they are cut, or not finished in the time that
    they have at the end: uvicorn would answer 500, and log each with its traceback."""

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await app(scope, receive, send)
        except asyncio.CancelledError:
            if not connections.is_leaving:
                raise
            await _end(send)

    return answered


async def _end(send: Send) -> None:
    """Refuse the request, or end its answer where that has begun."""
    message = "The gateway stops, and had no more time for this. Ask again."
    reply = refusal(NotTakenError(503, RequestCode.UNAVAILABLE, message, {"Retry-After": "1"}))
    headers = raw_headers(reply, new_request_id())
    rest = reply.body
    try:
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    except RuntimeError:  # how uvicorn says that it has begun
        rest = b""
    with suppress(RuntimeError):  # its length is told, and it is shorter
        await send({"type": "http.response.body", "body": rest})


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


def _config(app: ASGIApp, protocol: type[asyncio.Protocol], keep_alive: int) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="none",
        http=protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=keep_alive,
        timeout_graceful_shutdown=_GRACE,
    )

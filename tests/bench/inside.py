"""The whole gateway in this process: ASGI in, bytes out, and sources that answer at the end of a connection.

No socket is used and nobody waits, so what a request takes depends on the code alone. Connections are made by the event
loop, and that is where they end here: whatever client the adapters use, all of it runs, its parser too.
"""

from __future__ import annotations

import asyncio
import selectors
import socket
import tempfile
from collections.abc import Callable, Coroutine, Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, cast
from urllib.parse import parse_qs

import uvloop

from adapters.crossref import Lookup, Restriction
from adapters.limits import Breaking, Limits, Repeating
from gateway.gateway import Gateway
from gateway.hang_ups import HANG_UP, HangUp
from gateway.service import Service
from schema.deadline import Clock
from tests.bench import workload
from tests.bench.product.declared import PATH, TOKEN
from tests.bench.product.reference import REFERENCE
from tests.bench.sources import answer

__all__ = ["KNOWN", "SOURCES", "FastLoop", "Inside", "RawHeaders", "Script", "VirtualLoop", "opened"]

RawHeaders = Sequence[tuple[bytes, bytes]]
Prepare = Callable[[Path, Clock], Gateway]

SOURCES = "http://127.0.0.1:1"
"""Where the scripted sources are."""
KNOWN = (*range(1_400), workload.RESTRICTED, workload.INVALID, workload.TWICE)
"""Who is known: those of the first request for 200, of the first four for fifty, and of the first 200 for one; and the
three who are not as the others."""

_ONCE = Limits(breaking=Breaking(failures=1_000, of=1_000), repeating=Repeating(most=0))
"""Each call is made once, whatever comes of it: so a request of a source that is down always takes the same."""

_RESTRICTIONS = {
    Lookup("crm", workload.crm_key(workload.RESTRICTED)): [Restriction("objection", frozenset({"Customer.segment"}))]
}

T = TypeVar("T")

_USUAL_TOKEN = (b"authorization", b"Bearer " + TOKEN.encode())

_HEAD_END = b"\r\n\r\n"


class Script:
    """What the sources answer, made once for each request; `down` is one that answers 503, `calls` counts them.

    `delay` tells after how many seconds each answer comes; None: in the loop's next turn.
    """

    delay: Callable[[], float] | None = None

    def __init__(self) -> None:
        self.down, self.calls = "", 0
        self._made: dict[tuple[bytes, str], bytes] = {}
        self._kept: dict[str, bytes] = {}

    def __call__(self, head: bytes) -> bytes:
        """Return the answer to a request, as it comes over a connection."""
        self.calls += 1
        line = head[: head.index(b"\r\n")]
        made = self._made.get((line, self.down))
        if made is None:
            made = self._made[line, self.down] = self._answer(line.split(b" ")[1].decode())
        return made

    def _answer(self, target: str) -> bytes:
        path, _, query = target.partition("?")
        is_down = path.split("/")[1] == self.down
        asked = {name: values[0] for name, values in parse_qs(query).items()}
        body = b"{}" if is_down else answer(path, asked, self._kept)[0]
        status = b"503 Service Unavailable" if is_down else b"200 OK"
        return b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
            status,
            len(body),
            body,
        )


class _Connection(asyncio.Transport):
    """A connection to the sources. What is written is answered in the loop's next turn."""

    def __init__(self, loop: asyncio.AbstractEventLoop, protocol: Any, script: Script) -> None:
        super().__init__()
        self._loop, self._protocol, self._script = loop, protocol, script
        self._got, self._is_closing = b"", False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._got += bytes(data)
        while _HEAD_END in self._got:
            head, _, self._got = self._got.partition(_HEAD_END)
            answered = self._script(head)
            if self._script.delay is None:
                self._loop.call_soon(self._protocol.data_received, answered)
            else:
                self._loop.call_later(self._script.delay(), self._protocol.data_received, answered)

    def is_closing(self) -> bool:
        return self._is_closing

    def close(self) -> None:
        if not self._is_closing:
            self._is_closing = True
            self._loop.call_soon(self._protocol.connection_lost, None)

    abort = close

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


class _Scripted:
    """Makes the connections of an event loop end at a script."""

    script: Script

    async def sock_connect(self, _sock: socket.socket, _address: Any) -> None: ...

    async def create_connection(
        self, factory: Callable[[], Any], *_: Any, sock: socket.socket | None = None, **_how: Any
    ) -> tuple[asyncio.Transport, Any]:
        if sock is not None:
            sock.close()
        protocol = factory()
        connection = _Connection(cast("asyncio.AbstractEventLoop", self), protocol, self.script)
        protocol.connection_made(connection)
        return connection, protocol


_TIME_LIMIT = 1.0
"""Timers of so many seconds or more are limits of something that is waited for, so it is given the time to come."""


class _Skipping(selectors.SelectSelector):
    """Waits for nothing: the time that would have passed is added to the loop's. But where nothing is left to run, or
    only a time limit of a second or more, it waits so many seconds of `patience` for what a thread does."""

    def __init__(self, patience: float) -> None:
        super().__init__()
        self.skipped, self._patience = 0.0, patience

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if (timeout is None or timeout >= _TIME_LIMIT) and (ready := super().select(self._patience)):
            return ready
        if timeout is None:
            raise RuntimeError("nothing is left to run, and something is waited for: the sources owe no answer")
        self.skipped += timeout
        return super().select(0)


class VirtualLoop(_Scripted, asyncio.SelectorEventLoop):  # type: ignore[misc]  # takes fewer kinds of connections
    """An event loop whose time passes only while it waits, at once: timers ring in the same turn on every run."""

    def __init__(self, patience: float = 0.0) -> None:
        self._skipping = _Skipping(patience)
        super().__init__(self._skipping)
        self.script = Script()

    def time(self) -> float:
        """Return the seconds that were waited, on from a number that is not zero."""
        return 1_000.0 + self._skipping.skipped


class FastLoop(_Scripted, uvloop.Loop):  # type: ignore[misc]  # its stub and that of asyncio do not agree
    """uvloop, which the gateway runs on, with connections that end at a script."""

    def __init__(self) -> None:
        super().__init__()
        self.script = Script()


class Inside:
    """A gateway that is open, on a loop that nobody else runs."""

    def __init__(self, gateway: Gateway, service: Service, loop: VirtualLoop | FastLoop) -> None:
        self._gateway, self.service, self._loop, self.script = gateway, service, loop, loop.script

    def ask(self, body: bytes, path: str = PATH, headers: RawHeaders = ()) -> bytes:
        """Return the body of the answer to one request. Raises RuntimeError when its status is not 200."""
        exchange = _Exchange(body, path, headers)
        self._loop.run_until_complete(self._gateway(exchange.scope, exchange.receive, exchange.send))
        if exchange.status != 200:
            raise RuntimeError(f"got the status {exchange.status}; wanted 200: {exchange.answered[:300]!r}")
        return exchange.answered

    async def ask_after(self, seconds: float, body: bytes, path: str, headers: RawHeaders) -> bytes:
        """Return the body of the answer to a request that comes so many seconds from now, whatever its status."""
        await asyncio.sleep(seconds)
        return (await self.exchange(body, path, headers))[1]

    async def exchange(self, body: bytes, path: str, headers: RawHeaders) -> tuple[int, bytes]:
        """Return the status and the body of the answer to a request."""
        exchange = _Exchange(body, path, headers)
        await self._gateway(exchange.scope, exchange.receive, exchange.send)
        return exchange.status, exchange.answered

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run the work on the gateway's loop."""
        return self._loop.run_until_complete(work)


class _Exchange:
    """One request in ASGI, as the gateway's own server hands it on, and what was answered."""

    def __init__(self, body: bytes, path: str, headers: RawHeaders) -> None:
        self._body, self.status, self.answered = body, 0, b""
        self.scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "extensions": {HANG_UP: HangUp()},
            "server": ("127.0.0.1", 8000),
            "client": ("127.0.0.1", 50_000),
            "headers": [
                (b"host", b"127.0.0.1:8000"),
                *(() if any(name == b"authorization" for name, _ in headers) else [_USUAL_TOKEN]),
                (b"accept", b"application/json"),
                (b"content-type", b"application/json"),
                (b"content-length", b"%d" % len(body)),
                *headers,
            ],
            "state": {},
        }

    async def receive(self) -> dict[str, Any]:
        return {"type": "http.request", "body": self._body, "more_body": False}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            self.answered += message["body"]


@contextmanager
def opened(loop: VirtualLoop | FastLoop, prepare: Prepare | None = None) -> Iterator[Inside]:
    """Open a gateway over scripted sources on the loop, for as long as the context lasts. Time is the loop's.

    `prepare` makes it, in an empty folder and with a clock; without it is that of the benchmark.
    """
    clock: Clock = loop.time
    try:
        with tempfile.TemporaryDirectory(prefix="customer-view-bench-") as folder:
            gateway = (prepare or _prepared)(Path(folder), clock)
            running = gateway.running()
            service = loop.run_until_complete(running.__aenter__())
            try:
                yield Inside(gateway, service, loop)
            finally:
                loop.run_until_complete(running.__aexit__(None, None, None))
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def _prepared(folder: Path, clock: Clock) -> Gateway:
    REFERENCE.write_view(folder)
    REFERENCE.load(folder, KNOWN, _RESTRICTIONS)
    return REFERENCE.gateway(SOURCES, folder, clock=clock, limits=_ONCE)

"""Load: connections that ask again as soon as they are answered, or requests that arrive at random.

aiohttp's client would cost more than most of what is measured. These connections write bytes that were made before, and
have httptools find the end of an answer: about 20 us a request.
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any, cast

import httptools
import uvloop

__all__ = ["Answered", "WrongAnswerError", "closed_loop", "open_loop", "request_bytes"]

_ENDS_WITHIN = 60.0
_FIRST_CONNECTIONS = 32


class WrongAnswerError(Exception):
    """A gateway answered what it should not: its figures would say nothing."""


@dataclass(slots=True)
class Answered:
    """What came of a turn: the seconds that each answered request took, how long it all was, and the load's own CPU."""

    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0
    cpu: float = 0.0


def request_bytes(path: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    """Return a request as it goes over the wire: POST where it has a body, else GET."""
    told = {"Host": "127.0.0.1", **headers}
    if body:
        told |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    lines = [f"{'POST' if body else 'GET'} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in told.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


def closed_loop(
    port: int, requests: Sequence[bytes], *, connections: int, seconds: float, with_errors: bool = False
) -> Answered:
    """Ask over so many connections for so many seconds, each as soon as it has its answer; what was begun is ended.

    Raises:
        WrongAnswerError: An answer is not 200, has errors where none were meant or none where some were, or is missing.
    """

    async def load() -> Answered:
        return await _Closed(port, requests, with_errors=with_errors).run(connections, seconds)

    return _run(load())


def open_loop(port: int, requests: Sequence[bytes], *, per_second: float, seconds: float, seed: int = 1) -> Answered:
    """Ask at the moments of a Poisson process, whether or not earlier ones are answered. Raises as `closed_loop`."""

    async def load() -> Answered:
        return await _Open(port, requests, with_errors=False).run(per_second, seconds, seed)

    return _run(load())


def _run(work: Coroutine[Any, Any, Answered]) -> Answered:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


class _Load(ABC):
    """The connections of one turn, and what they were answered. Made on the loop that it runs on."""

    def __init__(self, port: int, requests: Sequence[bytes], *, with_errors: bool) -> None:
        self._port, self._requests, self.with_errors = port, cycle(requests), with_errors
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._all = set[_Connection]()
        self._under_way, self.answered = 0, Answered()

    async def connect(self) -> _Connection:
        """Open one more connection."""
        _, connection = await self._loop.create_connection(lambda: _Connection(self), "127.0.0.1", self._port)
        self._all.add(connection)
        return connection

    def ask(self, connection: _Connection) -> None:
        """Send the next request over this connection."""
        self._under_way += 1
        connection.ask(next(self._requests))

    def take(self, connection: _Connection, seconds: float) -> None:
        """Take an answer that came after so many seconds."""
        self._under_way -= 1
        self.answered.latencies.append(seconds)
        self.free(connection)
        if not self._under_way and self.is_over() and not self._ended.done():
            self._ended.set_result(None)

    def fail(self, why: str) -> None:
        """End the turn: what was answered is not to be counted."""
        if not self._ended.done():
            self._ended.set_exception(WrongAnswerError(why))

    @abstractmethod
    def free(self, connection: _Connection) -> None:
        """Use a connection that has nothing to do, or keep it."""

    def forget(self, connection: _Connection) -> None:
        """Use a connection no more that is closed: some servers do that when nothing is asked for seconds."""
        self._all.discard(connection)

    @abstractmethod
    def is_over(self) -> bool:
        """Return whether nothing more will be asked."""

    @asynccontextmanager
    async def timed(self) -> AsyncIterator[None]:
        """Count time and CPU from here until what is begun inside has ended."""
        began, cpu = time.perf_counter(), time.process_time()
        try:
            yield
            async with asyncio.timeout(_ENDS_WITHIN):
                await self._ended
        finally:
            for connection in [*self._all]:
                connection.close()
        self.answered.seconds, self.answered.cpu = time.perf_counter() - began, time.process_time() - cpu


class _Closed(_Load):
    """Each connection asks again as soon as it is answered."""

    _until = 0.0

    async def run(self, connections: int, seconds: float) -> Answered:
        asking = [await self.connect() for _ in range(connections)]
        async with self.timed():
            self._until = time.perf_counter() + seconds
            for connection in asking:
                self.ask(connection)
        return self.answered

    def free(self, connection: _Connection) -> None:
        if not self.is_over():
            self.ask(connection)

    def is_over(self) -> bool:
        return time.perf_counter() >= self._until


class _Open(_Load):
    """Requests arrive by a clock of their own. A thread keeps it: the timers of event loops have whole milliseconds,
    and requests that come in bunches are easier to answer together than they are."""

    def __init__(self, port: int, requests: Sequence[bytes], *, with_errors: bool) -> None:
        super().__init__(port, requests, with_errors=with_errors)
        self._idle: list[_Connection] = []
        self._opening: set[asyncio.Task[None]] = set()
        self._has_all_sent = False

    async def run(self, per_second: float, seconds: float, seed: int) -> Answered:
        self._idle = [await self.connect() for _ in range(_FIRST_CONNECTIONS)]
        pacing = threading.Thread(target=self._pace, args=(list(_gaps(per_second, seconds, seed)) or [0.0],))
        try:
            async with self.timed():
                pacing.start()
        finally:
            pacing.join()
        return self.answered

    def free(self, connection: _Connection) -> None:
        self._idle.append(connection)

    def forget(self, connection: _Connection) -> None:
        super().forget(connection)
        if connection in self._idle:
            self._idle.remove(connection)

    def is_over(self) -> bool:
        return self._has_all_sent

    def _pace(self, gaps: Sequence[float]) -> None:
        due = time.perf_counter()
        for number, gap in enumerate(gaps, 1):
            due += gap
            time.sleep(max(0.0, due - time.perf_counter()))
            if self._ended.done():  # by a failure
                return
            self._loop.call_soon_threadsafe(self._arrive, number == len(gaps))

    def _arrive(self, is_last: bool) -> None:
        self._has_all_sent = is_last
        if self._idle:
            self.ask(self._idle.pop())
            return
        self._under_way += 1
        self._opening.add(opening := self._loop.create_task(self._ask_over_new()))
        opening.add_done_callback(self._opening.discard)

    async def _ask_over_new(self) -> None:
        try:
            connection = await self.connect()
        except OSError as error:
            self.fail(f"got no connection: {error.strerror}; wanted one more")
            return
        self._under_way -= 1
        self.ask(connection)


def _gaps(per_second: float, seconds: float, seed: int) -> Iterator[float]:
    """Yield the seconds between arrivals until their time is over: exponential, so that the arrivals are Poisson's."""
    chance, passed = random.Random(seed), 0.0
    while (passed := passed + (gap := chance.expovariate(per_second))) < seconds:
        yield gap


class _Connection(asyncio.Protocol):
    """One connection, which asks one request at a time."""

    def __init__(self, load: _Load) -> None:
        self._load, self._parser = load, httptools.HttpResponseParser(self)
        self._began, self._pieces = 0.0, list[bytes]()
        self._is_asking, self._is_closed = False, False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own is none by its class

    def ask(self, request: bytes) -> None:
        self._began, self._is_asking = time.perf_counter(), True
        self._transport.write(request)

    def close(self) -> None:
        self._is_closed = True
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._pieces.append(body)

    def on_message_complete(self) -> None:
        seconds, body, status = (
            time.perf_counter() - self._began,
            b"".join(self._pieces),
            self._parser.get_status_code(),
        )
        self._pieces.clear()
        self._is_asking = False
        if status != 200 or (b'"errors"' in body) != self._load.with_errors:
            self._load.fail(f"got {status} and {body[:300]!r}; wanted 200 {_wanted(self._load.with_errors)} errors")
        self._load.take(self, seconds)

    def connection_lost(self, _error: Exception | None) -> None:
        if self._is_asking and not self._is_closed:
            self._load.fail("got a connection that was closed; wanted an answer over it")
        self._load.forget(self)


def _wanted(with_errors: bool) -> str:
    return "with" if with_errors else "without"

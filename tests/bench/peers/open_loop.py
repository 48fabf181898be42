"""One turn of load in an open loop: requests come at random moments, whether or not earlier ones have been answered.

That is how customers come. A closed loop of few connections asks in step with the gateway, which flatters whoever
merges what is asked together. Latency is counted from the moment at which a request was due, so that a gateway that
falls behind cannot hide it (Gil Tene, "How not to measure latency").

    python -m tests.bench.peers.open_loop < arrivals.json

takes the members of Arrivals as JSON and prints those of Told.
"""

from __future__ import annotations

import asyncio
import gc
import json
import random
import selectors
import sys
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["Arrivals", "arrivals", "quantile", "run"]

_WAIT = 20.0
"""Seconds that the last answers have to come in."""

_AHEAD = 0.00005
"""Seconds before its moment at which a request is sent rather than waited for."""


@dataclass(frozen=True, slots=True)
class Arrivals:
    """What to send: the bodies in turn, each once, at this rate a second on average, over at most so many sockets."""

    port: int
    path: str
    headers: Mapping[str, str]
    bodies: Sequence[str]
    rate: float
    connections: int = 200
    seed: int = 1


@dataclass(slots=True)
class Told:
    """What came of it: `late` were not answered at the end, `p50` and `p99` are milliseconds."""

    answered: int = 0
    refused: int = 0
    late: int = 0
    p50: float = 0.0
    p99: float = 0.0


@dataclass(slots=True)
class _Waiting:
    """Requests that are due, the sockets that are free for them, and what has come of `wanted` requests."""

    wanted: int
    free: list[_Socket] = field(default_factory=list)
    due: deque[tuple[float, bytes]] = field(default_factory=deque)
    latencies: list[float] = field(default_factory=list)
    refused: int = 0
    all_answered: asyncio.Event = field(default_factory=asyncio.Event)

    def send(self, due: float, request: bytes) -> None:
        if self.free:
            self.free.pop().send(due, request)
        else:
            self.due.append((due, request))

    def take(self, latency: float, *, is_refused: bool) -> None:
        self.latencies.append(latency)
        self.refused += is_refused
        if len(self.latencies) == self.wanted:
            self.all_answered.set()


class _Socket(asyncio.Protocol):
    """A connection with one request under way at most."""

    def __init__(self, waiting: _Waiting) -> None:
        self._waiting, self._due = waiting, 0.0
        self._got, self._wanted = b"", -1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._waiting.free.append(self)

    def send(self, due: float, request: bytes) -> None:
        """Send a request that was due then."""
        self._due = due
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._got += data
        if self._wanted < 0:
            self._wanted = _length(self._got)
        if 0 <= self._wanted <= len(self._got):
            self._answered()

    def _answered(self) -> None:
        latency = time.perf_counter() - self._due
        self._waiting.take(latency, is_refused=not self._got.startswith(b"HTTP/1.1 200"))
        self._got, self._wanted = b"", -1
        if self._waiting.due:
            self.send(*self._waiting.due.popleft())
        else:
            self._waiting.free.append(self)


def _length(got: bytes) -> int:
    """Return how long the whole answer is, -1 when its head is not there yet. A chunked one is told by its end."""
    head, blank, rest = got.partition(b"\r\n\r\n")
    if not blank:
        return -1
    names = head.lower()
    if b"transfer-encoding: chunked" in names:
        return len(got) if rest.endswith(b"0\r\n\r\n") else -1
    _, _, value = names.partition(b"content-length:")
    return len(head) + 4 + int(value.split(b"\r", 1)[0])


def arrivals(count: int, rate: float, seed: int) -> list[float]:
    """Return the moments of a Poisson process, in seconds from its start: independent, so many a second on average."""
    chance, at = random.Random(seed), 0.0
    moments = []
    for _ in range(count):
        at += chance.expovariate(rate)
        moments.append(at)
    return moments


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which this share of them lies; 0 when there is none."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else 0.0


async def run(wanted: Arrivals) -> Told:
    """Send everything at its moment and return what came of it."""
    loop, waiting = asyncio.get_running_loop(), _Waiting(len(wanted.bodies))
    for _ in range(wanted.connections):
        await loop.create_connection(lambda: _Socket(waiting), "127.0.0.1", wanted.port)
    opened = [*waiting.free]
    requests = [_request(wanted, body) for body in wanted.bodies]
    await _send_all(waiting, requests, arrivals(len(requests), wanted.rate, wanted.seed))
    with suppress(TimeoutError):
        await asyncio.wait_for(waiting.all_answered.wait(), _WAIT)
    for one in opened:
        one._transport.abort()
    times = [latency * 1000 for latency in waiting.latencies]
    late = len(requests) - len(times)
    return Told(len(times), waiting.refused, late, quantile(times, 0.5), quantile(times, 0.99))


async def _send_all(waiting: _Waiting, requests: Sequence[bytes], moments: Sequence[float]) -> None:
    began = time.perf_counter()
    for request, moment in zip(requests, moments, strict=True):
        left = began + moment - time.perf_counter()
        if left > _AHEAD:
            await asyncio.sleep(left)
        waiting.send(began + moment, request)


def _request(wanted: Arrivals, body: str) -> bytes:
    headers = {"Host": "127.0.0.1", "Content-Type": "application/json", "Accept": "application/json", **wanted.headers}
    headers["Content-Length"] = str(len(body.encode()))
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST {wanted.path} HTTP/1.1\r\n{head}\r\n{body}".encode()


def _exact_loop() -> asyncio.AbstractEventLoop:
    """Return a loop whose timers are exact: those of epoll and uvloop are late by up to a millisecond, which would send
    what should come apart all at once."""
    return asyncio.SelectorEventLoop(selectors.SelectSelector())


def main(given: Mapping[str, Any]) -> None:
    """Run what is given and write what came of it."""
    wanted = Arrivals(**given)
    gc.disable()  # a collection would be counted as the gateway's latency
    with asyncio.Runner(loop_factory=_exact_loop) as runner:
        told = runner.run(run(wanted))
    sys.stdout.write(json.dumps(asdict(told)) + "\n")


if __name__ == "__main__":
    main(json.load(sys.stdin))

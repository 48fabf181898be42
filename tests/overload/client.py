"""The load: an open loop in a process of its own, which looks at what each answer says.

Requests come whether or not earlier ones have been answered, and their time counts from when they were due (Gil Tene,
"How not to measure latency").

    python -m tests.overload.client < load.json

takes the members of Load as JSON and prints those of Told.
"""

from __future__ import annotations

import asyncio
import gc
import json
import random
import re
import sys
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any

import uvloop

from tests.overload.product import CUSTOMERS, DEADLINE_MS, TOKENS, path_of
from tests.overload.values import body_of, expected, fault_of

__all__ = ["Load", "Second", "Told", "run"]

_LENGTH = re.compile(rb"content-length: ([0-9]+)")
_RETRY = re.compile(rb"retry-after: [1-9][0-9]*\r")
_TICK = 0.001
_WAIT = 5.0


@dataclass(frozen=True, slots=True)
class Load:
    """What to send to a port: so many a second for so many seconds, phase by phase, over so many connections.

    `shares` are of consumers and views: `[["desk", "whole", 0.8], ...]`. Each is for so many
    customers. With `faults` a source may be down: nulls with an error are right then.
    """

    port: int
    phases: Sequence[tuple[float, float]]
    shares: Sequence[tuple[str, str, float]] = (("desk", "whole", 1.0),)
    connections: int = 900
    customers: int = 10
    faults: bool = False
    seed: int = 1


@dataclass(slots=True)
class Second:
    """What came of the requests of a second: `good` are right and inside their deadline, `shed` are 503 with
    Retry-After, and of `cut` the connection was closed without a byte of an answer, as kept ones are when nothing has
    come on them for long. It is not asked again, as HTTP's clients do not with POST. `p99` is of the good ones, in
    milliseconds."""

    at: int
    consumer: str
    sent: int = 0
    good: int = 0
    late: int = 0
    wrong: int = 0
    shed: int = 0
    failed: int = 0
    cut: int = 0
    p50: float = 0.0
    p99: float = 0.0
    says: str = ""
    times: list[float] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        """Return it for JSON."""
        ordered = sorted(self.times)
        if ordered:
            self.p50 = ordered[len(ordered) // 2] * 1000
            self.p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))] * 1000
        return {name: value for name, value in asdict(self).items() if name != "times"}


@dataclass(frozen=True, slots=True)
class Told:
    """What came of a load: when it began, on the clock of time.monotonic, and by how many seconds it was itself late to
    send at the 99th percentile."""

    began: float
    seconds: list[dict[str, Any]]
    behind: float


@dataclass(slots=True)
class _Request:
    due: float
    consumer: str
    view: str
    number: int


class _Client:
    def __init__(self, load: Load) -> None:
        self.load, self.free, self.due = load, list[_Socket](), deque[_Request]()
        self.seconds: dict[tuple[int, str], Second] = {}
        self.began, self.open, self.ended = 0.0, 0, asyncio.Event()
        self.behind: list[float] = []
        self.weights = [share for *_, share in load.shares]

    async def run(self) -> Told:
        chance = random.Random(self.load.seed)
        for _ in range(self.load.connections):
            await self.connect()
        self.began = at = time.monotonic() + 0.1
        for rate, seconds in self.load.phases:
            end = at + seconds
            while (at := at + chance.expovariate(rate)) < end:
                if (left := at - time.monotonic()) > 0:
                    await asyncio.sleep(max(_TICK, left))
                self.behind.append(time.monotonic() - at)
                self._arrive(at, chance)
            at = end
        ending = asyncio.get_running_loop().time() + _WAIT
        with suppress(TimeoutError):
            async with asyncio.timeout_at(ending):
                await self.all_sent()
        for one in self.free:
            one.close()
        behind = sorted(self.behind)[int(len(self.behind) * 0.99)] if self.behind else 0.0
        return Told(self.began, [self.seconds[key].told() for key in sorted(self.seconds)], behind)

    async def all_sent(self) -> None:
        """Return when every request has come to its end."""
        self.ended.clear()
        if self.open:
            await self.ended.wait()

    def _arrive(self, at: float, chance: random.Random) -> None:
        ((consumer, view, _),) = chance.choices(self.load.shares, self.weights)
        request = _Request(at, consumer, view, chance.randrange(CUSTOMERS - self.load.customers))
        self.second(request).sent += 1
        self.open += 1
        if self.free:
            self.free.pop().send(request)
        else:
            self.due.append(request)

    def second(self, request: _Request) -> Second:
        key = (int(request.due - self.began), request.consumer)
        found = self.seconds.get(key)
        if found is None:
            found = self.seconds[key] = Second(*key)
        return found

    async def connect(self) -> None:
        _, made = await asyncio.get_running_loop().create_connection(lambda: _Socket(self), "127.0.0.1", self.load.port)
        self.idle(made)

    def idle(self, socket: _Socket) -> None:
        if self.due:
            socket.send(self.due.popleft())
        else:
            self.free.append(socket)

    def lost(self, socket: _Socket) -> None:
        if socket in self.free:
            self.free.remove(socket)
        self._again = asyncio.ensure_future(self.connect())

    def _end(self) -> None:
        self.open -= 1
        if not self.open:
            self.ended.set()

    def take(self, request: _Request, head: bytes, body: bytes) -> None:
        self._end()
        second, took = self.second(request), time.monotonic() - request.due
        if head.startswith(b"HTTP/1.1 503"):
            if _RETRY.search(head) and b'"OVERLOADED"' in body:
                second.shed += 1
            else:
                second.failed += 1
                second.says = body[:200].decode(errors="replace")
        elif not head.startswith(b"HTTP/1.1 200"):
            second.failed += 1
            second.says = (head[:30] + body[:200]).decode(errors="replace")
        elif fault := self._fault(request, body):
            second.wrong += 1
            second.says = fault
        elif took > DEADLINE_MS / 1000:
            second.late += 1
        else:
            second.good += 1
            second.times.append(took)

    def _fault(self, request: _Request, body: bytes) -> str | None:
        count = self.load.customers
        if request.view == "whole" and body == expected(request.view, request.number, count):
            return None
        if request.view == "whole" and not self.load.faults:
            return f"other bytes than wanted, to the end: {body[-300:]!r}"
        return fault_of(request.view, request.number, count, body)

    def cut(self, request: _Request, *, has_begun: bool) -> None:
        self._end()
        second = self.second(request)
        if has_begun:
            second.failed += 1
            second.says = "the connection was closed within an answer"
        else:
            second.cut += 1


class _Socket(asyncio.Protocol):
    """A connection with one request under way at most."""

    def __init__(self, client: _Client) -> None:
        self._client = client
        self._request: _Request | None = None
        self._got, self._head, self._wanted, self._is_closed = b"", b"", -1, False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def send(self, request: _Request) -> None:
        self._request = request
        self._transport.write(_printed(request.consumer, request.view, request.number, self._client.load.customers))

    def close(self) -> None:
        self._is_closed = True
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._got = self._got + data if self._got else data
        if self._wanted < 0:
            head, blank, rest = self._got.partition(b"\r\n\r\n")
            if not blank:
                return
            length = _LENGTH.search(head)
            self._head, self._wanted, self._got = head + b"\r\n", int(length[1]) if length else 0, rest
        if len(self._got) >= self._wanted and self._request is not None:
            request, body = self._request, self._got
            self._request, self._got, self._wanted = None, b"", -1
            self._client.take(request, self._head, body)
            if not self._transport.is_closing():
                self._client.idle(self)

    def connection_lost(self, _: Exception | None) -> None:
        if self._request is not None:
            self._client.cut(self._request, has_begun=bool(self._got) or self._wanted >= 0)
        if not self._is_closed:
            self._client.lost(self)


@cache
def _printed(consumer: str, view: str, number: int, count: int) -> bytes:
    body = body_of(number, count)
    head = (
        f"POST {path_of(view)} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {TOKENS[consumer]}\r\n"
        f"X-Request-Id: load-{number}\r\nX-Forwarded-For: 10.0.{number // 250}.{number % 250}\r\n"  # as of a proxy
        f"Content-Type: application/json\r\nAccept: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def run(load: Load) -> Told:
    """Send the load and return what came of it, second by second."""
    is_long = sum(rate * seconds for rate, seconds in load.phases) > CUSTOMERS
    for number in range(CUSTOMERS - load.customers if is_long else 0):  # so that it takes no time while it is measured
        for consumer, view, _ in load.shares:
            _printed(consumer, view, number, load.customers)
            expected(view, number, load.customers)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_Client(load).run())


def main(given: Mapping[str, Any]) -> None:
    """Run what is given and write what came of it."""
    gc.disable()  # a collection would be counted as the gateway's latency
    sys.stdout.write(json.dumps(asdict(run(Load(**given)))) + "\n")


if __name__ == "__main__":
    main(json.load(sys.stdin))

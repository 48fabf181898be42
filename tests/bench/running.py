"""The gateways that are measured, the sources under them, and a turn of load on one of them."""

from __future__ import annotations

import json
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench import workload
from tests.bench.figures import Turn
from tests.bench.load import Answered, WrongAnswerError, closed_loop, open_loop, request_bytes
from tests.bench.product.declared import PATH, TOKEN
from tests.bench.product.reference import REFERENCE
from tests.bench.servers import Server, keep_apart, serve_app, serve_product, settle
from tests.bench.workload import Query

__all__ = ["Bench", "Gateway", "bench", "gateways_of"]

_DIFFERENT = 6_000
"""Customers whom the requests of one turn ask of, before they begin again."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway that is measured: where it answers, and how much of a receipt it is asked for."""

    name: str
    server: Server
    path: str
    receipt: str | None = None

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the headers of each request."""
        return {"Authorization": f"Bearer {TOKEN}", "Accept": "application/json"}

    def requests(self, query: Query) -> list[bytes]:
        """Return different requests of a query, as they go over the wire."""
        numbers = range(max(20, _DIFFERENT // max(1, query.count)))
        return [request_bytes(self.path, self.headers, query.body(number, self.receipt)) for number in numbers]

    def answer(self, query: Query, number: int) -> Any:
        """Return the answer to one request, as JSON. Raises WrongAnswerError when its status is not 200."""
        headers = {**self.headers, "Content-Type": "application/json"}
        asked = urllib.request.Request(self.server.url + self.path, query.body(number, self.receipt), dict(headers))
        try:
            with urllib.request.urlopen(asked, timeout=30) as answered:
                return json.load(answered)
        except urllib.error.HTTPError as error:
            raise WrongAnswerError(f"{self.name}: got {error.code} and {error.read()[:300]!r}; wanted 200") from None


@dataclass(frozen=True, slots=True)
class Bench:
    """Gateways by name, and the sources under them. A turn takes so many seconds, and so many turns make a figure.

    `links` are how many there are in each of the cross-references that are compared; `advance` is told what is being
    measured.
    """

    gateways: Mapping[str, Gateway]
    sources: Server
    folder: Path
    seconds: float
    turns: int
    links: Sequence[int]
    is_apart: bool
    advance: Callable[[str], None]

    def turn(self, gateway: Gateway, query: Query, connections: int, *, with_errors: bool = False) -> Turn:
        """Return what a turn in a closed loop costs."""
        self.advance(f"{query.title}, {connections} connections, {gateway.name}")
        requests = gateway.requests(query)
        return self._measured(
            gateway,
            lambda: closed_loop(
                gateway.server.port,
                requests,
                connections=connections,
                seconds=self.seconds,
                with_errors=with_errors,
            ),
        )

    def arrivals(self, gateway: Gateway, query: Query, per_second: float) -> Turn:
        """Return what a turn costs in which requests arrive at random."""
        self.advance(f"{query.title}, {per_second:.0f} arrivals a second, {gateway.name}")
        requests = gateway.requests(query)
        seconds = max(1.0, self.seconds)
        return self._measured(
            gateway, lambda: open_loop(gateway.server.port, requests, per_second=per_second, seconds=seconds)
        )

    def rounds(self, gateways: Sequence[Gateway], query: Query, connections: int) -> dict[str, list[Turn]]:
        """Return the turns of each gateway by its name: A B C A B C, after one turn each that warms it up."""
        turns: dict[str, list[Turn]] = {one.name: [] for one in gateways}
        for number in range(self.turns + 1):
            for one in gateways:
                turn = self.turn(one, query, connections)
                if number:
                    turns[one.name].append(turn)
        return turns

    @contextmanager
    def holding(self, *, latency_ms: float = 0, down: str = "") -> Iterator[None]:
        """Have the sources answer so much later, or one of them not at all, for as long as the context lasts."""
        self._tell(f"/hold?latency_ms={latency_ms}&down={down}")
        try:
            yield
        finally:
            self._tell("/hold")

    def _measured(self, gateway: Gateway, load: Callable[[], Answered]) -> Turn:
        settle(gateway.server)
        self._tell("/told")
        before = gateway.server.cpu()
        answered = load()
        settle(gateway.server)
        spent = gateway.server.cpu() - before
        told = self._tell("/told")
        return Turn.of(answered.latencies, cpu=spent, seconds=answered.seconds, told=told, load_cpu=answered.cpu)

    def _tell(self, path: str) -> Any:
        with urllib.request.urlopen(self.sources.url + path, timeout=10) as answered:
            return json.load(answered)


@dataclass(frozen=True, slots=True)
class _Kind:
    """A gateway to be served: the product, or an application by hand, and over what."""

    name: str
    env: Mapping[str, str]
    is_ours: bool
    receipt: str | None = None


OURS, BARE, BY_HAND, TUNED = "this gateway", "this gateway, no receipt", "by hand", "by hand, tuned"
ONE_KEY, ONE_FLIGHT = ", one key a call", ", one in flight"

_NO_BATCHING = {"BENCH_BATCHING": "0"}
_KINDS = (
    _Kind(OURS, {}, is_ours=True, receipt="fields"),
    _Kind(BY_HAND, {}, is_ours=False),
    _Kind(TUNED, {"BENCH_TUNED": "1"}, is_ours=False),
    _Kind(OURS + ONE_KEY, _NO_BATCHING, is_ours=True, receipt="fields"),
    _Kind(BY_HAND + ONE_KEY, _NO_BATCHING, is_ours=False),
    _Kind(TUNED + ONE_KEY, {"BENCH_TUNED": "1", **_NO_BATCHING}, is_ours=False),
    _Kind(OURS + ONE_FLIGHT, {"BENCH_IN_FLIGHT": "1"}, is_ours=True, receipt="fields"),
)


def gateways_of(bench: Bench, *names: str) -> list[Gateway]:
    """Return the gateways of these names, in this order."""
    return [bench.gateways[name] for name in names]


@contextmanager
def bench(
    *,
    seconds: float,
    turns: int,
    links: Sequence[int],
    advance: Callable[[str], None],
    without: Sequence[str] = (),
) -> Iterator[Bench]:
    """Serve the sources and every gateway, each in a process of its own, but for those whose names end as `without`."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="customer-view-bench-")))
        advance(f"loading a cross-reference of {workload.CUSTOMERS:,} customers")
        REFERENCE.write_view(folder)
        REFERENCE.load(folder, range(workload.CUSTOMERS))
        advance("starting sources and gateways")
        sources = stack.enter_context(serve_app("tests.bench.sources:app", {}))
        env = {"BENCH_SOURCES": sources.url, "BENCH_FOLDER": str(folder)}
        served = {
            kind.name: _serve(stack, kind, env, folder) for kind in _KINDS if not kind.name.endswith(tuple(without))
        }
        ours = served[OURS]
        served[BARE] = Gateway(BARE, ours.server, ours.path)
        is_apart = keep_apart([one.server for one in served.values()], [sources])
        yield Bench(served, sources, folder, seconds, turns, links, is_apart, advance)


def _serve(stack: ExitStack, kind: _Kind, env: Mapping[str, str], folder: Path) -> Gateway:
    told = {**env, **kind.env}
    if kind.is_ours:
        log = folder / f"{kind.name}.log"
        server = stack.enter_context(serve_product("tests.bench.product.app:reference", told, log))
        return Gateway(kind.name, server, PATH, kind.receipt)
    server = stack.enter_context(serve_app("tests.bench.by_hand.reference:app", told))
    return Gateway(kind.name, server, "/graphql")

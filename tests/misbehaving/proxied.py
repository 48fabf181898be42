"""A source that is well, behind an Envoy that can be told to go wrong."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from adapters.sandbox.postgres import PostgresServer
from adapters.testing import HttpAnswer, HttpAsked, HttpWire
from tests.envoy import Envoy, bare_listener, cluster, free_port, running_envoy
from tests.misbehaving.bases import BASES
from tests.misbehaving.proxy_wrongs import EMPTY, IN_ORDER, NARROW, SILENT, SOURCE, UNREACHABLE, ProxyWrong

__all__ = ["Proxied", "proxied"]

_FRONT = "front"
_BUFFER = 128 * 2**20
_PADDING = b" " * 8_192
"""Follows every answer, which is then eight seconds on its way at a KiB a second."""


class Proxied:
    """An Envoy between a gateway and a source that is well."""

    def __init__(self, envoy: Envoy, *, speaks_http: bool) -> None:
        self._envoy, self._in_order = envoy, IN_ORDER[speaks_http]
        self._turn, self._counter, self._before = 0, "", 0

    async def go_wrong(self, wrong: ProxyWrong | None) -> None:
        """Do this from now on; None is good order again. Connections that stand are ended."""
        self._turn += 1
        name, port = f"turn-{self._turn}", self._envoy.ports[_FRONT]
        filters = self._in_order if wrong is None else wrong.filters
        await self._envoy.change(*([] if filters is None else [_listener(port, filters(name))]))
        requests, connections = f"http.{name}.downstream_rq_total", f"listener.127.0.0.1_{port}.downstream_cx_total"
        self._counter = requests if wrong is None or wrong.speaks_http else connections
        self._before = await self._count()

    async def counted(self) -> int:
        """Return how often Envoy has been asked since it was told last, by its own counters."""
        return await self._count() - self._before

    async def _count(self) -> int:
        return (await self._envoy.stats(self._counter)).get(self._counter, 0)


@asynccontextmanager
async def proxied(folder: Path, base: str, place: PostgresServer | None = None) -> AsyncIterator[tuple[Proxied, str]]:
    """Run the source of a base and Envoy before it, and yield that with the URL at which an adapter asks.

    Envoy's files are in the folder. `place` is the database, where the base asks one.
    """
    if place is not None:
        async with _running(folder, {"pipe": {"path": str(place.socket)}}) as envoy:
            proxy = Proxied(envoy, speaks_http=False)
            await proxy.go_wrong(None)
            yield proxy, f"postgresql://sick:sick@{envoy.url(_FRONT).partition('//')[2]}/postgres"
    else:
        async with HttpWire(_padded(BASES[base].answer)) as wire, _running(folder, _port(wire.port)) as envoy:
            yield Proxied(envoy, speaks_http=True), envoy.url(_FRONT)


def _padded(answer: Callable[[HttpAsked], Awaitable[HttpAnswer]]) -> Callable[[HttpAsked], Awaitable[HttpAnswer]]:
    async def padded(asked: HttpAsked) -> HttpAnswer:
        answered = await answer(asked)
        return replace(answered, body=answered.body + _PADDING)

    return padded


@asynccontextmanager
async def _running(folder: Path, source: Mapping[str, Any]) -> AsyncIterator[Envoy]:
    """Run Envoy with all clusters that kinds name; the silent one is a socket whose connections nobody takes."""
    with socket.create_server(("127.0.0.1", 0), backlog=1_000) as silent:
        narrow = {"circuit_breakers": {"thresholds": [{"max_connections": 0, "max_pending_requests": 0}]}}
        clusters = [
            _cluster(SOURCE, source),
            _cluster(NARROW, source, **narrow),
            _cluster(SILENT, _port(silent.getsockname()[1])),
            _cluster(UNREACHABLE, _port(free_port())),
            cluster(EMPTY, []),
        ]
        async with _envoy(folder, clusters) as envoy:
            yield envoy


def _envoy(folder: Path, clusters: list[dict[str, Any]]) -> AbstractAsyncContextManager[Envoy]:
    return running_envoy(folder, clusters, [_listener(free_port(), IN_ORDER[True]("first"))])


def _listener(port: int, filters: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    # what a filter makes of an answer has to fit into the buffer
    return bare_listener(_FRONT, port, filters, per_connection_buffer_limit_bytes=_BUFFER)


def _cluster(name: str, address: Mapping[str, Any], **members: Any) -> dict[str, Any]:
    hosts = [{"lb_endpoints": [{"endpoint": {"address": address}}]}]
    return cluster(name, [], load_assignment={"cluster_name": name, "endpoints": hosts}, **members)


def _port(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}

"""`/metrics`, as Prometheus reads it, on a port of its own: never on the one where customers' data is answered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from starlette.types import Receive, Scope, Send

from gateway.bounds import Bounds
from gateway.command_error import CommandError
from gateway.serving import bind, serving
from gateway.settings import Settings
from gateway.telemetry.metrics import Metrics
from gateway.telemetry.metrics.prometheus import print_readings
from gateway.telemetry.resource import resource
from gateway.telemetry.standard import wants_metrics
from schema.deadline import Clock

__all__ = ["Scraped", "is_measured", "measuring", "scraping"]

_PATH = "/metrics"
_MOST_CONNECTIONS = 16
_MOST_ACCEPT = 1_000
_LAST_PORT = 65_535
_MEND = "Set CUSTOMER_VIEW_METRICS_HOST and CUSTOMER_VIEW_METRICS_PORT to another; each worker takes one port more."

_log = logging.getLogger(__name__)


def is_measured(settings: Settings) -> bool:
    """Return whether somebody reads metrics: Prometheus, on a port that is set, or a collector, by OTEL_* variables."""
    return settings.metrics_port is not None or wants_metrics()


@asynccontextmanager
async def measuring(metrics: Metrics, settings: Settings, number: int, clock: Clock) -> AsyncIterator[None]:
    """Have the metrics read by whoever is to, for as long as the context lasts.

    `number` says which of several processes this is, from 0: each has a port of its own, one after the other.

    Raises:
        CommandError: The address is not to be had, or there are not so many ports.
        ConfigurationError: OTEL_METRIC_EXPORT_INTERVAL is wrong.
    """
    async with AsyncExitStack() as stack:
        stack.enter_context(metrics.running())
        if settings.metrics_port is not None:
            port = await stack.enter_async_context(
                scraping(metrics, settings.metrics_host, _port(settings.metrics_port, number))
            )
            _log.info("metrics are read at %s:%d%s", settings.metrics_host, port, _PATH)
        if wants_metrics():
            from gateway.telemetry.metrics.otlp import pushing  # a library for collectors, which few have

            await stack.enter_async_context(pushing(metrics, clock))
        yield


def _port(first: int, number: int) -> int:
    if first == 0:
        return 0
    if first + number > _LAST_PORT:
        mend = f"Set CUSTOMER_VIEW_METRICS_PORT to {_LAST_PORT - number} at most."
        raise CommandError(f"There is no port {first + number} for the metrics of process {number}. {mend}")
    return first + number


@asynccontextmanager
async def scraping(metrics: Metrics, host: str, port: int) -> AsyncIterator[int]:
    """Answer `/metrics` at this address for as long as the context lasts, and give the port: 0 takes a free one.

    Raises:
        CommandError: The address is not to be had.
    """
    with bind(host, port, _MEND) as listening:
        async with serving(Scraped(metrics), listening, Bounds(connections=_MOST_CONNECTIONS)):
            yield int(listening.getsockname()[1])


class Scraped:
    """An ASGI application that answers `GET /metrics`, and nothing else. Who may ask is whoever reaches its port."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._about: Mapping[str, str] = {name: str(value) for name, value in resource().attributes.items()}
        self._one_at_a_time = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["path"] != _PATH:
            await _answer(send, 404, b"Metrics are at /metrics.\n")
        elif scope["method"] != "GET":
            await _answer(send, 405, b"Metrics are asked by GET.\n", allow=b"GET")
        else:
            async with self._one_at_a_time:
                readings = self._metrics.read()
                # printing takes some milliseconds: in a thread, so that requests are answered in between
                body, media_type = await asyncio.to_thread(print_readings, readings, self._about, _accept(scope))
            await _answer(send, 200, body, media_type.encode())


def _accept(scope: Scope) -> str:
    given = dict(scope["headers"]).get(b"accept", b"")
    return given.decode("latin-1") if len(given) <= _MOST_ACCEPT else ""


async def _answer(
    send: Send, status: int, body: bytes, media_type: bytes = b"text/plain; charset=utf-8", allow: bytes = b""
) -> None:
    headers = [(b"content-type", media_type), (b"content-length", b"%d" % len(body)), (b"cache-control", b"no-store")]
    if allow:
        headers.append((b"allow", allow))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})

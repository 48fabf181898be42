"""Metrics go to a collector, by OTLP over HTTP, where OpenTelemetry's own environment variables ask for it.

OTEL_EXPORTER_OTLP_ENDPOINT, _METRICS_ENDPOINT, _HEADERS and the others are read by the exporter; of the rest
OTEL_METRICS_EXPORTER, OTEL_METRIC_EXPORT_INTERVAL and OTEL_SDK_DISABLED.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricExporter,
    MetricExportResult,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from gateway.failure_log import Repeats
from gateway.telemetry.collector import BoundedSession, discreet
from gateway.telemetry.metrics.instruments import Instrument, Kind, Labels, Reading, Spread
from gateway.telemetry.metrics.metrics import Metrics
from gateway.telemetry.resource import resource
from gateway.telemetry.standard import every_seconds
from schema.deadline import Clock

__all__ = ["in_a_thread", "pushing", "to_otlp"]

_SCOPE = InstrumentationScope("customer_view")
_AT_THE_END = 3.0
"""Seconds that the last numbers have to be taken in."""
_CUMULATIVE = AggregationTemporality.CUMULATIVE
_MUTED = "opentelemetry.exporter.otlp.proto.http.metric_exporter"
"""It logs what the collector answered, or an address."""

_log = logging.getLogger(__name__)


Apart = Callable[[Callable[[], None]], Awaitable[None]]
"""Does work that may block, and returns when it is done."""


async def in_a_thread(work: Callable[[], None]) -> None:
    """Do work in a thread of its own. A daemon: the end of the process does not wait for a collector that hangs."""
    loop, done = asyncio.get_running_loop(), asyncio.Event()

    def working() -> None:
        try:
            work()
        finally:
            if not loop.is_closed():
                loop.call_soon_threadsafe(done.set)

    threading.Thread(target=working, name="exporting metrics", daemon=True).start()
    await done.wait()


@asynccontextmanager
async def pushing(
    metrics: Metrics, clock: Clock, exporter: MetricExporter | None = None, *, apart: Apart = in_a_thread
) -> AsyncIterator[None]:
    """Export the metrics time and again for as long as the context lasts, and once at its end.

    Raises:
        ConfigurationError: OTEL_METRIC_EXPORT_INTERVAL is wrong.
    """
    every = every_seconds()
    with discreet(_MUTED):
        pusher = _Pusher(metrics, exporter or OTLPMetricExporter(session=BoundedSession()), clock, apart)
        running = asyncio.create_task(pusher.run(every))
        try:
            yield
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
            await pusher.end()


class _Pusher:
    def __init__(self, metrics: Metrics, exporter: MetricExporter, clock: Clock, apart: Apart) -> None:
        self._metrics, self._exporter, self._repeats, self._apart = metrics, exporter, Repeats(clock), apart
        self._about = resource()

    async def run(self, every: float) -> None:
        """Export for ever."""
        while True:
            await asyncio.sleep(every)
            await self.push()

    async def push(self) -> None:
        """Export what is measured now, from a thread: the event loop only copies the numbers."""
        await self._apart(partial(self._export, self._metrics.read(), self._metrics.began, time.time_ns()))

    async def end(self) -> None:
        """Export once more, and close; what is not taken in three seconds is lost."""
        try:
            async with asyncio.timeout(_AT_THE_END):
                await self.push()
        except TimeoutError:
            _log.warning("telemetry: the collector has not taken the last metrics within %g s", _AT_THE_END)
        self._exporter.shutdown()

    def _export(self, readings: Sequence[Reading], began: int, now: int) -> None:
        try:
            result = self._exporter.export(to_otlp(readings, self._about, began, now))
        except Exception:  # noqa: BLE001  its text may be one of others
            result = MetricExportResult.FAILURE
        if result is not MetricExportResult.SUCCESS and (times := self._repeats.untold("metrics")) is not None:
            _log.warning("telemetry: the collector has not taken metrics %d times; the next hold them too", times)


def to_otlp(readings: Sequence[Reading], about: Resource, began: int, now: int) -> MetricsData:
    """Return the readings as OpenTelemetry has them: cumulative, since `began`, in nanoseconds since 1970."""
    made = [_metric(reading, began, now) for reading in readings if reading.points]
    return MetricsData([ResourceMetrics(about, [ScopeMetrics(_SCOPE, made, "")], "")])


def _metric(reading: Reading, began: int, now: int) -> Metric:
    instrument = reading.instrument
    kind = instrument.kind
    data: Histogram | Sum | Gauge
    if kind is Kind.HISTOGRAM:
        data = Histogram([_spread(instrument, *point, began, now) for point in reading.points], _CUMULATIVE)
    else:
        numbers = [_number(instrument, *point, began, now) for point in reading.points]
        data = Gauge(numbers) if kind is Kind.GAUGE else Sum(numbers, _CUMULATIVE, kind is Kind.COUNTER)
    return Metric(instrument.name, instrument.about, instrument.unit, data)


def _number(instrument: Instrument, labels: Labels, value: float | Spread, began: int, now: int) -> NumberDataPoint:
    assert not isinstance(value, Spread)
    return NumberDataPoint(_attributes(instrument, labels), began, now, value)


def _spread(instrument: Instrument, labels: Labels, value: float | Spread, began: int, now: int) -> HistogramDataPoint:
    assert isinstance(value, Spread)
    unknown: Any = None  # the least and the greatest value: the protocol has them as optional, their type here has not
    attributes, count = _attributes(instrument, labels), sum(value.counts)
    return HistogramDataPoint(
        *(attributes, began, now, count, value.total, value.counts, instrument.bounds, unknown, unknown)
    )


def _attributes(instrument: Instrument, labels: Labels) -> dict[str, str]:
    return {name: value for name, value in zip(instrument.labels, labels, strict=True) if value}

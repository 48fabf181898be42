"""Where spans go: to a collector, by OTLP over HTTP, from a thread of their own."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from gateway.failure_log import Repeats
from gateway.telemetry.resource import resource
from gateway.telemetry.sampling import Sampling
from gateway.telemetry.standard import is_disabled, sampler, wants_traces
from gateway.telemetry.tracing import Tracing
from schema.deadline import Clock

__all__ = ["open_tracing"]

_SCOPE = "customer_view"
_FLUSH = 3.0
"""Seconds that closing waits for spans to be taken. What a collector has not taken by then is lost."""

_MUTED = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
"""It logs every batch that is not taken, with what the collector answered, or an address."""

_log = logging.getLogger(__name__)


@asynccontextmanager
async def open_tracing(
    *, per_second: int, obeys: bool, clock: Clock, exporter: SpanExporter | None = None
) -> AsyncIterator[Tracing | None]:
    """Give what begins traces, for as long as the context lasts; None where OTEL_* variables ask for none.

    `exporter` is where spans go instead of to a collector. What was recorded is handed over at the end, or lost after
    three seconds.

    Raises:
        ConfigurationError: What OTEL_* variables say of the sampler is wrong.
    """
    if is_disabled() or (exporter is None and not wants_traces()):
        yield None
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # for collectors, which few have

    from gateway.telemetry.collector import BoundedSession, discreet

    sampling = Sampling(sampler(), per_second=per_second, clock=clock)
    with discreet(_MUTED):
        # decided by then (`Sampling`), so the SDK takes all; not the global provider, which is the application's own
        provider = TracerProvider(sampler=ALWAYS_ON, resource=resource(), shutdown_on_exit=False)
        exporter = exporter or OTLPSpanExporter(session=BoundedSession())
        provider.add_span_processor(BatchSpanProcessor(_Seldom(exporter, clock)))
        try:
            yield Tracing(provider.get_tracer(_SCOPE), sampling, obeys=obeys)
        finally:
            await _within(_FLUSH, provider.shutdown)


class _Seldom(SpanExporter):
    """Tells of batches that are not taken once in ten seconds, and not why: that would be a text of others."""

    def __init__(self, inner: SpanExporter, clock: Clock) -> None:
        self._inner, self._repeats = inner, Repeats(clock)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Hand over a batch."""
        try:
            result = self._inner.export(spans)
        except Exception:  # noqa: BLE001  the SDK would log its text
            result = SpanExportResult.FAILURE
        if result is not SpanExportResult.SUCCESS:
            lost = self._repeats.untold("spans", len(spans))
            if lost is not None:
                _log.warning("telemetry: the collector has not taken %d spans; they are lost", lost)
        return result

    def shutdown(self) -> None:
        """Close the connection."""
        self._inner.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Return whether all was handed over."""
        return self._inner.force_flush(timeout_millis)


async def _within(seconds: float, close: Callable[[], None]) -> None:
    """Close, and wait so long for it at most.

    A daemon thread: neither the event loop nor the end of the process waits for a collector that does not answer.
    """
    loop, closed = asyncio.get_running_loop(), asyncio.Event()

    def closing() -> None:
        try:
            close()
        finally:
            if not loop.is_closed():
                loop.call_soon_threadsafe(closed.set)

    threading.Thread(target=closing, name="closing traces", daemon=True).start()
    try:
        async with asyncio.timeout(seconds):
            await closed.wait()
    except TimeoutError:
        _log.warning("telemetry: the collector has not taken the last spans within %g s; they are lost", seconds)

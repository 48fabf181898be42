"""Metrics go to a collector as OpenTelemetry has them, and only where its variables ask for it."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.sdk.metrics.export import MetricExporter, MetricExportResult, MetricsData
from opentelemetry.sdk.resources import Resource

from gateway.serving import bind, serving
from gateway.telemetry.metrics import Metrics, catalog
from gateway.telemetry.metrics.instruments import Counts, Reading, Timings
from gateway.telemetry.metrics.otlp import in_a_thread, pushing, to_otlp
from gateway.telemetry.standard import every_seconds, wants_metrics
from schema.observer import NOBODY, Sent
from schema.problems import ConfigurationError
from tests.gateway.telemetry.metrics.clocks import Ticking
from tests.gateway.telemetry.test_exporting import Collector as ListeningCollector
from tests.virtual_time import run_virtually

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


class Collector(MetricExporter):
    """Keeps what it is sent; `works` says whether it takes it."""

    def __init__(self, *, works: bool = True) -> None:
        super().__init__()
        self.works, self.sent, self.is_closed = works, list[MetricsData](), False

    def export(self, metrics_data: MetricsData, timeout_millis: float = 10_000, **_: object) -> MetricExportResult:
        self.sent.append(metrics_data)
        if not self.works:
            raise OSError("https://user:secret@collector")
        return MetricExportResult.SUCCESS

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        return True

    def shutdown(self, timeout_millis: float = 30_000, **_: object) -> None:
        self.is_closed = True


async def here(work: Callable[[], None]) -> None:
    work()


def told(data: MetricsData) -> Mapping[str, Any]:
    return {one.name: one for one in data.resource_metrics[0].scope_metrics[0].metrics}


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ({}, False),
        ({ENDPOINT: "http://collector:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://collector:4318/v1/metrics"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4318/v1/traces"}, False),
        ({"OTEL_METRICS_EXPORTER": "otlp"}, True),
        ({ENDPOINT: "http://collector:4318", "OTEL_METRICS_EXPORTER": "none"}, False),
        ({ENDPOINT: "http://collector:4318", "OTEL_METRICS_EXPORTER": "prometheus"}, False),
        ({ENDPOINT: "http://collector:4318", "OTEL_SDK_DISABLED": "true"}, False),
    ],
)
def test_metrics_are_exported_where_the_variables_say_so(said: Mapping[str, str], wanted: bool) -> None:
    """An endpoint or an exporter is named, and nothing says no."""
    assert wants_metrics(said) is wanted


@pytest.mark.parametrize("text", ["0", "-1", "a minute", "1e3", "9" * 12, "²"])
def test_an_interval_that_is_none_stops_the_start_without_being_shown(text: str) -> None:
    """Whoever mixes up two variables may have put a secret there."""
    with pytest.raises(ConfigurationError) as wrong:
        every_seconds({"OTEL_METRIC_EXPORT_INTERVAL": text})
    (problem,) = wrong.value.problems
    assert problem.got == "a value that cannot be used"


def test_the_interval_is_in_milliseconds() -> None:
    """A minute unless it is said."""
    assert every_seconds({}) == 60
    assert every_seconds({"OTEL_METRIC_EXPORT_INTERVAL": "1500"}) == 1.5


def test_each_kind_is_what_opentelemetry_has_for_it() -> None:
    """Counters only grow, levels add up, gauges do neither; an empty label is left out; all can be encoded."""
    calls, active, width = Counts({("crm", "c", "OK"): 3}), Counts({("GET", "http"): 2}), Counts({("crm",): 7})
    times = Timings(catalog.WAIT)
    for seconds in (0.004, 0.005, 99.0):
        times.record(("crm",), seconds)
    refused = Reading(catalog.REQUESTS, [(("", "app", "VIEW_UNKNOWN"), 1)])
    readings = [
        calls.read(catalog.CALLS),
        active.read(catalog.HTTP_ACTIVE),
        width.read(catalog.WIDTH),
        times.read(),
        refused,
        Counts().read(catalog.RETRIES),
    ]
    data = to_otlp(readings, Resource({"service.name": "gateway"}), 5, 9)
    metrics = told(data)
    assert set(metrics) == {
        "customer_view.source.calls",
        "http.server.active_requests",
        "customer_view.source.width",
        "customer_view.source.wait",
        "customer_view.requests",
    }
    called = metrics["customer_view.source.calls"].data
    assert (called.is_monotonic, called.data_points[0].value, called.data_points[0].start_time_unix_nano) == (
        True,
        3,
        5,
    )
    assert metrics["http.server.active_requests"].data.is_monotonic is False
    assert not hasattr(metrics["customer_view.source.width"].data, "aggregation_temporality")
    waited = metrics["customer_view.source.wait"].data.data_points[0]
    assert (waited.count, waited.bucket_counts[0], waited.bucket_counts[-1]) == (3, 2, 1)
    assert metrics["customer_view.requests"].data.data_points[0].attributes == {
        "customer_view.consumer": "app",
        "customer_view.outcome": "VIEW_UNKNOWN",
    }
    encoded = encode_metrics(data).resource_metrics[0].scope_metrics[0].metrics
    spread = next(one for one in encoded if one.name == "customer_view.source.wait").histogram.data_points[0]
    assert not spread.HasField("min")


def test_they_go_time_and_again_and_once_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was counted since the last time is in the last one."""
    monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "10000")
    collector, metrics = Collector(), Metrics(NOBODY, Ticking(0.0))

    async def run() -> None:
        async with pushing(metrics, asyncio.get_running_loop().time, collector, apart=here):
            await asyncio.sleep(25)
            metrics.calls.note(Sent("crm", "customers", (), 1, 0.5))

    run_virtually(run())
    calls = ["customer_view.source.calls" in told(one) for one in collector.sent]
    assert calls == [False, False, True]
    assert collector.is_closed


def test_a_collector_that_is_down_is_told_of_seldom_and_without_its_address(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One line in ten seconds; what others have answered is in none."""
    monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "1000")
    collector = Collector(works=False)

    async def run() -> None:
        async with pushing(Metrics(NOBODY, Ticking(0.0)), asyncio.get_running_loop().time, collector, apart=here):
            await asyncio.sleep(15.5)

    with caplog.at_level(logging.DEBUG):
        run_virtually(run())
    assert len(collector.sent) == 16
    lines = [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING]
    assert lines == [
        "telemetry: the collector has not taken metrics 1 times; the next hold them too",
        "telemetry: the collector has not taken metrics 10 times; the next hold them too",
    ]
    assert "secret" not in caplog.text


async def test_over_http_a_collector_has_what_was_counted_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """In protobuf, with the headers of the standard variable, and all that is told by the end of the gateway."""
    collector = ListeningCollector(path="/v1/metrics")
    with bind("127.0.0.1", 0) as listening:
        monkeypatch.setenv(ENDPOINT, f"http://127.0.0.1:{listening.getsockname()[1]}")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20c0llector-s3cret")
        metrics = Metrics(NOBODY)
        async with serving(collector, listening), pushing(metrics, time.monotonic):
            metrics.calls.note(Sent("crm", "customers", (), 3, 0.5))
    assert collector.headers[-1][b"content-type"] == b"application/x-protobuf"
    assert collector.headers[-1][b"authorization"] == b"Bearer c0llector-s3cret"
    (of,) = ExportMetricsServiceRequest.FromString(collector.taken[-1]).resource_metrics
    assert "customer-view-gateway" in {one.value.string_value for one in of.resource.attributes}
    (keys,) = (one for one in of.scope_metrics[0].metrics if one.name == "customer_view.source.keys")
    (point,) = keys.sum.data_points
    assert (point.as_int, keys.sum.is_monotonic, {one.key: one.value.string_value for one in point.attributes}) == (
        3,
        True,
        {"customer_view.source": "crm", "customer_view.offer": "customers"},
    )


async def test_over_http_a_collector_that_refuses_is_told_of_without_what_it_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither its answer nor its address nor a secret is logged, by us or by the SDK."""
    with bind("127.0.0.1", 0) as listening:
        monkeypatch.setenv(ENDPOINT, f"http://127.0.0.1:{listening.getsockname()[1]}")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20c0llector-s3cret")
        collector = ListeningCollector(status=401, path="/v1/metrics")
        async with serving(collector, listening), pushing(Metrics(NOBODY), time.monotonic):
            pass
    told = [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING]
    assert told == ["telemetry: the collector has not taken metrics 1 times; the next hold them too"]
    assert not any(word in caplog.text for word in ("c0llector", "inside", "127.0.0.1"))


async def test_over_http_a_collector_that_hangs_holds_up_the_end_for_a_bound(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What it has not taken by then is lost, and told."""
    monkeypatch.setattr("gateway.telemetry.metrics.otlp._AT_THE_END", 0.2)
    collector = ListeningCollector(hangs=True, path="/v1/metrics")
    with bind("127.0.0.1", 0) as listening:
        monkeypatch.setenv(ENDPOINT, f"http://127.0.0.1:{listening.getsockname()[1]}")
        async with serving(collector, listening):
            began = time.monotonic()
            async with pushing(Metrics(NOBODY), time.monotonic):
                pass
            assert time.monotonic() - began < 2
            collector.over.set()
    assert "telemetry: the collector has not taken the last metrics within 0.2 s" in caplog.text


async def test_a_collector_that_hangs_holds_nothing_up() -> None:
    """The event loop goes on meanwhile."""
    gone_on = asyncio.Event()
    loop = asyncio.get_running_loop()
    released = threading.Event()
    loop.call_soon(gone_on.set)
    waiting = asyncio.create_task(in_a_thread(lambda: _until(released)))
    await gone_on.wait()
    assert not waiting.done()
    released.set()
    await waiting


def _until(released: threading.Event) -> None:
    assert released.wait(30)

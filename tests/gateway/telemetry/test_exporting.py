"""Spans go to a collector by OTLP over HTTP, and what it does costs nobody anything."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from starlette.types import Receive, Scope, Send

from gateway.serving import bind, serving
from gateway.telemetry.collector import BoundedSession
from gateway.telemetry.variables import variable_problems
from schema.problems import ConfigurationError, Level
from tests.gateway.telemetry.nurseries import open_nursery

LABEL = {"query": 'query { plant(by: {id: "p1"}) { label } }'}
SECRET = "c0llector-s3cret"

pytestmark = pytest.mark.usefixtures("nothing_else_installed")


@dataclass
class Collector:
    """Takes spans, or metrics, over HTTP, as a collector of OpenTelemetry does, or refuses them, or does not answer."""

    status: int = 200
    hangs: bool = False
    answer: bytes = b"inside"
    over: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""
    path: str = "/v1/traces"
    taken: list[bytes] = field(default_factory=list)
    headers: list[dict[bytes, bytes]] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one batch."""
        if scope["type"] != "http":
            return
        assert scope["path"] == self.path
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        if self.hangs:
            await self.over.wait()
        self.taken.append(body)
        self.headers.append(dict(scope["headers"]))
        length = b"%d" % len(self.answer)
        await send({"type": "http.response.start", "status": self.status, "headers": [(b"content-length", length)]})
        await send({"type": "http.response.body", "body": self.answer})

    @property
    def names(self) -> list[str]:
        """The names of all spans that were taken."""
        read = [ExportTraceServiceRequest.FromString(one) for one in self.taken]
        scopes = [scope for request in read for of in request.resource_spans for scope in of.scope_spans]
        return [span.name for scope in scopes for span in scope.spans]


@asynccontextmanager
async def collecting(monkeypatch: pytest.MonkeyPatch, collector: Collector) -> AsyncIterator[Collector]:
    """Give the collector, listening, and named by the standard variables."""
    with bind("127.0.0.1", 0) as socket:
        collector.url = f"http://127.0.0.1:{socket.getsockname()[1]}"
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", f"{collector.url}/v1/traces")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", f"authorization=Bearer%20{SECRET}")
        async with serving(collector, socket):
            yield collector
            collector.over.set()


def threads() -> list[str]:
    """The SDK's threads."""
    return [one.name for one in threading.enumerate() if one.name.startswith("Otel")]


async def test_a_collector_has_every_span_when_the_gateway_has_closed(
    planted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OTLP over HTTP, in protobuf, with the headers of the standard variable, under the product's name."""
    async with collecting(monkeypatch, Collector()) as collector:
        async with open_nursery(planted, to_collector=True) as house:
            assert (await house.post(LABEL)).json()["data"] == {"plant": {"label": "Fern"}}
        assert "POST /views/{view}/graphql" in collector.names
        assert "nursery.plants" in collector.names
        assert collector.headers[0][b"content-type"] == b"application/x-protobuf"
        assert collector.headers[0][b"authorization"] == f"Bearer {SECRET}".encode()
        (of,) = ExportTraceServiceRequest.FromString(collector.taken[0]).resource_spans
        told = {one.key: one.value.string_value for one in of.resource.attributes}
        assert told["service.name"] == "customer-view-gateway"
    assert not threads()


@pytest.mark.parametrize("status", [200, 400])
async def test_of_what_a_collector_answers_the_beginning_is_read(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """64 KiB of a megabyte."""
    async with collecting(monkeypatch, Collector(status, answer=bytes(1 << 20))) as collector:
        with BoundedSession() as session:
            told = await asyncio.to_thread(session.post, f"{collector.url}/v1/traces", data=b"", timeout=10)
        assert (told.status_code, told.content) == (status, bytes(1 << 16))


async def test_both_exporters_read_no_more(planted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The session is theirs."""
    sent: list[str] = []
    monkeypatch.setattr(BoundedSession, "send", lambda _, request, **__: sent.append(request.url))
    async with collecting(monkeypatch, Collector()) as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", f"{collector.url}/v1/metrics")
        async with open_nursery(planted, to_collector=True) as house:
            await house.post(LABEL)
    assert {one.rpartition("/")[2] for one in sent} == {"traces", "metrics"}


async def test_without_the_standard_variables_there_is_no_tracing_at_all(planted: Path) -> None:
    """Off by default: no provider, no thread, nothing to ask for each request but whether there is any."""
    async with open_nursery(planted, to_collector=True) as house:
        assert house.gateway._opened().tracing is None
        assert not threads()
        assert (await house.post(LABEL)).status_code == 200


@pytest.mark.parametrize("name", ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"])
async def test_traces_can_be_left_out_where_an_endpoint_is_named(
    name: str, planted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OTEL_TRACES_EXPORTER=none: the endpoint is for metrics alone."""
    for variable, value in ((name, "http://127.0.0.1:9"), ("OTEL_TRACES_EXPORTER", "none")):
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv("OTEL_METRICS_EXPORTER", "none")
    async with open_nursery(planted, to_collector=True) as house:
        assert house.gateway._opened().tracing is None


@pytest.mark.parametrize("status", [400, 401])
async def test_a_collector_that_refuses_costs_a_line_in_ten_seconds_and_no_answer(
    status: int, planted: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither what it answered nor a secret is logged, by us or by the SDK."""
    async with collecting(monkeypatch, Collector(status)) as collector:
        async with open_nursery(planted, to_collector=True) as house:
            for _ in range(3):
                assert (await house.post(LABEL)).status_code == 200
                tracing = house.gateway._opened().tracing
                assert tracing is not None
                await asyncio.to_thread(tracing._tracer.span_processor.force_flush)  # type: ignore[attr-defined]
        assert len(collector.taken) >= 3
    told = [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING]
    assert len(told) == 1
    assert told[0].startswith("telemetry: the collector has not taken ")
    assert not any(word in caplog.text for word in (SECRET, "inside", "127.0.0.1"))


async def test_a_collector_that_does_not_answer_holds_up_closing_for_a_bound(
    planted: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What it has not taken by then is lost, and told; the process ends all the same."""
    monkeypatch.setattr("gateway.telemetry.exporting._FLUSH", 0.2)
    loop = asyncio.get_running_loop()
    async with collecting(monkeypatch, Collector(hangs=True)):
        async with open_nursery(planted, to_collector=True) as house:
            await house.post(LABEL)
            begun = loop.time()
        assert loop.time() - begun < 2
        assert "telemetry: the collector has not taken the last spans within 0.2 s" in caplog.text


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("OTEL_TRACES_SAMPLER", "sometimes", "parentbased_traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "hunter2", "a number from 0 to 1"),
        ("OTEL_TRACES_SAMPLER_ARG", "1.5", "a number from 0 to 1"),
        ("OTEL_TRACES_SAMPLER_ARG", "nan", "a number from 0 to 1"),
    ],
)
async def test_a_sampler_that_there_is_not_stops_the_start(
    name: str, value: str, wanted: str, planted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was wrong is not shown: a secret may stand in the wrong variable."""
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "traceidratio")
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=wanted) as raised:
        async with open_nursery(planted):
            pass
    assert name in str(raised.value)
    assert value not in str(raised.value)


_OTLP = "OTEL_EXPORTER_OTLP_"


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("OTEL_SDK_DISABLED", "yes", "wanted true or false"),
        ("OTEL_TRACES_EXPORTER", "jaeger", "wanted otlp or none"),
        (f"{_OTLP}PROTOCOL", "grpc", "wanted http/protobuf"),
        (f"{_OTLP}TRACES_ENDPOINT", "collector", "wanted a URL"),
        (f"{_OTLP}TRACES_ENDPOINT", "http://[::bad", "wanted a URL"),
        (f"{_OTLP}TRACES_ENDPOINT", "http://collector:99999", "wanted a URL"),
        (f"{_OTLP}TIMEOUT", "-5", "wanted a number of seconds"),
        (f"{_OTLP}TRACES_TIMEOUT", "nan", "wanted a number of seconds"),
        (f"{_OTLP}COMPRESSION", "brotli", "wanted none or gzip or deflate"),
        (f"{_OTLP}CERTIFICATE", "/nowhere.pem", "wanted a file that can be read"),
        ("OTEL_BSP_SCHEDULE_DELAY", "0", "wanted a whole number above 0"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "-1", "wanted a whole number above 0"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "4096", "wanted no more than OTEL_BSP_MAX_QUEUE_SIZE"),
        ("OTEL_SPAN_LINK_COUNT_LIMIT", "-3", "wanted a whole number"),
    ],
)
async def test_a_variable_that_sends_nothing_anywhere_stops_the_start(
    name: str, value: str, wanted: str, planted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK would log it and go on, and nobody would know why there are no traces."""
    monkeypatch.setenv(f"{_OTLP}TRACES_ENDPOINT", "http://127.0.0.1:9/v1/traces")
    monkeypatch.setenv("OTEL_METRICS_EXPORTER", "none")
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=wanted) as raised:
        async with open_nursery(planted, to_collector=True):
            pass
    assert [one.file for one in raised.value.problems] == [name]
    assert value not in str(raised.value).replace(wanted, "").replace(name, "")


@pytest.mark.parametrize("said", [{"OTEL_SDK_DISABLED": "true"}, {"OTEL_TRACES_EXPORTER": "none"}, {}])
def test_what_nobody_reads_may_say_anything(said: dict[str, str]) -> None:
    """Variables are often set for all programs of a place."""
    about = {f"{_OTLP}PROTOCOL": "grpc", "OTEL_BSP_SCHEDULE_DELAY": "soon", "OTEL_METRIC_EXPORT_INTERVAL": "never"}
    assert not variable_problems({**about, "OTEL_TRACES_SAMPLER": "sometimes", **said, "OTEL_METRICS_EXPORTER": "none"})


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("OTEL_METRICS_EXPORTER", "statsd", "wanted otlp or prometheus or none"),
        (f"{_OTLP}METRICS_ENDPOINT", "collector", "wanted a URL"),
        (f"{_OTLP}METRICS_PROTOCOL", "grpc", "wanted http/protobuf"),
        (f"{_OTLP}TIMEOUT", "soon", "wanted a number of seconds"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "a minute", "wanted a whole number of milliseconds from 100"),
    ],
)
async def test_a_variable_that_lets_no_metrics_go_stops_the_start(
    name: str, value: str, wanted: str, planted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Metrics that go nowhere would be missed on the day they are needed."""
    monkeypatch.setenv(f"{_OTLP}METRICS_ENDPOINT", "http://127.0.0.1:9/v1/metrics")
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=wanted) as raised:
        async with open_nursery(planted):
            pass
    assert [one.file for one in raised.value.problems] == [name]


def test_variables_of_spans_are_those_of_an_exporter_that_the_application_has() -> None:
    """It is sampled and gathered by them all the same, and where a collector would be does not count."""
    said = {
        "OTEL_TRACES_EXPORTER": "jaeger",
        f"{_OTLP}TRACES_ENDPOINT": "nowhere",
        "OTEL_TRACES_SAMPLER": "sometimes",
        "OTEL_BSP_SCHEDULE_DELAY": "soon",
    }
    found = [problem.file for problem in variable_problems(said, has_exporter=True)]
    assert found == ["OTEL_BSP_SCHEDULE_DELAY", "OTEL_TRACES_SAMPLER"]


@pytest.mark.parametrize(
    ("said", "noted"),
    [
        ({f"{_OTLP}HEADERS": f"authorization Bearer {SECRET}"}, [f"{_OTLP}HEADERS"]),
        ({f"{_OTLP}TRACES_HEADERS": f"a=1,{SECRET}"}, [f"{_OTLP}TRACES_HEADERS"]),
        ({"OTEL_RESOURCE_ATTRIBUTES": "service.name=desk, production"}, ["OTEL_RESOURCE_ATTRIBUTES"]),
        ({f"{_OTLP}HEADERS": f"a=1 , b={SECRET}==,", "OTEL_RESOURCE_ATTRIBUTES": "a=b"}, []),
    ],
)
def test_what_the_sdk_passes_over_in_a_list_is_a_note(said: dict[str, str], noted: list[str]) -> None:
    """It goes on without it, and so does the gateway."""
    found = variable_problems({"OTEL_TRACES_EXPORTER": "otlp", **said})
    assert [problem.file for problem in found if problem.level is Level.NOTE] == noted == [one.file for one in found]
    assert SECRET not in str(found)


def test_attributes_are_verified_where_prometheus_alone_reads_them() -> None:
    """They are labels of what it reads."""
    said = {"OTEL_RESOURCE_ATTRIBUTES": "production"}
    assert not variable_problems(said)
    assert [problem.file for problem in variable_problems(said, has_reader=True)] == ["OTEL_RESOURCE_ATTRIBUTES"]


async def test_a_header_that_cannot_be_read_is_not_logged(
    planted: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The SDK logs what it could not read of OTEL_EXPORTER_OTLP_HEADERS, which may be a secret: the type is told."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:9/v1/traces")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", f"authorization Bearer {SECRET}")
    async with open_nursery(planted, to_collector=True):
        pass
    assert "<str>" in caplog.text
    assert SECRET not in caplog.text

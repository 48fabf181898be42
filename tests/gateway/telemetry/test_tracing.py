"""The trace of a request: its spans, whose they are, and what stands in them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.trace import SpanKind, StatusCode

from adapters.crossref import CrossReferenceError
from gateway.headers import read_headers
from gateway.settings import Settings
from gateway.telemetry.resource import resource
from gateway.telemetry.sampling import Sampler, Sampling
from gateway.telemetry.tracing import Tracing
from tests.gateway.greenhouse import GARDENER, INSPECTOR
from tests.gateway.telemetry.nurseries import exported, open_nursery

QUERY = "query Watering($id: ID!) { plant(by: {id: $id}) { label bed { moisture } } }"
LABEL = {"query": "query ($id: ID!) { plant(by: {id: $id}) { label } }", "variables": {"id": "p1"}}
ASKED = {"query": QUERY, "variables": {"id": "p1"}}
CALLER = f"00-{'a' * 32}-{'b' * 16}-01"
UNSAMPLED = f"00-{'a' * 32}-{'b' * 16}-00"

pytestmark = pytest.mark.usefixtures("nothing_else_installed")


def parents(spans: Any) -> dict[str, str | None]:
    """The name of each span's parent."""
    names = {one.context.span_id: one.name for one in spans}
    return {one.name: names.get(one.parent.span_id) if one.parent else None for one in spans}


def one(spans: Any, name: str) -> ReadableSpan:
    """The only span of this name."""
    (found,) = [span for span in spans if span.name == name]
    return found  # type: ignore[no-any-return]


async def test_a_request_is_one_tree_of_spans(planted: Path) -> None:
    """The server's span holds the look-up, the policy, and each step; a step holds its calls on the wire."""
    async with open_nursery(planted) as house:
        answer = await house.post(ASKED)
        spans = await exported(house)
    assert answer.json()["data"] == {"plant": {"label": "Fern", "bed": {"moisture": 40}}}
    root = "POST /views/{view}/graphql"
    assert parents(spans) == {
        root: None,
        "customer_view.resolve": root,
        "customer_view.policy": root,
        "customer_view.record": root,
        "customer_view.step": root,
        "nursery.plants": "customer_view.step",
        "soil.beds": "customer_view.step",
    }
    assert [span.name for span in spans].count("customer_view.step") == 2
    assert len({span.context.trace_id for span in spans}) == 1


async def test_the_servers_span_follows_the_semantic_conventions(planted: Path) -> None:
    """HTTP: method, route, status, address, version; GraphQL: the operation's type; ours: view, consumer, purpose."""
    async with open_nursery(planted) as house:
        await house.post(ASKED)
        server = one(await exported(house), "POST /views/{view}/graphql")
    assert server.kind is SpanKind.SERVER
    assert server.status.status_code is StatusCode.UNSET
    assert dict(server.attributes or {}) == {
        "http.request.method": "POST",
        "http.route": "/views/{view}/graphql",
        "url.path": "/views/{view}/graphql",
        "url.scheme": "http",
        "network.protocol.version": "1.1",
        "server.address": "greenhouse",
        "http.response.status_code": 200,
        "graphql.operation.type": "query",
        "customer_view.view": "watering@2",
        "customer_view.consumer": "gardener",
        "customer_view.purpose": "CustomerCare",
    }


async def test_steps_and_calls_say_what_they_ask_and_of_whom(planted: Path) -> None:
    """A step says source, offer, batches and keys; a call is a client's span, whose server is the source's name."""
    async with open_nursery(planted) as house:
        await house.post({"query": '{ plants(by: [{id: "p1"}, {id: "p2"}]) { label } }'})
        spans = await exported(house)
    step, call = one(spans, "customer_view.step"), one(spans, "nursery.plants")
    assert dict(step.attributes or {}) == {
        "customer_view.source": "nursery",
        "customer_view.offer": "plants",
        "customer_view.batches": 1,
        "customer_view.keys": 2,
    }
    assert call.kind is SpanKind.CLIENT
    assert dict(call.attributes or {}) == {
        "server.address": "nursery",
        "customer_view.offer": "plants",
        "customer_view.keys": 2,
    }
    assert (step.start_time or 0) <= (call.start_time or 0) <= (call.end_time or 0) <= (step.end_time or 0)


async def test_the_name_of_an_operation_is_told_of_a_prepared_document_alone(planted: Path, tmp_path: Path) -> None:
    """What a client makes up may hold anything; what stands in the gateway's own documents does not."""
    folder = tmp_path / "documents" / "watering@2"
    folder.mkdir(parents=True)
    (folder / "watering.graphql").write_text(QUERY)
    async with open_nursery(planted, documents=folder.parent) as house:
        await house.post(ASKED, to="watering@2")
        await house.post({**ASKED, "query": QUERY.replace("Watering", "OlaNordmann")}, to="watering@2")
        spans = await exported(house)
    names = [(span.attributes or {}).get("graphql.operation.name") for span in spans if span.kind is SpanKind.SERVER]
    assert names == ["Watering", None]


async def test_a_call_that_failed_says_why_and_which_attempt_it_was(planted: Path) -> None:
    """A failed call has its reason as error.type; the one that is sent again says how often it was."""
    async with open_nursery(planted) as house:
        house.server.first = [503]
        answer = await house.post(LABEL)
        calls = [span for span in await exported(house) if span.name == "nursery.plants"]
    assert answer.json()["data"] == {"plant": {"label": "Fern"}}
    told = [(dict(span.attributes or {}).get("error.type"), span.status.status_code) for span in calls]
    assert told == [("SOURCE_ERROR", StatusCode.ERROR), (None, StatusCode.UNSET)]
    assert [dict(span.attributes or {}).get("customer_view.retry") for span in calls] == [None, 1]


async def test_a_step_that_failed_says_why_and_of_how_many_keys(planted: Path) -> None:
    """The reason that most keys have is the step's error.type; the request itself has not failed."""
    async with open_nursery(planted) as house:
        house.server.first = [404] * 5
        await house.post(LABEL)
        spans = await exported(house)
    about = dict(one(spans, "customer_view.step").attributes or {})
    assert (about["error.type"], about["customer_view.keys.failed"]) == ("SOURCE_ERROR", 1)
    assert "error.type" not in (one(spans, "POST /views/{view}/graphql").attributes or {})


async def test_a_shared_call_is_linked_to_all_who_wait_for_it_and_they_to_it(planted: Path) -> None:
    """Two requests, one call: it stands in the first one's trace and links to the other's step, which links to it."""
    async with open_nursery(planted) as house:
        other = {**LABEL, "variables": {"id": "p2"}}
        await asyncio.gather(house.post(LABEL), house.post(other))
        spans = await exported(house)
    assert len(house.server.asked) == 1
    call = one(spans, "nursery.plants")
    steps = {span.context.span_id: span for span in spans if span.name == "customer_view.step"}
    assert call.parent is not None
    mine = steps.pop(call.parent.span_id)
    (others,) = steps.values()
    assert [link.context.span_id for link in call.links] == [others.context.span_id]
    assert [link.context.span_id for link in others.links] == [call.context.span_id]
    assert mine.links == ()
    assert mine.context.trace_id != others.context.trace_id


async def test_a_consumers_trace_goes_on_here_and_at_the_source(planted: Path) -> None:
    """The server's span is under the caller's; the source is told of the call's own span."""
    async with open_nursery(planted) as house:
        await house.post(LABEL, traceparent=CALLER, tracestate="vendor=secret")
        spans = await exported(house)
    server, call = one(spans, "POST /views/{view}/graphql"), one(spans, "nursery.plants")
    assert server.parent is not None
    assert (f"{server.parent.trace_id:032x}", f"{server.parent.span_id:016x}") == ("a" * 32, "b" * 16)
    assert house.told == [f"00-{'a' * 32}-{call.context.span_id:016x}-01"]
    assert all("tracestate" not in headers for _, headers in house.server.asked)
    assert all(not span.context.trace_state for span in spans)


async def test_a_source_that_does_not_ask_for_it_is_told_nothing_of_the_trace(planted: Path) -> None:
    """Only a source whose adapter declares `Told.trace` learns of it."""
    async with open_nursery(planted, tells=False) as house:
        await house.post(LABEL, traceparent=CALLER)
        assert len(await exported(house)) > 0
    assert house.told == [None]


@pytest.mark.parametrize(
    ("variables", "header", "is_traced"),
    [
        ({}, None, True),
        ({}, UNSAMPLED, False),
        ({}, CALLER, True),
        ({"OTEL_TRACES_SAMPLER": "always_off"}, CALLER, False),
        ({"OTEL_TRACES_SAMPLER": "parentbased_always_off"}, None, False),
        ({"OTEL_TRACES_SAMPLER": "parentbased_always_off"}, CALLER, True),
        ({"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0"}, None, False),
        ({"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "1"}, UNSAMPLED, True),
        ({"OTEL_SDK_DISABLED": "true"}, CALLER, False),
    ],
)
async def test_the_standard_variables_say_what_is_traced(
    variables: dict[str, str],
    header: str | None,
    is_traced: bool,
    planted: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The sampler is the standard's; the parent's decision counts where it is based on it."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    async with open_nursery(planted) as house:
        await house.post(LABEL, **({"traceparent": header} if header else {}))
    assert bool(house.spans.spans) is is_traced  # all has been handed over by the end


async def test_a_request_that_is_not_sampled_makes_nothing_of_a_trace(
    planted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is decided before anything is made: neither a span nor an object of ours, and no source is told."""
    made: list[str] = []
    for place in (
        "gateway.telemetry.tracing.RequestSpan",
        "gateway.telemetry.tracing.SpanContext",
        "resolvers.traced._TracedSources",
        "opentelemetry.sdk.trace._Span",
        "opentelemetry.trace.NonRecordingSpan",
    ):
        monkeypatch.setattr(place, lambda *_args, _place=place, **_named: made.append(_place))
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    async with open_nursery(planted) as house:
        answer = await house.post(LABEL, traceparent=CALLER)
    assert answer.json()["data"] == {"plant": {"label": "Fern"}}
    assert (made, house.told) == ([], [None])


async def test_strangers_are_not_traced(planted: Path) -> None:
    """Whoever is not known can have nothing recorded, whatever is sent."""
    async with open_nursery(planted) as house:
        assert (await house.post(LABEL, token=None, traceparent=CALLER)).status_code == 401
        assert not await exported(house)


async def test_no_more_are_traced_in_a_second_than_are_let(planted: Path) -> None:
    """A consumer who wants every request recorded gets half of what the setting says; the clock is the test's."""
    now = [0.0]
    settings = Settings(telemetry_traces_per_second=4)
    async with open_nursery(planted, settings=settings, clock=lambda: now[0]) as house:
        for _ in range(4):
            await house.post(LABEL, traceparent=CALLER)
        assert len({one.context.span_id for one in await exported(house) if one.kind is SpanKind.SERVER}) == 2
        now[0] += 1
        await house.post(LABEL, traceparent=CALLER)
        assert len([one for one in await exported(house) if one.kind is SpanKind.SERVER]) == 3


def test_of_the_server_nothing_is_told_that_only_looks_like_an_address() -> None:
    """The path of a socket is a place on this machine; a version that there is not is a text of somebody."""
    tracing = Tracing(
        TracerProvider().get_tracer("test"), Sampling(Sampler(), per_second=1, clock=lambda: 0.0), obeys=True
    )
    scope = {"method": "POST", "server": ("/run/ola.sock", None), "http_version": "1.1\u00e5"}
    trace = tracing.begin(scope, read_headers([]), "florist", names_view=False)
    assert trace is not None
    assert isinstance(trace.span, ReadableSpan)
    told = set(trace.span.attributes or {})
    assert "http.route" in told
    assert not {"server.address", "server.port", "network.protocol.version"} & told


async def test_consumers_need_not_be_trusted_with_it(planted: Path) -> None:
    """With the setting off, a caller's trace neither goes on here nor decides."""
    async with open_nursery(planted, settings=Settings(telemetry_trust_consumers=False)) as house:
        await house.post(LABEL, traceparent=UNSAMPLED)
        server = one(await exported(house), "POST /views/{view}/graphql")
    assert server.parent is None
    assert f"{server.context.trace_id:032x}" != "a" * 32


@pytest.mark.parametrize(
    ("sent", "status", "code", "is_error"),
    [
        ({"query": "{"}, 200, "GRAPHQL_PARSE_FAILED", False),
        (b"no json", 400, "BAD_REQUEST", False),
        ({"query": '{ plant(by: {id: "1"}) { label } }'}, 503, "UNAVAILABLE", True),
    ],
)
async def test_a_refusal_is_told_by_its_code(sent: Any, status: int, code: str, is_error: bool, planted: Path) -> None:
    """The code stands in the server's span; a failure that is not the caller's is its error.type as well."""
    async with open_nursery(planted) as house:
        if is_error:
            house.table.raises = CrossReferenceError("the table is gone")
        assert (await house.post(sent)).status_code == status
        spans = await exported(house)
    about = dict(one(spans, "POST /views/{view}/graphql").attributes or {})
    assert (about["customer_view.refusal"], about["http.response.status_code"]) == (code, status)
    assert about.get("error.type") == (code if is_error else None)
    if is_error:
        assert dict(one(spans, "customer_view.resolve").attributes or {})["error.type"] == "CrossReferenceError"


async def test_at_the_deadline_step_and_call_end_with_that_reason(planted: Path) -> None:
    """A source that does not answer costs its fields, and the trace says why."""
    async with open_nursery(planted) as house:
        house.server.waits = asyncio.Event()
        await house.post({"query": '{ plant(by: {id: "p1"}) { id label } }'}, to="hurry")
        house.server.waits.set()
        spans = await exported(house)
    for name in ("customer_view.step", "nursery.plants"):
        assert dict(one(spans, name).attributes or {})["error.type"] == "DEADLINE_EXCEEDED"


async def test_what_nobody_waits_for_any_more_is_told_so(planted: Path) -> None:
    """Whoever asked has gone: there is no status, the step says how many keys were left, the call that it was cut."""
    async with open_nursery(planted) as house:
        house.server.waits = asyncio.Event()
        asking = asyncio.create_task(house.post(LABEL))
        await house.server.is_asked.wait()
        asking.cancel()
        await asyncio.wait([asking])
        house.server.waits.set()
        spans = await exported(house)
    server = dict(one(spans, "POST /views/{view}/graphql").attributes or {})
    assert (server["error.type"], "http.response.status_code" in server) == ("CLIENT_CLOSED_REQUEST", False)
    assert dict(one(spans, "customer_view.step").attributes or {})["customer_view.keys.left"] == 1
    assert dict(one(spans, "nursery.plants").attributes or {})["customer_view.abandoned"] is True


async def test_a_view_that_is_not_there_is_traced_without_what_was_written_into_the_path(planted: Path) -> None:
    """The path is the route's template: a caller may write anything into it."""
    async with open_nursery(planted) as house:
        await house.post(LABEL, to="ola-nordmann", token=INSPECTOR)
        (server,) = await exported(house)
    assert "ola" not in str(server.to_json())
    assert dict(server.attributes or {})["customer_view.refusal"] == "VIEW_UNKNOWN"
    assert GARDENER not in str(server.to_json())


def test_the_resource_is_named_by_the_standard_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else by the product; nothing of the machine, its user or the command is in it."""
    assert dict(resource().attributes)["service.name"] == "customer-view-gateway"
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=other,deployment.environment.name=test")
    assert resource().attributes["service.name"] == "other"
    monkeypatch.setenv("OTEL_SERVICE_NAME", "desk")
    told = dict(resource().attributes)
    assert (told["service.name"], told["deployment.environment.name"]) == ("desk", "test")
    assert {name.split(".")[0] for name in told} == {"service", "telemetry", "deployment"}

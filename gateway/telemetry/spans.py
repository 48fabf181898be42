"""The trace of one request, in spans of OpenTelemetry.

What stands in them is taken from the configuration and from tables of codes alone: names of sources, offers, views and
consumers, counts, and reasons. No key, value, token, text of a document, address or header of a caller is among them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from opentelemetry.context import Context
from opentelemetry.semconv.attributes.error_attributes import ERROR_TYPE
from opentelemetry.semconv.attributes.http_attributes import HTTP_RESPONSE_STATUS_CODE
from opentelemetry.semconv.attributes.server_attributes import SERVER_ADDRESS
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode, Tracer, set_span_in_context

from gateway.telemetry.traceparent import written
from schema.observer import Sent
from schema.reasons import Reason
from schema.tracing import Stage, Trace

__all__ = ["RequestSpan"]

_OURS = "customer_view."
_OPERATION_TYPE, _OPERATION_NAME = "graphql.operation.type", "graphql.operation.name"
"""As the semantic conventions for GraphQL servers have them."""

_MOST_LINKS = 128
"""The most waiters that a shared call links to, as many as the SDK keeps links of a span."""
_SERVER_ERROR = 500
_GONE = "CLIENT_CLOSED_REQUEST"


class _Sending:
    """One call on the wire."""

    __slots__ = ("_span", "traceparent")

    def __init__(self, span: Span) -> None:
        context = span.get_span_context()
        self._span = span
        self.traceparent = written(context.trace_id, context.span_id, context.trace_flags)

    def end(self, sent: Sent | None) -> None:
        """Take note of how the call ended."""
        if sent is None:
            self._span.set_attribute(f"{_OURS}abandoned", True)
        elif sent.outcome is not None:
            _fail(self._span, str(sent.outcome))
        self._span.end()


class _Place:
    """A span under which calls are made; `beside` are those of others who wait for the same calls."""

    __slots__ = ("_beside", "_times", "_tracer", "span")

    def __init__(self, tracer: Tracer, span: Span, beside: Sequence[_Place] = (), times: int = 0) -> None:
        self._tracer, self.span, self._beside, self._times = tracer, span, beside, times

    def sending(self, source: str, offer: str, keys: int) -> _Sending:
        """Begin a call. It links to all who wait for it, and they to it."""
        about: dict[str, Any] = {SERVER_ADDRESS: source, f"{_OURS}offer": offer, f"{_OURS}keys": keys}
        if self._times:
            about[f"{_OURS}retry"] = self._times
        links = [Link(one.span.get_span_context()) for one in self._beside]
        sent = self._tracer.start_span(
            f"{source}.{offer}", _under(self.span), kind=SpanKind.CLIENT, attributes=about, links=links
        )
        for one in self._beside:
            if one.span.is_recording():
                one.span.add_link(sent.get_span_context())
        return _Sending(sent)

    def joined(self, others: Sequence[Trace]) -> _Place:
        """Return the place of calls that are made for this one and the others together."""
        beside = [one for one in others if isinstance(one, _Place) and one.span is not self.span]
        return _Place(self._tracer, self.span, beside[:_MOST_LINKS], self._times)

    def repeated(self, times: int) -> _Place:
        """Return the place of a call that is sent again."""
        return _Place(self._tracer, self.span, self._beside, times)


class _Step(_Place):
    """What is asked of one offer."""

    __slots__ = ("_batches", "_keys")

    def __init__(self, tracer: Tracer, span: Span) -> None:
        super().__init__(tracer, span)
        self._batches = self._keys = 0

    def asked(self, keys: int) -> None:
        """Take note of one more batch."""
        self._batches += 1
        self._keys += keys

    def end(self, failed: Mapping[Reason, int], left: int) -> None:
        """Take note of the last answer; the step failed for the reason for which most keys did."""
        about = {f"{_OURS}batches": self._batches, f"{_OURS}keys": self._keys}
        if left:
            about[f"{_OURS}keys.left"] = left
        if failed:
            about[f"{_OURS}keys.failed"] = sum(failed.values())
            _fail(self.span, str(max(failed, key=failed.__getitem__)))
        self.span.set_attributes(about)
        self.span.end()


class _Stage:
    """Something that the gateway does."""

    __slots__ = ("_span",)

    def __init__(self, span: Span) -> None:
        self._span = span

    def end(self, failed: str | None = None) -> None:
        """Take note that it is over."""
        if failed is not None:
            _fail(self._span, failed)
        self._span.end()


class RequestSpan:
    """The server's span of one request, and what is begun under it."""

    __slots__ = ("_code", "_tracer", "span")

    def __init__(self, tracer: Tracer, span: Span) -> None:
        self._tracer, self.span = tracer, span
        self._code: str | None = None

    @property
    def ids(self) -> tuple[str, str]:
        """Return the ids of the trace and of the span, in hexadecimal digits."""
        context = self.span.get_span_context()
        return f"{context.trace_id:032x}", f"{context.span_id:016x}"

    def reads(self, view: str, purpose: str) -> None:
        """Take note of which view is asked, by its id, and for which purpose."""
        self.span.set_attributes({f"{_OURS}view": view, f"{_OURS}purpose": purpose})

    def asks(self, operation: str, name: str | None) -> None:
        """Take note of what the document is."""
        self.span.set_attribute(_OPERATION_TYPE, operation)
        if name is not None:
            self.span.set_attribute(_OPERATION_NAME, name)

    def stage(self, stage: Stage) -> _Stage:
        """Begin something that the gateway does."""
        return _Stage(self._begun(f"{_OURS}{stage.value}", {}))

    def step(self, source: str, offer: str, *, is_gate: bool) -> _Step:
        """Begin to ask an offer."""
        about = {f"{_OURS}source": source, f"{_OURS}offer": offer}
        return _Step(self._tracer, self._begun(f"{_OURS}{'gate' if is_gate else 'step'}", about))

    def refused(self, code: str) -> None:
        """Take note of the code with which the request is refused, or has failed."""
        self._code = code

    def end(self, status: int | None) -> None:
        """Take note of the reply's status; None: there is none, for whoever asked has gone."""
        if status is not None:
            self.span.set_attribute(HTTP_RESPONSE_STATUS_CODE, status)
        if self._code is not None:
            self.span.set_attribute(f"{_OURS}refusal", self._code)
        if status is None or status >= _SERVER_ERROR:
            _fail(self.span, self._code or (_GONE if status is None else str(status)))
        self.span.end()

    def _begun(self, name: str, about: Mapping[str, Any]) -> Span:
        return self._tracer.start_span(name, _under(self.span), attributes=about)


def _under(span: Span) -> Context:
    """Return a context in which nothing stands but the span; what is current in this process is another matter."""
    return set_span_in_context(span, Context())


def _fail(span: Span, code: str) -> None:
    """Have the span be one that failed, for a reason that is a code of ours."""
    span.set_attribute(ERROR_TYPE, code)
    span.set_status(Status(StatusCode.ERROR))

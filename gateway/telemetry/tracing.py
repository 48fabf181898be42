"""Begins the trace of a request, or makes nothing at all of one that is not sampled.

It is decided once it is known who asks. So strangers can neither have anything recorded nor make a trace of theirs go
on here; that there were requests of theirs is counted by the metrics.
"""

from __future__ import annotations

import re
from typing import Any

from opentelemetry.context import Context
from opentelemetry.semconv.attributes.http_attributes import HTTP_REQUEST_METHOD, HTTP_ROUTE
from opentelemetry.semconv.attributes.network_attributes import NETWORK_PROTOCOL_VERSION
from opentelemetry.semconv.attributes.server_attributes import SERVER_ADDRESS, SERVER_PORT
from opentelemetry.semconv.attributes.url_attributes import URL_PATH, URL_SCHEME
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    TraceFlags,
    Tracer,
    set_span_in_context,
)
from starlette.types import Scope

from gateway.headers import Headers
from gateway.telemetry.sampling import Sampling
from gateway.telemetry.spans import RequestSpan
from gateway.telemetry.traceparent import Parent, read_traceparent

__all__ = ["Tracing"]

_METHODS = frozenset({"GET", "POST"})
_OTHER = "_OTHER"
_HOST = re.compile(r"[A-Za-z0-9.:-]{1,255}")
_VERSIONS = frozenset({"1.0", "1.1", "2", "3"})
_ROUTES = {False: "/graphql", True: "/views/{view}/graphql"}


class Tracing:
    """Begins traces. `obeys` says whether a consumer's own trace goes on here, and its decision to sample counts."""

    def __init__(self, tracer: Tracer, sampling: Sampling, *, obeys: bool = True) -> None:
        self._tracer, self._sampling, self._obeys = tracer, sampling, obeys

    def begin(self, scope: Scope, headers: Headers, consumer: str, *, names_view: bool) -> RequestSpan | None:
        """Return the trace of a request of this consumer, None where it is not sampled.

        `names_view`: its path names the view.
        """
        parent = read_traceparent(headers.get(b"traceparent")) if self._obeys else None
        if not self._sampling.takes(parent, consumer):
            return None
        about = {**_about(scope, _ROUTES[names_view]), "customer_view.consumer": consumer}
        name = f"{about[HTTP_REQUEST_METHOD]} {about[HTTP_ROUTE]}"
        span = self._tracer.start_span(name, _below(parent), kind=SpanKind.SERVER, attributes=about)
        return RequestSpan(self._tracer, span)


def _about(scope: Scope, route: str) -> dict[str, Any]:
    """Return what the semantic conventions want of a server's span.

    The path is the route's template, and the server's address that of the socket: what a caller writes into a path or
    into `Host` may be anything. The address of the caller is personal data, and left out.
    """
    method = scope["method"]
    about: dict[str, Any] = {
        HTTP_REQUEST_METHOD: method if method in _METHODS else _OTHER,
        HTTP_ROUTE: route,
        URL_PATH: route,
        URL_SCHEME: "https" if scope.get("scheme") == "https" else "http",
    }
    if scope.get("http_version") in _VERSIONS:
        about[NETWORK_PROTOCOL_VERSION] = scope["http_version"]
    host, port = scope.get("server") or (None, None)
    if host is not None and _HOST.fullmatch(host):  # else it is the path of a socket on this machine
        about[SERVER_ADDRESS] = host
    if port is not None:
        about[SERVER_PORT] = port
    return about


def _below(parent: Parent | None) -> Context:
    if parent is None:
        return Context()
    context = SpanContext(parent.trace_id, parent.span_id, is_remote=True, trace_flags=TraceFlags(parent.flags))
    return set_span_in_context(NonRecordingSpan(context), Context())

"""What a proxy between a gateway and a source that is well can do wrong: each kind by its name, as Envoy's own filters.

A kind is what a connection passes: the network filters of a listener, some of which speak HTTP. Envoy's reference of
its API (v3) says what their members mean.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.testing.wrongs import AUTH, ERROR, LATE, LIMITED, RIGHT, Reasons, Wrong
from schema.reasons import Reason
from tests.envoy import http_filter, typed

__all__ = ["EMPTY", "HTTP_PROXY_WRONGS", "IN_ORDER", "NARROW", "SILENT", "SOURCE", "TCP_PROXY_WRONGS", "UNREACHABLE"]
__all__ += ["ProxyWrong"]

SOURCE, UNREACHABLE, SILENT, NARROW, EMPTY = "source", "unreachable", "silent", "narrow", "empty"
"""Clusters: the source; a port on which nobody listens; a server that says nothing; the source, of which no connection
may be had; and one without a server."""

_HTTP = "envoy.extensions.filters.http"
_NETWORK = "envoy.extensions.filters.network"
_FAULT = "envoy.filters.http.fault"
_LUA = "envoy.filters.http.lua"
_COMPRESSOR = "envoy.filters.http.compressor"
_ALWAYS = {"numerator": 100}
_ANY = {"prefix": "/"}

Filters = Callable[[str], Sequence[Mapping[str, Any]]]
"""The network filters, which count by this name."""


@dataclass(frozen=True, slots=True)
class ProxyWrong(Wrong):
    """One kind of fault between a gateway and its source; without `filters` nobody listens.

    Calls are counted as the requests that Envoy was sent, and as the connections where it speaks no HTTP.
    """

    filters: Filters | None
    speaks_http: bool = True


def _route(filters: Sequence[Mapping[str, Any]] = (), **members: Any) -> Filters:
    """Speak HTTP, with one route for everything."""
    return lambda name: [http_filter(name, [{"match": _ANY, **members}], filters)]


def _to(cluster: str, **members: Any) -> dict[str, Any]:
    return {"route": {"cluster": cluster, "timeout": "30s"}, **members}


def _fault(**members: Any) -> Filters:
    """Pass on through the filter of faults."""
    return _route([typed(_FAULT, f"{_HTTP}.fault.v3.HTTPFault", **members)], **_to(SOURCE))


def _abort(status: int, percentage: Mapping[str, Any] = _ALWAYS) -> Filters:
    return _fault(abort={"http_status": status, "percentage": percentage})


def _delay(seconds: float) -> Filters:
    return _fault(delay={"fixed_delay": f"{seconds}s", "percentage": _ALWAYS})


def _drip(kib_a_second: int) -> Filters:
    return _fault(response_rate_limit={"fixed_limit": {"limit_kbps": kib_a_second}, "percentage": _ALWAYS})


def _answer(status: int, body: str = "", **headers: str) -> Filters:
    """Answer in place of the source."""
    said = {"status": status, "body": {"inline_string": body}} if body else {"status": status}
    return _route(direct_response=said, response_headers_to_add=_headers(**headers))


def _headers(**headers: str) -> list[dict[str, Any]]:
    return [_header(name.replace("_", "-"), value) for name, value in headers.items()]


def _header(name: str, value: str) -> dict[str, Any]:
    return {"header": {"key": name, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}


def _added(*headers: Mapping[str, Any]) -> Filters:
    """Pass on, and add headers to the answer."""
    return _route(**_to(SOURCE, response_headers_to_add=headers))


def _lua(change: str, *filters: Mapping[str, Any]) -> Filters:
    """Pass on, and exchange the answer's body for what Lua makes of it."""
    code = (
        "function envoy_on_response(handle)\n"
        "  local body = handle:body()\n"
        "  local text = tostring(body:getBytes(0, body:length()))\n"
        f"  body:setBytes({change})\n"
        "end"
    )
    lua = typed(_LUA, f"{_HTTP}.lua.v3.Lua", default_source_code={"inline_string": code})
    return _route([*filters, lua], **_to(SOURCE))


def _compressor() -> dict[str, Any]:
    gzip = typed("gzip", "envoy.extensions.compression.gzip.compressor.v3.Gzip")
    return typed(_COMPRESSOR, f"{_HTTP}.compressor.v3.Compressor", compressor_library=gzip)


def _tcp(cluster: str, *filters: Mapping[str, Any], **members: Any) -> Filters:
    """Pass bytes on to a cluster, through these network filters first."""

    def chain(name: str) -> Sequence[Mapping[str, Any]]:
        kind = f"{_NETWORK}.tcp_proxy.v3.TcpProxy"
        return [*filters, typed("envoy.filters.network.tcp_proxy", kind, stat_prefix=name, cluster=cluster, **members)]

    return chain


def _narrow(kib_a_second: int) -> dict[str, Any]:
    kind = f"{_NETWORK}.tcp_bandwidth_limit.v3.TcpBandwidthLimit"
    return typed("envoy.filters.network.tcp_bandwidth_limit", kind, stat_prefix="slow", write_limit_kbps=kib_a_second)


def _words(text: str) -> Filters:
    """Say this to whoever connects, and close."""
    kind = f"{_NETWORK}.direct_response.v3.Config"
    return lambda name: [typed("envoy.filters.network.direct_response", kind, response={"inline_string": text})]


IN_ORDER: Mapping[bool, Filters] = {True: _route(**_to(SOURCE)), False: _tcp(SOURCE)}
"""What passes everything on, by whether it speaks HTTP."""

_MISMATCH: Reasons = frozenset({Reason.SOURCE_MISMATCH})
_INVALID: Reasons = frozenset({Reason.VALUE_INVALID})
_MANY, _LENGTH = 200, 16_000

_FAULTS = (
    ProxyWrong("abort 401", "is answered for with 401", AUTH, _abort(401)),
    ProxyWrong("abort 403", "is answered for with 403", AUTH, _abort(403)),
    ProxyWrong("abort 429", "is answered for with 429", LIMITED, _abort(429)),
    ProxyWrong("abort 500", "is answered for with 500", ERROR, _abort(500)),
    ProxyWrong("abort 502", "is answered for with 502", ERROR, _abort(502)),
    ProxyWrong("abort 503", "is answered for with 503", ERROR, _abort(503)),
    ProxyWrong("abort 504", "is answered for with 504", ERROR | LATE, _abort(504)),
    ProxyWrong(
        "half abort",
        "is answered for with 500 at random, every second time",
        ERROR | RIGHT,
        _abort(500, {"numerator": 50}),
    ),
    ProxyWrong(
        "some abort",
        "is answered for with 503 at random, one time in ten",
        ERROR | RIGHT,
        _abort(503, {"numerator": 10}),
    ),
    ProxyWrong("delay", "is asked 30 s late", LATE, _delay(30)),
    ProxyWrong("short delay", "is asked 50 ms late", RIGHT, _delay(0.05)),
    ProxyWrong("drip", "has its answers passed on at 1 KiB a second", LATE, _drip(1)),
    ProxyWrong("slow body", "has its answers passed on at 64 KiB a second", RIGHT, _drip(64)),
)

_WAYS = (
    ProxyWrong("unreachable", "is on a port on which nobody listens", ERROR, _route(**_to(UNREACHABLE))),
    ProxyWrong("no host", "has no server", ERROR, _route(**_to(EMPTY))),
    ProxyWrong("overflow", "may be asked by no further connection", ERROR, _route(**_to(NARROW))),
    ProxyWrong("silent", "takes connections and says nothing", LATE, _route(**_to(SILENT))),
    ProxyWrong(
        "given up", "is given up by the proxy", ERROR | LATE, _route(route={"cluster": SILENT, "timeout": "0.05s"})
    ),
)

_ANSWERS = (
    ProxyWrong(
        "login page",
        "is answered for with a page for people",
        ERROR,
        _answer(200, "<html>log in</html>", content_type="text/html"),
    ),
    ProxyWrong("other type", "is answered for with plain text", ERROR, _answer(200, "{}", content_type="text/plain")),
    ProxyWrong("empty", "is answered for with nothing", ERROR, _answer(200)),
    ProxyWrong("no content", "is answered for with 204", ERROR, _answer(204)),
    ProxyWrong(
        "busy", "is answered for with 503 and Retry-After", ERROR | LIMITED, _answer(503, "busy", retry_after="1")
    ),
    ProxyWrong("throttled", "is answered for with 429 and Retry-After", LIMITED, _answer(429, "slow", retry_after="1")),
    ProxyWrong(
        "redirect",
        "is redirected to another host",
        ERROR,
        _route(redirect={"host_redirect": "elsewhere.example", "response_code": "TEMPORARY_REDIRECT"}),
    ),
    ProxyWrong(
        "many headers",
        "has 200 headers added to its answers",
        ERROR,
        _added(*[_header(f"a-{n}", "b") for n in range(_MANY)]),
    ),
    ProxyWrong(
        "wide headers",
        "has 3 MB of headers added to its answers",
        ERROR,
        _added(*[_header(f"a-{n}", "b" * _LENGTH) for n in range(_MANY)]),
    ),
    ProxyWrong(
        "gzip that is none", "is said to compress, and does not", ERROR, _added(_header("content-encoding", "gzip"))
    ),
)

_BODIES = (
    ProxyWrong("truncated", "has the second half of its answers taken away", ERROR, _lua("text:sub(1, 60)")),
    ProxyWrong("trailing garbage", "has more added behind its JSON", ERROR, _lua("text .. ']'")),
    ProxyWrong(
        "foreign", "has the keys of its records exchanged for others", _MISMATCH, _lua("(text:gsub('K%-000', 'K-900'))")
    ),
    ProxyWrong(
        "swapped",
        "has the records of two keys exchanged",
        RIGHT,
        _lua("(text:gsub('K%-000(%d)', {['1'] = 'K-0002', ['2'] = 'K-0001'}))"),
    ),
    ProxyWrong(
        "wrong types", "has its texts exchanged for numbers", _INVALID, _lua("(text:gsub('\"label of [^\"]*\"', '7'))")
    ),
    ProxyWrong(
        "deep",
        "has 100,000 lists put around its answers",
        ERROR,
        _lua("('['):rep(100000) .. text .. (']'):rep(100000)"),
    ),
    ProxyWrong("oversized", "has 16 MB of blanks put before its answers", ERROR, _lua("(' '):rep(16000000) .. text")),
    ProxyWrong(
        "bomb",
        "has 64 MB of blanks put before its answers, and compressed",
        ERROR,
        _lua("(' '):rep(64000000) .. text", _compressor()),
    ),
)

_LINES = (
    ProxyWrong("refused", "is behind a port on which nobody listens", ERROR, None),
    ProxyWrong("closed", "has its connections closed at once", ERROR, _tcp(UNREACHABLE), speaks_http=False),
    ProxyWrong(
        "black hole", "has its connections taken by a server that says nothing", LATE, _tcp(SILENT), speaks_http=False
    ),
    ProxyWrong(
        "other protocol",
        "is answered for in another protocol",
        ERROR,
        _words("SSH-2.0-OpenSSH_9.2\r\n"),
        speaks_http=False,
    ),
)

_BREAKING_OFF = _tcp(SOURCE, _narrow(1), max_downstream_connection_duration="0.1s")

_BYTES = (
    ProxyWrong(
        "trickle", "has its bytes passed on at 1 KiB a second", LATE, _tcp(SOURCE, _narrow(1)), speaks_http=False
    ),
    ProxyWrong(
        "cut body", "has its connections closed after 100 ms, in its answers", ERROR, _BREAKING_OFF, speaks_http=False
    ),
)

HTTP_PROXY_WRONGS: Mapping[str, ProxyWrong] = {
    wrong.name: wrong for wrong in (*_FAULTS, *_WAYS, *_ANSWERS, *_BODIES, *_LINES, *_BYTES)
}
"""Every kind between a gateway and a source that speaks HTTP, by its name."""

_SHORT = _tcp(SOURCE, max_downstream_connection_duration="0.02s")
_CUT = _tcp(SOURCE, max_downstream_connection_duration="0.002s")

TCP_PROXY_WRONGS: Mapping[str, ProxyWrong] = {
    wrong.name: wrong
    for wrong in (
        *_LINES,
        ProxyWrong("short-lived", "has its connections closed after 20 ms", ERROR | RIGHT, _SHORT, speaks_http=False),
        ProxyWrong("cut", "has its connections closed after 2 ms", ERROR | RIGHT, _CUT, speaks_http=False),
    )
}
"""Every kind between a gateway and a source of another protocol, by its name."""

"""Calls for JSON over HTTP: what every source that answers so has in common on the wire."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, TypedDict

import httpx

from adapters.adapter import Call
from adapters.http.exact_json import JsonError, read_json
from adapters.http.transport import AiohttpTransport, Begun, BodyTooLarge, Place, open_client
from adapters.sending import Ready, SendError
from schema.reasons import Reason

__all__ = ["HttpReply", "JsonWire", "Told", "WireOptions", "is_plain_url"]

_JSON = re.compile(r"(application|text)/([a-z0-9.+-]+\+)?json", re.IGNORECASE)
_ANSWERED = frozenset({200, 201, 203, 207})
_REFUSED = {
    401: (Reason.SOURCE_AUTH, "the source answered 401: it does not know the credential"),
    403: (Reason.SOURCE_AUTH, "the source answered 403: the credential may not do this"),
    429: (Reason.SOURCE_RATE_LIMITED, "the source answered 429: too many calls"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """Names of the headers in which the source is told why it is asked; None: it is not told."""

    purpose: str | None = None
    case: str | None = None
    trace: str | None = None


@dataclass(frozen=True, slots=True)
class HttpReply:
    """The status of an answer, and its JSON; only an answer whose status says everything has none."""

    status: int
    body: Any = None

    def __repr__(self) -> str:
        return f"HttpReply(status={self.status})"


class WireOptions(TypedDict, total=False):
    """How a source is called: what its adapter takes by name and hands to `JsonWire`, whose defaults stand.

    `headers` go with every request: the adapter's own credential is one of them; none is ever printed. With
    `forward_credential` the caller's own token is sent instead, as a bearer token. `told` names the headers for
    purpose, case and trace. `timeout` is the most seconds one call may take, `at_once` the most calls under way
    together, `max_body` the most bytes of an answer, inflated. `tls` and `proxy` are the transport's.
    """

    headers: Mapping[str, str] | None
    forward_credential: bool
    told: Told | None
    timeout: float | None
    at_once: int
    max_body: int
    tls: ssl.SSLContext | None
    proxy: str | None


class JsonWire:
    """Makes calls to one source. `accept` are the types of answers that are taken, the rest is said by WireOptions."""

    def __init__(
        self,
        source: str,
        base_url: str,
        *,
        accept: str,
        headers: Mapping[str, str] | None = None,
        forward_credential: bool = False,
        told: Told | None = None,
        timeout: float | None = 10.0,
        at_once: int = 100,
        max_body: int = 8 * 1024 * 1024,
        tls: ssl.SSLContext | None = None,
        proxy: str | None = None,
    ) -> None:
        self.timeout, self.at_once = timeout, at_once
        own = {"Accept": accept, **_own_headers(source, headers or {}, forward_credential=forward_credential)}
        self.forwards_credential, self._told = forward_credential, _told(told or Told())
        base = _checked_base(source, base_url)
        transport = AiohttpTransport(max_connections=at_once, max_body=max_body, tls=tls, proxy=proxy)
        self._client = open_client(transport, headers=own, timeout=timeout)
        self._place = Place(self._client, base)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def ask(
        self,
        target: str,
        body: bytes | None,
        call: Call,
        *,
        answered: Collection[int] = _ANSWERED,
        bare: Collection[int] = (),
        read: Callable[[bytes], Any] = read_json,
        ready: Ready | None = None,
    ) -> HttpReply:
        """GET the target, or POST the JSON in `body` to it, and return the reply, or raise SendError.

        `answered` are the statuses whose JSON is read, `bare` those that say everything themselves; every other one is
        an error. 401, 403 and 429 are errors always. `read` makes the reply's body of an answer's bytes; it raises
        JsonError where it cannot. `ready` is called right before the first byte: see `last_look`.
        """
        said = self._headers(call, has_body=body is not None)
        try:
            begun = await self._place.begin("GET" if body is None else "POST", target, said, body, ready)
            try:
                return await _read(begun, answered, bare, read)
            finally:
                await begun.aclose()
        except (httpx.HTTPError, httpx.InvalidURL, JsonError) as error:
            raise _translated(error) from None

    def _headers(self, call: Call, *, has_body: bool) -> dict[str, str]:
        """Return the headers that depend on the call; what a header cannot hold ends the call before it is sent."""
        said = {name: value for name, what in self._told if (value := what(call)) is not None}
        if has_body:
            said["Content-Type"] = "application/json"
        if self.forwards_credential:
            if call.credential is None:
                raise SendError(Reason.SOURCE_AUTH, "the caller's credential is to be forwarded, and there is none")
            said["Authorization"] = f"Bearer {call.credential}"
        if not all(map(_is_header_value, said.values())):
            raise SendError(Reason.SOURCE_ERROR, "what the source is to be told cannot stand in a header")
        return said


async def _read(
    begun: Begun, answered: Collection[int], bare: Collection[int], read: Callable[[bytes], Any]
) -> HttpReply:
    """Return what the source answered, or raise SendError by its status, its type or its text."""
    status = begun.status
    if status in bare:
        await begun.read()  # a connection is kept only when its answer was read to the end
        return HttpReply(status)
    if status in _REFUSED:
        raise SendError(*_REFUSED[status])
    if status not in answered:
        raise SendError(Reason.SOURCE_ERROR, f"the source answered with status {status}")
    if not _is_json(begun.content_type):
        raise SendError(Reason.SOURCE_ERROR, "the source answered with something other than JSON")
    return HttpReply(status, read(await begun.read()))


def _is_json(content_type: str) -> bool:
    plain = content_type == "application/json"  # nearly always, and cheaper
    return plain or _JSON.fullmatch(content_type.partition(";")[0].strip()) is not None


_TRANSLATIONS: tuple[tuple[type[Exception], Reason, str], ...] = (
    (httpx.TimeoutException, Reason.SOURCE_TIMEOUT, "no connection or no answer in time"),
    (BodyTooLarge, Reason.SOURCE_ERROR, "the answer is longer than allowed"),
    (httpx.ConnectError, Reason.SOURCE_ERROR, "no connection can be made"),
    (httpx.HTTPError, Reason.SOURCE_ERROR, "the connection broke, or the answer was not HTTP"),
    (httpx.InvalidURL, Reason.SOURCE_ERROR, "what is asked makes no URL, or one that is too long"),
)
"""The first row that fits says what httpx's exception is in the words of `send`."""


def _translated(error: Exception) -> SendError:
    if isinstance(error, JsonError):
        return SendError(Reason.SOURCE_ERROR, str(error))
    return next(SendError(reason, text) for what, reason, text in _TRANSLATIONS if isinstance(error, what))


def _told(told: Told) -> tuple[tuple[str, Callable[[Call], str | None]], ...]:
    pairs = ((told.purpose, attrgetter("purpose")), (told.case, attrgetter("case")), (told.trace, attrgetter("trace")))
    return tuple((name, what) for name, what in pairs if name is not None)


def _is_header_value(value: str) -> bool:
    return value.isascii() and value.isprintable() and bool(value) and value == value.strip()


def _own_headers(source: str, headers: Mapping[str, str], *, forward_credential: bool) -> dict[str, str]:
    names = {name.lower() for name in headers}
    if forward_credential and "authorization" in names:
        raise ValueError(
            f"source {source}: got an Authorization header and forward_credential=True; a source is asked either with "
            "the adapter's own credential or with the caller's: leave one out"
        )
    for name, value in headers.items():
        if not _is_header_value(value):
            raise ValueError(
                f"source {source}: got a value for the header {name} that no header can hold; wanted ASCII"
            )
    return {"Accept-Encoding": "gzip", "User-Agent": "customer-view-gateway", **headers}


def _checked_base(source: str, base_url: str) -> str:
    if not is_plain_url(base_url):
        raise ValueError(
            f"source {source}: got a base_url that is no plain one; wanted http(s)://host/path without user, query and "
            "fragment (a credential goes in headers=)"
        )
    return base_url.rstrip("/")


def is_plain_url(base_url: str) -> bool:
    """Return whether calls can be made below this URL: it has a host, and neither user, query nor fragment."""
    try:
        url = httpx.URL(base_url)
        return url.scheme in ("http", "https") and bool(url.host) and not (url.userinfo or url.query or url.fragment)
    except (httpx.InvalidURL, ValueError):  # their texts print parts of the URL, and a password may be one
        return False

"""Calls for JSON over HTTP: what every source that answers so has in common on the wire."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

import httpx

from adapters.adapter import Call
from adapters.http.exact_json import JsonError, read_json
from adapters.http.statuses import REFUSED, error_of_status
from adapters.http.telling import Telling, Told, own_headers
from adapters.http.transport import AiohttpTransport, Begun, BodyTooLarge, HungUp, Place, open_client
from adapters.limits import Limits, SourceLimits, open_limits
from adapters.limits.signals import STANDARD, Signal, Signals
from adapters.sending import Cause, Ready, SendError
from schema.reasons import Reason

__all__ = ["HttpReply", "JsonWire", "WireOptions", "is_plain_url", "limits_of"]

_JSON = re.compile(r"(application|text)/([a-z0-9.+-]+\+)?json", re.IGNORECASE)
_ANSWERED = frozenset({200, 201, 203, 207})
_MOST_CONNECTIONS = 10_000
"""Of a wire whose calls are bounded by limits, which may be changed: as many as these may ever let."""

_SILENT = Signal()


@dataclass(frozen=True, slots=True)
class HttpReply:
    """The status of an answer, and its JSON; only an answer whose status says everything has none.

    `signal` is what an answer with an error's status says of the source's limits.
    """

    status: int
    body: Any = None
    signal: Signal = _SILENT

    def __repr__(self) -> str:
        return f"HttpReply(status={self.status})"


class WireOptions(TypedDict, total=False):
    """How a source is called: what its adapter takes by name and hands to `JsonWire`, whose defaults stand.

    `headers` go with every request: the adapter's own credential is one of them; none is ever printed. With
    `forward_credential` the caller's own token is sent instead, as a bearer token. `told` names the headers for
    purpose, case, trace and deadline. `limits` is what the source bears; without it `timeout` is the most seconds one
    call may take and `at_once` the most calls under way together, and with it they make it narrower. `max_body` is the
    most bytes of an answer, inflated. `tls` and `proxy` are the transport's.
    """

    headers: Mapping[str, str] | None
    forward_credential: bool
    told: Told | None
    timeout: float | None
    at_once: int
    limits: Limits | SourceLimits | None
    max_body: int
    tls: ssl.SSLContext | None
    proxy: str | None


_TIMEOUT = 10.0


def limits_of(source: str, options: WireOptions) -> SourceLimits:
    """Return the limits that a source's options declare, ready to be kept."""
    limits = options.get("limits")
    timeout = options.get("timeout", _TIMEOUT if limits is None else None)
    return open_limits(source, limits, timeout, options.get("at_once"))


class JsonWire:
    """Makes calls to one source. `accept` are the types of answers that are taken, the rest is said by WireOptions.

    Where calls are held to `limits`, that is done around this, in time and in number; what answers say of them is told
    to them. Without, `timeout` and `at_once` hold.
    """

    def __init__(
        self,
        source: str,
        base_url: str,
        *,
        accept: str,
        headers: Mapping[str, str] | None = None,
        forward_credential: bool = False,
        told: Told | None = None,
        timeout: float | None = _TIMEOUT,
        at_once: int = 100,
        limits: Limits | SourceLimits | None = None,
        max_body: int = 8 * 1024 * 1024,
        tls: ssl.SSLContext | None = None,
        proxy: str | None = None,
    ) -> None:
        self._timeout, self._limits = timeout, None if limits is None else open_limits(source, limits, None, None)
        own = {"Accept": accept, **own_headers(source, headers or {}, forward_credential=forward_credential)}
        self._telling = Telling(told or Told(), forward_credential=forward_credential)
        base = _checked_base(source, base_url)
        most = at_once if limits is None else _MOST_CONNECTIONS
        transport = AiohttpTransport(max_connections=most, max_body=max_body, tls=tls, proxy=proxy)
        self._client = open_client(transport, headers=own, timeout=timeout if limits is None else None)
        self._place = Place(self._client, base)

    @property
    def forwards_credential(self) -> bool:
        """Return whether the caller's own token is sent to the source."""
        return self._telling.forwards_credential

    @property
    def timeout(self) -> float | None:
        """Return the most seconds that one call may take now."""
        return self._timeout if self._limits is None else self._limits.limits.timeout

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
        said = self._telling.headers(call, has_body=body is not None)
        ready = self._telling.what_is_left(said, call, self.timeout, ready)
        try:
            begun = await self._place.begin("GET" if body is None else "POST", target, said, body, ready)
            try:
                return await self._read(begun, answered, bare, read)
            finally:
                await begun.aclose()
        except (httpx.HTTPError, httpx.InvalidURL, JsonError) as error:
            raise _translated(error) from None

    async def _read(
        self, begun: Begun, answered: Collection[int], bare: Collection[int], read: Callable[[bytes], Any]
    ) -> HttpReply:
        """Return what the source answered, or raise SendError by its status, its type or its text."""
        status, signals = begun.status, STANDARD if self._limits is None else self._limits.limits.signals
        if status in bare:
            await begun.read()  # a connection is kept only when its answer was read to the end
            return HttpReply(status)
        is_good = 200 <= status < 300
        if status in REFUSED or status not in answered or not (is_good or _is_json(begun.content_type)):
            body = await _read_code(begun) if status in signals.coded else None
            raise error_of_status(status, self._heard(signals, begun, body))
        if not _is_json(begun.content_type):
            raise SendError(Reason.SOURCE_ERROR, "the source answered with something other than JSON")
        body = read(await begun.read())
        if is_good and status not in signals.coded and not self._has_rates():
            return HttpReply(status, body)
        signal = self._heard(signals, begun, body)
        if signal.is_throttled:
            raise error_of_status(status, signal)
        return HttpReply(status, body, signal)

    def _has_rates(self) -> bool:
        return self._limits is not None and bool(self._limits.limits.rates)

    def _heard(self, signals: Signals, begun: Begun, body: object) -> Signal:
        """Return what an answer says of the source's limits; how much it says is left is told to them."""
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in begun.headers}
        signal = signals.read(begun.status, headers, body)
        if signal.left is not None and self._limits is not None and not self.forwards_credential:  # else: a caller's
            self._limits.left(signal.left)
        return signal


async def _read_code(begun: Begun) -> object:
    """Return the JSON of an answer that is an error, by which its code is known; None where it has none."""
    try:
        return read_json(await begun.read())
    except (httpx.HTTPError, JsonError):
        return None


def _is_json(content_type: str) -> bool:
    plain = content_type == "application/json"  # nearly always, and cheaper
    return plain or _JSON.fullmatch(content_type.partition(";")[0].strip()) is not None


_BROKEN = "the connection broke, or the answer was not HTTP"

_TRANSLATIONS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], Reason, str, Cause], ...] = (
    (httpx.TimeoutException, Reason.SOURCE_TIMEOUT, "no connection or no answer in time", Cause.FLEETING),
    (BodyTooLarge, Reason.SOURCE_ERROR, "the answer is longer than allowed", Cause.SICK),
    (httpx.ConnectError, Reason.SOURCE_ERROR, "no connection can be made", Cause.FLEETING),
    ((HungUp, httpx.NetworkError), Reason.SOURCE_ERROR, _BROKEN, Cause.FLEETING),
    (httpx.LocalProtocolError, Reason.SOURCE_ERROR, "what is asked cannot be sent", Cause.OURS),
    (httpx.HTTPError, Reason.SOURCE_ERROR, _BROKEN, Cause.SICK),
    (httpx.InvalidURL, Reason.SOURCE_ERROR, "what is asked makes no URL, or one that is too long", Cause.OURS),
)
"""The first row that fits says what httpx's exception is in the words of `send`."""


def _translated(error: Exception) -> SendError:
    if isinstance(error, JsonError):
        return SendError(Reason.SOURCE_ERROR, str(error))
    return next(
        SendError(reason, text, cause) for what, reason, text, cause in _TRANSLATIONS if isinstance(error, what)
    )


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

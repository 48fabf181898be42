"""REST sources: an adapter that is declared, not programmed."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from adapters.adapter import Batch, Call
from adapters.answers import Answer, Gone, Key, Missing
from adapters.http.exact_json import JsonError, read_json
from adapters.http.offers import HttpAsk, HttpOffer, InPath, make_ask, unaskable
from adapters.http.transport import AiohttpTransport, BodyTooLarge, open_client
from adapters.protocol import ProtocolAdapter
from adapters.records import is_there, read_path
from adapters.sending import SendError
from schema.reasons import Reason

__all__ = ["HttpAdapter", "HttpReply", "Told"]

_JSON = re.compile(r"(application|text)/([a-z0-9.+-]+\+)?json", re.IGNORECASE)
_HEADER_VALUE = re.compile(r"[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?")


@dataclass(frozen=True, slots=True)
class Told:
    """Names of the headers in which the source is told why it is asked; None: it is not told."""

    purpose: str | None = None
    case: str | None = None
    trace: str | None = None


@dataclass(frozen=True, slots=True)
class HttpReply:
    """The status of an answer, and its JSON; only an answer that says Missing or Gone has none."""

    status: int
    body: Any = None

    def __repr__(self) -> str:
        return f"HttpReply(status={self.status})"


class HttpAdapter(ProtocolAdapter[HttpAsk, HttpReply]):
    """An adapter for a source that answers JSON over HTTP.

    `base_url` is where the offers' paths begin. `headers` go with every request: the adapter's own credential is one
    of them; none is ever printed. With `forward_credential` the caller's own token is sent instead, as a bearer token.
    `told` names the headers for purpose, case and trace. `timeout` is the most seconds one call may take, `at_once`
    the most calls under way together, `max_body` the most bytes of an answer, inflated. `tls` and `proxy` are the
    transport's.

    A source of ordinary habits is a record and an offer:

        class CrmCustomer(Record):
            customer_since: date | None = Field(validation_alias=AliasPath("meta", "created"))
            segment: str | None

        crm = HttpAdapter(
            "crm",
            "https://crm.example/api",
            [
                HttpOffer(
                    name="customers",
                    serves="Customer",
                    record=CrmCustomer,
                    path="/customers",
                    key="id",
                    keys=InQuery("ids"),
                    fields=InQuery("fields"),
                    records="items",
                    absent=Missing,
                )
            ],
            headers={"Authorization": f"Bearer {token}"},
        )

    asks `GET /api/customers?ids=1,2,3&fields=id,meta` and knows by `id` which record is whose. What answers become:

        200, JSON                            the records in it, matched by key
        404, 410 with the key in the path    Missing, Gone
        401, 403                             SOURCE_AUTH
        429                                  SOURCE_RATE_LIMITED
        no connection or no byte in time     SOURCE_TIMEOUT
        all else                             SOURCE_ERROR: redirects, other statuses, other types, no JSON, too long
    """

    def __init__(
        self,
        source: str,
        base_url: str,
        offers: Sequence[HttpOffer],
        *,
        headers: Mapping[str, str] | None = None,
        forward_credential: bool = False,
        told: Told = Told(),
        timeout: float | None = 10.0,
        at_once: int = 100,
        max_body: int = 8 * 1024 * 1024,
        tls: ssl.SSLContext | None = None,
        proxy: str | None = None,
    ) -> None:
        super().__init__(source, offers, timeout=timeout, at_once=at_once)
        own = _own_headers(source, headers or {}, forward_credential=forward_credential)
        self._base_url = _checked_base(source, base_url)
        self._forward_credential, self._told = forward_credential, told
        transport = AiohttpTransport(max_connections=at_once, max_body=max_body, tls=tls, proxy=proxy)
        self._client = open_client(transport, headers=own, timeout=timeout)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    def _unaskable(self, batch: Batch, key: Key) -> Answer | None:
        return unaskable(_http(batch), key)

    def _asks(self, batch: Batch, keys: Sequence[Key]) -> HttpAsk:
        if batch.arguments:
            raise SendError(Reason.SOURCE_ERROR, "the offer takes no arguments")
        return make_ask(_http(batch), batch, keys)

    async def _make(self, ask: HttpAsk, call: Call) -> HttpReply:
        request = self._client.build_request(
            "GET" if ask.body is None else "POST",
            self._base_url + ask.target,
            headers=self._headers(ask, call),
            content=ask.body,
        )
        with _translated():
            response = await self._client.send(request, stream=True)
            try:
                return await _read(response, one_by_one=isinstance(_http(ask.batch).keys, InPath))
            finally:
                await response.aclose()

    def _headers(self, ask: HttpAsk, call: Call) -> dict[str, str]:
        """Return the headers that depend on the call; what a header cannot hold ends the call before it is sent."""
        told = self._told
        pairs = ((told.purpose, call.purpose), (told.case, call.case), (told.trace, call.trace))
        said = {name: value for name, value in pairs if name is not None and value is not None}
        if ask.body is not None:
            said["Content-Type"] = "application/json"
        if self._forward_credential:
            if call.credential is None:
                raise SendError(Reason.SOURCE_AUTH, "the caller's credential is to be forwarded, and there is none")
            said["Authorization"] = f"Bearer {call.credential}"
        if not all(map(_HEADER_VALUE.fullmatch, said.values())):
            raise SendError(Reason.SOURCE_ERROR, "what the source is to be told cannot stand in a header")
        return said

    def _read(self, batch: Batch, keys: Sequence[Key], ask: HttpAsk, reply: HttpReply) -> Mapping[Key, Answer]:
        if reply.status in _ABSENT:
            return dict.fromkeys(keys, _ABSENT[reply.status])
        return super()._read(batch, keys, ask, reply)

    def _records(self, ask: HttpAsk, reply: HttpReply) -> Iterable[object]:
        where, attributes = _http(ask.batch).records, _http(ask.batch).attributes
        found = reply.body if where is None else read_path(reply.body, where)
        if isinstance(found, Mapping):
            found = [found]
        if not is_there(found) or not isinstance(found, list):
            raise SendError(Reason.SOURCE_ERROR, "the answer holds no records where the offer says that they stand")
        there = [record for record in found if record is not None]  # some write null for a key they do not have
        return there if attributes is None else (_flat(record, attributes) for record in there)


_ABSENT: dict[int, Answer] = {404: Missing(), 410: Gone()}
_ANSWERED = frozenset({200, 201, 203, 207})
_REFUSED = {
    401: (Reason.SOURCE_AUTH, "the source answered 401: it does not know the credential"),
    403: (Reason.SOURCE_AUTH, "the source answered 403: the credential may not do this"),
    429: (Reason.SOURCE_RATE_LIMITED, "the source answered 429: too many calls"),
}


async def _read(response: httpx.Response, *, one_by_one: bool) -> HttpReply:
    """Return what the source answered, or raise SendError by its status, its type or its text."""
    status = response.status_code
    if one_by_one and status in _ABSENT:
        await response.aread()  # a connection is kept only when its answer was read to the end
        return HttpReply(status)
    if status in _REFUSED:
        raise SendError(*_REFUSED[status])
    if status not in _ANSWERED:
        raise SendError(Reason.SOURCE_ERROR, f"the source answered with status {status}")
    if not _JSON.fullmatch(response.headers.get("content-type", "").partition(";")[0].strip()):
        raise SendError(Reason.SOURCE_ERROR, "the source answered with something other than JSON")
    return HttpReply(status, read_json(await response.aread()))


def _flat(record: object, attributes: str) -> object:
    """Return the record with its attributes beside its own members; as it is where it has no attributes."""
    inner = record.get(attributes) if isinstance(record, Mapping) else None
    return {**inner, **record} if isinstance(record, Mapping) and isinstance(inner, Mapping) else record


@contextmanager
def _translated() -> Iterator[None]:
    """Say httpx's exceptions, and JSON's, in the words of `send`."""
    try:
        yield
    except httpx.TimeoutException:
        raise SendError(Reason.SOURCE_TIMEOUT, "no connection or no answer in time") from None
    except BodyTooLarge:
        raise SendError(Reason.SOURCE_ERROR, "the answer is longer than allowed") from None
    except httpx.ConnectError:
        raise SendError(Reason.SOURCE_ERROR, "no connection can be made") from None
    except httpx.HTTPError:
        raise SendError(Reason.SOURCE_ERROR, "the connection broke, or the answer was not HTTP") from None
    except JsonError as error:
        raise SendError(Reason.SOURCE_ERROR, str(error)) from None


def _http(batch: Batch) -> HttpOffer:
    assert isinstance(batch.offer, HttpOffer), f"got an offer of type {type(batch.offer).__name__}; wanted HttpOffer"
    return batch.offer


def _own_headers(source: str, headers: Mapping[str, str], *, forward_credential: bool) -> dict[str, str]:
    names = {name.lower() for name in headers}
    if forward_credential and "authorization" in names:
        raise ValueError(
            f"source {source}: got an Authorization header and forward_credential=True; a source is asked either with "
            "the adapter's own credential or with the caller's: leave one out"
        )
    for name, value in headers.items():
        if not _HEADER_VALUE.fullmatch(value):
            raise ValueError(
                f"source {source}: got a value for the header {name} that no header can hold; wanted ASCII"
            )
    return {"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "customer-view-gateway", **headers}


def _checked_base(source: str, base_url: str) -> str:
    if not _is_plain(base_url):
        raise ValueError(
            f"source {source}: got a base_url that is no plain one; wanted http(s)://host/path without user, query and "
            "fragment (a credential goes in headers=)"
        )
    return base_url.rstrip("/")


def _is_plain(base_url: str) -> bool:
    try:
        url = httpx.URL(base_url)
        return url.scheme in ("http", "https") and bool(url.host) and not (url.userinfo or url.query or url.fragment)
    except (httpx.InvalidURL, ValueError):  # their texts print parts of the URL, and a password may be one
        return False

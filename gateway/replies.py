"""What goes back over HTTP: answers and refusals as bytes, and what a failure inside is called outside."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import PurePath
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

import orjson
from starlette.types import Send

from adapters.crossref import CrossReferenceError, SecretError
from gateway.accept import MediaType
from gateway.failure_log import OutageFilter
from gateway.refusals import NotTakenError, RequestCode
from gateway.service import NotOpenError
from gateway.telemetry.request_ids import as_logged
from resolvers.disclosure import AuditUnavailableError
from schema.deadline import Clock
from schema.reasons import Reason

__all__ = ["Reply", "answering", "code_of", "complete", "json_reply", "outages_told_seldom", "print_answer"]
__all__ += ["raw_headers", "refusal", "refusal_of", "send_reply"]

_ALWAYS: Mapping[str, str] = MappingProxyType(
    {
        "Cache-Control": "no-store",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "Vary": "Origin",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
)
"""The headers of every answer that does not say otherwise. TLS is ended elsewhere, so whether HSTS holds is said there.

Cross-Origin-Resource-Policy is for what a page embeds; a request by CORS does not meet it.
"""

_RAW = tuple((name.lower().encode(), value.encode()) for name, value in _ALWAYS.items())
_USUAL = {each: ((b"content-type", f"{each}; charset=utf-8".encode()), *_RAW) for each in MediaType}
"""The headers of an answer that has none of its own, but for its length and its request's id."""

_MOST_PLACES = 20
_FEW_PLACES = 3
"""Where the cross-reference failed is told by what it says: the way there is that of every look-up."""
_T = TypeVar("_T")
_NO_CONTENT = 204

_log = logging.getLogger(__name__)


class Reply(NamedTuple):
    """What goes back over HTTP. Every request makes one: a frozen dataclass takes three times as long to make."""

    status: int
    body: bytes
    media_type: MediaType = MediaType.JSON
    headers: Mapping[str, str] | None = None

    def __repr__(self) -> str:
        return f"Reply({self.status}, {len(self.body)} bytes, {self.media_type})"

    @property
    def all_headers(self) -> dict[str, str]:
        """Return every header of its own: those of every answer, and the length, come when it is sent."""
        return {"Content-Type": f"{self.media_type}; charset=utf-8", **(self.headers or {})}


async def answering(work: Callable[[], Awaitable[_T]], refused: Callable[[Exception], _T]) -> _T:
    """Return what the work returns, or else the reply that `refused` makes of its exception, whichever it is."""
    try:
        return await work()
    except Exception as error:  # noqa: BLE001  the last place that can keep the inside from the caller
        return refused(error)


def refusal(error: NotTakenError, media_type: MediaType = MediaType.JSON) -> Reply:
    """Return the reply to a request that was not taken, in the form of a GraphQL response."""
    content = {"errors": [{"message": error.message, "extensions": {"code": str(error.code), **error.about}}]}
    return Reply(error.status, orjson.dumps(content), media_type, error.headers)


def refusal_of(error: Exception, request_id: str, media_type: MediaType = MediaType.JSON) -> Reply:
    """Return the reply to a request during which this was raised, and log what is not the caller's to know.

    The exception's text goes nowhere, for it may hold a customer's value; only that of a CrossReferenceError, which
    never does, is logged. Of the request's id it is logged what is safe to log.
    """
    return refusal(_told(error, request_id), media_type)


def json_reply(content: Mapping[str, Any]) -> Reply:
    """Return the reply to a request for what is told as JSON."""
    return Reply(200, orjson.dumps(content))


def code_of(error: Exception) -> str:
    """Return the code by which a request is refused during which this was raised."""
    match error:
        case NotTakenError():
            return str(error.code)
        case NotOpenError() | CrossReferenceError():
            return str(RequestCode.UNAVAILABLE)
    return str(RequestCode.INTERNAL_ERROR)


def _told(error: Exception, request_id: str) -> NotTakenError:
    match error:
        case NotTakenError():
            return error
        case AuditUnavailableError():
            message = "What would be shown cannot be written down, so nothing is shown. Ask again later."
            return NotTakenError(503, RequestCode.AUDIT_UNAVAILABLE, message, {"Retry-After": "1"})
        case NotOpenError():
            return _unavailable("The gateway is not open yet, or no longer. Ask again later.")
        case CrossReferenceError():
            _log_outage(error, request_id)
            if isinstance(error, SecretError):  # asking again is of no use before it is given the secret
                message = "Who is meant cannot be looked up: this gateway lacks a secret. Tell its operator."
                return NotTakenError(503, RequestCode.UNAVAILABLE, message)
            return _unavailable("Who is meant cannot be looked up for now. Ask again later.")
    kind = _where(error, 1)
    told = "request %s failed: %s"
    _log.error(told, as_logged(request_id), _where(error, _MOST_PLACES), extra={"outage": kind})
    message = "The gateway failed. This is not the request's fault; tell the operator of the gateway."
    return NotTakenError(500, RequestCode.INTERNAL_ERROR, message)


def _unavailable(message: str) -> NotTakenError:
    return NotTakenError(503, RequestCode.UNAVAILABLE, message, {"Retry-After": "1"})


def _log_outage(error: CrossReferenceError, request_id: str) -> None:
    told = "request %s: the cross-reference cannot be read: %s (%s)"
    kind = (type(error).__name__, str(error))
    _log.error(told, as_logged(request_id), error, _where(error, _FEW_PLACES), extra={"outage": kind})


@contextmanager
def outages_told_seldom(clock: Clock) -> Iterator[None]:
    """Have what each request can meet logged once in ten seconds, for as long as the context lasts."""
    seldom = OutageFilter(clock)
    _log.addFilter(seldom)
    try:
        yield
    finally:
        _log.removeFilter(seldom)


def _where(error: Exception, most: int) -> str:
    """Return the exception's type and the last places that it went through, the innermost first."""
    places = traceback.extract_tb(error.__traceback__, limit=-most)
    told = [f"{one.name} ({PurePath(one.filename).name}:{one.lineno})" for one in reversed(places)]
    return f"{type(error).__name__} in {' < '.join(told)}"


def print_answer(answer: Mapping[str, Any]) -> bytes:
    """Return a GraphQL response as JSON.

    A customer with a value that JSON cannot hold (half a character, a number of more than 64 bits, nesting without
    end) is null with VALUE_INVALID. Every root field and every entry of one is nullable, so a null there is always
    allowed.
    """
    try:
        return orjson.dumps(answer)
    except TypeError:
        told = "an answer held a value that JSON cannot hold; the customers who have one were left out"
        _log.error(told, extra={"outage": told})
        return orjson.dumps(_without_unprintable(answer))


def _without_unprintable(answer: Mapping[str, Any]) -> dict[str, Any]:
    errors: list[Mapping[str, Any]] = [*answer.get("errors", ())]
    data = {
        name: [_printable(one, [name, place], errors) for place, one in enumerate(value)]
        if isinstance(value, list)
        else _printable(value, [name], errors)
        for name, value in answer["data"].items()
    }
    return {**answer, "data": data, "errors": errors}


def _printable(value: object, path: list[str | int], errors: list[Mapping[str, Any]]) -> object:
    with suppress(TypeError):
        orjson.dumps(value)
        return value
    reason = Reason.VALUE_INVALID
    extensions = {"code": str(reason), "remedy": reason.remedy}
    errors.append({"message": reason.message, "path": path, "extensions": extensions})
    return None


async def send_reply(reply: Reply, send: Send, request_id: str) -> None:
    """Send the reply, unless the client has gone."""
    try:
        headers = raw_headers(reply, request_id)
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body})
    except OSError:  # what ASGI has `send` raise then
        return


def raw_headers(reply: Reply, request_id: str) -> list[tuple[bytes, bytes]]:
    """Return every header of the reply, as ASGI has them."""
    known_as = (b"x-request-id", request_id.encode())
    length = (b"content-length", b"%d" % len(reply.body))
    if not reply.headers and reply.status != _NO_CONTENT:
        return [length, *_USUAL[reply.media_type], known_as]
    content = () if reply.status == _NO_CONTENT else (length, _USUAL[reply.media_type][0])
    own = [(name.lower().encode(), value.encode()) for name, value in (reply.headers or {}).items()]
    return complete([*content, *own], request_id)


def complete(headers: Iterable[tuple[bytes, bytes]], request_id: str) -> list[tuple[bytes, bytes]]:
    """Return the headers of an answer with those that every one has; what it says itself stays."""
    given = [*headers]
    said = {name.lower() for name, _ in given}
    always = [(name, value) for name, value in _RAW if name not in said]
    return [*given, *always, (b"x-request-id", request_id.encode())]

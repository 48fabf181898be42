"""What goes back over HTTP: answers and refusals as bytes, and what a failure inside is called outside."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import PurePath
from types import MappingProxyType
from typing import Any

import orjson
from starlette.types import Send

from adapters.crossref import CrossReferenceError
from gateway.requests import BadRequestError, MediaType, RequestCode
from gateway.service import NotOpenError
from schema.reasons import Reason

__all__ = ["ALWAYS", "Reply", "print_answer", "refusal", "refusal_of", "send_reply"]

ALWAYS: Mapping[str, str] = MappingProxyType({"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"})
"""The headers of every answer."""

_MOST_PLACES = 20

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back over HTTP."""

    status: int
    body: bytes = field(repr=False)
    media_type: str = MediaType.JSON
    headers: Mapping[str, str] | None = None

    @property
    def all_headers(self) -> dict[str, str]:
        """Return every header but the length."""
        return {"Content-Type": f"{self.media_type}; charset=utf-8", **ALWAYS, **(self.headers or {})}


def refusal(error: BadRequestError) -> Reply:
    """Return the reply to a request that was not taken, in the form of a GraphQL response."""
    content = {"errors": [{"message": error.message, "extensions": {"code": str(error.code)}}]}
    return Reply(error.status, orjson.dumps(content), headers=error.headers)


def refusal_of(error: Exception) -> Reply:
    """Return the reply to a request during which this was raised, and log what is not the caller's to know.

    The exception's text goes nowhere, for it may hold a customer's value; only that of a CrossReferenceError, which
    never does, is logged.
    """
    match error:
        case BadRequestError():
            return refusal(error)
        case NotOpenError():
            return refusal(_unavailable("The gateway is not open yet, or no longer. Ask again later."))
        case CrossReferenceError():
            _log.error("the cross-reference cannot be read: %s (%s)", error, _where(error))
            return refusal(_unavailable("Who is meant cannot be looked up for now. Ask again later."))
    _log.error("a request failed: %s", _where(error))
    message = "The gateway failed. This is not the request's fault; tell the operator of the gateway."
    return refusal(BadRequestError(500, RequestCode.INTERNAL_ERROR, message))


def _unavailable(message: str) -> BadRequestError:
    return BadRequestError(503, RequestCode.UNAVAILABLE, message, {"Retry-After": "1"})


def _where(error: Exception) -> str:
    """Return the exception's type and the places that it went through, the innermost first."""
    places = traceback.extract_tb(error.__traceback__, limit=-_MOST_PLACES)
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
        _log.error("an answer held a value that JSON cannot hold; the customers who have one were left out")
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


async def send_reply(reply: Reply, send: Send) -> None:
    """Send the reply, unless the client has gone."""
    with suppress(OSError):  # what ASGI has `send` raise then
        await send({"type": "http.response.start", "status": reply.status, "headers": [*_raw_headers(reply)]})
        await send({"type": "http.response.body", "body": reply.body})


def _raw_headers(reply: Reply) -> Iterator[tuple[bytes, bytes]]:
    for name, value in {**reply.all_headers, "Content-Length": str(len(reply.body))}.items():
        yield name.lower().encode("latin-1"), value.encode("latin-1")

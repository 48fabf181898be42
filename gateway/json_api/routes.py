"""A route that reads its body within bounds, answers in its time, and tells every error in one form."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive

from gateway.alarms import Alarms
from gateway.bodies import body_late, read_body, refuse_body
from gateway.headers import Headers, read_headers
from gateway.refusals import NotTakenError, RequestCode
from gateway.replies import answering
from gateway.strict_json import read_strictly

__all__ = ["Terms", "bounded_route"]


@dataclass(frozen=True, slots=True)
class Terms:
    """On which terms a route answers.

    Bodies have `most_bytes`, and an answer comes within `seconds`: `late` is what is told else. `refused` tells an
    error that was raised. `alarms` are those of the gateway that a request is for.
    """

    most_bytes: int
    seconds: float
    alarms: Callable[[Request], Alarms]
    refused: Callable[[Request, Exception], Response]
    late: Callable[[], NotTakenError]


def bounded_route(terms: Terms) -> type[APIRoute]:
    """Return the class of a route on these terms. GET takes no body, every other method nothing in the URL, and DELETE
    neither."""

    class Bounded(_BoundedRoute):
        _terms = terms

    return Bounded


_WITHOUT_BODY = ("GET", "DELETE")


class _BoundedRoute(APIRoute):
    _terms: ClassVar[Terms]

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request, whatever happens."""
        handler = super().get_route_handler()

        async def answered(request: Request) -> Response:
            return await answering(partial(self._answer, handler, request), partial(self._terms.refused, request))

        return answered

    async def _answer(self, handler: Callable[[Request], Awaitable[Response]], request: Request) -> Response:
        with self._terms.alarms(request).set(self._terms.seconds, body_late) as alarm:
            taken = await self._taken(request)
            alarm.late = self._terms.late
            return await handler(taken)

    async def _taken(self, request: Request) -> Request:
        headers = read_headers(request.headers.raw)
        scope = {**request.scope, "headers": [*headers.items()]}
        if request.method != "GET":
            _check_url(request)
        if request.method in _WITHOUT_BODY:
            refuse_body(headers)
            return Request(scope, request.receive)
        body = await self._body(request, headers)
        return Request(scope, _again(body, request.receive))

    async def _body(self, request: Request, headers: Headers) -> bytes:
        body = await read_body(request.receive, headers, self._terms.most_bytes)
        _check_json(body)
        return body


def _check_url(request: Request) -> None:
    if request.scope["query_string"]:
        message = "This path takes nothing in the URL, which ends up in logs. Send it in the body."
        raise NotTakenError(400, RequestCode.BAD_REQUEST, message)


def _again(body: bytes, receive: Receive) -> Receive:
    """Return what gives a body that has been read once more, and then what follows: that the client has gone."""
    whole = [{"type": "http.request", "body": body, "more_body": False}]

    async def received() -> MutableMapping[str, Any]:
        return whole.pop() if whole else await receive()

    return received


def _check_json(body: bytes) -> None:
    """Refuse what two readers could take for different things.

    Raises:
        NotTakenError: 400, it is no JSON in UTF-8, or has a member twice.
    """
    try:
        read_strictly(body)
    except ValueError:
        message = "The body is not JSON in UTF-8, has a member twice, or is nested too deeply. Send one JSON object."
        raise NotTakenError(400, RequestCode.BAD_REQUEST, message) from None

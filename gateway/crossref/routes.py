"""One operation of the API, and the bounds in which it is answered: of its body, and of its time."""

from __future__ import annotations

import inspect
import json
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, MutableMapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from fastapi import Depends, FastAPI
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive

from gateway.bodies import body_late, read_body, refuse_body
from gateway.crossref.asking import Asking, allowed
from gateway.crossref.refusals import REFUSALS, WRITE_REFUSALS, refused
from gateway.headers import Headers, read_headers
from gateway.refusals import NotTakenError, RequestCode
from gateway.replies import answering
from schema.caller import CrossrefRole

__all__ = ["LONG", "Operation"]

_SECONDS = 30.0
"""How long an operation may take. A write waits for those before it, and is finished all the same when that is over."""

LONG = 600.0
"""The same for one that reads everything."""

_EVENTS: Mapping[int | str, dict[str, Any]] = {
    200: {"description": "Events.", "content": {"text/event-stream": {"schema": {"type": "string"}}}}
}


@dataclass(frozen=True, slots=True)
class Operation:
    """What is done at a path by a method, and for whom. Its docstring is the documentation, the first line the summary.

    `is_write` is whether it can be in conflict with what stands, `is_stream` whether it answers events. `seconds` is
    the time that it has until it answers.
    """

    method: str
    path: str
    endpoint: Callable[..., Any]
    roles: Collection[CrossrefRole]
    is_write: bool = False
    seconds: float = _SECONDS
    is_stream: bool = False

    def add_to(self, api: FastAPI, most_bytes: int) -> None:
        """Add it to the application; bodies have at most so many bytes."""
        summary, _, description = (inspect.getdoc(self.endpoint) or "").partition("\n")
        api.router.add_api_route(
            self.path,
            self.endpoint,
            methods=[self.method],
            summary=summary.rstrip("."),
            description=f"{description.strip()}\n\nFor the role {' or '.join(sorted(self.roles))}.".strip(),
            operation_id=self.endpoint.__name__,
            dependencies=[Depends(allowed(self.roles))],
            responses={**REFUSALS, **(WRITE_REFUSALS if self.is_write else {}), **(_EVENTS if self.is_stream else {})},
            route_class_override=_bounded_route(most_bytes, self.seconds),
            response_class=StreamingResponse if self.is_stream else JSONResponse,
        )


class _BoundedRoute(APIRoute):
    """A route that reads its body within bounds, answers in its time, and tells every error in one form."""

    _most_bytes: ClassVar[int]
    _seconds: ClassVar[float]

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request, whatever happens."""
        handler = super().get_route_handler()

        async def answered(request: Request) -> Response:
            work = partial(self._answer, handler, request)
            tells = request.state.asking.tells_erased
            return await answering(work, lambda error: refused(error, request.state.request_id, tells_erased=tells))

        return answered

    async def _answer(self, handler: Callable[[Request], Awaitable[Response]], request: Request) -> Response:
        asking: Asking = request.state.asking
        with asking.alarms.set(self._seconds, body_late) as alarm:
            taken = await self._taken(request)
            alarm.late = _late
            return await handler(taken)

    async def _taken(self, request: Request) -> Request:
        headers = read_headers(request.headers.raw)
        scope = {**request.scope, "headers": [*headers.items()]}
        if request.method == "GET":
            refuse_body(headers)
            return Request(scope, request.receive)
        body = await self._body(request, headers)
        return Request(scope, _again(body, request.receive))

    async def _body(self, request: Request, headers: Headers) -> bytes:
        if request.scope["query_string"]:
            message = "This path takes nothing in the URL, which ends up in logs. Send it in the body."
            raise NotTakenError(400, RequestCode.BAD_REQUEST, message)
        body = await read_body(request.receive, headers, self._most_bytes)
        _check_json(body)
        return body


def _bounded_route(most_bytes: int, seconds: float) -> type[APIRoute]:
    class Bounded(_BoundedRoute):
        _most_bytes, _seconds = most_bytes, seconds

    return Bounded


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
        json.loads(body.decode(), object_pairs_hook=_each_once, parse_constant=_no_number)
    except (ValueError, RecursionError):
        message = "The body is not JSON in UTF-8, has a member twice, or is nested too deeply. Send one JSON object."
        raise NotTakenError(400, RequestCode.BAD_REQUEST, message) from None


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a member stands twice")
    return members


def _no_number(_: str) -> None:
    raise ValueError("NaN and Infinity are no JSON")


def _late() -> NotTakenError:
    message = (
        "The time was over before there was an answer; a write may be made yet. Ask again with its Idempotency-Key."
    )
    return NotTakenError(504, RequestCode.DEADLINE_EXCEEDED, message)

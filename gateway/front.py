"""The front door: a raw ASGI route for GraphQL, ahead of everything else that the gateway serves.

A raw route costs a quarter of a routed one (12 against 45 microseconds a request, measured with uvicorn), and GraphQL
is what nearly every request is for.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import TypeVar

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.replies import Reply, print_answer, refusal_of, send_reply
from gateway.requests import BadRequestError, MediaType, RequestCode, parse_request, read_body, wanted_media_type
from gateway.service import Service
from resolvers import RefusedError, Request
from schema.caller import Caller
from schema.deadline import Clock, Deadline
from schema.reasons import Reason
from schema.views import View

__all__ = ["Front"]

_PATH = re.compile(r"/views/([^/]+)/graphql")
_MOST_RESERVED = 0.1

_T = TypeVar("_T")


class Front:
    """Answers GraphQL and hands everything else on. `service` gives the open gateway, once it is open."""

    def __init__(self, inner: ASGIApp, service: Callable[[], Service], *, most_bytes: int, clock: Clock) -> None:
        self._inner, self._service = inner, service
        self._most_bytes, self._clock = most_bytes, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path = _PATH.fullmatch(_route(scope)) if scope["type"] == "http" else None
        if path is None:
            await self._inner(scope, receive, send)
            return
        await send_reply(await self._reply(scope, receive, path[1]), send)

    async def _reply(self, scope: Scope, receive: Receive, view_id: str) -> Reply:
        try:
            return await self._answer(scope, receive, view_id)
        except Exception as error:  # noqa: BLE001  the last place that can keep the inside from the caller
            return refusal_of(error)

    async def _answer(self, scope: Scope, receive: Receive, view_id: str) -> Reply:
        started, service, headers = self._clock(), self._service(), Headers(scope=scope)
        caller = service.caller(headers)
        view = service.find(caller, view_id)
        if scope["method"] != "POST":
            message = "GraphQL is asked by POST here."
            raise BadRequestError(405, RequestCode.METHOD_NOT_ALLOWED, message, {"Allow": "POST"})
        media_type = wanted_media_type(headers)
        deadline = Deadline(started + view.limits.deadline_ms / 1000, self._clock)
        body = await _by(deadline, lambda: read_body(receive, headers, self._most_bytes), _body_late)
        return await self._ask(service, view, parse_request(body), caller, deadline, media_type)

    async def _ask(
        self, service: Service, view: View, request: Request, caller: Caller, deadline: Deadline, media_type: MediaType
    ) -> Reply:
        engine, until = service.engine, _for_sources(view, deadline)
        try:
            answer = await _by(deadline, lambda: engine.answer(view, request, caller, until), _answer_late)
            return Reply(200, print_answer(answer), media_type)
        except RefusedError as error:
            status = 400 if media_type is MediaType.RESPONSE else 200
            return Reply(status, print_answer({"errors": error.formatted()}), media_type)


def _route(scope: Scope) -> str:
    """Return the path below the place where the application is mounted."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


def _for_sources(view: View, deadline: Deadline) -> Deadline:
    """Return the moment at which sources are no longer waited for.

    A tenth of the time, or 0.1 s, is kept for putting together what has come by then.
    """
    return Deadline(deadline.at - min(view.limits.deadline_ms / 10_000, _MOST_RESERVED), deadline.clock)


async def _by(deadline: Deadline, work: Callable[[], Awaitable[_T]], late: Callable[[], BadRequestError]) -> _T:
    """Return the work's result, or end it at the deadline and raise what `late` returns."""
    if deadline.is_over():
        raise late()
    try:
        async with asyncio.timeout(deadline.remaining()) as scope:
            return await work()
    except TimeoutError:
        if scope.expired():
            raise late() from None
        raise


def _body_late() -> BadRequestError:
    message = "The body was not whole when the request's time was over. Send it faster, or send less."
    return BadRequestError(408, RequestCode.REQUEST_TIMEOUT, message, {"Connection": "close"})


def _answer_late() -> BadRequestError:
    message = f"The request's time was over before there was an answer. {Reason.DEADLINE_EXCEEDED.remedy}"
    return BadRequestError(504, RequestCode.DEADLINE_EXCEEDED, message)

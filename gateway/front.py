"""The front door: a raw ASGI route for GraphQL, ahead of everything else that the gateway serves.

A raw route costs a quarter of a routed one (12 against 45 microseconds a request, measured with uvicorn), and GraphQL
is what nearly every request is for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, MutableMapping
from dataclasses import replace
from typing import Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.exchange import Arrival, Exchange
from gateway.replies import Reply, answering, complete, send_reply
from gateway.request_id import request_id
from gateway.service import Service
from schema.deadline import Clock

__all__ = ["Front"]

_PATH = re.compile(r"/graphql|/views/([^/]+)/graphql")
_NO_CONTENT = 204


class Front:
    """Answers GraphQL and hands everything else on. `service` gives the open gateway, once it is open.

    Whoever answers, the answer has the headers that every one has, and the request's id.
    """

    def __init__(self, inner: ASGIApp, service: Callable[[], Service], *, most_bytes: int, clock: Clock) -> None:
        self._inner, self._service, self._clock = inner, service, clock
        self._exchange = Exchange(most_bytes, clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        headers = Headers(scope=scope)
        known_as = request_id(headers)
        path = _PATH.fullmatch(_route(scope))
        if path is None:
            await self._inner(_with_id(scope, known_as), receive, _completing(send, known_as))
            return
        arrival = Arrival(scope, receive, headers, path[1], known_as, self._clock())
        await send_reply(await answering(lambda: self._reply(arrival), arrival.refused), send, known_as)

    async def _reply(self, arrival: Arrival) -> Reply:
        """Return the reply. Once it is known who asks, a page of theirs may read it, whatever it says."""
        service = self._service()
        if arrival.scope["method"] == "OPTIONS":
            return Reply(_NO_CONTENT, b"", headers=service.preflight(arrival.headers))
        caller = service.caller(arrival.headers)
        reply = await self._exchange.reply(service, caller, arrival)
        shared = service.shared_with(caller, arrival.headers)
        return replace(reply, headers={**(reply.headers or {}), **shared}) if shared else reply


def _route(scope: Scope) -> str:
    """Return the path below the place where the application is mounted."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


def _with_id(scope: Scope, request_id: str) -> Scope:
    return {**scope, "state": {**scope.get("state", {}), "request_id": request_id}}


def _completing(send: Send, request_id: str) -> Send:
    async def completed(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": complete(message.get("headers", ()), request_id)}
        await send(message)

    return completed

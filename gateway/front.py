"""The front door: a raw ASGI route for GraphQL, ahead of everything else that the gateway serves.

A raw route costs a quarter of a routed one (12 against 45 microseconds a request, measured with uvicorn), and GraphQL
is what nearly every request is for.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.exchange import Arrival, Exchange
from gateway.graphql_path import named_in
from gateway.hang_ups import CLIENT_CLOSED
from gateway.headers import read_headers
from gateway.replies import Reply, code_of, complete, send_reply
from gateway.request_id import request_id
from gateway.service import Service
from gateway.telemetry.request_ids import RequestIds, answering
from schema.caller import Caller

__all__ = ["Front"]

_NO_CONTENT = 204


class Front:
    """Answers GraphQL and hands everything else on. `service` gives the open gateway, once it is open.

    Whoever answers, the answer has the headers that every one has, and the request's id. `exchange` answers requests of
    known callers.
    """

    def __init__(self, inner: ASGIApp, service: Callable[[], Service], exchange: Exchange) -> None:
        self._inner, self._service, self._clock, self._exchange = inner, service, exchange.clock, exchange

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        headers = read_headers(scope["headers"])
        known_as = request_id(headers)
        answering.set(RequestIds(known_as))
        segment = _segment(scope)
        if segment is None:
            await self._inner(_with_id(scope, known_as), receive, _completing(send, known_as))
            return
        arrival = Arrival(scope, receive, headers, segment, known_as, self._clock())
        reply = await self._reply(arrival)
        if reply.status != CLIENT_CLOSED:  # there is nobody to send it to
            await send_reply(reply, send, known_as)

    async def _reply(self, arrival: Arrival) -> Reply:
        """Return the reply, whatever happens. Once it is known who asks, a page of theirs may read what it says."""
        caller: Caller | None = None
        try:
            service = self._service()
            if arrival.scope["method"] == "OPTIONS":
                return Reply(_NO_CONTENT, b"", headers=service.preflight(arrival.headers))
            caller = service.caller(arrival.headers)
            answer = self._exchange.answer if service.tracing is None else self._traced
            reply = await answer(service, caller, arrival)
        except Exception as error:  # noqa: BLE001  the last place that can keep the inside from the caller
            reply = arrival.refused(error)
        if caller is None or b"origin" not in arrival.headers:
            return reply
        return reply._replace(headers={**(reply.headers or {}), **service.shared_with(caller, arrival.headers)})

    async def _traced(self, service: Service, caller: Caller, arrival: Arrival) -> Reply:
        """Return the reply, and have the trace of the request end with it where there is one."""
        assert service.tracing is not None
        names_view = bool(arrival.segment)
        trace = service.tracing.begin(arrival.scope, arrival.headers, caller.consumer, names_view=names_view)
        if trace is None:
            return await self._exchange.answer(service, caller, arrival)
        answering.set(RequestIds(arrival.request_id, *trace.ids))
        status: int | None = None
        try:
            reply = await self._exchange.answer(service, caller, arrival._replace(trace=trace))
            status = reply.status
        except Exception as error:  # noqa: BLE001  as of `_reply`: the trace tells with which status it leaves
            trace.refused(code_of(error))
            reply = arrival.refused(error)
            status = reply.status
        finally:
            trace.end(status)
        return reply


def _segment(scope: Scope) -> str | None:
    """Return what names the view in the path, empty where nothing does; None where the path is not of GraphQL.

    The part of the path that belongs to the place where the application is mounted does not count.
    """
    path: str = scope["path"]
    return named_in(path.removeprefix(scope.get("root_path", "")))


def _with_id(scope: Scope, request_id: str) -> Scope:
    return {**scope, "state": {**scope.get("state", {}), "request_id": request_id}}


def _completing(send: Send, request_id: str) -> Send:
    async def completed(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": complete(message.get("headers", ()), request_id)}
        await send(message)

    return completed

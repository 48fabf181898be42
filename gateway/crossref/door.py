"""Who comes in: consumers with a role in the cross-reference. To anybody else nothing is there."""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.crossref.asking import Asking, Places
from gateway.headers import Headers, read_headers
from gateway.refusals import not_at_this_path
from gateway.replies import refusal_of
from gateway.service import Service
from schema.caller import CrossrefRole

__all__ = ["Door"]

_ROLES = frozenset(CrossrefRole)
_MOST_STREAMS = 50
"""Streams of changes at once. Each reads the table four times a second."""
_MOST_CHECKS = 1
"""Verifications at once: each reads the whole log."""


class Door:
    """Hands requests on to what `inner` gives, with who asks in the state as `asking`; answers all others itself."""

    def __init__(self, inner: Callable[[], ASGIApp], service: Callable[[], Service]) -> None:
        self._inner, self._service = inner, service
        self._streams, self._checks = Places(_MOST_STREAMS), Places(_MOST_CHECKS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve ASGI."""
        if scope["type"] != "http":
            await self._inner()(scope, receive, send)
            return
        state = scope["state"]
        try:
            asking = self._asking(read_headers(scope["headers"]))
        except Exception as error:  # noqa: BLE001  the last place that can keep the inside from the caller
            reply = refusal_of(error, state["request_id"])
            await Response(reply.body, reply.status, reply.all_headers)(scope, receive, send)
            return
        await self._inner()({**scope, "state": {**state, "asking": asking}}, receive, send)

    def _asking(self, headers: Headers) -> Asking:
        service = self._service()
        caller = service.caller(headers)
        if service.crossref is None or not caller.roles & _ROLES:
            raise not_at_this_path()
        return Asking(
            caller.consumer,
            caller.roles,
            service.consumers.crossref_sources[caller.consumer],
            service.crossref,
            service.engine.model,
            service.alarms,
            service.rates,
            service.noting,
            self._streams,
            self._checks,
        )

"""Who comes in: privacy officers, where the gateway keeps audit. Nobody looks who is not written down."""

from __future__ import annotations

from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.headers import Headers, read_headers
from gateway.json_api import response_of
from gateway.privacy.asking import Asking
from gateway.privacy.counts import Counts
from gateway.refusals import NotTakenError, RequestCode, not_at_this_path
from gateway.replies import refusal_of
from gateway.service import Service
from schema.caller import CrossrefRole

__all__ = ["Door"]


class Door:
    """Hands requests on to what `inner` gives, with who asks in the state as `asking`; answers all others itself."""

    def __init__(self, inner: Callable[[], ASGIApp], service: Callable[[], Service]) -> None:
        self._inner, self._service = inner, service
        self._counts = Counts()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve ASGI."""
        if scope["type"] != "http":
            await self._inner()(scope, receive, send)
            return
        state = scope["state"]
        try:
            asking = self._asking(read_headers(scope["headers"]))
        except Exception as error:  # noqa: BLE001  the last place that can keep the inside from the caller
            await response_of(refusal_of(error, state["request_id"]))(scope, receive, send)
            return
        await self._inner()({**scope, "state": {**state, "asking": asking}}, receive, send)

    def _asking(self, headers: Headers) -> Asking:
        service = self._service()
        caller = service.caller(headers)
        if service.audit is None:
            raise not_at_this_path()
        if CrossrefRole.PRIVACY_OFFICER not in caller.roles:
            message = f"This is for consumers with the role {CrossrefRole.PRIVACY_OFFICER}. Have it added."
            raise NotTakenError(403, RequestCode.ROLE_NEEDED, message)
        return Asking(caller, service, service.audit, self._counts)

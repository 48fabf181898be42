"""An API of JSON as an application, and the door before it, where it is found out who asks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from fastapi import FastAPI, Security
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.headers import Headers, read_headers
from gateway.json_api.refusals import response_of
from gateway.refusals import not_at_this_path
from gateway.replies import refusal, refusal_of
from gateway.telemetry.metrics import Routed

__all__ = ["AskingDoor", "empty_api"]


class AskingDoor(ABC):
    """Hands requests on to what `inner` gives, with who asks in the state as `asking`; answers all others itself."""

    def __init__(self, inner: Callable[[], ASGIApp]) -> None:
        self._inner = inner

    @abstractmethod
    def asking(self, headers: Headers) -> object:
        """Return who asks, by the headers of a request; raise where nobody is let in."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve ASGI."""
        if scope["type"] != "http":
            await self._inner()(scope, receive, send)
            return
        state = scope["state"]
        try:
            asking = self.asking(read_headers(scope["headers"]))
        except Exception as error:  # noqa: BLE001  the last place that can keep the inside from the caller
            await response_of(refusal_of(error, state["request_id"]))(scope, receive, send)
            return
        await Routed(self._inner())({**scope, "state": {**state, "asking": asking}}, receive, send)


def empty_api(title: str, about: str) -> FastAPI:
    """Return an application to which operations are added; it keeps nothing of who asks or what is asked."""
    api = FastAPI(
        title=title,
        version="1",
        description=about,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        dependencies=[Security(HTTPBearer(auto_error=False))],
    )
    api.exception_handler(HTTPException)(_not_here)
    return api


async def _not_here(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return response_of(refusal(not_at_this_path(error.status_code, error.headers)))

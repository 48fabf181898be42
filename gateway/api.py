"""Everything that is not GraphQL: a view's SDL, and whether the gateway lives and is ready."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import PlainTextResponse
from starlette.exceptions import HTTPException

from gateway.front import refusal
from gateway.requests import BadRequestError, RequestCode
from gateway.service import Service

__all__ = ["make_api"]

_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def make_api(service: Callable[[], Service], lifespan: Callable[[FastAPI], Any]) -> FastAPI:
    """Return the application behind the GraphQL route. `service` raises RuntimeError while the gateway is not open."""
    api = FastAPI(title="customer-view-gateway", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)

    @api.get("/views/{view}/schema.graphql", response_class=PlainTextResponse)
    async def sdl(view: str, request: Request) -> Response:
        name, _, version = view.partition("@")
        if version and not (version.isascii() and version.isdecimal() and len(version) <= 6):
            raise BadRequestError(404, RequestCode.VIEW_UNKNOWN, "A version is a whole number, as in support-call@1.")
        opened = service()
        found = opened.view(opened.caller(request.headers), name, version or None)
        return PlainTextResponse(opened.engine.schema_of(found).sdl(), headers=_HEADERS)

    @api.get("/health/live")
    async def live() -> Response:
        return PlainTextResponse("live\n", headers=_HEADERS)

    @api.get("/health/ready")
    async def ready() -> Response:
        try:
            service()
        except RuntimeError:
            return PlainTextResponse("not ready\n", status_code=503, headers=_HEADERS)
        return PlainTextResponse("ready\n", headers=_HEADERS)

    @api.exception_handler(BadRequestError)
    async def refused(_request: Request, error: Exception) -> Response:
        assert isinstance(error, BadRequestError)
        reply = refusal(error)
        return Response(reply.body, reply.status, {**_HEADERS, **(reply.headers or {})}, reply.media_type)

    @api.exception_handler(HTTPException)
    async def not_here(_request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        code = RequestCode.METHOD_NOT_ALLOWED if error.status_code == 405 else RequestCode.BAD_REQUEST
        message = "There is nothing at this path. GraphQL is at /views/{name}/graphql."
        reply = refusal(BadRequestError(error.status_code, code, message))
        return Response(reply.body, reply.status, _HEADERS, reply.media_type)

    return api

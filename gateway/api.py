"""Everything that is not GraphQL: a view's SDL, and whether the gateway lives and is ready."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import PlainTextResponse
from starlette.exceptions import HTTPException

from gateway.ide import Ide, add_ide, explain_request
from gateway.refusals import NotTakenError, RequestCode
from gateway.replies import Reply, refusal, refusal_of
from gateway.service import NotOpenError, Service

__all__ = ["make_api"]


def make_api(service: Callable[[], Service], lifespan: Callable[[FastAPI], Any], *, most_bytes: int) -> FastAPI:
    """Return the application behind the GraphQL route. `service` raises NotOpenError while the gateway is not open.

    The headers that every answer has, and a request's id, are the front's affair.
    """
    api = FastAPI(
        title="customer-view-gateway",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,  # a redirect repeats the caller's Host header
    )

    @api.get("/views/{view}/schema.graphql")
    async def sdl(view: str, request: Request) -> Response:
        try:
            return _sdl(service(), view, request)
        except Exception as error:  # noqa: BLE001  the last place that can keep the inside from the caller
            return _response(refusal_of(error, request.state.request_id))

    @api.post("/views/{view}/explain")
    async def explain(view: str, request: Request) -> Response:
        try:
            return _response(await explain_request(service(), view, request, most_bytes))
        except Exception as error:  # noqa: BLE001  the last place that can keep the inside from the caller
            return _response(refusal_of(error, request.state.request_id))

    add_ide(api, Ide.load())

    @api.get("/health/live")
    async def live() -> Response:
        return PlainTextResponse("live\n")

    @api.get("/health/ready")
    async def ready() -> Response:
        try:
            service()
        except NotOpenError:
            return PlainTextResponse("not ready\n", status_code=503)
        return PlainTextResponse("ready\n")

    @api.exception_handler(HTTPException)
    async def not_here(_request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return _response(refusal(_not_here(error)))

    return api


def _sdl(service: Service, view: str, request: Request) -> Response:
    caller = service.caller(request.headers)
    found = service.find(caller, view)
    if not found.shows_schema_to(caller):
        message = f"This view shows its schema to {found.introspection}. Ask the view's owner for its SDL."
        raise NotTakenError(403, RequestCode.INTROSPECTION_NOT_ALLOWED, message)
    where = {"Content-Location": f"../{found.id}/schema.graphql"}  # which version it is of (RFC 9110, 8.7)
    return PlainTextResponse(service.engine.schema_of(found).sdl(), headers=where)


def _not_here(error: HTTPException) -> NotTakenError:
    if error.status_code == 405:
        headers = dict(error.headers or {})
        message = f"This path is asked by {headers.get('Allow', 'another method')} only."
        return NotTakenError(405, RequestCode.METHOD_NOT_ALLOWED, message, headers)
    message = "There is nothing at this path. GraphQL is at /views/{name}/graphql."
    return NotTakenError(404, RequestCode.NOT_FOUND, message)


def _response(reply: Reply) -> Response:
    return Response(reply.body, reply.status, reply.all_headers)

"""Everything that is not GraphQL: a view's SDL, the cross-reference, and whether the gateway lives and is ready."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from fastapi import FastAPI, Request, Response
from fastapi.responses import PlainTextResponse
from starlette.exceptions import HTTPException

from gateway.crossref.application import make_crossref
from gateway.exchange import Exchange
from gateway.explaining import explain_request
from gateway.glass_request import break_glass
from gateway.headers import Headers, read_headers
from gateway.ide import Ide, add_ide
from gateway.operating import reload_by_request
from gateway.privacy import make_privacy
from gateway.readiness import Readiness
from gateway.refusals import NotTakenError, RequestCode, not_at_this_path
from gateway.reloading import Reloaded
from gateway.replies import Reply, answering, refusal, refusal_of
from gateway.service import NotOpenError, Service
from gateway.source_health import tell_sources

__all__ = ["Pages", "make_api"]


class Pages(NamedTuple):
    """Which pages there are, where somebody could use them: that of stewards, and that of privacy officers."""

    steward: bool = True
    officer: bool = True


def make_api(
    service: Callable[[], Service],
    lifespan: Callable[[FastAPI], Any],
    *,
    exchange: Exchange,
    pages: Pages,
    reload: Callable[[], Awaitable[Reloaded]],
    is_leaving: Callable[[], bool],
) -> FastAPI:
    """Return the application behind the GraphQL route. `service` raises NotOpenError while the gateway is not open.
    `exchange` is how GraphQL requests are answered.

    `reload` has every process of this gateway read anew what it declares; `is_leaving` says whether this one is about
    to stop, so that no more requests are to come here.

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
    _add_views(api, service, exchange)
    _add_break_glass(api, service)
    add_ide(api, Ide.load())
    api.mount("/crossref", make_crossref(service, most_bytes=exchange.most_bytes, has_page=pages.steward))
    api.mount("/privacy", make_privacy(service, has_page=pages.officer))
    _add_operating(api, service, reload)
    _add_health(api, service, is_leaving)
    api.exception_handler(HTTPException)(_not_here)
    return api


def _add_views(api: FastAPI, service: Callable[[], Service], exchange: Exchange) -> None:
    @api.get("/views/{view}/schema.graphql")
    async def sdl(view: str, request: Request) -> Response:
        async def work() -> Response:
            return _sdl(service(), view, request)

        return await _answering(request, work)

    @api.post("/views/{view}/explain")
    async def explain(view: str, request: Request) -> Response:
        async def work() -> Response:
            return _response(await explain_request(service(), view, request, exchange))

        return await _answering(request, work)


def _add_break_glass(api: FastAPI, service: Callable[[], Service]) -> None:
    path = "/views/{view}/break-glass"

    @api.options(path)
    async def preflight(request: Request) -> Response:
        async def work() -> Response:
            return Response(status_code=204, headers=service().preflight(read_headers(request.headers.raw)))

        return await _answering(request, work)

    @api.post(path)
    async def opening(view: str, request: Request) -> Response:
        async def work() -> Response:
            return _response(await break_glass(service(), view, request))

        response = await _answering(request, work)
        response.headers.update(_shared(service, read_headers(request.headers.raw)))
        return response


def _shared(service: Callable[[], Service], headers: Headers) -> dict[str, str]:
    """Return the headers by which a page may read the answer, where it is known who asks and the page is theirs."""
    try:
        return service().shared_with(service().caller(headers), headers) if b"origin" in headers else {}
    except (NotOpenError, NotTakenError):
        return {}


def _add_operating(api: FastAPI, service: Callable[[], Service], reload: Callable[[], Awaitable[Reloaded]]) -> None:
    @api.post("/operations/reload")
    async def reloading(request: Request) -> Response:
        async def work() -> Response:
            return _response(await reload_by_request(service(), reload, request))

        return await _answering(request, work)


def _add_health(api: FastAPI, service: Callable[[], Service], is_leaving: Callable[[], bool]) -> None:
    readiness = Readiness(service)

    @api.get("/health/live")
    async def live() -> Response:
        return PlainTextResponse("live\n")

    @api.get("/health/ready")
    async def ready() -> Response:
        if not is_leaving() and await readiness.is_ready():
            return PlainTextResponse("ready\n")
        return PlainTextResponse("not ready\n", status_code=503)

    @api.get("/health/sources")
    async def sources(request: Request) -> Response:
        async def work() -> Response:
            return _response(tell_sources(service(), request))

        return await _answering(request, work)


async def _answering(request: Request, work: Callable[[], Awaitable[Response]]) -> Response:
    return await answering(work, lambda error: _response(refusal_of(error, request.state.request_id)))


def _sdl(service: Service, view: str, request: Request) -> Response:
    caller = service.caller(read_headers(request.headers.raw))
    found = service.find(caller, view)
    if not found.shows_schema_to(caller):
        message = f"This view shows its schema to {found.introspection}. Ask the view's owner for its SDL."
        raise NotTakenError(403, RequestCode.INTROSPECTION_NOT_ALLOWED, message)
    where = {"Content-Location": f"../{found.id}/schema.graphql"}  # which version it is of (RFC 9110, 8.7)
    return PlainTextResponse(service.engine.schema_of(found).sdl(), headers=where)


async def _not_here(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _response(refusal(not_at_this_path(error.status_code, error.headers)))


def _response(reply: Reply) -> Response:
    return Response(reply.body, reply.status, reply.all_headers)

"""The API put together: its operations, its OpenAPI document, the door before it, and the page."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from fastapi import FastAPI, Security
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from gateway.json_api import response_of
from gateway.privacy.door import Door
from gateway.privacy.emergencies import EMERGENCIES
from gateway.privacy.officers import OFFICERS
from gateway.privacy.page import officer_page
from gateway.privacy.record import RECORD
from gateway.privacy.seen import SEEN
from gateway.privacy.usage import USAGE
from gateway.privacy.views import VIEWS
from gateway.refusals import not_at_this_path
from gateway.replies import refusal
from gateway.service import Service

__all__ = ["OPERATIONS", "make_privacy"]

OPERATIONS = (*OFFICERS, *VIEWS, *USAGE, *EMERGENCIES, *RECORD, *SEEN)

_ABOUT = """\
What views show and why, how they were used, and who saw what of whom. No value of a customer is told here.

That something was asked is written down in the audit before it is told; what cannot be written down is not told."""


def make_privacy(service: Callable[[], Service], *, has_page: bool) -> ASGIApp:
    """Return the application to be mounted at `/privacy`. `service` raises NotOpenError while nothing is open.

    Its OpenAPI document is at `/privacy/openapi.json`, for privacy officers. With `has_page` their page is at
    `/privacy/officer`, for everybody.
    """
    door = Door(_application, service)
    return officer_page(door, service) if has_page else door


@cache
def _application() -> FastAPI:
    """Return the operations as an application, which keeps nothing of who asks or what is asked.

    Making it takes a tenth of a second, so it is made when somebody comes in, and once.
    """
    api = FastAPI(
        title="The privacy officer's API of customer-view-gateway",
        version="1",
        description=_ABOUT,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        dependencies=[Security(HTTPBearer(auto_error=False))],
    )
    for operation in OPERATIONS:
        operation.add_to(api)
    api.exception_handler(HTTPException)(_not_here)
    return api


async def _not_here(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return response_of(refusal(not_at_this_path(error.status_code, error.headers)))

"""The API put together: its operations, its OpenAPI document, the door before it, and the page."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from fastapi import FastAPI
from starlette.types import ASGIApp

from gateway.json_api import empty_api
from gateway.privacy.door import Door
from gateway.privacy.emergencies import EMERGENCIES
from gateway.privacy.officers import OFFICERS
from gateway.privacy.page import officer_page
from gateway.privacy.record import RECORD
from gateway.privacy.seen import SEEN
from gateway.privacy.usage import USAGE
from gateway.privacy.views import VIEWS
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
    """Return the operations as an application.

    Making it takes a tenth of a second, so it is made when somebody comes in, and once.
    """
    api = empty_api("The privacy officer's API of customer-view-gateway", _ABOUT)
    for operation in OPERATIONS:
        operation.add_to(api)
    return api

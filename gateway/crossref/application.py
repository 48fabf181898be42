"""The API put together: its operations, its OpenAPI document, and the door before it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

from fastapi import FastAPI
from starlette.types import ASGIApp

from gateway.crossref.candidates import CANDIDATES
from gateway.crossref.consumers import CONSUMERS
from gateway.crossref.customers import CUSTOMERS
from gateway.crossref.door import Door
from gateway.crossref.links import LINKS
from gateway.crossref.log import LOG
from gateway.crossref.lookups import LOOKUPS
from gateway.crossref.non_matches import NON_MATCHES
from gateway.crossref.page import steward_page
from gateway.crossref.privacy import PRIVACY_OPERATIONS
from gateway.json_api import empty_api
from gateway.service import Service

__all__ = ["OPERATIONS", "make_crossref"]

OPERATIONS = (*CONSUMERS, *LOOKUPS, *LINKS, *NON_MATCHES, *CUSTOMERS, *CANDIDATES, *PRIVACY_OPERATIONS, *LOG)

_ABOUT = """\
Who is the same customer in which source. Keys of sources stand in bodies alone, never in a URL.

Writes take `Idempotency-Key` and `If-Match`, and answer where the customer stands. What stands is never taken by a
write: a conflict is answered with 409, and waits for a steward as a candidate."""


def make_crossref(service: Callable[[], Service], *, most_bytes: int, has_page: bool) -> ASGIApp:
    """Return the application to be mounted at `/crossref`. `service` raises NotOpenError while nothing is open.

    Its OpenAPI document is at `/crossref/openapi.json`, for whoever has one of its roles. With `has_page` the stewards'
    page is at `/crossref/steward`, for everybody.
    """
    door = Door(partial(_application, most_bytes), service)
    return steward_page(door, service) if has_page else door


@cache
def _application(most_bytes: int) -> FastAPI:
    """Return the operations as an application.

    Making it takes a tenth of a second, so it is made when somebody comes in, and once.
    """
    api = empty_api("The cross-reference of customer-view-gateway", _ABOUT)
    for operation in OPERATIONS:
        operation.add_to(api, most_bytes)
    return api

"""The stewards' page: where it is, and for whom."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from starlette.types import ASGIApp

from gateway.crossref.roles import READERS
from gateway.pages import Front, Page
from gateway.service import Service

__all__ = ["is_wanted", "steward_page"]

_FOLDER = Path(__file__).parent / "steward"
_FRONT = Front(
    "Steward's desk",
    "Here stewards decide which keys of which sources are one person's. What is shown depends on the token.",
    "Token of a steward",
)


def steward_page(inner: ASGIApp, service: Callable[[], Service]) -> Page:
    """Return the page before `inner`. It is there over a cross-reference that can be asked by somebody."""
    return Page.load(inner, service, is_wanted, _FOLDER, _FRONT)


def is_wanted(service: Service) -> bool:
    """Return whether some consumer could use the page."""
    callers = service.consumers.callers.values()
    return service.crossref is not None and any(not caller.roles.isdisjoint(READERS) for caller in callers)

"""The page of the data-protection officer: where it is, and for whom."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from starlette.types import ASGIApp

from gateway.pages import Page
from gateway.service import Service
from schema.caller import CrossrefRole

__all__ = ["is_wanted", "officer_page"]

_FOLDER = Path(__file__).parent / "officer"


def officer_page(inner: ASGIApp, service: Callable[[], Service]) -> Page:
    """Return the page before `inner`. It is there where the gateway keeps audit, and somebody could look."""
    return Page.load(inner, service, is_wanted, "/officer", _FOLDER)


def is_wanted(service: Service) -> bool:
    """Return whether some consumer could use the page."""
    callers = service.consumers.callers.values()
    return service.audit is not None and any(CrossrefRole.PRIVACY_OFFICER in caller.roles for caller in callers)

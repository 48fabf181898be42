"""The page of the data-protection officer: where it is, and for whom."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from starlette.types import ASGIApp

from gateway.pages import Front, Page
from gateway.service import Service
from schema.caller import CrossrefRole

__all__ = ["is_wanted", "officer_page"]

_FOLDER = Path(__file__).parent / "officer"
_FRONT = Front(
    "Privacy officer's desk",
    "Here data-protection officers see what is shown of customers, to whom and why. No value of a customer stands on "
    "this page, and all that is looked up here is written down in the audit.",
    "Token of a privacy officer",
)


def officer_page(inner: ASGIApp, service: Callable[[], Service]) -> Page:
    """Return the page before `inner`. It is there where the gateway keeps audit, and somebody could look."""
    return Page.load(inner, service, is_wanted, _FOLDER, _FRONT)


def is_wanted(service: Service) -> bool:
    """Return whether some consumer could use the page."""
    callers = service.consumers.callers.values()
    return service.audit is not None and any(CrossrefRole.PRIVACY_OFFICER in caller.roles for caller in callers)

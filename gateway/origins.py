"""CORS by consumer: web pages of which origins may ask, and what their browsers are told (https://fetch.spec.whatwg.org).

A preflight carries no token, so any consumer's origin is let through; the request that follows has to come from an
origin of the consumer whose token it carries, and is refused before anything is executed if it does not. There is no
credentials mode: a token is sent by the page that has it, and never added by the browser.
"""

from __future__ import annotations

from collections.abc import Collection

from gateway.headers import Headers
from gateway.refusals import NotTakenError, RequestCode
from schema.verification import VERIFICATION_HEADER

__all__ = ["METHODS", "allowed_headers", "check_origin", "preflight_headers"]

METHODS = "GET, POST, OPTIONS"
"""By which GraphQL is asked."""

_ALLOWED = f"Accept, Authorization, Break-Glass, Content-Type, {VERIFICATION_HEADER}, Prefer, X-Request-Id"
"""The headers that a page may send."""

_EXPOSED = "Preference-Applied, Retry-After, X-Request-Id"
"""The headers of an answer that a page may read."""

_SECONDS_KEPT = "600"
"""How long a browser keeps the answer to a preflight: an origin that is taken away is refused by the request itself."""


def check_origin(headers: Headers, registered: Collection[str]) -> None:
    """Refuse a page of another origin than those, and than the gateway's own.

    A browser says itself that a page is of the gateway's origin, over TLS; elsewhere the names are compared. A proxy
    may change both, and who is no browser can write either: the token is what lets a caller in, not this.

    Raises:
        NotTakenError: 403, the page may not ask.
    """
    if b"origin" in headers and not _is_own(headers) and _registered(headers, registered) is None:
        raise _not_allowed()


def allowed_headers(headers: Headers, registered: Collection[str]) -> dict[str, str]:
    """Return the headers by which a browser hands the answer to the page that asked; none for any other page."""
    origin = _registered(headers, registered)
    if origin is None:
        return {}
    return {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": _EXPOSED}


def preflight_headers(headers: Headers, registered: Collection[str]) -> dict[str, str]:
    """Return the headers that answer OPTIONS, where `registered` are the origins of all consumers.

    Raises:
        NotTakenError: 403, pages of this origin may not ask.
    """
    if b"origin" not in headers:
        return {"Allow": METHODS}
    origin = _registered(headers, registered)
    if origin is None:
        raise _not_allowed()
    return {
        "Allow": METHODS,
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Methods": "GET, POST",
        "Access-Control-Allow-Headers": _ALLOWED,
        "Access-Control-Max-Age": _SECONDS_KEPT,
    }


def _registered(headers: Headers, registered: Collection[str]) -> str | None:
    """Return the origin of the page that asks, if it is one of those."""
    origin = headers.get(b"origin", b"").decode("latin-1")
    return origin if origin in registered else None


def _is_own(headers: Headers) -> bool:
    origin = headers[b"origin"]
    if b"," in origin:  # there were several
        return False
    return headers.get(b"sec-fetch-site") == b"same-origin" or origin.partition(b"://")[2] == headers.get(b"host")


def _not_allowed() -> NotTakenError:
    message = "A page of this origin may not ask here. Register its origin for the consumer, in consumers.yaml."
    return NotTakenError(403, RequestCode.ORIGIN_NOT_ALLOWED, message)

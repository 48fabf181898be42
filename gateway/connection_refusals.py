"""What is said to a client whose bytes are no request that is taken, or who is too slow, or one too many."""

from __future__ import annotations

from gateway.refusals import NotTakenError, RequestCode

__all__ = ["no_host", "no_http", "no_other_protocol", "too_large", "too_late", "too_many", "too_slow"]


def no_http() -> NotTakenError:
    """400: the bytes cannot be read."""
    message = "The bytes are no HTTP request that can be read. Check the request line, the headers and the lengths."
    return NotTakenError(400, RequestCode.BAD_REQUEST, message)


def no_other_protocol() -> NotTakenError:
    """400: there is a body, and another protocol is wanted."""
    message = "A request with a body is for HTTP alone here. Send it without the header Upgrade, and not by CONNECT."
    return NotTakenError(400, RequestCode.BAD_REQUEST, message)


def no_host() -> NotTakenError:
    """400: Host stands there not once."""
    message = "The request does not say once for which host it is. Send one Host header (RFC 9112, section 3.2)."
    return NotTakenError(400, RequestCode.BAD_REQUEST, message)


def too_large(limit: int) -> NotTakenError:
    """431: the head is larger than so many bytes."""
    message = f"The request line and the headers are larger than {limit} bytes. Send fewer or shorter ones."
    return NotTakenError(431, RequestCode.HEADERS_TOO_LARGE, message)


def too_late() -> NotTakenError:
    """408: the head came too slowly."""
    message = "The headers came too slowly. Send them at once."
    return NotTakenError(408, RequestCode.REQUEST_TIMEOUT, message)


def too_slow() -> NotTakenError:
    """408: the body came too slowly."""
    message = "The body came too slowly. Send it faster, or send less."
    return NotTakenError(408, RequestCode.REQUEST_TIMEOUT, message)


def too_many() -> NotTakenError:
    """503: as many connections are open as may be."""
    message = "The gateway has too many connections. Ask again later."
    return NotTakenError(503, RequestCode.UNAVAILABLE, message, {"Retry-After": "1"})

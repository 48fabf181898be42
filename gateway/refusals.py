"""Why a request is not taken, over HTTP, before its document is looked at.

    NotTakenError    the request cannot be taken; `status` says how in HTTP, the text how to mend it

The text holds nothing that the caller sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

__all__ = ["NotTakenError", "RequestCode", "not_at_this_path"]


class RequestCode(StrEnum):
    """The code in `errors[].extensions.code` of a request that was not taken."""

    ALREADY_REVIEWED = "ALREADY_REVIEWED"
    """The broken glass was reviewed by somebody else meanwhile. What that has come to stands beside the code."""
    AUDIT_UNAVAILABLE = "AUDIT_UNAVAILABLE"
    """What is done here has to be written down, and cannot be. Ask again later."""
    BAD_REQUEST = "BAD_REQUEST"
    """Body or URL hold no GraphQL request, or it is no HTTP. The message says what is wrong."""
    BODY_TOO_LARGE = "BODY_TOO_LARGE"
    """The body is larger than the gateway reads. Send less."""
    BREAK_GLASS_REFUSED = "BREAK_GLASS_REFUSED"
    """What the header Break-Glass holds is no grant of this gateway for this consumer. Have the glass broken anew."""
    CONFIGURATION_WRONG = "CONFIGURATION_WRONG"
    """What was read anew is wrong, so nothing has changed. What to mend stands beside the code."""
    CLIENT_CLOSED_REQUEST = "CLIENT_CLOSED_REQUEST"
    """The client hung up before there was an answer. It stands in the audit alone: nobody is told."""
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    """The time of the view was over before there was any answer. Ask again, or for less."""
    HEADERS_TOO_LARGE = "HEADERS_TOO_LARGE"
    """The request line and the headers are larger than the gateway reads. Send less."""
    INTERNAL_ERROR = "INTERNAL_ERROR"
    """The gateway failed. Report the request's id to its operators."""
    INTROSPECTION_NOT_ALLOWED = "INTROSPECTION_NOT_ALLOWED"
    """The view does not show its schema to this consumer. Ask the view's owner for its SDL."""
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    """The path is asked by another method, or GET asks for something else than a query."""
    NOT_ACCEPTABLE = "NOT_ACCEPTABLE"
    """The client accepts neither of the media types in which answers are given."""
    NOT_FOUND = "NOT_FOUND"
    """There is nothing at this path."""
    ORIGIN_NOT_ALLOWED = "ORIGIN_NOT_ALLOWED"
    """A web page asks whose origin the consumer has not registered."""
    OVERLOADED = "OVERLOADED"
    """There are more requests than can be answered in time. Ask again after the seconds in Retry-After."""
    RATE_LIMITED = "RATE_LIMITED"
    """The consumer has tried it too often. Try again after the seconds in Retry-After."""
    REQUEST_TIMEOUT = "REQUEST_TIMEOUT"
    """The headers or the body came too slowly. Send them faster, or send less."""
    ROLE_NEEDED = "ROLE_NEEDED"
    """The consumer has not the role that this needs."""
    SOURCE_NOT_PERMITTED = "SOURCE_NOT_PERMITTED"
    """The consumer may not write keys of this source in the cross-reference."""
    SUBJECT_UNKNOWN = "SUBJECT_UNKNOWN"
    """No customer can be shown for this look-up. Check its key, and that the view may show the customer."""
    UNAUTHENTICATED = "UNAUTHENTICATED"
    """There is no known token. Send `Authorization: Bearer <token>`."""
    UNAVAILABLE = "UNAVAILABLE"
    """The gateway cannot answer now. Ask again later."""
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"
    """The body is not plain JSON in UTF-8."""
    URL_TOO_LARGE = "URL_TOO_LARGE"
    """The parameters in the URL are too long. Send the request by POST."""
    VERIFICATION_INVALID = "VERIFICATION_INVALID"
    """An assertion in Customer-Verification is not taken. Send one for this consumer and interaction."""
    VIEW_NOT_NAMED = "VIEW_NOT_NAMED"
    """The consumer may use several views, and the path names none of them."""
    VIEW_RETIRED = "VIEW_RETIRED"
    """The time for which the view was published is over. Use a newer version, or ask the view's owner."""
    VIEW_UNKNOWN = "VIEW_UNKNOWN"
    """There is no such view for this consumer."""


class NotTakenError(Exception):
    """A request that is refused before its document is looked at. The message holds nothing that the caller sent.

    `about` is what programs are told beside the code.
    """

    def __init__(
        self,
        status: int,
        code: RequestCode,
        message: str,
        headers: Mapping[str, str] | None = None,
        *,
        about: Mapping[str, Any] | None = None,
    ) -> None:
        self.status, self.code, self.message = status, code, message
        self.headers, self.about = dict(headers or {}), dict(about or {})
        super().__init__(f"{status} {code}: {message}")


def not_at_this_path(status: int = 404, headers: Mapping[str, str] | None = None) -> NotTakenError:
    """Return how a request is refused for which there is nothing at its path, or, with 405, nothing by its method."""
    if status == 405:
        told = dict(headers or {})
        message = f"This path is asked by {told.get('Allow', 'another method')} only."
        return NotTakenError(405, RequestCode.METHOD_NOT_ALLOWED, message, told)
    message = "There is nothing at this path. GraphQL is at /views/{name}/graphql."
    return NotTakenError(404, RequestCode.NOT_FOUND, message)

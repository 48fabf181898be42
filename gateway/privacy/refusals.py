"""Why something is not told, over HTTP: codes and constant texts, and nothing that was sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.responses import Response

from gateway.audit.turns import BusyError
from gateway.json_api import Refused, reply_of, response_of, wanted_of
from gateway.refusals import NotTakenError, RequestCode
from gateway.replies import refusal_of

__all__ = ["REFUSALS", "late", "refused"]

_AGAIN = "5"
"""Seconds after which it is worth while to ask again where the records were searched for others."""


def _told(description: str) -> dict[str, Any]:
    return {"model": Refused, "description": description}


REFUSALS: Mapping[int | str, dict[str, Any]] = {
    400: _told("The body, the URL or the headers are of another form."),
    401: _told("There is no known token."),
    403: _told("The consumer has not the role; or reviews what it has opened itself."),
    404: _told("There is no such customer or grant; or nothing at this path for this consumer."),
    408: _told("The body came too slowly."),
    409: _told("It was reviewed already: by whom, when, and what that came to stands beside the code."),
    413: _told("The body is too large."),
    415: _told("The body is not plain JSON in UTF-8."),
    500: _told("The gateway failed."),
    503: _told(
        "The audit cannot be written or read now, or is searched for others; or the cross-reference cannot be read."
    ),
    504: _told("The time was over before there was an answer."),
}


def refused(error: Exception, request_id: str, wanted: str) -> Response:
    """Return the answer to a request during which this was raised; `wanted` says the form of what is sent."""
    match error:
        case RequestValidationError():
            text = f"{wanted_of(error.errors())} {wanted}"
            return response_of(reply_of(400, text, {"code": RequestCode.BAD_REQUEST}))
        case OSError():
            message = "The records cannot be read for now. Ask again later."
            error = NotTakenError(503, RequestCode.UNAVAILABLE, message)
        case BusyError():
            message = "The records are being searched for others. Ask again later."
            error = NotTakenError(503, RequestCode.UNAVAILABLE, message, {"Retry-After": _AGAIN})
    return response_of(refusal_of(error, request_id))


def late() -> NotTakenError:
    """Return how it is told that there was no answer in time."""
    message = "The time was over before all records were searched. Ask for less, or ask again."
    return NotTakenError(504, RequestCode.DEADLINE_EXCEEDED, message)

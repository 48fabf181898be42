"""Why something was not done, over HTTP: codes and constant texts in one form, and nothing that the caller sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from adapters.crossref import ConflictCode, ConflictError, CrossReferenceError, InputError
from adapters.crossref import RefusalCode as InputCode
from gateway.json_api import reply_of, response_of, wanted_of
from gateway.refusals import RequestCode
from gateway.replies import Reply, refusal_of
from resolvers import RefusalCode, RefusedError

__all__ = ["REFUSALS", "WRITE_REFUSALS", "Refused", "refused", "unknown_customer"]

_CONFLICT, _OUTDATED, _UNKNOWN, _UNPROCESSABLE, _LIMITED = 409, 412, 404, 422, 429

_NAME = re.compile(r"\b[a-z]+(?:_[a-z]+)+\b")
_HERE: Mapping[str, str] = {
    "as_of": "asOf",
    "expected_version": "If-Match",
    "idempotency_key": "Idempotency-Key",
    "loser_version": "loserVersion",
    "non_match": "nonMatch",
    "reason_code": "reasonCode",
    "reason_ref": "reasonRef",
}
"""Arguments of Python that messages name, and the members and headers of this API that they are."""

_CLOSED = frozenset((ConflictCode.CUSTOMER_ERASED, ConflictCode.CUSTOMER_RETIRED))
"""What tells a customer who was erased or retired from one who never was."""


class Extensions(BaseModel):
    """What programs go by. Of a conflict: the candidate that a steward finds open, and who and which source it is
    about."""

    model_config = ConfigDict(title="RefusalExtensions")

    code: str = Field(examples=["KEY_OWNED_BY_OTHER"])
    candidate: str | None = None
    customer: str | None = None
    other: str | None = None
    source: str | None = None


class RefusedOne(BaseModel):
    """One reason."""

    model_config = ConfigDict(title="Reason")

    message: str = Field(description="what was got, what was wanted, and how to mend it")
    extensions: Extensions


class Refused(BaseModel):
    """Why it was not done."""

    model_config = ConfigDict(title="Refusal")

    errors: list[RefusedOne]


def _told(description: str) -> dict[str, Any]:
    return {"model": Refused, "description": description}


REFUSALS: Mapping[int | str, dict[str, Any]] = {
    400: _told("The body is no JSON, or has a member twice; or the URL or the headers cannot be."),
    401: _told("There is no known token."),
    403: _told("The consumer has not the role, or may not write keys of the source."),
    404: _told("There is no such customer, key, candidate or merge; or nothing at this path for this consumer."),
    408: _told("The body came too slowly."),
    413: _told("The body is too large."),
    415: _told("The body is not plain JSON in UTF-8."),
    422: _told("What was given can never be taken."),
    429: _told("The consumer looks up by identifiers or sealed keys, or notes identifiers, too often."),
    500: _told("The gateway failed."),
    503: _told("The cross-reference cannot be read or written now."),
    504: _told("The time was over before there was an answer."),
}

WRITE_REFUSALS: Mapping[int | str, dict[str, Any]] = {
    409: _told("Something stands in the way; nothing was taken, and a candidate is open where there is one to decide."),
    412: _told("The customer has another version than If-Match names."),
}


def refused(error: Exception, request_id: str, *, tells_erased: bool) -> Response:
    """Return the answer to a request during which this was raised; what is not the caller's to know is logged.

    Unless `tells_erased`, a customer who was erased or retired is told as one who never was.
    """
    match error:
        case ConflictError() if not tells_erased and error.conflict.code in _CLOSED:
            return refused(unknown_customer(), request_id, tells_erased=False)
        case ConflictError():
            return response_of(_conflict(error))
        case InputError():
            status = _UNKNOWN if error.code.endswith("_UNKNOWN") else _UNPROCESSABLE
            return response_of(reply_of(status, _text(error, error.code), {"code": error.code}))
        case RequestValidationError():
            text = f"{wanted_of(error.errors())} Correct it."
            return response_of(reply_of(_UNPROCESSABLE, text, {"code": InputCode.VALUE_INVALID}))
        case RefusedError():
            return response_of(_limited(error))
        case CrossReferenceError():
            return response_of(_failed(error, request_id))
    return response_of(refusal_of(error, request_id))


def unknown_customer() -> InputError:
    """Return how it is told that a customer is unknown, erased or retired, which are alike."""
    return InputError(InputCode.CUSTOMER_UNKNOWN, "no customer has this id; correct it")


def _conflict(error: ConflictError) -> Reply:
    conflict = error.conflict
    about = {
        "code": conflict.code,
        "candidate": conflict.candidate_id,
        "customer": conflict.customer or None,
        "other": conflict.other,
        "source": conflict.source,
    }
    status = _OUTDATED if conflict.code is ConflictCode.VERSION_MISMATCH else _CONFLICT
    return reply_of(status, _text(error, conflict.code), {name: one for name, one in about.items() if one is not None})


def _limited(error: RefusedError) -> Reply:
    is_rate = error.code is RefusalCode.RATE_LIMITED
    told = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
    text = f"{error.errors[0].message} {error.remedy}"
    return reply_of(_LIMITED if is_rate else _UNPROCESSABLE, text, {"code": error.code}, told)


def _failed(error: CrossReferenceError, request_id: str) -> Reply:
    told = refusal_of(error, request_id)  # logged by it; what it says is for those who only look up
    text = "The cross-reference cannot be read or written now. Ask again later; with an Idempotency-Key, what was made "
    text += "all the same is not made twice."
    return reply_of(told.status, text, {"code": RequestCode.UNAVAILABLE}, told.headers)


def _text(error: Exception, code: str) -> str:
    given = str(error).removeprefix(f"{code}: ")
    said = _NAME.sub(lambda name: _HERE.get(name[0], name[0]), given)
    return f"The {said}." if _NAME.match(given) else f"{said[:1].upper()}{said[1:]}."

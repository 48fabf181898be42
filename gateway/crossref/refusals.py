"""Why something was not done, over HTTP: codes and constant texts in one form, and nothing that the caller sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from adapters.crossref import ConflictCode, ConflictError, CrossReferenceError, InputError
from adapters.crossref import RefusalCode as InputCode
from gateway.refusals import RequestCode
from gateway.replies import Reply, print_answer, refusal_of
from resolvers import RefusalCode, RefusedError

__all__ = ["REFUSALS", "WRITE_REFUSALS", "Refused", "refused", "response_of", "unknown_customer"]

_CONFLICT, _OUTDATED, _UNKNOWN, _UNPROCESSABLE, _LIMITED = 409, 412, 404, 422, 429
_FEW = 10

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


def response_of(reply: Reply) -> Response:
    """Return the reply as Starlette sends it."""
    return Response(reply.body, reply.status, reply.all_headers)


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
            return response_of(_reply(status, _text(error, error.code), {"code": error.code}))
        case RequestValidationError():
            text = f"{_wanted(error.errors())} Correct it."
            return response_of(_reply(_UNPROCESSABLE, text, {"code": InputCode.VALUE_INVALID}))
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
    return _reply(status, _text(error, conflict.code), {name: one for name, one in about.items() if one is not None})


def _limited(error: RefusedError) -> Reply:
    is_rate = error.code is RefusalCode.RATE_LIMITED
    told = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
    text = f"{error.errors[0].message} {error.remedy}"
    return _reply(_LIMITED if is_rate else _UNPROCESSABLE, text, {"code": error.code}, told)


def _failed(error: CrossReferenceError, request_id: str) -> Reply:
    told = refusal_of(error, request_id)  # logged by it; what it says is for those who only look up
    text = "The cross-reference cannot be read or written now. Ask again later; with an Idempotency-Key, what was made "
    text += "all the same is not made twice."
    return _reply(told.status, text, {"code": RequestCode.UNAVAILABLE}, told.headers)


def _text(error: Exception, code: str) -> str:
    said = str(error).removeprefix(f"{code}: ")
    return f"{said[:1].upper()}{said[1:]}."


def _reply(status: int, text: str, extensions: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Reply:
    content = {"errors": [{"message": text, "extensions": extensions}]}
    return Reply(status, print_answer(content), headers=headers)


def _wanted(errors: Sequence[Any]) -> str:
    """Return what is wrong, each with its place. What Pydantic says holds nothing of the input; a name may be one."""
    told = [_of_one(one["type"], one["loc"], one["msg"]) for one in errors[:_FEW]]
    return " ".join(dict.fromkeys(told))


def _of_one(kind: str, place: Sequence[str | int], said: str) -> str:
    if kind == "extra_forbidden":  # the last step is what the caller calls it
        return f"{_place(place[:-1])} has something that is not known here."
    wanted = said[:1].lower() + said[1:]
    return f"{_place(place)}: {wanted.removeprefix('value error, ')}."


def _place(place: Sequence[str | int]) -> str:
    # steps with a blank are those of alternatives, which only the declaration has
    steps = [f"[{one + 1}]" if isinstance(one, int) else f".{one}" for one in place[1:] if " " not in str(one)]
    name = "".join(steps).lstrip(".")
    where = f"The {place[0]}" if place else "The request"
    return f"{where} ({name})" if name else where

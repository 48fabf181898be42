"""What a GraphQL source says in `errors`: which keys or fields each of them costs, and in which of our reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adapters.answers import Fault
from adapters.http.statuses import error_of_status
from adapters.limits.signals import Signal
from adapters.sending import Cause, SendError
from schema.reasons import Reason

__all__ = ["read_data"]

_AUTH = frozenset(
    {
        "ACCESS_DENIED",
        "AUTH_NOT_AUTHENTICATED",
        "AUTH_NOT_AUTHORIZED",
        "FORBIDDEN",
        "UNAUTHENTICATED",
        "UNAUTHORIZED",
    }
)
_LIMITED = frozenset({"RATE_LIMITED", "RATE_LIMIT_EXCEEDED", "THROTTLED", "TOO_MANY_REQUESTS"})
_BUSY = frozenset({"SERVICE_UNAVAILABLE", "TIMEOUT", "UNAVAILABLE"})
_ASKED_WRONG = frozenset(
    {"BAD_REQUEST", "BAD_USER_INPUT", "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "VALIDATIONERROR"}
)
_UNKNOWN = "NOT_FOUND"
_GOOD = range(200, 300)
_MOST_ERRORS = 10_000
"""Of a hundred keys, one for each of a hundred fields. To walk 200,000 would hold the event loop for half a second."""


def read_data(status: int, body: object, depth: int, signal: Signal = Signal()) -> Mapping[str, Any]:  # noqa: B008  it is frozen
    """Return the data of a GraphQL response, with a Fault in the place of every value that an error has cost.

    `depth` is how many steps of a path lead to a key: 1 for an alias, 2 for a place in a list. Raises SendError where
    the response as a whole is of no use: where it has no data, or an error that no place in the data belongs to. An
    error at a key that says that there is no such thing leaves null, as the source's own word. `signal` is what the
    answer says of the source's limits.
    """
    if not isinstance(body, dict):
        raise _of_status(status, signal, []) if status not in _GOOD else _no_response()
    errors, data = body.get("errors") or [], body.get("data")
    if not isinstance(errors, list):
        raise _no_response()
    if status not in _GOOD:
        raise _of_status(status, signal, errors[:_MOST_ERRORS])
    if len(errors) > _MOST_ERRORS:
        raise SendError(Reason.SOURCE_ERROR, "the answer reports too many errors")
    if not isinstance(data, dict):
        raise SendError(_gravest(errors), "the answer has no data", _cause(errors), wait=signal.wait)
    for error in errors:
        _mark(data, error, depth)
    return data


def _mark(data: dict[str, Any], error: object, depth: int) -> None:
    """Put a Fault in the place of what an error has cost, or raise SendError where that is more than one key."""
    words, path = _words(error), error.get("path") if isinstance(error, Mapping) else None
    place, step, steps = _place(data, path if isinstance(path, list) else [])
    if steps < depth:
        raise SendError(_reason(words), "the source reported an error of the whole call", _cause([error]))
    if not (steps == depth and _UNKNOWN in words and place[step] is None):
        place[step] = Fault(_reason(words))


def _place(data: Any, path: Sequence[object]) -> tuple[Any, Any, int]:
    """Return the container, the step in it, and how many steps lead there; no step where the path leads nowhere.

    A null ends the path: the source has carried it up from where the error was.
    """
    container, value = None, data
    for count, step in enumerate(path, 1):
        container = value
        if not _has(container, step):
            return None, None, 0
        value = container[step]
        if count == len(path) or value is None or isinstance(value, Fault):
            return container, step, count
    return None, None, 0


def _has(container: object, step: object) -> bool:
    if isinstance(container, dict):
        return isinstance(step, str) and step in container
    return isinstance(container, list) and type(step) is int and 0 <= step < len(container)


def _no_response() -> SendError:
    return SendError(Reason.SOURCE_ERROR, "the answer is no GraphQL response")


def _of_status(status: int, signal: Signal, errors: Sequence[object]) -> SendError:
    """Return the error of a response with such a status: what its errors say, or else what the status does."""
    reason, plain = _gravest(errors), error_of_status(status, signal)
    if reason is Reason.SOURCE_ERROR:
        return SendError(reason, plain.detail, _cause(errors) or plain.cause, wait=plain.wait)
    return SendError(reason, f"the source answered with status {status}", wait=signal.wait)


def _cause(errors: Sequence[object]) -> Cause | None:
    """Return whose matter errors are that say no more than that there was one, None where they do not say."""
    words = frozenset[str]().union(*map(_words, errors))
    if not words & (_LIMITED | _AUTH) and words & _BUSY:
        return Cause.FLEETING
    return Cause.OURS if not words & (_LIMITED | _AUTH) and words & _ASKED_WRONG else None


def _gravest(errors: Sequence[object]) -> Reason:
    """Return the reason of the errors together: one that says more than that there was an error, if any does."""
    reasons = (_reason(_words(error)) for error in errors)
    return next((reason for reason in reasons if reason is not Reason.SOURCE_ERROR), Reason.SOURCE_ERROR)


def _reason(words: frozenset[str]) -> Reason:
    if words & _LIMITED:
        return Reason.SOURCE_RATE_LIMITED
    return Reason.SOURCE_AUTH if words & _AUTH else Reason.SOURCE_ERROR


def _words(error: object) -> frozenset[str]:
    """Return what kind of error it is, in the words that sources have for it.

    Apollo says it in extensions.code, Spring in extensions.classification, GitHub in type, AppSync in errorType, and
    Shopify in the message of a throttled call.
    """
    if not isinstance(error, Mapping):
        return frozenset()
    extensions = error.get("extensions")
    inner = extensions if isinstance(extensions, Mapping) else {}
    told = [inner.get("code"), inner.get("classification"), error.get("type"), error.get("errorType")]
    told += ["THROTTLED"] if error.get("message") == "Throttled" else []
    return frozenset(word.upper() for word in told if isinstance(word, str))

"""What the status of an answer means that is none: whose matter it is, and for how long the source wants no more."""

from __future__ import annotations

from adapters.limits.signals import Signal
from adapters.sending import Cause, SendError
from schema.reasons import Reason

__all__ = ["REFUSED", "error_of_status"]

REFUSED = frozenset({401, 403, 429})
"""Statuses that are errors whatever an adapter reads."""

_AUTH = {
    401: "the source answered 401: it does not know the credential",
    403: "the source answered 403: the credential may not do this",
}
_FLEETING = frozenset({408, 502, 503, 504})
"""Of who stands before a source that is not there, or has no time (RFC 9110, section 15): another call may meet it."""


def error_of_status(status: int, signal: Signal) -> SendError:
    """Return the error of an answer with this status. What the source cannot read or does not know is no fault of it;
    a redirect is, as is what says that it has answered and answers nothing."""
    if signal.is_throttled or status == _TOO_MANY:
        return SendError(Reason.SOURCE_RATE_LIMITED, f"the source answered {status}: too many calls", wait=signal.wait)
    if status in _AUTH:
        return SendError(Reason.SOURCE_AUTH, _AUTH[status])
    return SendError(Reason.SOURCE_ERROR, f"the source answered with status {status}", _cause(status), wait=signal.wait)


_TOO_MANY = 429


def _cause(status: int) -> Cause:
    if status in _FLEETING:
        return Cause.FLEETING
    return Cause.OURS if 400 <= status < 500 else Cause.SICK

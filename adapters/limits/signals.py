"""How sources say over HTTP that there are too many calls, and how many are left: each in its own way.

What is read here is hostile: a number that is none is as if it were not there, and what is left never makes a limit
greater (see `Books.left`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

__all__ = [
    "COMPANIES_HOUSE",
    "DYNAMICS",
    "HUBSPOT",
    "SALESFORCE",
    "SHOPIFY",
    "SIGNALS",
    "STANDARD",
    "ZENDESK",
    "Signal",
    "Signals",
]

Headers = Mapping[str, str]
"""By their names in lower case; of several of one name the last."""


@dataclass(frozen=True, slots=True)
class Signal:
    """What one answer says of the source's limits.

    `is_throttled`: it is no answer, for there were too many calls. `wait` is for how many seconds the source wants to
    be left alone, `left` how many calls or points there are until the limit; None where it does not say.
    """

    is_throttled: bool = False
    wait: float | None = None
    left: float | None = None


class Signals(Protocol):
    """Reads what one kind of source says. `coded` are the statuses of answers whose body says it."""

    @property
    def coded(self) -> Collection[int]:
        """The statuses."""

    def read(self, status: int, headers: Headers, body: object) -> Signal:
        """Return what an answer says. `body` is its JSON, None where it was not read."""


@dataclass(frozen=True, slots=True)
class HeaderSignals:
    """Reads headers, and by `is_code` the body of an answer with one of the statuses in `coded`."""

    throttled: Collection[int] = (429,)
    left: Collection[str] = ()
    reset: str | None = None
    coded: Collection[int] = ()
    is_code: Callable[[object], bool] = lambda body: False

    def read(self, status: int, headers: Headers, body: object) -> Signal:
        """Return what an answer says."""
        is_throttled = status in self.throttled or (status in self.coded and self.is_code(body))
        wait = retry_after(headers) if is_throttled or status == _UNAVAILABLE else None
        if wait is None and is_throttled and self.reset is not None:
            wait = _seconds(headers.get(self.reset))
        told = [number for name in self.left if (number := _number(headers.get(name))) is not None]
        return Signal(is_throttled, wait, min([*told, *_left_by_draft(headers)], default=None))


_UNAVAILABLE = 503
_LONGEST = 200


def retry_after(headers: Headers) -> float | None:
    """Return the seconds of Retry-After (RFC 9110, section 10.2.3), None where there is none that can be read.

    A date is held against the answer's own Date: our clock may be another.
    """
    told = headers.get("retry-after")
    if told is None or (seconds := _seconds(told)) is not None:
        return seconds if told is not None else None
    until, now = _moment(told), _moment(headers.get("date"))
    if until is None:
        return None
    return max(0.0, (until - (now or datetime.now(UTC))).total_seconds())


def _moment(text: str | None) -> datetime | None:
    try:
        moment = None if text is None or len(text) > _LONGEST else parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return moment if moment is None or moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _seconds(text: str | None) -> float | None:
    number = _number(text)
    return None if number is None or number < 0 else number


def _number(text: str | None) -> float | None:
    try:
        number = float(text) if text is not None and len(text) <= _LONGEST else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None


_DRAFT = re.compile(r";\s*r=(\d{1,15})(?:\s*;|\s*,|\s*$)")


def _left_by_draft(headers: Headers) -> list[float]:
    """Return what is left by each policy in RateLimit (draft-ietf-httpapi-ratelimit-headers-10)."""
    told = headers.get("ratelimit", "")
    return [float(left) for left in _DRAFT.findall(told)] if len(told) <= _LONGEST else []


def _has_salesforce_code(body: object) -> bool:
    """Salesforce answers with a list of errors; it has neither 429 nor Retry-After."""
    errors = body if isinstance(body, list) else []
    return any(isinstance(one, Mapping) and one.get("errorCode") == "REQUEST_LIMIT_EXCEEDED" for one in errors)


class _SalesforceSignals(HeaderSignals):
    """`Sforce-Limit-Info: api-usage=25/5000` is of the last 24 hours."""

    __slots__ = ()

    def read(self, status: int, headers: Headers, body: object) -> Signal:
        signal = HeaderSignals.read(self, status, headers, body)
        used = _USAGE.search(headers.get("sforce-limit-info", "")[:_LONGEST])
        left = None if used is None else float(int(used["most"]) - int(used["used"]))
        return Signal(signal.is_throttled, signal.wait, left)


_USAGE = re.compile(r"(?:^|[\s;,])api-usage=(?P<used>\d{1,12})/(?P<most>\d{1,12})")


@dataclass(frozen=True, slots=True)
class _ShopifySignals:
    """A throttled call is answered 200, with an error; what is left of the points stands in `extensions.cost`."""

    coded: Collection[int] = (200,)

    def read(self, status: int, headers: Headers, body: object) -> Signal:
        """Return what an answer says."""
        cost = _inner(body, "extensions", "cost")
        status_of = _inner(cost, "throttleStatus")
        left, rate = _amount(status_of, "currentlyAvailable"), _amount(status_of, "restoreRate")
        is_throttled = status == _TOO_MANY or any(map(_is_throttled, _errors(body)))
        asked = _amount(cost, "requestedQueryCost")
        wait = retry_after(headers) if is_throttled else None
        if is_throttled and wait is None and rate and asked is not None and left is not None:
            wait = max(0.0, (asked - left) / rate)
        return Signal(is_throttled, wait, left)


_TOO_MANY = 429


def _inner(value: object, *names: str) -> Any:
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _amount(value: object, name: str) -> float | None:
    found = _inner(value, name)
    is_number = isinstance(found, int | float) and not isinstance(found, bool)
    return float(found) if is_number and math.isfinite(found) else None


def _errors(body: object) -> list[object]:
    found = _inner(body, "errors")
    return found if isinstance(found, list) else []


def _is_throttled(error: object) -> bool:
    return _inner(error, "message") == "Throttled" or bool(_inner(error, "extensions", "code") == "THROTTLED")


STANDARD = HeaderSignals(left=("ratelimit-remaining", "x-ratelimit-remaining"), reset="ratelimit-reset")
"""429 with Retry-After, and the headers of many gateways."""

HUBSPOT = HeaderSignals(left=("x-hubspot-ratelimit-remaining", "x-hubspot-ratelimit-secondly-remaining"))
"""429; what is left of the ten seconds and of the second. The day's is another limit."""

ZENDESK = HeaderSignals(left=("x-rate-limit-remaining", "ratelimit-remaining"), reset="ratelimit-reset")
"""429 with Retry-After."""

COMPANIES_HOUSE = HeaderSignals(left=("x-ratelimit-remain",))
"""429; 600 calls in five minutes."""

DYNAMICS = HeaderSignals(left=("x-ms-ratelimit-burst-remaining-xrm-requests",))
"""429 with Retry-After, for calls, time of execution and calls at once alike."""

SALESFORCE = _SalesforceSignals(throttled=(), coded=(403, 503), is_code=_has_salesforce_code)
"""403 with REQUEST_LIMIT_EXCEEDED, for the calls of a day; a 403 with another code is a refusal."""

SHOPIFY = _ShopifySignals()
"""200 with the error Throttled."""

SIGNALS: Mapping[str, Signals] = {
    "standard": STANDARD,
    "hubspot": HUBSPOT,
    "zendesk": ZENDESK,
    "companies-house": COMPANIES_HOUSE,
    "dynamics": DYNAMICS,
    "salesforce": SALESFORCE,
    "shopify": SHOPIFY,
}
"""All that are known, by the names that an operator gives them."""

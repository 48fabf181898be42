"""What sources say of their limits, in the shapes that they document."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.limits.signals import (
    COMPANIES_HOUSE,
    DYNAMICS,
    HUBSPOT,
    SALESFORCE,
    SHOPIFY,
    STANDARD,
    ZENDESK,
    Signal,
    Signals,
    retry_after,
)

EVERY: list[Signals] = [STANDARD, HUBSPOT, ZENDESK, COMPANIES_HOUSE, DYNAMICS, SALESFORCE, SHOPIFY]

LIMITED = [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}]
FORBIDDEN = [{"message": "insufficient access", "errorCode": "INSUFFICIENT_ACCESS"}]


def shopify(left: float, asked: float = 100, **more: Any) -> dict[str, Any]:
    status = {"maximumAvailable": 2000.0, "currentlyAvailable": left, "restoreRate": 100.0}
    return {"extensions": {"cost": {"requestedQueryCost": asked, "throttleStatus": status}}, **more}


@pytest.mark.parametrize(
    ("signals", "status", "headers", "body", "expected"),
    [
        (STANDARD, 200, {}, None, Signal()),
        (STANDARD, 429, {}, None, Signal(is_throttled=True)),
        (STANDARD, 429, {"retry-after": "7"}, None, Signal(is_throttled=True, wait=7.0)),
        (STANDARD, 503, {"retry-after": "2"}, None, Signal(wait=2.0)),
        (STANDARD, 200, {"retry-after": "2"}, None, Signal()),
        (STANDARD, 429, {"ratelimit-reset": "5"}, None, Signal(is_throttled=True, wait=5.0)),
        (STANDARD, 200, {"ratelimit": '"burst";r=9;t=1, "day";r=4000'}, None, Signal(left=9.0)),
        (STANDARD, 200, {"x-ratelimit-remaining": "12"}, None, Signal(left=12.0)),
        (HUBSPOT, 200, {"x-hubspot-ratelimit-remaining": "90"}, None, Signal(left=90.0)),
        (
            HUBSPOT,
            200,
            {"x-hubspot-ratelimit-remaining": "90", "x-hubspot-ratelimit-secondly-remaining": "3"},
            None,
            Signal(left=3.0),
        ),
        (ZENDESK, 429, {"retry-after": "93"}, None, Signal(is_throttled=True, wait=93.0)),
        (ZENDESK, 200, {"x-rate-limit-remaining": "699"}, None, Signal(left=699.0)),
        (COMPANIES_HOUSE, 200, {"x-ratelimit-remain": "0"}, None, Signal(left=0.0)),
        (DYNAMICS, 429, {"retry-after": "27"}, {"error": {}}, Signal(is_throttled=True, wait=27.0)),
        (DYNAMICS, 200, {"x-ms-ratelimit-burst-remaining-xrm-requests": "5999"}, None, Signal(left=5999.0)),
        (SALESFORCE, 403, {}, LIMITED, Signal(is_throttled=True)),
        (SALESFORCE, 403, {}, FORBIDDEN, Signal()),
        (SALESFORCE, 403, {}, None, Signal()),
        (SALESFORCE, 200, {"sforce-limit-info": "api-usage=14990/15000"}, None, Signal(left=10.0)),
        (SALESFORCE, 200, {"sforce-limit-info": "per-app-api-usage=1/2(appName=x)"}, None, Signal()),
        (SHOPIFY, 200, {}, shopify(1900.0), Signal(left=1900.0)),
        (
            SHOPIFY,
            200,
            {},
            shopify(20.0, errors=[{"message": "Throttled"}]),
            Signal(is_throttled=True, wait=0.8, left=20.0),
        ),
        (
            SHOPIFY,
            200,
            {},
            {"errors": [{"message": "?", "extensions": {"code": "THROTTLED"}}]},
            Signal(is_throttled=True),
        ),
        (SHOPIFY, 429, {"retry-after": "1.5"}, None, Signal(is_throttled=True, wait=1.5)),
        (SHOPIFY, 200, {}, {"errors": [{"message": "another"}]}, Signal()),
    ],
)
def test_what_a_source_documents_is_understood(
    signals: Signals, status: int, headers: dict[str, str], body: object, expected: Signal
) -> None:
    """Whether it throttles, for how long, and what is left."""
    assert signals.read(status, headers, body) == expected


def test_a_date_is_held_against_the_answers_own() -> None:
    """Its clock may be another than ours."""
    at = {"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}
    assert retry_after(at) == 30.0
    assert retry_after({**at, "date": "Wed, 21 Oct 2026 07:29:00 GMT"}) == 0.0
    assert retry_after({"retry-after": "Wed, 21 Oct 2020 07:28:30 -0000"}) == 0.0
    assert retry_after({"retry-after": "Wed, 99999999999 Oct 2026 07:28:30 GMT"}) is None
    assert (retry_after({"retry-after": "soon"}), retry_after({"date": at["date"]}), retry_after({})) == (None,) * 3


HOSTILE = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20))
BODIES = st.recursive(
    HOSTILE,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["errors", "errorCode", "message", "extensions", "cost", "throttleStatus", "currentlyAvailable", "code"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
NAMES = ["retry-after", "date", "ratelimit", "ratelimit-remaining", "ratelimit-reset", "sforce-limit-info"]
WORDS = st.text(max_size=400) | st.sampled_from(["-1", "1e999", "nan", "inf", "9" * 300, ";r=1", "api-usage=9/1"])


@settings(deadline=None, max_examples=300)
@given(
    st.sampled_from(EVERY),
    st.sampled_from([200, 403, 429, 503]),
    st.dictionaries(st.sampled_from(NAMES), WORDS),
    BODIES,
)
def test_whatever_comes_is_read(signals: Signals, status: int, headers: dict[str, str], body: object) -> None:
    """A number that is none is as if it were not there."""
    signal = signals.read(status, headers, body)
    assert signal.wait is None or 0.0 <= signal.wait < float("inf")
    assert signal.left is None or abs(signal.left) < float("inf")

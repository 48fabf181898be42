"""How often a consumer may look up by identifiers."""

from __future__ import annotations

import pytest

from resolvers import RefusalCode, RefusedError
from resolvers.rates import Rates
from resolvers.refusals import Excess


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def refused(rates: Rates, wanted: int = 1) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        rates.take("desk", wanted)
    return caught.value


def test_a_minute_may_be_used_at_once() -> None:
    """Then look-ups come back evenly, and it is told when the next one may be made."""
    clock = Clock()
    rates = Rates(6, clock)
    rates.take("desk", 4)
    rates.take("desk", 2)
    error = refused(rates)
    assert (error.code, error.retry_after) == (RefusalCode.RATE_LIMITED, 10)
    assert refused(rates, 3).retry_after == 30
    clock.now += 9
    assert refused(rates).retry_after == 1
    clock.now += 1
    rates.take("desk", 1)
    assert refused(rates).retry_after == 10


def test_what_is_refused_is_not_counted() -> None:
    """Nor is what was not used kept for more than a minute."""
    clock = Clock()
    rates = Rates(6, clock)
    for _ in range(5):
        rates.take("desk", 6)
        assert refused(rates, 6).retry_after == 60
        clock.now += 600
    rates.take("desk", 6)


def test_consumers_are_counted_apart() -> None:
    """One that has used up its own takes nothing from another."""
    rates = Rates(2, Clock())
    rates.take("desk", 2)
    rates.take("shop", 2)
    assert refused(rates).retry_after == 30


def test_more_than_a_minute_allows_is_never_answered() -> None:
    """Waiting would not help: the request has to be made smaller."""
    error = refused(Rates(6, Clock()), 7)
    assert (error.code, error.retry_after) == (RefusalCode.QUERY_BUDGET, None)
    assert error.excess == Excess("identifiers", 6, 7)


def test_consumers_that_are_kept_are_bounded() -> None:
    """However many there are."""
    rates = Rates(1_000_000, Clock())
    for number in range(10_010):
        rates.take(f"consumer-{number}", 1)
    assert len(rates._back) == 10_000

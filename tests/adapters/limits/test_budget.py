"""How many calls may be sent again."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.limits.budget import Budget
from adapters.limits.declared import Repeating

STEPS = st.lists(st.tuples(st.floats(0.0, 2.0), st.booleans()), min_size=1, max_size=200)


def test_a_fifth_of_the_calls_and_a_few_beside() -> None:
    """One a second, over ten seconds."""
    budget = Budget(Repeating(), lambda: 100.0)
    for _ in range(100):
        budget.count()
    assert sum(budget.take() for _ in range(100)) == 30


def test_what_was_ten_seconds_ago_is_forgotten() -> None:
    """The calls and those that were repeated."""
    now = [100.0]
    budget = Budget(Repeating(floor=0.0), lambda: now[0])
    for _ in range(10):
        budget.count()
    assert [budget.take() for _ in range(3)] == [True, True, False]
    now[0] += 11.0
    assert not budget.take()
    for _ in range(5):
        budget.count()
    assert [budget.take() for _ in range(2)] == [True, False]


@settings(deadline=None, max_examples=200)
@given(STEPS)
def test_never_more_than_the_share_and_the_floor(steps: Sequence[tuple[float, bool]]) -> None:
    """In the time that is counted, whatever came when."""
    now, calls, repeated = 0.0, list[float](), list[float]()
    budget = Budget(Repeating(share=0.2, floor=0.1), lambda: now)
    for gap, is_call in steps:
        now += gap
        if is_call:
            budget.count()
            calls.append(now)
        elif budget.take():
            repeated.append(now)
            counted = [at for at in calls if at > now - 11.0]
            assert len([at for at in repeated if at > now - 9.0]) <= 0.2 * len(counted) + 1.0


@pytest.mark.parametrize("name", ["first_seconds", "most_seconds"])
def test_a_wait_that_cannot_be_is_refused(name: str) -> None:
    """With what was got and what was wanted."""
    for seconds in (-1.0, math.inf, math.nan):
        with pytest.raises(ValueError, match=r"got .*wanted"):
            Repeating(**{name: seconds})  # type: ignore[arg-type]

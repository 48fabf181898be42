"""The circuit breaker: when a source is left alone, and how it is found out that it is back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.limits.breaker import Breaker, State
from adapters.limits.declared import Breaking


class Stage:
    """A breaker, the time, and the states that it told of."""

    def __init__(self, rule: Breaking | None = None) -> None:
        self.now, self.told = 1_000.0, list[State]()
        self.breaker = Breaker(rule or Breaking(), clock=lambda: self.now, told=self.told.append, chance=lambda: 0.5)

    def call(self, *, failed: bool | None) -> bool:
        """Make one call and return whether it could pass."""
        ticket = self.breaker.enter()
        if ticket is not None:
            self.breaker.leave(ticket, failed=failed)
        return ticket is not None

    def calls(self, *failed: bool | None) -> list[bool]:
        return [self.call(failed=one) for one in failed]


def opened() -> Stage:
    stage = Stage()
    assert stage.calls(*[True] * 5) == [True] * 5
    assert stage.breaker.state is State.OPEN
    return stage


def test_it_opens_at_the_fifth_failure_in_a_row() -> None:
    """And then nothing passes."""
    stage = opened()
    assert (stage.told, stage.calls(False, False), stage.breaker.lets_pass()) == ([State.OPEN], [False, False], False)


def test_a_success_between_begins_the_row_anew() -> None:
    """Four failures are not enough."""
    stage = Stage()
    stage.calls(True, True, True, True, False, True, True, True, True)
    assert stage.breaker.state is State.CLOSED


def test_it_opens_when_half_of_the_last_twenty_failed() -> None:
    """Though none of them five times in a row."""
    stage = Stage()
    assert all(stage.calls(*[False, True] * 10))
    assert stage.breaker.state is State.OPEN


def test_what_was_long_ago_does_not_count() -> None:
    """Nineteen ends of eleven seconds ago are none."""
    stage = Stage()
    stage.calls(*([False, True] * 9), True)
    stage.now += 11.0
    assert stage.call(failed=True)
    assert stage.breaker.state is State.CLOSED


def test_what_was_ended_by_us_tells_nothing() -> None:
    """A caller that hung up has not seen the source fail, nor answer."""
    stage = Stage()
    stage.calls(True, True, True, True, None, None, True)
    assert stage.breaker.state is State.OPEN


def test_one_call_at_a_time_finds_out_whether_the_source_is_back() -> None:
    """After a second; two that went well close it."""
    stage = opened()
    stage.now += 0.99
    assert not stage.breaker.lets_pass()
    stage.now += 0.02
    assert stage.breaker.lets_pass()
    probe = stage.breaker.enter()
    assert probe is not None
    assert (stage.breaker.enter(), stage.breaker.lets_pass()) == (None, False)
    stage.breaker.leave(probe, failed=False)
    assert stage.breaker.state is State.HALF_OPEN
    assert stage.call(failed=False)
    assert stage.told == [State.OPEN, State.HALF_OPEN, State.CLOSED]


def test_a_probe_that_fails_has_it_left_alone_again() -> None:
    """For another second."""
    stage = opened()
    stage.now += 1.01
    assert stage.calls(True, False) == [True, False]
    stage.now += 1.01
    assert stage.call(failed=False)


def test_a_probe_that_was_ended_by_us_lets_the_next_one_find_out() -> None:
    """At once: nothing was found out."""
    stage = opened()
    stage.now += 1.01
    assert stage.calls(None, False, False) == [True, True, True]
    assert stage.breaker.state is State.CLOSED


def test_a_call_from_before_says_nothing_of_what_is_now() -> None:
    """It began before the source was left alone, and ends after."""
    stage = Stage()
    old = [stage.breaker.enter() for _ in range(3)]
    stage.calls(*[True] * 5)
    stage.now += 1.01
    probe = stage.breaker.enter()
    for one in old:
        assert one is not None
        stage.breaker.leave(one, failed=False)
    assert (stage.breaker.state, stage.breaker.enter()) == (State.HALF_OPEN, None)
    assert probe is not None
    stage.breaker.leave(probe, failed=True)
    assert stage.breaker.state is State.OPEN


@pytest.mark.parametrize(("chance", "seconds"), [(0.0, 0.8), (1.0, 1.2)])
def test_not_all_processes_ask_at_the_same_moment(chance: float, seconds: float) -> None:
    """Each leaves the source alone for a second, a fifth more or less."""
    now = [0.0]
    breaker = Breaker(Breaking(failures=1), clock=lambda: now[0], chance=lambda: chance)
    ticket = breaker.enter()
    assert ticket is not None
    breaker.leave(ticket, failed=True)
    now[0] = seconds - 0.01
    assert not breaker.lets_pass()
    now[0] = seconds + 0.01
    assert breaker.lets_pass()


ENDS = st.lists(st.tuples(st.floats(0.0, 2.0), st.booleans(), st.integers(0, 3)), max_size=80)


@settings(deadline=None, max_examples=300)
@given(ENDS)
def test_a_source_that_is_back_is_closed_within_two_seconds(ends: Sequence[tuple[float, bool, int]]) -> None:
    """Whatever was before, and with calls of which some never end, if somebody asks four times a second."""
    stage, open_calls = Stage(), []
    for gap, failed, left_open in ends:
        stage.now += gap
        open_calls += [stage.breaker.enter() for _ in range(left_open)]
        stage.call(failed=failed)
    for one in open_calls:
        if one is not None:
            stage.breaker.leave(one, failed=None)
    back = stage.now
    while stage.breaker.state is not State.CLOSED:
        stage.now += 0.25
        stage.call(failed=False)
        assert stage.now <= back + 2.0


def test_it_prints_its_state_alone() -> None:
    """For a log."""
    assert repr(opened().breaker) == "Breaker(open)"


def test_a_rule_that_cannot_be_is_refused() -> None:
    """With what was got and what was wanted."""
    rules: list[dict[str, Any]] = [{"failures": 0}, {"of": 5_000}, {"share": 0.0}, {"open_seconds": 0.0}]
    for rule in (*rules, {"seconds": 0.0}, {"seconds": -1.0}, {"seconds": math.nan}):
        with pytest.raises(ValueError, match=r"got .*wanted"):
            Breaking(**rule)

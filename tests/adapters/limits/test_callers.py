"""What single callers do costs them, and closes a source to nobody else."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.limits import Limits, Repeating, State
from adapters.limits.callers import Callers
from adapters.sending import SendError
from schema.reasons import Reason
from tests.adapters.limits.test_sends import Source, virtually
from tests.virtual_time import run_virtually


async def _leave(source: Source, seconds: float) -> None:
    """Ask, and leave after so many seconds."""
    call = asyncio.ensure_future(source.ask(60.0))
    await asyncio.sleep(seconds)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)


@given(
    takes=st.sampled_from([0.001, 0.05, 0.3, 2.0]),
    knows=st.booleans(),
    callers=st.lists(st.tuples(st.booleans(), st.sampled_from([0.002, 0.02, 0.15, 1.0, 4.0])), max_size=40),
)
@settings(deadline=None, max_examples=60)
def test_no_caller_closes_a_source_to_others_by_its_haste(
    takes: float, knows: bool, callers: list[tuple[bool, float]]
) -> None:
    """However many leave, or want their answers sooner than it takes: as many calls as before run together."""

    async def story() -> None:
        source = Source(takes, limits=Limits())
        if knows:
            assert await source.asks(30) == ["reply"] * 30
        await asyncio.gather(
            *(source.ask(seconds, is_wish=True) if stays else _leave(source, seconds) for stays, seconds in callers)
        )
        state = source.limits.state()
        assert (state.breaker, state.offers.get("things") and state.offers["things"].opened) in {
            (State.CLOSED, 0),
            (State.CLOSED, None),
        }
        assert (state.width, state.under_way, state.waiting, state.failed) == (state.most, 0, 0, None)
        assert await source.ask() == "reply"

    run_virtually(story())


HANGS = 3_600.0


@virtually
async def test_who_does_not_wait_for_a_source_that_hangs_keeps_nobody_from_finding_it_out() -> None:
    """Answers that are held up for 200 ms and go without it say nothing of it, and hide nothing: five calls that had
    their time open the breaker, whatever is given up in between."""
    source = Source(HANGS, limits=Limits(timeout=1.0, repeating=Repeating(most=0)))
    for _ in range(20):
        await _leave(source, 0.2)
    assert (source.limits.state().breaker, source.limits.state().failed) == (State.CLOSED, None)
    for _ in range(5):
        await _leave(source, 0.2)
        assert await source.ask() == "SOURCE_TIMEOUT"
        await _leave(source, 0.2)
    assert await source.ask() == "unsent: CIRCUIT_OPEN"


@virtually
async def test_a_source_that_is_given_less_time_than_it_may_hold_up_answers_is_left_alone_by_these_calls() -> None:
    """Its `timeout` is what its operator says it may take, whoever asks."""
    source = Source(HANGS, limits=Limits(timeout=0.15, repeating=Repeating(most=0)))
    for _ in range(5):
        await _leave(source, 0.2)
    assert (source.limits.state().breaker, source.limits.state().failed) == (State.OPEN, Reason.SOURCE_TIMEOUT)


@virtually
async def test_a_caller_that_the_source_throttles_holds_up_itself() -> None:
    """Asked with its own credential; the source bears the calls of others, and as many of them as before."""
    throttled = SendError(Reason.SOURCE_RATE_LIMITED, "429", wait=30.0)
    source = Source(throttled, "reply", limits=Limits())
    assert await source.ask(credential="one") == "SOURCE_RATE_LIMITED"
    assert await source.ask(credential="one") == "unsent: SOURCE_RATE_LIMITED"
    assert [await source.ask(credential="two"), await source.ask()] == ["reply"] * 2
    assert (source.limits.state().held_seconds, source.limits.state().width) == (0.0, 100)
    await asyncio.sleep(30.0)
    assert await source.ask(credential="one") == "reply"
    assert len(source.calls) == 4


@virtually
async def test_a_throttled_caller_is_asked_for_again_when_that_fits_its_deadline() -> None:
    """After as long as the source has said."""
    source = Source(SendError(Reason.SOURCE_RATE_LIMITED, "429", wait=2.0), "reply", limits=Limits())
    assert await source.ask(credential="one") == "reply"
    assert source.calls == pytest.approx([0.0, 2.0])


def test_of_so_many_throttled_callers_it_is_known_and_no_more() -> None:
    """Who sends one credential after the other fills no memory."""
    callers = Callers(lambda: 0.0)
    for number in range(5_000):
        callers.hold(f"credential {number}", 1.0)
    assert (len(callers), callers.is_held("credential 4999"), callers.is_held("credential 0")) == (1_000, True, False)

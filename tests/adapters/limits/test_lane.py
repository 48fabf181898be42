"""Several offers of one source: which of them costs itself, and when the source is left alone."""

from __future__ import annotations

import asyncio

import pytest

from adapters.limits import Breaking, Limits, Repeating, State
from tests.adapters.limits.test_sends import BROKEN, SEARCH, Source, Step, virtually
from tests.virtual_time import run_virtually


@virtually
async def test_an_offer_that_fails_is_left_alone_and_no_other_is() -> None:
    """The others are answered between its failures."""
    limits = Limits(repeating=Repeating(most=0))
    steps: list[Step] = [BROKEN, "reply"]
    source = Source(*steps * 100, limits=limits)
    answers = [(await source.ask(offer=SEARCH), await source.ask()) for _ in range(20)]
    state = source.limits.state()
    assert {state.offers["search"].breaker, state.breaker} == {State.OPEN, State.CLOSED}
    assert answers[4] == ("SOURCE_ERROR", "reply")
    assert answers[5][0] == "unsent: CIRCUIT_OPEN"
    assert (source.states, state.offers["things"].breaker) == ([], State.CLOSED)


@virtually
async def test_an_offer_that_is_probed_in_vain_says_nothing_new_of_its_source() -> None:
    """It would open the source's own breaker after five probes, and close it to all offers."""
    source = Source(BROKEN, limits=Limits(repeating=Repeating(most=0)))
    for _ in range(4):
        await source.ask(offer=SEARCH)
    source.steps = ["reply"]
    assert await source.ask() == "reply"
    source.steps = [BROKEN]
    for _ in range(100):
        await source.ask(offer=SEARCH)
        await asyncio.sleep(0.1)
    state = source.limits.state()
    assert (state.offers["search"].opened > 5, state.opened) == (True, 0)


@pytest.mark.parametrize("seconds", [0.5, 15.0])
def test_an_offer_that_always_fails_and_is_asked_most_costs_itself(seconds: float) -> None:
    """The others are answered, however seldom they are asked."""

    async def story() -> None:
        source = Source("reply", limits=Limits(repeating=Repeating(most=0)))
        answers = [await source.ask()]
        for _ in range(40):
            for _ in range(int(seconds * 20)):
                source.steps = [BROKEN]
                await source.ask(offer=SEARCH)
                await asyncio.sleep(0.05)
            source.steps = ["reply"]
            answers.append(await source.ask())
        assert (answers.count("reply"), source.limits.state().opened) == (41, 0)

    run_virtually(story())


@virtually
async def test_a_source_that_is_down_is_left_alone_soon_after_the_first_of_its_offers_is() -> None:
    """And is found out when it is back, whichever of them is asked."""
    source = Source("reply", limits=Limits(repeating=Repeating(most=0)))
    assert [await source.ask(), await source.ask(offer=SEARCH)] == ["reply"] * 2
    source.steps = [BROKEN]
    for _ in range(20):
        await source.ask()
        await source.ask(offer=SEARCH)
    assert (len(source.calls), source.states) == (2 + 6, [State.OPEN])
    source.steps = ["reply"]
    await asyncio.sleep(1.1)
    assert [await source.ask(offer=SEARCH) for _ in range(3)] == ["reply"] * 3
    assert source.states[-1] is State.CLOSED


@virtually
async def test_the_only_offer_of_a_source_finds_out_for_it() -> None:
    """A probe in vain leaves both alone again."""
    source = Source(BROKEN, limits=Limits(repeating=Repeating(most=0)))
    for _ in range(5):
        await source.ask()
    await asyncio.sleep(1.1)
    await source.ask()
    assert source.states == [State.OPEN, State.HALF_OPEN, State.OPEN]


@virtually
async def test_an_offer_that_is_back_is_found_out_whatever_the_others_do() -> None:
    """All were down, and the one that is asked most still is: as soon as it is known to be, it finds out nothing for
    the others."""
    source, answers = Source(BROKEN, limits=Limits(repeating=Repeating(most=0))), []
    for _ in range(5):
        await source.ask()
        await source.ask(offer=SEARCH)
    assert source.states == [State.OPEN]
    for _ in range(30):
        for _ in range(10):
            source.steps = [BROKEN]
            await source.ask(offer=SEARCH)
            await asyncio.sleep(0.05)
        source.steps = ["reply"]
        answers.append(await source.ask())
    assert answers[8:] == ["reply"] * 22
    assert source.states[-1] is State.CLOSED


@virtually
async def test_a_source_that_is_probed_in_vain_is_open() -> None:
    """Whichever of its offers is asked, and it is said to have been so since it was closed last: nothing recovers."""
    source = Source(BROKEN, limits=Limits(repeating=Repeating(most=0)))
    for _ in range(5):
        await source.ask()
        await source.ask(offer=SEARCH)
    began, seen = source.limits.breaker.alone_since, set[State]()
    for _ in range(1_000):
        await asyncio.sleep(0.05)
        await source.ask()
        await source.ask(offer=SEARCH)
        seen.add(source.limits.state().breaker)
    assert seen == {State.OPEN}
    assert source.limits.breaker.alone_since == began


@virtually
async def test_a_call_that_its_offer_does_not_let_pass_tries_nothing() -> None:
    """The source stays as it was: nobody finds out anything by it."""
    source = Source(BROKEN, limits=Limits(repeating=Repeating(most=0)))
    for _ in range(5):
        await source.ask()
    lane = source.limits.lanes["things"]
    lane.breaker.rule = Breaking(open_seconds=60)
    await asyncio.sleep(1.1)
    await source.ask()
    await asyncio.sleep(1.1)
    made = len(source.calls)
    assert (lane.enter(), len(source.calls), source.limits.breaker.state) == (None, made, State.OPEN)

"""Several offers of one source: which of them costs itself, and when the source is left alone."""

from __future__ import annotations

import asyncio

import pytest

from adapters.limits import Breaking, Limits, OfferLimits, Repeating, State, Width, Window
from adapters.sending import Cause, SendError
from schema.reasons import Reason
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


LATER = SendError(Reason.SOURCE_ERROR, "503", Cause.FLEETING, wait=30.0)
ONCE = Repeating(most=0)


@virtually
async def test_what_a_503_asks_for_holds_its_offer_and_no_other() -> None:
    """RFC 9110, 10.2.3: it is of the service that was asked; another endpoint of the source answers."""
    source = Source(LATER, "reply", limits=Limits(repeating=ONCE))
    assert [await source.ask(offer=SEARCH), await source.ask(offer=SEARCH)] == [
        "SOURCE_ERROR",
        "unsent: SOURCE_RATE_LIMITED",
    ]
    assert await source.ask() == "reply"
    state = source.limits.state()
    assert (state.held_seconds, state.offers["search"].held_seconds, state.offers["things"].held_seconds) == (0, 30, 0)
    await asyncio.sleep(30.0)
    assert await source.ask(offer=SEARCH) == "reply"
    assert source.calls == pytest.approx([0.0, 0.0, 30.0])


@virtually
async def test_what_throttles_one_offer_holds_its_source() -> None:
    """The rate is of all of them."""
    source = Source(SendError(Reason.SOURCE_RATE_LIMITED, "429", wait=30.0), "reply", limits=Limits(repeating=ONCE))
    assert await source.ask(offer=SEARCH) == "SOURCE_RATE_LIMITED"
    assert await source.ask() == "unsent: SOURCE_RATE_LIMITED"


@virtually
async def test_an_offer_is_held_by_its_source_and_by_itself_whatever_its_rates_become() -> None:
    """What it was held for is gone on with, and so are the rates that it is given meanwhile."""
    source = Source(LATER, "reply", limits=Limits(repeating=ONCE))
    assert await source.ask(offer=SEARCH) == "SOURCE_ERROR"
    source.limits.hold(10.0)
    source.limits.change(Limits(repeating=ONCE, offers={"search": OfferLimits(rates=[Window(1, 10.0)])}))
    assert await source.ask() == "unsent: SOURCE_RATE_LIMITED"
    await asyncio.sleep(10.0)
    assert [await source.ask(), await source.ask(offer=SEARCH)] == ["reply", "unsent: SOURCE_RATE_LIMITED"]
    assert await source.ask(60.0, SEARCH) == "reply"
    assert await source.ask(60.0, SEARCH) == "reply"
    assert source.calls == pytest.approx([0.0, 10.0, 30.0, 40.0])


@virtually
async def test_a_call_that_waits_for_its_turn_is_held_by_its_offer() -> None:
    """It was let pass before the source has said so."""
    limits = Limits(width=Width(most=1, least=1), repeating=ONCE)
    source = Source(SendError(Reason.SOURCE_ERROR, "503", Cause.FLEETING, wait=3.0), "reply", limits=limits)
    answers = list(await asyncio.gather(source.ask(offer=SEARCH), source.ask(offer=SEARCH), source.ask()))
    assert answers == ["SOURCE_ERROR", "reply", "reply"]
    assert source.calls == pytest.approx([0.0, 0.0, 3.0])


@virtually
async def test_when_an_offer_may_be_asked_again_is_known() -> None:
    """When both breakers let a call try, or what it is held for is over; while a call finds out, nobody knows."""
    source = Source(BROKEN, limits=Limits(breaking=Breaking(failures=1, open_seconds=4.0), repeating=ONCE))
    wait = source.limits.wait
    assert wait("search", Reason.CIRCUIT_OPEN) is None
    await source.ask(offer=SEARCH)
    await asyncio.sleep(1.0)
    await source.ask()
    assert (wait("search", Reason.CIRCUIT_OPEN), wait("search", Reason.SOURCE_RATE_LIMITED)) == (3.0, None)
    await asyncio.sleep(3.0)
    assert wait("search", Reason.CIRCUIT_OPEN) == 0.0
    source.steps = [1.0]
    trying = asyncio.ensure_future(source.ask(offer=SEARCH))
    await asyncio.sleep(0.5)
    assert wait("search", Reason.CIRCUIT_OPEN) is None
    await trying
    source.limits.hold(10.0)
    source.limits.hold(20.0, "search")
    waits = [wait(name, Reason.SOURCE_RATE_LIMITED) for name in ("search", "things", "unheard of")]
    assert waits == [20.0, 10.0, None]
    assert wait("search", Reason.SOURCE_TIMEOUT) is None


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

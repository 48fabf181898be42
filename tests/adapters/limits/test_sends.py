"""The wrappers of `send` that keep a source's limits, together, on a loop of virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any

import pytest

from adapters.adapter import Batch, Call, Permit
from adapters.answers import Denied
from adapters.limits import Breaking, Limits, OfferLimits, Repeating, SourceLimits, State, Width, Window, limited
from adapters.observed import Observed
from adapters.offers import Offer
from adapters.records import Record
from adapters.sending import Ask, Cause, InTime, NotPermittedError, Send, SendError, UnsentError, Wire
from schema.deadline import Deadline
from schema.observer import Event, Repeated, Sent, Unsent, Waited
from schema.reasons import Reason
from tests.virtual_time import run_virtually


class Thing(Record):
    name: str


OFFER = Offer(name="things", serves="Thing", record=Thing, key="id")
SEARCH = Offer(name="search", serves="Thing", record=Thing, key="id")

CALM = Breaking(failures=1_000, of=1_000)
"""A breaker that does not open here."""

BROKEN = SendError(Reason.SOURCE_ERROR, "it failed")
BUSY = SendError(Reason.SOURCE_ERROR, "the source answered with status 503", Cause.FLEETING)

Step = str | float | SendError
"""What a source does with a call: answer so, answer after so many seconds, or fail."""


class Source:
    """A source that does one thing after the other, the last again and again, and notes when it was called."""

    def __init__(self, *steps: Step, limits: Limits | None = None, share: float = 1.0) -> None:
        self.loop = asyncio.get_running_loop()
        self.steps, self.calls, self.events, self.states = list(steps), list[float](), list[Event](), list[State]()
        self.under_way = self.most = 0
        limits = limits or Limits(breaking=CALM)
        self.limits = SourceLimits(limits, clock=self.loop.time, share=share, told=self.told_state, chance=lambda: 0.5)
        wire: Wire[Ask, str] = Wire(self._make)
        observed: Send[Ask, str] = Observed(InTime(wire, self.limits.timeout), "crm", self.loop.time)
        self.chain = limited(observed, "crm", self.limits)

    async def _make(self, ask: Ask, call: Call) -> str:
        self.calls.append(self.loop.time() - 1_000.0)
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            if isinstance(step, float):
                await asyncio.sleep(step)
            if isinstance(step, SendError):
                raise SendError(step.reason, step.detail, step.cause, wait=step.wait)
        finally:
            self.under_way -= 1
        return "reply"

    def told_state(self, offer: str | None, state: State, failed: Reason | None) -> None:
        if offer is None:
            self.states.append(state)

    def note(self, event: Event) -> None:
        self.events.append(event)

    def told(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.events if type(event) is kind]

    async def ask(
        self,
        seconds: float = 5.0,
        offer: Offer = OFFER,
        *,
        permit: Permit | None = None,
        is_urgent: bool = True,
        is_wish: bool = False,
        credential: str | None = None,
    ) -> str:
        """Return the reply, or the reason for which there is none."""
        deadline = Deadline(self.loop.time() + seconds, self.loop.time, is_wish=is_wish)
        call = Call(deadline, "dpv:X", credential, observer=self, permit=permit, is_urgent=is_urgent)
        try:
            return await self.chain.send(Ask(Batch(offer, ("name",), ("1", "2")), ("1", "2")), call)
        except SendError as error:
            return f"{error.reason}" if not isinstance(error, UnsentError) else f"unsent: {error.reason}"

    async def asks(self, count: int, seconds: float = 5.0) -> list[str]:
        return list(await asyncio.gather(*(self.ask(seconds) for _ in range(count))))


def virtually(story: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    def test() -> None:
        run_virtually(story())

    test.__name__, test.__doc__ = story.__name__, story.__doc__
    return test


@virtually
async def test_a_call_that_is_answered_is_made_once() -> None:
    """Nothing is told but that it was sent, and nothing waits."""
    source = Source("reply")
    assert await source.ask() == "reply"
    assert (source.calls, source.events) == ([0.0], [Sent("crm", "things", ("name",), 2, 0.0)])


@virtually
async def test_what_failed_for_a_moment_is_asked_again() -> None:
    """After a random part of 50 ms, which doubles."""
    source = Source(BUSY, BUSY, "reply")
    assert await source.ask() == "reply"
    assert source.calls == pytest.approx([0.0, 0.025, 0.075])
    assert source.told(Repeated) == [
        Repeated("crm", "things", Reason.SOURCE_ERROR, 0.025),
        Repeated("crm", "things", Reason.SOURCE_ERROR, 0.05),
    ]


@virtually
async def test_it_is_asked_again_twice_and_no_more() -> None:
    """The last error is the answer."""
    source = Source(BUSY)
    assert await source.ask() == "SOURCE_ERROR"
    assert len(source.calls) == 3


@pytest.mark.parametrize(
    "error",
    [
        SendError(Reason.SOURCE_ERROR, "garbage"),
        SendError(Reason.SOURCE_AUTH, "refused"),
        SendError(Reason.SOURCE_MISMATCH, "another's"),
        SendError(Reason.SOURCE_ERROR, "the source answered with status 400", Cause.OURS),
    ],
)
def test_what_would_fail_again_is_not_asked_again(error: SendError) -> None:
    """Garbage, a refusal, another's record, a request that the source cannot read."""

    async def story() -> None:
        source = Source(error)
        assert await source.ask() == str(error.reason)
        assert len(source.calls) == 1

    run_virtually(story())


@virtually
async def test_a_sick_source_gets_a_fifth_more_calls_and_a_few_beside() -> None:
    """Ten for ten seconds: of a hundred callers thirty are asked for again."""
    source = Source(BUSY)
    for _ in range(100):
        await source.ask()
    assert len(source.calls) <= 100 * 1.2 + 10
    assert len(source.calls) > 110


@virtually
async def test_nothing_is_asked_again_that_would_be_too_late() -> None:
    """The deadline comes before the next attempt would."""
    source = Source(BUSY)
    assert await source.ask(seconds=0.02) == "SOURCE_ERROR"
    assert len(source.calls) == 1


@virtually
async def test_a_source_that_wants_fewer_calls_is_left_alone_for_as_long() -> None:
    """All callers wait, not the one alone that was told."""
    source = Source(SendError(Reason.SOURCE_RATE_LIMITED, "429", wait=2.0), "reply")
    first = asyncio.ensure_future(source.ask())
    await asyncio.sleep(0.1)
    assert list(await asyncio.gather(first, source.ask())) == ["reply", "reply"]
    assert source.calls == pytest.approx([0.0, 2.0, 2.0])
    assert [event.seconds for event in source.told(Waited)] == pytest.approx([1.9])


@virtually
async def test_who_cannot_wait_for_that_is_told_at_once() -> None:
    """And the source is not asked."""
    source = Source(SendError(Reason.SOURCE_RATE_LIMITED, "429", wait=30.0), "reply")
    assert await source.ask() == "SOURCE_RATE_LIMITED"
    assert await source.ask() == "unsent: SOURCE_RATE_LIMITED"
    assert (source.loop.time() - 1_000.0, len(source.calls)) == (0.0, 1)
    detail = "the source has asked to be left alone for longer than the request's time"
    assert [event.detail for event in source.told(Unsent)] == [detail]


@virtually
async def test_who_could_wait_for_that_and_not_for_the_answer_is_told_at_once() -> None:
    """It would be sent, and be late."""
    throttled = SendError(Reason.SOURCE_RATE_LIMITED, "429", wait=1.0)
    source = Source(0.5, throttled, 0.5, limits=Limits(repeating=Repeating(most=0)))
    assert [await source.ask(), await source.ask()] == ["reply", "SOURCE_RATE_LIMITED"]
    assert await source.ask(1.4) == "unsent: SOURCE_RATE_LIMITED"
    assert await source.ask(1.6) == "reply"


@virtually
async def test_a_source_that_does_not_say_for_how_long_is_left_alone_a_little() -> None:
    """A fifth of a second; nor is it taken to be sick."""
    source = Source(SendError(Reason.SOURCE_RATE_LIMITED, "429"), "reply", limits=Limits())
    assert await source.ask() == "reply"
    assert source.calls == pytest.approx([0.0, 0.2])
    assert source.states == []


@virtually
async def test_nobody_is_kept_waiting_longer_than_a_minute() -> None:
    """A source may say a day."""
    source = Source(SendError(Reason.SOURCE_RATE_LIMITED, "429", wait=86_400.0), "reply")
    await source.ask()
    await asyncio.sleep(59.0)
    assert await source.ask(seconds=0.5) == "unsent: SOURCE_RATE_LIMITED"
    await asyncio.sleep(1.1)
    assert await source.ask() == "reply"


@virtually
async def test_a_rate_is_kept_whoever_asks() -> None:
    """Those wait whom there is time for; the others are told at once."""
    limits = Limits(rates=[Window(2, 1.0)], breaking=CALM)
    source = Source("reply", limits=limits)
    answers = await source.asks(10, seconds=2.5)
    assert (answers.count("reply"), answers.count("unsent: SOURCE_RATE_LIMITED")) == (6, 4)
    assert source.calls == pytest.approx([0.0, 0.0, 1.0, 1.0, 2.0, 2.0])


@virtually
async def test_an_offer_has_its_own_rate_beside() -> None:
    """A search has to wait, and reads go on."""
    limits = Limits(offers={"search": OfferLimits(rates=[Window(1, 1.0)])})
    source = Source("reply", limits=limits)
    searches = asyncio.gather(*(source.ask(offer=SEARCH) for _ in range(3)))
    assert await source.asks(5) == ["reply"] * 5
    assert source.loop.time() == 1_000.0
    await searches
    assert source.calls[-2:] == pytest.approx([1.0, 2.0])


@virtually
async def test_what_was_not_sent_does_not_count_against_the_rate() -> None:
    """It had its rate, and no turn came."""
    limits = Limits(rates=[Window(2, 10.0)], width=Width(most=1, least=1), breaking=CALM)
    source = Source(0.5, limits=limits)
    assert await source.asks(2, seconds=0.6) == ["reply", "DEADLINE_EXCEEDED"]
    source = Source(0.5, limits=limits)
    first = asyncio.ensure_future(source.ask())
    await asyncio.sleep(0)
    assert await source.ask(seconds=0.1) == "unsent: DEADLINE_EXCEEDED"
    assert await source.ask() == "reply"
    assert await first == "reply"


@virtually
async def test_calls_wait_for_their_turn_and_no_longer_than_their_deadline() -> None:
    """Two at a time; the fifth and the sixth would come too late."""
    source = Source(1.0, limits=Limits(width=Width(most=2, least=1), breaking=CALM))
    answers = await source.asks(6, seconds=2.5)
    assert (source.most, answers.count("reply")) == (2, 4)
    assert [event.reason for event in source.told(Unsent)] == []
    assert answers.count("DEADLINE_EXCEEDED") == 2


@virtually
async def test_no_more_calls_wait_than_may() -> None:
    """The next one is told at once."""
    source = Source(1.0, limits=Limits(width=Width(most=1, queue=2), breaking=CALM))
    answers = await source.asks(5)
    assert sorted(answers) == ["reply"] * 3 + ["unsent: SOURCE_RATE_LIMITED"] * 2
    assert source.told(Unsent)[0].detail == "too many calls wait for this source"


@virtually
async def test_an_offer_has_its_own_turns_beside() -> None:
    """One search at a time, while reads go on."""
    limits = Limits(offers={"search": OfferLimits(at_once=1)}, breaking=CALM)
    source = Source(1.0, limits=limits)
    await asyncio.gather(*(source.ask(offer=SEARCH) for _ in range(2)), source.asks(3))
    assert source.calls == pytest.approx([0.0, 0.0, 0.0, 0.0, 1.0])


@virtually
async def test_a_source_that_fails_is_left_alone() -> None:
    """From the fifth failure on; and it is told once a state."""
    source = Source(BROKEN, limits=Limits())
    answers = [await source.ask() for _ in range(50)]
    assert (answers.count("SOURCE_ERROR"), answers.count("unsent: CIRCUIT_OPEN")) == (5, 45)
    assert (len(source.calls), source.states) == (5, [State.OPEN])


@virtually
async def test_a_source_that_is_back_is_asked_again_within_two_seconds() -> None:
    """With one caller every tenth of a second."""
    source = Source(BROKEN, limits=Limits())
    for _ in range(30):
        await source.ask()
        await asyncio.sleep(0.1)
    source.steps, back = ["reply"], source.loop.time()
    while source.states[-1] is not State.CLOSED:
        await asyncio.sleep(0.1)
        await source.ask()
    assert source.loop.time() - back <= 2.0


@virtually
async def test_those_that_wait_are_told_when_the_source_is_left_alone() -> None:
    """At once: they have their turns, and go no further."""
    source = Source(BROKEN, limits=Limits(width=Width(most=1, least=1)))
    source.steps = [0.1, BROKEN]
    answers = await source.asks(40)
    assert (answers.count("reply"), answers.count("SOURCE_ERROR"), answers.count("unsent: CIRCUIT_OPEN")) == (1, 5, 34)


@virtually
async def test_a_source_that_does_not_answer_is_left_alone() -> None:
    """Where its own time limit was over, and where the request's was and the source had had enough."""
    for limits, seconds in ((Limits(timeout=0.5, repeating=Repeating(most=0)), 5.0), (Limits(), 0.5)):
        source = Source(60.0, limits=limits)
        answers = [await source.ask(seconds) for _ in range(8)]
        assert answers[-1] == "unsent: CIRCUIT_OPEN"
        assert len(source.calls) == 5


@virtually
async def test_a_request_with_too_little_time_says_nothing_of_the_source() -> None:
    """It usually takes longer than that."""
    source = Source(1.0, limits=Limits())
    assert await source.ask() == "reply"
    assert [await source.ask(0.3) for _ in range(8)] == ["DEADLINE_EXCEEDED"] * 8
    assert source.states == []


@virtually
async def test_a_call_that_was_cut_gives_back_what_it_had() -> None:
    """Its turn, and the right to find out whether the source is back."""
    source = Source(BROKEN, limits=Limits(width=Width(most=1, least=1), repeating=Repeating(most=0)))
    for _ in range(5):
        await source.ask()
    await asyncio.sleep(1.1)
    source.steps = [60.0]
    probe = asyncio.ensure_future(source.ask())
    await asyncio.sleep(0.05)
    probe.cancel()
    await asyncio.gather(probe, return_exceptions=True)
    source.steps = ["reply"]
    assert [await source.ask() for _ in range(3)] == ["reply"] * 3
    assert source.states[-1] is State.CLOSED


@virtually
async def test_those_go_first_for_whom_somebody_waits() -> None:
    """What is asked in bulk comes after them."""
    source, order = Source(1.0, limits=Limits(width=Width(most=1, least=1))), list[str]()

    async def asked(name: str, *, is_urgent: bool) -> None:
        await source.ask(60.0, is_urgent=is_urgent)
        order.append(name)

    await asyncio.gather(
        *(asked(name, is_urgent=is_urgent) for name, is_urgent in (("a", False), ("b", False), ("c", True)))
    )
    assert order == ["a", "c", "b"]


@virtually
async def test_each_of_several_processes_keeps_its_share_of_a_rate() -> None:
    """A quarter of eight."""
    source = Source("reply", limits=Limits(rates=[Window(8, 100.0)]), share=0.25)
    answers = await source.asks(5)
    assert answers.count("reply") == 2


class Turnstile:
    """A permit that knows at once, or after it was renewed so many times, which keys may not be asked."""

    def __init__(self, *denied: str, stale: int = 0) -> None:
        self.shut, self.stale, self.renewals, self.asked = denied, stale, 0, list[float]()
        self.during: Callable[[], Awaitable[object]] = lambda: asyncio.sleep(0)

    def denied(self, keys: Sequence[str]) -> Mapping[str, Denied] | None:
        self.asked.append(asyncio.get_running_loop().time() - 1_000.0)
        if self.renewals < self.stale:
            return None
        return {key: Denied(Reason.CONSENT_WITHDRAWN) for key in keys if key in self.shut}

    async def renew(self) -> None:
        await self.during()
        self.renewals += 1


@virtually
async def test_a_permit_is_asked_for_after_every_wait() -> None:
    """For the rate and for the turn: what was read before may be too old."""
    limits = Limits(rates=[Window(1, 3.0)], width=Width(most=1, least=1))
    source, turnstile = Source(4.0, limits=limits), Turnstile()
    await asyncio.gather(source.ask(30.0), source.ask(30.0, permit=turnstile))
    assert (source.calls, turnstile.asked) == ([0.0, 4.0], [4.0])


@virtually
async def test_what_may_not_be_asked_is_not_sent() -> None:
    """Of two keys one: who made the call makes another one, without it. Rate and turn are given back."""
    source = Source("reply", limits=Limits(rates=[Window(1, 60.0)], width=Width(most=1, least=1)))
    with pytest.raises(NotPermittedError, match="1 keys may not be asked") as caught:
        await source.ask(permit=Turnstile("2"))
    assert (caught.value.denied, source.calls) == ({"2": Denied(Reason.CONSENT_WITHDRAWN)}, [])
    assert await source.ask(permit=Turnstile()) == "reply"


@virtually
async def test_a_permit_is_renewed_while_no_call_holds_the_turn() -> None:
    """The call by which it is renewed may go to this very source, which takes one at a time."""
    source, turnstile = Source("reply", limits=Limits(width=Width(most=1, least=1))), Turnstile(stale=2)
    turnstile.during = source.ask
    assert await source.ask(permit=turnstile) == "reply"
    assert len(source.calls) == 3


@virtually
async def test_a_source_that_is_held_keeps_those_who_had_their_rate_already() -> None:
    """They wait for their turn meanwhile; when it comes they are not sent."""
    throttled = SendError(Reason.SOURCE_RATE_LIMITED, "429", wait=3.0)
    limits = Limits(width=Width(most=1, least=1), repeating=Repeating(most=0))
    source = Source(throttled, "reply", limits=limits)
    assert sorted(await source.asks(3)) == ["SOURCE_RATE_LIMITED", "reply", "reply"]
    assert source.calls == pytest.approx([0.0, 3.0, 3.0])


@virtually
async def test_a_rate_is_kept_by_calls_that_waited_for_their_turn() -> None:
    """Planned for one a second, they would all start when the first, which holds the only turn, ends after nine."""
    limits = Limits(rates=[Window(1, 1.0)], width=Width(most=1, least=1), breaking=CALM)
    source = Source(9.0, 0.0, limits=limits)
    assert await source.asks(4, seconds=60.0) == ["reply"] * 4
    assert source.calls == pytest.approx([0.0, 9.0, 10.0, 11.0])


@virtually
async def test_who_would_come_too_late_is_told_at_once() -> None:
    """By how long calls take now and how many are ahead; others are answered in their place."""
    source = Source(1.0, limits=Limits(width=Width(most=1, least=1, queue=100), breaking=CALM))
    assert await source.ask() == "reply"
    answers = await asyncio.gather(*(source.ask(3.5) for _ in range(10)))
    assert (answers.count("reply"), answers.count("unsent: SOURCE_RATE_LIMITED")) == (3, 6)
    assert {event.detail for event in source.told(Unsent)} == {"too many calls wait for this source"}


@virtually
async def test_a_source_without_callers_is_not_asked() -> None:
    """Not to find out whether it is back, either."""
    source = Source(BROKEN, limits=Limits())
    for _ in range(10):
        await source.ask()
    made = len(source.calls)
    await asyncio.sleep(3_600.0)
    assert len(source.calls) == made


@virtually
async def test_a_busy_source_that_says_when_to_come_back_is_left_alone_until_then() -> None:
    """503 with Retry-After, also for who comes meanwhile; it counts against its health all the same."""
    busy = SendError(Reason.SOURCE_ERROR, "503", Cause.FLEETING, wait=2.0)
    source = Source(busy, "reply", limits=Limits())
    first = asyncio.ensure_future(source.ask())
    await asyncio.sleep(0.1)
    assert await source.ask(seconds=1.0) == "unsent: SOURCE_RATE_LIMITED"
    assert list(await asyncio.gather(first, source.ask())) == ["reply", "reply"]
    assert source.calls == pytest.approx([0.0, 2.0, 2.0])
    assert source.limits.state().failed is Reason.SOURCE_ERROR


@virtually
async def test_other_limits_hold_from_now_on_and_drop_nobody() -> None:
    """A call that is under way and those who wait end as they would have; what was booked is not forgotten."""
    source = Source(1.0, limits=Limits(width=Width(most=1, least=1), rates=[Window(10, 60.0)], breaking=CALM))
    waiting = [asyncio.ensure_future(source.ask(30.0)) for _ in range(5)]
    await asyncio.sleep(0.5)
    source.limits.change(Limits(width=Width(most=4, least=1), rates=[Window(6, 60.0)], breaking=CALM))
    assert (source.limits.state().under_way, source.limits.state().most) == (4, 4)
    assert list(await asyncio.gather(*waiting)) == ["reply"] * 5
    assert source.calls == pytest.approx([0.0, 0.5, 0.5, 0.5, 1.0])
    assert [await source.ask() for _ in range(2)] == ["reply", "unsent: SOURCE_RATE_LIMITED"]


@virtually
async def test_other_limits_leave_a_breaker_as_it_is() -> None:
    """A source that is left alone is left alone by the new numbers, too."""
    source = Source(BROKEN, limits=Limits())
    for _ in range(5):
        await source.ask()
    source.limits.change(Limits(breaking=Breaking(failures=3)))
    assert await source.ask() == "unsent: CIRCUIT_OPEN"
    assert source.limits.state().opened == 1


@virtually
async def test_an_offer_may_have_its_own_limits_from_now_on_and_then_none() -> None:
    """Turns that were given are given back where they were taken."""
    source = Source(1.0, limits=Limits(breaking=CALM))
    source.limits.change(Limits(breaking=CALM, offers={"things": OfferLimits(at_once=1, timeout=20.0)}))
    asked = [asyncio.ensure_future(source.ask(30.0)) for _ in range(3)]
    await asyncio.sleep(0.5)
    offer = source.limits.state().offers["things"]
    assert (offer.most, offer.under_way, offer.waiting) == (1, 1, 2)
    source.limits.change(Limits(breaking=CALM))
    assert list(await asyncio.gather(*asked)) == ["reply"] * 3
    state = source.limits.state()
    assert (source.calls, state.under_way, state.offers["things"].most) == ([0.0, 0.5, 0.5], 0, None)


@virtually
async def test_a_process_may_have_another_share_from_now_on() -> None:
    """Half of eight, of which two have gone."""
    source = Source("reply", limits=Limits(rates=[Window(8, 100.0)]))
    await source.asks(2)
    source.limits.share(0.5)
    assert (await source.asks(5)).count("reply") == 2
    with pytest.raises(ValueError, match="a share of 0"):
        source.limits.share(0)


@virtually
async def test_what_a_source_says_is_left_is_left_of_its_first_rate() -> None:
    """The day's number says nothing of the second, nor the other way round."""
    source = Source("reply", limits=Limits(rates=[Window(10, 10.0), Window(1_000, 86_400.0)]))
    source.limits.left(2)
    assert (await source.asks(5, seconds=1.0)).count("reply") == 2
    await asyncio.sleep(10.1)
    assert (await source.asks(10, seconds=1.0)).count("reply") == 10


@virtually
async def test_the_state_is_told() -> None:
    """Whole, and with what was learnt."""
    source = Source(0.5, limits=Limits(width=Width(most=2, least=1, queue=7), rates=[Window(4, 60.0)]))
    asked = [asyncio.ensure_future(source.ask(70.0)) for _ in range(6)]
    await asyncio.sleep(0.25)
    state = source.limits.state()
    assert (state.width, state.most, state.under_way, state.waiting, state.queue) == (2, 2, 2, 4, 7)
    assert (state.breaker, state.breaker_seconds, state.opened, state.failed) == (State.CLOSED, 0.25, 0, None)
    assert (state.retries_left, state.usual_seconds, state.held_seconds) == (10, None, 0.0)
    source.limits.hold(3.0)
    assert source.limits.state().held_seconds == pytest.approx(3.0)
    assert list(await asyncio.gather(*asked)) == ["reply"] * 6
    state = source.limits.state()
    assert (state.under_way, state.waiting) == (0, 0)
    assert state.usual_seconds == pytest.approx(0.5)
    assert state.offers["things"].usual_seconds == pytest.approx(0.5)

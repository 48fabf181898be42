"""One call on the wire: its time, its turn, and who hears of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

import pytest

from adapters.adapter import Batch, Call
from adapters.answers import Denied
from adapters.limits import Limits, SourceLimits, Width
from adapters.limits.sends import Queued
from adapters.observed import Observed
from adapters.offers import Offer
from adapters.records import Record
from adapters.sending import (
    Ask,
    InTime,
    NotPermittedError,
    Ready,
    Send,
    SendError,
    StalePermitError,
    Wire,
    last_look,
)
from schema.deadline import Deadline
from schema.observer import Event, Sent
from schema.reasons import Reason


class Thing(Record):
    name: str


OFFER = Offer(name="things", serves="Thing", record=Thing, key="id")
ASK = Ask(Batch(OFFER, ("name",), ("1", "2", "3")), ("1", "2"))


class Heard:
    def __init__(self) -> None:
        self.calls: list[Sent] = []

    def note(self, event: Event) -> None:
        if isinstance(event, Sent):
            self.calls.append(event)


def call(seconds: float = 5.0, heard: Heard | None = None) -> Call:
    return Call(Deadline.after(seconds), "dpv:X", observer=heard or Heard())


def queued(inner: Send[Ask, str], most: int) -> Queued[Ask, str]:
    return Queued(inner, "crm", SourceLimits(Limits(width=Width(most=most))))


def never_over(ask: Ask) -> float | None:
    return None


def wire(make: Callable[[], Awaitable[str]]) -> Wire[Ask, str]:
    return Wire(lambda ask, call: make())


async def reply() -> str:
    return "reply"


async def never() -> str:
    await asyncio.Event().wait()
    return "never"


async def failing() -> str:
    raise SendError(Reason.SOURCE_RATE_LIMITED, "too many")


def test_an_error_says_its_reason_and_our_text() -> None:
    """And nothing else."""
    error = SendError(Reason.SOURCE_AUTH, "refused")
    assert (error.reason, error.detail, str(error)) == (Reason.SOURCE_AUTH, "refused", "SOURCE_AUTH: refused")


def test_an_ask_prints_no_key() -> None:
    """Neither its own nor its batch's."""
    assert "'1'" not in repr(ASK)


async def test_a_call_in_time_is_answered() -> None:
    """With a limit and without."""
    assert await InTime(wire(reply), lambda ask: 1.0).send(ASK, call()) == "reply"
    assert await InTime(wire(reply), never_over).send(ASK, call()) == "reply"


@pytest.mark.parametrize(
    ("limit", "seconds", "reason"),
    [
        (0.01, 5.0, Reason.SOURCE_TIMEOUT),
        (5.0, 0.01, Reason.DEADLINE_EXCEEDED),
        (None, 0.01, Reason.DEADLINE_EXCEEDED),
    ],
)
async def test_the_sooner_of_limit_and_deadline_ends_a_call(
    limit: float | None, seconds: float, reason: Reason
) -> None:
    """And the reason says which it was."""
    with pytest.raises(SendError) as caught:
        await InTime(wire(never), lambda ask: limit).send(ASK, call(seconds))
    assert caught.value.reason is reason


async def test_no_call_is_made_after_the_deadline() -> None:
    """Nobody would wait for its answer."""
    made = []

    async def make() -> str:
        made.append(1)
        return "reply"

    with pytest.raises(SendError) as caught:
        await InTime(wire(make), never_over).send(ASK, call(0.0))
    assert (caught.value.reason, made) == (Reason.DEADLINE_EXCEEDED, [])


async def test_a_drivers_own_timeout_is_the_sources() -> None:
    """The deadline had not passed."""

    async def own() -> str:
        raise TimeoutError

    with pytest.raises(SendError) as caught:
        await InTime(wire(own), never_over).send(ASK, call())
    assert caught.value.reason is Reason.SOURCE_TIMEOUT


async def test_cancellation_passes_through_every_wrapper() -> None:
    """It is no timeout. What was sent is told: the source was asked."""
    heard = Heard()
    chain = queued(Observed(InTime(wire(never), lambda ask: 5.0), "crm"), 1)
    task = asyncio.create_task(chain.send(ASK, call(heard=heard)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    (told,) = heard.calls
    assert (told.keys, told.outcome, told.is_left) == (len(ASK.keys), Reason.DEADLINE_EXCEEDED, True)
    assert await _is_free(chain)


async def test_a_call_that_is_cut_at_its_deadline_was_not_left() -> None:
    """Somebody waited for as long as could be: that the source had not answered is the source's."""
    heard = Heard()
    task = asyncio.create_task(Observed(wire(never), "crm").send(ASK, call(0.0, heard)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [(one.outcome, one.is_left) for one in heard.calls] == [(Reason.DEADLINE_EXCEEDED, False)]


async def _is_free(chain: Queued[Ask, str]) -> bool:
    """Return whether another call gets its turn: it is made, and ends by its deadline."""
    with pytest.raises(SendError) as caught:
        await chain.send(ASK, call(0.01))
    return "during the call" in caught.value.detail


async def test_no_more_calls_run_together_than_the_limit() -> None:
    """The others wait their turn and are answered."""
    running, most = 0, 0

    async def make() -> str:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.001)
        running -= 1
        return "reply"

    chain = queued(wire(make), 3)
    assert await asyncio.gather(*(chain.send(ASK, call()) for _ in range(10))) == ["reply"] * 10
    assert most == 3


async def test_a_call_waits_for_its_turn_only_until_its_deadline() -> None:
    """It was never sent, so nobody hears of it; the turn it waited for is not lost."""
    heard = Heard()
    chain = queued(Observed(InTime(wire(never), never_over), "crm"), 1)
    first = asyncio.create_task(chain.send(ASK, call(heard=heard)))
    await asyncio.sleep(0)
    with pytest.raises(SendError, match="waited for its turn") as caught:
        await chain.send(ASK, call(0.01, heard))
    assert caught.value.reason is Reason.DEADLINE_EXCEEDED
    assert heard.calls == []
    first.cancel()
    await asyncio.wait([first])
    assert await _is_free(chain)


async def test_a_call_whose_deadline_has_passed_is_not_made_when_its_turn_comes() -> None:
    """Nobody hears of it."""
    heard = Heard()
    chain = queued(Observed(wire(reply), "crm"), 1)
    with pytest.raises(SendError, match="no time was left") as caught:
        await chain.send(ASK, call(0.0, heard))
    assert (caught.value.reason, heard.calls) == (Reason.DEADLINE_EXCEEDED, [])
    assert await chain.send(ASK, call()) == "reply"


async def test_a_failed_call_gives_its_turn_back() -> None:
    """Whatever it failed of."""
    chain = queued(wire(failing), 1)
    for _ in range(3):
        with pytest.raises(SendError, match="too many"):
            await chain.send(ASK, call())


@pytest.mark.parametrize(("make", "outcome"), [(reply, None), (failing, Reason.SOURCE_RATE_LIMITED)])
async def test_the_observer_hears_how_a_call_ended(make: Callable[[], Awaitable[str]], outcome: Reason | None) -> None:
    """What was asked, of how many keys, and how long it took; no key."""
    heard, now = Heard(), iter([10.0, 10.25])
    observed = Observed(wire(make), "crm", clock=lambda: next(now))
    try:
        assert await observed.send(ASK, call(heard=heard)) == "reply"
    except SendError as error:
        assert error.reason is outcome  # noqa: PT017  one of the two cases raises
    assert heard.calls == [Sent("crm", "things", ("name",), 2, 0.25, outcome)]


class Turnstile:
    """A permit that knows at once, or after it was renewed so many times, which keys may not be asked."""

    def __init__(self, *denied: str, stale: int = 0) -> None:
        self.shut, self.stale, self.renewals, self.asked = denied, stale, 0, list[tuple[str, ...]]()
        self.during: Callable[[], Awaitable[object]] = lambda: asyncio.sleep(0)

    def denied(self, keys: Sequence[str]) -> Mapping[str, Denied] | None:
        self.asked.append(tuple(keys))
        if self.renewals < self.stale:
            return None
        return {key: Denied(Reason.CONSENT_WITHDRAWN) for key in keys if key in self.shut}

    async def renew(self) -> None:
        await self.during()
        self.renewals += 1


def permitted(turnstile: Turnstile, seconds: float = 5.0) -> Call:
    return Call(Deadline.after(seconds), "dpv:X", observer=Heard(), permit=turnstile)


async def test_a_call_is_held_against_its_permit_when_its_turn_has_come() -> None:
    """Not before: what was read while it waited may be too old by then."""
    turnstile, going, made = Turnstile(), asyncio.Event(), list[int]()

    async def make() -> str:
        made.append(len(turnstile.asked))
        await going.wait()
        return "reply"

    sending = queued(wire(make), 1)
    first = asyncio.create_task(sending.send(ASK, call()))
    second = asyncio.create_task(sending.send(ASK, permitted(turnstile)))
    await asyncio.sleep(0.01)
    assert turnstile.asked == []
    assert made == [0]
    going.set()
    assert list(await asyncio.gather(first, second)) == ["reply", "reply"]
    assert (turnstile.asked, made) == ([("1", "2")], [0, 1])


async def test_what_may_not_be_asked_is_not_sent() -> None:
    """Of two keys one: who made the call makes another one, without it. The turn is given back."""
    made = list[int]()

    async def make() -> str:
        made.append(1)
        return "reply"

    sending = queued(wire(make), 1)
    with pytest.raises(NotPermittedError, match="1 keys may not be asked") as caught:
        await sending.send(ASK, permitted(Turnstile("2")))
    assert (caught.value.denied, made) == ({"2": Denied(Reason.CONSENT_WITHDRAWN)}, [])
    assert await sending.send(ASK, permitted(Turnstile())) == "reply"


async def test_a_permit_is_renewed_while_no_call_holds_the_turn() -> None:
    """The call by which it is renewed may go to this very source, which takes one at a time."""
    sending, turnstile = queued(wire(reply), 1), Turnstile(stale=2)
    turnstile.during = lambda: sending.send(ASK, call())
    async with asyncio.timeout(5):
        assert await sending.send(ASK, permitted(turnstile)) == "reply"
    assert (turnstile.renewals, len(turnstile.asked)) == (2, 3)


async def test_a_permit_that_became_too_old_while_connecting_is_renewed_while_no_call_holds_the_turn() -> None:
    """Nothing was sent, so nobody hears of it; then turn and connection are taken anew, and the call is made once."""
    turnstile, heard, looks = Turnstile(), Heard(), list[Ready | None]()

    async def connecting(ask: Ask, call: Call) -> str:
        looks.append(last_look(ask, call))
        if len(looks) == 1:
            turnstile.stale = 1
        if look := looks[-1]:
            look()
        return "reply"

    sending = queued(Observed(InTime(Wire(connecting), lambda ask: 1.0), "crm"), 1)
    turnstile.during = lambda: sending.send(ASK, call())
    asked = Call(Deadline.after(5), "dpv:X", observer=heard, permit=turnstile)
    async with asyncio.timeout(5):
        assert await sending.send(ASK, asked) == "reply"
    assert (turnstile.renewals, len(turnstile.asked), len(heard.calls)) == (1, 4, 1)
    assert [look is None for look in looks] == [False, True, False]


async def test_a_permit_that_is_always_too_old_ends_with_the_deadline() -> None:
    """However often a connection is had: nothing is sent."""

    class Slow(Turnstile):
        async def renew(self) -> None:
            await asyncio.sleep(0.005)

    async def connecting(ask: Ask, call: Call) -> str:
        raise StalePermitError

    with pytest.raises(SendError) as caught:
        await queued(Wire(connecting), 1).send(ASK, permitted(Slow(), 0.05))
    assert caught.value.reason is Reason.DEADLINE_EXCEEDED


async def test_a_permit_that_never_comes_ends_with_the_deadline() -> None:
    """Nothing is sent, and nobody waits for ever."""
    turnstile = Turnstile(stale=1_000_000)
    turnstile.during = lambda: asyncio.sleep(0.01)
    with pytest.raises(SendError) as caught:
        await queued(wire(reply), 1).send(ASK, permitted(turnstile, 0.05))
    assert caught.value.reason is Reason.DEADLINE_EXCEEDED

"""Storms of calls that fail, wait, are throttled and leave at any moment, under limits that change meanwhile."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence

import pytest

from adapters.adapter import Call, Permit
from adapters.answers import Denied, Key
from adapters.limits import Bucket, Execution, Limits, OfferLimits, Width, Window
from adapters.sending import Ask, Cause, NotPermittedError, SendError, StalePermitError
from schema.reasons import Reason
from tests.adapters.limits.test_sends import OFFER, SEARCH, Source
from tests.virtual_time import run_virtually

FAILURES: Sequence[Exception] = (
    SendError(Reason.SOURCE_ERROR, "503", Cause.FLEETING),
    SendError(Reason.SOURCE_ERROR, "503", Cause.FLEETING, wait=0.2),
    SendError(Reason.SOURCE_RATE_LIMITED, "429", wait=0.1),
    SendError(Reason.SOURCE_ERROR, "garbage"),
    StalePermitError("read too long ago"),
    RuntimeError("a fault of the adapter"),
)


class Weather(Source):
    """A source that does anything with a call until it calms down."""

    def __init__(self, chance: random.Random, limits: Limits) -> None:
        super().__init__("reply", limits=limits)
        self.chance, self.is_calm = chance, False

    async def _make(self, ask: Ask, call: Call) -> str:
        if self.is_calm:
            return "reply"
        await asyncio.sleep(self.chance.random() * 0.2)
        failure = self.chance.choice(FAILURES)
        if self.chance.random() < 0.4 and (call.permit is not None or not isinstance(failure, StalePermitError)):
            raise failure
        return "reply"


class Whim(Permit):
    """Lets a call pass, or some of its keys not, or wants to be asked anew."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def denied(self, keys: Sequence[Key]) -> Mapping[Key, Denied] | None:
        drawn = self.chance.random()
        return None if drawn < 0.3 else {keys[0]: Denied(None)} if drawn < 0.35 else {}

    async def renew(self) -> None:
        await asyncio.sleep(self.chance.random() * 0.05)


def limits(chance: random.Random) -> Limits:
    most, queue, timeout = chance.choice([1, 3, 20]), chance.choice([0, 5, 100]), chance.choice([None, 0.3])
    rates = chance.choice([(), (Window(5, 0.5),), (Bucket(5, 20.0), Execution(3, 5))])
    own = chance.choice([{}, {"search": OfferLimits(at_once=2, rates=[Window(3, 0.3)])}])
    return Limits(timeout=timeout, width=Width(most=most, least=1, queue=queue), rates=rates, offers=own)


async def blow(source: Weather, chance: random.Random) -> list[object]:
    """Make 300 calls, of which many leave, and return what became of them."""
    calls: list[asyncio.Future[str]] = []
    for _ in range(300):
        call = source.ask(
            chance.random(),
            chance.choice([OFFER, SEARCH]),
            permit=Whim(chance) if chance.random() < 0.4 else None,
            is_urgent=chance.random() < 0.5,
            is_wish=chance.random() < 0.3,
            credential=chance.choice([None, None, "one", "two"]),
        )
        calls.append(asyncio.ensure_future(call))
        if chance.random() < 0.4:
            asyncio.get_running_loop().call_later(chance.random() * 0.4, calls[-1].cancel)
        if chance.random() < 0.1:
            await asyncio.sleep(chance.random() * 0.2)
        if chance.random() < 0.03:
            source.limits.change(limits(chance))
    return list(await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), 60.0))


@pytest.mark.parametrize("seed", range(20))
def test_whatever_becomes_of_calls_all_that_they_had_is_given_back(seed: int) -> None:
    """Turns, rates, probes and places in lines, whenever a call leaves; the source is asked again afterwards."""

    async def story() -> None:
        chance = random.Random(seed)
        source = Weather(chance, limits(chance))
        odd = [one for one in await blow(source, chance) if isinstance(one, Exception)]
        assert {type(one) for one in odd} <= {NotPermittedError, RuntimeError}
        own = [lane.own_turns for lane in source.limits.lanes.values() if lane.own_turns is not None]
        assert [(one.under_way, one.waiting) for one in (source.limits.turns, *own)] == [(0, 0)] * (1 + len(own))
        assert source.limits.state().waiting == 0
        source.is_calm = True
        source.limits.change(Limits())
        await asyncio.sleep(3.0)
        answers = [await source.ask(5.0, offer) for _ in range(6) for offer in (OFFER, SEARCH)]
        assert answers[-4:] == ["reply"] * 4

    run_virtually(story())


def test_a_wait_that_rounding_leaves_is_over() -> None:
    """A bucket that lacks less than a clock can tell kept its caller turning on the spot."""

    async def story() -> None:
        source = Source("reply", limits=Limits(rates=[Bucket(1, 3.0)]))
        for _ in range(200):
            assert await source.ask() == "reply"

    run_virtually(asyncio.wait_for(story(), 600.0))

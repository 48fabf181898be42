"""An adapter of a protocol base with the limits of its source, alone and with those who share its calls."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any

import pytest

from adapters.adapter import Batch, Call
from adapters.answers import Answer, Found, Key, Missing, SourceError
from adapters.gathering import Gather
from adapters.limits import Breaking, Limits, Repeating, SourceLimits, State, Width
from adapters.offers import Offer
from adapters.protocol import ProtocolAdapter
from adapters.records import Record
from adapters.sending import Ask, Cause, SendError
from schema.deadline import Deadline
from schema.observer import Event, Repeated, Sent, Unsent
from schema.reasons import Reason
from tests.virtual_time import run_virtually

Story = Callable[[], Coroutine[Any, Any, None]]
Reply = Callable[[Sequence[Key]], list[dict[str, Any]]]


class Thing(Record):
    name: str


THINGS = Offer(name="things", serves="Thing", record=Thing, key="id", max_batch=10)
CERTAIN = Offer(name="certain", serves="Thing", record=Thing, key="id", max_batch=10, absent=Missing)


def in_order(keys: Sequence[Key]) -> list[dict[str, Any]]:
    return [{"id": key, "name": key} for key in keys]


def of_another(keys: Sequence[Key]) -> list[dict[str, Any]]:
    return [{"id": "another", "name": "another"}]


def nothing(keys: Sequence[Key]) -> list[dict[str, Any]]:
    return []


def first_is_bad(keys: Sequence[Key]) -> list[dict[str, Any]]:
    return [{"id": keys[0]}, *in_order(keys[1:])]


class Source(ProtocolAdapter[Ask, list[dict[str, Any]]]):
    """Answers as it is told, after a tenth of a second, on the clock of the loop."""

    def __init__(self, reply: Reply = in_order, limits: Limits | None = None) -> None:
        loop = asyncio.get_running_loop()
        opened = SourceLimits(limits or Limits(), clock=loop.time, chance=lambda: 0.5)
        super().__init__("crm", [THINGS, CERTAIN], limits=opened)
        self.reply, self.calls = reply, list[Sequence[Key]]()
        self.fails: SendError | None = None
        self.under_way = 0

    def _asks(self, batch: Batch, keys: Sequence[Key]) -> Ask:
        return Ask(batch, keys)

    async def _make(self, ask: Ask, call: Call) -> list[dict[str, Any]]:
        self.calls.append(ask.keys)
        self.under_way += 1
        try:
            await asyncio.sleep(0.1)
        finally:
            self.under_way -= 1
        if self.fails is not None:
            raise SendError(self.fails.reason, self.fails.detail, self.fails.cause)
        return self.reply(ask.keys)

    def _records(self, ask: Ask, reply: list[dict[str, Any]]) -> Iterable[object]:
        if reply and "shapeless" in reply[0]:
            raise SendError(Reason.SOURCE_ERROR, "another shape")
        return reply


class Heard:
    def __init__(self) -> None:
        self.events: list[Event] = []

    def note(self, event: Event) -> None:
        self.events.append(event)

    def of(self, kind: type[Event]) -> int:
        return sum(type(event) is kind for event in self.events)


def call(seconds: float = 5.0, heard: Heard | None = None) -> Call:
    return Call(Deadline.after(seconds, clock=asyncio.get_running_loop().time), "dpv:X", observer=heard or Heard())


async def ask(source: Source, *keys: str, offer: Offer = THINGS) -> Mapping[Key, Answer]:
    return await source.fetch(Batch(offer, ("name",), keys), call())


def reason(answers: Mapping[Key, Answer], key: str = "1") -> Reason | None:
    answer = answers[key]
    return answer.reason if isinstance(answer, SourceError) else None


def virtually(story: Story) -> Callable[[], None]:
    def test() -> None:
        run_virtually(story())

    test.__name__, test.__doc__ = story.__name__, story.__doc__
    return test


@pytest.mark.parametrize(
    ("reply", "wanted"),
    [(of_another, Reason.SOURCE_MISMATCH), (lambda keys: [{"shapeless": 1}], Reason.SOURCE_ERROR)],
)
def test_a_source_whose_answers_are_of_no_use_is_left_alone(reply: Reply, wanted: Reason) -> None:
    """It has answered, and in time: another's records, or another shape. It is not asked again for the same."""

    async def story() -> None:
        source = Source(reply)
        reasons = [reason(await ask(source, "1", "2")) for _ in range(8)]
        assert reasons == [wanted] * 5 + [Reason.CIRCUIT_OPEN] * 3
        assert len(source.calls) == 5

    run_virtually(story())


@pytest.mark.parametrize("reply", [first_is_bad, nothing])
def test_bad_records_and_absent_ones_are_no_failure_of_their_source(reply: Reply) -> None:
    """They cost themselves: what a customer has or lacks says nothing of the others."""

    async def story() -> None:
        source = Source(reply)
        for _ in range(10):
            answers = await ask(source, "1", "2")
            if reply is first_is_bad:
                assert isinstance(answers["2"], Found)
        assert len(source.calls) == 10
        assert source.limits.state().breaker is State.CLOSED

    run_virtually(story())


@pytest.mark.parametrize(
    ("reply", "wanted"), [(lambda keys: in_order(keys) * 2, Reason.SOURCE_ERROR), (of_another, Reason.SOURCE_MISMATCH)]
)
def test_one_bad_record_of_the_only_key_is_no_failure_of_its_source(reply: Reply, wanted: Reason) -> None:
    """Twice the same, or another's: whoever asks for this customer again and again has the source left alone by
    nobody."""

    async def story() -> None:
        source = Source(reply)
        assert {reason(await ask(source, "1")) for _ in range(10)} == {wanted}
        assert len(source.calls) == 10

    run_virtually(story())


@virtually
async def test_what_is_of_no_use_is_told_as_a_failed_call() -> None:
    """With its reason; every key has its own error still."""
    source, heard = Source(of_another), Heard()
    answers = await source.fetch(Batch(THINGS, ("name",), ("1", "2")), call(heard=heard))
    assert {reason(answers, key) for key in ("1", "2")} == {Reason.SOURCE_MISMATCH}
    assert [event.outcome for event in heard.events if isinstance(event, Sent)] == [Reason.SOURCE_MISMATCH]


@virtually
async def test_what_failed_for_a_moment_costs_nobody_a_field() -> None:
    """It is asked again, and the observer hears of both."""
    source, heard = Source(), Heard()
    source.fails = SendError(Reason.SOURCE_ERROR, "503", Cause.FLEETING)
    asked = asyncio.ensure_future(source.fetch(Batch(THINGS, ("name",), ("1",)), call(heard=heard)))
    await asyncio.sleep(0.11)
    source.fails = None
    assert isinstance((await asked)["1"], Found)
    assert (len(source.calls), heard.of(Sent), heard.of(Repeated)) == (2, 2, 1)


@virtually
async def test_a_sick_source_gets_few_more_calls_than_it_is_asked_for() -> None:
    """At most a fifth more, and one a second beside; with a breaker that never opens, the worst case for it."""
    source = Source(limits=Limits(breaking=Breaking(failures=1_000, of=1_000)))
    source.fails = SendError(Reason.SOURCE_ERROR, "503", Cause.FLEETING)
    start = asyncio.get_running_loop().time()
    await asyncio.gather(*(ask(source, "1") for _ in range(200)))
    seconds = asyncio.get_running_loop().time() - start
    assert 200 < len(source.calls) <= 200 * 1.2 + 10 + seconds


@virtually
async def test_calls_that_are_shared_are_counted_once() -> None:
    """Five who ask together are one call to the budget, to the turns and to the breaker, and each hears of it once."""
    source, heards = Source(), [Heard() for _ in range(5)]
    gather = Gather(source, clock=asyncio.get_running_loop().time)
    source.fails = SendError(Reason.SOURCE_ERROR, "garbage")
    asks = [gather.ask(Batch(THINGS, ("name",), ("1",)), call(heard=heard)) for heard in heards]
    await asyncio.sleep(0.05)
    assert source.limits.state().under_way == 1
    for one in await asyncio.gather(*asks):
        assert reason(one.answers) is Reason.SOURCE_ERROR
    assert [heard.of(Sent) for heard in heards] == [1] * 5
    for _ in range(3):
        await ask(source, "1")
    assert (len(source.calls), source.limits.state().breaker) == (4, State.CLOSED)
    await ask(source, "1")
    assert source.limits.state().breaker is State.OPEN
    await gather.aclose()


@virtually
async def test_every_one_who_shares_a_call_hears_that_it_was_not_sent() -> None:
    """Once each."""
    source, heards = Source(limits=Limits(breaking=Breaking(failures=1))), [Heard(), Heard()]
    gather = Gather(source, clock=asyncio.get_running_loop().time)
    source.fails = SendError(Reason.SOURCE_ERROR, "garbage")
    await ask(source, "1")
    asks = [gather.ask(Batch(THINGS, ("name",), ("1",)), call(heard=heard)) for heard in heards]
    assert {reason(one.answers) for one in await asyncio.gather(*asks)} == {Reason.CIRCUIT_OPEN}
    assert [(heard.of(Unsent), heard.of(Sent)) for heard in heards] == [(1, 0), (1, 0)]
    await gather.aclose()


@virtually
async def test_who_leaves_gives_back_what_the_call_had() -> None:
    """When nobody waits for it any more: its turn while it is under way, its place while it waits for one."""
    source = Source(limits=Limits(width=Width(most=1, least=1)))
    gather, before = Gather(source, clock=asyncio.get_running_loop().time), asyncio.all_tasks()
    asks = [gather.ask(Batch(offer, ("name",), (key,)), call()) for offer in (THINGS, CERTAIN) for key in "ab"]
    await asyncio.sleep(0.05)
    state = source.limits.state()
    assert (state.under_way, state.waiting, source.under_way) == (1, 1, 1)
    for one in asks:
        one.cancel()
    await asyncio.sleep(0.01)
    state = source.limits.state()
    assert (state.under_way, state.waiting, source.under_way) == (0, 0, 0)
    assert asyncio.all_tasks() == before
    assert isinstance((await ask(source, "1"))["1"], Found)
    await gather.aclose()


def test_a_breaker_that_opens_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """By the names of the source and of the offer, and why; no key is in it."""

    class Sick(Source):
        def __init__(self) -> None:
            ProtocolAdapter.__init__(self, "crm", [THINGS], limits=Limits(repeating=Repeating(most=0)))
            self.calls, self.under_way = [], 0
            self.fails = SendError(Reason.SOURCE_ERROR, "garbage")

    async def story() -> None:
        source = Sick()
        for _ in range(5):
            await ask(source, "secret-key")

    with caplog.at_level(logging.INFO, "adapters.limits"):
        run_virtually(story())
    assert [record.getMessage() for record in caplog.records] == [
        "the circuit breaker of crm, offer things, is open: the last call failed with SOURCE_ERROR",
        "the circuit breaker of crm is open: the last call failed with SOURCE_ERROR",
    ]


async def test_a_declared_timeout_and_the_calls_together_narrow_the_limits() -> None:
    """Where both are given; where no limits are, they are all that is said."""

    class Plain(Source):
        def __init__(self, **declared: Any) -> None:
            ProtocolAdapter.__init__(self, "crm", [THINGS], **declared)

    limits = Limits(timeout=4.0, width=Width(most=50))
    narrowed = Plain(limits=limits, timeout=2.0, at_once=8).limits.limits
    assert (narrowed.timeout, narrowed.width.most, narrowed.width.queue) == (2.0, 8, 400)
    assert Plain(limits=limits, timeout=9.0, at_once=80).limits.limits == limits
    alone = Plain(at_once=8).limits.limits
    assert (alone.timeout, alone.width.most) == (None, 8)

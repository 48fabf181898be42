"""Gather: one bad key does not fail the others, and a source that is down is not asked twice for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from adapters.adapter import Batch, Call
from adapters.answers import Answer, Key, SourceError
from adapters.gathering import Gather
from schema.deadline import Deadline
from schema.reasons import Reason
from tests.adapters.watched_source import FELLED, Watched, answered, batch, call, found, offer, turns

MISMATCH = SourceError(Reason.SOURCE_MISMATCH, "mixed up")


@pytest.mark.parametrize("reason", [Reason.SOURCE_ERROR, Reason.SOURCE_MISMATCH, Reason.SOURCE_INCOMPLETE])
async def test_a_key_that_fells_a_fetch_costs_who_asked_for_it_only(reason: Reason) -> None:
    """The others' keys are asked again, ask by ask; both fetches stand in their receipts."""
    source = Watched(poison={"bad"})
    source.error = SourceError(reason, "felled")
    gather = Gather(source)
    good, bad, other = await asyncio.gather(
        *(gather.ask(batch(*keys), call()) for keys in (["a"], ["bad"], ["b", "c"]))
    )
    assert good.answers == {"a": found("a")}
    assert other.answers == {"b": found("b"), "c": found("c")}
    assert bad.answers == {"bad": source.error}
    assert source.asked == [("a", "bad", "b", "c"), ("a",), ("bad",), ("b", "c")]
    told = [[(sent.keys, sent.requests) for sent in one.sent] for one in (good, bad, other)]
    assert told == [[(1, 3), (1, 1)], [(1, 3), (1, 1)], [(2, 3), (2, 1)]]


class Mixing(Watched):
    """Answers some keys of a fetch with a mismatch when one of the poison keys is in it, and the others right."""

    def answers(self, batch: Batch, call: Call) -> Mapping[Key, Answer]:
        right = {key: found(key) for key in batch.keys}
        if not self.poison & set(batch.keys):
            return right
        return right | {key: MISMATCH for key in batch.keys if key.startswith("m") or key in self.poison}


async def test_only_the_keys_that_failed_are_asked_again() -> None:
    """And only of those asks that have some."""
    source = Mixing(poison={"bad"})
    answers = await answered(Gather(source), batch("a", "m1"), batch("bad"), batch("b"))
    assert answers == [{"a": found("a"), "m1": found("m1")}, {"bad": MISMATCH}, {"b": found("b")}]
    assert source.asked == [("a", "m1", "bad", "b"), ("m1",), ("bad",)]


async def test_asks_of_equal_keys_are_asked_again_together() -> None:
    """Twenty requests for one bad customer are one call more."""
    source = Watched(poison={"bad"})
    answers = await answered(Gather(source), *[batch("bad")] * 20, batch("a"))
    assert answers == [{"bad": FELLED}] * 20 + [{"a": found("a")}]
    assert source.asked == [("bad", "a"), ("bad",), ("a",)]


async def test_who_asked_for_all_keys_of_a_fetch_is_not_asked_for_again() -> None:
    """A fetch of its own would have been the same; a lone ask has had it."""
    source = Watched(poison={"bad"})
    gather = Gather(source)
    assert await answered(gather, batch("bad")) == [{"bad": FELLED}]
    assert await answered(gather, batch("a", "bad"), batch("a")) == [{"a": FELLED, "bad": FELLED}, {"a": found("a")}]
    assert source.asked == [("bad",), ("a", "bad"), ("a",)]


@pytest.mark.parametrize(
    "reason", [Reason.SOURCE_TIMEOUT, Reason.SOURCE_RATE_LIMITED, Reason.SOURCE_AUTH, Reason.DEADLINE_EXCEEDED]
)
async def test_what_is_no_keys_fault_is_not_asked_again(reason: Reason) -> None:
    """A source that is slow, or wants no more calls, gets none."""
    source = Watched(poison={"a"})
    source.error = SourceError(reason, "felled")
    assert await answered(Gather(source), batch("a"), batch("b")) == [{"a": source.error}, {"b": source.error}]
    assert source.asked == [("a", "b")]


async def test_a_source_that_is_down_is_asked_twice_once() -> None:
    """Then once, until a fetch brings something again."""
    source = Watched(poison={"a", "b", "c"})
    gather, both = Gather(source), (batch("a"), batch("b"))
    down = [{"a": FELLED}, {"b": FELLED}]
    assert await answered(gather, *both) == down
    assert source.asked == [("a", "b"), ("a",), ("b",)]
    for _ in range(3):
        assert await answered(gather, *both) == down
    assert source.asked[3:] == [("a", "b")] * 3
    source.poison = {"b"}
    assert await answered(gather, *both) == down
    assert await answered(gather, batch("c")) == [{"c": found("c")}]
    assert await answered(gather, *both) == [{"a": found("a")}, {"b": FELLED}]
    assert source.asked[6:] == [("a", "b"), ("c",), ("a", "b"), ("a",), ("b",)]


async def test_after_a_second_it_may_be_a_bad_key_again() -> None:
    """Two bad keys that come together look like a source that is down: others do not pay for it for long."""
    source, now = Watched(poison={"a", "b"}), [100.0]
    gather = Gather(source, clock=lambda: now[0])
    down, later = [{"a": FELLED}, {"b": FELLED}], [{"a": FELLED}, {"c": found("c")}]
    assert await answered(gather, batch("a"), batch("b")) == down
    assert await answered(gather, batch("a"), batch("c")) == [{"a": FELLED}, {"c": FELLED}]
    now[0] += 1.0
    assert await answered(gather, batch("a"), batch("c")) == later


async def test_a_key_that_the_source_leaves_out_does_not_make_it_look_down() -> None:
    """The fetch brought the other keys: a bad key that comes at once after it fails nobody else."""

    class LeavesOut(Watched):
        def answers(self, batch: Batch, call: Call) -> Mapping[Key, Answer]:
            return {key: one for key, one in super().answers(batch, call).items() if key != "stale"}

    source = LeavesOut(poison={"bad"})
    gather = Gather(source)
    first = await answered(gather, batch("a"), batch("stale"))
    assert first[0] == {"a": found("a")}
    assert isinstance(first[1]["stale"], SourceError)
    assert (await answered(gather, batch("bad"), batch("b")))[1] == {"b": found("b")}


async def test_a_part_that_nobody_waits_for_any_more_brings_nothing() -> None:
    """In the line or under way: who leaves does not keep a source well that is down."""
    source, things = Watched(poison={"a", "b"}, turns=2), offer(in_flight=1)
    gather = Gather(source)
    asks = [gather.ask(batch(key, of=things), call()) for key in "ab"]
    while len(source.batches) < 2:
        await turns()
    for ask in asks:
        ask.cancel()
    await turns(5)
    again = await answered(gather, *(batch(key, of=things) for key in "ab"))
    assert again == [{"a": FELLED}, {"b": FELLED}]
    assert source.asked == [("a", "b"), ("a",), ("a", "b")]


async def test_what_is_asked_again_goes_before_what_is_asked_meanwhile() -> None:
    """It has waited already; and it counts as under way."""
    source, things = Watched(poison={"bad"}, turns=3), offer(in_flight=1)
    gather = Gather(source)
    asks = [gather.ask(batch(key, of=things), call()) for key in ("a", "bad")]
    await turns(3)
    asks.append(gather.ask(batch("later", of=things), call()))
    await asyncio.gather(*asks)
    assert (source.asked, source.most) == ([("a", "bad"), ("a",), ("bad",), ("later",)], 1)


async def test_who_has_no_time_left_is_not_asked_for_again() -> None:
    """It keeps the answers that came at first."""
    now = [0.0]
    source = Watched(poison={"bad"})
    gather = Gather(source, clock=lambda: now[0])

    def until(at: float) -> Call:
        return call(deadline=Deadline(at, lambda: now[0]))

    source.open.clear()
    asks = [gather.ask(batch(key), until(at)) for key, at in (("a", 1), ("b", 99), ("bad", 99))]
    await turns(3)
    now[0] = 1.0
    source.open.set()
    assert [(await ask).answers for ask in asks] == [{"a": FELLED}, {"b": found("b")}, {"bad": FELLED}]
    assert source.asked == [("a", "b", "bad"), ("b",), ("bad",)]
    await gather.aclose()


async def test_who_has_left_or_is_late_says_nothing_about_the_source() -> None:
    """It is well as long as nothing that was asked apart has failed."""
    now = [0.0]
    source = Watched(poison={"bad"})
    gather = Gather(source, clock=lambda: now[0])
    source.open.clear()
    asks = [gather.ask(batch(key), call(deadline=Deadline(1, lambda: now[0]))) for key in ("a", "bad", "c")]
    await turns(3)
    asks[2].cancel()
    now[0] = 1.0
    source.open.set()
    assert [(await ask).answers for ask in asks[:2]] == [{"a": FELLED}, {"bad": FELLED}]
    now[0] = 0.0
    later = [gather.ask(batch(key), call(deadline=Deadline(1, lambda: now[0]))) for key in ("a", "bad")]
    assert [(await ask).answers for ask in later] == [{"a": found("a")}, {"bad": FELLED}]
    await gather.aclose()


async def test_who_is_late_when_its_keys_are_asked_again_keeps_what_came() -> None:
    """The deadline costs the keys that failed, and no others; it has left the second fetch."""
    source = Mixing(poison={"bad"}, turns=1)
    gather = Gather(source)
    asks = [gather.ask(batch(*keys), call(0.05)) for keys in (["a", "m1"], ["bad"])]
    while len(source.batches) < 2:
        await turns()
    source.open.clear()
    assert [(await ask).answers for ask in asks] == [{"a": found("a"), "m1": MISMATCH}, {"bad": MISMATCH}]
    await turns(3)
    assert source.cut == 2


async def test_an_adapter_that_raises_for_one_key_costs_that_key() -> None:
    """Its fault is a SOURCE_ERROR like any other."""

    class Raising(Watched):
        def answers(self, batch: Batch, call: Call) -> Mapping[Key, Answer]:
            if self.poison & set(batch.keys):
                raise ValueError
            return super().answers(batch, call)

    good, bad = await answered(Gather(Raising(poison={"bad"})), batch("a"), batch("bad"))
    assert good == {"a": found("a")}
    assert bad == {"bad": SourceError(Reason.SOURCE_ERROR, "the adapter raised an exception")}

"""Gather: what is one waiter's own reaches no other, and every one of them is answered."""

from __future__ import annotations

import asyncio
import gc
import logging
import weakref
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from adapters.adapter import Batch, Call
from adapters.answers import Answer, Denied, Found, Gone, Key, Missing, ReplacedBy, SourceError
from adapters.gathering import Gather, Gathered, leave
from schema.deadline import Deadline
from schema.observer import Event, Failed, Sent, UnderWay, Waited
from schema.reasons import Reason
from tests.adapters.watched_source import Watched, answered, batch, call, found, offer, turns

WHO: ContextVar[str] = ContextVar("WHO", default="nobody")


class Heard:
    def __init__(self) -> None:
        self.events: list[Event] = []

    def note(self, event: Event) -> None:
        self.events.append(event)


def reasons(gathered: Gathered) -> dict[Key, Reason]:
    return {key: one.reason for key, one in gathered.answers.items() if isinstance(one, SourceError)}


async def test_a_shared_fetch_sees_no_context_of_a_waiter() -> None:
    """Nor does one that waited for its turn, or one by itself; and none leaves any behind."""
    seen = []

    class Curious(Watched):
        async def work(self, batch: Batch) -> None:
            seen.append(WHO.get())
            WHO.set("the source")
            await super().work(batch)

    source, things = Curious(), offer(in_flight=1)
    gather = Gather(source)

    async def request(who: str) -> str:
        WHO.set(who)
        await asyncio.gather(*(gather.ask(batch(who, of=things, fields=(str(n),)), call()) for n in range(2)))
        return WHO.get()

    assert list(await asyncio.gather(request("anne"), request("bert"))) == ["anne", "bert"]
    await gather.ask(batch("c", of=things), call(credential="token"))
    assert (seen, len(source.batches)) == (["nobody"] * 3, 3)


async def test_each_observer_is_told_once_and_each_waiter_knows_the_calls() -> None:
    """However many of the waiters have it; what is no call is passed on and not kept."""
    failed = Failed("watched", "things", Reason.SOURCE_ERROR, "a detail", 1)

    class Telling(Watched):
        def answers(self, batch: Batch, call: Call) -> Mapping[Key, Answer]:
            call.observer.note(failed)
            return super().answers(batch, call)

    gather, one, other = Gather(Telling()), Heard(), Heard()
    gathered = await asyncio.gather(
        *(gather.ask(batch(key), call(observer=who)) for key, who in zip("abc", (one, other, one), strict=True))
    )
    sent = Sent("watched", "things", ("name",), 3, 0.001, requests=3)
    assert one.events == other.events == [sent, failed]
    assert [each.sent for each in gathered] == [(replace(sent, keys=1),)] * 3


async def test_nobody_learns_that_others_ask_about_the_very_same() -> None:
    """Whoever asks all keys of a shared fetch is told of it as of one of its own; who asks some, not of how many."""
    for source_offer in (offer(), offer(max_batch=1)):
        gather, heard = Gather(Watched()), Heard()
        asked = [gather.ask(batch("a", of=source_offer), call(observer=heard)) for _ in range(3)]
        alone = await Gather(Watched()).ask(batch("a", of=source_offer), call())
        assert [one.sent for one in await asyncio.gather(*asked)] == [alone.sent] * 3
        assert [event.requests for event in heard.events if isinstance(event, Sent)] == [3]
    gather = Gather(Watched())
    few, many = await asyncio.gather(gather.ask(batch("a"), call()), gather.ask(batch("a", "b"), call()))
    assert [(one.keys, one.requests) for one in (*few.sent, *many.sent)] == [(1, 2), (2, 1)]


async def test_steps_of_one_request_that_share_a_call_are_not_merged_with_others() -> None:
    """They have one deadline."""
    gather, own = Gather(Watched()), call()
    gathered = await asyncio.gather(gather.ask(batch("a"), own), gather.ask(batch("b"), replace(own, case=None)))
    assert [one.requests for each in gathered for one in each.sent] == [1, 1]


async def test_what_was_waited_is_told_with_the_next_call() -> None:
    """Once, and to all who waited for it."""

    class Waiting(Watched):
        async def work(self, batch: Batch) -> None:
            for seconds in (0.25, 0.5):
                self.calls[-1].observer.note(Waited("watched", "things", seconds))
            await super().work(batch)

    heard, gather = Heard(), Gather(Waiting())
    gathered = await asyncio.gather(*(gather.ask(batch(key), call(observer=heard)) for key in "ab"))
    assert [[one.waited for one in each.sent] for each in gathered] == [[0.75], [0.75]]
    assert [event.waited for event in heard.events if isinstance(event, Sent)] == [0.75]


async def test_an_observer_that_raises_costs_nobody_an_answer(caplog: pytest.LogCaptureFixture) -> None:
    """The others are told, and everybody is answered."""

    class Raising:
        def note(self, event: Event) -> None:
            raise ValueError("secret")

    source, heard = Watched(), Heard()
    gather = Gather(source)
    gathered = await asyncio.gather(
        *(gather.ask(batch(key), call(observer=who)) for key, who in (("a", Raising()), ("b", heard)))
    )
    assert [one.answers for one in gathered] == [{"a": found("a")}, {"b": found("b")}]
    assert heard.events == [Sent("watched", "things", ("name",), 2, 0.001, requests=2)]
    assert caplog.messages == ["an observer raised ValueError when it was told of Sent"]


async def test_who_leaves_before_the_turn_ends_is_not_asked_for() -> None:
    """And when all have left, nobody is asked."""
    source = Watched()
    gather = Gather(source)
    leaving, staying = gather.ask(batch("a"), call()), gather.ask(batch("b"), call())
    assert leaving.cancel()
    assert not leaving.cancel()
    assert (await staying).answers == {"b": found("b")}
    gather.ask(batch("c"), call()).cancel()
    await turns(5)
    assert source.asked == [("b",)]


async def test_who_leaves_a_shared_fetch_disturbs_nobody() -> None:
    """The others are answered; nobody's task is cancelled with it."""
    source = Watched()
    gather = Gather(source)
    source.open.clear()

    async def request(key: str) -> Mapping[Key, Answer]:
        return (await gather.ask(batch(key), call())).answers

    requests = [asyncio.create_task(request(key)) for key in "abc"]
    await turns(4)
    requests[1].cancel()
    await turns(3)
    source.open.set()
    outcomes = await asyncio.gather(*requests, return_exceptions=True)
    assert (outcomes[0], outcomes[2]) == ({"a": found("a")}, {"c": found("c")})
    assert isinstance(outcomes[1], asyncio.CancelledError)
    assert (source.asked, source.cut) == ([("a", "b", "c")], 0)


async def test_a_fetch_that_nobody_waits_for_is_cut() -> None:
    """And its place is free at once, also before it has begun."""
    source, things = Watched(), offer(in_flight=1)
    gather = Gather(source)
    source.open.clear()
    first = [gather.ask(batch(key, of=things), call()) for key in "ab"]
    await turns(3)
    waiting = gather.ask(batch("c", of=things), call())
    for one in first:
        one.cancel()
    source.open.set()
    assert (await waiting).answers == {"c": found("c")}
    assert (source.asked, source.cut) == ([("a", "b"), ("c",)], 1)
    unbegun = gather.ask(batch("d", of=things), call())
    await turns()
    unbegun.cancel()
    await turns(3)
    assert source.asked == [("a", "b"), ("c",)]
    assert (await gather.ask(batch("e", of=things), call())).answers == {"e": found("e")}


async def test_an_adapter_that_does_not_end_when_it_is_cut_holds_up_nobody() -> None:
    """What it answers then is for nobody."""
    stubborn = asyncio.Event()

    class Stubborn(Watched):
        async def work(self, batch: Batch) -> None:
            try:
                await super().work(batch)
            except asyncio.CancelledError:
                await stubborn.wait()

    source, things = Stubborn(), offer(in_flight=1)
    gather = Gather(source)
    source.open.clear()
    left = gather.ask(batch("a", of=things), call())
    await turns(3)
    left.cancel()
    source.open.set()
    assert (await gather.ask(batch("b", of=things), call())).answers == {"b": found("b")}
    stubborn.set()
    await turns(3)
    assert source.running == 0


async def test_an_ask_in_the_line_may_leave_it() -> None:
    """Nothing is sent for it, and the others keep their places."""
    source, things = Watched(), offer(in_flight=1)
    gather = Gather(source)
    source.open.clear()
    asks = [gather.ask(batch(key, of=things, fields=(key,)), call()) for key in "abc"]
    await turns(3)
    asks[1].cancel()
    source.open.set()
    await asks[2]
    assert source.asked == [("a",), ("c",)]


async def test_an_ask_whose_deadline_passes_in_the_line_is_not_sent() -> None:
    """It is answered at its deadline, though the source hangs; one that has no time at all is never sent."""
    source, things = Watched(), offer(in_flight=1)
    gather = Gather(source)
    source.open.clear()
    hanging = gather.ask(batch("a", of=things), call())
    await turns(3)
    late = gather.ask(batch("b", of=things), call(0.02))
    assert reasons(await late) == {"b": Reason.DEADLINE_EXCEEDED}
    source.open.set()
    await hanging
    assert reasons(await gather.ask(batch("c", of=things), call(0))) == {"c": Reason.DEADLINE_EXCEEDED}
    assert source.asked == [("a",)]


async def test_the_deadline_of_one_is_not_that_of_the_others() -> None:
    """It is answered at its own, and the fetch goes on for the rest."""
    source = Watched()
    gather = Gather(source)
    source.open.clear()
    patient, hasty = gather.ask(batch("a"), call()), gather.ask(batch("b"), call(0.02))
    assert reasons(await hasty) == {"b": Reason.DEADLINE_EXCEEDED}
    source.open.set()
    assert (await patient).answers == {"a": found("a")}
    assert (source.asked, source.cut) == ([("a", "b")], 0)


async def test_an_adapter_that_hangs_is_cut_at_the_last_deadline() -> None:
    """Whatever it thinks of deadlines."""
    source = Watched()
    gather = Gather(source)
    source.open.clear()
    gathered = await asyncio.gather(*(gather.ask(batch(key), call(0.01 * n)) for n, key in enumerate("abc", 1)))
    assert [reasons(one) for one in gathered] == [{key: Reason.DEADLINE_EXCEEDED} for key in "abc"]
    await turns(3)
    assert (source.asked, source.cut) == ([("a", "b", "c")], 1)


async def test_deadlines_are_read_on_the_clock_that_is_given() -> None:
    """An ask has its time by that clock, and no timer is set for one without an end."""
    now = [1_000.0]
    source = Watched()
    gather = Gather(source, clock=lambda: now[0])
    endless = gather.ask(batch("a"), call(deadline=Deadline(float("inf"), lambda: now[0])))
    assert (await endless).answers == {"a": found("a")}
    late = gather.ask(batch("b"), call(deadline=Deadline(1_001.0, lambda: now[0])))
    now[0] = 1_001.0
    assert reasons(await late) == {"b": Reason.DEADLINE_EXCEEDED}
    await gather.aclose()


class Odd(Watched):
    """Answers with whatever it is given; raises it when that is what one does with it."""

    def __init__(self, answer: Any) -> None:
        super().__init__()
        self.answer = answer

    def answers(self, batch: Batch, call: Call) -> Mapping[Key, Answer]:
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer  # type: ignore[no-any-return]


@pytest.mark.parametrize("raised", [ValueError("secret"), asyncio.CancelledError("secret"), None, 7])
async def test_the_fault_of_an_adapter_costs_its_own_keys(raised: Any, caplog: pytest.LogCaptureFixture) -> None:
    """It raises, or what it gives is no mapping: a value for each waiter, and the type alone in the log."""
    gather = Gather(Odd(raised))
    with caplog.at_level(logging.ERROR):
        one, other = await asyncio.gather(*(gather.ask(batch("a", "b"), call()) for _ in range(2)))
    raised_one = SourceError(Reason.SOURCE_ERROR, "the adapter raised an exception")
    assert one.answers == other.answers == {"a": raised_one, "b": raised_one}
    assert one.answers is not other.answers
    name = type(raised).__name__ if isinstance(raised, BaseException) else "TypeError"
    assert caplog.messages == [f"the adapter of watched raised {name} in fetch"]


@pytest.mark.parametrize("answer", [None, "text", Found({}, "today"), Found({}, None)])  # type: ignore[arg-type]
async def test_what_is_no_answer_is_none(answer: Any) -> None:
    """And so is a key that was left out: the answer is incomplete. Keys that nobody asked for go to nobody."""
    (answers,) = await answered(Gather(Odd({"a": answer, "c": Missing(), "x": Missing()})), batch("a", "b", "c"))
    left_out = SourceError(Reason.SOURCE_INCOMPLETE, "the adapter's answer left the key out")
    assert answers == {"a": left_out, "b": left_out, "c": Missing()}


async def test_every_kind_of_answer_is_handed_on() -> None:
    """Also out of a mapping that is no dict."""
    kinds: dict[Key, Answer] = {"a": Missing(), "b": Gone(), "c": ReplacedBy("d"), "d": Denied(), "e": found("e")}
    (answers,) = await answered(Gather(Odd(MappingProxyType(kinds))), batch(*kinds))
    assert answers == kinds


async def test_a_fetch_that_is_cancelled_from_outside_is_answered_all_the_same() -> None:
    """As when a loop stops: whoever still waits has a value."""
    source = Watched()
    gather = Gather(source)
    source.open.clear()
    asks = [gather.ask(batch(key), call()) for key in "ab"]
    before = asyncio.all_tasks()
    await turns(2)
    (task,) = asyncio.all_tasks() - before
    task.cancel()
    assert [reasons(await ask) for ask in asks] == [{key: Reason.SOURCE_ERROR} for key in "ab"]
    assert source.cut == 1


async def test_what_was_answered_is_kept_by_nobody() -> None:
    """It is gone with whoever asked, and not when the garbage collector comes by."""
    source = Watched()
    gather = Gather(source)
    asks = [gather.ask(batch(key), call(case=case)) for key, case in zip("abcd", ("1", "1", "2", "3"), strict=True)]
    await turns()
    asks[2].cancel()  # before its fetch has begun
    await turns(2)
    asks[3].cancel()
    await asyncio.gather(*asks[:2])
    await turns(3)
    kept = [weakref.ref(one) for one in asks]
    gc.disable()
    try:
        del asks
        assert [one() for one in kept] == [None] * 4
    finally:
        gc.enable()


async def test_closing_answers_all_and_cuts_what_is_under_way() -> None:
    """In the line, in a fetch, or asked later."""
    source, things = Watched(), offer(in_flight=1)
    gather = Gather(source)
    await gather.aclose()  # nothing to close yet
    gather = Gather(source)
    source.open.clear()
    asks = [gather.ask(batch(key, of=things, fields=(key,)), call()) for key in "ab"]
    await turns(3)
    await gather.aclose()
    asks.append(gather.ask(batch("c", of=things), call()))
    assert [reasons(ask.result()) for ask in asks] == [{key: Reason.SOURCE_ERROR} for key in "abc"]
    assert (source.asked, source.cut, source.running) == ([("a",)], 1, 0)


@pytest.mark.parametrize(("forwards", "calls", "told"), [(False, 1, {None}), (True, 2, {"one", "two"})])
async def test_a_credential_goes_only_to_whom_it_is_forwarded(
    forwards: bool, calls: int, told: set[str | None]
) -> None:
    """An adapter that asks on its own credential is not given the caller's, and its calls are shared."""
    source = Watched()
    source.forwards_credential = forwards  # type: ignore[attr-defined]
    gather = Gather(source)
    asks = [gather.ask(batch(key), call(credential=token)) for key, token in (("a", "one"), ("b", "two"))]
    await asyncio.gather(*asks)
    assert len(source.batches) == calls
    assert {each.credential for each in source.calls} == told


async def test_a_fault_of_ours_leaves_nobody_waiting(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody is answered at once, others go on, and the log says what it was, without a value."""
    source, things = Watched(), offer(in_flight=1)
    gather = Gather(source)
    with monkeypatch.context() as broken:
        broken.setattr("adapters.waiters.Waiter.take", lambda *_: 1 / 0)
        asks = [gather.ask(batch(key, of=things), call()) for key in "ab"]
        told = await asyncio.wait_for(asyncio.gather(*asks), 5)
    assert [one.answers[key].reason for key, one in zip("ab", told, strict=True)] == [Reason.SOURCE_ERROR] * 2  # type: ignore[union-attr]
    assert await answered(gather, batch("c", of=things)) == [{"c": found("c")}]
    assert [record.getMessage() for record in caplog.records] == [
        "the answers of watched could not be handed out: ZeroDivisionError"
    ]


async def test_an_error_without_a_reason_is_no_answer() -> None:
    """Whatever an adapter of others puts there."""

    class Odd(Watched):
        def answers(self, batch: Batch, call: Call) -> Mapping[Key, Answer]:
            return dict.fromkeys(batch.keys, SourceError([]))  # type: ignore[arg-type]

    (told,) = await answered(Gather(Odd()), batch("a"))
    assert told["a"].reason is Reason.SOURCE_INCOMPLETE  # type: ignore[union-attr]


class Held(Watched):
    """Is on the wire for ever: one call has ended, and one has not."""

    async def work(self, batch: Batch) -> None:
        call, deadline = self.calls[-1], self.calls[-1].deadline
        call.observer.note(Sent("watched", "things", ("name",), len(batch.keys), 0.5, Reason.SOURCE_ERROR))
        assert call.under_way is not None
        began = deadline.clock() - 2.0
        call.under_way.add(UnderWay("watched", "things", ("name",), len(batch.keys), 1, began, deadline.clock))
        await asyncio.sleep(3600)


async def test_who_leaves_knows_of_the_calls_that_are_under_way() -> None:
    """Its keys have left the gateway: what has ended is told, and what has not as if it were cut now."""
    gather = Gather(Held())
    asked = gather.ask(batch("a", "b"), call())
    await asyncio.sleep(0.01)
    ended, cut = leave(asked)
    assert (ended.outcome, ended.keys, ended.attempt) == (Reason.SOURCE_ERROR, 2, 0)
    assert (cut.outcome, cut.keys, cut.attempt, round(cut.seconds)) == (Reason.DEADLINE_EXCEEDED, 2, 1, 2)
    assert asked.cancelled()
    await gather.aclose()


async def test_who_leaves_a_shared_call_is_told_of_its_own_keys() -> None:
    """And that others were asked for with them, where they were: no more than is told of a call that has ended."""
    gather = Gather(Held())
    few, many = gather.ask(batch("a"), call()), gather.ask(batch("a", "b"), call())
    await asyncio.sleep(0.01)
    assert [(one.keys, one.requests) for one in leave(few)] == [(1, 2)] * 2
    assert [(one.keys, one.requests) for one in leave(many)] == [(2, 1)] * 2
    await gather.aclose()


async def test_who_leaves_before_anything_was_sent_is_told_of_nothing() -> None:
    """Nor is who had its answer told anything else than was in it."""
    gather = Gather(Watched())
    assert leave(gather.ask(batch("a"), call())) == ()
    asked = gather.ask(batch("a"), call())
    assert leave(asked) == () == leave(asked)
    done = gather.ask(batch("b"), call())
    gathered = await done
    assert leave(done) == gathered.sent != ()


async def test_an_ask_that_is_ended_at_its_deadline_tells_what_was_asked() -> None:
    """The adapter has not ended its call by then."""
    gather = Gather(Held())
    gathered = await gather.ask(batch("a"), call(0.05))
    assert [one.outcome for one in gathered.sent] == [Reason.SOURCE_ERROR, Reason.DEADLINE_EXCEEDED]
    await gather.aclose()

"""Gather: who shares a fetch, how fetches are packed, and how many are under way together."""

from __future__ import annotations

import asyncio
import dataclasses
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from adapters.adapter import Batch, Call, Slice
from adapters.answers import Found
from adapters.gathering import Gather
from adapters.offers import KeyForm
from schema.tracing import SendSpan, Trace
from tests.adapters.test_protocol import Echo, names
from tests.adapters.test_protocol import offer as echoed
from tests.adapters.watched_source import THINGS, Watched, answered, batch, call, found, offer, turns


@dataclass(frozen=True)
class Traced:
    """A place in a trace that names those whom it stands for."""

    name: str

    def sending(self, source: str, offer: str, keys: int) -> SendSpan:
        raise NotImplementedError("nothing is sent here")

    def joined(self, others: Sequence[Trace]) -> Traced:
        return Traced("+".join(one.name for one in (self, *others) if isinstance(one, Traced)))


NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


async def test_asks_of_one_turn_go_out_as_one_fetch() -> None:
    """With their distinct keys in order of arrival; each ask has a mapping of its own, of its own keys."""
    source = Watched()
    first, second, third = await answered(Gather(source), batch("b", "a"), batch("a", "c"), batch("b", "a"))
    assert source.asked == [("b", "a", "c")]
    assert first == {"b": found("b"), "a": found("a")} == third
    assert second == {"a": found("a"), "c": found("c")}
    assert first is not third


async def test_an_ask_of_a_later_turn_goes_out_by_itself() -> None:
    """Nothing waits for what may come: there is no timer."""
    source = Watched()
    gather = Gather(source)
    one = gather.ask(batch("a"), call())
    await turns()
    assert source.batches == []  # a task begins in the turn after that in which it was made
    await turns()
    assert source.asked == [("a",)]
    other = gather.ask(batch("a"), call())
    assert (await one).answers == (await other).answers
    assert source.asked == [("a",), ("a",)]


async def test_what_the_lone_ask_asked_goes_to_the_source_as_it_is() -> None:
    """Its batch, its deadline, its trace."""
    source, asked, told = Watched(), batch("a", "b"), call(trace=Traced("1"), case="7")
    gathered = await Gather(source).ask(asked, told)
    assert source.batches[0] is asked
    (sent,) = source.calls
    assert (sent.deadline, sent.purpose, sent.case) == (told.deadline, "dpv:X", "7")
    assert sent.trace is told.trace
    assert [one.keys for one in gathered.sent] == [2]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"fields": ("name", "size")}, {}),
        ({"of": offer()}, {}),
        ({"arguments": (("sort", "up"),)}, {}),
        ({"slice": Slice(10)}, {}),
        ({}, {"purpose": "dpv:Y"}),
        ({}, {"case": "7"}),
        ({}, {"credential": "token"}),
    ],
)
async def test_asks_that_the_source_can_tell_apart_do_not_share(asked: dict[str, Any], told: dict[str, Any]) -> None:
    """One difference is enough."""
    source = Watched()
    gather = Gather(source)
    plain, other = gather.ask(batch("a"), call()), gather.ask(batch("a", **asked), call(**told))
    await asyncio.gather(plain, other)
    assert len(source.batches) == 2


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True),
        (1, 1.0),
        (0.0, -0.0),
        (Decimal("1.0"), Decimal("1.00")),
        (NOON, NOON.astimezone(timezone(timedelta(hours=1)))),
        ((1,), (True,)),
    ],
)
async def test_arguments_that_are_equal_and_not_the_same_do_not_share(one: object, other: object) -> None:
    """Python takes them for one; a source is told two things."""
    source = Watched()
    assert one == other
    await answered(Gather(source), *(batch("a", arguments=(("from", value),)) for value in (one, other, one)))
    assert [dict(asked.arguments)["from"] for asked in source.batches] == [one, other]


def test_all_that_an_ask_says_is_thought_of() -> None:
    """Whoever gives batches or calls a member decides here whether asks share that differ in it."""
    assert {one.name for one in dataclasses.fields(Batch)} == {"offer", "fields", "keys", "arguments", "slice"}
    assert {one.name for one in dataclasses.fields(Call)} == {
        "deadline",
        "purpose",
        "credential",
        "case",
        "trace",
        "traceparent",
        "is_urgent",
        "observer",
        "permit",
        "attempt",
        "under_way",
    }


async def test_an_ask_with_a_callers_credential_never_shares() -> None:
    """Not even with one of the same credential, nor at a source of one key a call."""
    for things in (THINGS, offer(max_batch=1)):
        source = Watched()
        await answered(Gather(source), *[batch("a", of=things)] * 3, credential="token")
        assert source.asked == [("a",)] * 3
        assert [one.credential for one in source.calls] == ["token"] * 3


async def test_asks_of_different_traces_share_a_fetch_that_stands_in_all_of_them() -> None:
    """One request's trace alone would show the others' call as its own."""
    source, traces = Watched(), [Traced("a"), Traced("b")]
    gather = Gather(source)
    await asyncio.gather(*(gather.ask(batch(one.name), call(trace=one)) for one in traces))
    assert source.asked == [("a", "b")]
    assert getattr(source.calls[0].trace, "name", None) == "a+b"


async def test_a_shared_fetch_lives_until_the_last_deadline() -> None:
    """Of those who wait for it."""
    source = Watched()
    gather, calls = Gather(source), [call(30), call(50), call(40)]
    await asyncio.gather(*(gather.ask(batch(key), one) for key, one in zip("abc", calls, strict=True)))
    assert source.calls[0].deadline == calls[1].deadline


async def test_full_fetches_go_out_and_the_keys_of_an_ask_stay_together() -> None:
    """An ask that does not fit begins the next fetch; keys that are there already take no room."""
    source, things = Watched(), offer(4)
    asks = [batch(*keys, of=things) for keys in ("abc", "de", "d", "efg", "dg", "h")]
    answers = await answered(Gather(source), *asks)
    assert source.asked == [("a", "b", "c"), ("d", "e", "f", "g"), ("h",)]
    assert [tuple(one) for one in answers] == [ask.keys for ask in asks]


async def test_an_ask_of_more_keys_than_a_call_takes_has_a_fetch_of_its_own() -> None:
    """It shares only with one of the same keys, and does not stand between those who share."""
    source, things = Watched(), offer(2)
    await answered(Gather(source), *(batch(*keys, of=things) for keys in ("a", "abc", "b", "abc", "acb")))
    assert sorted(source.asked) == [("a", "b"), ("a", "b", "c"), ("a", "c", "b")]


async def test_an_ask_of_many_calls_keeps_to_its_offers_bound() -> None:
    """The adapter splits it, so that the calls of one batch count together."""
    echo = Echo(echoed(max_batch=2, at_once=3))
    (answers,) = await answered(Gather(echo), batch(*"abcdefghijklmnop", of=echo.offers[0]))
    assert (len(echo.calls), echo.most, len(names(answers))) == (8, 3, 16)


async def test_a_source_of_one_key_a_call_shares_what_is_equal_only() -> None:
    """And nothing waits there: a call more in the line saves none."""
    source, things = Watched(turns=5), offer(max_batch=1, in_flight=1)
    await answered(Gather(source), *(batch(*keys, of=things) for keys in ("a", "b", "a", "ab", "ab")))
    assert (source.asked, source.most) == ([("a",), ("b",), ("a", "b")], 3)


async def test_calls_of_one_key_are_bounded_by_the_source_and_not_by_what_could_be_shared() -> None:
    """`in_flight` is of fetches that others could share; here it would make calls wait, and save none."""
    echo = Echo(echoed(max_batch=1, in_flight=1), at_once=3)
    answers = await answered(Gather(echo), *(batch(key, of=echo.offers[0]) for key in "abcdefghij"))
    assert (len(echo.calls), echo.most) == (10, 3)
    assert [names(one) for one in answers] == [{key: key} for key in "abcdefghij"]


async def test_spellings_of_one_key_are_one_key_of_one_call() -> None:
    """Two requests may spell it differently; both are answered in their own spelling."""
    echo = Echo(echoed(max_batch=9, key_form=KeyForm.UPPER))
    answers = await answered(Gather(echo), *(batch(key, of=echo.offers[0]) for key in ("l1", "L1", " l1")))
    assert [names(one) for one in answers] == [{"l1": "l1"}, {"L1": "l1"}, {" l1": "l1"}]
    assert echo.calls == [("l1",)]


async def test_a_thousand_asks_of_one_turn_are_twenty_fetches() -> None:
    """Each ask has its answer."""
    source = Watched()
    answers = await answered(Gather(source), *(batch(f"k{n}") for n in range(1_000)))
    assert [len(keys) for keys in source.asked] == [50] * 20
    assert answers == [{f"k{n}": found(f"k{n}")} for n in range(1_000)]
    assert source.most == 8


async def test_asking_costs_the_loop_one_turn_however_many_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    """And one timer, which most of them outrun."""
    loop, called = asyncio.get_running_loop(), Counter[str]()

    def counting(name: str) -> Callable[..., Any]:
        wrapped = getattr(loop, name)

        def count(*asked: Any, **how: Any) -> Any:
            called[name] += 1
            return wrapped(*asked, **how)

        return count

    monkeypatch.setattr(loop, "call_soon", counting("call_soon"))
    monkeypatch.setattr(loop, "call_later", counting("call_later"))
    gather = Gather(Watched())
    asks = [gather.ask(batch(f"k{n}", fields=(f"f{n % 3}",)), call()) for n in range(300)]
    assert called == {"call_soon": 1, "call_later": 1}
    await asyncio.gather(*asks)
    await asyncio.gather(*(gather.ask(batch(f"k{n}"), call()) for n in range(300)))
    assert called["call_later"] == 1


async def test_what_is_asked_while_enough_is_under_way_waits_and_goes_out_in_one() -> None:
    """In order of arrival, as soon as a fetch has ended."""
    source, things = Watched(), offer(in_flight=2)
    gather = Gather(source)
    source.open.clear()
    asks = []
    for key in "abcdef":
        asks.append(gather.ask(batch(key, of=things), call()))
        await turns(3)
    assert source.asked == [("a",), ("b",)]
    source.open.set()
    assert [tuple((await ask).answers) for ask in asks] == [(key,) for key in "abcdef"]
    assert (source.asked[2:], source.most) == ([("c", "d", "e", "f")], 2)


async def test_what_nobody_could_share_does_not_wait() -> None:
    """A caller's own token would gain nothing by it, nor would an ask of more keys than a call takes."""
    source, things = Watched(turns=5), offer(max_batch=2, in_flight=1)
    gather = Gather(source)
    own = [gather.ask(batch("a", of=things), call(credential=str(n))) for n in range(4)]
    large = gather.ask(batch("a", "b", "c", of=things), call())
    await asyncio.gather(*own, large)
    assert source.most == 5


async def test_a_group_that_is_asked_for_all_the_time_lets_the_others_have_their_turn() -> None:
    """It takes nobody in once its turn has come."""
    source, things = Watched(), offer(max_batch=2, in_flight=1)
    gather = Gather(source)
    source.open.clear()
    often = [gather.ask(batch(f"a{n}", of=things), call()) for n in range(6)]
    await turns(3)
    rare = gather.ask(batch("b", of=things, fields=("size",)), call())
    source.open.set()
    while not rare.done():
        often.append(gather.ask(batch(f"a{len(often)}", of=things), call()))
        await turns()
    await asyncio.gather(*often)
    before = source.asked.index(("b",))
    assert source.asked[:before] == [("a0", "a1"), ("a2", "a3"), ("a4", "a5")]
    assert sum(map(len, source.asked)) == len(often) + 1


async def test_nothing_is_asked_for_no_key() -> None:
    """The answer is empty, and there at once."""
    source = Watched()
    asked = Gather(source).ask(batch(), call())
    assert asked.done()
    assert ((await asked).answers, source.batches) == ({}, [])


async def test_nothing_that_is_printed_holds_a_key_or_a_value() -> None:
    """Futures and their results stand in logs of the event loop."""
    gather = Gather(Watched())
    asked = gather.ask(batch("secret"), call(credential="secret", case="secret"))
    pending = repr(asked)
    gathered = await asked
    assert isinstance(gathered.answers["secret"], Found)
    assert "secret" not in f"{pending} {asked!r} {gathered!r} {gather!r}"

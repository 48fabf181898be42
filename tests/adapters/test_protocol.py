"""One fetch becomes calls, and each call's reply becomes answers by key."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pytest

from adapters.adapter import Batch, Call, Slice
from adapters.answers import Answer, Denied, Found, Key, Page, SourceError
from adapters.matching import Ends, PageEnd
from adapters.offers import KeyForm, Offer
from adapters.protocol import ProtocolAdapter
from adapters.records import Record
from adapters.sending import Ask, SendError
from schema.deadline import Deadline
from schema.observer import Event, Sent
from schema.reasons import Reason
from tests.adapters.once import ONCE


class Thing(Record):
    name: str


Reply = list[dict[str, Any]]


class Echo(ProtocolAdapter[Ask, Reply]):
    """Answers every key with its own name, through a function that may do otherwise."""

    def __init__(
        self, offer: Offer, spoil: Callable[[Sequence[Key]], Any] = lambda keys: None, **settings: Any
    ) -> None:
        super().__init__("echo", [offer], **settings)
        self.spoil, self.calls, self.running, self.most = spoil, list[Sequence[Key]](), 0, 0

    def _unaskable(self, batch: Batch, key: Key) -> Answer | None:
        return SourceError(Reason.SOURCE_ERROR, "never") if key == "never" else super()._unaskable(batch, key)

    def _asks(self, batch: Batch, keys: Sequence[Key]) -> Ask:
        if "unspeakable" in keys:
            raise SendError(Reason.SOURCE_ERROR, "cannot be asked")
        return Ask(batch, keys)

    async def _make(self, ask: Ask, call: Call) -> Reply:
        self.calls.append(ask.keys)
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await asyncio.sleep(0.001)
            self.spoil(ask.keys)
        finally:
            self.running -= 1
        return [{"id": key, "name": key} for key in ask.keys]

    def _records(self, ask: Ask, reply: Reply) -> Iterable[object]:
        for record in reply:
            if record["id"] == "shapeless":
                raise SendError(Reason.SOURCE_ERROR, "another shape")
            yield record


class Heard:
    def __init__(self) -> None:
        self.calls: list[Sent] = []

    def note(self, event: Event) -> None:
        if isinstance(event, Sent):
            self.calls.append(event)


def offer(max_batch: int = 2, **declared: Any) -> Offer:
    return Offer(name="things", serves="Thing", record=Thing, key="id", max_batch=max_batch, **declared)


async def ask(adapter: Echo, *keys: str, heard: Heard | None = None) -> Mapping[Key, Answer]:
    call = Call(Deadline.after(5), "dpv:X", observer=heard or Heard())
    return await adapter.fetch(Batch(adapter.offers[0], ("name",), keys), call)


def names(answers: Mapping[Key, Answer]) -> dict[Key, object]:
    return {key: answer.record["name"] for key, answer in answers.items() if isinstance(answer, Found)}  # type: ignore[index]


async def test_no_key_is_no_call() -> None:
    """And no answer."""
    echo = Echo(offer())
    assert await ask(echo) == {}
    assert echo.calls == []


async def test_keys_go_out_in_full_calls_in_their_order() -> None:
    """The last call holds what is left."""
    echo = Echo(offer(max_batch=2))
    assert names(await ask(echo, "a", "b", "c", "d", "e")) == {key: key for key in "abcde"}
    assert echo.calls == [("a", "b"), ("c", "d"), ("e",)]


async def test_a_batch_keeps_to_its_offers_bound_and_all_batches_to_the_sources() -> None:
    """Two bounds: calls of one batch, and calls to the source."""
    narrow = Echo(offer(max_batch=1, at_once=3))
    await ask(narrow, *"abcdefghij")
    assert narrow.most == 3
    shared = Echo(offer(max_batch=1, at_once=3), at_once=4)
    await asyncio.gather(*(ask(shared, *"abcdefghij") for _ in range(3)))
    assert shared.most == 4


async def test_an_error_of_one_call_costs_the_keys_of_that_call_only() -> None:
    """It is the answer of each of them, with our constant text."""

    def spoil(keys: Sequence[Key]) -> None:
        if "c" in keys:
            raise SendError(Reason.SOURCE_RATE_LIMITED, "too many")

    answers = await ask(Echo(offer(), spoil), "a", "b", "c", "d", "e")
    assert set(names(answers)) == {"a", "b", "e"}
    assert answers["c"] == answers["d"] == SourceError(Reason.SOURCE_RATE_LIMITED, "too many")


@pytest.mark.parametrize("bad", ["unspeakable", "shapeless"])
async def test_a_call_that_cannot_be_made_or_read_costs_its_keys_only(bad: str) -> None:
    """Before the wire and after it."""
    answers = await ask(Echo(offer()), bad, "b", "c")
    assert set(names(answers)) == {"c"}
    assert {answer.reason for answer in answers.values() if isinstance(answer, SourceError)} == {Reason.SOURCE_ERROR}


async def test_a_key_that_cannot_be_asked_takes_no_place_in_a_call() -> None:
    """The others fill the calls."""
    echo = Echo(offer())
    answers = await ask(echo, "a", "never", "b")
    assert answers["never"] == SourceError(Reason.SOURCE_ERROR, "never")
    assert (set(names(answers)), echo.calls) == ({"a", "b"}, [("a", "b")])
    assert await ask(echo, "never") == {"never": answers["never"]}
    assert len(echo.calls) == 1


async def test_spellings_of_one_key_are_asked_as_one() -> None:
    """In the first of them, and all have its answer: a record, or why there is none."""
    upper = Echo(offer(key_form=KeyForm.UPPER))
    assert names(await ask(upper, "l1", "L1", "k2", " L1", "K2")) == {
        "l1": "l1",
        "L1": "l1",
        " L1": "l1",
        "k2": "k2",
        "K2": "k2",
    }
    assert upper.calls == [("l1", "k2")]
    answers = await ask(Echo(offer(key_form=KeyForm.UPPER)), "shapeless", "SHAPELESS")
    assert answers["shapeless"] == answers["SHAPELESS"] == SourceError(Reason.SOURCE_ERROR, "another shape")
    opaque = Echo(offer())
    assert names(await ask(opaque, "l1", "L1")) == {"l1": "l1", "L1": "L1"}


@pytest.mark.parametrize(
    ("form", "blank"),
    [*((form, blank) for form in KeyForm for blank in ("", " ", "\t\n", "\u00a0")), (KeyForm.DIGITS, "none")],
)
async def test_a_blank_key_is_never_asked(form: KeyForm, blank: str) -> None:
    """Nor one that has nothing of the offer's form; it is an error, for nobody asked."""
    echo = Echo(offer(key_form=form))
    answers = await ask(echo, "1", blank)
    assert names(answers) == {"1": "1"}
    refused = answers[blank]
    assert isinstance(refused, SourceError)
    assert (refused.reason, echo.calls) == (Reason.SOURCE_ERROR, [("1",)])


class Paged(Echo):
    """Has a list of five numbered entries for each key, in pages."""

    async def _make(self, ask: Ask, call: Call) -> Reply:
        await super()._make(ask, call)
        part = ask.batch.slice
        assert part is not None
        start = int(part.after or "0")
        return [{"id": key, "name": f"{key}{n}"} for key in ask.keys for n in range(start, min(start + part.first, 5))]

    def _ends(self, ask: Ask, reply: Reply) -> Ends:
        part = ask.batch.slice
        assert part is not None
        end = int(part.after or "0") + part.first
        return lambda _, records: PageEnd(records, str(end), end < 5)


def listing(**declared: Any) -> Offer:
    ordinary: dict[str, Any] = {"name": "things", "serves": "Owner.things", "record": Thing, "key": "id"}
    return Offer(**ordinary | {"max_page": 2} | declared)


async def ask_pages(adapter: Paged, first: int | None, *keys: str) -> dict[Key, tuple[list[object], bool]]:
    part = None if first is None else Slice(first)
    batch = Batch(adapter.offers[0], ("name",), keys, slice=part)
    answers = await adapter.fetch(batch, Call(Deadline.after(5), "dpv:X"))
    pages = {key: answer.record for key, answer in answers.items() if isinstance(answer, Found)}
    return {
        key: ([item["name"] for item in page.items], page.has_next)
        for key, page in pages.items()
        if isinstance(page, Page)
    }


async def test_a_page_is_asked_one_key_a_call() -> None:
    """Unless the source can limit each key; no call is made that the offer did not tell."""
    paged = Paged(listing())
    assert await ask_pages(paged, 2, "a", "b") == {"a": (["a0", "a1"], True), "b": (["b0", "b1"], True)}
    assert paged.calls == [("a",), ("b",)]


async def test_the_first_pages_go_out_together_and_the_further_ones_apart() -> None:
    """Where the source can limit each key; the calls are as many as the offer told."""
    paged = Paged(listing(limits_per_key=True, max_batch=2))
    got = await ask_pages(paged, 3, "a", "b", "c")
    assert got == {key: ([f"{key}0", f"{key}1", f"{key}2"], True) for key in "abc"}
    assert sorted(map("".join, paged.calls)) == ["a", "ab", "b", "c", "c"]
    assert len(paged.calls) == paged.offers[0].most_calls(3, 3)


async def test_a_whole_list_is_read_in_pages() -> None:
    """As many together as the offer says."""
    paged = Paged(listing(at_once=2))
    assert await ask_pages(paged, None, *"abc") == {key: ([f"{key}{n}" for n in range(5)], False) for key in "abc"}
    assert (len(paged.calls), paged.most) == (9, 2)


async def test_an_error_of_one_page_costs_its_key_only() -> None:
    """The lists of the others are read to their ends."""
    calls: list[Key] = []

    def spoil(keys: Sequence[Key]) -> None:
        calls.extend(keys)
        if keys == ("b",) and calls.count("b") == 2:
            raise SendError(Reason.SOURCE_RATE_LIMITED, "too many")

    paged = Paged(listing(at_once=1), spoil, limits=ONCE)
    answers = await paged.fetch(Batch(paged.offers[0], ("name",), ("a", "b")), Call(Deadline.after(5), "dpv:X"))
    assert isinstance(answers["a"], Found)
    assert answers["b"] == SourceError(Reason.SOURCE_RATE_LIMITED, "too many")


async def test_a_protocol_without_pages_refuses_an_offer_that_has_them() -> None:
    """It could not tell where one ends."""
    answers = await ask(Echo(listing()), "a")
    assert answers["a"] == SourceError(Reason.SOURCE_ERROR, "the adapter's protocol has no pages, and the offer has")


async def test_an_argument_that_the_offer_does_not_take_is_never_asked() -> None:
    """Left out, the source would answer another list than was asked for; null is no exception."""
    echo = Echo(offer())
    for value in (7, None):
        batch = Batch(echo.offers[0], ("name",), ("a",), (("color", value),))
        answers = await echo.fetch(batch, Call(Deadline.after(5), "dpv:X"))
        wanted = SourceError(Reason.SOURCE_ERROR, "the offer does not take an argument that was given")
        assert (answers, echo.calls) == ({"a": wanted}, [])


async def test_the_observer_hears_of_each_call() -> None:
    """By source and offer, with its number of keys."""
    heard = Heard()
    await ask(Echo(offer()), "a", "b", "c", heard=heard)
    told = sorted((event.source, event.offer, event.keys, event.outcome) for event in heard.calls)
    assert told == [("echo", "things", 1, None), ("echo", "things", 2, None)]


async def test_the_adapters_own_time_limit_ends_a_call() -> None:
    """SOURCE_TIMEOUT, though the request's deadline is far."""
    answers = await ask(Echo(offer(), timeout=0.0001), "a")
    assert answers["a"] == SourceError(Reason.SOURCE_TIMEOUT, "the source's own time limit passed")


@pytest.mark.parametrize("keys", [("a",), ("a", "b", "c")])
async def test_a_programming_error_is_raised(keys: tuple[str, ...]) -> None:
    """It is no answer; itself, also where calls ran together."""

    def spoil(keys: Sequence[Key]) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await ask(Echo(offer(), spoil), *keys)


async def test_cancellation_ends_every_call() -> None:
    """None runs on."""
    echo = Echo(offer(max_batch=1))
    task = asyncio.create_task(ask(echo, "a", "b"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert echo.running == 0


async def test_an_adapter_prints_its_source_and_offers() -> None:
    """And has nothing to give back unless it says so."""
    echo = Echo(offer())
    assert repr(echo) == "Echo('echo', offers=['things'])"
    await echo.aclose()


class Shut:
    """A permit that never lets some keys."""

    def __init__(self, *keys: Key) -> None:
        self.keys = keys

    def denied(self, keys: Sequence[Key]) -> Mapping[Key, Denied]:
        return {key: Denied(Reason.CONSENT_WITHDRAWN) for key in keys if key in self.keys}

    async def renew(self) -> None:
        raise AssertionError


async def test_keys_that_may_not_be_asked_are_denied_and_the_others_are_asked() -> None:
    """In their own call; a call of which nothing is left is not made."""
    adapter = Echo(offer())
    call = Call(Deadline.after(5), "dpv:X", permit=Shut("b", "c", "d"))
    answers = await adapter.fetch(Batch(adapter.offers[0], ("name",), ("a", "b", "c", "d", "e")), call)
    assert sorted(map(tuple, adapter.calls)) == [("a",), ("e",)]
    shut = Denied(Reason.CONSENT_WITHDRAWN)
    assert {key: answers[key] for key in ("b", "c", "d")} == dict.fromkeys(("b", "c", "d"), shut)
    assert all(isinstance(answers[key], Found) for key in ("a", "e"))

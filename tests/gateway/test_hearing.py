"""What sources say of keys is put to stewards off the way of requests, within bounds, and never at their cost."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

import pytest

from adapters.crossref import CrossReferenceError, Heard, KeyNews, StoreError
from gateway import hearing
from gateway.hearing import Hearing

GONE = KeyNews("lnk_1")


class SteppedClock:
    """A clock that stands still until it is told to go."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def go(self, seconds: float) -> None:
        self.now += seconds


class Store:
    """A cross-reference that keeps what it is told, or raises."""

    def __init__(self) -> None:
        self.told: list[list[KeyNews]] = []
        self.actors: set[str] = set()
        self.fails: Exception | None = None
        self.left_out = 0
        self.asked = asyncio.Event()

    async def hear(self, news: Sequence[KeyNews], *, actor: str) -> Heard:
        self.told.append(list(news))
        self.actors.add(actor)
        self.asked.set()
        if self.fails is not None:
            raise self.fails
        return Heard(len(news) - self.left_out, self.left_out)

    async def was_asked(self) -> None:
        """Return when it was told something since."""
        async with asyncio.timeout(10):
            await self.asked.wait()
        self.asked.clear()
        await asyncio.sleep(0)


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


def hearing_of(store: Any, clock: SteppedClock) -> Hearing:
    return Hearing(store, clock=clock, pause=0)


async def test_what_is_heard_is_put_once(store: Store, clock: SteppedClock) -> None:
    """However often it is heard within the hour; what comes together goes together."""
    made = hearing_of(store, clock)
    async with made.running():
        for news in (GONE, KeyNews("lnk_2"), GONE, KeyNews("lnk_1", "C9"), KeyNews("lnk_1", "C9")):
            made.hear(news)
        await store.was_asked()
        made.hear(GONE)
        clock.go(3_601)
        made.hear(GONE)
        await store.was_asked()
    assert store.told == [[GONE, KeyNews("lnk_2"), KeyNews("lnk_1", "C9")], [GONE]]
    assert store.actors == {"gateway"}


async def test_no_new_key_is_remembered(store: Store, clock: SteppedClock) -> None:
    """It is nowhere in memory once it was written, so that an erasure leaves none."""
    made = hearing_of(store, clock)
    async with made.running():
        made.hear(KeyNews("lnk_1", "a canary"))
        await store.was_asked()
        assert "canary" not in str([*made._put.keys()]) + str(made._waiting) + repr(KeyNews("lnk_1", "a canary"))


async def test_much_is_put_in_several_writes(
    store: Store, clock: SteppedClock, caplog: pytest.LogCaptureFixture
) -> None:
    """A hundred a time; what comes beyond those that wait is left out, and told with its count."""
    made = hearing_of(store, clock)
    for number in range(hearing._MOST_WAITING + 5):
        made.hear(KeyNews(f"lnk_{number}"))
    async with made.running():
        async with asyncio.timeout(10):
            while sum(map(len, store.told)) < hearing._MOST_WAITING:
                await store.was_asked()
    assert {len(some) for some in store.told} == {100}
    assert "what sources say of 1 key is put to no steward (more comes than can be written)" in caplog.text


@pytest.mark.parametrize("error", [StoreError("a canary"), CrossReferenceError("a canary"), ValueError("a canary")])
async def test_a_cross_reference_that_cannot_be_written_costs_nothing(
    store: Store,
    clock: SteppedClock,
    error: Exception,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was to be put is told by its count, at most every ten seconds, and put when the source says it again."""
    monkeypatch.setattr(hearing, "_AFTER_FAILURE", 0)
    made, store.fails = hearing_of(store, clock), error
    async with made.running():
        for _ in range(3):
            made.hear(GONE)
            await store.was_asked()
        clock.go(11)
        made.hear(GONE)
        await store.was_asked()
        store.fails = None
        made.hear(GONE)
        await store.was_asked()
        made.hear(GONE)
    assert store.told == [[GONE]] * 5
    kind = type(error).__name__
    assert [record.message for record in caplog.records] == [
        f"what sources say of {keys} is put to no steward (the cross-reference cannot be written: {kind})"
        for keys in ("1 key", "3 keys")
    ]


async def test_what_the_cross_reference_leaves_out_is_told(
    store: Store, clock: SteppedClock, caplog: pytest.LogCaptureFixture
) -> None:
    """By its count."""
    caplog.set_level(logging.WARNING)
    made, store.left_out = hearing_of(store, clock), 1
    async with made.running():
        made.hear(GONE)
        await store.was_asked()
    assert "what sources say of 1 key is put to no steward (no key of the source" in caplog.text


@pytest.mark.parametrize("key", ["x" * 1_025, 7])
async def test_what_can_be_no_key_does_not_wait(
    store: Store, clock: SteppedClock, caplog: pytest.LogCaptureFixture, key: Any
) -> None:
    """A source may say anything, of any length, a thousand times; no request fails for it."""
    made = hearing_of(store, clock)
    made.hear(KeyNews("lnk_1", key))
    assert not made._waiting
    assert "what sources say of 1 key is put to no steward (no key of the source)" in caplog.text
    made.hear(KeyNews("lnk_1", "x" * 1_024))
    assert len(made._waiting) == 1

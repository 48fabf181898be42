"""A source in memory that tells what it was asked, and by whom: what the tests of gather ask."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from adapters.adapter import Batch, Call
from adapters.answers import Answer, Found, Key, SourceError
from adapters.gathering import Gather
from adapters.offers import Offer
from adapters.records import Record
from schema.deadline import Deadline
from schema.observer import Sent
from schema.reasons import Reason

FETCHED_AT = datetime(2026, 1, 1, tzinfo=UTC)
FELLED = SourceError(Reason.SOURCE_ERROR, "the source answered 400")


class Thing(Record):
    name: str | None


def offer(max_batch: int = 50, **declared: Any) -> Offer:
    return Offer(name="things", serves="Thing", record=Thing, key="id", max_batch=max_batch, **declared)


THINGS = offer()


class Watched:
    """Answers each key with its own name and the credential it was asked with, after some turns of the loop.

    A fetch with one of the `poison` keys fails whole, by `error`. `open` is what a fetch waits for.
    """

    source = "watched"
    offers: tuple[Offer, ...] = ()

    def __init__(self, *, poison: Collection[Key] = (), turns: int = 1) -> None:
        self.poison, self.turns, self.error = set(poison), turns, FELLED
        self.batches, self.calls = list[Batch](), list[Call]()
        self.running, self.most, self.cut = 0, 0, 0
        self.open = asyncio.Event()
        self.open.set()

    @property
    def asked(self) -> list[tuple[Key, ...]]:
        return [batch.keys for batch in self.batches]

    async def fetch(self, batch: Batch, call: Call) -> Mapping[Key, Answer]:
        self.batches.append(batch)
        self.calls.append(call)
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await self.work(batch)
        except asyncio.CancelledError:
            self.cut += 1
            raise
        finally:
            self.running -= 1
        call.observer.note(Sent(self.source, batch.offer.name, batch.fields, len(batch.keys), 0.001))
        return self.answers(batch, call)

    async def work(self, batch: Batch) -> None:
        for _ in range(self.turns):
            await asyncio.sleep(0)
        await self.open.wait()

    def answers(self, batch: Batch, call: Call) -> Mapping[Key, Answer]:
        if self.poison & set(batch.keys):
            return dict.fromkeys(batch.keys, self.error)
        return {key: found(key, call.credential) for key in batch.keys}

    async def aclose(self) -> None:
        """Nothing to give back."""


def found(key: Key, credential: str | None = None) -> Found:
    return Found({"name": key, "told": credential}, FETCHED_AT)


def batch(*keys: Key, of: Offer = THINGS, fields: tuple[str, ...] = ("name",), **asked: Any) -> Batch:
    return Batch(of, fields, keys, **asked)


def call(seconds: float = 60, *, deadline: Deadline | None = None, purpose: str = "dpv:X", **told: Any) -> Call:
    return Call(deadline or Deadline.after(seconds), purpose, **told)


async def turns(count: int = 1) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def answered(gather: Gather, *asks: Batch, **told: Any) -> list[Mapping[Key, Answer]]:
    """Return what each of these asks, made in one turn, was answered."""
    gathered = await asyncio.gather(*(gather.ask(ask, call(**told)) for ask in asks))
    return [one.answers for one in gathered]

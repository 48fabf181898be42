"""How a test of the contract stages a source, asks it, and checks what it found."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any
from unittest import SkipTest

from adapters.adapter import Batch, Call, Slice
from adapters.answers import Answer, Facts, Found, Key, Page, SourceError
from adapters.testing.source import Misbehaviour, SourceUnderTest
from schema.deadline import Deadline
from schema.observer import Event, Sent
from schema.reasons import Reason

__all__ = [
    "Heard",
    "Staged",
    "ask",
    "batch_of",
    "check_found",
    "cut",
    "filled",
    "reason_of",
    "staged",
    "together",
    "told",
]

_Test = Callable[[Any, SourceUnderTest], Awaitable[None]]


class Heard:
    """An observer that keeps what it was told."""

    def __init__(self) -> None:
        self.calls: list[Sent] = []

    def note(self, event: Event) -> None:
        """Keep a call that was sent."""
        if isinstance(event, Sent):
            self.calls.append(event)


def staged(test: _Test) -> Callable[[Any], None]:
    """Return the test as a plain method that stages the source on a loop of its own."""

    def run(self: Staged) -> None:
        asyncio.run(self._stage(test))

    # not functools.wraps: pytest would follow __wrapped__ and look for a fixture called `source`
    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


class Staged(ABC):
    """A source that every test has for itself."""

    @abstractmethod
    def under_test(self) -> AbstractAsyncContextManager[SourceUnderTest]:
        """Return a context in which the source runs, is empty, and behaves. It is entered once for each test.

        The adapter is closed by the suite before the context is left.
        """

    async def _stage(self, test: _Test) -> None:
        async with self.under_test() as source:
            try:
                await test(self, source)
            finally:
                await source.adapter.aclose()
        if running := asyncio.all_tasks() - {asyncio.current_task()}:
            _, lost = await asyncio.wait(running, timeout=0.5)
            assert not lost, (
                f"{len(lost)} tasks of the adapter or its source ran on after both were closed; wanted none"
            )


async def filled(source: SourceUnderTest, count: int) -> list[Key]:
    """Make the source hold so many keys, and return them."""
    keys = [source.key(number) for number in range(1, count + 1)]
    await source.put(keys)
    return keys


def together(source: SourceUnderTest, count: int) -> int:
    """Return how many keys to ask so that all of them go out in one call."""
    return min(count, source.offer.keys_a_call)


async def told(source: SourceUnderTest, how: Misbehaviour) -> None:
    """Make the source misbehave, or skip the test where it cannot."""
    if how not in source.can:
        raise SkipTest(f"does not apply: this source cannot be told to be {how.value}")
    await source.misbehave(how)


def batch_of(source: SourceUnderTest, keys: Sequence[Key], fields: tuple[str, ...], part: Slice | None = None) -> Batch:
    """Return what the adapter is asked."""
    return Batch(source.offer, fields, tuple(keys), source.arguments, part)


async def ask(
    source: SourceUnderTest,
    keys: Sequence[Key],
    *,
    fields: tuple[str, ...] | None = None,
    seconds: float = 10.0,
    observer: Heard | None = None,
    part: Slice | None = None,
) -> Mapping[Key, Answer]:
    """Ask the adapter for all fields, unless some are named, and return what it answers."""
    call = Call(Deadline.after(seconds), "dpv:ServiceProvision", observer=observer or Heard())
    return await source.adapter.fetch(batch_of(source, keys, source.fields if fields is None else fields, part), call)


def check_found(
    source: SourceUnderTest, answers: Mapping[Key, Answer], keys: Sequence[Key], fields: tuple[str, ...] | None = None
) -> None:
    """Check that each of the keys has its own record, cut to the fields."""
    for key in keys:
        answer = answers.get(key)
        assert isinstance(answer, Found), f"got {answer!r} for a key that the source has; wanted Found"
        assert answer.fetched_at.tzinfo is not None, "fetched_at has no zone"
        wanted = source.facts(key)
        rows = answer.record.items if isinstance(answer.record, Page) else [answer.record]
        expected = [wanted] if isinstance(wanted, Mapping) else wanted
        assert isinstance(answer.record, Page) is source.offer.is_list
        assert list(rows) == [cut(row, source.fields if fields is None else fields) for row in expected]


def cut(facts: Facts, fields: Sequence[str]) -> Facts:
    """Return the facts of these dotted paths."""
    heads: dict[str, list[str]] = {}
    for path in fields:
        head, _, rest = path.partition(".")
        heads.setdefault(head, []).extend([rest] if rest else [])
    return {head: _cut_value(facts[head], rests) for head, rests in heads.items()}


def _cut_value(value: object, rests: Sequence[str]) -> object:
    if isinstance(value, Mapping):
        return cut(value, rests)
    if isinstance(value, list) and rests:
        return [_cut_value(item, rests) for item in value]
    return value


def reason_of(answer: Answer | None) -> Reason | None:
    """Return why a key has no facts, None when it has."""
    return answer.reason if isinstance(answer, SourceError) else None

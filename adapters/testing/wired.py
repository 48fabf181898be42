"""The part of the contract that is about a wire: an adapter is asked while its source answers wrong, and afterwards."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Generic, Protocol, TypeVar

from adapters.adapter import Adapter
from adapters.answers import Answer, SourceError
from adapters.testing.source import SeenCall, SourceUnderTest
from adapters.testing.staging import Staged, ask, check_found, filled, staged, together
from adapters.testing.wrongs import Wrong

__all__ = ["Wire", "WireContract", "WiredUnderTest", "add_tests", "asking", "check_wrong"]

_MOST_CALLS = 3
"""A call that failed is made again twice at most."""

_MARGIN = 3.0
"""Seconds by which an answer may be late on a machine that has much else to do."""

WrongT = TypeVar("WrongT", bound=Wrong)
WrongT_contra = TypeVar("WrongT_contra", bound=Wrong, contravariant=True)
SourceT = TypeVar("SourceT", bound=SourceUnderTest)


class Wire(Protocol[WrongT_contra]):
    """What stands in the place of a source's own server. `calls` counts what it was asked."""

    calls: int
    followed: int

    async def go_wrong(self, wrong: WrongT_contra | None) -> None:
        """From now on do this in place of answering; None is good order again."""


class WiredUnderTest(SourceUnderTest):
    """A source that is asked over a wire of the kit's; `adapter` is set by the kit."""

    @abstractmethod
    def adapter_at(self, place: str, /) -> Adapter:
        """Return a new adapter, with its ordinary settings, whose source is there: at a URL, or at a `host:port`."""

    async def seen(self) -> Sequence[SeenCall]:
        """Return none: the wire counts the calls itself."""
        return ()


@asynccontextmanager
async def asking(source: WiredUnderTest, place: str) -> AsyncIterator[None]:
    """Have the source asked there, by an adapter that is closed afterwards."""
    source.adapter = source.adapter_at(place)
    try:
        yield
    finally:
        await source.adapter.aclose()


class WireContract(Staged, ABC, Generic[SourceT, WrongT]):
    """One test for each kind of a protocol's wrongs; the subclass of a protocol says how its wire is opened."""

    @abstractmethod
    def opened(self, source: SourceT) -> AbstractAsyncContextManager[Wire[WrongT]]:
        """Return a context in which the wire listens and `source.adapter` asks it."""


def add_tests(contract: type[Any], wrongs: Mapping[str, WrongT]) -> None:
    """Give the contract of a protocol its tests."""
    for wrong in wrongs.values():
        name = "_".join(["test", "wire", *wrong.name.lower().replace("/", " ").replace(".", " ").split()])
        setattr(contract, name, _test_of(wrong, name))


def _test_of(wrong: WrongT, name: str) -> Any:
    async def test(contract: WireContract[Any, WrongT], source: SourceUnderTest) -> None:
        async with contract.opened(source) as wire:
            await check_wrong(source, wire, wrong)

    test.__name__, test.__doc__ = name, f"A source that {wrong.means} costs what it may, and nothing afterwards."
    return staged(test)


async def check_wrong(source: SourceUnderTest, wire: Wire[WrongT], wrong: WrongT) -> None:
    """Check that a wrong answer costs the keys of its call, in time and by a reason, and nothing of the call behind it.

    Nothing is raised, what is answered is right, and what came on a connection is not taken for a later answer.
    """
    keys, other = (await filled(source, together(source, 2) + 1))[:-1], source.key(together(source, 2) + 1)
    check_found(source, await ask(source, keys), keys)
    asked = wire.calls
    await wire.go_wrong(wrong)
    began = time.monotonic()
    answers = await ask(source, keys, seconds=wrong.seconds)
    took = time.monotonic() - began
    assert set(answers) == set(keys), "the answers hold another set of keys than was asked"
    reasons = {key: _reason(answer) for key, answer in answers.items()}
    assert set(reasons.values()) <= wrong.reasons, (
        f"got {set(reasons.values())} of a source that {wrong.means}; wanted no other than {set(wrong.reasons)}"
    )
    check_found(source, answers, [key for key, reason in reasons.items() if reason is None])
    assert took < wrong.seconds + _MARGIN, f"the call had {wrong.seconds} s and took {took:.1f} s"
    assert wire.calls - asked <= _MOST_CALLS * len(keys), f"got {wire.calls - asked} calls"
    assert not wire.followed, "a redirect was followed"
    await wire.go_wrong(None)
    check_found(source, await ask(source, [other]), [other])


def _reason(answer: Answer) -> object:
    return answer.reason if isinstance(answer, SourceError) else None

"""What one request really takes, measured while it is answered; nothing of it is made for any other request.

It holds moments, and never a key or a value.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Hashable, Iterator, Mapping
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from adapters.adapter import Batch, Call
from adapters.gathering import Gathered
from adapters.offers import Offer
from resolvers.traced import Asking
from schema.deadline import Clock
from schema.tracing import Stage

__all__ = ["Analysis", "Spans", "StepWatch", "measured", "timed"]

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class StepWatch(Protocol):
    """Is told when the steps of a plan are asked and answered, by their numbers."""

    def begin(self, what: int, /) -> None:
        """Take note that something is asked."""

    def end(self, what: int, /) -> None:
        """Take note that something is answered, or waited for no longer."""


class Spans(Generic[K]):
    """From when to when each of some things was under way: from its first beginning to its last end."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._begun: dict[K, float] = {}
        self._ended: dict[K, float] = {}

    def begin(self, what: K, /, at: float | None = None) -> None:
        """Take note that it begins: now, or at this moment by the clock."""
        self._begun.setdefault(what, self._clock() if at is None else at)

    def end(self, what: K, /, at: float | None = None) -> None:
        """Take note that it ends, for now: now, or at this moment by the clock."""
        self._ended[what] = self._clock() if at is None else at

    def of(self, what: K) -> tuple[float, float] | None:
        """Return when it began and when it ended, None where it was never under way."""
        return (self._begun[what], self._ended[what]) if what in self._ended else None

    def __iter__(self) -> Iterator[K]:
        return iter(self._ended)


class Analysis:
    """Measures one request. `seconds` is the time that it has in all, and `told` what it has come to, in the end.

    The stages follow one another: what begins ends what was under way, and the first begins when the request `arrived`,
    by the clock.
    """

    def __init__(self, clock: Clock = time.monotonic, *, arrived: float | None = None) -> None:
        self.seconds = 0.0
        self._clock = clock
        self._stage: Stage | None = None
        self.stages: Spans[Stage] = Spans(clock)
        self.gates: Spans[Offer] = Spans(clock)
        self.steps: Spans[int] = Spans(clock)
        self.told: dict[str, Any] | None = None
        if arrived is not None:
            self._stage = Stage.READ
            self.stages.begin(Stage.READ, arrived)

    def begin(self, stage: Stage) -> None:
        """Take note that a stage begins, and with it the one ends that was under way."""
        now = self._clock()
        if self._stage is not None:
            self.stages.end(self._stage, now)
        self.stages.begin(stage, now)
        self._stage = stage

    def end(self) -> None:
        """Take note that the stage ends that is under way."""
        if self._stage is not None:
            self.stages.end(self._stage)
            self._stage = None


def measured(analysis: Analysis | None, stage: Stage, work: Awaitable[T]) -> Awaitable[T]:
    """Return the work, measured as this stage where something measures."""
    return work if analysis is None else _measured(analysis, stage, work)


async def _measured(analysis: Analysis, stage: Stage, work: Awaitable[T]) -> T:
    analysis.begin(stage)
    try:
        return await work
    finally:
        analysis.end()


def timed(sources: Mapping[str, Asking], analysis: Analysis | None) -> Mapping[str, Asking]:
    """Return the sources by name, where something measures such that it is told what gates ask of them."""
    if analysis is None:
        return sources
    return {name: _TimedSource(sources[name], analysis.gates) for name in sources}


class _TimedSource:
    """Asks one source what gates want to know."""

    __slots__ = ("_inner", "_spans")

    def __init__(self, inner: Asking, spans: Spans[Offer]) -> None:
        self._inner, self._spans = inner, spans

    def ask(self, batch: Batch, call: Call) -> asyncio.Future[Gathered]:
        """Return the future of the answers, and have it noted when it is asked and answered."""
        self._spans.begin(batch.offer)
        asked = self._inner.ask(batch, call)
        asked.add_done_callback(partial(self._end, batch.offer))
        return asked

    def _end(self, offer: Offer, _: asyncio.Future[Gathered]) -> None:
        self._spans.end(offer)

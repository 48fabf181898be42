"""What the engine does for a request that is sampled, seen by its trace; nothing of it is made for any other.

A span begins when the first batch is asked of an offer, and ends with the last answer: the batches of a step, of which
there are several where customers are shown different fields or keys come by and by, are one.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Hashable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Protocol, TypeVar

from adapters.adapter import Batch, Call
from adapters.answers import SourceError
from adapters.gathering import Gather, Gathered
from schema.reasons import Reason
from schema.tracing import RequestTrace, Stage, StepSpan

__all__ = ["Asking", "staged", "traced"]

T = TypeVar("T")


class Asking(Protocol):
    """Whom batches are asked of: what gathers those of one source."""

    def ask(self, batch: Batch, call: Call) -> asyncio.Future[Gathered]:
        """Return the future of the answers for exactly the keys of the batch. To cancel it is to leave."""


def staged(trace: RequestTrace | None, stage: Stage, work: Awaitable[T]) -> Awaitable[T]:
    """Return the work, with a span of this stage around it where there is a trace."""
    return work if trace is None else _staged(trace, stage, work)


async def _staged(trace: RequestTrace, stage: Stage, work: Awaitable[T]) -> T:
    span, failed = trace.stage(stage), "CancelledError"
    try:
        done = await work
        failed = ""
        return done
    except Exception as error:
        failed = type(error).__name__
        raise
    finally:
        span.end(failed or None)


def traced(sources: Mapping[str, Gather], trace: RequestTrace | None, *, is_gate: bool) -> Mapping[str, Asking]:
    """Return the sources by name, each of which notes in the trace, where there is one, what is asked of it.

    `is_gate`: it is gates that ask.
    """
    return sources if trace is None else _TracedSources(sources, trace, is_gate=is_gate)


class _TracedSources(Mapping[str, Asking]):
    """Sources that note in a trace what is asked of them."""

    def __init__(self, sources: Mapping[str, Gather], trace: RequestTrace, *, is_gate: bool) -> None:
        self._sources = {name: _TracedSource(name, one, trace, is_gate) for name, one in sources.items()}

    def __getitem__(self, name: str) -> Asking:
        return self._sources[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._sources)

    def __len__(self) -> int:
        return len(self._sources)


class _TracedSource:
    """Asks one source. `_steps` are what is under way: batches that are alike but for their keys and fields."""

    __slots__ = ("_inner", "_is_gate", "_name", "_steps", "_trace")

    def __init__(self, name: str, inner: Asking, trace: RequestTrace, is_gate: bool) -> None:
        self._name, self._inner, self._trace, self._is_gate = name, inner, trace, is_gate
        self._steps: dict[Hashable, _Step] = {}

    def ask(self, batch: Batch, call: Call) -> asyncio.Future[Gathered]:
        """Return the future of the answers, whose calls are made under the step's span."""
        alike = (batch.offer, batch.arguments, batch.slice and batch.slice.first)
        step = self._steps.get(alike)
        if step is None:
            span = self._trace.step(self._name, batch.offer.name, is_gate=self._is_gate)
            step = self._steps[alike] = _Step(span)
        step.begin(batch)
        asked = self._inner.ask(batch, replace(call, trace=step.span))
        asked.add_done_callback(partial(self._take, alike, step, batch))
        return asked

    def _take(self, alike: Hashable, step: _Step, batch: Batch, asked: asyncio.Future[Gathered]) -> None:
        if step.take(batch, asked):
            del self._steps[alike]


class _Step:
    """One span, and how many of its batches have yet to be answered."""

    __slots__ = ("_failed", "_left", "_open", "span")

    def __init__(self, span: StepSpan) -> None:
        self.span = span
        self._open = self._left = 0
        self._failed: Counter[Reason] = Counter()

    def begin(self, batch: Batch) -> None:
        self._open += 1
        self.span.asked(len(batch.keys))

    def take(self, batch: Batch, asked: asyncio.Future[Gathered]) -> bool:
        """Take note of what a batch has brought, and return whether it was the last one."""
        self._open -= 1
        if asked.cancelled():
            self._left += len(batch.keys)
        elif asked.exception() is None:
            answers = asked.result().answers.values()
            self._failed.update(one.reason for one in answers if type(one) is SourceError)
        if not self._open:
            self.span.end(self._failed, self._left)
        return not self._open

"""What the trace of a request is told of its steps and gates."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from adapters.adapter import Batch, Call
from adapters.answers import Answer, Found, Key, SourceError
from adapters.gathering import Gather, Gathered
from adapters.offers import Offer
from resolvers.traced import staged, traced
from schema.deadline import Deadline
from schema.reasons import Reason
from schema.tracing import SendSpan, Stage, Trace

CALL = Call(Deadline.after(5.0), "CustomerCare")
FOUND = Found({}, datetime(2026, 1, 1, tzinfo=UTC))
LATE = SourceError(Reason.SOURCE_TIMEOUT, "late")


@dataclass
class Step:
    """What one span was told."""

    asked_of: tuple[str, str, bool]
    keys: list[int] = field(default_factory=list)
    ended: tuple[Mapping[Reason, int], int] | None = None

    def asked(self, keys: int) -> None:
        """Keep it."""
        assert self.ended is None
        self.keys.append(keys)

    def end(self, failed: Mapping[Reason, int], left: int) -> None:
        """Keep it."""
        assert self.ended is None
        self.ended = dict(failed), left

    def sending(self, source: str, offer: str, keys: int) -> SendSpan:
        raise NotImplementedError

    def joined(self, others: Sequence[Trace]) -> Trace:
        raise NotImplementedError

    def repeated(self, times: int) -> Trace:
        raise NotImplementedError


@dataclass
class Request:
    """A trace that keeps what it was told."""

    steps: list[Step] = field(default_factory=list)
    stages: list[tuple[Stage, str | None]] = field(default_factory=list)

    def asks(self, operation: str, name: str | None) -> None:
        raise NotImplementedError

    def step(self, source: str, offer: str, *, is_gate: bool) -> Step:
        """Begin one."""
        self.steps.append(Step((source, offer, is_gate)))
        return self.steps[-1]

    def stage(self, stage: Stage) -> Any:
        """Begin one."""
        request = self

        class Span:
            def end(self, failed: str | None = None) -> None:
                request.stages.append((stage, failed))

        return Span()


@dataclass
class Source:
    """Whom is asked: a future for each batch, and the call that it came with."""

    asks: list[tuple[asyncio.Future[Gathered], Call]] = field(default_factory=list)

    def ask(self, batch: Batch, call: Call) -> asyncio.Future[Gathered]:
        """Return a future that the test ends."""
        self.asks.append((asyncio.get_running_loop().create_future(), call))
        return self.asks[-1][0]

    async def answer(self, place: int, answers: Mapping[Key, Answer]) -> None:
        """Have one batch answered."""
        self.asks[place][0].set_result(Gathered(answers))
        await asyncio.sleep(0)


def batch(*keys: Key, offer: Offer, fields: tuple[str, ...] = ("name",), **more: Any) -> Batch:
    """A batch of these keys."""
    return Batch(offer, fields, keys, **more)


@pytest.fixture
def offer() -> Offer:
    """Some offer."""
    return cast("Offer", _Offer("people"))


@dataclass(frozen=True)
class _Offer:
    name: str


async def test_batches_that_are_alike_are_one_step_until_the_last_has_answered(offer: Offer) -> None:
    """Other fields and other keys are the same step; calls are made in its place of the trace."""
    source, trace = Source(), Request()
    crm = traced(cast("Mapping[str, Gather]", {"crm": source}), trace, is_gate=False)["crm"]
    crm.ask(batch("a", "b", offer=offer), CALL)
    crm.ask(batch("c", offer=offer, fields=("name", "phone")), CALL)
    await source.answer(0, {"a": FOUND, "b": LATE})
    (step,) = trace.steps
    assert (step.asked_of, step.keys, step.ended) == (("crm", "people", False), [2, 1], None)
    assert [call.trace for _, call in source.asks] == [step, step]
    await source.answer(1, {"c": LATE})
    assert step.ended == ({Reason.SOURCE_TIMEOUT: 2}, 0)


async def test_what_is_asked_after_that_is_a_step_of_its_own(offer: Offer) -> None:
    """So is what is asked with other arguments, or of another part of a list."""
    source, trace = Source(), Request()
    crm = traced(cast("Mapping[str, Gather]", {"crm": source}), trace, is_gate=True)["crm"]
    crm.ask(batch("a", offer=offer), CALL)
    await source.answer(0, {"a": FOUND})
    crm.ask(batch("a", offer=offer), CALL)
    crm.ask(batch("a", offer=offer, arguments=(("since", 1),)), CALL)
    assert [step.asked_of for step in trace.steps] == [("crm", "people", True)] * 3
    assert [step.ended for step in trace.steps] == [({}, 0), None, None]


async def test_what_nobody_waits_for_any_more_is_counted_apart(offer: Offer) -> None:
    """A batch that is left has neither answered nor failed."""
    source, trace = Source(), Request()
    crm = traced(cast("Mapping[str, Gather]", {"crm": source}), trace, is_gate=False)["crm"]
    crm.ask(batch("a", "b", offer=offer), CALL).cancel()
    await asyncio.sleep(0)
    assert trace.steps[0].ended == ({}, 2)


async def test_without_a_trace_the_sources_are_asked_themselves() -> None:
    """Nothing is made for a request that is not sampled."""
    sources = cast("Mapping[str, Gather]", {"crm": Source()})
    assert traced(sources, None, is_gate=False) is sources
    work = asyncio.sleep(0)
    assert staged(None, Stage.POLICY, work) is work
    await work


async def test_a_stage_ends_with_the_type_of_what_was_raised() -> None:
    """Whatever ends it; the text is not told."""

    async def fails(error: BaseException) -> None:
        raise error

    trace = Request()
    await staged(trace, Stage.RESOLVE, asyncio.sleep(0))
    with pytest.raises(KeyError):
        await staged(trace, Stage.POLICY, fails(KeyError("Ola")))
    with pytest.raises(asyncio.CancelledError):
        await staged(trace, Stage.RECORD, fails(asyncio.CancelledError()))
    assert trace.stages == [
        (Stage.RESOLVE, None),
        (Stage.POLICY, "KeyError"),
        (Stage.RECORD, "CancelledError"),
    ]

"""What is told of how sources do: the door for operators writes it, and `customer-view status` reads it."""

from __future__ import annotations

from pydantic import AwareDatetime, FiniteFloat

from gateway.told import Told

__all__ = ["FailureTold", "LimitsTold", "MinuteTold", "OfferTold", "SourceTold", "SourcesTold"]


class OfferTold(Told):
    """What is kept of one offer: its breaker, how often that has opened, and for how long the source has asked to have
    it left alone."""

    offer: str
    breaker: str
    opened: int
    held_seconds: FiniteFloat


class LimitsTold(Told):
    """What is kept of a source: its breaker, how often that has opened, how many calls may run together now and at
    most, how many do, wait, and may wait, for how long the source has asked to be left alone, how many calls may be
    sent again, and the offers that were asked."""

    breaker: str
    opened: int
    width: int
    most: int
    under_way: int
    waiting: int
    queue: int
    held_seconds: FiniteFloat
    repeats_left: int
    offers: list[OfferTold]


class MinuteTold(Told):
    """The last minute: calls that have ended, those that failed, were sent again, and were not sent; milliseconds that
    answered ones took."""

    calls: int
    failed: int
    repeated: int
    unsent: int
    error_rate: FiniteFloat | None
    p50_ms: FiniteFloat | None
    p95_ms: FiniteFloat | None


class FailureTold(Told):
    """How a source failed last."""

    offer: str
    code: str
    detail: str
    at: AwareDatetime


class SourceTold(Told):
    """One source. It is left alone since a moment where its breaker is not closed; `limits` is null where its adapter
    keeps none."""

    source: str
    left_alone_since: AwareDatetime | None
    readiness: bool
    limits: LimitsTold | None
    last_minute: MinuteTold
    last_failure: FailureTold | None


class SourcesTold(Told):
    """All sources, as one process of the gateway calls them."""

    at: AwareDatetime
    process: int
    sources: list[SourceTold]

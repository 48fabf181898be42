"""Two sources whose adapters keep limits, and one that keeps none, with a file that says what holds of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from adapters.adapter import Batch, Call
from adapters.answers import Answer, Key, Missing
from adapters.limits import Limits, OfferLimits, SourceLimits, Width, Window
from adapters.offers import Offer
from adapters.records import Record
from gateway.sources import Sources, own_limits, read_sources
from schema.reasons import Reason

__all__ = ["Plain", "Stand", "called", "read", "stands"]


class FruitRecord(Record):
    label: str | None


class Plain:
    """An adapter that asks nobody, and keeps no limits."""

    def __init__(self, source: str, *offers: str) -> None:
        self.source = source
        self.offers: Sequence[Offer] = [
            Offer(name=name, serves="Fruit", record=FruitRecord, key="number", absent=Missing) for name in offers
        ]

    async def fetch(self, batch: Batch, call: Call) -> Mapping[Key, Answer]:
        """Know nothing."""
        return {key: Missing() for key in batch.keys}

    async def aclose(self) -> None:
        """There is nothing to give back."""


class Stand(Plain):
    """One that keeps limits. `now` is the time by their clock."""

    def __init__(self, source: str, *offers: str, limits: Limits | None = None) -> None:
        super().__init__(source, *offers)
        self.now = 1_000.0
        self.limits = SourceLimits(limits or Limits(), clock=lambda: self.now, chance=lambda: 0.5)


def stands() -> list[Plain]:
    """A source as it comes, one whose author knows it well, and one that nothing can be said of."""
    known = Limits(
        timeout=2.0,
        width=Width(most=10, least=2),
        rates=[Window(100, 10)],
        offers={"search": OfferLimits(at_once=3, rates=[Window(4, 1)])},
    )
    return [Stand("apples", "fruit"), Stand("pears", "fruit", "search", limits=known), Plain("plums", "fruit")]


def called(limits: SourceLimits, offer: str, *, failed: bool) -> bool:
    """Have the limits take note of a call to an offer; return whether its breakers have let it pass."""
    lane = limits.lanes[offer]
    tickets = lane.enter()
    if tickets is None:
        return False
    lane.leave(tickets, failed=failed)
    if failed:
        limits.failed(Reason.SOURCE_TIMEOUT)
    return True


def read(folder: Path, text: str, adapters: Sequence[Plain] | None = None) -> Sources:
    """Return what is read of a file with this text."""
    path = folder / "sources.yaml"
    path.write_text(text, "utf-8")
    adapters = stands() if adapters is None else adapters
    return read_sources(path, adapters, own_limits(adapters))

"""What is measured of limits is what an alert goes by: a source that is dead is never seen as if it came back."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from adapters.limits import Limits, Repeating
from gateway.admission import Admission
from gateway.telemetry.metrics import catalog
from gateway.telemetry.metrics.instruments import Reading
from gateway.telemetry.metrics.limits import read_limits
from gateway.telemetry.metrics.metrics import Metrics
from schema.observer import NOBODY
from tests.adapters.limits.test_sends import BROKEN, SEARCH, Source, virtually


def states(readings: dict[str, Reading], name: str) -> dict[tuple[str, ...], str]:
    """The state that is told of each breaker."""
    points = [(tuple(map(str, labels)), value) for labels, value in readings[name].points]
    assert {value for _, value in points} <= {0.0, 1.0}
    told = [labels for labels, value in points if value == 1.0]
    return {labels[:-1]: labels[-1] for labels in told}


def read(source: Source) -> dict[str, Reading]:
    return {one.instrument.name: one for one in read_limits({"crm": source.limits})}


@virtually
async def test_a_dead_source_of_several_offers_is_seen_as_open_at_every_look() -> None:
    """For as long as it is asked and dead: the alert asks that it is not closed for two minutes together."""
    source = Source(BROKEN, limits=Limits(repeating=Repeating(most=0)))
    for _ in range(5):
        await source.ask()
        await source.ask(offer=SEARCH)
    for _ in range(50):
        made = len(source.calls)
        for _ in range(10):
            await asyncio.sleep(0.5)
            await source.ask()
            await source.ask(offer=SEARCH)
        assert states(read(source), catalog.BREAKER.name) == {("crm",): "open"}
        assert len(source.calls) > made
    of_offers = states(read(source), catalog.OFFER_BREAKER.name)
    assert of_offers == {("crm", "things"): "open", ("crm", "search"): "open"}


@virtually
async def test_an_offer_that_is_dead_alone_is_seen() -> None:
    """Its source is closed, and so is what else is asked of it."""
    source = Source("reply", limits=Limits(repeating=Repeating(most=0)))
    for _ in range(10):
        source.steps = [BROKEN]
        await source.ask(offer=SEARCH)
        source.steps = ["reply"]
        await source.ask()
    readings = read(source)
    assert states(readings, catalog.BREAKER.name) == {("crm",): "closed"}
    of_offers = states(readings, catalog.OFFER_BREAKER.name)
    assert of_offers == {("crm", "things"): "closed", ("crm", "search"): "open"}


@virtually
async def test_an_adapter_whose_limits_are_none_of_ours_costs_no_other_its_metrics() -> None:
    """Who writes an adapter may call anything `limits`."""
    source = Source("reply")
    adapters: Any = [SimpleNamespace(source="crm", limits=source.limits), SimpleNamespace(source="odd", limits=50)]
    metrics = Metrics(NOBODY, source.loop.time)
    metrics.watch(adapters, Admission(10, source.loop.time))
    told = {one.instrument.name: one for one in metrics.read()}
    assert states(told, catalog.BREAKER.name) == {("crm",): "closed"}

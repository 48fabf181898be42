"""What measuring costs a request, counted: on as off the same requests are asked."""

from __future__ import annotations

import gc
from functools import partial
from pathlib import Path

import pytest

from gateway.gateway import Gateway
from gateway.settings import Settings
from schema.deadline import Clock
from tests.bench import counting, inside
from tests.bench.inside import KNOWN, SOURCES
from tests.bench.product.reference import REFERENCE
from tests.bench.workload import QUERIES

_MOST = 1.05
_WARM_UP = 12


def _prepared(settings: Settings, folder: Path, clock: Clock) -> Gateway:
    REFERENCE.write_view(folder)
    REFERENCE.load(folder, KNOWN)
    return REFERENCE.gateway(SOURCES, folder, clock=clock, settings=settings)


def _calls(settings: Settings, name: str) -> int:
    bodies = [QUERIES[name].body(number, None) for number in range(4)]
    with inside.opened(inside.VirtualLoop(), partial(_prepared, settings)) as gateway:
        for number in range(_WARM_UP):
            gateway.ask(bodies[number % len(bodies)])
        gc.collect()
        gc.disable()
        try:
            return min(counting.count_calls(partial(gateway.ask, body), {inside.__file__}) for body in bodies[:3])
        finally:
            gc.enable()


@pytest.mark.no_cover
@pytest.mark.parametrize("name", ["one", "fifty"])
def test_measuring_takes_a_twentieth_of_a_request_at_most(name: str) -> None:
    """In calls of functions; where nobody reads, nothing at all is measured."""
    off, on = _calls(Settings(), name), _calls(Settings(metrics_port=0), name)
    assert off < on <= off * _MOST

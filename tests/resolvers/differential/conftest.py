"""What the comparisons share: they tell what they compared, and are silent about what sources do on purpose."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator

import pytest

from tests.resolvers.differential.both_ways import Tally


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Iterator[list[tuple[str, Tally]]]:
    """Tallies that are printed when the test is through, past what captures the tests' output."""
    tallies: list[tuple[str, Tally]] = []
    yield tallies
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        sys.stdout.write("".join(f"\n{tally.table(name)}" for name, tally in tallies))


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Leave out the log's line for every adapter that raises: here hundreds do, on purpose."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    yield
    logging.disable(before)

"""Both ways to an answer, for tests of the compiled one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.resolvers.shapes.ways import Ways, both_ways


@pytest.fixture
def ways() -> Iterator[Ways]:
    """Every answer of the test is made both ways, and compared."""
    with both_ways() as ways:
        yield ways

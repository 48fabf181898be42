"""The compiled assembly and graphql-core's executor answer alike in the world of the ships."""

from __future__ import annotations

from random import Random

import pytest

from tests.resolvers.differential.both_ways import Tally
from tests.resolvers.differential.comparing import check, compare

pytestmark = pytest.mark.no_cover  # it would take twice as long, and the tests of each part cover the same


def test_both_ways_answer_alike(tell: list[tuple[str, Tally]]) -> None:
    """Byte for byte, whatever is asked and whatever the sources answer; the three worlds make 2,000 operations."""
    tally = compare("ships", operations=800, first_seed=1)
    tell.append(("ships", tally))
    check(tally, "ships")


@pytest.mark.long
def test_both_ways_answer_alike_for_long(tell: list[tuple[str, Tally]]) -> None:
    """As above; the three worlds make 20,000 operations, others at each run."""
    tally = compare("ships", operations=8_000, first_seed=Random().getrandbits(32))
    tell.append(("ships, for long", tally))
    check(tally, "ships")

"""What holds after any sequence of writes: the stores against a model of sets, the tables against their events.

Runs of one number make the same choices each time, on any machine.
"""

from __future__ import annotations

import random
from collections import Counter

import pytest

from tests.adapters.crossref.houses import SqliteHouse
from tests.adapters.crossref.machine import run_machine
from tests.adapters.crossref.met import too_few

pytestmark = pytest.mark.no_cover  # it would take twice as long, and the tests of each part cover the same


@pytest.fixture(scope="module")
def met() -> Counter[str]:
    """What the runs of this module have met."""
    return Counter()


@pytest.mark.parametrize("number", [5, 7, 8])
def test_invariants_hold_after_any_writes(template: bytes, met: Counter[str], number: int) -> None:
    """One owner a key, redirects one step long, repeats without events, non-matches kept apart, merges that are undone,
    a past that stays, other tenants untouched, and events that tell the tables."""
    met.update(run_machine(lambda: SqliteHouse(template), examples=150, number=number))


def test_nothing_is_looked_at_in_vain(template: bytes, met: Counter[str]) -> None:
    """Each kind of event and conflict was met in those 450 runs, and what is easily got wrong."""
    for number in (10, 20, 30):  # when this test is run alone, or a change of the machine has it miss what is rare
        if too_few(met, least=15):
            met.update(run_machine(lambda: SqliteHouse(template), examples=150, number=number))
    assert too_few(met, least=15) == {}


@pytest.mark.long
@pytest.mark.parametrize("part", range(4))
def test_invariants_hold_after_many_writes(template: bytes, part: int) -> None:
    """Five times as many, on demand, and others each time."""
    run_machine(lambda: SqliteHouse(template), examples=500, number=random.getrandbits(32))

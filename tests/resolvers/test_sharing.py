"""Steps that turn out to ask the same are one; the shape that was compiled for them apart answers for it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from resolvers.sharing import equal_steps
from tests.resolvers.differential.both_ways import Both, both_ways
from tests.resolvers.differential.scripted import Mood, Script
from tests.resolvers.differential.worlds import world
from tests.resolvers.harbour import harbour
from tests.resolvers.planned import plan

TWINS = """
query ($all: [VesselBy!]!, $one: VesselBy!, $a: Date, $b: Date, $n: Int, $m: Int) {
    vessels(by: $all) {
        a: portCalls(since: $a) { on }
        b: portCalls(since: $b) { port { name } }
        c: voyages(first: $n) { nodes { number isRough } pageInfo { endCursor } }
        d: voyages(first: $m) { edges { node { number a: notes(first: $n) { nodes { text } } } } }
        e: voyages(first: $n, rough: null) { nodes { b: notes(first: $m) { edges { cursor node { text } } } } }
    }
    vessel(by: $one) { b: portCalls(since: $b) { on port { flag { state } } } name }
}
"""
WHO = {"all": [{"id": str(number)} for number in range(1, 5)], "one": {"registry": "5"}}
ALIKE: dict[str, Any] = {**WHO, "a": "2026-01-01", "b": "2026-01-01", "n": 2, "m": 2}


@pytest.fixture(scope="module")
def both() -> Iterator[Both]:
    """An engine that answers both ways, silent about what its sources do on purpose."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    with both_ways(world("ships")) as both:
        yield both
    logging.disable(before)


@pytest.mark.parametrize("rows", [False, True])
@pytest.mark.parametrize("restricts", [False, True])
@pytest.mark.parametrize("mood", Mood)
def test_the_shape_of_steps_apart_answers_for_the_step_that_is_both(
    both: Both, mood: Mood, restricts: bool, rows: bool
) -> None:
    """As the executor would, whatever the sources say: in the engine's own way, with the shape that it has kept."""
    before = both.tally.answered.total() + both.tally.handed_on.total(), both.tally.entries["a kept shape"]
    for seed in range(3):
        both.speak(Script(f"{seed}", mood, rows, restricts))
        both.look(TWINS, ALIKE)
        both.look(TWINS, {**ALIKE, "b": "2026-02-02", "m": 3})
    after = both.tally.answered.total() + both.tally.handed_on.total(), both.tally.entries["a kept shape"]
    assert after[0] - before[0] == 3 * 4
    assert after[1] - before[1] >= 3 * 4 - 1, "but for the first request of all, the engine has a shape"
    assert both.tally.not_compiled() == {}
    assert both.tally.alone["clean, twins"] == 0


async def test_one_call_answers_for_both_with_the_shape_that_is_kept() -> None:
    """Their fields are asked together, and each place shows its own."""
    h = harbour()
    fields = "a: portCalls(since: $a) { on } b: portCalls(since: $b) { port { name } }"
    query = f"query ($by: VesselBy!, $a: Date, $b: Date) {{ vessel(by: $by) {{ {fields} }} }}"
    for _ in range(3):
        answer = await h.ask(query, {"by": {"id": "v1"}, "a": "2026-01-01", "b": "2026-01-01"})
        assert answer["data"]["vessel"]["a"][0].keys() == {"on"}
        assert answer["data"]["vessel"]["b"][0].keys() == {"port"}
    assert [batch.fields for batch in h.registry.batches] == [("on", "port")] * 3


def test_a_plan_without_twins_is_itself() -> None:
    """Nothing is made of it."""
    made = plan('{ vessel(by: {id: "v1"}) { name draught portCalls { on } } }')
    assert equal_steps(made, {}) == ()

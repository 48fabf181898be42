"""Hostile documents are refused by the right limit, cheaply, and nobody is asked anything."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from resolvers import RefusalCode
from resolvers.limits import BOUNDS
from schema.views import Limits
from tests.resolvers.hostile import MOST_TOKENS, Hostile, Outcome, bomb_of_nothing, hostiles, outcome, table, through

MOST_SECONDS = 5
"""More than ten times what the slowest takes; enough for a busy machine that also measures coverage."""

CEILINGS = {"customers": 1_000, "depth": 50, "aliases": 1_000, "fields": 5_000, "weight": 100_000, "calls": 10_000}


@pytest.fixture(scope="module")
def ended(request: pytest.FixtureRequest) -> Iterator[dict[str, tuple[Hostile, Outcome]]]:
    """How each ended; the table is printed when the module is through, past what captures the tests' output."""
    found: dict[str, tuple[Hostile, Outcome]] = {}
    yield found
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        sys.stdout.write(f"\n{table(found)}")


@pytest.mark.parametrize("one", hostiles(), ids=lambda one: one.name)
async def test_a_hostile_request_is_refused(one: Hostile, ended: dict[str, tuple[Hostile, Outcome]]) -> None:
    """By its limit, with a remedy where it is one, in little work and time, with no call and no look-up."""
    found = await outcome(one, through())
    ended[one.name] = (one, found)
    assert found.by == one.refused_by, found.message
    assert found.calls == 0
    assert found.work <= (2 * len(one.text) if found.is_parsed else MOST_TOKENS + 1)
    assert found.by != "tokens" or (found.is_parsed, found.work) == (False, MOST_TOKENS + 1)
    assert found.seconds < MOST_SECONDS
    assert len(found.message) < 20_000
    if one.refused_by.islower():
        assert found.remedy.endswith(".")


@pytest.mark.parametrize("one", hostiles(), ids=lambda one: one.name)
async def test_the_most_generous_view_holds_it_too(one: Hostile) -> None:
    """With every limit at its ceiling: refused, or answered with little, and soon."""
    found = await outcome(one, through(**CEILINGS))
    assert found.seconds < MOST_SECONDS
    assert found.by != "answered" or found.calls < 10


async def test_a_bomb_of_nothing_is_nothing() -> None:
    """It multiplies no field, and is answered without a call."""
    found = await outcome(bomb_of_nothing(), through())
    assert (found.by, found.calls) == ("answered", 1)
    assert found.seconds < MOST_SECONDS


def test_there_are_many_kinds_of_them() -> None:
    """By every limit of a document and by every code of a refused one.

    Calls and time are limits of what is asked of sources; who may introspect is decided by the caller's role, and how
    often by identifiers is looked up by what the caller has asked before. A situation, several customers of a view of
    one, and a record that cannot be written are no matter of what a document holds.
    """
    assert len(hostiles()) >= 50
    assert len({one.name for one in hostiles()}) == len(hostiles())
    limits = {*Limits.model_fields, *map(str, BOUNDS), "comparisons", "selections"} - {"calls", "deadline_ms"}
    elsewhere = {RefusalCode.QUERY_BUDGET, RefusalCode.INTROSPECTION_NOT_ALLOWED, RefusalCode.RATE_LIMITED}
    elsewhere |= {RefusalCode.SITUATION_NOT_ALLOWED, RefusalCode.VIEW_SUBJECTS, RefusalCode.AUDIT_UNAVAILABLE}
    codes = {*RefusalCode} - elsewhere
    assert {one.refused_by for one in hostiles()} == limits | set(map(str, codes))

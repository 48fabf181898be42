"""Sources that are well behind a proxy that is not: a real Envoy injects faults, and a gateway in a process asks."""

from __future__ import annotations

import pytest

from tests.misbehaving.goals import faults
from tests.misbehaving.sources import Way, measured

pytestmark = pytest.mark.processes

_MARGIN = 10.0
"""As many times later is in time on a machine that does much else."""

_OF_REST = ("abort 503", "half abort", "unreachable", "many headers", "cut body", "bomb", "trickle")
_OF_GRAPHQL = ("throttled", "login page", "foreign")
_OF_POSTGRES = ("closed", "cut")


@pytest.mark.parametrize(("base", "kinds"), [("REST", _OF_REST), ("GraphQL", _OF_GRAPHQL)])
async def test_a_proxy_that_goes_wrong_costs_the_fields_of_its_source_only(base: str, kinds: tuple[str, ...]) -> None:
    """It aborts, gives up, adds headers, breaks off, inflates, drips, asks for patience, and answers for the source."""
    await _check(Way(base, is_proxied=True), kinds)


@pytest.mark.postgres
async def test_connections_to_a_database_that_a_proxy_ends_cost_its_fields_only() -> None:
    """At once, and in the middle of what was asked."""
    await _check(Way("PostgreSQL", is_proxied=True), _OF_POSTGRES)


async def _check(way: Way, kinds: tuple[str, ...]) -> None:
    found = [one async for one in measured(way, kinds, margin=_MARGIN)]
    assert [one.wrong.name for one in found] == list(kinds)
    assert {one.wrong.name: held for one in found if (held := faults(one, margin=_MARGIN))} == {}
    broken = [one for one in found if None not in one.wrong.reasons and "SOURCE_RATE_LIMITED" not in one.codes]
    assert all(one.opened for one in broken), "no breaker has opened"

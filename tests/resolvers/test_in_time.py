"""Whatever hangs, the answer leaves by its deadline with what there is, on a clock of the test's own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from adapters.crossref import Lookup, Subject
from tests.resolvers.gated import EMAIL, Port, consent, gated
from tests.resolvers.harbour import MemoryCrossReference
from tests.resolvers.test_hold_ups import Slow, errors, timed
from tests.virtual_time import run_virtually

QUERY = '{ vessel(by: {id: "v1"}) { id name draught flag { state } log { line } } }'
"""The name waits for a consent, the flag for the registry, the log for the sonar."""

FOREVER = 3_600.0
GRACE_MS = 5
"""What adapters have to hand over what they have; the gateway leaves room for it."""


async def asked(*hanging: str) -> tuple[dict[str, Any], int, Port]:
    """Return the answer of a second, and how many milliseconds it took, where these hang."""
    port = Port(consents=[consent("O1", "given")])
    for source in (*port.harbour.sources, port.office):
        if source.source in hanging:
            Slow(source, FOREVER)
    through = gated({"Vessel.name": {"consent": EMAIL}})
    answer, took = await timed(port.harbour, through, QUERY, seconds=1.0)
    return answer, took, port


def lost(answer: dict[str, Any]) -> set[str]:
    return {str(path[1]) for path, _, _ in errors(answer)}


def test_without_trouble_everything_is_there() -> None:
    """At once."""
    answer, took, _ = run_virtually(asked())
    assert (took, errors(answer)) == (0, [])
    assert None not in answer["data"]["vessel"].values()


@pytest.mark.parametrize(
    ("hanging", "nulls"),
    [
        (["sonar"], {"draught", "log"}),
        (["states"], {"flag"}),
        (["logs"], {"log"}),
        (["registry"], {"name", "flag"}),
        (["sonar", "registry", "states"], {"name", "draught", "flag", "log"}),
    ],
)
def test_a_source_that_hangs_costs_its_own_fields_and_no_time(hanging: list[str], nulls: set[str]) -> None:
    """And what is found by what it says; everything else is as without trouble."""
    whole, _, _ = run_virtually(asked())
    answer, took, _ = run_virtually(asked(*hanging))
    assert 1_000 <= took <= 1_000 + GRACE_MS
    assert lost(answer) == nulls
    shown = {name: value for name, value in answer["data"]["vessel"].items() if name not in nulls}
    assert shown == {name: value for name, value in whole["data"]["vessel"].items() if name not in nulls}


def test_a_gate_that_hangs_opens_nothing_and_costs_no_time() -> None:
    """What waits for it is withheld, with no call; the rest is shown."""
    answer, took, port = run_virtually(asked("office"))
    assert 1_000 <= took <= 1_000 + GRACE_MS
    assert (answer["data"]["vessel"]["name"], errors(answer)) == (None, [])
    assert [one["code"] for one in answer["extensions"]["withheld"]] == ["CONSENT_UNKNOWN"]
    assert "name" not in {field for batch in port.harbour.registry.batches for field in batch.fields}
    assert answer["data"]["vessel"]["draught"] is not None


def test_a_slow_cross_reference_takes_of_the_time_of_the_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a second it takes 0.7: what hangs then is left after 0.3 more."""
    resolve = MemoryCrossReference.resolve_many

    async def slow(table: MemoryCrossReference, lookups: Sequence[Lookup]) -> Sequence[Subject | None]:
        await asyncio.sleep(0.7)
        return await resolve(table, lookups)

    monkeypatch.setattr(MemoryCrossReference, "resolve_many", slow)
    answer, took, _ = run_virtually(asked("sonar"))
    assert 1_000 <= took <= 1_000 + GRACE_MS
    assert lost(answer) == {"draught", "log"}

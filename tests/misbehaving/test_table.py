"""The table of what every kind costs in real time: whole where it is asked for, and its goals at any time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.testing import HTTP_WRONGS
from tests.misbehaving.goals import faults
from tests.misbehaving.measuring import Measured
from tests.misbehaving.sources import WAYS, Way, measured
from tests.misbehaving.table import page, section

_HELD = Measured(
    wrong=HTTP_WRONGS["error"],
    deadline=1.0,
    codes=("CIRCUIT_OPEN", "SOURCE_ERROR"),
    asks=40,
    whole=40,
    seconds=1.04,
    calls=58,
    opened=5,
    back=1.9,
    grown=49.0,
    starved=0.0,
)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: str(way.title))
def test_every_base_has_at_least_twenty_kinds(way: Way) -> None:
    """By their own doing; and behind a proxy those that speak HTTP."""
    assert len(way.wrongs) >= (20 if way.base != "PostgreSQL" or not way.is_proxied else 5)


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"whole": 39}, "1 answers without all of the other source"),
        ({"codes": ("SOURCE_AUTH",)}, "values for which stands ['SOURCE_AUTH']"),
        ({"codes": ()}, "values of a source that cannot have told them"),
        ({"seconds": 1.06}, "60 ms after the deadline"),
        ({"calls": 59}, "59 calls; wanted 58 at most"),
        ({"opened": 6}, "opened by 6 calls"),
        ({"back": 2.1}, "back after 2.10 s"),
        ({"grown": 51.0}, "grown by 51 MiB"),
    ],
)
def test_what_is_not_held_is_a_fault(changed: dict[str, object], fault: str) -> None:
    """Each of the goals, by a little."""
    assert faults(_HELD) == []
    assert faults(replace(_HELD, **changed)) == [fault]  # type: ignore[arg-type]


def test_a_margin_is_one_of_time() -> None:
    """What is late by less is in time; calls, failures and memory are as they were."""
    late = replace(_HELD, seconds=9.0, back=19.0, codes=("DEADLINE_EXCEEDED", "SOURCE_ERROR"))
    assert faults(late, margin=10) == []
    assert faults(replace(late, opened=6, calls=59, grown=51.0), margin=10) == [
        "59 calls; wanted 58 at most",
        "opened by 6 calls",
        "grown by 51 MiB",
    ]


def test_the_page_tells_each_kind_and_all_together() -> None:
    """The worst of each, and which machine it was."""
    lines = page({"REST": [_HELD, replace(_HELD, wrong=HTTP_WRONGS["hang"], whole=36, calls=20)]}).splitlines()
    assert "| REST | 2 | 95 % | 40 | 1.45 | 5 | 1.90 | 49.0 |" in lines
    assert "| `hang` | `CIRCUIT_OPEN`, `SOURCE_ERROR` | 36 of 40 | 40 | 20 of 40 | 5 | 1.90 | 49.0 |" in lines
    assert any(line.startswith("Measured on 20") for line in lines)


@pytest.mark.long
@pytest.mark.processes
@pytest.mark.postgres
@pytest.mark.no_cover
@pytest.mark.parametrize("way", WAYS, ids=lambda way: str(way.title))
async def test_every_kind_holds_every_goal_in_real_time(way: Way, capsys: pytest.CaptureFixture[str]) -> None:
    """The table of one base, printed."""
    found = [one async for one in measured(way)]
    with capsys.disabled():
        print(f"\n{way.title}\n\n{section(found)}")  # noqa: T201  what was asked for
    assert {one.wrong.name: held for one in found if (held := faults(one))} == {}

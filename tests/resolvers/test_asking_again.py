"""An error that stands for a source which is left alone says when it may be asked again, where that is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from adapters.answers import SourceError
from adapters.limits import Breaking, Limits, SourceLimits
from resolvers import Engine
from schema.reasons import Reason
from tests.resolvers.harbour import Harbour, MemorySource, harbour

OPEN = SourceError(Reason.CIRCUIT_OPEN, "left alone")
HELD = SourceError(Reason.SOURCE_RATE_LIMITED, "it has asked for that")


class Port:
    """A harbour whose sources have limits, at a time that stands still."""

    def __init__(self) -> None:
        self.harbour, self.limits = harbour(), dict[str, SourceLimits]()
        for source in self.harbour.sources:
            rule = Limits(breaking=Breaking(failures=1, open_seconds=2.0))
            limits = SourceLimits(rule, clock=lambda: 7.0, chance=lambda: 0.5)
            self.limits[source.source] = source.limits = limits  # type: ignore[attr-defined]
        house = self.harbour
        house.engine = Engine(house.engine.model, house.sources, house.crossref)

    def open(self, source: MemorySource, offer: str) -> None:
        """Have the breakers of an offer and of its source open, and calls refused."""
        lane = self.limits[source.source].lanes[offer]
        tickets = lane.enter()
        assert tickets is not None
        lane.leave(tickets, failed=True)
        refuse(source, offer, OPEN)


def refuse(source: MemorySource, offer: str, error: SourceError) -> None:
    source.answers = dict.fromkeys(source.records[offer], error)


def told(answer: Mapping[str, Any]) -> dict[str, tuple[str, object]]:
    """The code of each error, and what it tells, by the path of names."""
    return {
        ".".join(str(step) for step in one["path"]): (one["extensions"]["code"], one["extensions"].get("retryAfterMs"))
        for one in answer.get("errors", ())
    }


def vessels(fields: str, *numbers: int) -> str:
    by = ", ".join(f'{{id: "v{number}"}}' for number in numbers or (1,))
    return f"{{ vessels(by: [{by}]) {{ {fields} }} }}"


@pytest.fixture
def port() -> Port:
    return Port()


async def test_a_breaker_that_is_open_says_when_a_call_may_try(port: Port) -> None:
    """Of every customer alike; another source's error says nothing."""
    port.open(port.harbour.sonar, "heard")
    refuse(port.harbour.registry, "vessels", SourceError(Reason.SOURCE_TIMEOUT, "late"))
    answer = await port.harbour.ask(vessels("name draught", 1, 2))
    assert told(answer) == {
        "vessels.0.draught": ("CIRCUIT_OPEN", 2000),
        "vessels.0.name": ("SOURCE_TIMEOUT", None),
        "vessels.1.draught": ("CIRCUIT_OPEN", 2000),
        "vessels.1.name": ("SOURCE_TIMEOUT", None),
    }
    remedies = {one["extensions"]["remedy"] for one in answer["errors"]}
    assert remedies == {Reason.CIRCUIT_OPEN.remedy, Reason.SOURCE_TIMEOUT.remedy}


async def test_what_is_found_by_a_source_that_is_left_alone_says_when_too(port: Port) -> None:
    """The log is another source's, which is well, and is found by what the sonar says."""
    port.open(port.harbour.sonar, "heard")
    answer = await port.harbour.ask(vessels("log { line }"))
    assert told(answer) == {"vessels.0.log": ("CIRCUIT_OPEN", 2000)}


async def test_a_source_that_has_asked_to_be_left_alone_is_told_with_its_own_word(port: Port) -> None:
    """Rounded up: who asks again then is not too soon."""
    port.limits["sonar"].lanes["heard"]
    port.limits["sonar"].hold(1.2345)
    refuse(port.harbour.sonar, "heard", HELD)
    assert told(await port.harbour.ask(vessels("draught"))) == {"vessels.0.draught": ("SOURCE_RATE_LIMITED", 1235)}


@pytest.mark.parametrize("error", [OPEN, HELD])
async def test_what_is_not_known_is_not_told(port: Port, error: SourceError) -> None:
    """Its breaker is closed by now, or its rate is ours; and sources may keep no limits."""
    refuse(port.harbour.sonar, "heard", error)
    assert told(await port.harbour.ask(vessels("draught"))) == {"vessels.0.draught": (str(error.reason), None)}
    bare = harbour()
    refuse(bare.sonar, "heard", error)
    assert told(await bare.ask(vessels("draught"))) == {"vessels.0.draught": (str(error.reason), None)}


async def test_what_one_answer_tells_stands_in_no_other(port: Port) -> None:
    """The extensions of an error are shared by all answers until they tell more."""
    port.open(port.harbour.sonar, "heard")
    await port.harbour.ask(vessels("draught"))
    other: Harbour = harbour()
    refuse(other.sonar, "heard", OPEN)
    assert told(await other.ask(vessels("draught"))) == {"vessels.0.draught": ("CIRCUIT_OPEN", None)}

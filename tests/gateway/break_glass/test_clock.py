"""What is over stays over when the system's clock is set back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gateway.verification import load_verifiers
from gateway.verification.assertions import Assertions
from schema.wall_clock import WallClock
from tests.gateway.break_glass.breaking import NOW, Time, emergency
from tests.gateway.greenhouse import Greenhouse, greenhouse
from tests.gateway.verification.issuing import CALL, signed, write_verifiers
from tests.gateway.verification.issuing import NOW as SIGNED


@dataclass
class Forward(Time):
    """The time of a system whose clock is set, as a gateway takes it."""

    steady: float = 0.0

    def __post_init__(self) -> None:
        self.wall = WallClock(lambda: self.now, lambda: self.steady)

    def __call__(self) -> float:
        """Seconds since 1970."""
        return self.wall()

    def pass_by(self, seconds: float) -> None:
        """Let time pass, for the system's clock and the one that runs evenly."""
        self.now += seconds
        self.steady += seconds


async def test_a_grant_that_is_over_does_not_open_again(tmp_path: Path) -> None:
    """Half an hour ahead is believed after a minute; an hour back, by the time server or by hand, never is."""
    system = Forward()
    async with emergency(tmp_path, system) as opened:
        grant = (await opened.break_glass()).json()["grant"]
        for at, *shown in ((0, "Fern", "Fern"), (1_860, "Fern", None), (1_860 - 3_600, None, None)):
            system.now = NOW + at
            for label in shown:
                assert (await opened.query(grant)).json()["data"] == {"plant": {"label": label}}
                system.pass_by(60)


def test_what_was_asserted_and_is_over_is_over_for_good(tmp_path: Path) -> None:
    """By the same clock, by which policy decides whether it is."""
    system = Forward(SIGNED)
    assertions = Assertions(load_verifiers(write_verifiers(tmp_path)), system)
    token = signed().encode()
    (assertion,) = assertions.read(token, "gardener", CALL)
    for at, *is_over in ((0, False, False), (3_600, False, True), (0, True, True)):
        system.now = SIGNED + at
        for one in is_over:
            assert assertions.read(token, "gardener", CALL) == (assertion,)
            assert (system() >= assertion.expires_at) is one
            system.pass_by(60)


def test_a_gateway_goes_by_one_clock_that_never_goes_back(tmp_path: Path) -> None:
    """The doors, the engine, the grants and what is asserted, unless it is given another one."""
    made: Greenhouse = greenhouse(tmp_path)
    assert isinstance(made.gateway._now, WallClock)

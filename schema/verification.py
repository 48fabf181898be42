"""How well the customer is verified in an interaction: levels, the methods that support them, and what was asserted.

    V0    nobody knows who it is
    V1    identified: a claim alone, such as the number that a call comes from
    V2    verified by one real factor
    V3    verified by two factors of different kinds, one of which cannot be told on: possession or inherence

Methods are the values of RFC 8176, and `app`: a session of the organisation's own app or web site that the customer has
signed in to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Any

__all__ = ["METHODS", "MOST_CLOCK_SKEW", "VERIFICATION_HEADER", "Assertion", "Factor", "Level", "StepUp", "supported"]


class Level(IntEnum):
    """How well the customer is verified. A higher one holds whatever a lower one does."""

    V0 = 0
    V1 = 1
    V2 = 2
    V3 = 3

    def __str__(self) -> str:
        return self.name


class Factor(StrEnum):
    """What a method proves: something that the customer knows, has or is (NIST SP 800-63B)."""

    KNOWLEDGE = "knowledge"
    POSSESSION = "possession"
    INHERENCE = "inherence"


VERIFICATION_HEADER = "Customer-Verification"
"""The header of a request that holds what is asserted."""

MOST_CLOCK_SKEW = 30
"""Seconds that the clock of whoever verifies customers may be ahead, at the most."""

METHODS: Mapping[str, Factor | None] = MappingProxyType(
    {
        **dict.fromkeys(("kba", "pin", "pwd"), Factor.KNOWLEDGE),
        **dict.fromkeys(("app", "hwk", "otp", "pop", "sc", "sms", "swk", "tel"), Factor.POSSESSION),
        **dict.fromkeys(("face", "fpt", "iris", "retina", "vbm"), Factor.INHERENCE),
        **dict.fromkeys(("geo", "mca", "mfa", "rba", "user", "wia"), None),
    }
)
"""The methods by which a customer can be verified, and what each proves; None: of itself nothing."""


def supported(methods: Iterable[str]) -> Level:
    """Return the highest level that these methods support; those that are not known support none."""
    factors = {METHODS.get(method) for method in methods} - {None}
    if not factors:
        return Level.V1
    return Level.V3 if len(factors) > 1 else Level.V2


@dataclass(frozen=True, slots=True)
class Assertion:
    """That a customer was verified: who says so of whom, how well, by what, when and in which interaction.

    `source` and `key` name the customer as a look-up does: `source` is None for the canonical id. `verified_at` and
    `expires_at` are seconds since 1970. It holds for this customer and this interaction alone. `acting_for` says
    for whom somebody else acts.
    """

    source: str | None
    key: str = field(repr=False)
    level: Level
    methods: tuple[str, ...]
    verified_at: float
    expires_at: float
    interaction: str
    issuer: str
    acting_for: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class StepUp:
    """What opens a withheld value, in the words of RFC 9470: the level wanted and the present one, the methods by which
    it can be reached, and how many seconds a verification may be old."""

    required: Level
    current: Level
    methods: tuple[str, ...]
    max_age: int | None

    def told(self) -> dict[str, Any]:
        """Return it as it stands in an answer."""
        return {
            "required": str(self.required),
            "current": str(self.current),
            "methods": list(self.methods),
            "maxAge": self.max_age,
        }

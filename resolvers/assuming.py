"""What is assumed of customers whom nobody looks up: how well they are verified, and what gates answer of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from resolvers.gates import Gate, GateKind
from resolvers.policy.gates import Outcome, unknown, unrelated
from schema.reasons import Reason
from schema.verification import Level
from schema.withheld import Withheld

__all__ = ["GATE_WORDS", "NOTHING_ASSUMED", "Assumed"]

_UNKNOWN = "unknown"

_OUTCOMES: Mapping[GateKind, Mapping[str, Outcome]] = MappingProxyType(
    {
        GateKind.CONSENT: {
            "given": None,
            "refused": Withheld(Reason.CONSENT_REFUSED),
            "withdrawn": Withheld(Reason.CONSENT_WITHDRAWN),
            "expired": Withheld(Reason.CONSENT_EXPIRED),
            "missing": Withheld(Reason.CONSENT_MISSING),
            "objected": Withheld(Reason.OBJECTION_RECORDED),
        },
        GateKind.OBJECTION: {"none": None, "recorded": Withheld(Reason.OBJECTION_RECORDED)},
        GateKind.CASE: {"open": None, "none": unrelated(GateKind.CASE)},
        GateKind.INTERACTION: {"active": None, "none": unrelated(GateKind.INTERACTION)},
    }
)

GATE_WORDS: Mapping[GateKind, tuple[str, ...]] = MappingProxyType(
    {kind: (*words, _UNKNOWN) for kind, words in _OUTCOMES.items()}
)
"""What can be assumed of each kind of gate; the first word is that the gate is open."""


@dataclass(frozen=True, slots=True)
class Assumed:
    """What is assumed of every customer of a query.

    `level` is how well they are verified, just now and with the glass shut; None: as well as shows most, the glass
    broken. `gates` holds what gates of a kind answer, in the words of GATE_WORDS; those of other kinds are waited for.
    """

    level: Level | None = None
    gates: Mapping[GateKind, str] = field(default_factory=lambda: MappingProxyType({}))

    def is_said(self, gate: Gate) -> bool:
        """Return whether something is assumed of a gate."""
        return gate.kind in self.gates

    def outcome(self, gate: Gate) -> Outcome:
        """Return what a gate answers of which something is assumed."""
        word = self.gates[gate.kind]
        return unknown(gate) if word == _UNKNOWN else _OUTCOMES[gate.kind][word]

    def told(self) -> dict[str, str | None]:
        """Return it as explain tells it."""
        gates = {str(kind): word for kind, word in self.gates.items()}
        return {"level": None if self.level is None else str(self.level), **gates}


NOTHING_ASSUMED = Assumed()
"""As much as possible is shown, and what waits for a gate waits."""

"""What a customer's coordinates can wait for: a question that a source answers of the customer with yes or no."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from adapters.gates import CASE, CONSENT, INTERACTION, RELATIONSHIPS

__all__ = ["Gate", "GateKind", "relationship_gate"]


class GateKind(StrEnum):
    """What is asked."""

    CONSENT = "consent"
    """Whether the customer consents to a purpose."""
    OBJECTION = "objection"
    """Whether the customer has objected to a purpose."""
    CASE = "case"
    """Whether the customer has an open case: the one that the situation names, where it names one."""
    INTERACTION = "interaction"
    """Whether the interaction that the situation names is going on with the customer."""


_SERVED_BY: Mapping[GateKind, str] = MappingProxyType(
    {
        GateKind.CONSENT: CONSENT,
        GateKind.OBJECTION: CONSENT,
        GateKind.CASE: CASE,
        GateKind.INTERACTION: INTERACTION,
    }
)


@dataclass(frozen=True, slots=True)
class Gate:
    """One question. `purpose` is a W3C DPV term and `channel` a word such as `email`, None for no one channel; a
    relationship has neither."""

    kind: GateKind
    purpose: str | None = None
    channel: str | None = None

    @property
    def served_by(self) -> str:
        """Return what an offer serves by whose records the gate is decided."""
        return _SERVED_BY[self.kind]

    def __str__(self) -> str:
        """Return it in words, as explain and receipts tell it."""
        return ":".join(filter(None, (self.kind, self.purpose, self.channel)))


def relationship_gate(word: str) -> Gate:
    """Return the gate of a relationship by the word that views have for it."""
    return Gate(next(kind for kind, served in _SERVED_BY.items() if served == RELATIONSHIPS[word]))

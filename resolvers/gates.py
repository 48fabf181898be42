"""What a customer's coordinates can wait for: a question that a source answers of the customer with yes or no."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from adapters.gates import CASE, CONSENT

__all__ = ["Gate", "GateKind"]


class GateKind(StrEnum):
    """What is asked."""

    CONSENT = "consent"
    """Whether the customer consents to a purpose."""
    OBJECTION = "objection"
    """Whether the customer has objected to a purpose."""
    CASE = "case"
    """Whether the customer has an open case: the one that the situation names, where it names one."""


@dataclass(frozen=True, slots=True)
class Gate:
    """One question. `purpose` is a W3C DPV term and `channel` a word such as `email`, None for no one channel; a case
    has neither."""

    kind: GateKind
    purpose: str | None = None
    channel: str | None = None

    @property
    def served_by(self) -> str:
        """Return what an offer serves by whose records the gate is decided."""
        return CASE if self.kind is GateKind.CASE else CONSENT

    def __str__(self) -> str:
        """Return it in words, as explain and receipts tell it."""
        return ":".join(filter(None, (self.kind, self.purpose, self.channel)))

"""The verdict that a value is withheld, with its reason."""

from __future__ import annotations

from dataclasses import dataclass

from schema.reasons import Reason
from schema.verification import StepUp

__all__ = ["Withheld"]


@dataclass(frozen=True, slots=True)
class Withheld:
    """Why a coordinate is withheld from a customer's answer.

    `reason` is the first of the order in which it is decided, and the one that a client is told. `also` are the others
    that were decided, for the audit alone. `step_up` says what would open it, where better verification does,
    and `gate` what of RELATIONSHIP_REQUIRED is meant: `case` or `interaction`.
    """

    reason: Reason
    also: tuple[Reason, ...] = ()
    step_up: StepUp | None = None
    gate: str | None = None

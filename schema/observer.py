"""What happened, reported without importing telemetry: the port through which every room tells what it did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from schema.reasons import Reason

__all__ = ["NOBODY", "Observer", "Sent"]


@dataclass(frozen=True, slots=True)
class Sent:
    """One call on the wire that has ended. It names what was asked, and never a key or a value.

    `seconds` is the time from the call's start to its last byte. `outcome` is None when the source answered.
    """

    source: str
    offer: str
    fields: tuple[str, ...]
    keys: int
    seconds: float
    outcome: Reason | None = None


class Observer(Protocol):
    """Is told what happened. It must return at once and never raise."""

    def sent(self, event: Sent) -> None:
        """Take note that one call on the wire has ended."""


class _Nobody:
    """Listens to nothing."""

    def sent(self, event: Sent) -> None:
        """Let it pass."""


NOBODY: Observer = _Nobody()
"""The observer to use where nobody listens."""

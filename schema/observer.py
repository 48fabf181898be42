"""What happened, reported without importing telemetry: the port through which every room tells what it did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from schema.reasons import Reason

__all__ = ["NOBODY", "Event", "Failed", "Observer", "Sent"]


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


@dataclass(frozen=True, slots=True)
class Failed:
    """Keys of one batch that a source did not answer, for one reason. It names no key and no value.

    `detail` is a constant text of ours for operators. `keys` is how many there are.
    """

    source: str
    offer: str
    reason: Reason
    detail: str
    keys: int


Event = Sent | Failed
"""What can happen. More kinds may come: an observer lets those pass that it does not know."""


class Observer(Protocol):
    """Is told what happened. It must return at once and never raise."""

    def note(self, event: Event) -> None:
        """Take note of what happened."""


class _Nobody:
    """Listens to nothing."""

    def note(self, event: Event) -> None:
        """Let it pass."""


NOBODY: Observer = _Nobody()
"""The observer to use where nobody listens."""

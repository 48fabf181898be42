"""What happened, reported without importing telemetry: the port through which every room tells what it did."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from schema.reasons import Reason

__all__ = ["NOBODY", "Observer", "Observers", "Sent"]


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


class Observers:
    """Several observers as one."""

    def __init__(self, observers: Iterable[Observer]) -> None:
        self._observers = tuple(observers)

    def sent(self, event: Sent) -> None:
        """Tell every observer, in order."""
        for observer in self._observers:
            observer.sent(event)


NOBODY: Observer = Observers(())
"""The observer to use where nobody listens."""

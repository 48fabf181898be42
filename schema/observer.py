"""What happened, reported without importing telemetry: the port through which every room tells what it did."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Protocol

from schema.reasons import Reason

__all__ = ["NOBODY", "Event", "Failed", "Observer", "Sent", "tell"]

_log = logging.getLogger(__name__)


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
    """Is told what happened, by `tell`. It must return at once and not raise: what it raises is logged, and no more."""

    def note(self, event: Event) -> None:
        """Take note of what happened."""


class _Nobody:
    """Listens to nothing."""

    def note(self, event: Event) -> None:
        """Let it pass."""


NOBODY: Observer = _Nobody()
"""The observer to use where nobody listens."""


def tell(observer: Observer, event: Event) -> None:
    """Tell an observer what happened. What it raises costs nobody an answer: its type is logged, and not its text."""
    try:
        observer.note(event)
    except Exception as error:  # noqa: BLE001  an observer may be anybody's
        _log.error("an observer raised %s when it was told of %s", type(error).__name__, type(event).__name__)

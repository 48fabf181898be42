"""What happened, reported without importing telemetry: the port through which every room tells what it did."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Protocol

from schema.deadline import Clock
from schema.reasons import Reason

__all__ = ["NOBODY", "Event", "Failed", "Invalid", "Observer", "Repeated", "Sent", "UnderWay", "Unsent", "Waited"]
__all__ += ["tell"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sent:
    """One call on the wire that has ended. It names what was asked, and never a key or a value.

    `seconds` is the time from the call's start until its answer was read. `outcome` is None when the source answered,
    and some of it was of use; of a call that was cut it is DEADLINE_EXCEEDED. `is_left`: it was cut before its
    deadline, for nobody waited for it any longer, and that is no failure of the source's. `attempt` counts from 0: what
    is above is the call sent again. `waited` are the seconds that were waited for rates and turns before it, and
    `requests` is how many requests it was made for together.
    """

    source: str
    offer: str
    fields: tuple[str, ...]
    keys: int
    seconds: float
    outcome: Reason | None = None
    attempt: int = 0
    waited: float = 0.0
    requests: int = 1
    is_left: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class UnderWay:
    """One call on the wire that has not ended; `began` is by the clock. The rest is as of Sent."""

    source: str
    offer: str
    fields: tuple[str, ...]
    keys: int
    attempt: int
    began: float
    clock: Clock

    def ended(self, outcome: Reason | None, *, is_left: bool = False) -> Sent:
        """Return what is told of the call where it ends now."""
        seconds = self.clock() - self.began
        return Sent(self.source, self.offer, self.fields, self.keys, seconds, outcome, self.attempt, is_left=is_left)


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


@dataclass(frozen=True, slots=True)
class Unsent:
    """A call that a limit of ours refused, before anything was sent. `detail` is a constant text of ours."""

    source: str
    offer: str
    reason: Reason
    detail: str
    keys: int


@dataclass(frozen=True, slots=True)
class Repeated:
    """A call that failed for this reason is sent again, after `wait` seconds."""

    source: str
    offer: str
    reason: Reason
    wait: float


@dataclass(frozen=True, slots=True)
class Waited:
    """A call has waited so many seconds for its rate or its turn."""

    source: str
    offer: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Invalid:
    """Values of one coordinate in one answer that are VALUE_INVALID. It names no key and no value.

    `is_absent`: the source's records do not have them; else they have others than the model declares. `values` is how
    many there are.
    """

    source: str
    offer: str
    coordinate: str
    is_absent: bool
    values: int


Event = Sent | Failed | Unsent | Repeated | Waited | Invalid
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

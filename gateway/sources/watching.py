"""Listens to what happens at the sources, so that an operator can be told how each of them does."""

from __future__ import annotations

import time

from gateway.sources.recent import Failure, Recent
from schema.deadline import Clock
from schema.observer import NOBODY, Event, Failed, Observer, Repeated, Sent, Unsent, tell
from schema.reasons import Reason

__all__ = ["SourceWatch"]

_MOST_SOURCES = 1_000


class SourceWatch:
    """An observer that keeps the last minute of each source, and passes everything on to `inner`.

    How a source has failed is told by what its callers were told, and by calls that were sent again and may have gone
    well then; that it was left alone is no failure of its own.
    """

    def __init__(self, inner: Observer = NOBODY, clock: Clock = time.monotonic) -> None:
        self._inner, self.clock = inner, clock
        self._of: dict[str, Recent] = {}

    def of(self, source: str) -> Recent:
        """Return what is kept of a source; of the sources of a gateway, and of no more than a thousand."""
        recent = self._of.get(source)
        if recent is None:
            recent = Recent()
            if len(self._of) < _MOST_SOURCES:
                self._of[source] = recent
        return recent

    def note(self, event: Event) -> None:
        """Take note of what happened, and pass it on."""
        if isinstance(event, Sent):
            self._sent(event)
        elif isinstance(event, Failed):
            if event.reason is not Reason.CIRCUIT_OPEN:
                self.of(event.source).failure = Failure(event.offer, event.reason, event.detail, self.clock())
        elif isinstance(event, Unsent):
            self.of(event.source).unsent(self.clock())
        elif isinstance(event, Repeated):
            self.of(event.source).repeated(self.clock())
        tell(self._inner, event)

    def _sent(self, event: Sent) -> None:
        recent, now = self.of(event.source), self.clock()
        if event.outcome is None:
            recent.answered(now, event.seconds)
            return
        if event.is_left:  # whether it would have been answered nobody knows
            return
        recent.failed(now)
        recent.failure = Failure(event.offer, event.outcome, "", now)

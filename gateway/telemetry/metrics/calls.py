"""What calls to sources came to: an observer that counts, before the one that it wraps is told."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.telemetry.metrics import catalog
from gateway.telemetry.metrics.instruments import Counts, Reading, Timings
from schema.observer import Event, Failed, Observer, Repeated, Sent, Unsent, Waited, tell

__all__ = ["Calls"]

_OK, _LEFT = "OK", "LEFT"


class Calls:
    """Counts what happens, and tells it on. A call that serves several requests is told once."""

    def __init__(self, inner: Observer) -> None:
        self._inner = inner
        self._calls, self._keys, self._failed = Counts(), Counts(), Counts()
        self._unsent, self._retries = Counts(), Counts()
        self._durations, self._waits = Timings(catalog.CALL_DURATION), Timings(catalog.WAIT)

    def note(self, event: Event) -> None:
        """Count what happened, and tell it on."""
        match event:
            case Sent(source=source, offer=offer, outcome=outcome):
                self._calls[source, offer, _LEFT if event.is_left else outcome or _OK] += 1
                self._keys[source, offer] += event.keys
                self._durations.record((source, offer), event.seconds)
            case Failed(source=source, offer=offer):
                self._failed[source, offer, event.reason] += event.keys
            case Unsent(source=source, offer=offer):
                self._unsent[source, offer, event.reason] += 1
            case Repeated(source=source, offer=offer):
                self._retries[source, offer, event.reason] += 1
            case Waited(source=source):
                self._waits.record((source,), event.seconds)
        tell(self._inner, event)

    def read(self) -> Sequence[Reading]:
        """Return what was counted."""
        return (
            self._calls.read(catalog.CALLS),
            self._durations.read(),
            self._keys.read(catalog.KEYS),
            self._failed.read(catalog.FAILED),
            self._unsent.read(catalog.UNSENT),
            self._retries.read(catalog.RETRIES),
            self._waits.read(),
        )
